# METADATA
# title: Whoever is administrator has been named
# description: >-
#   Only root has the user number 0, and every account in a group with administrators' rights (sudo, wheel, admin,
#   docker, lxd, disk, root) is on the list the organization agreed on (setting `administrators`: account names).
#   Rights given in other ways, such as rules of sudo for single accounts, are not judged here.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man5/group.5.html
# custom:
#   severity: high
#   requires: [linux/accounts, linux/groups]
#   proves:
#     cmmc-l2:
#       "3.1.5[a]": supporting
#       "3.1.5[b]": part
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       7.2.2: supporting
#       7.2.3: supporting
#       8.2.2: supporting
#   remediation:
#     provider: >-
#       Take accounts that are not on the list out of the group (`gpasswd -d ACCOUNT GROUP`), give every second account
#       with the number 0 a number of its own, and propose the list of those that remain.
#     internal: >-
#       Approve the list of administrators of each system, with a person behind every account, and look at it again
#       whenever somebody leaves.
#   irrelevant:
#     linux/accounts: [home, shell]
package checks.linux.privileged_accounts_named

import data.lib.datasets
import data.lib.values

accounts_id := "linux/accounts"

groups_id := "linux/groups"

privileged := {"sudo", "wheel", "admin", "docker", "lxd", "disk", "root"}

agreed := values.words(input.settings.administrators)

is_account(row) if {
	values.text(row, "name")
	values.is_whole_number(object.get(row, "uid", null))
	values.is_whole_number(object.get(row, "gid", null))
}

is_group(row) if {
	values.text(row, "name")
	values.is_whole_number(object.get(row, "gid", null))
	values.is_words(object.get(row, "members", null))
}

accounts := [row | some row in datasets.rows(accounts_id); is_account(row)]

groups := [row | some row in datasets.rows(groups_id); is_group(row); lower(row.name) in privileged]

# Which privileged groups an account is in. The group root as an account's own first group is that of many accounts of the
# system and gives little.
groups_of[account] contains group.name if {
	some group in groups
	some account in group.members
}

groups_of[account.name] contains group.name if {
	some group in groups
	group.name != "root"
	some account in accounts
	account.gid == group.gid
}

members := {account | some account, _ in groups_of; account != "root"}

names(account) := concat(", ", sort([name | some name in groups_of[account]]))

verdict(account) := {"outcome": "pass", "because": sprintf("%s (%s) is a named administrator", [account, names(account)])} if {
	lower(account) in agreed
}

else := {"outcome": "fail", "because": sprintf("%s is in %s and is not a named administrator", [account, names(account)])} if agreed

else := {"outcome": "unknown", "because": sprintf("%s is in %s, and nobody has named the administrators", [account, names(account)])}

findings contains object.union(verdict(account), {"resource": sprintf("account %s", [account])}) if {
	some account in members
}

findings contains {"resource": sprintf("account %s", [row.name]), "outcome": "fail", "because": because} if {
	some row in accounts
	row.uid == 0
	row.name != "root"
	because := sprintf("%s has the user number 0 and so is root under another name", [row.name])
}

findings contains {"resource": "host", "outcome": "unknown", "because": "An account or a group could not be read"} if {
	some row in datasets.rows(accounts_id)
	not is_account(row)
}

findings contains {"resource": "host", "outcome": "unknown", "because": "An account or a group could not be read"} if {
	some row in datasets.rows(groups_id)
	not is_group(row)
}

findings contains {"resource": "host", "outcome": "unknown", "because": "The list of accounts or of groups is empty, which cannot be right"} if {
	some id in [accounts_id, groups_id]
	datasets.rows(id) == []
}

findings contains {"resource": "host", "outcome": "pass", "because": "No other account than root has the user number 0"} if {
	count(accounts) > 0
	count(datasets.rows(groups_id)) > 0
	[row | some row in accounts; row.uid == 0; row.name != "root"] == []
}
