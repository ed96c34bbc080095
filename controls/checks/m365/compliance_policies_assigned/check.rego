# METADATA
# title: Every platform in use has a compliance policy that reaches its devices
# description: >-
#   For each platform of the managed devices there is a compliance policy assigned to all devices or all users without
#   exceptions; or one assigned to groups, while devices outside of these groups count as not compliant. Policies that
#   are not assigned reach nobody. What a policy demands is not judged here. Linux is `unknown`, because its policies
#   cannot be read through this interface. Without managed devices the check does not apply, which proves nothing.
# related_resources:
#   - ref: https://learn.microsoft.com/mem/intune/protect/create-compliance-policy
# custom:
#   severity: high
#   requires: [m365/device_compliance_policies, m365/managed_devices]
#   uses: [m365/intune_settings]
#   proves:
#     cmmc-l2:
#       "3.1.18[b]": supporting
#       "3.4.2[a]": supporting
#       "3.4.2[b]": supporting
#     hipaa-security:
#       164.308(a)(1)(ii)(B): supporting
#     pci-dss-4.0.1:
#       2.2.1: supporting
#   remediation:
#     provider: >-
#       In the Intune admin centre under Devices, Compliance, create a policy for each platform named here and assign it
#       to all devices or all users; remove exceptions that nobody has agreed to. Retire devices of platforms that are no
#       longer used.
#     internal: >-
#       Say which platforms employees may use. Those that are not on the list should be blocked at enrolment.
#   irrelevant:
#     m365/device_compliance_policies: [id, displayName, description, version, osMinimumVersion, assignments.id]
#     m365/intune_settings: [id, settings.deviceComplianceCheckinThresholdDays, settings.isScheduledActionEnabled]
#     m365/managed_devices: [id, deviceName, osVersion, complianceState, isEncrypted, isSupervised, jailBroken, lastSyncDateTime, managedDeviceOwnerType, managementAgent, azureADDeviceId, userPrincipalName, enrolledDateTime, serialNumber, model]
package checks.m365.compliance_policies_assigned

import data.lib.datasets
import data.lib.intune
import data.lib.names
import data.lib.values

policies_id := "m365/device_compliance_policies"

devices_id := "m365/managed_devices"

# What Intune calls an operating system, and the policies that are for it. Those that v1.0 does not know are named too.
platforms := {
	"windows": {"name": "Windows", "policies": {"windows10compliancepolicy", "windows81compliancepolicy"}},
	"macos": {"name": "macOS", "policies": {"macoscompliancepolicy"}},
	"ios": {"name": "iOS and iPadOS", "policies": {"ioscompliancepolicy"}},
	"android": {"name": "Android", "policies": {
		"androidcompliancepolicy", "androidworkprofilecompliancepolicy", "androiddeviceownercompliancepolicy",
		"aospdeviceownercompliancepolicy",
	}},
}

known_policies := union({platform.policies | some platform in platforms}) | {"windows10mobilecompliancepolicy", "windowsphone81compliancepolicy", "defaultdevicecompliancepolicy"}

devices := datasets.rows(devices_id)

# As Intune writes them; few, however many devices there are.
systems := {device.operatingSystem | some device in devices; values.text(device, "operatingSystem")}

without_system := [device | some device in devices; not values.text(device, "operatingSystem")]

platform_of(system) := "ios" if lower(system) in {"ios", "ipados"}

else := "android" if startswith(lower(system), "android")

else := lower(system) if platforms[lower(system)]

in_use := {platform_of(system) | some system in systems}

other_systems := {system | some system in systems; not platform_of(system)}

# ---- Whom does a policy reach?

kind(policy) := trim_prefix(values.lowered(policy, "@odata.type"), "#microsoft.graph.")

target(assignment) := trim_prefix(values.lowered(values.inner(assignment, "target"), "@odata.type"), "#microsoft.graph.")

targets(policy) := [target(assignment) | some assignment in policy.assignments] if {
	is_array(policy.assignments)
	every assignment in policy.assignments {
		target(assignment) in known_targets
	}
}

everybody := {"alldevicesassignmenttarget", "alllicensedusersassignmenttarget"}

known_targets := everybody | {"groupassignmenttarget", "exclusiongroupassignmenttarget"}

policies_in_words := "1 compliance policy" if count(odd) == 1

else := sprintf("%d compliance policies", [count(odd)])

odd := [policy | some policy in datasets.rows(policies_id); not is_clear(policy)]

is_clear(policy) if {
	kind(policy) in known_policies
	targets(policy)
}

clear_for(platform) := [policy |
	some policy in datasets.rows(policies_id)
	is_clear(policy)
	kind(policy) in platforms[platform].policies
]

reaches_everybody(platform) if {
	some policy in clear_for(platform)
	some place in targets(policy)
	place in everybody
	not "exclusiongroupassignmenttarget" in targets(policy)
}

reaches_somebody(platform) if {
	some policy in clear_for(platform)
	some place in targets(policy)
	place != "exclusiongroupassignmenttarget"
}

verdict(platform, name) := {"outcome": "pass", "because": sprintf("A compliance policy for %s is assigned to all devices or all users", [name])} if {
	reaches_everybody(platform)
	count(odd) == 0
}

else := {"outcome": "pass", "because": because} if {
	reaches_somebody(platform)
	intune.secure_by_default == true
	count(odd) == 0
	because := sprintf("A compliance policy for %s is assigned to groups or with exceptions, and devices that it does not reach count as not compliant", [name])
}

else := {"outcome": "unknown", "because": because} if {
	count(odd) > 0
	because := sprintf("For which platform or for whom %s was made is not known, so %s cannot be judged", [policies_in_words, name])
}

else := {"outcome": "unknown", "because": because} if {
	reaches_somebody(platform)
	because := sprintf("Compliance policies for %s are assigned only to groups or with exceptions, and devices that they do not reach may count as compliant", [name])
}

else := {"outcome": "fail", "because": sprintf("No compliance policy for %s is assigned to anybody, though such devices are in use", [name])} if {
	count(clear_for(platform)) > 0
}

else := {"outcome": "fail", "because": sprintf("There is no compliance policy for %s, though such devices are in use", [name])}

findings contains object.union(words, {"resource": platforms[platform].name}) if {
	some platform in in_use
	words := verdict(platform, platforms[platform].name)
}

findings contains {"resource": system_name, "outcome": "unknown", "because": because} if {
	some system_name in other_systems
	because := sprintf("Compliance policies for %s cannot be read here", [system_name])
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	count(without_system) > 0
	because := sprintf("The operating system of %s is not known", [names.some_of(count(without_system), "device")])
}

findings contains {"resource": "tenant", "outcome": "not_applicable", "because": "Intune manages no devices"} if {
	datasets.whole(devices_id)
	count(devices) == 0
}
