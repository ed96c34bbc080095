# METADATA
# title: Nobody registers a second factor with a password alone
# description: >-
#   A Conditional Access policy in force for the user action "Register security information" demands multifactor
#   authentication or a managed device of every member, or blocks. Otherwise whoever has a stolen password of somebody
#   without a second factor registers his own. As Microsoft advises, the policy may leave out trusted locations, which
#   the finding then says, and guests, who register in their own tenant. Only declared emergency access and directory
#   synchronization may be exempt.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-security-info-registration
# custom:
#   severity: high
#   requires: [m365/conditional_access_policies]
#   uses: [m365/users, m365/conditional_access_group_members, m365/authentication_strength_policies]
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.5.2[a]": supporting
#       "3.5.3[d]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.3.3: supporting
#       8.3.1: supporting
#   remediation:
#     provider: >-
#       Switch on a Conditional Access policy for all users with the target User actions, Register security
#       information, and the grant "Require authentication strength" or "Require device to be marked as compliant".
#       Give new employees a Temporary Access Pass for their first registration. Exempt nothing but the declared
#       emergency accounts.
#     internal: >-
#       Agree how a new employee proves who he or she is before the first pass is handed out, and how a lost second
#       factor is replaced.
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
#       - conditions.locations
#       - conditions.users.excludeGuestsOrExternalUsers
#       - conditions.applications.includeAuthenticationContextClassReferences
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
package checks.m365.security_info_registration_protected

import data.lib.conditional_access as ca
import data.lib.conditional_access_people as people
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words
import data.lib.values

action := "urn:user:registersecurityinfo"

protecting := {members_only(policy) |
	some policy in ca.policies
	ca.effective(policy)
	protects(policy)
	is_wide(policy)
	reach.reaches_modern_clients(policy)
}

is_wide(policy) if reach.always(policy)

is_wide(policy) if reach.only_outside_trusted_places(policy)

protects(policy) if ca.blocks(policy)

protects(policy) if count(protections(policy)) > 0

# Of several controls all hold, or each alone is enough.
protections(policy) := strong(policy) if ca.operator(policy) == "and"

else := strong(policy) if {
	ca.operator(policy) == "or"
	count(ca.grants(policy) - strong(policy)) == 0
	count(ca.other_lists(policy) | ca.weak_strength(policy)) == 0
}

strong(policy) := (ca.grants(policy) & {"mfa", "compliantdevice", "domainjoineddevice"}) | {"a strength" | ca.strength_is_multifactor(policy)}

members_only(policy) := object.union(policy, {"conditions": {"users": {
	"excludeGuestsOrExternalUsers": null,
	"excludeUsers": [id | some id in policy.conditions.users.excludeUsers; lower(id) != "guestsorexternalusers"],
}}})

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	ca.unclear(policy)
	not ca.demands_nothing(policy)
	may_be_the_action(policy)
	not reach.is_narrower(policy, "")
}

may_be_the_action(policy) if action in reach.actions(policy)

may_be_the_action(policy) if not values.is_words(object.get(policy, ["conditions", "applications", "includeApplications"], null))

decision := verdicts.decide({
	"parts": {"all": reach.reaching_action(protecting, action)},
	"unclear": unclear,
	"done": concat("", ["Conditional Access (%s) protects the registration of security information of every member", but_at_trusted_places]),
	"undone": "the Conditional Access policies do not protect the registration of security information of every member",
	"open": "The registration of security information is not protected for %s",
	"none": "No Conditional Access policy in force protects the registration of security information of every member",
	"defaults": "",
})

but_at_trusted_places := "" if {
	people.cover({policy | some policy in reach.reaching_action(protecting, action); reach.always(policy)}) == "covered"
}

else := ", but not at trusted locations, where a password is enough"

findings contains object.union(decision, {"resource": "tenant"})

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, words.shortcomings(policy, "") | too_weak(policy)) if {
	decision.outcome == "fail"
	some policy in ca.policies
	action in reach.actions(policy)
}

too_weak(policy) := {"it demands neither multifactor authentication nor a managed device"} if not protects(policy)

else := set()
