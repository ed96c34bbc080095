# METADATA
# title: Disabled accounts hold no administrator roles
# description: >-
#   No account that cannot sign in holds a directory role or may switch one on, directly or through a group, so that
#   enabling it again does not silently make an administrator. Every role counts, also the harmless ones.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
# custom:
#   severity: medium
#   requires: [m365/role_assignments, m365/users]
#   uses: [m365/role_group_members, m365/role_eligibility_schedule_instances]
#   unlicensed:
#     m365/role_eligibility_schedule_instances: feature_absent
#   proves:
#     cmmc-l2:
#       "3.1.5[b]": supporting
#       "3.9.2[b]": supporting
#     hipaa-security:
#       164.308(a)(3)(ii)(C): supporting
#     pci-dss-4.0.1:
#       7.2.4: supporting
#       8.2.5: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre open each account named here, Assigned roles, remove active and eligible assignments,
#       take it out of groups that hold roles, and put this step into the leaver procedure.
#     internal: >-
#       Say for each named account whether the person has left. If the account is only suspended, decide whether the role
#       is needed on return; it can be given again.
#   irrelevant:
#     m365/role_assignments: [id, directoryScopeId, appScopeId, principal.id, principal.displayName, principal.userPrincipalName]
#     m365/role_eligibility_schedule_instances: [id, directoryScopeId, appScopeId, startDateTime, endDateTime, memberType, principal.id, principal.displayName, principal.userPrincipalName]
#     m365/role_group_members: [items.userPrincipalName, items.accountEnabled]
#     m365/users: [displayName, userPrincipalName, userType]
package checks.m365.disabled_accounts_hold_no_roles

import data.lib.directory_roles as roles
import data.lib.names

every_role := {roles.role(assignment) | some assignment in roles.all_assignments}

assignments := roles.held(roles.all_assignments, every_role)

people := roles.people(assignments)

roles_of[id] contains roles.role_name(roles.role(assignment)) if {
	some assignment in assignments
	some id in roles.people([assignment])
}

role_names(id) := names.few(roles_of[id])

verdict(id) := {"outcome": "pass", "because": because} if {
	roles.can_sign_in(id)
	because := sprintf("%s holds %s and is in use", [roles.account_name(id), role_names(id)])
}

else := {"outcome": "fail", "because": because} if {
	roles.is_disabled(id)
	because := sprintf("%s is disabled, but still holds %s", [roles.account_name(id), role_names(id)])
}

else := {"outcome": "unknown", "because": because} if {
	because := sprintf("Whether %s, which holds %s, is disabled is not known", [roles.account_name(id), role_names(id)])
}

findings contains object.union(verdict(id), {"resource": roles.account_name(id)}) if some id in people

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	some because in roles.doubts(every_role)
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	count(people) == 0
	because := "No person was found in any role, though every tenant has one"
}
