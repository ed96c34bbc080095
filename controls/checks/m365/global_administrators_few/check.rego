# METADATA
# title: Two to four people are Global Administrators
# description: >-
#   At least two and at most four enabled accounts of people hold the role Global Administrator or may switch it on,
#   directly or through a group; each person counts once, emergency accounts count too. Disabled accounts and
#   applications are not counted. The organization's setting `global_administrators_max` may name another upper number.
#   People who are only eligible for membership of a group, and partners with delegated administration, are not seen.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/role-based-access-control/best-practices
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
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       7.2.2: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Roles and admins, Global Administrator, remove everybody who can work with a
#       narrower role (Exchange, User, Intune or Security Administrator), and give them that role. Keep two emergency
#       accounts. If there is only one Global Administrator, add a second emergency account.
#     internal: >-
#       Name the people who really need this role, at most two besides the emergency accounts, and agree to narrower
#       roles for the rest.
#   irrelevant:
#     m365/role_assignments: [id, directoryScopeId, appScopeId, principal.id, principal.displayName, principal.userPrincipalName]
#     m365/role_eligibility_schedule_instances: [id, directoryScopeId, appScopeId, startDateTime, endDateTime, memberType, principal.id, principal.displayName, principal.userPrincipalName]
#     m365/role_group_members: [items.userPrincipalName, items.accountEnabled]
#     m365/users: [displayName, userPrincipalName, userType]
package checks.m365.global_administrators_few

import data.lib.directory_roles as roles
import data.lib.names
import data.lib.values

limit := input.settings.global_administrators_max if {
	values.is_whole_number(input.settings.global_administrators_max)
	input.settings.global_administrators_max >= 2
}

else := 4

wanted := {roles.global_administrator}

assignments := roles.held(roles.all_assignments, wanted)

people := roles.people(assignments)

able := {id | some id in people; roles.can_sign_in(id)}

unclear := {id |
	some id in people
	not roles.can_sign_in(id)
	not roles.is_disabled(id)
}

beside := sprintf("; %s may act in this role too", [names.some_of(count(roles.applications(assignments)), "application")]) if {
	count(roles.applications(assignments)) > 0
}

else := ""

doubts := roles.doubts(wanted) | {text |
	count(unclear) > 0
	text := sprintf("It is not known whether these Global Administrators can sign in: %s", [roles.account_names(unclear)])
}

findings contains {"resource": "tenant", "outcome": "fail", "because": because} if {
	count(able) > limit
	because := sprintf(
		"%d people are Global Administrators or may become so, and at most %d should: %s%s",
		[count(able), limit, roles.account_names(able), beside],
	)
}

findings contains {"resource": "tenant", "outcome": "fail", "because": because} if {
	count(able) < 2
	count(doubts) == 0
	because := sprintf("%s, so one lost account locks the tenant%s", [lonely, beside])
}

lonely := sprintf("%s is the only person who is Global Administrator", [roles.account_names(able)]) if count(able) == 1

else := "No person who can sign in is Global Administrator"

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	some because in doubts
}

findings contains {"resource": "tenant", "outcome": "pass", "because": because} if {
	count(able) >= 2
	count(able) <= limit
	count(doubts) == 0
	because := sprintf(
		"%d people are Global Administrators or may become so: %s%s",
		[count(able), roles.account_names(able), beside],
	)
}
