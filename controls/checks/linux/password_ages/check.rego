# METADATA
# title: Passwords are changed in time
# description: >-
#   Every local password must be changed after at most the agreed number of days (setting `password_max_age_days`,
#   90 if none is agreed) and is not older than that. Where another factor is always asked, an organization may
#   decide that this does not bind it. More than the 90 days of PCI DSS passes if it is agreed, and the finding says so.
#   PCI DSS 8.3.9 leaves out accounts that need another factor too, or whose risk is judged at each sign-in; that is not
#   seen here.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man5/shadow.5.html
# custom:
#   severity: low
#   requires: [linux/shadow_ages]
#   proves:
#     hipaa-security:
#       164.308(a)(5)(ii)(D): supporting
#     pci-dss-4.0.1:
#       8.3.9: supporting
#   remediation:
#     provider: >-
#       Set `PASS_MAX_DAYS` for new accounts and `chage -M` for those named here, and move people to keys or a
#       second factor where rotation is not wanted.
#     internal: >-
#       Agree on the number of days or on the second factor that replaces rotation, and tell the people concerned. For
#       PCI DSS state which accounts need another factor, and name this check.
#   irrelevant:
#     linux/shadow_ages: [name, algorithm, min, warn, inactive, expires]
package checks.linux.password_ages

import data.lib.datasets
import data.lib.pci_dss
import data.lib.values

shadow_id := "linux/shadow_ages"

limit := input.settings.password_max_age_days if values.is_whole_number(input.settings.password_max_age_days)

else := 90

today := floor(time.parse_rfc3339_ns(input.now) / ((24 * 3600) * 1000000000))

account(row) := row.name if values.text(row, "name")

else := "an account without a name"

is_understood(row) if {
	every key in ["max", "last_change_days"] {
		values.has(row, key)
		is_days(row[key])
	}
}

is_days(value) if is_null(value)

is_days(value) if values.is_whole_number(value)

verdict(row) := {"outcome": "unknown", "because": sprintf("When the password of %s was changed and must be changed is not known", [account(row)])} if {
	not is_understood(row)
}

else := {"outcome": "fail", "because": sprintf("The password of %s never has to be changed", [account(row)])} if {
	is_null(row.max)
}

else := {"outcome": "fail", "because": sprintf("The password of %s has to be changed only after %d days; %d are agreed", [account(row), row.max, limit])} if {
	row.max > limit
}

else := {"outcome": "fail", "because": sprintf("The ageing of the password of %s is switched off", [account(row)])} if {
	is_null(row.last_change_days)
}

else := {"outcome": "pass", "because": sprintf("The password of %s must be changed at the next sign-in%s", [account(row), loose(row)])} if {
	row.last_change_days == 0
}

else := {"outcome": "fail", "because": sprintf("The password of %s is %d days old; %d are agreed", [account(row), today - row.last_change_days, limit])} if {
	today - row.last_change_days > limit
}

else := {"outcome": "pass", "because": sprintf("The password of %s is changed in time%s", [account(row), loose(row)])}

loose(row) := pci_dss.above(row.max, 90, "days")

findings contains object.union(verdict(row), {"resource": sprintf("account %s", [account(row)])}) if {
	some row in datasets.rows(shadow_id)
	row.status == "set"
}

findings contains {"resource": sprintf("account %s", [account(row)]), "outcome": "unknown", "because": because} if {
	some row in datasets.rows(shadow_id)
	not object.get(row, "status", null) in {"set", "locked", "no-password", "empty"}
	because := sprintf("The state of the password of %s is not known", [account(row)])
}

# A system always has accounts: an empty list means that it could not be read.
findings contains {"resource": "host", "outcome": "unknown", "because": "The list of accounts is empty, so it was probably read without privilege"} if {
	datasets.rows(shadow_id) == []
}

findings contains {"resource": "host", "outcome": "not_applicable", "because": "No account on this host has a password"} if {
	count(datasets.rows(shadow_id)) > 0
	every row in datasets.rows(shadow_id) {
		object.get(row, "status", null) in {"locked", "no-password", "empty"}
	}
}
