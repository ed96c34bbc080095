# Who holds which directory role: as a person, through a group, for good or only eligible. Written once, used by every
# check on administrators.
#
# Start with `people`: the accounts behind a list of assignments. What keeps it from being complete is said by
# `doubts`, in sentences; a rule that passes must have none. A role is told by its template id, never by its name.
# Members of a group who are only eligible for the membership (PIM for Groups) are not known here.
package lib.directory_roles

import data.lib.datasets
import data.lib.names
import data.lib.values

assignments_id := "m365/role_assignments"

eligible_id := "m365/role_eligibility_schedule_instances"

members_id := "m365/role_group_members"

users_id := "m365/users"

# Roles that can take over the tenant, or nearly so.
highly_privileged := {
	"62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
	"e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
	"7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
	"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
	"158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
	"8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": "Hybrid Identity Administrator",
	"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
	"194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
	"3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
	"29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
	"f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
	"fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
}

# All roles that Microsoft marks as privileged and that people are given.
privileged := object.union(highly_privileged, {
	"c4e39bd9-1100-46d3-8c65-fb160da0071f": "Authentication Administrator",
	"0526716b-113d-4c15-b2c8-68e3c22b9f80": "Authentication Policy Administrator",
	"729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
	"966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
	"8329153b-31d0-4727-b945-745eb3bc5f31": "Domain Name Administrator",
	"be2f45a1-457d-42af-a067-6ec1fa63bc45": "External Identity Provider Administrator",
	"9360feb5-f418-4baa-8175-e2a00bac4301": "Directory Writers",
})

global_administrator := "62e90394-69f5-4237-9190-012177145e10"

# Others that are often given, for their names only.
other_names := {
	"f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
	"5d6b6bb7-de71-4623-b4af-96380a352509": "Security Reader",
	"b0f54661-2d74-4c50-afa3-1ec803f12efe": "Billing Administrator",
	"69091246-20e8-4a56-aa4d-066075b2a7a8": "Teams Administrator",
	"4d6ac14f-3453-41d0-bef9-a3e0c569773a": "License Administrator",
	"95e79109-95c0-4d8e-aee3-d01accf2d47b": "Guest Inviter",
	"88d8e3e3-8f55-4a1e-953a-9b9898b8876b": "Directory Readers",
	"cf1c38e5-3621-4004-a7cb-879624dced7c": "Application Developer",
	"d29b2b05-8046-44ba-8758-1e26182fcf32": "Directory Synchronization Accounts",
	"a92aed5d-d78a-4d16-b381-09adb37eb3b0": "On Premises Directory Sync Account",
}

role_name(id) := privileged[id] if privileged[id]

else := other_names[id] if other_names[id]

else := sprintf("the role `%s`", [id])

# ---- One assignment, standing or eligible

role(assignment) := values.lowered(assignment, "roleDefinitionId")

holder(assignment) := values.lowered(assignment, "principalId")

# `user`, `group` or `serviceprincipal`; undefined for everything else.
kind(assignment) := word(object.get(assignment, "principal", null))

word(thing) := trim_prefix(values.lowered(thing, "@odata.type"), "#microsoft.graph.") if {
	values.lowered(thing, "@odata.type") in {"#microsoft.graph.user", "#microsoft.graph.group", "#microsoft.graph.serviceprincipal"}
}

is_clear(assignment) if {
	role(assignment)
	holder(assignment)
	kind(assignment)
}

holder_name(assignment) := assignment.principal.userPrincipalName if values.text(assignment.principal, "userPrincipalName")

else := assignment.principal.displayName if values.text(assignment.principal, "displayName")

else := holder(assignment)

standing := datasets.rows(assignments_id)

# Undefined if nobody could look; empty without the licence for eligible roles.
eligible := datasets.rows(eligible_id)

all_assignments := array.concat(standing, eligible) if eligible

else := standing

held(assignments, roles) := [assignment |
	some assignment in assignments
	is_clear(assignment)
	role(assignment) in roles
]

# ---- Groups

groups[id] contains row if {
	some row in datasets.rows(members_id)
	id := values.lowered(row, "id")
}

# The members of a group as Graph lists them, those of groups within it too; undefined if they are not known.
members(group) := row.items if {
	count(groups[group]) == 1
	some row in groups[group]
	row.status == 200
	is_array(row.items)
}

members_of_kind(group, wanted) := {id |
	some item in members(group)
	word(item) == wanted
	id := values.lowered(item, "id")
}

behind(assignments, wanted) := {id |
	some assignment in assignments
	kind(assignment) == wanted
	id := holder(assignment)
} | {id |
	some assignment in assignments
	kind(assignment) == "group"
	some id in members_of_kind(holder(assignment), wanted)
}

people(assignments) := behind(assignments, "user")

applications(assignments) := behind(assignments, "serviceprincipal")

# ---- What is not known

# Why the holders of `roles` may be more than were found.
doubts(roles) := unclear_assignments(all_assignments, roles) | ((unknown_groups(held(all_assignments, roles)) | odd_members(held(all_assignments, roles))) | unread_eligible)

# Assignments that may be of one of these roles, but do not say so or do not say who holds it.
unclear(assignments, roles) := [assignment |
	some assignment in assignments
	not is_clear(assignment)
	not is_other_role(assignment, roles)
]

is_other_role(assignment, roles) if {
	id := role(assignment)
	not id in roles
}

unclear_assignments(assignments, roles) := {text |
	number := count(unclear(assignments, roles))
	number > 0
	text := sprintf("Of %s it is not known which role it gives to whom", [names.some_of(number, "role assignment")])
}

unknown_groups(assignments) := {sprintf("The members of the group %s, which holds %s, were not read", [holder_name(assignment), role_name(role(assignment))]) |
	some assignment in assignments
	kind(assignment) == "group"
	not members(holder(assignment))
}

odd_members(assignments) := {sprintf("The group %s has members of which it is not known who or what they are", [holder_name(assignment)]) |
	some assignment in assignments
	kind(assignment) == "group"
	some item in members(holder(assignment))
	not is_known(item)
}

is_known(item) if {
	values.text(item, "id")
	values.text(item, "@odata.type")
}

unread_eligible := {"Who may switch on an administrator role was not read"} if not eligible

else := set()

# ---- Accounts

accounts[id] contains user if {
	some user in datasets.rows(users_id)
	id := values.lowered(user, "id")
}

account_name(id) := name if {
	some user in accounts[id]
	name := values.text(user, "userPrincipalName")
}

else := id

# Every value of a property of the account; `"absent"` where it was not given. Undefined for an account that was not read.
facts(id, key) := {object.get(user, key, "absent") | some user in accounts[id]} if count(accounts[id]) > 0

can_sign_in(id) if facts(id, "accountEnabled") == {true}

is_disabled(id) if facts(id, "accountEnabled") == {false}

account_names(ids) := names.few({account_name(id) | some id in ids})

# ---- Declared emergency access

# Object ids or sign-in names.
declared := values.words(input.settings.break_glass_accounts) if values.is_words(input.settings.break_glass_accounts)

else := set()

is_emergency(id) if id in declared

is_emergency(id) if {
	some user in accounts[id]
	values.lowered(user, "userPrincipalName") in declared
}

# It may be declared by its sign-in name, which is not known because the account was not read.
may_be_emergency(id) if {
	not is_emergency(id)
	not facts(id, "id")
	some entry in declared
	contains(entry, "@")
}
