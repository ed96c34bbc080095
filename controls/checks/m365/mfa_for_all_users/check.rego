# METADATA
# title: Every user signs in with more than one factor
# description: >-
#   Security defaults are on, or Conditional Access policies in force demand multifactor authentication of everybody,
#   guests too, for every application, whatever the circumstances. Several policies may do this together. Nobody may
#   be exempt but declared emergency access and directory synchronization; an exempt group counts as its members.
#   Policies that only report, that leave out trusted locations or that accept something else instead do not count.
#   HIPAA 164.312(d) asks that people prove who they are; the rule in force names no method, so this is one way of many.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-mfa-strength
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: critical
#   requires:
#     - any_of: [m365/conditional_access_policies, m365/security_defaults]
#   uses: [m365/users, m365/conditional_access_group_members, m365/authentication_strength_policies]
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.5.3[d]": part
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.4.1: supporting
#       8.4.2: supporting
#       8.4.3: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Conditional Access create a policy for all users and all resources that grants
#       access only with multifactor authentication (or an authentication strength), exempt nothing but the declared
#       emergency accounts, watch it in report-only mode for a week, then switch it on. Take people out of the groups
#       it exempts, and limit it to no location. Without an Entra ID P1 licence switch security defaults on (Identity,
#       Overview, Properties).
#     internal: >-
#       Name the emergency accounts, have every employee register a second factor before the agreed date, and approve
#       or withdraw each exemption that the finding names.
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
#     m365/security_defaults: [id, displayName, description]
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
package checks.m365.mfa_for_all_users

import data.lib.conditional_access as ca
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words

demanding := {policy |
	some policy in ca.policies
	ca.effective(policy)
	ca.requires_mfa(policy)
	reach.always(policy)
}

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	ca.unclear(policy)
	not ca.is_no_mfa(policy)
	not reach.is_narrower(policy, "")
}

decision := verdicts.decide({
	"parts": {client: reach.reaching_all_applications(set) | some client, set in reach.by_client(demanding)},
	"unclear": unclear,
	"done": "Conditional Access (%s) demands multifactor authentication of everybody for every application",
	"undone": "the Conditional Access policies do not demand multifactor authentication of everybody",
	"open": "Multifactor authentication is not demanded of %s",
	"none": "No Conditional Access policy in force demands multifactor authentication of everybody for every application, and security defaults are off",
	"defaults": "Security defaults are on, so every user must register for and use multifactor authentication when Microsoft asks for it (which is not at every sign-in: CMMC 3.5.3[d] and PCI DSS 8.4.2 need more)",
})

findings contains object.union(decision, {"resource": "tenant"})

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, (words.shortcomings(policy, "") | optional_only(policy)) | few_clients(policy)) if {
	decision.outcome == "fail"
	some policy in ca.policies
	ca.asks_for_mfa(policy)
}

optional_only(policy) := {sprintf("it also accepts something else (%s)", [concat(", ", sort(ca.alternatives(policy)))])} if {
	not ca.requires_mfa(policy)
}

else := set()

few_clients(policy) := {"it does not apply to both browsers and apps"} if not reach.reaches_modern_clients(policy)

else := set()
