# METADATA
# title: No account is without a password check
# description: >-
#   No local account has an empty password field, which would let anybody in without a password.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man5/shadow.5.html
# custom:
#   severity: critical
#   requires: [linux/shadow_ages]
#   proves:
#     cmmc-l2:
#       "3.5.2[a]": part
#     hipaa-security:
#       164.312(d): part
#     pci-dss-4.0.1:
#       8.3.1: part
#   remediation:
#     provider: >-
#       Lock each named account with `passwd -l` or set a password, and find out what created it.
#     internal: >-
#       Say who uses the named accounts, and have those that nobody uses removed.
#   irrelevant:
#     linux/shadow_ages: [name, last_change_days, min, max, warn, inactive, expires, algorithm]
package checks.linux.no_empty_passwords

import data.lib.datasets
import data.lib.values

shadow_id := "linux/shadow_ages"

account(row) := row.name if values.text(row, "name")

else := "an account without a name"

harmless := {"set", "locked", "no-password"}

empty := [row | some row in datasets.rows(shadow_id); row.status == "empty"]

odd := [row | some row in datasets.rows(shadow_id); not object.get(row, "status", null) in harmless | {"empty"}]

findings contains {"resource": sprintf("account %s", [account(row)]), "outcome": "fail", "because": because} if {
	some row in empty
	because := sprintf("The account %s can be used without a password", [account(row)])
}

findings contains {"resource": sprintf("account %s", [account(row)]), "outcome": "unknown", "because": because} if {
	some row in odd
	because := sprintf("The state of the password of %s is not known", [account(row)])
}

findings contains {"resource": "host", "outcome": "pass", "because": because} if {
	count(datasets.rows(shadow_id)) > 0
	count(empty) == 0
	count(odd) == 0
	because := sprintf("None of %d accounts has an empty password", [count(datasets.rows(shadow_id))])
}

# A system always has accounts: an empty list means that it could not be read.
findings contains {"resource": "host", "outcome": "unknown", "because": "The list of accounts is empty, so it was probably read without privilege"} if {
	datasets.rows(shadow_id) == []
}
