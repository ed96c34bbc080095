# METADATA
# title: Invitations of guests are answered or withdrawn
# description: >-
#   No guest account that can sign in has waited for its owner longer than 30 days (setting
#   `guest_invitation_max_days`), counted from the day the account was made. Whether guests who accepted are still
#   needed, and when they last signed in, is not seen here.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/external-id/user-properties
# custom:
#   severity: low
#   requires: [m365/users]
#   proves:
#     cmmc-l2:
#       "3.1.1[a]": supporting
#       "3.5.6[b]": supporting
#     hipaa-security:
#       164.308(a)(3)(ii)(C): supporting
#     pci-dss-4.0.1:
#       7.2.4: supporting
#       8.2.6: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Users filter by invitation state "Pending acceptance" and delete the guests named
#       here, or send the invitation again where internal IT confirms that it is still wanted.
#     internal: >-
#       Ask whoever invited the named guests whether they are still needed.
#   irrelevant:
#     m365/users: [id, userPrincipalName, displayName]
package checks.m365.guest_invitations_answered

import data.lib.datasets
import data.lib.names
import data.lib.times
import data.lib.values

users_id := "m365/users"

users := datasets.rows(users_id)

limit := input.settings.guest_invitation_max_days if {
	values.is_whole_number(input.settings.guest_invitation_max_days)
	input.settings.guest_invitation_max_days > 0
}

else := 30

user_name(user) := user.userPrincipalName if values.text(user, "userPrincipalName")

else := user.id if values.text(user, "id")

else := "an account without a name"

type(user) := values.lowered(user, "userType")

guests := [user | some user in users; type(user) == "guest"]

# Old accounts can have no type; they count as members.
odd := [user | some user in users; not is_known(user)]

is_known(user) if type(user) in {"member", "guest"}

is_known(user) if {
	values.has(user, "userType")
	is_null(user.userType)
}

state(user) := "none" if {
	values.has(user, "externalUserState")
	is_null(user.externalUserState)
}

else := values.lowered(user, "externalUserState")

verdict(user) := {"outcome": "pass", "because": sprintf("%s accepted the invitation", [user_name(user)])} if state(user) == "accepted"

else := {"outcome": "not_applicable", "because": sprintf("%s was not invited, but made here", [user_name(user)])} if state(user) == "none"

else := {"outcome": "unknown", "because": sprintf("Whether %s accepted the invitation is not known", [user_name(user)])} if {
	not state(user) == "pendingacceptance"
}

else := {"outcome": "pass", "because": sprintf("%s has not accepted the invitation and is disabled", [user_name(user)])} if {
	user.accountEnabled == false
}

else := {"outcome": "unknown", "because": sprintf("Since when %s has been invited is not known", [user_name(user)])} if {
	not times.days_since(object.get(user, "createdDateTime", null))
}

else := {"outcome": "pass", "because": because} if {
	times.days_since(user.createdDateTime) <= limit
	because := sprintf("%s was invited less than %d days ago", [user_name(user), limit + 1])
}

else := {"outcome": "unknown", "because": sprintf("Whether %s can sign in is not known", [user_name(user)])} if {
	object.get(user, "accountEnabled", null) != true
}

else := {"outcome": "fail", "because": because} if {
	because := sprintf("%s was invited %d days ago and has not answered", [user_name(user), times.days_since(user.createdDateTime)])
}

findings contains object.union(words, {"resource": user_name(user)}) if {
	some user in guests
	words := verdict(user)
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	count(odd) > 0
	because := sprintf("Whether %s is of a guest is not known", [names.some_of(count(odd), "account")])
}

findings contains {"resource": "tenant", "outcome": "not_applicable", "because": "The tenant has no guests"} if {
	datasets.whole(users_id)
	count(users) > 0
	count(guests) == 0
	count(odd) == 0
}
