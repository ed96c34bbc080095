# Conditional Access in words: whom a policy exempts, by name where the directory was read, and why a policy that goes in
# the right direction does not do it alone. Decides nothing.
package lib.conditional_access_words

import data.lib.conditional_access as ca
import data.lib.conditional_access_people as people
import data.lib.conditional_access_reach as reach
import data.lib.datasets
import data.lib.names
import data.lib.privileged_roles as roles
import data.lib.values

user_name(id) := object.get(names_by_id, id, id)

# Names of the accounts that policies exempt, by id or as members of a group; gone through once.
names_by_id := object.union_n(array.concat(
	[{lower(account.id): account.userPrincipalName} |
		count(exempt_ids) > 0
		some account in datasets.rows(people.users_id)
		is_string(account.id)
		lower(account.id) in exempt_ids
		is_string(account.userPrincipalName)
	],
	[{lower(account.id): account.userPrincipalName} |
		some _, group in people.members
		some account in group
		is_string(account.userPrincipalName)
	],
))

exempt_ids := {lower(id) |
	some policy in ca.policies
	some id in object.get(policy, ["conditions", "users", "excludeUsers"], [])
	is_string(id)
}

# People by kind, as `conditional_access_people` tells them apart. A sentence names a few and counts the rest.
describe_all(people_left) := names.shorten(texts, total) if {
	guests := ["guests and external users" | count(people_left.guest) > 0]
	groups := [sprintf("the members of group `%s`", [id]) | some id in sort(people_left.group)]
	holders := [sprintf("the holders of role `%s`", [roles.role_name(id)]) | some id in sort(people_left.role)]
	some_users := array.slice(sort(people_left.user), 0, 5)
	accounts := sort([sprintf("the account `%s`", [user_name(id)]) | some id in some_users])
	texts := array.concat(array.concat(guests, holders), array.concat(groups, accounts))
	total := (count(texts) - count(accounts)) + count(people_left.user)
}

# Why a policy that goes in the right direction does not do it alone. Total: fit for policies that are not understood.
# `expected` is the condition that such a policy has anyway.
shortcomings(policy, expected) := union({
	not_in_force(policy), too_few_people(policy), too_few_applications(policy), too_seldom(policy, expected), exempting(policy),
})

not_in_force(policy) := {"it is only reported, not enforced"} if {
	is_string(policy.state)
	lower(policy.state) == "enabledforreportingbutnotenforced"
}

else := {"it is switched off"} if ca.state(policy) == "off"

else := set()

too_few_people(policy) := {"it does not apply to all users"} if {
	values.is_words(object.get(policy, ["conditions", "users", "includeUsers"], null))
	not people.names_everybody(policy)
}

else := set()

too_few_applications(policy) := set() if count(reach.actions(policy)) > 0

else := {"it does not apply to all applications"} if {
	values.is_words(object.get(policy, ["conditions", "applications", "includeApplications"], null))
	not reach.names_all_applications(policy)
}

else := {sprintf("it leaves out %d applications", [count(policy.conditions.applications.excludeApplications)])} if {
	count(object.get(policy, ["conditions", "applications", "excludeApplications"], [])) > 0
}

else := set()

too_seldom(policy, expected) := {sprintf("it applies only under conditions (%s)", [concat(", ", sort(narrow))])} if {
	count(ca.lists_missing(policy)) == 0
	narrow := {condition_name(policy, key) | some key in reach.narrowing_keys(policy) - {expected}}
	count(narrow) > 0
}

else := set()

condition_name(policy, key) := "locations: not at trusted ones" if {
	key == "locations"
	"alltrusted" in values.words(policy.conditions.locations.excludeLocations)
}

else := object.get(ca.narrow_conditions, key, key)

exempting(policy) := {sprintf("it exempts %s", [describe_all(exempt_people)])} if {
	count(ca.lists_missing(policy)) == 0
	exempt_people := people.holes(policy)
	not people.is_empty(exempt_people)
}

else := set()

# Policies that cannot be understood, each with the properties that are missing or hold words not known here.
doubts(set) := concat(", ", sort([sprintf("`%s` (%s)", [ca.name(policy), concat(", ", sort(doubtful(policy)))]) | some policy in set]))

doubtful(policy) := {"state"} if ca.state(policy) == "unclear"

else := ca.problems(policy) if count(ca.problems(policy)) > 0

else := {"sessionControls"}

# Said of a pass, so that nobody overlooks who is exempt.
exempt(set) := "" if count(exempted(set)) == 0

else := sprintf(", apart from %s", [concat(" and ", sort(exempted(set)))])

exempted(set) := {text |
	some text in [
		counted("declared emergency access or directory synchronization (%d)", excluded(set) & people.declared),
		counted("disabled accounts (%d)", (excluded(set) & people.disabled) - people.declared),
		counted("the role of directory synchronization", excluded(set) & people.synchronization_roles),
	]
	text != ""
}

counted(text, ids) := "" if count(ids) == 0

else := sprintf(text, [count(ids)]) if contains(text, "%d")

else := text

excluded(set) := {id |
	some policy in set
	some key in ["excludeUsers", "excludeGroups", "excludeRoles"]
	some id in values.words(policy.conditions.users[key])
} | people.members_of({id | some policy in set; some id in values.words(policy.conditions.users.excludeGroups)})

# Said when only the accounts' names are wanting.
perhaps_declared(people_left) := sprintf("Whether %s is declared emergency access cannot be told: it was declared by sign-in name, and not all user accounts were read", [describe_all(people_left)])
