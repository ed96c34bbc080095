# METADATA
# title: The Authenticator app shows which application and place ask
# description: >-
#   Microsoft Authenticator shows the name of the application and the place of the sign-in in its prompts for all
#   users, so that people notice prompts they did not cause. "Microsoft managed" leaves the decision to Microsoft and
#   is no answer. The matching of numbers needs no setting any more and is not judged. Where the app is off, or
#   Conditional Access demands phishing-resistant authentication of everybody, the check does not apply.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/authentication/how-to-mfa-additional-context
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: medium
#   requires: [m365/authentication_methods_policy]
#   uses:
#     - m365/conditional_access_policies
#     - m365/users
#     - m365/conditional_access_group_members
#     - m365/authentication_strength_policies
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.5.3[c]": supporting
#       "3.5.3[d]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.5.1: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Authentication methods, Policies, Microsoft Authenticator, Configure set "Show
#       application name in push and passwordless notifications" and "Show geographic location ..." to Enabled,
#       include All users, exclude nobody.
#     internal: >-
#       Tell employees to deny a prompt whose application or place they do not know, and to report it.
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
#       - authenticationMethodConfigurations.isSoftwareOathEnabled
#       - authenticationMethodConfigurations.featureSettings.numberMatchingRequiredState
#       - authenticationMethodConfigurations.featureSettings.companionAppAllowedState
#       - authenticationMethodConfigurations.featureSettings.displayAppInformationRequiredState.includeTarget.targetType
#       - authenticationMethodConfigurations.featureSettings.displayLocationInformationRequiredState.includeTarget.targetType
#       - authenticationMethodConfigurations.featureSettings.displayAppInformationRequiredState.excludeTarget.targetType
#       - authenticationMethodConfigurations.featureSettings.displayLocationInformationRequiredState.excludeTarget.targetType
#     m365/conditional_access_policies: ["*"]
#     m365/users: ["*"]
#     m365/conditional_access_group_members: ["*"]
#     m365/authentication_strength_policies: ["*"]
package checks.m365.authenticator_shows_context

import data.lib.conditional_access as ca
import data.lib.conditional_access_reach as reach
import data.lib.datasets
import data.lib.values

policy_id := "m365/authentication_methods_policy"

apps := [method |
	some method in datasets.only(policy_id).authenticationMethodConfigurations
	lower(values.text(method, "id")) == "microsoftauthenticator"
]

app := apps[0] if count(apps) == 1

features := {
	"displayAppInformationRequiredState": "the name of the application",
	"displayLocationInformationRequiredState": "the place of the sign-in",
}

feature(key) := app.featureSettings[key]

state(key) := lower(values.text(feature(key), "state"))

# Nobody is exempt by an empty id.
nobody := "00000000-0000-0000-0000-000000000000"

is_targeted(key) if {
	values.text(feature(key).includeTarget, "id")
	values.text(feature(key).excludeTarget, "id")
}

exempt(key) := id if {
	id := values.text(feature(key).excludeTarget, "id")
	id != nobody
}

phishing_resistant := {policy |
	some policy in ca.policies
	ca.effective(policy)
	ca.requires_phishing_resistance(policy)
	reach.always(policy)
	reach.reaches_modern_clients(policy)
}

is_needless if {
	datasets.whole(ca.policies_id)
	reach.cover_applications(phishing_resistant) == "covered"
}

whole := {"outcome": "unknown", "because": "The authentication methods policy does not mention Microsoft Authenticator"} if not app

else := {"outcome": "not_applicable", "because": "Microsoft Authenticator is switched off"} if lower(values.text(app, "state")) == "disabled"

else := {"outcome": "not_applicable", "because": because} if {
	is_needless
	because := sprintf("Conditional Access (%s) demands phishing-resistant authentication of everybody, which the prompts of Microsoft Authenticator are not", [ca.names(phishing_resistant)])
}

else := {"outcome": "unknown", "because": "The authentication methods policy does not say in known words whether Microsoft Authenticator is on"} if {
	not lower(values.text(app, "state")) == "enabled"
}

verdict(key, text) := {"outcome": "unknown", "because": sprintf("Whether Microsoft Authenticator shows %s is not said", [text])} if not state(key)

else := {"outcome": "fail", "because": sprintf("Microsoft Authenticator does not show %s", [text])} if state(key) == "disabled"

else := {"outcome": "unknown", "because": because} if {
	state(key) == "default"
	because := sprintf("Whether Microsoft Authenticator shows %s is left to Microsoft (\"Microsoft managed\"), which decides when and for whom", [text])
}

else := {"outcome": "unknown", "because": sprintf("Whether Microsoft Authenticator shows %s is not said in known words", [text])} if state(key) != "enabled"

else := {"outcome": "unknown", "because": sprintf("To whom Microsoft Authenticator shows %s, and to whom not, is not said", [text])} if {
	not is_targeted(key)
}

else := {"outcome": "fail", "because": because} if {
	lower(feature(key).includeTarget.id) != "all_users"
	because := sprintf("Microsoft Authenticator shows %s only to `%s`", [text, feature(key).includeTarget.id])
}

else := {"outcome": "fail", "because": sprintf("Microsoft Authenticator does not show %s to `%s`", [text, exempt(key)])} if exempt(key)

else := {"outcome": "pass", "because": sprintf("Microsoft Authenticator shows %s to all users", [text])}

findings contains object.union(whole, {"resource": "tenant"}) if whole

findings contains finding if {
	not whole
	some key, text in features
	found := verdict(key, text)
	finding := object.union(found, {"resource": text})
}
