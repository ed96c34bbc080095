# METADATA
# title: The kernel does not let others steer its network traffic
# description: >-
#   The running kernel does not forward packets (unless setting `forwards_packets` says that this is its task), neither
#   sends nor accepts redirects, accepts no source routing, checks sender addresses, and withstands SYN floods.
# related_resources:
#   - ref: https://docs.kernel.org/networking/ip-sysctl.html
# custom:
#   severity: medium
#   requires: [linux/sysctl]
#   proves:
#     cmmc-l2:
#       "3.4.2[b]": supporting
#     pci-dss-4.0.1:
#       1.4.3: supporting
#       2.2.6: supporting
#   remediation:
#     provider: >-
#       Put the values named here into a file below /etc/sysctl.d and load it with `sysctl --system`. A host that runs
#       containers or routes for others has to forward: say so in the setting `forwards_packets`.
#     internal: Say whether this host is meant to pass on traffic between networks.
package checks.linux.kernel_network_settings

import data.lib.datasets
import data.lib.values

sysctl_id := "linux/sysctl"

wanted := {
	"net.ipv4.ip_forward": {"0"},
	"net.ipv4.conf.all.send_redirects": {"0"},
	"net.ipv4.conf.all.accept_redirects": {"0"},
	"net.ipv4.conf.default.accept_redirects": {"0"},
	"net.ipv4.conf.all.accept_source_route": {"0"},
	"net.ipv4.conf.all.rp_filter": {"1", "2"},
	"net.ipv4.icmp_echo_ignore_broadcasts": {"1"},
	"net.ipv4.tcp_syncookies": {"1", "2"},
}

# Asked only where the kernel has IPv6 and uses it.
wanted_of_ipv6 := {
	"net.ipv6.conf.all.forwarding": {"0"},
	"net.ipv6.conf.all.accept_redirects": {"0"},
	"net.ipv6.conf.default.accept_redirects": {"0"},
}

forwarding := {"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"}

values_of(name) := {row.value | some row in datasets.rows(sysctl_id); row.name == name}

odd := [row | some row in datasets.rows(sysctl_id); not is_whole(row)]

is_whole(row) if {
	values.text(row, "name")
	values.text(row, "value")
}

uses_ipv6 if {
	some row in datasets.rows(sysctl_id)
	startswith(row.name, "net.ipv6.")
	values_of("net.ipv6.conf.all.disable_ipv6") != {"1"}
}

asked[name] := good if some name, good in wanted

asked[name] := good if {
	uses_ipv6
	some name, good in wanted_of_ipv6
}

verdict(name, good) := {"outcome": "pass", "because": sprintf("%s is set as agreed for a host that forwards", [name])} if {
	input.settings.forwards_packets == true
	name in forwarding
	is_known(name)
}

else := {"outcome": "pass", "because": sprintf("%s is %s", [name, concat(", ", values_of(name))])} if {
	count(values_of(name)) > 0
	values_of(name) - good == set()
}

else := {"outcome": "fail", "because": sprintf("%s is %s instead of %s", [name, concat(", ", values_of(name)), concat(" or ", sort(good))])} if {
	is_known(name)
}

else := {"outcome": "unknown", "because": sprintf("How %s is set is not known", [name])}

is_known(name) if {
	count(values_of(name)) > 0
	every value in values_of(name) {
		regex.match(`^[0-9]+$`, value)
	}
}

findings contains object.union(verdict(name, good), {"resource": name}) if {
	datasets.seen(sysctl_id)
	some name, good in asked
}

findings contains {"resource": "host", "outcome": "unknown", "because": "A kernel setting is not in known words"} if count(odd) > 0
