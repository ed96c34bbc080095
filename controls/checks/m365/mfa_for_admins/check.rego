# METADATA
# title: Administrators sign in with more than one factor
# description: >-
#   Security defaults are on, or Conditional Access policies in force demand multifactor authentication of everybody
#   who holds a privileged role, for every application, whatever the circumstances: by naming all users or the roles.
#   Fourteen roles must be reached always, others once somebody holds them. Who holds a role only in an administrative
#   unit is not reached by a policy that names the role. Service principals that hold a role are not people and are
#   listed apart. Only declared emergency access may be exempt. HIPAA 164.312(d) asks that people prove who they are; the
#   rule in force names no method, so this is one way of many.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-old-require-mfa-admin
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: critical
#   requires:
#     - any_of: [m365/conditional_access_policies, m365/security_defaults]
#   uses:
#     - m365/users
#     - m365/conditional_access_group_members
#     - m365/authentication_strength_policies
#     - m365/role_assignments
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.5.3[c]": part
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.4.1: supporting
#       8.4.2: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Conditional Access create a policy for the named directory roles (or better
#       for all users) and all resources that grants access only with multifactor authentication, exempt nothing but
#       the declared emergency accounts, and switch it on. Name people who hold a role only in an administrative unit
#       as users. Without an Entra ID P1 licence switch security defaults on.
#     internal: >-
#       Confirm who needs an administrator role, name the emergency accounts, and have every administrator register a
#       second factor.
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
package checks.m365.mfa_for_admins

import data.lib.conditional_access as ca
import data.lib.conditional_access_admins as admins
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts

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

decision := admins.decide({
	"parts": {client: reach.reaching_all_applications(set) | some client, set in reach.by_client(demanding)},
	"unclear": unclear,
	"done": "Conditional Access (%s) demands multifactor authentication of everybody with a privileged role for every application",
	"undone": "the Conditional Access policies do not demand multifactor authentication of everybody with a privileged role",
	"open": "Multifactor authentication is not demanded of %s",
	"none": "No Conditional Access policy in force demands multifactor authentication of administrators for every application, and security defaults are off",
	"defaults": "Security defaults are on and demand multifactor authentication of administrators",
})

findings contains object.union(decision, {"resource": "tenant"})

findings contains finding if {
	decision.outcome == "pass"
	some finding in admins.findings
}

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, (admins.shortcomings(policy, "") | optional_only(policy)) | few_clients(policy)) if {
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
