# METADATA
# title: Only expected services can be reached
# description: >-
#   Every port that listens on more than the loopback interface is on the list the organization agreed on (setting
#   `expected_ports`: numbers, or texts such as tcp/22). Services on loopback only need no entry. Firewalls
#   outside the host are not seen.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/ss.8.html
# custom:
#   severity: medium
#   requires: [linux/listening_ports]
#   proves:
#     cmmc-l2:
#       "3.4.7[i]": part
#       "3.4.6[b]": supporting
#     hipaa-security:
#       164.308(a)(1)(ii)(B): supporting
#     pci-dss-4.0.1:
#       1.2.5: part
#       2.2.4: part
#   remediation:
#     provider: >-
#       Switch off the services named here or bind them to loopback; for those that stay, propose an entry in
#       `expected_ports` with its reason.
#     internal: >-
#       Say which programs need to be reached and from where, and approve the list of expected ports.
#   irrelevant:
#     linux/listening_ports: [process]
package checks.linux.listening_ports_expected

import data.lib.datasets
import data.lib.values

ports_id := "linux/listening_ports"

agreed := {entry | some entry in object.get(input, ["settings", "expected_ports"], [])}

has_agreed_list if is_array(object.get(input, ["settings", "expected_ports"], null))

is_loopback(address) if startswith(address, "127.")

is_loopback(address) if startswith(address, "[::ffff:127.")

is_loopback(address) if split(trim_suffix(trim_prefix(address, "["), "]"), "%")[0] == "::1"

is_expected(row) if row.port in agreed

is_expected(row) if sprintf("%s/%d", [lower(row.protocol), row.port]) in {lower(entry) |
	some entry in agreed
	is_string(entry)
}

is_understood(row) if {
	values.text(row, "address")
	lower(values.text(row, "protocol")) in {"tcp", "udp"}
	values.is_whole_number(row.port)
}

socket(row) := sprintf("%s/%d", [lower(row.protocol), row.port]) if is_understood(row)

else := "a port"

program(row) := sprintf(" (%s)", [row.process]) if values.text(row, "process")

else := ""

verdict(row) := {"outcome": "unknown", "because": "A listening port is without its protocol, address or number"} if {
	not is_understood(row)
}

else := {"outcome": "pass", "because": sprintf("%s%s listens on loopback only", [socket(row), program(row)])} if {
	is_loopback(row.address)
}

else := {"outcome": "pass", "because": sprintf("%s%s is expected", [socket(row), program(row)])} if is_expected(row)

else := {"outcome": "fail", "because": sprintf("%s%s listens on %s and is not expected", [socket(row), program(row), row.address])} if {
	has_agreed_list
}

else := {"outcome": "unknown", "because": because} if {
	because := sprintf("%s%s listens on %s, and no list of expected ports has been agreed", [socket(row), program(row), row.address])
}

findings contains object.union(verdict(row), {"resource": socket(row)}) if {
	some row in datasets.rows(ports_id)
}

findings contains {"resource": "host", "outcome": "pass", "because": "Nothing listens on the network"} if {
	datasets.whole(ports_id)
	count(datasets.rows(ports_id)) == 0
}
