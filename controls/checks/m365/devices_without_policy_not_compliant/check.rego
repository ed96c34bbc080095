# METADATA
# title: A device that no rule reaches does not count as compliant
# description: >-
#   Intune's tenant-wide setting marks devices without an assigned compliance policy as not compliant. As delivered it is
#   the other way round: a device that nobody ever wrote a rule for counts as compliant and passes every sign-in policy
#   that asks for a compliant device.
# related_resources:
#   - ref: https://learn.microsoft.com/mem/intune/protect/device-compliance-get-started
# custom:
#   severity: high
#   requires: [m365/intune_settings]
#   proves:
#     cmmc-l2:
#       "3.1.1[f]": supporting
#       "3.1.18[b]": supporting
#       "3.4.2[b]": supporting
#     hipaa-security:
#       164.308(a)(1)(ii)(B): supporting
#     pci-dss-4.0.1:
#       2.2.1: supporting
#   remediation:
#     provider: >-
#       Assign a compliance policy to every platform in use first. Then, in the Intune admin centre under Devices,
#       Compliance, Compliance settings, set "Mark devices with no compliance policy assigned as" to "Not compliant".
#     internal: >-
#       Agree on a day for the change, because devices that were overlooked lose access on it.
#   irrelevant:
#     m365/intune_settings: [id, intuneAccountId, subscriptionState, settings.deviceComplianceCheckinThresholdDays, settings.isScheduledActionEnabled]
package checks.m365.devices_without_policy_not_compliant

import data.lib.intune

finding := {"outcome": "pass", "because": "A device without a compliance policy counts as not compliant"} if intune.secure_by_default == true

else := {"outcome": "fail", "because": "A device without a compliance policy counts as compliant"} if intune.secure_by_default == false

else := {
	"outcome": "unknown",
	"because": "Intune does not say how a device without a compliance policy counts (`secureByDefault`)",
}

findings contains object.union(finding, {"resource": "tenant"})
