# METADATA
# title: Administrators are cloud accounts
# description: >-
#   No account that holds a privileged role or may switch one on, directly or through a group, is synchronized from a
#   directory on site, so that whoever takes over a domain controller does not take over the tenant. Disabled accounts
#   count, because the directory on site can enable them. Roles are told by their template ids; custom roles are not
#   judged.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/architecture/protect-m365-from-on-premises-attacks
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: high
#   requires: [m365/role_assignments, m365/users]
#   uses: [m365/role_group_members, m365/role_eligibility_schedule_instances]
#   unlicensed:
#     m365/role_eligibility_schedule_instances: feature_absent
#   proves:
#     cmmc-l2:
#       "3.1.5[b]": supporting
#       "3.1.6[b]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       7.2.2: supporting
#   remediation:
#     provider: >-
#       Create an account of its own in Entra ID, under the onmicrosoft.com domain, for each administrator named here,
#       give it the roles, register strong sign-in for it, and take the roles from the synchronized account.
#     internal: >-
#       Agree that administrators use a second account for administration, and keep their everyday account for mail.
#   irrelevant:
#     m365/role_assignments: [id, directoryScopeId, appScopeId, principal.id, principal.displayName, principal.userPrincipalName]
#     m365/role_eligibility_schedule_instances: [id, directoryScopeId, appScopeId, startDateTime, endDateTime, memberType, principal.id, principal.displayName, principal.userPrincipalName]
#     m365/role_group_members: [items.userPrincipalName, items.accountEnabled]
#     m365/users: [displayName, userPrincipalName, userType, accountEnabled]
package checks.m365.admins_cloud_only

import data.lib.directory_roles as roles
import data.lib.names

assignments := roles.held(roles.all_assignments, object.keys(roles.privileged))

people := roles.people(assignments)

# Null and false both mean that the account is kept in the cloud; false, that it once was synchronized.
is_cloud(id) if {
	roles.facts(id, "onPremisesSyncEnabled")
	roles.facts(id, "onPremisesSyncEnabled") - {null, false} == set()
}

is_synchronized(id) if roles.facts(id, "onPremisesSyncEnabled") == {true}

roles_of[id] contains roles.role_name(roles.role(assignment)) if {
	some assignment in assignments
	some id in roles.people([assignment])
}

role_names(id) := names.few(roles_of[id])

verdict(id) := {"outcome": "pass", "because": because} if {
	is_cloud(id)
	because := sprintf("%s (%s) is kept in the cloud", [roles.account_name(id), role_names(id)])
}

else := {"outcome": "fail", "because": because} if {
	is_synchronized(id)
	because := sprintf("%s (%s) is synchronized from a directory on site", [roles.account_name(id), role_names(id)])
}

else := {"outcome": "unknown", "because": because} if {
	because := sprintf("Where the account %s (%s) is kept is not known", [roles.account_name(id), role_names(id)])
}

findings contains object.union(verdict(id), {"resource": roles.account_name(id)}) if some id in people

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	some because in roles.doubts(object.keys(roles.privileged))
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	count(people) == 0
	because := "No person was found in a privileged role, though every tenant has one"
}
