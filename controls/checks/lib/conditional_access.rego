# Conditional Access primitives: which policy is in force, whom and what it reaches, what it demands, and what several
# policies reach together. Written once, used by every check on sign-in.
#
# Start with `cover`: it decides whether a set of policies reaches everybody everywhere. Group and role membership is
# not known here: a policy that names only groups does not reach everybody, and a union of policies that exempt
# different groups is `undecided`, never guessed. A condition that Graph leaves out is not set; a core property that is
# not there (state, who, which applications, which clients, what is demanded) keeps the policy from being understood.
package lib.conditional_access

import data.lib.datasets
import data.lib.values

policies_id := "m365/conditional_access_policies"

defaults_id := "m365/security_defaults"

users_id := "m365/users"

policies := datasets.rows(policies_id)

name(policy) := values.text(policy, "displayName") if values.text(policy, "displayName")

else := values.text(policy, "id") if values.text(policy, "id")

else := "(without a name)"

names(set) := concat(", ", sort([sprintf("`%s`", [name(policy)]) | some policy in set]))

# Security defaults: `on`, `off`, or `unseen` if that was not read or cannot be understood.
security_defaults := "on" if datasets.only(defaults_id).isEnabled == true

else := "off" if datasets.only(defaults_id).isEnabled == false

else := "unseen"

# ---- Is the policy in force? Report-only policies are not.

state(policy) := "on" if {
	is_string(policy.state)
	lower(policy.state) == "enabled"
}

else := "off" if {
	is_string(policy.state)
	lower(policy.state) in {"disabled", "enabledforreportingbutnotenforced"}
}

else := "unclear"

effective(policy) if {
	state(policy) == "on"
	count(problems(policy)) == 0
}

# In force, or perhaps in force, but not understood.
unclear(policy) if state(policy) == "unclear"

unclear(policy) if {
	state(policy) == "on"
	count(problems(policy)) > 0
}

required_lists := [
	["conditions", "clientAppTypes"],
	["conditions", "applications", "includeApplications"],
	["conditions", "applications", "excludeApplications"],
	["conditions", "users", "includeUsers"],
	["conditions", "users", "excludeUsers"],
	["conditions", "users", "excludeGroups"],
	["conditions", "users", "excludeRoles"],
]

known_clients := {
	"all", "browser", "mobileappsanddesktopclients", "exchangeactivesync", "eassupported", "other",
}

known_grants := {
	"block", "mfa", "compliantdevice", "domainjoineddevice", "approvedapplication", "compliantapplication",
	"passwordchange", "riskremediation",
}

# What keeps a policy from being understood, by the name of the property.
problems(policy) := {problem |
	some problem in (((lists_missing(policy) | unknown_settings(policy)) | odd_clients(policy)) | grant_problems(policy))
}

lists_missing(policy) := {concat(".", path) |
	some path in required_lists
	not values.is_words(object.get(policy, path, null))
}

# Settings that this version does not know and that hold a value: they may narrow a policy, exempt somebody or accept
# something else.
unknown_settings(policy) := {concat(".", [place, key]) |
	some place, known in known_settings
	part := object.get(policy, split(place, "."), null)
	is_object(part)
	some key, _ in part
	not key in known
	not contains(key, "@odata.")
	not values.unset(part, key)
}

known_settings := {
	"conditions": {"users", "applications", "clientAppTypes", "platforms", "locations"} | object.keys(narrow_conditions),
	"conditions.users": {
		"includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles",
		"includeGuestsOrExternalUsers", "excludeGuestsOrExternalUsers",
	},
	"conditions.applications": {
		"includeApplications", "excludeApplications", "includeUserActions", "applicationFilter",
		"includeAuthenticationContextClassReferences",
	},
	"grantControls": {
		"id", "operator", "builtInControls", "customAuthenticationFactors", "termsOfUse", "authenticationStrength",
	},
}

odd_clients(policy) := {sprintf("conditions.clientAppTypes (`%s`)", [concat(", ", sort(odd))]) |
	clients := values.words(object.get(policy, ["conditions", "clientAppTypes"], null))
	odd := clients - known_clients
	not usual(clients, odd)
}

usual(clients, odd) if {
	count(clients) > 0
	count(odd) == 0
}

# A policy without grant controls (null) only shapes sessions; that is understood.
grant_problems(policy) := {"grantControls"} if not values.has(policy, "grantControls")

else := {"grantControls"} if not is_object_or_null(policy.grantControls)

else := set() if is_null(policy.grantControls)

else := {problem |
	some problem in ((grant_list_problems(policy) | operator_problems(policy)) | strength_problems(policy))
}

is_object_or_null(value) if is_object(value)

is_object_or_null(value) if is_null(value)

