# METADATA
# title: No two accounts share a number
# description: >-
#   Every account of the host has a user number and a name of its own, so that what was done can be traced to one of
#   them. Whether several people share one account cannot be seen.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man5/passwd.5.html
# custom:
#   severity: high
#   requires: [linux/accounts]
#   proves:
#     cmmc-l2:
#       "3.5.1[a]": supporting
#       "3.3.2[b]": supporting
#     hipaa-security:
#       164.312(a)(2)(i): part
#     pci-dss-4.0.1:
#       8.2.1: part
#   remediation:
#     provider: >-
#       Give one of the accounts named here another number (`usermod -u`), hand its files over (`find / -uid NUMBER`), or
#       remove it; `pwck -r` lists further faults.
#     internal: >-
#       Say which person or program each of the named accounts belongs to.
#   irrelevant:
#     linux/accounts: [gid, home, shell]
package checks.linux.no_duplicate_ids

import data.lib.datasets
import data.lib.values

accounts_id := "linux/accounts"

is_understood(row) if {
	values.text(row, "name")
	values.is_whole_number(object.get(row, "uid", null))
}

accounts := [row | some row in datasets.rows(accounts_id); is_understood(row)]

# The same account from two sources (a file and a directory) is one account.
names_of[row.uid] contains row.name if some row in accounts

numbers_of[row.name] contains row.uid if some row in accounts

shared := {uid | some uid, names in names_of; count(names) > 1}

doubled := {name | some name, numbers in numbers_of; count(numbers) > 1}

findings contains {"resource": sprintf("user number %d", [uid]), "outcome": "fail", "because": because} if {
	some uid in shared
	because := sprintf("%s share the user number %d", [concat(" and ", sort([name | some name in names_of[uid]])), uid])
}

findings contains {"resource": sprintf("account %s", [name]), "outcome": "fail", "because": because} if {
	some name in doubled
	because := sprintf("There are %d accounts called %s", [count(numbers_of[name]), name])
}

findings contains {"resource": "host", "outcome": "unknown", "because": "An account is without its name or number"} if {
	some row in datasets.rows(accounts_id)
	not is_understood(row)
}

findings contains {"resource": "host", "outcome": "unknown", "because": "The list of accounts is empty, which cannot be right"} if {
	datasets.rows(accounts_id) == []
}

findings contains {"resource": "host", "outcome": "pass", "because": because} if {
	count(accounts) > 0
	count(accounts) == count(datasets.rows(accounts_id))
	count(shared) + count(doubled) == 0
	because := sprintf("None of %d accounts shares its number or name", [count(accounts)])
}
