# METADATA
# title: Passwords are stored with a strong hash
# description: >-
#   Every local password is stored with a salted hash that is made for passwords (yescrypt, scrypt, bcrypt,
#   SHA-512 or SHA-256 crypt). Only the name of the method is looked at, never the hash.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man5/crypt.5.html
# custom:
#   severity: high
#   requires: [linux/shadow_ages]
#   proves:
#     cmmc-l2:
#       "3.5.10[a]": part
#     hipaa-security:
#       164.308(a)(5)(ii)(D): supporting
#     pci-dss-4.0.1:
#       8.3.2: part
#   remediation:
#     provider: >-
#       Set yescrypt or SHA-512 as the method in the PAM stack, then expire the passwords of the named accounts so
#       that they are stored anew.
#     internal: >-
#       Have the owners of the named accounts choose a new password, and name those that belong to programs.
#   irrelevant:
#     linux/shadow_ages: [name, last_change_days, min, max, warn, inactive, expires]
package checks.linux.password_hashes_strong

import data.lib.datasets
import data.lib.values

shadow_id := "linux/shadow_ages"

strong := {"y", "gy", "7", "6", "5", "2a", "2b", "2y"}

weak := {"": "the old DES method", "1": "MD5", "md5": "MD5", "sha1": "SHA-1", "3": "an NT hash", "sm3": "SM3"}

account(row) := row.name if values.text(row, "name")

else := "an account without a name"

status(row) := object.get(row, "status", null)

algorithm(row) := object.get(row, "algorithm", null)

# A locked account keeps its hash and gets it back when it is unlocked.
has_hash(row) if status(row) == "set"

has_hash(row) if {
	status(row) == "locked"
	algorithm(row) != ""
}

verdict(row) := {"outcome": "unknown", "because": sprintf("The state of the password of %s is not known", [account(row)])} if {
	not status(row) in {"set", "locked", "no-password", "empty"}
}

else := {"outcome": "pass", "because": sprintf("The password of %s is stored with a strong hash", [account(row)])} if {
	has_hash(row)
	algorithm(row) in strong
}

else := {"outcome": "fail", "because": sprintf("The password of %s is stored with %s", [account(row), weak[algorithm(row)]])} if {
	has_hash(row)
	weak[algorithm(row)]
}

else := {"outcome": "unknown", "because": sprintf("How the password of %s is stored is not known", [account(row)])} if has_hash(row)

findings contains object.union(verdict(row), {"resource": sprintf("account %s", [account(row)])}) if {
	some row in datasets.rows(shadow_id)
}

# A system always has accounts: an empty list means that it could not be read.
findings contains {"resource": "host", "outcome": "unknown", "because": "The list of accounts is empty, so it was probably read without privilege"} if {
	datasets.rows(shadow_id) == []
}

findings contains {"resource": "host", "outcome": "not_applicable", "because": "No account on this host has a password"} if {
	count(datasets.rows(shadow_id)) > 0
	every row in datasets.rows(shadow_id) {
		status(row) in {"locked", "no-password", "empty"}
		not has_hash(row)
	}
}
