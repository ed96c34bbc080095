# METADATA
# title: Administrators must sign in again after a few hours
# description: >-
#   Conditional Access policies in force make everybody who holds a privileged role sign in again at least every four
#   hours, and let no browser stay signed in after it is closed, for every application. Two policies may share this. A
#   frequency that asks only for the second factor does not count. Which roles must be reached, and who may be exempt,
#   is as in the check of multifactor authentication for administrators.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/concept-session-lifetime
# custom:
#   severity: medium
#   requires: [m365/conditional_access_policies]
#   uses: [m365/users, m365/conditional_access_group_members, m365/role_assignments]
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.1.11[b]": supporting
#       "3.1.10[b]": supporting
#     hipaa-security:
#       164.312(a)(2)(iii): supporting
#     pci-dss-4.0.1:
#       8.2.8: supporting
#   remediation:
#     provider: >-
#       Switch on a Conditional Access policy for the named directory roles and all resources with the session
#       controls Sign-in frequency: 4 hours or less (or every time) and Persistent browser session: Never persistent.
#       Exempt nothing but the declared emergency accounts.
#     internal: >-
#       Agree after how many hours an administrator has to sign in again, and have administrators use an account of
#       its own for administration, so that daily work is not interrupted.
#   irrelevant:
#     m365/conditional_access_policies:
#       - id
#       - displayName
#       - description
#       - templateId
#       - createdDateTime
#       - modifiedDateTime
#       - conditions.users.includeGroups
#       - conditions.users.includeGuestsOrExternalUsers
#       - grantControls.builtInControls
#       - grantControls.operator
#       - grantControls.customAuthenticationFactors
#       - grantControls.termsOfUse
#       - sessionControls.applicationEnforcedRestrictions
#       - sessionControls.cloudAppSecurity
#       - sessionControls.disableResilienceDefaults
#       - sessionControls.secureSignInSession
#     m365/users: [displayName, userType]
#     m365/conditional_access_group_members: [code]
#     m365/role_assignments: [id, principalId, principal, resourceScope, condition, principalOrganizationId, appScopeId]
#   optional:
#     m365/conditional_access_policies:
#       - conditions.platforms
#       - conditions.locations
#       - conditions.signInRiskLevels
#       - conditions.userRiskLevels
#       - conditions.insiderRiskLevels
#       - conditions.servicePrincipalRiskLevels
#       - conditions.authenticationFlows
#       - conditions.clientApplications
#       - conditions.devices
#       - conditions.times
#       - conditions.applications.includeUserActions
#       - conditions.applications.includeAuthenticationContextClassReferences
#       - conditions.applications.applicationFilter
#       - conditions.users.excludeGuestsOrExternalUsers
#       - grantControls.authenticationStrength
#       - grantControls.customAuthenticationFactors
#       - grantControls.termsOfUse
#       - conditions.users.includeRoles
#       - grantControls
#       - sessionControls.signInFrequency
#       - sessionControls.persistentBrowser
#       - sessionControls.signInFrequency.value
#       - sessionControls.signInFrequency.type
#     m365/conditional_access_group_members: [items]
package checks.m365.admin_sign_in_frequency_limited

import data.lib.conditional_access as ca
import data.lib.conditional_access_admins as admins
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words
import data.lib.values

longest_hours := 4

frequency(policy) := policy.sessionControls.signInFrequency

is_frequent(policy) if {
	frequency(policy).isEnabled == true
	asks_for_everything(policy)
	interval(policy) == "everytime"
}

is_frequent(policy) if {
	asks_for_everything(policy)
	hours(policy) <= longest_hours
}

hours(policy) := frequency(policy).value if {
	frequency(policy).isEnabled == true
	interval(policy) == "timebased"
	is_number(frequency(policy).value)
	lower(values.text(frequency(policy), "type")) == "hours"
}

else := frequency(policy).value * 24 if {
	frequency(policy).isEnabled == true
	interval(policy) == "timebased"
	is_number(frequency(policy).value)
	lower(values.text(frequency(policy), "type")) == "days"
}

interval(policy) := lower(values.text(frequency(policy), "frequencyInterval"))

asks_for_everything(policy) if lower(values.text(frequency(policy), "authenticationType")) == "primaryandsecondaryauthentication"

is_never_persistent(policy) if {
	policy.sessionControls.persistentBrowser.isEnabled == true
	lower(values.text(policy.sessionControls.persistentBrowser, "mode")) == "never"
}

# A frequency that is on and not in known words.
is_odd(policy) if {
	frequency(policy).isEnabled == true
	not interval(policy) == "everytime"
	not hours(policy) >= 0
}

is_odd(policy) if {
	frequency(policy).isEnabled == true
	not asks_for_everything(policy)
	not lower(values.text(frequency(policy), "authenticationType")) == "secondaryauthentication"
}

always := {policy |
	some policy in ca.policies
	ca.effective(policy)
	reach.always(policy)
}

# Not understood, and not certainly about something else.
unclear(control) := {policy |
	some policy in ca.policies
	ca.unclear(policy)
	not values.unset(object.get(policy, "sessionControls", {}), control)
	not reach.is_narrower(policy, "")
} | {policy |
	some policy in always
	control == "signInFrequency"
	is_odd(policy)
}

parts(set) := {client: reach.reaching_all_applications(some_set) | some client, some_set in reach.by_client(set)}

by_frequency := admins.decide({
	"parts": parts({policy | some policy in always; is_frequent(policy)}),
	"unclear": unclear("signInFrequency"),
	"done": "Conditional Access (%s) makes everybody with a privileged role sign in again within four hours",
	"undone": "the Conditional Access policies do not make everybody with a privileged role sign in again within four hours",
	"open": "A new sign-in within four hours is not demanded of %s",
	"none": "No Conditional Access policy in force makes administrators sign in again within four hours for every application",
	"defaults": "",
})

by_browser := admins.decide({
	"parts": {"browsers": reach.reaching_all_applications({policy |
		some policy in always
		is_never_persistent(policy)
		reach.reaches_client(policy, "browser")
	})},
	"unclear": unclear("persistentBrowser"),
	"done": "Conditional Access (%s) lets no browser of anybody with a privileged role stay signed in",
	"undone": "the Conditional Access policies let browsers of people with a privileged role stay signed in",
	"open": "Browsers may stay signed in for %s",
	"none": "No Conditional Access policy in force keeps browsers of administrators from staying signed in, for every application",
	"defaults": "",
})

findings contains object.union(by_frequency, {"resource": "sign-in frequency"})

findings contains object.union(by_browser, {"resource": "browser sessions"})

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, admins.shortcomings(policy, "") | too_long(policy)) if {
	by_frequency.outcome == "fail"
	some policy in ca.policies
	frequency(policy).isEnabled == true
}

too_long(policy) := {sprintf("it allows %v hours", [hours(policy)])} if hours(policy) > longest_hours

else := {"it asks only for the second factor again"} if lower(values.text(frequency(policy), "authenticationType")) == "secondaryauthentication"

else := set()
