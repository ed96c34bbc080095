# METADATA
# title: Accounts nobody uses are locked
# description: >-
#   Every account with a usable password signed in within the agreed number of days (setting `inactive_days`, 90 if none
#   is agreed), has a password younger than that, or has run out. The record of sign-ins is short on most hosts; an account
#   that is not in it is only judged if the record goes back far enough. More than the 90 days of PCI DSS passes if it is
#   agreed, and the finding says so.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man1/last.1.html
# custom:
#   severity: medium
#   requires: [linux/shadow_ages, linux/logins]
#   proves:
#     cmmc-l2:
#       "3.5.6[b]": part
#     hipaa-security:
#       164.308(a)(3)(ii)(C): supporting
#     pci-dss-4.0.1:
#       8.2.6: supporting
#   remediation:
#     provider: >-
#       Lock the accounts named here (`usermod -L -e 1`), keep the record of sign-ins for longer than the agreed days
#       (/etc/logrotate.d/wtmp), and let `useradd -D -f` lock new accounts by themselves.
#     internal: >-
#       Say whether somebody still needs the named accounts, and report leavers on their last day.
#   irrelevant:
#     linux/shadow_ages: [algorithm, min, max, warn, inactive, last_change_days]
#     linux/logins: [terminal, from, ended, state]
package checks.linux.inactive_accounts_disabled

import data.lib.datasets
import data.lib.pci_dss
import data.lib.values

shadow_id := "linux/shadow_ages"

logins_id := "linux/logins"

day := (24 * 3600) * 1000000000

limit := input.settings.inactive_days if values.is_whole_number(input.settings.inactive_days)

else := 90

now := time.parse_rfc3339_ns(input.now)

moment(text) := time.parse_rfc3339_ns(text) if {
	is_string(text)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)$`, text)
}

is_login(row) if {
	values.text(row, "account")
	is_number(moment(object.get(row, "began", null)))
}

# The last change only helps an account that is not in the record; null means that it has no age.
is_account(row) if {
	values.text(row, "name")
	row.status in {"set", "locked", "no-password", "empty"}
	every key in ["last_change_days", "expires"] {
		is_days(row, key)
	}
}

is_days(row, key) if {
	values.has(row, key)
	is_null(row[key])
}

is_days(row, key) if values.is_whole_number(object.get(row, key, null))

usable := [row | some row in datasets.rows(shadow_id); is_account(row); row.status in {"set", "empty"}]

days_since(name) := floor((now - max(moments)) / day) if {
	moments := [moment(row.began) | some row in datasets.rows(logins_id); is_login(row); row.account == name]
	count(moments) > 0
}

loose(days) := pci_dss.above(days, 90, "days")

record_days := floor((now - moment(input.datasets[logins_id].meta.begins)) / day)

today := floor(now / day)

verdict(row) := {"outcome": "pass", "because": sprintf("%s has run out and cannot be used", [row.name])} if {
	row.expires <= today
	is_number(row.expires)
}

else := {"outcome": "pass", "because": sprintf("%s signed in %d days ago%s", [row.name, days_since(row.name), loose(days_since(row.name))])} if days_since(row.name) <= limit

else := {"outcome": "fail", "because": sprintf("%s last signed in %d days ago; %d are agreed", [row.name, days_since(row.name), limit])} if days_since(row.name) > limit

else := {"outcome": "pass", "because": sprintf("The password of %s is %d days old, so the account is new or in use%s", [row.name, today - row.last_change_days, loose(today - row.last_change_days)])} if {
	is_number(row.last_change_days)
	row.last_change_days > 0
	today - row.last_change_days <= limit
}

else := {"outcome": "fail", "because": sprintf("%s has not signed in for at least %d days; %d are agreed", [row.name, record_days, limit])} if record_days > limit

else := {"outcome": "unknown", "because": sprintf("%s is not in the record of sign-ins, which does not go back %d days", [row.name, limit])}

findings contains object.union(verdict(row), {"resource": sprintf("account %s", [row.name])}) if {
	datasets.seen(logins_id)
	some row in usable
	is_readable
}

is_readable if {
	every row in datasets.rows(logins_id) {
		is_login(row)
	}
}

findings contains {"resource": "host", "outcome": "unknown", "because": "A sign-in on record is without its account or time"} if {
	some row in datasets.rows(logins_id)
	not is_login(row)
}

findings contains {"resource": "host", "outcome": "unknown", "because": "The state or age of a password is not known"} if {
	some row in datasets.rows(shadow_id)
	not is_account(row)
}

# A system always has accounts: an empty list means that it could not be read.
findings contains {"resource": "host", "outcome": "unknown", "because": "The list of accounts is empty, so it was probably read without privilege"} if {
	datasets.rows(shadow_id) == []
}

findings contains {"resource": "host", "outcome": "not_applicable", "because": "No account on this host has a usable password"} if {
	count(datasets.rows(shadow_id)) > 0
	datasets.seen(logins_id)
	every row in datasets.rows(shadow_id) {
		is_account(row)
		row.status in {"locked", "no-password"}
	}
}
