# METADATA
# title: Secrets and certificates of applications live only for a time
# description: >-
#   No valid client secret of an application was made to live longer than 180 days, and no certificate longer than
#   365; one day more is let pass. Both places count: the registration, and the service principal in the tenant.
#   Expired ones are named, but do no harm. Certificates that sign or encrypt tokens, such as those of SAML sign-in, and
#   managed identities, whose certificates Azure renews itself, are not judged. The settings `app_secret_max_days` and
#   `app_certificate_max_days` may name other numbers.
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/passwordcredential
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: medium
#   requires: [m365/applications, m365/service_principals]
#   proves:
#     cmmc-l2:
#       "3.5.2[b]": supporting
#       "3.13.10[b]": supporting
#     hipaa-security:
#       164.308(a)(5)(ii)(D): supporting
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.6.3: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under App registrations, Certificates and secrets, make a new certificate of at most a
#       year or a secret of at most 180 days for each application named here, put it in place, and delete the old one.
#       Set an application management policy, so that longer ones can no longer be made.
#     internal: >-
#       Name who answers for each application and renews its secret in time; ask the makers of bought programs whether
#       they can use a managed identity or a certificate.
#   irrelevant:
#     m365/applications: [id, appId, displayName, passwordCredentials.displayName, passwordCredentials.keyId, passwordCredentials.hint, passwordCredentials.secretText, keyCredentials.displayName, keyCredentials.keyId, keyCredentials.key, keyCredentials.type]
#     m365/service_principals: [id, appId, displayName, accountEnabled, appOwnerOrganizationId, passwordCredentials.displayName, passwordCredentials.keyId, passwordCredentials.hint, passwordCredentials.secretText, keyCredentials.displayName, keyCredentials.keyId, keyCredentials.key, keyCredentials.type]
#   optional:
#     m365/applications: [passwordCredentials.customKeyIdentifier, keyCredentials.customKeyIdentifier]
#     m365/service_principals: [passwordCredentials.customKeyIdentifier, keyCredentials.customKeyIdentifier]
package checks.m365.app_credentials_short_lived

import data.lib.app_credentials as credentials
import data.lib.datasets
import data.lib.names
import data.lib.values

applications_id := "m365/applications"

principals_id := "m365/service_principals"

secret_limit := input.settings.app_secret_max_days if is_limit(input.settings.app_secret_max_days)

else := 180

certificate_limit := input.settings.app_certificate_max_days if is_limit(input.settings.app_certificate_max_days)

else := 365

is_limit(value) if {
	values.is_whole_number(value)
	value > 0
}

known_types := {"application", "legacy", "socialidp", "managedidentity"}

type(principal) := values.lowered(principal, "servicePrincipalType") if {
	values.lowered(principal, "servicePrincipalType") in known_types
}

registrations := {app | some app in datasets.rows(applications_id)}

principals := {principal |
	some principal in datasets.rows(principals_id)
	type(principal) != "managedidentity"
}

judged := registrations | principals

of_unknown_type := {principal |
	some principal in datasets.rows(principals_id)
	not type(principal)
}

long(list, limit) := [credentials.days(credential) |
	some credential in credentials.valid(list)
	credentials.days(credential) > limit + 1
]

# Those that say nothing of themselves are left to the unknowns.
datable(list) := [credential | some credential in list; credentials.is_dated(credential)]

too_long(app) := {text |
	some part in [
		{"list": long(datable(credentials.secrets(app)), secret_limit), "noun": "secret", "limit": secret_limit},
		{"list": long(datable(credentials.certificates(app)), certificate_limit), "noun": "certificate", "limit": certificate_limit},
	]
	count(part.list) > 0
	text := sprintf("%s of up to %d days, and %d are allowed", [names.some_of(count(part.list), part.noun), max(part.list), part.limit])
}

expired(app) := count([credential |
	some credential in array.concat(datable(credentials.secrets(app)), datable(credentials.certificates(app)))
	credentials.has_ended(credential)
])

tail(app) := sprintf("; besides, %s should be deleted", [names.some_of(expired(app), "expired one")]) if expired(app) > 0

else := ""

place(app) := "" if app in registrations

else := " (in the tenant, not on its registration)"

verdict(app) := {"outcome": "fail", "because": because} if {
	count(too_long(app)) > 0
	because := sprintf("%s%s has %s%s", [credentials.app_name(app), place(app), concat("; ", sort(too_long(app))), tail(app)])
}

else := {"outcome": "unknown", "because": because} if {
	not credentials.is_clear(app)
	because := sprintf("Which secrets and certificates %s%s has and how long they live is not known", [credentials.app_name(app), place(app)])
}

else := {"outcome": "pass", "because": because} if {
	count(credentials.secrets(app)) + count(credentials.certificates(app)) > 0
	because := sprintf("%s%s has no valid secret or certificate that lives too long%s", [credentials.app_name(app), place(app), tail(app)])
}

findings contains object.union(words, {"resource": credentials.app_name(app)}) if {
	some app in judged
	words := verdict(app)
}

findings contains {"resource": credentials.app_name(principal), "outcome": "unknown", "because": because} if {
	some principal in of_unknown_type
	because := sprintf("What kind of application %s is, is not known", [credentials.app_name(principal)])
}

findings contains {"resource": "tenant", "outcome": "pass", "because": "No application has a secret or a certificate to prove itself by"} if {
	datasets.whole(applications_id)
	datasets.whole(principals_id)
	every app in judged {
		credentials.is_clear(app)
		count(credentials.secrets(app)) + count(credentials.certificates(app)) == 0
	}
	count(of_unknown_type) == 0
}
