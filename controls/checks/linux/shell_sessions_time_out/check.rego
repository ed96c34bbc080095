# METADATA
# title: A shell left alone ends by itself
# description: >-
#   The start files of shells end a shell in which nothing is typed for the agreed time (setting
#   `session_idle_minutes`, 15 if none is agreed), and nobody can switch that off in a session of their own. It holds for
#   bash and zsh; graphical sessions and programs that run in the shell are not seen. More than the 15 minutes of PCI DSS
#   passes if it is agreed, and the finding says so.
# related_resources:
#   - ref: https://www.gnu.org/software/bash/manual/bash.html#index-TMOUT
# custom:
#   severity: low
#   requires: [linux/shell_timeouts]
#   proves:
#     cmmc-l2:
#       "3.1.10[b]": supporting
#       "3.1.11[b]": supporting
#     hipaa-security:
#       164.312(a)(2)(iii): supporting
#     pci-dss-4.0.1:
#       8.2.8: supporting
#   remediation:
#     provider: >-
#       Put `TMOUT=900`, `readonly TMOUT` and `export TMOUT` into a file of /etc/profile.d, take other values of it out of
#       /etc/profile and /etc/bash.bashrc (RHEL family: /etc/bashrc), and try it in a new session.
#     internal: >-
#       Agree on the time after which an unattended session ends, and name jobs that must run on in a terminal.
#   irrelevant:
#     linux/shell_timeouts: [file, line, text]
#   optional:
#     linux/shell_timeouts: [seconds]
package checks.linux.shell_sessions_time_out

import data.lib.datasets
import data.lib.pci_dss
import data.lib.values

timeouts_id := "linux/shell_timeouts"

limit := input.settings.session_idle_minutes * 60 if values.is_whole_number(input.settings.session_idle_minutes)

else := 15 * 60

rows := datasets.rows(timeouts_id)

is_understood(row) if {
	every key in ["sets", "readonly", "unsets"] {
		is_boolean(object.get(row, key, null))
	}
	has_time(row)
}

has_time(row) if row.sets == false

has_time(row) if values.is_whole_number(object.get(row, "seconds", null))

setting := [row | some row in rows; row.sets == true]

places(row) := object.get(row, "file", "a start file")

finding := {"outcome": "unknown", "because": "A line about TMOUT in the start files of shells cannot be understood"} if {
	some row in rows
	not is_understood(row)
}

else := {"outcome": "fail", "because": sprintf("%s lets a shell run for ever", [places(row)])} if {
	some row in rows
	keeps_running(row)
}

else := {"outcome": "fail", "because": sprintf("%s ends a shell only after %d seconds; %d are agreed", [places(row), row.seconds, limit])} if {
	some row in setting
	row.seconds > limit
}

else := {"outcome": "fail", "because": "No start file ends a shell that is left alone (TMOUT is not set)"} if {
	datasets.seen(timeouts_id)
	count(setting) == 0
}

else := {"outcome": "fail", "because": "Everybody can switch the time off in a session, because TMOUT is not read-only"} if {
	[row | some row in rows; row.readonly == true] == []
}

else := {"outcome": "pass", "because": sprintf("A shell left alone ends after at most %d seconds%s", [limit, pci_dss.above(limit / 60, 15, "minutes")])} if count(setting) > 0

keeps_running(row) if row.unsets == true

keeps_running(row) if {
	row.sets == true
	row.seconds == 0
}

findings contains object.union(finding, {"resource": "shells"})
