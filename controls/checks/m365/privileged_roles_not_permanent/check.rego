# METADATA
# title: Powerful roles are held only for a time
# description: >-
#   Nobody but the declared emergency accounts holds one of the twelve most powerful directory roles for good: the
#   assignment ends by itself, or the role is switched on when it is needed (Privileged Identity Management). A group
#   counts as its members. Applications cannot switch a role on and are judged by
#   `m365/service_principals_not_privileged`. Without an Entra ID P2 licence no assignment can end by itself, so the
#   check does not apply, which proves nothing; `m365/global_administrators_few` then matters more.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-deployment-plan
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: high
#   requires: [m365/role_assignment_schedule_instances]
#   uses: [m365/role_group_members, m365/users]
#   unlicensed:
#     m365/role_assignment_schedule_instances: feature_absent
#   proves:
#     cmmc-l2:
#       "3.1.5[b]": supporting
#       "3.1.6[b]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(C): supporting
#     pci-dss-4.0.1:
#       7.2.2: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Identity Governance, Privileged Identity Management, Microsoft Entra roles, change
#       each assignment named here from active to eligible, demand multi-factor sign-in and a reason for switching on,
#       and leave only the emergency accounts permanently active.
#     internal: >-
#       Declare the emergency accounts in the setting `break_glass_accounts`, and tell administrators that they
#       switch their role on for the task at hand.
#   irrelevant:
#     m365/role_assignment_schedule_instances: [id, directoryScopeId, appScopeId, startDateTime, memberType, roleAssignmentOriginId, roleAssignmentScheduleId, principal.id, principal.displayName, principal.userPrincipalName]
#     m365/role_group_members: [items.userPrincipalName, items.accountEnabled]
#     m365/users: [displayName, accountEnabled, userType]
package checks.m365.privileged_roles_not_permanent

import data.lib.datasets
import data.lib.directory_roles as roles
import data.lib.times
import data.lib.values

instances_id := "m365/role_assignment_schedule_instances"

instances := datasets.rows(instances_id)

is_licensed if input.datasets[instances_id].outcome != "unlicensed"

odd := roles.unclear_assignments(instances, object.keys(roles.highly_privileged))

powerful := [instance |
	some instance in roles.held(instances, object.keys(roles.highly_privileged))
	roles.kind(instance) in {"user", "group"}
]

how(instance) := lower(instance.assignmentType) if values.text(instance, "assignmentType")

# An end beyond the year 2261 is none.
ends(instance) if {
	times.at(object.get(instance, "endDateTime", null))
	not times.is_beyond(instance.endDateTime)
}

never_ends(instance) if times.is_beyond(object.get(instance, "endDateTime", null))

never_ends(instance) if {
	values.has(instance, "endDateTime")
	is_null(instance.endDateTime)
}

# The people behind an assignment who are not declared for emergencies; undefined if they are not known.
others(instance) := {id | some id in {roles.holder(instance)}; not roles.is_emergency(id)} if roles.kind(instance) == "user"

else := {id |
	some id in roles.members_of_kind(roles.holder(instance), "user")
	not roles.is_emergency(id)
} if {
	roles.members(roles.holder(instance))
	count(roles.odd_members([instance])) == 0
}

role_of(instance) := roles.role_name(roles.role(instance))

whom(instance) := roles.holder_name(instance) if roles.kind(instance) == "user"

else := sprintf("The group %s", [roles.holder_name(instance)])

verdict(instance) := {"outcome": "pass", "because": because} if {
	how(instance) == "activated"
	ends(instance)
	because := sprintf("%s switched on %s until %s", [whom(instance), role_of(instance), instance.endDateTime])
}

else := {"outcome": "pass", "because": because} if {
	how(instance) == "assigned"
	ends(instance)
	because := sprintf("%s holds %s until %s", [whom(instance), role_of(instance), instance.endDateTime])
}

else := {"outcome": "pass", "because": because} if {
	how(instance) == "assigned"
	never_ends(instance)
	others(instance) == set()
	because := sprintf("%s holds %s for emergencies", [whom(instance), role_of(instance)])
}

else := {"outcome": "unknown", "because": because} if {
	how(instance) == "assigned"
	never_ends(instance)
	not others(instance)
	because := sprintf("%s holds %s for good, and its members were not read", [whom(instance), role_of(instance)])
}

else := {"outcome": "unknown", "because": because} if {
	how(instance) == "assigned"
	never_ends(instance)
	every id in others(instance) {
		roles.may_be_emergency(id)
	}
	because := sprintf("%s holds %s for good; whether that is a declared emergency account is not known, because the accounts were not read", [whom(instance), role_of(instance)])
}

else := {"outcome": "fail", "because": because} if {
	how(instance) == "assigned"
	never_ends(instance)
	because := sprintf("%s holds %s for good%s", [whom(instance), role_of(instance), together(instance)])
}

else := {"outcome": "unknown", "because": because} if {
	because := sprintf("How and until when %s holds %s is not known", [whom(instance), role_of(instance)])
}

together(instance) := sprintf(", and so do its members: %s", [roles.account_names(others(instance))]) if roles.kind(instance) == "group"

else := ""

findings contains object.union(verdict(instance), {"resource": roles.holder_name(instance)}) if some instance in powerful

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if some because in odd

findings contains {"resource": "tenant", "outcome": "pass", "because": "Nobody holds a powerful role at this time"} if {
	is_licensed
	datasets.whole(instances_id)
	count(powerful) == 0
	count(odd) == 0
}

findings contains {"resource": "tenant", "outcome": "not_applicable", "because": because} if {
	not is_licensed
	because := "Without an Entra ID P2 licence no role can be given for a time only, so every assignment is for good"
}
