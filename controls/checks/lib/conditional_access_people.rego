# Conditional Access: whom policies reach and whom they exempt, down to people.
#
# Start with `cover`. An exempt group counts as its members at any depth where they were read; where they were not, what
# depends on them is `undecided`, never guessed. Roles are not expanded here. Exempt accounts that are declared, or that
# cannot sign in, are no holes; neither is a group that no longer exists.
package lib.conditional_access_people

import data.lib.conditional_access as ca
import data.lib.datasets
import data.lib.values

users_id := "m365/users"

assignments_id := "m365/role_assignments"

members_id := "m365/conditional_access_group_members"

# ---- Who is in a group?

# Groups that policies name and that no longer exist.
gone contains lower(row.id) if {
	some row in datasets.rows(members_id)
	is_string(row.id)
	row.status == 404
}

# The members of each group that was read whole and is understood.
members := {id: people |
	some row in datasets.rows(members_id)
	is_string(row.id)
	id := lower(row.id)
	row.status == 200
	is_array(row.items)
	every item in row.items {
		is_string(item.id)
		is_understood(item)
	}
	people := {item | some item in row.items; is_person(item)}
}

# Groups of which it is known who is in them, be it nobody.
read_groups := object.keys(members) | gone

is_person(item) if item["@odata.type"] == "#microsoft.graph.user"

is_understood(item) if is_person(item)

# Nested groups are there beside their own members; the rest does not sign in as a person.
is_understood(item) if {
	item["@odata.type"] in {
		"#microsoft.graph.group", "#microsoft.graph.device", "#microsoft.graph.servicePrincipal", "#microsoft.graph.orgContact",
	}
}

# ---- Who may be exempt?

emergency := values.words(object.get(input, ["settings", "break_glass_accounts"], []))

# The organization's emergency access and directory synchronization, as declared; ids of accounts or groups, or sign-in
# names.
named := emergency | values.words(object.get(input, ["settings", "directory_sync_accounts"], []))

named_by_sign_in_name := {word |
	some word in named
	contains(word, "@")
}

declared := named | {lower(account.id) | some account in accounts_declared_by_name}

accounts_declared_by_name := {account |
	count(named_by_sign_in_name) > 0
	some account in datasets.rows(users_id)
	is_declared_by_name(account)
} | {account |
	count(named_by_sign_in_name) > 0
	some _, group in members
	some account in group
	is_declared_by_name(account)
} | {account |
	count(named_by_sign_in_name) > 0
	some assignment in datasets.rows(assignments_id)
	account := assignment.principal
	is_declared_by_name(account)
}

is_declared_by_name(account) if {
	is_string(account.id)
	is_string(account.userPrincipalName)
	lower(account.userPrincipalName) in named_by_sign_in_name
}

# Declared sign-in names whose account is not known, because not all accounts were read.
unresolved := set() if datasets.whole(users_id)

else := named_by_sign_in_name - {lower(account.userPrincipalName) | some account in accounts_declared_by_name}

disabled := {lower(user.id) |
	some user in datasets.rows(users_id)
	is_string(user.id)
	user.accountEnabled == false
} | {lower(item.id) |
	some _, group in members
	some item in group
	item.accountEnabled == false
}

# What the tools that copy a directory on site into the cloud sign in with; they cannot answer a prompt.
synchronization_roles := {"d29b2b05-8046-44ba-8758-1e26182fcf32", "a92aed5d-d78a-4d16-b381-09adb37eb3b0"}

# ---- Whom does a policy name, and whom does it exempt?

guest_types := {
	"internalguest", "b2bcollaborationguest", "b2bcollaborationmember", "b2bdirectconnectuser", "otherexternaluser",
	"serviceprovider",
}

names_everybody(policy) if "all" in values.words(policy.conditions.users.includeUsers)

# Whom a policy exempts, as `user:id`, `role:id` and `guest:type`, and as `group:id` where its members are not known.
holes(policy) := union({
	listed("user:", (values.words(policy.conditions.users.excludeUsers) - {"guestsorexternalusers"}) - disabled),
	union({group_holes(id) | some id in values.words(policy.conditions.users.excludeGroups)}),
	listed("role:", values.words(policy.conditions.users.excludeRoles) - synchronization_roles),
	listed("guest:", excluded_guests(policy)),
})

