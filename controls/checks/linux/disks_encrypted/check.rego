# METADATA
# title: Mounted disks are encrypted by the system
# description: >-
#   Every mounted file system and swap lies on a device that the operating system encrypts (dm-crypt, LUKS). The
#   boot partition may be plain. Self-encrypting disks and storage that a cloud encrypts underneath cannot be seen
#   from inside: such a host fails here, and a statement says what protects it.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/cryptsetup.8.html
# custom:
#   severity: high
#   requires: [linux/block_devices]
#   proves:
#     cmmc-l2:
#       "3.13.16[a]": supporting
#       "3.1.19[b]": supporting
#     hipaa-security:
#       164.312(a)(2)(iv): supporting
#   remediation:
#     provider: >-
#       Move the file systems named here onto LUKS devices (usually by reinstalling), and keep the recovery keys apart
#       from the host. Where the disk or the cloud encrypts underneath, do not move anything: get the document that shows
#       it for this host, and give it to internal IT for a statement.
#     internal: >-
#       Say which of these file systems hold regulated data, and agree on a time for the move. For a host whose storage is
#       encrypted underneath, state that with the document (`countersign attest` with `--file`), and name this check
#       (`--addresses linux/disks_encrypted`).
#   irrelevant:
#     linux/block_devices: [name, fstype, size, parents]
package checks.linux.disks_encrypted

import data.lib.datasets
import data.lib.values

devices_id := "linux/block_devices"

# Hold no data of their own: what starts the system, memory, read-only images.
plain_mounts := {"/boot", "/boot/efi", "/efi"}

is_beside(row) if startswith(row.name, "zram")

is_beside(row) if {
	row.type == "loop"
	row.fstype == "squashfs"
}

is_beside(row) if row.type == "rom"

mounts(row) := {mount |
	some mount in row.mountpoints
	is_string(mount)
	mount != ""
}

is_understood(row) if {
	is_array(row.mountpoints)
	values.text(row, "type")
	values.is_words(row.parent_types)
}

is_encrypted(row) if lower(row.type) == "crypt"

is_encrypted(row) if "crypt" in values.words(row.parent_types)

device(row) := row.name if values.text(row, "name")

else := "a device without a name"

findings contains {"resource": device(row), "outcome": "unknown", "because": because} if {
	some row in datasets.rows(devices_id)
	not is_understood(row)
	because := sprintf("Where %s is mounted and what lies under it was not in the answer", [device(row)])
}

findings contains {"resource": mount, "outcome": "pass", "because": sprintf("%s lies on an encrypted device", [mount])} if {
	some row in datasets.rows(devices_id)
	is_understood(row)
	is_encrypted(row)
	some mount in mounts(row)
}

findings contains {"resource": mount, "outcome": "fail", "because": because} if {
	some row in datasets.rows(devices_id)
	is_understood(row)
	not is_encrypted(row)
	not is_beside(row)
	some mount in mounts(row) - plain_mounts
	because := sprintf("%s lies on %s, which the system does not encrypt (what encrypts underneath is not seen)", [mount, device(row)])
}

mounted := {mount | some row in datasets.rows(devices_id); some mount in mounts(row) - plain_mounts}

findings contains {"resource": "host", "outcome": "unknown", "because": "No mounted disk was seen (in a container they are invisible)"} if {
	datasets.seen(devices_id)
	count(mounted) == 0
}
