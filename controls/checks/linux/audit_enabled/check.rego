# METADATA
# title: The kernel's audit system is on and somebody receives its records
# description: >-
#   Auditing is enabled in the kernel, a daemon is registered for the records, and no rule switches recording off for every
#   program (`never,task`, which some distributions load by default). What is recorded is judged by other checks. The
#   system journal, sudo and applications keep logs too, so a host can record what is asked without it.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/auditctl.8.html
# custom:
#   severity: high
#   requires: [linux/audit_rules]
#   proves:
#     cmmc-l2:
#       "3.3.1[c]": supporting
#       "3.3.2[b]": supporting
#     hipaa-security:
#       164.312(b): supporting
#     pci-dss-4.0.1:
#       10.2.1: supporting
#   remediation:
#     provider: >-
#       Enable and start the audit daemon (`systemctl enable --now auditd`), switch recording on (`auditctl -e 1`), and
#       remove `-a never,task` from /etc/audit/rules.d if it is there; then load the rules with `augenrules --load`.
#     internal: >-
#       Say which events must be recorded on this host and who reads them. If other logs record them, state which, and name
#       this check.
#   irrelevant:
#     linux/audit_rules: [failure, lost, backlog_limit, arch, syscalls, path, permissions, keys, canonical, text]
package checks.linux.audit_enabled

import data.lib.datasets
import data.lib.values

rules_id := "linux/audit_rules"

# The first row of a whole answer is the state of the system.
status := [row | some row in datasets.rows(rules_id); row.kind == "status"][0]

is_readable if {
	values.is_whole_number(status.enabled)
	values.is_whole_number(status.pid)
	count(odd) == 0
}

odd := [row |
	some row in datasets.rows(rules_id)
	not is_understood(row)
]

is_understood(row) if row.kind == "status"

is_understood(row) if {
	row.kind == "rule"
	values.text(row, "action")
	values.text(row, "list")
	is_array(row.filters)
}

switched_off_for_all if {
	some row in datasets.rows(rules_id)
	row.kind == "rule"
	row.action == "never"
	row.list == "task"
	row.filters == []
}

verdict := {"outcome": "fail", "because": "Auditing is switched off in the kernel"} if status.enabled == 0

else := {"outcome": "fail", "because": "Auditing is on, but no daemon receives the records"} if status.pid == 0

else := {"outcome": "fail", "because": "A rule (never,task) switches recording off for every program"} if switched_off_for_all

else := {"outcome": "pass", "because": "Auditing is on and a daemon receives the records"} if {
	is_readable
	status.enabled in {1, 2}
	status.pid > 0
}

else := {"outcome": "unknown", "because": "The state of the audit system was not in the answer in known words"}

findings contains object.union(verdict, {"resource": "host"}) if datasets.seen(rules_id)
