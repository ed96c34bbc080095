# METADATA
# title: Audit and system logs are being written
# description: >-
#   The audit daemon and a system log service are enabled and running (setting `required_log_services` names
#   others instead of auditd.service). What they record and how long it is kept is not shown by this, and other logs may
#   record what is asked.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/auditd.8.html
# custom:
#   severity: high
#   requires: [linux/services]
#   proves:
#     cmmc-l2:
#       "3.3.1[c]": supporting
#     hipaa-security:
#       164.312(b): supporting
#     pci-dss-4.0.1:
#       10.2.1: supporting
#   remediation:
#     provider: >-
#       Install and enable the named service (`systemctl enable --now`), load the agreed audit rules, and forward
#       the logs to the central collector.
#     internal: >-
#       Agree on what must be recorded and for how long, and name who reads the logs. If other logs record it, state
#       which, and name this check.
package checks.linux.logging_services_enabled

import data.lib.datasets
import data.lib.values

services_id := "linux/services"

system_logs := {"systemd-journald.service", "rsyslog.service", "syslog-ng.service"}

required := settled if {
	settled := values.words(input.settings.required_log_services)
	count(settled) > 0
}

else := {"auditd.service"}

starts := {"enabled", "enabled-runtime", "static", "alias", "generated", "indirect"}

stays_off := {"disabled", "masked", "masked-runtime", "bad", "removed", "not-found"}

standing(unit) := "unseen" if count(rows_of(unit)) == 0

else := "running" if {
	some row in rows_of(unit)
	lower(row.state) in starts
	row.active == true
}

else := "stopped" if {
	some row in rows_of(unit)
	lower(row.state) in starts
	row.active == false
}

else := "off" if {
	some row in rows_of(unit)
	lower(row.state) in stays_off
}

else := "unclear"

rows_of(unit) := [row | some row in asked_for; lower(row.unit) == unit]

# The rows of all units in question; the others are gone through once.
asked_for := [row |
	some row in datasets.rows(services_id)
	is_string(object.get(row, "unit", null))
	lower(row.unit) in units
]

units := required | system_logs

meanings := {
	"running": {"outcome": "pass", "because": "%s is enabled and running"},
	"stopped": {"outcome": "fail", "because": "%s is enabled but does not run"},
	"off": {"outcome": "fail", "because": "%s is not started with the system"},
	"unclear": {"outcome": "unknown", "because": "Whether %s runs is not known"},
}

verdict(unit) := {"outcome": meanings[standing(unit)].outcome, "because": sprintf(meanings[standing(unit)].because, [unit])} if {
	meanings[standing(unit)]
}

else := {"outcome": "fail", "because": sprintf("%s is not installed", [unit])} if {
	datasets.whole(services_id)
	count(unnamed) == 0
}

else := {"outcome": "unknown", "because": sprintf("%s is not among the services that were read", [unit])}

unnamed := [row | some row in datasets.rows(services_id); not values.text(row, "unit")]

findings contains object.union(verdict(unit), {"resource": unit}) if {
	count(datasets.rows(services_id)) > 0
	some unit in required
}

log_standings := {standing(unit) | some unit in system_logs}

log_verdict := {"outcome": "pass", "because": "A system log service is enabled and running"} if "running" in log_standings

else := {"outcome": "unknown", "because": "Whether a system log service runs is not known"} if "unclear" in log_standings

else := {"outcome": "unknown", "because": "No system log service is among the services that were read"} if log_standings == {"unseen"}

else := {"outcome": "fail", "because": "No system log service is enabled and running"}

findings contains object.union(log_verdict, {"resource": "system log"}) if {
	count(datasets.rows(services_id)) > 0
}

findings contains {"resource": "host", "outcome": "unknown", "because": "The list of services is empty"} if {
	datasets.rows(services_id) == []
}
