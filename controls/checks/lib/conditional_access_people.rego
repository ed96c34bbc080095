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

# The members of each group that was read whole and is understood; of those, only people sign in.
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
	people := [item | some item in row.items; is_person(item)]
}

ids_in := {id: {lower(item.id) | some item in people} | some id, people in members}

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
	some _, people in members
	some account in people
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

disabled := {lower(account.id) |
	some account in datasets.rows(users_id)
	is_string(account.id)
	account.accountEnabled == false
} | {lower(account.id) |
	some _, people in members
	some account in people
	account.accountEnabled == false
}

# What the tools that copy a directory on site into the cloud sign in with; they cannot answer a prompt.
synchronization_roles := {"d29b2b05-8046-44ba-8758-1e26182fcf32", "a92aed5d-d78a-4d16-b381-09adb37eb3b0"}

# ---- Whom does a policy name, and whom does it exempt?

guest_types := {
	"internalguest", "b2bcollaborationguest", "b2bcollaborationmember", "b2bdirectconnectuser", "otherexternaluser",
	"serviceprovider",
}

names_everybody(policy) if "all" in values.words(policy.conditions.users.includeUsers)

# People are told apart by kind: ids of accounts, ids of groups whose members are not known, ids of roles, types of guest.
kinds := ["user", "group", "role", "guest"]

# Whom a policy exempts, by kind.
holes(policy) := {
	"user": ((excluded_users(policy) | members_of(excluded_groups(policy))) - disabled) - declared,
	"group": excluded_groups(policy) - read_groups,
	"role": (values.words(policy.conditions.users.excludeRoles) - synchronization_roles) - declared,
	"guest": excluded_guests(policy),
}

excluded_users(policy) := values.words(policy.conditions.users.excludeUsers) - {"guestsorexternalusers"}

excluded_groups(policy) := values.words(policy.conditions.users.excludeGroups) - declared

members_of(groups) := union({ids_in[id] | some id in groups & object.keys(ids_in)})

is_empty(people) if count(union({people[kind] | some kind in kinds})) == 0

excluded_guests(policy) := guest_types if "guestsorexternalusers" in values.words(policy.conditions.users.excludeUsers)

else := set() if values.unset(policy.conditions.users, "excludeGuestsOrExternalUsers")

else := values.parts(policy.conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes) - {"none"} if {
	is_string(policy.conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes)
}

else := guest_types

# Whom a policy names without naming everybody, by kind; a group by its id and by its members.
named_people(policy) := {
	"user": named_by(policy, "includeUsers") | members_of(named_by(policy, "includeGroups")),
	"group": named_by(policy, "includeGroups"),
	"role": named_by(policy, "includeRoles"),
	"guest": included_guests(policy),
}

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
cover(set) := cover_by(naming_everybody(set), set)

# The same for the people whom all of `wide` name.
cover_by(wide, set) := verdict(exempts, closing(set, exempts)) if exempts := {holes(policy) | some policy in wide}

# Those whom every policy for everybody exempts, by kind.
left(set) := left_of(naming_everybody(set), set)

left_of(wide, set) := left_by(exempts, closing(set, exempts)) if exempts := {holes(policy) | some policy in wide}

naming_everybody(set) := {policy | some policy in set; names_everybody(policy)}

verdict(exempts, closers) := "covered" if {
	some exempt in exempts
	is_empty(not_closed(exempt, closers))
}

else := "undecided" if may_be_declared(left_by(exempts, closers))

else := "uncovered" if is_certain(left_by(exempts, closers))

else := "undecided" if count(exempts) > 0

else := "uncovered"

# What closes a hole: another policy for the same people that exempts only others of the same kind, or a policy without
# exemptions that names exactly these. Two accounts, or two types of guest, are never the same people; two groups may
# share members. `kept` holds those whom every policy that could close their kind exempts.
closing(set, exempts) := {
	"kept": {kind: intersection(of_kind) |
		some kind in ["user", "guest"]
		of_kind := {exempt[kind] | some exempt in exempts; is_only(exempt, kind)}
		count(of_kind) > 0
	},
	"named": [named_people(policy) |
		some policy in set
		not names_everybody(policy)
		is_empty(holes(policy))
	],
}

is_only(exempt, kind) if count(union({exempt[other] | some other in kinds; other != kind})) == 0

not_closed(exempt, closers) := {kind: rest(kind, exempt[kind], closers) | some kind in kinds}

rest(kind, ids, closers) := (ids & closers.kept[kind]) - named_of(kind, closers) if kind in object.keys(closers.kept)

else := ids - named_of(kind, closers)

named_of(kind, closers) := union({people[kind] | some people in closers.named})

left_by(exempts, closers) := not_closed({kind: intersection({exempt[kind] | some exempt in exempts}) | some kind in kinds}, closers)

# There surely is somebody; a group whose members are not known may be empty.
is_certain(people) if count((people.user | people.role) | people.guest) > 0

# Exempt accounts that may be the declared ones, as far as can be told from ids alone.
may_be_declared(people) if {
	count(people.user) > 0
	count(people.user) <= count(unresolved)
	count(people.role | people.guest) == 0
}
