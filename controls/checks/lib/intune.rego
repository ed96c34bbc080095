# Settings of Intune that several rules ask for.
package lib.intune

import data.lib.datasets
import data.lib.values

settings_id := "m365/intune_settings"

# Graph answers with the object itself; its documents show it inside `value`.
answer := datasets.only(settings_id).value if is_object(datasets.only(settings_id).value)

else := datasets.only(settings_id)

# True: a device that no compliance policy reaches counts as not compliant. Undefined unless it is said.
secure_by_default := answer.settings.secureByDefault if is_boolean(answer.settings.secureByDefault)
