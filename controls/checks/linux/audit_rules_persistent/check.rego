# METADATA
# title: The audit rules in force are those that are loaded at start
# description: >-
#   Every loaded audit rule is in the files below /etc/audit from which they are loaded at start, and every rule of the files
#   is loaded. Rules that were only typed in are gone after a restart; files that were not loaded record nothing now.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/augenrules.8.html
# custom:
#   severity: medium
#   requires: [linux/audit_rules, linux/audit_rule_files]
#   proves:
#     cmmc-l2:
#       "3.3.1[c]": supporting
#       "3.4.2[b]": supporting
#     hipaa-security:
#       164.312(b): supporting
#     pci-dss-4.0.1:
#       10.2.1: supporting
#   remediation:
#     provider: >-
#       Put the rules you want into a file below /etc/audit/rules.d and load them with `augenrules --load` (if the rules are
#       locked, with a restart); find out who changed the rules by hand.
#     internal: Nothing to do unless the agreed list of recorded events has to change.
#   irrelevant:
#     linux/audit_rules: [enabled, pid, failure, lost, backlog_limit, action, list, arch, syscalls, path, permissions, filters, keys, text]
#     linux/audit_rule_files: [file, action, list, arch, syscalls, path, permissions, filters, keys, text, option, value]
package checks.linux.audit_rules_persistent

import data.lib.datasets
import data.lib.values

loaded_id := "linux/audit_rules"

files_id := "linux/audit_rule_files"

words_of(id) := {row.canonical |
	some row in datasets.rows(id)
	row.kind == "rule"
	values.text(row, "canonical")
}

odd := [row |
	some id in [loaded_id, files_id]
	some row in datasets.rows(id)
	not is_understood(row)
]

is_understood(row) if row.kind in {"status", "control"}

is_understood(row) if {
	row.kind == "rule"
	values.text(row, "canonical")
}

loaded := words_of(loaded_id)

kept := words_of(files_id)

both_were_seen if {
	datasets.whole(loaded_id)
	datasets.whole(files_id)
}

# The same rule can be written in ways that this check does not know; a watch on a file cannot.
is_plain(words) if {
	contains(words, " path=/")
	endswith(words, " calls= filters=")
}

verdict := {"outcome": "unknown", "because": "A rule could not be understood"} if count(odd) > 0

else := {"outcome": "fail", "because": "No audit rule is loaded, and none is in the files"} if {
	both_were_seen
	loaded | kept == set()
}

else := {"outcome": "fail", "because": sprintf("None of the %d rules of the files is loaded", [count(kept)])} if {
	both_were_seen
	loaded == set()
}

else := {"outcome": "fail", "because": sprintf("None of the %d loaded rules is in the files, so all are gone after a restart", [count(loaded)])} if {
	both_were_seen
	kept == set()
}

else := {"outcome": "pass", "because": sprintf("All %d loaded rules are those of the files", [count(loaded)])} if {
	loaded == kept
	count(loaded) > 0
}

else := {"outcome": "unknown", "because": "Only a part of the rules was read"} if not both_were_seen

else := {"outcome": "fail", "because": sprintf("Loaded rules and files differ: %s", [concat("; ", sort(plain_differences))])} if count(plain_differences) > 0

else := {"outcome": "unknown", "because": sprintf("Loaded rules and files differ in words: %s", [concat("; ", sort(differences))])}

differences := (loaded | kept) - (loaded & kept)

plain_differences := {words | some words in differences; is_plain(words)}

findings contains object.union(verdict, {"resource": "host"}) if {
	datasets.seen(loaded_id)
	datasets.seen(files_id)
}
