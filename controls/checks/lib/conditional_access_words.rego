# Conditional Access in words: whom a policy exempts, by name where the directory was read, and why a policy that goes in
# the right direction does not do it alone. Decides nothing.
package lib.conditional_access_words

import data.lib.conditional_access as ca
import data.lib.datasets
import data.lib.values

user_name(id) := names[0] if {
	names := [user.userPrincipalName |
		some user in exempt_users
		lower(user.id) == id
	]
	count(names) > 0
}

else := id

# The few accounts that policies exempt by id, so that a large directory is gone through once.
exempt_users := [user |
	count(exempt_ids) > 0
	some user in datasets.rows(ca.users_id)
	is_string(user.id)
	lower(user.id) in exempt_ids
	is_string(user.userPrincipalName)
]

exempt_ids := {lower(id) |
	some policy in ca.policies
	some id in object.get(policy, ["conditions", "users", "excludeUsers"], [])
	is_string(id)
}

describe(hole) := "guests and external users" if startswith(hole, "guest:")

else := sprintf("the account `%s`", [user_name(trim_prefix(hole, "user:"))]) if startswith(hole, "user:")

else := sprintf("the members of group `%s`", [trim_prefix(hole, "group:")]) if startswith(hole, "group:")

else := sprintf("the holders of role `%s`", [trim_prefix(hole, "role:")])

# A sentence names a few and counts the rest.
describe_all(set) := concat(", ", array.concat(array.concat(guests, shown), more)) if {
	others := sort({hole | some hole in set; not startswith(hole, "guest:")})
	guests := [text | some text in {describe(hole) | some hole in set; startswith(hole, "guest:")}]
	shown := [describe(hole) | some place, hole in others; place < 5]
	more := [sprintf("and %d more", [count(others) - 5]) | count(others) > 5]
}

# Why a policy that goes in the right direction does not do it alone. Total: fit for policies that are not understood.
shortcomings(policy) := (((not_in_force(policy) | too_few_people(policy)) | too_few_applications(policy)) | too_seldom(policy)) | exempting(policy)

not_in_force(policy) := {"it is only reported, not enforced"} if {
	is_string(policy.state)
	lower(policy.state) == "enabledforreportingbutnotenforced"
}

else := {"it is switched off"} if ca.state(policy) == "off"

else := set()

too_few_people(policy) := {"it does not apply to all users"} if {
	values.is_words(object.get(policy, ["conditions", "users", "includeUsers"], null))
	not ca.names_everybody(policy)
}

else := set()

too_few_applications(policy) := {"it does not apply to all applications"} if {
	values.is_words(object.get(policy, ["conditions", "applications", "includeApplications"], null))
	not ca.names_all_applications(policy)
}

else := {sprintf("it leaves out %d applications", [count(policy.conditions.applications.excludeApplications)])} if {
	count(object.get(policy, ["conditions", "applications", "excludeApplications"], [])) > 0
}

else := set()

too_seldom(policy) := {sprintf("it applies only under conditions (%s)", [concat(", ", sort(ca.narrowings(policy)))])} if {
	count(ca.lists_missing(policy)) == 0
	count(ca.narrowings(policy)) > 0
}

else := set()

exempting(policy) := {sprintf("it exempts %s", [describe_all(ca.holes(policy))])} if {
	count(ca.lists_missing(policy)) == 0
	count(ca.holes(policy)) > 0
}

else := set()

# Policies that cannot be understood, each with the properties that are missing or hold words not known here.
doubts(set) := concat(", ", sort([sprintf("`%s` (%s)", [ca.name(policy), concat(", ", sort(doubtful(policy)))]) | some policy in set]))

doubtful(policy) := {"state"} if ca.state(policy) == "unclear"

else := ca.problems(policy)

# Said of a pass, so that nobody overlooks who is exempt.
exempt(set) := "" if count(exempted(set)) == 0

else := sprintf(", apart from declared emergency access (%d)", [count(exempted(set))])

exempted(set) := {id |
	some policy in set
	some key in ["excludeUsers", "excludeGroups", "excludeRoles"]
	some id in values.words(policy.conditions.users[key])
	id in ca.declared
}

# Said when only the accounts' names are wanting.
perhaps_declared(left) := sprintf("Whether %s is declared emergency access cannot be told: it was declared by sign-in name, and not all user accounts were read", [describe_all(left)])
