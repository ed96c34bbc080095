# METADATA
# title: What is done through sudo is logged
# description: >-
#   sudo writes each command to the system log, as it does by itself, or to a file of its own; no statement switches
#   that off for everybody or for some. Whether the log is kept is judged elsewhere.
# related_resources:
#   - ref: https://www.sudo.ws/docs/man/sudoers.man/
# custom:
#   severity: medium
#   requires: [linux/sudoers]
#   proves:
#     cmmc-l2:
#       "3.1.7[d]": part
#       "3.3.2[b]": supporting
#     hipaa-security:
#       164.312(b): supporting
#     pci-dss-4.0.1:
#       10.2.1.2: part
#   remediation:
#     provider: >-
#       Take `!syslog`, `!log_allowed` and `!log_denied` out with `visudo`, and set `Defaults logfile=/var/log/sudo.log`
#       where a file of its own is wanted; then see that a test command appears in the log.
#     internal: >-
#       Agree on who reads the log of administrators' actions and how long it is kept.
#   irrelevant:
#     linux/sudoers: [file, who, nopasswd, all_commands]
package checks.linux.sudo_logged

import data.lib.datasets
import data.lib.values

rules_id := "linux/sudoers"

is_understood(row) if {
	row.kind in {"rule", "default", "alias", "include"}
	values.text(row, "text")
}

defaults := [row | some row in datasets.rows(rules_id); is_understood(row); row.kind == "default"]

says(pattern) := [row | some row in defaults; regex.match(pattern, row.text)]

no_syslog := says(`(^|[ \t,])!syslog\b`)

no_record := says(`(^|[ \t,])!(log_allowed|log_denied)\b`)

log_file := says(`^Defaults[ \t]+([^#]*,)?[ \t]*logfile[ \t]*=`)

finding := {"outcome": "not_applicable", "because": "sudo has no rules on this host, so nobody acts as another user through it"} if {
	datasets.rows(rules_id) == []
	datasets.whole(rules_id)
}

else := {"outcome": "unknown", "because": "A statement of sudo is not known here"} if {
	some row in datasets.rows(rules_id)
	not is_understood(row)
}

else := {"outcome": "fail", "because": sprintf("sudo is told not to record commands: %s", [no_record[0].text])} if count(no_record) > 0

else := {"outcome": "pass", "because": "sudo writes each command to a file of its own"} if count(log_file) > 0

else := {"outcome": "fail", "because": sprintf("sudo is told not to write to the system log, and has no file of its own: %s", [no_syslog[0].text])} if {
	count(no_syslog) > 0
}

else := {"outcome": "pass", "because": "sudo writes each command to the system log"}

findings contains object.union(finding, {"resource": "sudo"}) if datasets.seen(rules_id)
