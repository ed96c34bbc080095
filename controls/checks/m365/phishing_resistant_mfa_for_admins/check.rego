# METADATA
# title: Administrators sign in in a way that phishing cannot steal
# description: >-
#   Conditional Access policies in force demand of everybody who holds a privileged role, for every application, an
#   authentication strength that allows nothing but Windows Hello for Business, FIDO2 keys and passkeys, and
#   certificates that count as several factors. The methods that a strength allows decide, not its name. Which roles
#   must be reached, and who may be exempt, is as in the check of multifactor authentication for administrators.
#   Security defaults do not demand it.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-admin-phish-resistant-mfa
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: high
#   requires: [m365/conditional_access_policies]
#   uses:
#     - m365/users
#     - m365/conditional_access_group_members
#     - m365/authentication_strength_policies
#     - m365/role_assignments
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.5.3[c]": supporting
#       "3.5.4[a]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.4.1: supporting
#       8.5.1: supporting
#   remediation:
#     provider: >-
#       Give every administrator a FIDO2 key or passkey. Then switch on a Conditional Access policy for the named
#       directory roles and all resources with "Require authentication strength: Phishing-resistant MFA" as the only
#       grant, and exempt nothing but the declared emergency accounts. Remove other methods from a custom strength.
#     internal: >-
#       Hand out security keys to administrators, two for each, keep a list of them, and agree how a lost one is
#       replaced.
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
#     m365/conditional_access_group_members: [items]
package checks.m365.phishing_resistant_mfa_for_admins

import data.lib.conditional_access as ca
import data.lib.conditional_access_admins as admins
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.names
import data.lib.values

demanding := {policy |
	some policy in ca.policies
	ca.effective(policy)
	ca.requires_phishing_resistance(policy)
	reach.always(policy)
}

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	ca.unclear(policy)
	ca.has_strength(policy)
	not reach.is_narrower(policy, "")
} | {policy |
	some policy in ca.policies
	ca.unclear(policy)
	not ca.is_no_mfa(policy)
	not values.has(object.get(policy, "grantControls", {}), "authenticationStrength")
	not reach.is_narrower(policy, "")
}

decision := admins.decide({
	"parts": {client: reach.reaching_all_applications(set) | some client, set in reach.by_client(demanding)},
	"unclear": unclear,
	"done": "Conditional Access (%s) demands phishing-resistant authentication of everybody with a privileged role for every application",
	"undone": "the Conditional Access policies do not demand phishing-resistant authentication of everybody with a privileged role",
	"open": "Phishing-resistant authentication is not demanded of %s",
	"none": "No Conditional Access policy in force demands phishing-resistant authentication of administrators for every application",
	"defaults": "",
})

findings contains object.union(decision, {"resource": "tenant"})

findings contains finding if {
	decision.outcome == "pass"
	some finding in admins.findings
}

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, (admins.shortcomings(policy, "") | too_weak(policy)) | few_clients(policy)) if {
	decision.outcome == "fail"
	some policy in ca.policies
	ca.has_strength(policy)
}

too_weak(policy) := {sprintf("its authentication strength also allows %s", [names.listed(sort(weak))])} if {
	weak := ca.combinations(policy) - ca.phishing_resistant_methods
	count(weak) > 0
}

else := {"it also accepts something else than its authentication strength"} if not ca.requires_phishing_resistance(policy)

else := set()

few_clients(policy) := {"it does not apply to both browsers and apps"} if not reach.reaches_modern_clients(policy)

else := set()
