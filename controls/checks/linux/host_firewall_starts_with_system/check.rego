# METADATA
# title: The host's firewall is loaded at every start
# description: >-
#   A service that loads packet filter rules (nftables, firewalld, ufw, netfilter-persistent or the iptables services) is
#   enabled, so that the rules come back after a restart. ufw must also be switched on in its own settings: its service is
#   enabled as soon as it is installed. Setting `firewall_services` names others instead.
# related_resources:
#   - ref: https://wiki.nftables.org/wiki-nftables/index.php/Main_Page
# custom:
#   severity: medium
#   requires: [linux/services]
#   uses: [linux/ufw]
#   proves:
#     cmmc-l2:
#       "3.13.6[a]": supporting
#     pci-dss-4.0.1:
#       1.4.2: supporting
#   remediation:
#     provider: >-
#       Enable the service that loads the rules (`systemctl enable --now nftables` or firewalld, or `ufw enable`), restart
#       the host in the next window and look whether the rules are there.
#     internal: Agree on a time at which the host may be restarted.
#   irrelevant:
#     linux/services: [active]
#     linux/ufw: [default_incoming, default_outgoing, default_routed, logging]
package checks.linux.host_firewall_starts_with_system

import data.lib.datasets
import data.lib.values

services_id := "linux/services"

ufw_id := "linux/ufw"

known := settled if {
	settled := values.words(input.settings.firewall_services)
	count(settled) > 0
}

else := {
	"nftables.service", "firewalld.service", "ufw.service", "netfilter-persistent.service", "iptables.service",
	"ip6tables.service", "shorewall.service",
}

stays_off := {"disabled", "masked", "masked-runtime", "bad", "removed", "not-found", "static", "indirect", "alias"}

states(unit) := {lower(row.state) |
	some row in firewalls
	lower(row.unit) == unit
	is_string(row.state)
}

firewalls := [row | some row in datasets.rows(services_id); lower(row.unit) in known]

odd := [row | some row in datasets.rows(services_id); not is_whole(row)]

is_whole(row) if {
	values.text(row, "unit")
	values.text(row, "state")
}

# Installed and enabled says nothing of ufw until its own settings say that it is on.
standing(unit) := ufw_standing if {
	unit == "ufw.service"
	"enabled" in states(unit)
}

else := "starts" if "enabled" in states(unit)

else := "off" if states(unit) - stays_off == set()

else := "unclear"

ufw_state := [row.active | some row in datasets.rows(ufw_id); row.kind == "status"]

ufw_standing := "starts" if ufw_state == [true]

else := "off" if ufw_state == [false]

else := "unclear"

starting := {unit | some unit in known; standing(unit) == "starts"}

unclear := {unit | some unit in known; standing(unit) == "unclear"}

verdict := {"outcome": "pass", "because": sprintf("%s loads the firewall at start", [concat(", ", sort(starting))])} if {
	count(starting) > 0
	count(odd) == 0
}

else := {"outcome": "unknown", "because": sprintf("Whether %s loads a firewall at start is not known", [concat(", ", sort(unclear))])} if {
	count(unclear) > 0
}

else := {"outcome": "unknown", "because": "The services that were read do not say enough"} if count(odd) > 0

else := {"outcome": "fail", "because": "No service that loads a firewall is set to start with the system"} if datasets.whole(services_id)

else := {"outcome": "unknown", "because": "No service that loads a firewall is among those that were read"}

findings contains object.union(verdict, {"resource": "host"}) if {
	count(datasets.rows(services_id)) > 0
}

findings contains {"resource": "host", "outcome": "unknown", "because": "The list of services is empty"} if {
	datasets.rows(services_id) == []
}