listed(kind, ids) := {concat("", [kind, id]) | some id in ids - declared}

group_holes(id) := set() if id in declared

else := set() if id in gone

else := holes_of_members[id] if holes_of_members[id]

else := {concat("", ["group:", id])}

holes_of_members := {id: listed("user:", {lower(item.id) | some item in group} - disabled) | some id, group in members}

excluded_guests(policy) := guest_types if "guestsorexternalusers" in values.words(policy.conditions.users.excludeUsers)

else := set() if values.unset(policy.conditions.users, "excludeGuestsOrExternalUsers")

else := values.parts(policy.conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes) - {"none"} if {
	is_string(policy.conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes)
}

else := guest_types

# Whom a policy names without naming everybody; a group by its id and by its members.
named_people(policy) := union({
	listed("user:", named_by(policy, "includeUsers")),
	listed("group:", named_by(policy, "includeGroups")),
	union({object.get(holes_of_members, id, set()) | some id in named_by(policy, "includeGroups")}),
	listed("role:", named_by(policy, "includeRoles")),
	listed("guest:", included_guests(policy)),
})

named_by(policy, key) := values.words(policy.conditions.users[key]) if values.is_words(policy.conditions.users[key])

else := set()

included_guests(policy) := guest_types if "guestsorexternalusers" in named_by(policy, "includeUsers")

else := values.parts(policy.conditions.users.includeGuestsOrExternalUsers.guestOrExternalUserTypes) if {
	is_string(policy.conditions.users.includeGuestsOrExternalUsers.guestOrExternalUserTypes)
	reaches_every_tenant(policy.conditions.users.includeGuestsOrExternalUsers)
}

else := set()

reaches_every_tenant(guests) if values.unset(guests, "externalTenants")

reaches_every_tenant(guests) if lower(values.text(guests.externalTenants, "membershipKind")) == "all"

# ---- Together

# Does a set of policies, each of which reaches every application in question, reach everybody? `covered`, `uncovered` or
# `undecided`.
cover(set) := cover_by({policy | some policy in set; names_everybody(policy)}, set)

# The same for the people whom all of `wide` name.
cover_by(wide, set) := verdict(exempts, closing(set, exempts)) if exempts := {holes(policy) | some policy in wide}

verdict(exempts, closers) := "covered" if {
	some exempt in exempts
	count({hole | some hole in exempt; not is_closed(hole, closers)}) == 0
}

else := "undecided" if may_be_declared(certain(left_by(exempts, closers)))

else := "uncovered" if count(certain(left_by(exempts, closers))) > 0

else := "undecided" if count(exempts) > 0

else := "uncovered"

# What closes a hole: another policy for the same people that exempts only others of the same kind, or a policy without
# exemptions that names exactly these. Two accounts, or two types of guest, are never the same people; two groups may
# share members. `kept` holds those whom every policy that could close their kind exempts.
closing(set, exempts) := {
	"kept": {kind: intersection(of_kind) |
		some kind in ["user:", "guest:"]
		of_kind := {exempt |
			some exempt in exempts
			every hole in exempt {
				startswith(hole, kind)
			}
		}
		count(of_kind) > 0
	},
	"named": union({named_people(policy) |
		some policy in set
		count(holes(policy)) == 0
	}),
}

is_closed(hole, closers) if hole in closers.named

is_closed(hole, closers) if {
	some kind, kept in closers.kept
	startswith(hole, kind)
	not hole in kept
}

# Those whom every policy for everybody exempts.
left(set) := left_of({policy | some policy in set; names_everybody(policy)}, set)

left_of(wide, set) := left_by(exempts, closing(set, exempts)) if exempts := {holes(policy) | some policy in wide}

left_by(exempts, closers) := {hole |
	some hole in intersection(exempts)
	not is_closed(hole, closers)
}

# Holes that surely hold somebody; a group whose members are not known may be empty.
certain(holes_left) := {hole | some hole in holes_left; not startswith(hole, "group:")}

# Exempt accounts that may be the declared ones, as far as can be told from ids alone.
may_be_declared(holes_left) if {
	count(holes_left) > 0
	count(holes_left) <= count(unresolved)
	every hole in holes_left {
		startswith(hole, "user:")
	}
}
