# Secrets and certificates of applications: on their registration and on the service principal that acts in the tenant.
#
# What proves who the application is are its client secrets and the certificates it verifies itself by. Certificates
# with which the tenant signs tokens for the application (SAML), with their passwords and public halves, and those that
# only encrypt tokens, are something else and are kept apart. Start with `secrets` and `certificates`.
package lib.app_credentials

import data.lib.times
import data.lib.values

app_name(app) := app.displayName if values.text(app, "displayName")

else := app.appId if values.text(app, "appId")

else := "an application without a name"

known_usages := {"verify", "sign", "encrypt"}

usage(key) := values.lowered(key, "usage") if values.lowered(key, "usage") in known_usages

# Both lists are there and everything in them is dated and of a known use.
is_clear(app) if {
	is_array(app.passwordCredentials)
	is_array(app.keyCredentials)
	every secret in app.passwordCredentials {
		is_dated(secret)
	}
	every key in app.keyCredentials {
		is_dated(key)
		usage(key)
	}
}

is_dated(credential) if {
	times.at(object.get(credential, "startDateTime", null))
	times.at(object.get(credential, "endDateTime", null))
}

# The identifiers of what signs tokens; the password and the public half of such a certificate have the same one.
signing(app) := {key.customKeyIdentifier |
	some key in values.list(app, "keyCredentials")
	usage(key) == "sign"
	is_string(key.customKeyIdentifier)
}

secrets(app) := apart(values.list(app, "passwordCredentials"), signing(app))

certificates(app) := apart([key | some key in values.list(app, "keyCredentials"); usage(key) == "verify"], signing(app))

# Without what belongs to the certificates that sign.
apart(credentials, signing_ids) := credentials if count(signing_ids) == 0

else := [credential |
	some credential in credentials
	not object.get(credential, "customKeyIdentifier", null) in signing_ids
]

has_ended(credential) if times.at(credential.endDateTime) < times.now

valid(credentials) := [credential | some credential in credentials; not has_ended(credential)]

days(credential) := times.days_between(credential.startDateTime, credential.endDateTime)
