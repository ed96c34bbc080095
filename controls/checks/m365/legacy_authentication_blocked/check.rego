# METADATA
# title: Sign-in protocols without multifactor authentication are blocked
# description: >-
#   Security defaults are on, or Conditional Access policies in force block both halves of legacy authentication
#   (Exchange ActiveSync and other clients) for everybody and every application. The halves may be in different
#   policies. Nobody may be exempt but declared emergency access and directory synchronization; an exempt group counts
#   as its members. A policy that demands multifactor authentication of all clients blocks nothing here, because these
#   clients cannot ask for it. These protocols run inside TLS, so for 3.5.4 (replay) this is a hint only.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-block-legacy-authentication
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: critical
#   requires:
#     - any_of: [m365/conditional_access_policies, m365/security_defaults]
#   uses: [m365/users, m365/conditional_access_group_members]
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.5.3[c]": supporting
#       "3.5.3[d]": supporting
#       "3.5.4[a]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.4.2: supporting
#       8.5.1: part
#       2.2.5: supporting
#   remediation:
#     provider: >-
#       Look through the sign-in log for legacy clients of the last month, move those that are left, then switch on a
#       Conditional Access policy for all users and all resources with the client apps "Exchange ActiveSync clients"
#       and "Other clients" and the grant "Block access". Take scanners and other devices out of its exemptions by
#       giving them a mail relay.
#     internal: >-
#       Find owners for scanners, line-of-business programs and mailboxes that still sign in the old way, and agree on
#       a date for each. Ask for no permanent exemptions.
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
#     m365/security_defaults: [id, displayName, description]
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
package checks.m365.legacy_authentication_blocked

import data.lib.conditional_access as ca
import data.lib.conditional_access_people as people
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words

halves := {"exchangeactivesync": "Exchange ActiveSync", "other": "other legacy clients"}

blocking(half) := {policy |
	some policy in ca.policies
	ca.effective(policy)
	ca.blocks(policy)
	reach.reaches_client(policy, half)
	reach.always(policy)
}

parts := {half: reach.reaching_all_applications(blocking(half)) | some half, _ in halves}

open_halves := concat(" and ", sort({text |
	some half, text in halves
	people.cover(parts[half]) != "covered"
}))

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	ca.unclear(policy)
	not ca.is_no_block(policy)
	not reach.is_narrower(policy, "")
}

decision := verdicts.decide({
	"parts": parts,
	"unclear": unclear,
	"done": "Conditional Access (%s) blocks legacy authentication for everybody and every application",
	"undone": "the Conditional Access policies do not block legacy authentication for everybody",
	"open": concat("", ["Legacy authentication (", open_halves, ") is not blocked for %s"]),
	"none": sprintf("No Conditional Access policy in force blocks %s for everybody, and security defaults are off", [open_halves]),
	"defaults": "Security defaults are on and block legacy authentication",
})

findings contains object.union(decision, {"resource": "tenant"})

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, words.shortcomings(policy, "") | does_not_block(policy)) if {
	decision.outcome == "fail"
	some policy in ca.policies
	some half, _ in halves
	half in reach.clients(policy)
}

does_not_block(policy) := {"it does not block"} if not ca.blocks(policy)

else := set()
