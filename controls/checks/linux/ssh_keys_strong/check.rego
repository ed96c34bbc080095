# METADATA
# title: SSH keys are strong, and keys for root are restricted
# description: >-
#   Every key that opens an account is of a strong kind (Ed25519, ECDSA, or RSA of 2048 bits and more), and a key that
#   opens root is good only from named addresses, for one command or without the rest (`from=`, `command=`,
#   `restrict`). Whose key it is and whether it has a passphrase cannot be seen.
# related_resources:
#   - ref: https://man.openbsd.org/sshd#AUTHORIZED_KEYS_FILE_FORMAT
# custom:
#   severity: medium
#   requires: [linux/authorized_keys]
#   proves:
#     cmmc-l2:
#       "3.1.15[c]": supporting
#       "3.5.4[a]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       2.2.7: supporting
#       8.3.2: supporting
#       8.6.3: supporting
#   remediation:
#     provider: >-
#       Replace the weak keys named here by Ed25519 keys, remove lines that are no keys, and put `from="…"` or
#       `restrict,command="…"` in front of every key for root, or let people use accounts of their own with sudo.
#     internal: >-
#       Have the owners of weak keys make new ones, and say from where and for what root is opened with a key.
#   irrelevant:
#     linux/authorized_keys: [account, file, fingerprint, keys, mode, owner_uid, folder_mode, folder_owner_uid, from]
package checks.linux.ssh_keys_strong

import data.lib.datasets
import data.lib.values

keys_id := "linux/authorized_keys"

keys := [row | some row in datasets.rows(keys_id); object.get(row, "kind", null) != "file"]

restrictions := {"from", "command", "restrict"}

is_understood(row) if {
	row.kind == "key"
	values.text(row, "type")
	values.is_words(object.get(row, "options", null))
	values.is_whole_number(object.get(row, "uid", null))
	is_number(object.get(row, "bits", null))
}

kind(row) := "weak" if startswith(row.type, "ssh-dss")

else := "rsa" if contains(row.type, "rsa")

else := "strong" if regex.match(`^(sk-)?(ssh-ed25519|ecdsa-sha2-nistp(256|384|521))(-cert-v01)?(@openssh\.com)?$`, row.type)

else := "other"

verdict(row) := {"outcome": "unknown", "because": "A line in a file of SSH keys cannot be read as a key, or its length is not known"} if not is_understood(row)

else := {"outcome": "fail", "because": sprintf("A key is of the weak kind %s", [row.type])} if kind(row) == "weak"

else := {"outcome": "fail", "because": sprintf("An RSA key has only %d bits", [row.bits])} if {
	kind(row) == "rsa"
	row.bits < 2048
}

else := {"outcome": "unknown", "because": sprintf("A key is of the kind %s, which is not known here", [row.type])} if kind(row) == "other"

else := {"outcome": "fail", "because": "A key opens root from everywhere and for everything"} if {
	row.uid == 0
	count(values.words(row.options) & restrictions) == 0
}

else := {"outcome": "pass", "because": "The key is strong"}

opens(row) := sprintf("key %s of %s", [row.fingerprint, row.account]) if {
	values.text(row, "fingerprint")
	values.text(row, "account")
}

else := sprintf("a key of %s", [row.account]) if values.text(row, "account")

else := "a key"

findings contains object.union(verdict(row), {"resource": opens(row)}) if some row in keys

findings contains {"resource": "host", "outcome": "not_applicable", "because": "No key in a file opens an account of this host"} if {
	datasets.whole(keys_id)
	count(keys) == 0
}
