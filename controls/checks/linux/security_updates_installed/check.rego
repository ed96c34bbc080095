# METADATA
# title: No security update is waiting
# description: >-
#   According to the package lists the host has (of apt or dnf), no security update is waiting to be installed. A
#   waiting update is a failure of this check at once; how long an organization may take is decided with its own
#   time limits.
# related_resources:
#   - ref: https://www.debian.org/security/
# custom:
#   severity: high
#   requires:
#     - any_of: [linux/pending_updates, linux/rpm_updates]
#   proves:
#     cmmc-l2:
#       "3.14.1[f]": supporting
#       "3.14.1[b]": supporting
#     hipaa-security:
#       164.308(a)(5)(ii)(B): supporting
#       164.308(a)(1)(ii)(B): supporting
#     pci-dss-4.0.1:
#       6.3.3: supporting
#   remediation:
#     provider: >-
#       Install the waiting security updates in the next maintenance window, restart what needs it, and switch
#       unattended security updates on.
#     internal: >-
#       Agree on a weekly window, and test the programs that must keep working after an update.
#   irrelevant:
#     linux/pending_updates: [package, from, to, origins]
#     linux/rpm_updates: [package, from, to, origins, advisories]
package checks.linux.security_updates_installed

import data.lib.datasets
import data.lib.values

# A host has one of the two; of the other it says that it does not exist there.
update_ids := {"linux/pending_updates", "linux/rpm_updates"}

updates := [row | some id in update_ids; some row in datasets.rows(id)]

unread := {id |
	some id in update_ids
	input.datasets[id]
	not datasets.seen(id)
	input.datasets[id].outcome != "not_offered"
}

package_name(row) := row["package"] if values.text(row, "package")

else := "a package without a name"

# Where the collector could tell how old the package lists are, lists of more than a week prove nothing.
lists_are_old if {
	some id in update_ids
	listed := input.datasets[id].meta.package_lists_changed_at
	is_string(listed)
	time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(listed) > 7 * 24 * 3600 * 1000000000
}

waiting := [row |
	some row in updates
	row.security == true
]

odd := [row |
	some row in updates
	not is_boolean(object.get(row, "security", null))
]

findings contains {"resource": package_name(row), "outcome": "fail", "because": because} if {
	some row in waiting
	because := sprintf("A security update of %s is waiting to be installed", [package_name(row)])
}

findings contains {"resource": package_name(row), "outcome": "unknown", "because": because} if {
	some row in odd
	because := sprintf("Whether the update of %s is a security update is not known", [package_name(row)])
}

findings contains {"resource": "host", "outcome": "pass", "because": because} if {
	some id in update_ids
	datasets.seen(id)
	count(unread) == 0
	count(waiting) == 0
	count(odd) == 0
	not lists_are_old
	because := sprintf("No security update is waiting (%d other updates are)", [count(updates)])
}

findings contains {"resource": "host", "outcome": "unknown", "because": "The host has not renewed its package lists for more than a week"} if {
	lists_are_old
}

findings contains {"resource": "host", "outcome": "unknown", "because": sprintf("Updates of %s could not be read", [id])} if {
	some id in unread
}
