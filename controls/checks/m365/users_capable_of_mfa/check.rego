# METADATA
# title: Everybody is able to use multifactor authentication
# description: >-
#   Every member account that Microsoft's registration report lists has a method with which it can pass multifactor
#   authentication now (`isMfaCapable`; registered alone is not enough). Where the user accounts were read, enabled
#   ones without any licence and role are not counted, and enabled licensed ones that the report leaves out stay open.
#   Guests use the methods of their own tenant and are not counted, nor are accounts of directory synchronization. A
#   capable account is not yet made to use it.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/authentication/howto-authentication-methods-activity
# custom:
#   severity: high
#   requires: [m365/user_registration_details]
#   uses: [m365/users]
#   proves:
#     cmmc-l2:
#       "3.5.3[d]": supporting
#       "3.5.3[c]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.4.2: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Authentication methods, User registration details filter for "Not capable".
#       Turn the registration campaign on for these people, or give them a Temporary Access Pass and a security key.
#       Disable accounts that nobody uses.
#     internal: >-
#       See to it that the named people register a second factor, and say which of the accounts belong to nobody any
#       more.
#   irrelevant:
#     m365/user_registration_details:
#       - userDisplayName
#       - isSsprRegistered
#       - isSsprEnabled
#       - isSsprCapable
#       - isMfaRegistered
#       - isPasswordlessCapable
#       - isSystemPreferredAuthenticationMethodEnabled
#       - systemPreferredAuthenticationMethods
#       - userPreferredMethodForSecondaryAuthentication
#       - defaultMfaMethod
#       - methodsRegistered
#       - isAdmin
#     m365/users: [displayName, createdDateTime, assignedPlans]
package checks.m365.users_capable_of_mfa

import data.lib.datasets
import data.lib.names
import data.lib.values

report_id := "m365/user_registration_details"

named := values.words(object.get(input, ["settings", "directory_sync_accounts"], []))

# They cannot answer a prompt: what copies a directory on site into the cloud signs in with such an account.
is_synchronization(row) if startswith(values.lowered(row, "userPrincipalName"), "sync_")

is_synchronization(row) if {
	count(named) > 0
	some key in ["userPrincipalName", "id"]
	values.lowered(row, key) in named
}

name(row) := row.userPrincipalName if values.text(row, "userPrincipalName")

else := row.id if values.text(row, "id")

else := "an account without a name"

is_named(row) if {
	values.text(row, "id")
	values.text(row, "userPrincipalName")
}

kind(row) := values.lowered(row, "userType")

# Microsoft renews the report about once a day; a week is too long. Also catches times that are none (the year 1).
is_fresh(row) if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9.]+Z$`, values.text(row, "lastUpdatedDateTime"))
	collected_at - time.parse_rfc3339_ns(row.lastUpdatedDateTime) < week
}

collected_at := time.parse_rfc3339_ns(input.datasets[report_id].collected_at)

week := (((7 * 24) * 3600) * 1000) * 1000000

users_id := "m365/users"

accounts := {lower(user.id): user | some user in datasets.rows(users_id); is_string(user.id)}

# An enabled member with neither a licence nor a role, as far as the user accounts tell.
is_idle(row) if {
	row.isAdmin == false
	accounts[values.lowered(row, "id")].assignedLicenses == []
}

is_disabled(row) if accounts[values.lowered(row, "id")].accountEnabled == false

counted := [row |
	some row in datasets.rows(report_id)
	not kind(row) == "guest"
	not is_synchronization(row)
	not is_idle(row)
	not is_disabled(row)
]

verdict(row) := {"outcome": "unknown", "because": sprintf("The report does not say whose row this is (%s)", [name(row)])} if not is_named(row)

else := {"outcome": "unknown", "because": sprintf("`%s`: the report does not say whether it is a member or a guest", [name(row)])} if {
	not kind(row) == "member"
}

else := {"outcome": "unknown", "because": because} if {
	not is_fresh(row)
	because := sprintf("`%s`: the report was last renewed for it at %v, which is too long ago", [name(row), object.get(row, "lastUpdatedDateTime", null)])
}

else := {"outcome": "fail", "because": sprintf("`%s` has no method for multifactor authentication that it can use", [name(row)])} if {
	row.isMfaCapable == false
}

else := {"outcome": "unknown", "because": sprintf("`%s`: the report does not say whether it is capable of multifactor authentication", [name(row)])} if {
	not row.isMfaCapable == true
}

shortcomings := [finding |
	some row in counted
	found := verdict(row)
	finding := object.union(found, {"resource": name(row)})
]

findings contains finding if some finding in shortcomings

# Licensed people whom the report leaves out.
reported := {lower(row.id) | some row in datasets.rows(report_id); is_string(row.id)}

missing := sort([sprintf("`%s`", [name(user)]) |
	some id, user in accounts
	user.accountEnabled == true
	not id in reported
	kind(user) == "member"
	count(user.assignedLicenses) > 0
	not is_synchronization(user)
])

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	count(missing) > 0
	because := sprintf("The report leaves out enabled, licensed accounts (%d): %s", [count(missing), names.listed(missing)])
}

findings contains {"resource": "tenant", "outcome": "pass", "because": because} if {
	count(counted) > 0
	count(shortcomings) == 0
	because := sprintf("All %d member accounts that count can use multifactor authentication (not counted: %d guests, synchronization accounts and accounts without licence and role)", [count(counted), count(datasets.rows(report_id)) - count(counted)])
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": "The registration report lists no member account that counts, which no tenant in use can be"} if {
	count(counted) == 0
}
