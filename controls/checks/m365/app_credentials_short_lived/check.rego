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

# Registrations, and what acts in the tenant but for managed identities, each with a word on where that is.
judged := [{"app": app, "place": ""} | some app in datasets.rows(applications_id)]

acting := [{"app": principal, "place": " (in the tenant, not on its registration)"} |
	some principal in datasets.rows(principals_id)
	type(principal) != "managedidentity"
]

of_unknown_type := [principal |
	some principal in datasets.rows(principals_id)
	not type(principal)
]

# Those that say nothing of themselves are left to the unknowns.
datable(list) := [credential | some credential in list; credentials.is_dated(credential)]

too_long(secrets, certificates) := {text |
	some part in [
		{"list": secrets, "noun": "secret", "limit": secret_limit},
		{"list": certificates, "noun": "certificate", "limit": certificate_limit},
	]
	ages := [days |
		some credential in credentials.valid(part.list)
		days := credentials.days(credential)
		days > part.limit + 1
	]
	count(ages) > 0
	text := sprintf("%s of up to %d days, and %d are allowed", [names.some_of(count(ages), part.noun), max(ages), part.limit])
}

tail(list) := sprintf("; besides, %s should be deleted", [names.some_of(ended, "expired one")]) if {
	ended := count([credential | some credential in list; credentials.has_ended(credential)])
	ended > 0
}

else := ""

# What is wrong with one application; the second and third argument are those of its credentials that are dated.
verdict(name, secrets, certificates, is_clear) := {"outcome": "fail", "because": because} if {
	faults := too_long(secrets, certificates)
	count(faults) > 0
	because := sprintf("%s has %s%s", [name, concat("; ", sort(faults)), tail(array.concat(secrets, certificates))])
}

else := {"outcome": "unknown", "because": sprintf("Which secrets and certificates %s has and how long they live is not known", [name])} if {
	not is_clear
}

else := {"outcome": "pass", "because": because} if {
	count(secrets) + count(certificates) > 0
	because := sprintf("%s has no valid secret or certificate that lives too long%s", [name, tail(array.concat(secrets, certificates))])
}

clear_of(app) := true if credentials.is_clear(app)

else := false

# Nothing to look at and nothing in doubt.
is_bare(app) if {
	app.passwordCredentials == []
	app.keyCredentials == []
}

findings contains object.union(words, {"resource": credentials.app_name(thing.app)}) if {
	some thing in array.concat(judged, acting)
	not is_bare(thing.app)
	name := sprintf("%s%s", [credentials.app_name(thing.app), thing.place])
	secrets := datable(credentials.secrets(thing.app))
	certificates := datable(credentials.certificates(thing.app))
	words := verdict(name, secrets, certificates, clear_of(thing.app))
}

findings contains {"resource": credentials.app_name(principal), "outcome": "unknown", "because": because} if {
	some principal in of_unknown_type
	because := sprintf("What kind of application %s is, is not known", [credentials.app_name(principal)])
}

findings contains {"resource": "tenant", "outcome": "pass", "because": "No application has a secret or a certificate to prove itself by"} if {
	datasets.whole(applications_id)
	datasets.whole(principals_id)
	count(of_unknown_type) == 0
	every thing in array.concat(judged, acting) {
		credentials.is_clear(thing.app)
		count(credentials.secrets(thing.app)) + count(credentials.certificates(thing.app)) == 0
	}
}
