# METADATA
# title: Logs are sent to another host
# description: >-
#   rsyslog or the journal's uploader is told to send log lines to a host other than this one, and that service runs.
#   Setting `log_forwarders` names other services that do it (an agent); then one of them must run. Whether lines arrive is
#   only known where they arrive.
# related_resources:
#   - ref: https://www.rsyslog.com/doc/configuration/modules/omfwd.html
# custom:
#   severity: medium
#   requires: [linux/log_forwarding]
#   uses: [linux/services]
#   proves:
#     cmmc-l2:
#       "3.3.8[c]": supporting
#       "3.3.5[b]": supporting
#     hipaa-security:
#       164.312(b): supporting
#     pci-dss-4.0.1:
#       10.3.3: part
#   remediation:
#     provider: >-
#       Forward everything to the central log server, encrypted (rsyslog: an action of type `omfwd` with protocol tcp and a
#       TLS stream driver), and see there that lines of this host arrive. If an agent does it, name its service in the
#       setting `log_forwarders`.
#     internal: Say where logs are gathered and who may read them there.
#   irrelevant:
#     linux/log_forwarding: [file, port, tls, protocol]
#     linux/services: [state]
package checks.linux.logs_forwarded

import data.lib.datasets
import data.lib.values

forwarding_id := "linux/log_forwarding"

services_id := "linux/services"

service_of := {"rsyslog": "rsyslog.service", "journal-upload": "systemd-journal-upload.service"}

agents := values.words(input.settings.log_forwarders) if values.words(input.settings.log_forwarders)

else := set()

is_here(host) if host in {"localhost", "::1", "0.0.0.0", "::"}

is_here(host) if startswith(host, "127.")

far := [row |
	some row in datasets.rows(forwarding_id)
	service_of[row.method]
	values.text(row, "host")
	not is_here(lower(row.host))
]

near := [row |
	some row in datasets.rows(forwarding_id)
	is_here(lower(row.host))
]

odd := [row |
	some row in datasets.rows(forwarding_id)
	not is_understood(row)
]

is_understood(row) if {
	service_of[row.method]
	values.text(row, "host")
}

states(unit) := {row.active |
	some row in datasets.rows(services_id)
	lower(row.unit) == unit
}

running_agents := {unit | some unit in agents; states(unit) == {true}}

other_includes := [file | some file in input.datasets[forwarding_id].meta.other_includes]

places(list) := concat(", ", sort({sprintf("%s (%s)", [row.host, how(row)]) | some row in list}))

how(row) := "encrypted" if row.tls == true

else := "not encrypted"

running := [row | some row in far; states(service_of[row.method]) == {true}]

stopped := [row | some row in far; states(service_of[row.method]) == {false}]

missing := [row | some row in far; states(service_of[row.method]) == set()]

verdict := {"outcome": "pass", "because": sprintf("Logs are sent to %s", [places(running)])} if count(running) > 0

else := {"outcome": "pass", "because": sprintf("The agreed agent %s runs", [concat(", ", sort(running_agents))])} if count(running_agents) > 0

else := {"outcome": "unknown", "because": sprintf("Logs are to be sent to %s, but whether the service runs is not known", [places(far)])} if {
	count(far) > count(stopped) + count(missing)
}

else := {"outcome": "fail", "because": sprintf("Logs are to be sent to %s, but the service does not run", [places(far)])} if {
	count(far) > 0
	datasets.whole(services_id)
}

else := {"outcome": "unknown", "because": sprintf("Logs are to be sent to %s, but whether the service runs is not known", [places(far)])} if {
	count(far) > 0
}

else := {"outcome": "unknown", "because": "Logs are handed to a program on the host itself; where that sends them is not known"} if count(near) > 0

else := {"outcome": "unknown", "because": "A destination of logs is not in known words"} if count(odd) > 0

else := {"outcome": "unknown", "because": sprintf("Nothing is sent anywhere by the files that were read; %s was not", [concat(", ", sort(other_includes))])} if {
	count(other_includes) > 0
}

else := {"outcome": "unknown", "because": "Whether an agreed agent runs is not known"} if {
	some unit in agents
	not states(unit) == {false}
	not is_surely_missing(unit)
}

else := {"outcome": "fail", "because": "Neither rsyslog nor the journal sends logs to another host, and no other service that does is agreed"} if datasets.whole(forwarding_id)

else := {"outcome": "unknown", "because": "No destination of logs is among what was read"}

is_surely_missing(unit) if {
	states(unit) == set()
	datasets.whole(services_id)
}

findings contains object.union(verdict, {"resource": "host"}) if datasets.seen(forwarding_id)
