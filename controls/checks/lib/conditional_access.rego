# Conditional Access policies, one by one: which is in force, which is understood, and what it demands.
#
# Written once, used by every check on sign-in. When and to what a policy applies is in `conditional_access_reach`, whom it
# applies to in `conditional_access_people`. A condition that Graph leaves out is not set; a core property that is not there
# (state, who, which applications, which clients, what is demanded) keeps the policy from being understood.
package lib.conditional_access

import data.lib.datasets
import data.lib.values

policies_id := "m365/conditional_access_policies"

defaults_id := "m365/security_defaults"

strengths_id := "m365/authentication_strength_policies"

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

# What keeps a policy from being understood, by the name of the property. Worked out once for each policy that was read: it
# takes longest, and everything else asks for it.
problems(policy) := found if found := problems_by_policy[policy]

else := problems_in(policy)

problems_by_policy := {policy: problems_in(policy) | some policy in policies}

problems_in(policy) := {problem |
	some problem in union({
		lists_missing(policy), unknown_settings(policy), odd_clients(policy), odd_levels(policy), odd_flows(policy),
		grant_problems(policy),
	})
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

# Conditions that Graph returns only where the cloud knows them, and what each is called. Absent, null and empty mean
# that they are not set.
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

odd_clients(policy) := {sprintf("conditions.clientAppTypes (`%s`)", [concat(", ", sort(odd))]) |
	clients := values.words(object.get(policy, ["conditions", "clientAppTypes"], null))
	odd := clients - known_clients
	not usual(clients, odd)
}

odd_levels(policy) := {sprintf("conditions.%s (`%s`)", [key, concat(", ", sort(odd))]) |
	some key in ["userRiskLevels", "signInRiskLevels"]
	odd := levels(policy, key) - {"low", "medium", "high", "hidden", "none"}
	count(odd) > 0
}

levels(policy, key) := values.words(object.get(policy, ["conditions", key], null))

odd_flows(policy) := {sprintf("conditions.authenticationFlows.transferMethods (`%s`)", [concat(", ", sort(odd))]) |
	odd := flows(policy) - {"none", "devicecodeflow", "authenticationtransfer"}
	count(odd) > 0
}

# The flags come as one text, joined by commas.
flows(policy) := values.parts(policy.conditions.authenticationFlows.transferMethods)

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

# What the policy itself repeats of its strength, else the strength that it names.
combinations(policy) := values.words(policy.grantControls.authenticationStrength.allowedCombinations) if {
	values.has(policy.grantControls.authenticationStrength, "allowedCombinations")
}

else := values.words(strengths[lower(policy.grantControls.authenticationStrength.id)]) if {
	is_string(policy.grantControls.authenticationStrength.id)
}

strengths[id] := strength.allowedCombinations if {
	some strength in datasets.rows(strengths_id)
	is_string(strength.id)
	id := lower(strength.id)
	values.is_words(object.get(strength, "allowedCombinations", null))
}

multifactor_methods := {
	"windowshelloforbusiness", "fido2", "x509certificatemultifactor", "devicebasedpush", "temporaryaccesspassonetime",
	"temporaryaccesspassmultiuse", "federatedmultifactor",
}

known_methods := multifactor_methods | {
	"password", "voice", "hardwareoath", "softwareoath", "sms", "microsoftauthenticatorpush", "email",
	"x509certificatesinglefactor", "federatedsinglefactor", "qrcodepin",
}

# Strong against phishing, because they are bound to the place they are used at.
phishing_resistant_methods := {"windowshelloforbusiness", "fido2", "x509certificatemultifactor"}

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

strength_is_phishing_resistant(policy) if {
	has_strength(policy)
	count(combinations(policy)) > 0
	count(combinations(policy) - phishing_resistant_methods) == 0
}

asks_for_mfa(policy) if "mfa" in grants(policy)

asks_for_mfa(policy) if strength_is_multifactor(policy)

# What is accepted instead of multifactor authentication where one control is enough.
alternatives(policy) := {word |
	some word in ((other_grants(policy) | weak_strength(policy)) | other_lists(policy))
}

other_grants(policy) := {object.get(grant_names, grant, grant) | some grant in grants(policy) - {"mfa"}}

grant_names := {
	"compliantdevice": "a compliant device",
	"domainjoineddevice": "a hybrid joined device",
	"approvedapplication": "an approved app",
	"compliantapplication": "an app protection policy",
	"passwordchange": "a new password",
}

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

requires_phishing_resistance(policy) if {
	strength_is_phishing_resistant(policy)
	operator(policy) == "and"
}

requires_phishing_resistance(policy) if {
	strength_is_phishing_resistant(policy)
	operator(policy) == "or"
	count(grants(policy)) == 0
	count(other_lists(policy)) == 0
}

# ---- Not understood, but certainly about something else

is_no_mfa(policy) if demands_nothing(policy)

is_no_mfa(policy) if {
	count(grants(policy) - known_grants) == 0
	not has_strength(policy)
	not "mfa" in grants(policy)
}

is_no_block(policy) if demands_nothing(policy)

is_no_block(policy) if {
	count(grants(policy) - known_grants) == 0
	not blocks(policy)
}