grant_list_problems(policy) := {sprintf("grantControls.builtInControls (`%s`)", [concat(", ", sort(odd))]) |
	odd := grants(policy) - known_grants
	count(odd) > 0
} if values.is_words(object.get(policy, ["grantControls", "builtInControls"], null))

else := {"grantControls.builtInControls"}

operator_problems(policy) := set() if operator(policy) in {"and", "or"}

else := {"grantControls.operator"}

strength_problems(policy) := set() if not has_strength(policy)

else := set() if {
	every combination in combinations(policy) {
		count(values.parts(combination) - known_methods) == 0
	}
	count(combinations(policy)) > 0
}

else := {"grantControls.authenticationStrength.allowedCombinations"}

# ---- What does it demand?

grants(policy) := values.words(object.get(policy, ["grantControls", "builtInControls"], null))

operator(policy) := lower(policy.grantControls.operator) if is_string(policy.grantControls.operator)

combinations(policy) := values.words(object.get(policy, ["grantControls", "authenticationStrength", "allowedCombinations"], null))

multifactor_methods := {
	"windowshelloforbusiness", "fido2", "x509certificatemultifactor", "devicebasedpush", "temporaryaccesspassonetime",
	"temporaryaccesspassmultiuse", "federatedmultifactor",
}

known_methods := multifactor_methods | {
	"password", "voice", "hardwareoath", "softwareoath", "sms", "microsoftauthenticatorpush", "email",
	"x509certificatesinglefactor", "federatedsinglefactor", "qrcodepin",
}

blocks(policy) if "block" in grants(policy)

# Even a strength that says nothing about itself is one.
has_strength(policy) if {
	is_object(object.get(policy, "grantControls", null))
	not is_null(object.get(policy.grantControls, "authenticationStrength", null))
}

# It only shapes sessions, and demands nothing of a sign-in. A policy of which nothing at all is known does not.
demands_nothing(policy) if {
	values.has(policy, "grantControls")
	is_null(policy.grantControls)
	state(policy) == "on"
}

demands_nothing(policy) if {
	values.has(policy, "grantControls")
	is_null(policy.grantControls)
	not values.unset(policy, "sessionControls")
}

strength_is_multifactor(policy) if {
	has_strength(policy)
	count(combinations(policy)) > 0
	every combination in combinations(policy) {
		is_multifactor(combination)
	}
}

is_multifactor(combination) if combination in multifactor_methods

is_multifactor(combination) if {
	parts := values.parts(combination)
	count(parts) > 1
	count(parts - known_methods) == 0
}

asks_for_mfa(policy) if "mfa" in grants(policy)

asks_for_mfa(policy) if strength_is_multifactor(policy)

# What is accepted instead of multifactor authentication where one control is enough.
alternatives(policy) := {word |
	some word in ((other_grants(policy) | weak_strength(policy)) | other_lists(policy))
}

other_grants(policy) := grants(policy) - {"mfa"}

weak_strength(policy) := {"an authentication strength with a single factor" |
	has_strength(policy)
	not strength_is_multifactor(policy)
}

other_lists(policy) := {text |
	some key, text in {"termsOfUse": "terms of use", "customAuthenticationFactors": "a custom control"}
	not values.unset(policy.grantControls, key)
}

requires_mfa(policy) if {
	asks_for_mfa(policy)
	operator(policy) == "and"
}

requires_mfa(policy) if {
	asks_for_mfa(policy)
	operator(policy) == "or"
	count(alternatives(policy)) == 0
}

# ---- When does it apply?

clients(policy) := values.words(object.get(policy, ["conditions", "clientAppTypes"], null))

reaches_client(policy, client) if client in clients(policy)

reaches_client(policy, _) if "all" in clients(policy)

reaches_modern_clients(policy) if {
	reaches_client(policy, "browser")
	reaches_client(policy, "mobileappsanddesktopclients")
}

# Conditions that Graph returns only where the cloud knows them: absent, null and empty mean that they are not set.
narrow_conditions := {
	"signInRiskLevels": "sign-in risk",
	"userRiskLevels": "user risk",
	"insiderRiskLevels": "insider risk",
	"servicePrincipalRiskLevels": "workload risk",
	"agentIdRiskLevels": "agent risk",
	"authenticationFlows": "authentication flows",
	"clientApplications": "workload identities",
	"devices": "a device filter",
	"deviceStates": "device states",
	"times": "times",
}

