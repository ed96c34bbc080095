# METADATA
# title: Use of administrator rights and changes to accounts are recorded
# description: >-
#   The loaded audit rules record every start of sudo and su by a person (by a rule on the program, or on everything run as
#   root), and every change to the files of accounts, passwords, groups and sudo rules.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man7/audit.rules.7.html
# custom:
#   severity: medium
#   requires: [linux/audit_rules]
#   uses: [linux/sudoers]
#   proves:
#     cmmc-l2:
#       "3.1.7[d]": supporting
#       "3.3.1[c]": supporting
#       "3.3.2[b]": supporting
#     hipaa-security:
#       164.312(b): supporting
#     pci-dss-4.0.1:
#       10.2.1.2: supporting
#       10.2.1.5: supporting
#   remediation:
#     provider: >-
#       Add the missing rules to a file below /etc/audit/rules.d, for example `-w /etc/sudoers -p wa -k scope` and
#       `-a always,exit -F path=/usr/bin/sudo -F perm=x -F auid>=1000 -F auid!=unset -k privileged`, and load them with
#       `augenrules --load`.
#     internal: Name the actions of administrators that must be traceable, and who reads these records.
#   irrelevant:
#     linux/audit_rules: [failure, lost, backlog_limit, pid, keys, canonical, text]
package checks.linux.audit_rules_cover_privileged_use

import data.lib.datasets
import data.lib.values

rules_id := "linux/audit_rules"

sudo_id := "linux/sudoers"

changed_files := {"/etc/passwd", "/etc/shadow", "/etc/group"} | sudo_files

sudo_files := set() if input.datasets[sudo_id].outcome == "not_offered"

else := {"/etc/sudoers"}

programs := {"su": {"/usr/bin/su", "/bin/su"}} if count(sudo_files) == 0

else := {"su": {"/usr/bin/su", "/bin/su"}, "sudo": {"/usr/bin/sudo", "/bin/sudo"}}

rules := [row |
	some row in datasets.rows(rules_id)
	row.kind == "rule"
	is_readable(row)
]

odd := [row |
	some row in datasets.rows(rules_id)
	not row.kind == "status"
	not is_rule(row)
]

is_rule(row) if {
	row.kind == "rule"
	is_readable(row)
}

is_readable(row) if {
	values.text(row, "action")
	values.text(row, "list")
	is_string(row.permissions)
	values.is_words(row.filters)
	values.is_words(row.syscalls)
	"path" in object.keys(row)
	"arch" in object.keys(row)
}

recording := [row | some row in rules; row.action == "always"; row.list == "exit"]

# Only people who signed in, which is what is asked for.
people_only := {"auid>=1000", "auid>=500", "auid!=-1"}

root_only := {"euid=0", "uid!=0", "compare uid!=euid", "compare euid!=uid"}

watches(row, path) if row.path == path

watches(row, path) if {
	is_string(row.path)
	startswith(path, concat("", [row.path, "/"]))
}

writes(row) if {
	contains(row.permissions, "w")
	contains(row.permissions, "a")
}

filters_of(row) := {filter | some filter in row.filters}

covering_change(path) := [row |
	some row in recording
	watches(row, path)
	writes(row)
]

covering_start(paths) := array.concat(
	[row |
		some row in recording
		some path in paths
		watches(row, path)
		contains(row.permissions, "x")
	],
	[row |
		some row in recording
		is_null(row.path)
		"execve" in row.syscalls
		row.arch in {null, "b64"}
	],
)

is_wide(row, allowed) if {
	filters_of(row) - allowed == set()
	is_native(row)
}

# A rule on calls without a word on the architecture may mean only one of them.
is_native(row) if is_string(row.path)

is_native(row) if row.arch == "b64"

standing(covering, allowed) := "recorded" if {
	some row in covering
	is_wide(row, allowed)
}

else := "in part" if count(covering) > 0

else := "not recorded"

# A rule that lets nothing be recorded, wherever it stands.
suppressed if {
	some row in rules
	row.action == "never"
	row.list in {"task", "exit"}
	row.filters == []
	is_null(row.path)
	row.syscalls == []
}

is_on if {
	some row in datasets.rows(rules_id)
	row.kind == "status"
	row.enabled in {1, 2}
}

is_off if {
	some row in datasets.rows(rules_id)
	row.kind == "status"
	row.enabled == 0
}

outcome(what, text) := {"outcome": "fail", "because": sprintf("%s is not recorded, because auditing is switched off", [text])} if is_off

else := {"outcome": "fail", "because": sprintf("%s is not recorded, because a rule switches recording off", [text])} if suppressed

else := {"outcome": "unknown", "because": sprintf("Whether %s is recorded cannot be told from the answer", [text])} if not is_on

else := {"outcome": "pass", "because": sprintf("%s is recorded", [text])} if {
	what == "recorded"
	count(odd) == 0
}

else := {"outcome": "unknown", "because": sprintf("%s is recorded only under conditions that have to be looked at", [text])} if what == "in part"

else := {"outcome": "unknown", "because": sprintf("Whether %s is recorded cannot be told, as a rule could not be understood", [text])} if count(odd) > 0

else := {"outcome": "fail", "because": sprintf("%s is not recorded by any loaded rule", [text])} if datasets.whole(rules_id)

else := {"outcome": "unknown", "because": sprintf("No rule that was read records %s", [text])}

findings contains object.union(outcome(what, text), {"resource": path}) if {
	datasets.seen(rules_id)
	some path in changed_files
	what := standing(covering_change(path), people_only)
	text := sprintf("A change to %s", [path])
}

findings contains object.union(outcome(what, text), {"resource": program}) if {
	datasets.seen(rules_id)
	some program, paths in programs
	what := standing(covering_start(paths), people_only | root_only)
	text := sprintf("The use of %s", [program])
}
