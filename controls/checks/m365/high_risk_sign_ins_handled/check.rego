# METADATA
# title: Sign-ins at high risk are blocked or must prove themselves anew
# description: >-
#   With Entra ID P2: Conditional Access policies in force block every sign-in that is rated at high risk, or demand
#   multifactor authentication every time, for everybody and every application. The risk must be the only condition.
#   Only declared emergency access and directory synchronization may be exempt. Without P2 the check does not apply,
#   which proves nothing. The older risk policies of Identity Protection cannot be read and do not count.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-risk-based-sign-in
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
#       "3.14.6[a]": supporting
#     hipaa-security:
#       164.308(a)(5)(ii)(C): supporting
#       164.308(a)(6)(ii): supporting
#     pci-dss-4.0.1:
#       8.4.2: supporting
#       10.4.3: supporting
#   remediation:
#     provider: >-
#       Switch on a Conditional Access policy for all users and all resources with the condition Sign-in risk: High
#       (and Medium, as CIS advises), alone, and the grant "Block access", or "Require authentication strength" with
#       the session control Sign-in frequency: Every time. Keep user risk in a policy of its own. Exempt nothing but
#       the declared emergency accounts.
#     internal: >-
#       Tell travelling employees that an unusual place may lead to one more prompt, and whom they call when they are
#       blocked.
#   irrelevant:
#     m365/conditional_access_policies:
#       - id
#       - displayName
#       - description
#       - templateId
#       - createdDateTime
#       - modifiedDateTime
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
#       - sessionControls
#     m365/conditional_access_group_members: [items]
package checks.m365.high_risk_sign_ins_handled

import data.lib.conditional_access as ca
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words
import data.lib.licences
import data.lib.values

handling := {policy |
	some policy in ca.policies
	ca.effective(policy)
	"high" in ca.levels(policy, "signInRiskLevels")
	reach.only_when(policy, "signInRiskLevels")
	handles(policy)
}

handles(policy) if ca.blocks(policy)

# Without "every time" an old sign-in with a second factor still counts.
handles(policy) if {
	ca.requires_mfa(policy)
	is_every_time(policy)
}

is_every_time(policy) if {
	policy.sessionControls.signInFrequency.isEnabled == true
	lower(values.text(policy.sessionControls.signInFrequency, "frequencyInterval")) == "everytime"
}

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	may_handle(policy)
	not reach.is_narrower(policy, "signInRiskLevels")
}

may_handle(policy) if {
	ca.unclear(policy)
	not ca.demands_nothing(policy)
}

may_handle(policy) if {
	ca.effective(policy)
	"high" in ca.levels(policy, "signInRiskLevels")
	interval := lower(values.text(policy.sessionControls.signInFrequency, "frequencyInterval"))
	not interval in {"everytime", "timebased"}
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
	"done": "Conditional Access (%s) blocks sign-ins at high risk or demands multifactor authentication every time",
	"undone": "the Conditional Access policies do not handle a high sign-in risk for everybody",
	"open": "A high sign-in risk has no consequence for %s",
	"none": "No Conditional Access policy in force acts on high sign-in risk for everybody and every application, by a block or by multifactor authentication every time",
	"defaults": "",
})

findings contains object.union(decision, {"resource": "tenant"})

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, (words.shortcomings(policy, "signInRiskLevels") | both_risks(policy)) | too_lenient(policy)) if {
	decision.outcome == "fail"
	some policy in ca.policies
	count(ca.levels(policy, "signInRiskLevels")) > 0
}

# All conditions of a policy must hold at once.
both_risks(policy) := {"it asks for user risk and sign-in risk at once, which seldom come together"} if {
	count(ca.levels(policy, "userRiskLevels")) > 0
}

else := set()

too_lenient(policy) := {"it demands neither a block nor multifactor authentication every time"} if not handles(policy)

else := {"it does not act on high risk"} if not "high" in ca.levels(policy, "signInRiskLevels")

else := set()
