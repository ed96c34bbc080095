# METADATA
# title: Managed devices are encrypted
# description: >-
#   Every device that Intune manages, personal and virtual ones too, last reported that its storage is encrypted. A
#   device that has not been seen for long is judged by its last report. Without managed devices the check does not
#   apply, which proves nothing. Data at rest can be protected in other ways than by an encrypted disk (3.13.16).
# related_resources:
#   - ref: https://learn.microsoft.com/mem/intune/protect/encryption-monitor
# custom:
#   severity: high
#   requires: [m365/managed_devices]
#   proves:
#     cmmc-l2:
#       "3.1.19[b]": part
#       "3.13.16[a]": supporting
#       "3.8.6[a]": supporting
#     hipaa-security:
#       164.312(a)(2)(iv): part
#   remediation:
#     provider: >-
#       Assign a disk encryption profile (BitLocker, FileVault) with recovery key escrow to every device group,
#       and work through the devices named here until each reports encryption.
#     internal: >-
#       Bring the named devices online, or retire them in Intune if they are gone; do not hand out devices that
#       are not yet encrypted.
#   irrelevant:
#     m365/managed_devices: [id, deviceName, operatingSystem, osVersion, complianceState, isSupervised, jailBroken, lastSyncDateTime, managedDeviceOwnerType, managementAgent, azureADDeviceId, userPrincipalName, enrolledDateTime, serialNumber, model]
package checks.m365.managed_devices_encrypted

import data.lib.datasets
import data.lib.values

devices_id := "m365/managed_devices"

device_name(device) := device.deviceName if values.text(device, "deviceName")

else := device.id if values.text(device, "id")

else := "a device without a name"

state(device) := object.get(device, "isEncrypted", null)

# Intune has no null here: a device that has not reported yet reads as not encrypted.
has_never_reported(device) if {
	is_string(device.lastSyncDateTime)
	startswith(device.lastSyncDateTime, "0001-01-01")
}

# These encrypt whenever a passcode is set, and yet are often shown as not encrypted.
is_apple_mobile(device) if {
	is_string(device.operatingSystem)
	lower(device.operatingSystem) in {"ios", "ipados"}
}

verdict(device, name) := {"outcome": "pass", "because": sprintf("%s reports that it is encrypted", [name])} if {
	state(device) == true
}

else := {"outcome": "unknown", "because": sprintf("%s does not say whether it is encrypted", [name])} if {
	not is_boolean(state(device))
}

else := {"outcome": "unknown", "because": sprintf("%s has not reported to Intune yet", [name])} if {
	has_never_reported(device)
}

else := {"outcome": "unknown", "because": because} if {
	is_apple_mobile(device)
	because := sprintf("%s is encrypted only if it has a passcode, which Intune does not show here", [name])
}

else := {"outcome": "fail", "because": sprintf("%s reports that it is not encrypted", [name])}

findings contains object.union(verdict(device, name), {"resource": name}) if {
	some device in datasets.rows(devices_id)
	name := device_name(device)
}

findings contains {"resource": "tenant", "outcome": "not_applicable", "because": "Intune manages no devices"} if {
	datasets.whole(devices_id)
	count(datasets.rows(devices_id)) == 0
}
