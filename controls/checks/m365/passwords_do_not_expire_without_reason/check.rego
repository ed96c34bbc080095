# METADATA
# title: Passwords do not expire by the calendar, unless the organization has a reason
# description: >-
#   On every domain where Microsoft itself signs people in, passwords never expire, as current guidance asks, because
#   forced changes make weak passwords. Where a reason exists, such as PCI DSS 8.3.9 for sign-in by password alone, the
#   setting `cloud_password_max_age_days` says so: then passwords must expire within that number of days, and no enabled
#   account may be exempt. A sub-domain follows its parent. Domains with another identity provider are not judged.
# related_resources:
#   - ref: https://learn.microsoft.com/microsoft-365/admin/misc/password-policy-recommendations
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: low
#   requires: [m365/domains]
#   uses: [m365/users]
#   proves:
#     hipaa-security:
#       164.308(a)(5)(ii)(D): supporting
#   remediation:
#     provider: >-
#       In the Microsoft 365 admin centre under Settings, Org settings, Security and privacy, Password expiration policy,
#       choose "Set passwords to never expire", after multi-factor sign-in covers everybody. If the organization wants
#       expiry, set the agreed number of days there, and clear the exemption of each account named here.
#     internal: >-
#       Decide whether passwords must expire and why. If so, have the number of days put into the setting
#       `cloud_password_max_age_days`; if not, lift the expiry.
#   irrelevant:
#     m365/domains: [isDefault, isInitial, passwordNotificationWindowInDays, supportedServices]
#     m365/users: [id, userPrincipalName, displayName, userType]
package checks.m365.passwords_do_not_expire_without_reason

import data.lib.datasets
import data.lib.names
import data.lib.values

domains_id := "m365/domains"

users_id := "m365/users"

never := 2147483647

domains := datasets.rows(domains_id)

agreed := input.settings.cloud_password_max_age_days if {
	values.is_whole_number(input.settings.cloud_password_max_age_days)
	input.settings.cloud_password_max_age_days > 0
}

id_of(domain) := values.lowered(domain, "id")

domain_name(domain) := id_of(domain) if id_of(domain)

else := "a domain without a name"

signs_in(domain) := values.lowered(domain, "authenticationType")

verified := [domain | some domain in domains; domain.isVerified == true; signs_in(domain) == "managed"]

# Neither surely in use nor surely not.
odd := [domain |
	some domain in domains
	not is_clear(domain)
]

is_clear(domain) if {
	id_of(domain)
	domain.isVerified == false
}

is_clear(domain) if {
	id_of(domain)
	domain.isVerified == true
	signs_in(domain) in {"managed", "federated"}
}

parents(domain) := [parent |
	some parent in domains
	endswith(id_of(domain), sprintf(".%s", [id_of(parent)]))
	parent.isVerified == true
]

is_root(domain) if {
	id_of(domain)
	count(parents(domain)) == 0
}

period(domain) := domain.passwordValidityPeriodInDays if values.is_whole_number(domain.passwordValidityPeriodInDays)

verdict(domain) := {"outcome": "unknown", "because": because} if {
	not period(domain)
	because := sprintf("Whether passwords of %s expire is not known (`passwordValidityPeriodInDays`)", [domain_name(domain)])
}

else := {"outcome": "pass", "because": sprintf("Passwords of %s never expire", [domain_name(domain)])} if {
	period(domain) == never
	not agreed
}

else := {"outcome": "fail", "because": because} if {
	not agreed
	because := sprintf("Passwords of %s expire after %d days, and the organization has given no reason (setting `cloud_password_max_age_days`)", [domain_name(domain), period(domain)])
}

else := {"outcome": "fail", "because": because} if {
	period(domain) == never
	because := sprintf("Passwords of %s never expire, though the organization wants them changed after %d days", [domain_name(domain), agreed])
}

else := {"outcome": "fail", "because": because} if {
	period(domain) > agreed
	because := sprintf("Passwords of %s expire after %d days, though the organization wants them changed after %d", [domain_name(domain), period(domain), agreed])
}

else := {"outcome": "pass", "because": sprintf("Passwords of %s expire after %d days, as the organization wants", [domain_name(domain), period(domain)])} if {
	period(domain) > 0
}

else := {"outcome": "unknown", "because": sprintf("%d days is no period after which passwords of %s can expire", [period(domain), domain_name(domain)])}

findings contains object.union(words, {"resource": domain_name(domain)}) if {
	some domain in verified
	is_root(domain)
	words := verdict(domain)
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	count(odd) > 0
	because := sprintf("Whether Microsoft signs people in is not known for %s", [names.few({domain_name(domain) | some domain in odd})])
}

findings contains {"resource": "tenant", "outcome": "not_applicable", "because": because} if {
	datasets.whole(domains_id)
	count(domains) > 0
	count(verified) == 0
	count(odd) == 0
	because := "All domains leave sign-in to another identity provider"
}

# ---- Accounts that are exempt, where passwords are to expire

in_use := [user |
	some user in datasets.rows(users_id)
	not is_disabled(user)
]

is_disabled(user) if user.accountEnabled == false

policies(user) := set() if {
	values.has(user, "passwordPolicies")
	is_null(user.passwordPolicies)
}

else := values.parts(user.passwordPolicies) if is_string(user.passwordPolicies)

user_name(user) := user.userPrincipalName if values.text(user, "userPrincipalName")

else := user.id if values.text(user, "id")

else := "an account without a name"

exempt := {user_name(user) |
	some user in in_use
	user.accountEnabled == true
	"disablepasswordexpiration" in policies(user)
}

unclear := {user_name(user) |
	some user in in_use
	not is_clear_account(user)
}

is_clear_account(user) if {
	user.accountEnabled == true
	policies(user)
}

findings contains {"resource": "accounts", "outcome": "fail", "because": because} if {
	agreed
	count(exempt) > 0
	because := sprintf("Exempt from the expiry of passwords that the organization wants: %s", [names.few(exempt)])
}

findings contains {"resource": "accounts", "outcome": "unknown", "because": "Which accounts are exempt from the expiry of passwords was not read"} if {
	agreed
	not datasets.seen(users_id)
}

findings contains {"resource": "accounts", "outcome": "unknown", "because": because} if {
	agreed
	count(unclear) > 0
	because := sprintf("Whether they are exempt from the expiry of passwords is not known of %s", [names.few(unclear)])
}
