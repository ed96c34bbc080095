# METADATA
# title: The host's own firewall denies what is not allowed
# description: >-
#   For IPv4 and IPv6 the kernel's packet filter (nftables or iptables, also when ufw or firewalld made the rules) drops or
#   rejects incoming packets that no particular rule lets in. A rule that lets in a whole interface or protocol has to be
#   looked at. Without a tool that shows the rules nothing is known: a filter may be loaded all the same, and a firewall
#   before the host cannot be seen from here.
# related_resources:
#   - ref: https://wiki.nftables.org/wiki-nftables/index.php/Simple_ruleset_for_a_server
# custom:
#   severity: high
#   requires:
#     - any_of: [linux/nftables, linux/iptables]
#   uses: [linux/sysctl]
#   proves:
#     cmmc-l2:
#       "3.13.6[a]": supporting
#       "3.13.6[b]": supporting
#     pci-dss-4.0.1:
#       1.4.2: supporting
#       1.5.1: supporting
#   remediation:
#     provider: >-
#       Allow the ports this host needs, beginning with the one you administer it through, and then deny the rest by
#       default: on Debian and Ubuntu `ufw default deny incoming` and `ufw enable`, on the Red Hat family a firewalld zone
#       other than `trusted`, else an nftables chain with `policy drop`. Do the same for IPv6, and see that it is loaded
#       at start.
#     internal: >-
#       Confirm the list of ports and networks that must reach this host. If a firewall before it does this instead, hand
#       in that firewall's rules as evidence.
#   irrelevant:
#     linux/nftables: [table, chain, priority, policy, rules]
#     linux/iptables: [variant, chain, policy, rules]
package checks.linux.host_firewall_denies_by_default

import data.lib.datasets
import data.lib.values

nftables_id := "linux/nftables"

iptables_id := "linux/iptables"

sysctl_id := "linux/sysctl"

# Rules of a dormant table are loaded and do nothing.
nftables_chains := [row |
	some row in datasets.rows(nftables_id)
	row.hook == "input"
	row.type == "filter"
	row.dormant == false
]

iptables_chains := [row |
	some row in datasets.rows(iptables_id)
	row.hook == "input"
	row.table == "filter"
]

chains := array.concat(
	[row | some row in nftables_chains],
	[row | some row in iptables_chains],
)

# A chain that may be one of those above, but does not say enough of itself.
odd := [row |
	some id in [nftables_id, iptables_id]
	some row in datasets.rows(id)
	not is_whole(id, row)
]

is_whole(id, row) if {
	values.text(row, "hook")
	values.text(row, "family")
	values.text(row, "end")
	is_array(row.wide_openings)
	place[id] in object.keys(row)
	is_string(row[place[id]])
}

place := {nftables_id: "type", iptables_id: "table"}

reach := {"ip": {"IPv4"}, "ip6": {"IPv6"}, "inet": {"IPv4", "IPv6"}}

of_family(family) := [row | some row in chains; family in reach[row.family]]

denies(row) if row.end in {"drop", "reject"}

openings(family) := {opening |
	some row in of_family(family)
	denies(row)
	some opening in row.wide_openings
}

is_closed(family) if {
	some row in of_family(family)
	denies(row)
	row.wide_openings == []
}

is_opened(family) if count(openings(family)) > 0

is_unclear(_) if count(odd) > 0

is_unclear(family) if {
	some row in of_family(family)
	not row.end in {"accept", "drop", "reject"}
}

everything_was_seen if {
	datasets.whole(nftables_id)
	datasets.whole(iptables_id)
}

kernel_settings := {row.name: row.value | some row in datasets.rows(sysctl_id); is_string(row.name)}

ipv6_is_off if kernel_settings["net.ipv6.conf.all.disable_ipv6"] == "1"

# The kernel answered for IPv4 and has nothing of IPv6 at all.
ipv6_is_off if {
	datasets.whole(sysctl_id)
	every row in datasets.rows(sysctl_id) {
		values.text(row, "name")
		values.text(row, "value")
	}
	some name, _ in kernel_settings
	startswith(name, "net.ipv4.")
	every other, _ in kernel_settings {
		not startswith(other, "net.ipv6.")
	}
}

families := {"IPv4"} if ipv6_is_off

else := {"IPv4", "IPv6"}

verdict(family) := {"outcome": "pass", "because": sprintf("Incoming %s is denied unless a rule lets it in", [family])} if {
	is_closed(family)
}

else := {"outcome": "unknown", "because": sprintf("Incoming %s is denied by default, but there is a rule for %s; whether that lets in too much has to be looked at", [family, concat(", ", sort(openings(family)))])} if {
	is_opened(family)
}

else := {"outcome": "unknown", "because": sprintf("What happens to incoming %s could not be read from the rules", [family])} if {
	is_unclear(family)
}

else := {"outcome": "fail", "because": sprintf("Incoming %s is let in unless a rule denies it", [family])} if {
	everything_was_seen
}

else := {"outcome": "unknown", "because": sprintf("No rule that was seen denies incoming %s, and only one of nftables and iptables could be read", [family])}

findings contains object.union(verdict(family), {"resource": family}) if {
	some family in families
}
