# METADATA
# title: Nobody signs in by device code flow
# description: >-
#   A Conditional Access policy in force blocks the device code flow, with which an attacker makes people sign in a
#   foreign device, for everybody and every application. Only declared emergency access and directory synchronization
#   may be exempt; an exempt group counts as its members. Security defaults do not block it.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-block-authentication-flows
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: high
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
#       8.5.1: supporting
#   remediation:
#     provider: >-
#       In the sign-in log filter for the authentication protocol "device code" to see who uses it. Then switch on a
#       Conditional Access policy for all users and all resources with the condition Authentication flows, Device code
#       flow, and the grant "Block access". Exempt nothing but the declared emergency accounts; meeting room devices
#       get an own sign-in way.
#     internal: >-
#       Name the devices that can only sign in with a code on a second screen, such as meeting room screens, and agree
#       how to replace that. Tell employees never to type in a code that somebody else sent them.
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
package checks.m365.device_code_flow_blocked

import data.lib.conditional_access as ca
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words

flow := "devicecodeflow"

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
	"done": "Conditional Access (%s) blocks device code flow for everybody and every application",
	"undone": "the Conditional Access policies do not block device code flow for everybody",
	"open": "Device code flow is not blocked for %s",
	"none": "No Conditional Access policy in force blocks device code flow for everybody and every application",
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
