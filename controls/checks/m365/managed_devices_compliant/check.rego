# METADATA
# title: Managed devices meet the compliance rules
# description: >-
#   Every device that Intune manages was last found compliant, and reported within the last 30 days (setting
#   `device_stale_after_days`). A device in its grace period, with an error or a conflict, not yet evaluated, or judged
#   by Configuration Manager is neither: it is listed as unknown. What compliant means, and that a device without any
#   rule does not count as compliant, are other checks. Without managed devices the check does not apply, which proves
#   nothing.
# related_resources:
#   - ref: https://learn.microsoft.com/mem/intune/protect/compliance-policy-monitor
# custom:
#   severity: high
#   requires: [m365/managed_devices]
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
#       In the Intune admin centre under Devices open each device named here, Device compliance, see which setting fails,
#       and repair it; retire devices that are gone (Devices, Device clean-up rules, can do it after a set time).
#     internal: >-
#       Bring the named devices online and install what they ask for; report devices that are lost or no longer used.
#   irrelevant:
#     m365/managed_devices: [id, deviceName, operatingSystem, osVersion, isEncrypted, isSupervised, jailBroken, managedDeviceOwnerType, managementAgent, azureADDeviceId, userPrincipalName, enrolledDateTime, complianceGracePeriodExpirationDateTime, partnerReportedThreatState, serialNumber, model]
package checks.m365.managed_devices_compliant

import data.lib.datasets
import data.lib.times
import data.lib.values

devices_id := "m365/managed_devices"

stale_after := input.settings.device_stale_after_days if {
	values.is_whole_number(input.settings.device_stale_after_days)
	input.settings.device_stale_after_days > 0
}

else := 30

# Neither compliant nor not.
between := {
	"unknown": "has not been evaluated yet",
	"ingraceperiod": "does not meet the rules, and is still in its grace period",
	"conflict": "has rules that contradict each other",
	"error": "could not be evaluated because of an error",
	"configmanager": "is judged by Configuration Manager, which is not seen here",
}

device_name(device) := device.deviceName if values.text(device, "deviceName")

else := device.id if values.text(device, "id")

else := "a device without a name"

state(device) := values.lowered(device, "complianceState")

# Days since the last report; undefined if that is not known or never was.
silent_days(device) := times.days_since(object.get(device, "lastSyncDateTime", null))

has_never_reported(device) if times.is_never(object.get(device, "lastSyncDateTime", null))

verdict(device, name) := compliant(device, name) if state(device) == "compliant"

else := {"outcome": "fail", "because": sprintf("%s does not meet the compliance rules", [name])} if {
	state(device) == "noncompliant"
}

else := {"outcome": "unknown", "because": sprintf("%s %s", [name, between[state(device)]])} if between[state(device)]

else := {"outcome": "unknown", "because": because} if {
	state(device)
	because := sprintf("%s has a compliance state that is not known here: `%s`", [name, device.complianceState])
}

else := {"outcome": "unknown", "because": sprintf("%s does not say whether it meets the compliance rules", [name])}

# What a device says of itself counts only while it is heard.
compliant(device, name) := heard(name, days) if days := silent_days(device)

else := {"outcome": "unknown", "because": sprintf("%s counts as compliant, but has never reported to Intune", [name])} if {
	has_never_reported(device)
}

else := {"outcome": "unknown", "because": sprintf("%s counts as compliant, but does not say when it last reported", [name])}

heard(name, days) := {"outcome": "unknown", "because": because} if {
	days > stale_after
	because := sprintf("%s counts as compliant, but last reported %d days ago", [name, days])
}

else := {"outcome": "unknown", "because": sprintf("%s counts as compliant, but its last report lies in the future", [name])} if {
	days < -1
}

else := {"outcome": "pass", "because": sprintf("%s meets the compliance rules and reported within %d days", [name, stale_after])}

findings contains object.union(verdict(device, name), {"resource": name}) if {
	some device in datasets.rows(devices_id)
	name := device_name(device)
}

findings contains {"resource": "tenant", "outcome": "not_applicable", "because": "Intune manages no devices"} if {
	datasets.whole(devices_id)
	count(datasets.rows(devices_id)) == 0
}