# The circumstances a policy is limited to, other than client applications; empty for a policy that always applies.
narrowings(policy) := {text |
	some key, text in narrow_conditions
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

always(policy) if count(narrowings(policy)) == 0

# ---- Which applications?

applications(policy) := values.words(policy.conditions.applications.includeApplications)

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
	names_everybody(other)
	count(holes(other)) == 0
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

reaches_all_applications(policy, set) if {
	names_all_applications(policy)
	count(left_applications(policy, set)) == 0
}

# ---- Which people?

# Accounts and groups that the organization has declared as its emergency access; ids or sign-in names.
declared := named | {lower(user.id) |
	some user in declared_users
	is_string(user.id)
}

declared_users := [user |
	count(named_by_sign_in_name) > 0
	some user in datasets.rows(users_id)
	is_string(user.userPrincipalName)
	lower(user.userPrincipalName) in named_by_sign_in_name
]

named := values.words(object.get(input, ["settings", "break_glass_accounts"], []))

named_by_sign_in_name := {word |
	some word in named
	contains(word, "@")
}

# Declared sign-in names whose account is not known, because not all accounts were read.
unresolved := set() if datasets.whole(users_id)

else := named_by_sign_in_name - {lower(user.userPrincipalName) | some user in declared_users}

# Exempt accounts that may be the declared ones, as far as can be told from ids alone.
may_be_declared(left) if {
	count(left) > 0
	count(left) <= count(unresolved)
	every hole in left {
		startswith(hole, "user:")
	}
}

guest_types := {
	"internalguest", "b2bcollaborationguest", "b2bcollaborationmember", "b2bdirectconnectuser", "otherexternaluser",
	"serviceprovider",
}

names_everybody(policy) if "all" in values.words(policy.conditions.users.includeUsers)

# Whom a policy exempts, as `user:id`, `group:id`, `role:id` and `guest:type`; declared emergency access is no hole.
holes(policy) := ((listed("user:", values.words(policy.conditions.users.excludeUsers) - {"guestsorexternalusers"}) |
	listed("group:", values.words(policy.conditions.users.excludeGroups))) |
	listed("role:", values.words(policy.conditions.users.excludeRoles))) |
	listed("guest:", excluded_guests(policy))

listed(kind, ids) := {concat("", [kind, id]) |
	some id in ids
	not id in declared
}

excluded_guests(policy) := guest_types if "guestsorexternalusers" in values.words(policy.conditions.users.excludeUsers)

else := set() if values.unset(policy.conditions.users, "excludeGuestsOrExternalUsers")

else := values.parts(policy.conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes) - {"none"} if {
	is_string(policy.conditions.users.excludeGuestsOrExternalUsers.guestOrExternalUserTypes)
}

else := guest_types

# Whom a policy names without naming everybody.
named_people(policy) := ((listed("user:", named_by(policy, "includeUsers")) | listed("group:", named_by(policy, "includeGroups"))) |
	listed("role:", named_by(policy, "includeRoles"))) | listed("guest:", included_guests(policy))

named_by(policy, key) := values.words(policy.conditions.users[key]) if values.is_words(policy.conditions.users[key])

else := set()

included_guests(policy) := guest_types if "guestsorexternalusers" in named_by(policy, "includeUsers")

else := values.parts(policy.conditions.users.includeGuestsOrExternalUsers.guestOrExternalUserTypes) if {
	reaches_every_tenant(policy.conditions.users.includeGuestsOrExternalUsers)
}

else := set()

reaches_every_tenant(guests) if values.unset(guests, "externalTenants")

reaches_every_tenant(guests) if lower(guests.externalTenants.membershipKind) == "all"

# ---- Together

# Does a set of policies, each of which already demands what is wanted whenever it applies, reach everybody and every
# application? `covered`, `uncovered` or `undecided` (it depends on who is in a group or has a role, or on which account
# has a declared sign-in name).
cover(set) := verdict(exempts, closing(set, exempts)) if exempts := exemptions(broad(set))

verdict(exempts, closers) := "covered" if {
	some exempt in exempts
	every hole in exempt {
		is_closed(hole, closers)
	}
}

else := "undecided" if may_be_declared(left_by(exempts, closers))

else := "uncovered" if count(left_by(exempts, closers)) > 0

else := "undecided" if count(exempts) > 0

else := "uncovered"

broad(set) := {policy |
	some policy in set
	names_everybody(policy)
	reaches_all_applications(policy, set)
}

# Whom each of the policies exempts; worked out once, because there may be many of both.
exemptions(wide) := {holes(policy) | some policy in wide}

# What closes a hole: another policy for everybody that exempts only others of the same kind, or a policy without
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
		names_all_applications(policy)
		count(holes(policy)) == 0
		count(left_applications(policy, set)) == 0
	}),
}

is_closed(hole, closers) if hole in closers.named

is_closed(hole, closers) if {
	some kind, kept in closers.kept
	startswith(hole, kind)
	not hole in kept
}

# Those whom every policy for everybody exempts.
left_people(set) := left_by(exempts, closing(set, exempts)) if exempts := exemptions(broad(set))

left_by(exempts, closers) := {hole |
	some hole in intersection(exempts)
	not is_closed(hole, closers)
}
