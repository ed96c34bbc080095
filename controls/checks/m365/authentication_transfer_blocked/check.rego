# METADATA
# title: Nobody moves a sign-in to another device
# description: >-
#   A Conditional Access policy in force blocks authentication transfer (a QR code moves a signed-in session from a
#   computer to a phone) for everybody and every application. Only declared emergency access and directory
#   synchronization may be exempt; an exempt group counts as its members. Security defaults do not block it.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-block-authentication-flows
# custom:
#   severity: medium
#   requires: [m365/conditional_access_policies]
#   uses: [m365/users, m365/conditional_access_group_members]
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.5.4[a]": supporting
#       "3.1.2[b]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       2.2.5: supporting
#   remediation:
#     provider: >-
#       Switch on a Conditional Access policy for all users and all resources with the condition Authentication flows,
#       Authentication transfer, and the grant "Block access". It may be the same policy as for the device code flow.
#       Exempt nothing but the declared emergency accounts.
#     internal: >-
#       Tell employees that they sign in on each phone anew, and name anybody for whom that is not possible.
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
#       - grantControls.customAuthenticationFactors
#       - grantControls.termsOfUse
#     m365/users: [displayName, userType]
#     m365/conditional_access_group_members: [code]
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
package checks.m365.authentication_transfer_blocked

import data.lib.conditional_access as ca
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words

flow := "authenticationtransfer"

blocking := {policy |
	some policy in ca.policies
	ca.effective(policy)
	ca.blocks(policy)
	flow in ca.flows(policy)
	reach.only_when(policy, "authenticationFlows")
	reach.reaches_modern_clients(policy)
}

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	ca.unclear(policy)
	not ca.is_no_block(policy)
	not reach.is_narrower(policy, "authenticationFlows")
}

decision := verdicts.decide({
	"parts": {"all": reach.reaching_all_applications(blocking)},
	"unclear": unclear,
	"done": "Conditional Access (%s) blocks authentication transfer for everybody and every application",
	"undone": "the Conditional Access policies do not block authentication transfer for everybody",
	"open": "Authentication transfer is not blocked for %s",
	"none": "No Conditional Access policy in force blocks authentication transfer for everybody and every application",
	"defaults": "",
})

findings contains object.union(decision, {"resource": "tenant"})

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, (words.shortcomings(policy, "authenticationFlows") | does_not_block(policy)) | few_clients(policy)) if {
	decision.outcome == "fail"
	some policy in ca.policies
	flow in ca.flows(policy)
}

does_not_block(policy) := {"it does not block"} if not ca.blocks(policy)

else := set()

few_clients(policy) := {"it does not apply to both browsers and apps"} if not reach.reaches_modern_clients(policy)

else := set()
