# METADATA
# title: Package lists were fetched lately
# description: >-
#   The host fetched the lists of available packages within the last week (setting `package_lists_max_days`). From old lists
#   every host looks up to date.
# related_resources:
#   - ref: https://manpages.debian.org/bookworm/apt/apt-get.8.en.html
# custom:
#   severity: medium
#   requires: [linux/automatic_updates]
#   proves:
#     cmmc-l2:
#       "3.14.1[b]": supporting
#     pci-dss-4.0.1:
#       6.3.1: supporting
#       6.3.3: supporting
#   remediation:
#     provider: >-
#       Run `apt-get update` or `dnf makecache` and see why it did not run by itself: the timer (apt-daily.timer,
#       dnf-makecache.timer), the proxy, or a repository that no longer exists.
#     internal: Let the host reach its distributor's servers, or an own mirror of them.
#   irrelevant:
#     linux/automatic_updates: [path]
package checks.linux.package_lists_fresh

import data.lib.datasets
import data.lib.values

updates_id := "linux/automatic_updates"

days := input.settings.package_lists_max_days if is_number(input.settings.package_lists_max_days)

else := 7

day_ns := ((24 * 3600) * 1000) * 1000000

odd := [row | some row in datasets.rows(updates_id); not row.kind in {"apt", "dnf", "lists"}]

fetched := {moment |
	some row in datasets.rows(updates_id)
	row.kind == "lists"
	is_string(row.changed_at)
	moment := time.parse_rfc3339_ns(row.changed_at)
}

now := time.parse_rfc3339_ns(input.now)

age_days := floor((now - max(fetched)) / day_ns)

verdict := {"outcome": "unknown", "because": "When package lists were last fetched is not known"} if count(fetched) == 0

else := {"outcome": "unknown", "because": "The lists are said to come from the future; the host's clock is wrong"} if age_days < -1

else := {"outcome": "pass", "because": sprintf("Package lists were last fetched %d days ago", [age_days])} if {
	age_days <= days
	count(odd) == 0
}

else := {"outcome": "unknown", "because": "The answer holds something that is not understood"} if count(odd) > 0

else := {"outcome": "fail", "because": sprintf("Package lists were last fetched %d days ago", [age_days])} if datasets.whole(updates_id)

else := {"outcome": "unknown", "because": "Of the package lists only a part was seen"}

findings contains object.union(verdict, {"resource": "host"}) if datasets.seen(updates_id)
