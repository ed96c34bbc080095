# METADATA
# title: Accounts of programs cannot sign in
# description: >-
#   Accounts below the numbers of people (`UID_MIN` of login.defs, 1000 if it is not known), other than root, have no
#   shell to sign in with. The setting `interactive_system_accounts` names those that may, with a reason kept elsewhere.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/nologin.8.html
# custom:
#   severity: medium
#   requires: [linux/accounts]
#   uses: [linux/login_defs]
#   proves:
#     cmmc-l2:
#       "3.1.1[e]": supporting
#       "3.1.2[b]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       8.6.1: part
#       2.2.2: supporting
#   remediation:
#     provider: >-
#       Set the shell of the accounts named here to /usr/sbin/nologin (`usermod -s`), and start what used it with
#       `runuser` or systemd's `User=`; propose an exception where a program truly needs a shell.
#     internal: >-
#       Say which of the named accounts somebody uses by hand and why, and approve or end each exception.
#   irrelevant:
#     linux/accounts: [gid, home]
package checks.linux.system_accounts_cannot_log_in

import data.lib.datasets
import data.lib.values

accounts_id := "linux/accounts"

first_person := to_number(datasets.only("linux/login_defs").UID_MIN) if {
	regex.match(`^[0-9]{1,6}$`, values.text(datasets.only("linux/login_defs"), "UID_MIN"))
}

else := 1000

# Shells that let nobody in; the last three run one harmless command.
closed := {"nologin", "false", "true", "sync", "shutdown", "halt"}

program(shell) := parts[count(parts) - 1] if parts := split(trim_space(shell), "/")

allowed := values.words(object.get(input, ["settings", "interactive_system_accounts"], []))

is_understood(row) if {
	values.text(row, "name")
	values.is_whole_number(object.get(row, "uid", null))
	is_string(object.get(row, "shell", null))
}

# 65534 is nobody, who is no person either.
is_of_a_program(row) if {
	row.uid > 0
	row.uid < first_person
}

is_of_a_program(row) if row.uid in {65534, 4294967294}

# An empty shell is /bin/sh.
shell(row) := "/bin/sh" if trim_space(row.shell) == ""

else := row.shell

verdict(row) := {"outcome": "unknown", "because": "An account is without its name, number or shell"} if not is_understood(row)

else := {"outcome": "pass", "because": sprintf("%s cannot sign in", [row.name])} if program(shell(row)) in closed

else := {"outcome": "pass", "because": sprintf("%s may sign in, as agreed", [row.name])} if lower(row.name) in allowed

else := {"outcome": "fail", "because": sprintf("%s (number %d) is the account of a program and has the shell %s", [row.name, row.uid, shell(row)])}

findings contains object.union(verdict(row), {"resource": sprintf("account %s", [object.get(row, "name", "without a name")])}) if {
	some row in datasets.rows(accounts_id)
	is_judged(row)
}

is_judged(row) if not is_understood(row)

is_judged(row) if is_of_a_program(row)

findings contains {"resource": "host", "outcome": "unknown", "because": "No account of a program is in the list, which cannot be right"} if {
	datasets.seen(accounts_id)
	[row | some row in datasets.rows(accounts_id); is_judged(row)] == []
}
