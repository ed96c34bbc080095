# Conditional Access: when a policy applies, and to which applications or actions. Whom it applies to is in
# `conditional_access_people`; `cover_applications` and `cover_action` bring the two together.
package lib.conditional_access_reach

import data.lib.conditional_access as ca
import data.lib.conditional_access_people as people
import data.lib.values

# ---- From which clients?

clients(policy) := values.words(object.get(policy, ["conditions", "clientAppTypes"], null))

reaches_client(policy, client) if client in clients(policy)

reaches_client(policy, _) if "all" in clients(policy)

reaches_modern_clients(policy) if {
	reaches_client(policy, "browser")
	reaches_client(policy, "mobileappsanddesktopclients")
}

# Clients that can ask for a second factor may be left to different policies.
modern := {"browser": "browsers", "mobileappsanddesktopclients": "apps"}

by_client(set) := {client: {policy | some policy in set; reaches_client(policy, client)} | some client, _ in modern}

# ---- In which circumstances?

# The circumstances a policy is limited to, other than client applications, by the name of the property.
narrowing_keys(policy) := {key |
	some key, _ in ca.narrow_conditions
	not values.unset(policy.conditions, key)
} | {key |
	some key, all_of in {
		"platforms": {"include": "includePlatforms", "exclude": "excludePlatforms"},
		"locations": {"include": "includeLocations", "exclude": "excludeLocations"},
	}
	not values.unset(policy.conditions, key)
	not names_all(policy.conditions[key], all_of)
}

names_all(condition, all_of) if {
	is_object(condition)
	"all" in values.words(object.get(condition, all_of.include, null))
	values.unset(condition, all_of.exclude)
}

always(policy) if count(narrowing_keys(policy)) == 0

only_when(policy, key) if narrowing_keys(policy) == {key}

# Whatever else is not understood of it: it is limited by a condition other than the expected one.
is_narrower(policy, expected) if {
	some key, _ in ca.narrow_conditions
	key != expected
	not values.unset(object.get(policy, "conditions", {}), key)
}

# It applies everywhere but at places that the tenant trusts.
only_outside_trusted_places(policy) if {
	narrowing_keys(policy) == {"locations"}
	"all" in values.words(policy.conditions.locations.includeLocations)
	values.words(policy.conditions.locations.excludeLocations) == {"alltrusted"}
}

# ---- Which applications?

applications(policy) := values.words(policy.conditions.applications.includeApplications)

actions(policy) := values.words(object.get(policy, ["conditions", "applications", "includeUserActions"], null))

is_about_an_action(policy) if not values.unset(policy.conditions.applications, "includeUserActions")

is_about_an_action(policy) if not values.unset(policy.conditions.applications, "includeAuthenticationContextClassReferences")

names_all_applications(policy) if {
	"all" in applications(policy)
	not is_about_an_action(policy)
	values.unset(policy.conditions.applications, "applicationFilter")
}

# Applications that a policy leaves out and that no other of the set takes in for everybody.
left_applications(policy, set) := {application |
	some application in values.words(policy.conditions.applications.excludeApplications)
	not taken_in(application, set)
}

taken_in(application, set) if {
	some other in set
	reaches_application(other, application)
	people.names_everybody(other)
	people.is_empty(people.holes(other))
}

reaches_application(policy, application) if {
	application in applications(policy)
	not is_about_an_action(policy)
	values.unset(policy.conditions.applications, "applicationFilter")
}

reaches_application(policy, application) if {
	names_all_applications(policy)
	not application in values.words(policy.conditions.applications.excludeApplications)
}

reaching_all_applications(set) := {policy |
	some policy in set
	names_all_applications(policy)
	count(left_applications(policy, set)) == 0
}

reaching_action(set, action) := {policy | some policy in set; action in actions(policy)}

# ---- Together: does a set of policies, each of which already demands what is wanted, reach everybody?

cover_applications(set) := people.cover(reaching_all_applications(set))

cover_action(set, action) := people.cover(reaching_action(set, action))
