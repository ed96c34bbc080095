# METADATA
# title: Folders everybody can write to do not let programs run
# description: >-
#   /tmp, /var/tmp and /dev/shm are mounts of their own with the options nodev, nosuid and noexec. Setting
#   `hardened_partitions` names other folders instead.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/mount.8.html
# custom:
#   severity: low
#   requires: [linux/mounts]
#   proves:
#     cmmc-l2:
#       "3.4.2[b]": supporting
#       "3.4.6[b]": supporting
#     pci-dss-4.0.1:
#       2.2.6: supporting
#   remediation:
#     provider: >-
#       Give each folder named here a mount of its own with `nodev,nosuid,noexec` (in /etc/fstab, or systemd's tmp.mount for
#       /tmp; /var/tmp can be bound to a small file system), mount it again, and see that installers still work.
#     internal: Name programs that must run from such a folder, if there are any.
#   irrelevant:
#     linux/mounts: [source, folder, fstype]
package checks.linux.partitions_hardened

import data.lib.datasets
import data.lib.values

mounts_id := "linux/mounts"

folders := settled if {
	values.is_words(input.settings.hardened_partitions)
	settled := {folder | some folder in input.settings.hardened_partitions}
	count(settled) > 0
}

else := {"/tmp", "/var/tmp", "/dev/shm"}

wanted := {"nodev", "nosuid", "noexec"}

odd := [row | some row in datasets.rows(mounts_id); not is_whole(row)]

is_whole(row) if {
	values.text(row, "target")
	is_boolean(row.hidden)
}

# Only the upper of two mounts at one place is seen by programs.
seen_at(folder) := [row |
	some row in datasets.rows(mounts_id)
	row.target == folder
	row.hidden == false
]

missing(row) := wanted - {option | some option in row.options}

verdict(folder) := {"outcome": "fail", "because": sprintf("%s is mounted without %s", [folder, concat(", ", sort(missing(row)))])} if {
	some row in seen_at(folder)
	values.is_words(row.options)
	count(missing(row)) > 0
}

else := {"outcome": "pass", "because": sprintf("%s is mounted with nodev, nosuid and noexec", [folder])} if {
	some row in seen_at(folder)
	values.is_words(row.options)
	count(missing(row)) == 0
}

else := {"outcome": "unknown", "because": sprintf("With which options %s is mounted is not known", [folder])} if count(seen_at(folder)) > 0

else := {"outcome": "unknown", "because": sprintf("Whether %s is a mount of its own cannot be told", [folder])} if count(odd) > 0

else := {"outcome": "fail", "because": sprintf("%s is not a mount of its own, so it has no such options", [folder])} if datasets.whole(mounts_id)

else := {"outcome": "unknown", "because": sprintf("%s is not among the mounts that were read", [folder])}

findings contains object.union(verdict(folder), {"resource": folder}) if {
	datasets.seen(mounts_id)
	some folder in folders
}
