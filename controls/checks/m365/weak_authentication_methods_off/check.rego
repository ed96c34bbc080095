# METADATA
# title: Text messages, calls and mail are no second factor
# description: >-
#   In the authentication methods policy SMS, voice calls and one-time passcodes by mail are off. A method that is on
#   for one small group is on. While the tenant still also uses the older settings for multifactor authentication and
#   password reset, which cannot be read, the check stays open; a tenant that never had them reports nothing about it,
#   which is fine.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/authentication/concept-authentication-methods-manage
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: high
#   requires: [m365/authentication_methods_policy]
#   proves:
#     cmmc-l2:
#       "3.5.3[c]": supporting
#       "3.5.3[d]": supporting
#       "3.5.4[a]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.5.1: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Authentication methods, Policies set SMS, Voice call and Email OTP to
#       disabled, after everybody they are on for has registered the Authenticator app or a passkey. Then finish the
#       migration there ("Manage migration", "Migration complete"), so that the older settings no longer count.
#     internal: >-
#       Give people without a smartphone a security key, and agree how somebody without any method is helped at the
#       service desk.
#   irrelevant:
#     m365/authentication_methods_policy:
#       - id
#       - displayName
#       - description
#       - policyVersion
#       - lastModifiedDateTime
#       - reconfirmationInDays
#       - registrationEnforcement
#       - reportSuspiciousActivitySettings
#       - systemCredentialPreferences
#       - policyMigrationState
#       - authenticationMethodConfigurations.@odata.type
#       - authenticationMethodConfigurations.includeTargets
#       - authenticationMethodConfigurations.excludeTargets
#       - authenticationMethodConfigurations.allowExternalIdToUseEmailOtp
#       - authenticationMethodConfigurations.isOfficePhoneAllowed
#       - authenticationMethodConfigurations.isAttestationEnforced
#       - authenticationMethodConfigurations.isSelfServiceRegistrationAllowed
#       - authenticationMethodConfigurations.keyRestrictions
#       - authenticationMethodConfigurations.isSoftwareOathEnabled
#       - authenticationMethodConfigurations.featureSettings
package checks.m365.weak_authentication_methods_off

import data.lib.datasets
import data.lib.names
import data.lib.values

policy_id := "m365/authentication_methods_policy"

policy := datasets.only(policy_id)

# As the admin centre calls them.
weak := {"sms": "SMS", "voice": "Voice call", "email": "Email OTP"}

# Every method that the policy lists must be readable, or the weak ones may hide among the rest.
is_understood if {
	is_array(policy.authenticationMethodConfigurations)
	every method in policy.authenticationMethodConfigurations {
		values.text(method, "id")
		lower(values.text(method, "state")) in {"enabled", "disabled"}
	}
}

states(id) := {lower(method.state) |
	some method in policy.authenticationMethodConfigurations
	lower(values.text(method, "id")) == id
	is_string(method.state)
}

# The older settings no longer count. A tenant that never had them has no state of migration.
is_migrated if values.unset(policy, "policyMigrationState")

is_migrated if lower(values.text(policy, "policyMigrationState")) == "migrationcomplete"

verdict(id, name) := {"outcome": "fail", "because": because} if {
	"enabled" in states(id)
	because := sprintf("The method %s is on %s", [name, targets(id)])
}

else := {"outcome": "unknown", "because": sprintf("Whether %s is off cannot be told: the authentication methods policy lists methods without a known state", [name])} if {
	not is_understood
}

else := {"outcome": "unknown", "because": sprintf("The authentication methods policy does not mention the method %s", [name])} if count(states(id)) == 0

else := {"outcome": "unknown", "because": because} if {
	not is_migrated
	because := sprintf("%s is off in the authentication methods policy, but older settings, which cannot be read, count too until the migration is complete (`policyMigrationState` is `%v`)", [name, policy.policyMigrationState])
}

else := {"outcome": "pass", "because": sprintf("The method %s is off", [name])} if states(id) == {"disabled"}

# On for one small group is on.
targets(id) := "for all users" if "all_users" in target_ids(id)

else := sprintf("for some: %s", [names.listed(sort({sprintf("`%s`", [target]) | some target in target_ids(id)}))]) if {
	count(target_ids(id)) > 0
}

else := "(for whom is not said)"

target_ids(id) := {lower(target.id) |
	some method in policy.authenticationMethodConfigurations
	lower(values.text(method, "id")) == id
	some target in method.includeTargets
	is_string(target.id)
}

findings contains finding if {
	some id, name in weak
	found := verdict(id, name)
	finding := object.union(found, {"resource": name})
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": "The authentication methods policy was not read as one object"} if not policy
