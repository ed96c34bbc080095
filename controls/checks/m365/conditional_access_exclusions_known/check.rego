# METADATA
# title: Whom sign-in policies leave out is known and agreed
# description: >-
#   Whoever a Conditional Access policy in force exempts still exists and is declared: as emergency access, as
#   directory synchronization, or as an accepted exclusion (by id or sign-in name, in the organization's settings).
#   People are looked for in policies for all users that block or demand multifactor authentication; exempt groups
#   count as their members at any depth. Groups, accounts and roles that are gone are found in every policy in force,
#   also where a policy is meant for them.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-users-groups
# custom:
#   severity: medium
#   requires: [m365/conditional_access_policies]
#   uses:
#     - m365/users
#     - m365/conditional_access_group_members
#     - m365/role_definitions
#     - m365/groups
#     - m365/authentication_strength_policies
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.1.1[d]": supporting
#       "3.5.3[d]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(C): supporting
#     pci-dss-4.0.1:
#       7.2.4: supporting
#       8.2.2: supporting
#   remediation:
#     provider: >-
#       Open each named policy under Conditional Access, Users, Exclude: remove what no longer exists, take people out
#       of exempt groups who need no exemption, and record the rest in the settings of the organization as
#       `break_glass_accounts`, `directory_sync_accounts` or `accepted_exclusions`.
#     internal: >-
#       Say for each named person why he or she has to be exempt and until when, or that the exemption can go.
#   irrelevant:
#     m365/conditional_access_policies:
#       - id
#       - displayName
#       - description
#       - templateId
#       - createdDateTime
#       - modifiedDateTime
#       - sessionControls
#       - conditions.users.includeRoles
#       - conditions.users.includeGuestsOrExternalUsers
#       - grantControls
#     m365/users: [displayName, userType, accountEnabled]
#     m365/conditional_access_group_members: [code]
#     m365/authentication_strength_policies:
#       - displayName
#       - description
#       - policyType
#       - requirementsSatisfied
#       - createdDateTime
#       - modifiedDateTime
#       - combinationConfigurations
#     m365/role_definitions: [id, displayName, isBuiltIn, isEnabled, rolePermissions]
#     m365/groups: ["*"]
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
#       - conditions.users.includeGroups
#     m365/conditional_access_group_members: [items]
package checks.m365.conditional_access_exclusions_known

import data.lib.conditional_access as ca
import data.lib.conditional_access_people as people
import data.lib.conditional_access_words as words
import data.lib.datasets
import data.lib.names
import data.lib.privileged_roles as roles
import data.lib.values

in_force := [policy | some policy in ca.policies; ca.state(policy) == "on"]

accepted := people.declared | accepted_words | {lower(account.id) |
	some account in known_accounts
	lower(values.text(account, "userPrincipalName")) in accepted_words
	is_string(account.id)
}

accepted_words := values.words(object.get(input, ["settings", "accepted_exclusions"], []))

known_accounts := array.concat(
	[account | count(accepted_words) > 0; some account in datasets.rows(people.users_id)],
	[account | count(accepted_words) > 0; some _, group in people.members; some account in group],
)

existing_accounts := {lower(account.id) | some account in datasets.rows(people.users_id); is_string(account.id)}

existing_roles := {lower(role.templateId) | some role in datasets.rows("m365/role_definitions"); is_string(role.templateId)}

group_name(id) := names[0] if {
	names := [group.displayName | some group in datasets.rows("m365/groups"); lower(values.text(group, "id")) == id; values.text(group, "displayName")]
	count(names) > 0
}

else := id

listed(policy, key) := values.words(policy.conditions.users[key])

is_safeguard(policy) if {
	people.names_everybody(policy)
	ca.blocks(policy)
}

is_safeguard(policy) if {
	people.names_everybody(policy)
	ca.asks_for_mfa(policy)
}

# ---- What is gone, or cannot be looked up

faults contains fault(policy, "unknown", sprintf("It cannot be understood (%s)", [concat(", ", sort(words.doubtful(policy)))])) if {
	some policy in ca.policies
	ca.unclear(policy)
}

faults contains fault(policy, "fail", sprintf("It names a group that no longer exists (`%s`)", [id])) if {
	some policy in in_force
	some key in ["excludeGroups", "includeGroups"]
	some id in listed(policy, key)
	id in people.gone
}

faults contains fault(policy, "unknown", sprintf("Who is in the exempt group `%s` was not read", [group_name(id)])) if {
	some policy in in_force
	some id in listed(policy, "excludeGroups") - accepted
	not id in people.read_groups
}

# Certain only if all accounts were read.
vanished(policy) := people.excluded_users(policy) - existing_accounts if datasets.whole(people.users_id)

else := set()

faults contains fault(policy, "fail", sprintf("It exempts an account that no longer exists (`%s`)", [id])) if {
	some policy in in_force
	some id in vanished(policy)
}

faults contains fault(policy, "unknown", sprintf("Whether the exempt account `%s` still exists was not read", [id])) if {
	some policy in in_force
	not datasets.whole(people.users_id)
	some id in people.excluded_users(policy) - existing_accounts
}

faults contains fault(policy, "fail", sprintf("It exempts a role that does not exist (`%s`)", [id])) if {
	some policy in in_force
	datasets.whole("m365/role_definitions")
	some id in listed(policy, "excludeRoles") - existing_roles
}

# ---- Who is exempt and not declared

undeclared(policy) := ((people.excluded_users(policy) - vanished(policy)) | people.members_of(listed(policy, "excludeGroups") - accepted)) - accepted

faults contains fault(policy, "fail", because) if {
	some policy in in_force
	is_safeguard(policy)
	ids := sort(undeclared(policy))
	count(ids) > 0
	names := sort([sprintf("`%s`", [words.user_name(id)]) | some id in array.slice(ids, 0, 5)])
	because := sprintf("It exempts undeclared accounts (%d): %s", [count(ids), names.shorten(names, count(ids))])
}

faults contains fault(policy, "fail", sprintf("It exempts everybody with the role %s", [roles.role_name(id)])) if {
	some policy in in_force
	is_safeguard(policy)
	some id in (listed(policy, "excludeRoles") - people.synchronization_roles) - accepted
}

fault(policy, outcome, text) := {"resource": sprintf("policy %s", [ca.name(policy)]), "outcome": outcome, "because": sprintf("Policy `%s`: %s%s", [ca.name(policy), lower(substring(text, 0, 1)), substring(text, 1, -1)])}

findings contains found if some found in faults

findings contains {"resource": "tenant", "outcome": "pass", "because": because} if {
	count(in_force) > 0
	count(faults) == 0
	because := sprintf("Everybody whom Conditional Access policies in force (%d) exempt exists and is declared", [count(in_force)])
}

findings contains {"resource": "tenant", "outcome": "not_applicable", "because": "No Conditional Access policy is in force, so none exempts anybody"} if {
	datasets.whole(ca.policies_id)
	count(in_force) == 0
}
