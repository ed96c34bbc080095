# METADATA
# title: Users at high risk are blocked or must prove themselves and change their password
# description: >-
#   With Entra ID P2: Conditional Access policies in force block everybody whose account is rated at high risk, or
#   demand multifactor authentication and a new password (or Microsoft's own risk remediation), for every application.
#   The risk must be the only condition. Only declared emergency access and directory synchronization may be exempt.
#   Without P2 the check does not apply, which proves nothing. The older risk policies of Identity Protection cannot
#   be read and do not count.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-risk-based-user
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: high
#   requires: [m365/conditional_access_policies, m365/subscribed_skus]
#   uses: [m365/users, m365/conditional_access_group_members, m365/authentication_strength_policies]
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.14.7[b]": supporting
#       "3.6.1[e]": supporting
#     hipaa-security:
#       164.308(a)(6)(ii): supporting
#     pci-dss-4.0.1:
#       8.3.1: supporting
#       10.4.3: supporting
#   remediation:
#     provider: >-
#       Switch on a Conditional Access policy for all users and all resources with the condition User risk: High,
#       alone, and the grant "Block access", or "Require authentication strength" and "Require password change" with
#       "Require all the selected controls". Keep sign-in risk in a policy of its own. Exempt nothing but the declared
#       emergency accounts.
#     internal: >-
#       Agree who may release a blocked account, how that person is reached at night, and that each case is written
#       down.
#   irrelevant:
#     m365/conditional_access_policies:
#       - id
#       - displayName
#       - description
#       - templateId
#       - createdDateTime
#       - modifiedDateTime
#       - sessionControls
#       - conditions.users.includeGroups
#       - conditions.users.includeRoles
#       - conditions.users.includeGuestsOrExternalUsers
#       - grantControls.authenticationStrength.id
#       - grantControls.authenticationStrength.displayName
#       - grantControls.authenticationStrength.requirementsSatisfied
#     m365/users: [displayName, userType]
#     m365/conditional_access_group_members: [code]
#     m365/authentication_strength_policies:
#       - displayName
#       - description
#       - policyType
#       - requirementsSatisfied
#       - createdDateTime
#       - modifiedDateTime
#       - combinationConfigurations
#     m365/subscribed_skus:
#       - skuPartNumber
#       - skuId
#       - prepaidUnits
#       - consumedUnits
#       - servicePlans.servicePlanId
#       - servicePlans.appliesTo
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
#     m365/conditional_access_group_members: [items]
package checks.m365.high_risk_users_handled

import data.lib.conditional_access as ca
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words
import data.lib.licences

handling := {policy |
	some policy in ca.policies
	ca.effective(policy)
	"high" in ca.levels(policy, "userRiskLevels")
	reach.only_when(policy, "userRiskLevels")
	handles(policy)
}

handles(policy) if ca.blocks(policy)

# Two demands at once; one of them alone would leave a stolen password in use.
handles(policy) if {
	ca.asks_for_mfa(policy)
	"passwordchange" in ca.grants(policy)
	ca.operator(policy) == "and"
}

handles(policy) if {
	"riskremediation" in ca.grants(policy)
	ca.operator(policy) == "and"
}

handles(policy) if {
	"riskremediation" in ca.grants(policy)
	count(ca.grants(policy) - {"riskremediation", "mfa"}) == 0
	count(ca.other_lists(policy) | ca.weak_strength(policy)) == 0
}

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	may_handle(policy)
	not reach.is_narrower(policy, "userRiskLevels")
}

may_handle(policy) if {
	ca.unclear(policy)
	not ca.demands_nothing(policy)
}

decision := {"outcome": "not_applicable", "because": because} if {
	licences.entra_id_p2 == "no"
	because := "The tenant has no Entra ID P2 licence, without which Microsoft does not rate risk and no policy can act on it"
}

else := {"outcome": "unknown", "because": because} if {
	licences.entra_id_p2 == "unclear"
	because := "Whether the tenant has an Entra ID P2 licence, without which no policy acts on risk, cannot be told from the licences that were read"
}

else := verdicts.decide({
	"parts": {client: reach.reaching_all_applications(set) | some client, set in reach.by_client(handling)},
	"unclear": unclear,
	"done": "Conditional Access (%s) blocks users at high risk, or makes them prove themselves and change their password",
	"undone": "the Conditional Access policies do not handle a high user risk for everybody",
	"open": "A high user risk has no consequence for %s",
	"none": "No Conditional Access policy in force acts on high user risk for everybody and every application, by a block or by multifactor authentication with a new password",
	"defaults": "",
})

findings contains object.union(decision, {"resource": "tenant"})

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, (words.shortcomings(policy, "userRiskLevels") | both_risks(policy)) | too_lenient(policy)) if {
	decision.outcome == "fail"
	some policy in ca.policies
	count(ca.levels(policy, "userRiskLevels")) > 0
}

# All conditions of a policy must hold at once.
both_risks(policy) := {"it asks for user risk and sign-in risk at once, which seldom come together"} if {
	count(ca.levels(policy, "signInRiskLevels")) > 0
}

else := set()

too_lenient(policy) := {"it demands neither a block nor multifactor authentication together with a password change"} if {
	not handles(policy)
}

else := {"it does not act on high risk"} if not "high" in ca.levels(policy, "userRiskLevels")

else := set()
