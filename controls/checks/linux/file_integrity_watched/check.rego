# METADATA
# title: Changes of system files are noticed
# description: >-
#   A program that compares files with an earlier state (AIDE, Tripwire, Samhain) is installed, has such a state, and is
#   started by cron or a timer; or the agent of Wazuh or OSSEC runs. Installed alone compares with nothing. Who reads the
#   reports is not shown.
# related_resources:
#   - ref: https://aide.github.io/doc/
# custom:
#   severity: medium
#   requires: [linux/file_integrity]
#   uses: [linux/timers, linux/services]
#   proves:
#     cmmc-l2:
#       "3.4.2[b]": supporting
#       "3.14.7[b]": supporting
#     hipaa-security:
#       164.312(c)(2): supporting
#     pci-dss-4.0.1:
#       11.5.2: part
#       10.3.4: supporting
#   remediation:
#     provider: >-
#       Install AIDE, make its first state (`aideinit` on Debian and Ubuntu; on the Red Hat family `aide --init`, then rename
#       aide.db.new.gz to aide.db.gz), let it run daily by a timer or cron, and send its reports to somebody who reads them.
#     internal: Say which files must be watched and who is told of changes.
#   irrelevant:
#     linux/file_integrity: [path, changed_at, file, command]
#     linux/services: [state]
package checks.linux.file_integrity_watched

import data.lib.datasets
import data.lib.values

files_id := "linux/file_integrity"

timers_id := "linux/timers"

services_id := "linux/services"

comparers := {"aide", "tripwire", "samhain"}

agents := {"wazuh": {"wazuh-agent.service", "wazuh-manager.service"}, "ossec": {"ossec.service", "ossec-hids.service", "wazuh-agent.service"}}

of_kind(kind) := [row | some row in datasets.rows(files_id); row.kind == kind]

odd := [row |
	some row in datasets.rows(files_id)
	not row.kind in {"program", "database", "cron"}
]

installed := {row.name | some row in of_kind("program"); row.name in comparers}

agents_installed := {row.name | some row in of_kind("program"); agents[row.name]}

agent_states := {row.active |
	some name in agents_installed
	some row in datasets.rows(services_id)
	row.unit in agents[name]
}

has_state if {
	some row in of_kind("database")
	values.is_whole_number(row.size)
	row.size > 0
}

# Debian's script for cron does nothing where systemd runs.
cron_starts_it if {
	some row in of_kind("cron")
	row.yields_to_systemd == false
}

cron_starts_it if {
	some row in of_kind("cron")
	row.yields_to_systemd == true
	input.datasets[timers_id].outcome == "not_offered"
}

timers := [row |
	some row in datasets.rows(timers_id)
	some name in comparers
	contains(lower(row.unit), name)
	is_on(row)
]

is_on(row) if lower(row.state) in {"enabled", "enabled-runtime", "static", "generated"}

timer_starts_it if {
	some row in timers
	row.active == true
}

timer_may_start_it if {
	some row in timers
	not is_boolean(row.active)
}

verdict := {"outcome": "pass", "because": sprintf("The agent of %s runs", [concat(", ", sort(agents_installed))])} if true in agent_states

else := {"outcome": "pass", "because": sprintf("%s has a state to compare with and is started regularly", [concat(", ", sort(installed))])} if {
	count(installed) > 0
	has_state
	is_started
	count(odd) == 0
}

else := {"outcome": "unknown", "because": "The answer holds something that is not understood"} if count(odd) > 0

else := {"outcome": "unknown", "because": sprintf("%s is installed; whether its agent runs is not known", [concat(", ", sort(agents_installed))])} if {
	count(agents_installed) > 0
	agent_states != {false}
}

else := {"outcome": "unknown", "because": "The part that was read does not show a program that watches files"} if {
	not datasets.whole(files_id)
}

else := {"outcome": "fail", "because": "None of the known programs that watch files is installed or runs"} if count(installed) == 0

else := {"outcome": "fail", "because": sprintf("%s is installed but has no state to compare with", [concat(", ", sort(installed))])} if not has_database

else := {"outcome": "unknown", "because": "How large the saved state is was not in the answer"} if not has_sizes

else := {"outcome": "fail", "because": "The saved state of files is empty"} if not has_state

else := {"outcome": "unknown", "because": sprintf("%s has a state to compare with; whether it is started regularly is not known", [concat(", ", sort(installed))])} if {
	not schedule_was_seen
}

else := {"outcome": "fail", "because": sprintf("%s has a state to compare with, but neither cron nor a timer starts it", [concat(", ", sort(installed))])}

has_database if count(of_kind("database")) > 0

has_sizes if {
	every row in of_kind("database") {
		values.is_whole_number(row.size)
	}
}

is_started if cron_starts_it

is_started if timer_starts_it

schedule_was_seen if {
	datasets.whole(timers_id)
	not timer_may_start_it
	every row in of_kind("cron") {
		is_boolean(row.yields_to_systemd)
	}
}

schedule_was_seen if input.datasets[timers_id].outcome == "not_offered"

findings contains object.union(verdict, {"resource": "host"}) if datasets.seen(files_id)
