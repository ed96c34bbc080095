# Do Conditional Access policies reach everybody who holds a privileged role? A policy does that by naming everybody or the
# role. Microsoft counts to a role only those who hold it now and in the whole tenant; who holds it in an administrative
# unit, or for one object, must be named otherwise.
#
# Questions are those of `conditional_access_verdict`.
package lib.conditional_access_admins

import data.lib.conditional_access as ca
import data.lib.conditional_access_people as people
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words
import data.lib.datasets
import data.lib.names
import data.lib.privileged_roles as roles
import data.lib.values

decide(question) := settle(question, judged(question), scoped_left(question))

# Roles that must be reached.
required := object.keys(roles.always_protected) | roles.held_roles

names_role(policy, _) if people.names_everybody(policy)

names_role(policy, role) if role in people.named_by(policy, "includeRoles")

# One answer for each part and each set of policies that name one or several of the roles.
judged(question) := [answer |
	some _, set in question.parts
	by_role := {role: naming(set, role) | some role in required}
	some wide in {policies | some _, policies in by_role}
	answer := {
		"roles": {role | some role, policies in by_role; policies == wide},
		"cover": people.cover_by(wide, set),
		"left": people.left_of(wide, set),
		"is_named": count(wide) > 0,
	}
]

naming(set, role) := {policy | some policy in set; names_role(policy, role)}

reaches_everybody(question) if {
	count({part | some part, set in question.parts; people.cover(set) != "covered"}) == 0
}

scoped_left(question) := {name |
	some _, set in question.parts
	some assignment in roles.scoped
	not is_reached(assignment, set)
	name := sprintf("`%s` (%s)", [roles.holder_name(assignment), roles.role_name(lower(assignment.roleDefinitionId))])
}

is_reached(assignment, _) if principal(assignment) in people.declared

is_reached(assignment, set) if {
	some policy in set
	is_named(policy, roles.kind(assignment), principal(assignment))
	exempt := people.holes(policy)
	not principal(assignment) in exempt[roles.kind(assignment)]
	count(exempt.group | exempt.role) == 0
}

principal(assignment) := lower(values.text(assignment, "principalId"))

is_named(policy, _, _) if people.names_everybody(policy)

is_named(policy, kind, id) if id in people.named_people(policy)[kind]

settle(question, answers, scoped) := {"outcome": "pass", "because": question.defaults} if {
	question.defaults != ""
	ca.security_defaults == "on"
}

else := pass(question) if reaches_everybody(question)

else := pass(question) if {
	roles_leave_no_doubt
	count(scoped) == 0
	count(not_covered(answers)) == 0
}

else := verdicts.doubt(question) if verdicts.doubt(question)

else := {"outcome": "fail", "because": because} if {
	missed := sort({roles.role_name(role) | some answer in answers; not answer.is_named; some role in answer.roles})
	count(missed) > 0
	because := missed_roles(question, missed)
}

else := {"outcome": "fail", "because": sprintf(question.open, [names.listed(sort(left_admins(answers)))])} if {
	count(left_admins(answers)) > 0
}

else := {"outcome": "fail", "because": because} if {
	count(scoped) > 0
	because := concat("", [
		sprintf(question.open, [names.listed(sort(scoped))]),
		": the role is held only for a part of the tenant, and policies that name roles do not reach that",
	])
}

else := {"outcome": "unknown", "because": because} if {
	left := left_people(answers)
	not people.is_empty(left)
	because := sprintf("Policies exempt %s, and whether that includes somebody with a privileged role was not read in full", [words.describe_all(left)])
}

else := {"outcome": "unknown", "because": because} if {
	count(not_covered(answers)) > 0
	because := sprintf("Whether %s reach everybody with a privileged role depends on who is in which group or role, which was not read", [ca.names(verdicts.doing(question))])
}

else := {"outcome": "unknown", "because": because} if {
	because := sprintf("%s reach holders of the roles that they name, but who holds which role, and whether for the whole tenant, was not read whole", [ca.names(verdicts.doing(question))])
}

# The policies say themselves whom they reach. Who holds which role can only add that somebody is missed.
roles_leave_no_doubt if roles.is_known

roles_leave_no_doubt if not datasets.seen("m365/role_assignments")

pass(question) := {"outcome": "pass", "because": because} if {
	because := concat("", [sprintf(question.done, [ca.names(verdicts.doing(question))]), words.exempt(verdicts.doing(question)), unread(question)])
}

unread(question) := "; who holds a role for a part of the tenant only, which such policies do not reach, was not read" if {
	not roles.is_known
	not reaches_everybody(question)
}

else := ""

not_covered(answers) := [answer | some answer in answers; answer.cover != "covered"]

# No policy names the role. If none names any, the question's own sentence says it better.
missed_roles(question, missed) := concat(" ", [question.none, verdicts.without_licence]) if {
	count(missed) == count(required)
	verdicts.without_licence
}

else := question.none if count(missed) == count(required)

else := sprintf(question.open, [sprintf("the holders of: %s", [names.listed(missed)])])

left_people(answers) := {kind: union({answer.left[kind] | some answer in answers}) | some kind in people.kinds}

# Exempt everywhere, and known to hold a privileged role.
left_admins(answers) := {sprintf("`%s`", [name]) |
	some id, name in roles.holders
	id in left_people(answers).user
} | {sprintf("the holders of role `%s`", [roles.role_name(id)]) | some id in left_people(answers).role & required}

# Policies for users do not reach applications that hold a role; said so that nobody thinks so.
findings contains {"resource": sprintf("application %s", [name]), "outcome": "not_applicable", "because": because} if {
	some assignment in roles.held
	roles.kind(assignment) == "application"
	name := roles.holder_name(assignment)
	because := sprintf("%s holds the role %s as an application, which Conditional Access for users does not reach", [name, roles.role_name(lower(assignment.roleDefinitionId))])
}

# Why a policy that goes in the right direction does not do it alone for administrators.
shortcomings(policy, expected) := (words.shortcomings(policy, expected) - words.too_few_people(policy)) | missing_roles(policy)

missing_roles(policy) := {sprintf("it does not name all users, nor these roles: %s", [names.listed(sort(missing))])} if {
	count(ca.lists_missing(policy)) == 0
	not people.names_everybody(policy)
	missing := {roles.role_name(role) | some role in required - people.named_by(policy, "includeRoles")}
	count(missing) > 0
}

else := set()
