# METADATA
# title: Only the owner can add SSH keys to an account
# description: >-
#   The files that list the keys of an account, and the folders they lie in, belong to that account or to root, and
#   nobody else can write to them.
# related_resources:
#   - ref: https://man.openbsd.org/sshd#AUTHORIZED_KEYS_FILE_FORMAT
# custom:
#   severity: high
#   requires: [linux/authorized_keys]
#   proves:
#     cmmc-l2:
#       "3.5.2[a]": supporting
#       "3.1.1[d]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.3.2: supporting
#       8.3.11: supporting
#   remediation:
#     provider: >-
#       Set the owner to the account itself and the rights to 600 for the file and 700 for its folder (`chown`, `chmod`),
#       look through the keys for ones nobody knows, and keep `StrictModes yes`.
#     internal: >-
#       Say whose key each one is, and name those that are not needed any more.
#   irrelevant:
#     linux/authorized_keys: [account, file, keys, type, options, from, bits, fingerprint]
package checks.linux.authorized_keys_protected

import data.lib.datasets
import data.lib.values

keys_id := "linux/authorized_keys"

files := [row | some row in datasets.rows(keys_id); object.get(row, "kind", null) != "key"]

is_mode(text) if {
	is_string(text)
	regex.match(`^[0-7]{4}$`, text)
}

is_understood(row) if {
	row.kind == "file"
	is_mode(row.mode)
	is_mode(row.folder_mode)
	every key in ["uid", "owner_uid", "folder_owner_uid"] {
		values.is_whole_number(object.get(row, key, null))
	}
}

is_open(mode) if regex.match(`^[0-7]{2}([2367][0-7]|[0-7][2367])$`, mode)

verdict(row) := {"outcome": "unknown", "because": "Who may change a file of SSH keys is not known"} if not is_understood(row)

else := {"outcome": "fail", "because": sprintf("Others than its owner can change it (%s)", [row.mode])} if is_open(row.mode)

else := {"outcome": "fail", "because": sprintf("Others can change the folder it lies in (%s)", [row.folder_mode])} if is_open(row.folder_mode)

else := {"outcome": "fail", "because": sprintf("It belongs to the user number %d, not to the account or root", [row.owner_uid])} if {
	not row.owner_uid in {0, row.uid}
}

else := {"outcome": "fail", "because": sprintf("Its folder belongs to the user number %d, not to the account or root", [row.folder_owner_uid])} if {
	not row.folder_owner_uid in {0, row.uid}
}

else := {"outcome": "pass", "because": "Only its owner can change it"}

findings contains object.union(verdict(row), {"resource": object.get(row, "file", "a file of SSH keys")}) if {
	some row in files
}

findings contains {"resource": "host", "outcome": "unknown", "because": "Keys were read without the file they are in"} if {
	count(datasets.rows(keys_id)) > 0
	count(files) == 0
}

findings contains {"resource": "host", "outcome": "not_applicable", "because": "No account of this host can be opened with a key in a file"} if {
	datasets.whole(keys_id)
	datasets.rows(keys_id) == []
}
