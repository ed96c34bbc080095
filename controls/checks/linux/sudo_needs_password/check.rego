# METADATA
# title: sudo asks for a password
# description: >-
#   No rule of sudo lets somebody act as another user without a password (`NOPASSWD`, `!authenticate`), except the
#   users and groups that the organization agreed on (setting `sudo_without_password`, such as `deploy` or `%backup`)
#   for particular commands. Aliases are not resolved.
# related_resources:
#   - ref: https://www.sudo.ws/docs/man/sudoers.man/
# custom:
#   severity: high
#   requires: [linux/sudoers]
#   proves:
#     cmmc-l2:
#       "3.1.5[d]": supporting
#       "3.1.7[c]": supporting
#       "3.5.2[a]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       7.2.5: supporting
#       8.3.1: supporting
#   remediation:
#     provider: >-
#       Take `NOPASSWD` and `!authenticate` out with `visudo`; where a program needs a rule without a password, name its
#       exact commands and propose it for `sudo_without_password`. Images of cloud providers bring such a rule with them
#       (/etc/sudoers.d/90-cloud-init-users).
#     internal: >-
#       Say which programs act as administrator by themselves, and approve the commands they may run.
#   irrelevant:
#     linux/sudoers: [file]
#   optional:
#     linux/sudoers: [who]
package checks.linux.sudo_needs_password

import data.lib.datasets
import data.lib.values

rules_id := "linux/sudoers"

kinds := {"rule", "default", "alias", "include"}

allowed := values.words(object.get(input, ["settings", "sudo_without_password"], []))

is_understood(row) if {
	row.kind in kinds
	values.text(row, "text")
	is_boolean(object.get(row, "nopasswd", null))
	is_boolean(object.get(row, "all_commands", null))
	has_who(row)
}

has_who(row) if row.kind != "rule"

has_who(row) if values.text(row, "who")

# The tag may stand apart from its colon.
needs_none(row) if {
	row.kind == "rule"
	row.nopasswd == true
}

needs_none(row) if {
	row.kind == "rule"
	regex.match(`\bNOPASSWD[ \t]*:`, row.text)
}

switches_off(row) if {
	row.kind == "default"
	regex.match(`(^|[ \t,])!authenticate\b`, row.text)
}

is_allowed(row) if {
	lower(row.who) in allowed
	row.all_commands == false
	count(aliases_of_everything) == 0
}

# Aliases are not resolved, so one that stands for every command spoils all exceptions.
aliases_of_everything := [row |
	some row in datasets.rows(rules_id)
	row.kind == "alias"
	is_string(object.get(row, "text", null))
	regex.match(`^Cmnd?_Alias.*[=,][ \t]*ALL[ \t]*(,|:|$)`, row.text)
]

# Files that an include names and from which no statement was read.
unread(row) if {
	row.kind == "include"
	not is_usual(row)
	not was_read(row)
}

target(row) := trim(trim_space(regex.replace(row.text, `^[@#]include(dir)?`, "")), "\"")

is_usual(row) if trim_suffix(target(row), "/") == "/etc/sudoers.d"

was_read(row) if {
	some other in datasets.rows(rules_id)
	is_string(object.get(other, "file", null))
	startswith(other.file, target(row))
}

# A name that does not begin at the root is looked for beside the file that names it.
was_read(row) if {
	not startswith(target(row), "/")
	some other in datasets.rows(rules_id)
	is_string(object.get(other, "file", null))
	contains(other.file, sprintf("/%s", [target(row)]))
}

verdict(row) := {"resource": "sudo", "outcome": "unknown", "because": "A statement of sudo is not known here"} if not is_understood(row)

else := {"resource": sprintf("sudo rule for %s", [row.who]), "outcome": "pass", "because": sprintf("%s may run particular commands without a password, as agreed", [row.who])} if {
	needs_none(row)
	is_allowed(row)
}

else := {"resource": sprintf("sudo rule for %s", [row.who]), "outcome": "fail", "because": sprintf("%s may act as another user without a password: %s", [row.who, row.text])} if needs_none(row)

else := {"resource": "sudo", "outcome": "fail", "because": sprintf("sudo is told not to ask for passwords: %s", [row.text])} if switches_off(row)

else := {"resource": "sudo", "outcome": "unknown", "because": sprintf("Rules of sudo from another place were not read: %s", [row.text])} if unread(row)

findings contains finding if {
	some row in datasets.rows(rules_id)
	finding := verdict(row)
}

findings contains {"resource": "sudo", "outcome": "pass", "because": "Rules of sudo ask for a password"} if {
	some row in datasets.rows(rules_id)
	is_understood(row)
}

findings contains {"resource": "sudo", "outcome": "not_applicable", "because": "sudo has no rules on this host, so nobody acts as another user through it"} if {
	datasets.rows(rules_id) == []
	datasets.whole(rules_id)
}
