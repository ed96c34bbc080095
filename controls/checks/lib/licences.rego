# What the tenant is licensed for, by service plan: a product name says little, because plans come in many bundles.
package lib.licences

import data.lib.datasets
import data.lib.values

skus_id := "m365/subscribed_skus"

# `yes`, `no`, or `unclear` where the licences were not read whole or cannot be understood.
entra_id_p2 := state({"aad_premium_p2"})

entra_id_p1 := state({"aad_premium", "aad_premium_p2"})

state(plans) := "yes" if {
	some sku in datasets.rows(skus_id)
	is_word(sku, "capabilityStatus", "enabled")
	some plan in sku.servicePlans
	is_word(plan, "provisioningStatus", "success")
	some wanted in plans
	is_plan(plan, wanted)
}

else := "unclear" if not datasets.whole(skus_id)

else := "unclear" if {
	some sku in datasets.rows(skus_id)
	not is_understood(sku)
}

else := "no"

is_word(o, key, word) if lower(values.text(o, key)) == word

# Plans of government clouds may bear a suffix.
is_plan(plan, wanted) if lower(values.text(plan, "servicePlanName")) == wanted

is_plan(plan, wanted) if {
	some suffix in ["_gov", "_usgov_gcchigh", "_usgov_dod"]
	lower(values.text(plan, "servicePlanName")) == concat("", [wanted, suffix])
}

is_understood(sku) if {
	values.text(sku, "capabilityStatus")
	is_array(sku.servicePlans)
	every plan in sku.servicePlans {
		values.text(plan, "servicePlanName")
		values.text(plan, "provisioningStatus")
	}
}
