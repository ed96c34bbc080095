# From what Conditional Access policies reach to one finding for the tenant. Checks say what they look for; the order in
# which doubts outweigh each other is the same for all of them.
#
# A question is an object:
#   parts     per part of what is wanted (browsers, apps, ...) the set of policies that do it for every application or for
#             the action in question
#   unclear   policies that are not understood and may do it
#   done      the sentence of a pass; `%s` is for the names of the policies
#   undone    "the Conditional Access policies do not ...", within a sentence
#   open      the sentence of a fail that names who is left out; `%s` is for them
#   none      the sentence of a fail where no policy does it
#   defaults  the sentence of a pass by security defaults; empty where they do not help
package lib.conditional_access_verdict

import data.lib.conditional_access as ca
import data.lib.conditional_access_people as people
import data.lib.conditional_access_words as words
import data.lib.datasets

decide(question) := weigh(question, {part: people.cover(set) | some part, set in question.parts})

weigh(question, covers) := {"outcome": "pass", "because": question.defaults} if {
	question.defaults != ""
	ca.security_defaults == "on"
}

else := {"outcome": "pass", "because": because} if {
	every _, answer in covers {
		answer == "covered"
	}
	because := concat("", [sprintf(question.done, [ca.names(doing(question))]), words.exempt(doing(question))])
}

else := doubt(question) if doubt(question)

else := {"outcome": "unknown", "because": words.perhaps_declared(object.union(left, {"group": set()}))} if {
	not "uncovered" in answers(covers)
	some _, set in question.parts
	left := people.left(set)
	people.may_be_declared(left)
}

else := {"outcome": "unknown", "because": because} if {
	not "uncovered" in answers(covers)
	because := sprintf("Whether %s reach everybody depends on who is in which group or role, which was not read%s", [ca.names(doing(question)), which_groups(question)])
}

else := {"outcome": "fail", "because": sprintf(question.open, [words.describe_all(left)])} if {
	left := certainly_left(question, covers)
	people.is_certain(left)
}

else := {"outcome": "fail", "because": concat("", [question.none, " ", without_licence])} if without_licence

else := {"outcome": "fail", "because": question.none}

# What keeps a question open, whoever is reached.
doubt(question) := {"outcome": "unknown", "because": because} if {
	not datasets.seen(ca.policies_id)
	because := concat("", [by_defaults(question, "Security defaults do not settle it, and the"), " Conditional Access policies were not read"])
}

else := {"outcome": "unknown", "because": because} if {
	question.defaults != ""
	ca.security_defaults == "unseen"
	because := sprintf("%s, and whether security defaults are on was not read", [capital(question.undone)])
}

else := {"outcome": "unknown", "because": because} if {
	not datasets.whole(ca.policies_id)
	because := sprintf("%s, as far as they were read, and not all of them were read", [capital(question.undone)])
}

else := {"outcome": "unknown", "because": because} if {
	count(question.unclear) > 0
	because := sprintf("It may depend on Conditional Access policies that cannot be understood: %s", [words.doubts(question.unclear)])
}

by_defaults(question, text) := text if question.defaults != ""

else := "The"

capital(text) := concat("", [upper(substring(text, 0, 1)), substring(text, 1, -1)])

answers(covers) := {answer | some _, answer in covers}

doing(question) := union({set | some _, set in question.parts})

# Whom no policy reaches for one of the parts; groups whose members are not known may be nobody.
certainly_left(question, covers) := object.union({kind: union({left[kind] | some left in lefts}) | some kind in people.kinds}, {"group": set()}) if {
	lefts := [people.left(question.parts[part]) | some part, answer in covers; answer == "uncovered"]
}

which_groups(question) := "" if count(unread_groups(question)) == 0

else := sprintf(" (%s)", [words.describe_all({"user": set(), "group": unread_groups(question), "role": set(), "guest": set()})])

unread_groups(question) := union({people.holes(policy).group | some policy in doing(question)})

without_licence := "(the tenant is not licensed for Conditional Access, which needs Entra ID P1)" if {
	input.datasets[ca.policies_id].outcome == "unlicensed"
}

# A policy that comes near, and what it lacks.
near_miss(policy, lacking) := {"resource": sprintf("policy %s", [ca.name(policy)]), "outcome": "fail", "because": because} if {
	count(lacking) > 0
	because := sprintf("Policy `%s` does not do it: %s", [ca.name(policy), concat("; ", sort(lacking))])
}
