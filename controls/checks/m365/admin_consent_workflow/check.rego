# METADATA
# title: People can ask an administrator for a new application, and somebody answers
# description: >-
#   The admin consent workflow is on, and at least one of its reviewers still exists and can act: an enabled account, a
#   group with at least one such member as far as that is known, or a role that somebody holds. Where accounts, groups or
#   roles were not read, that reviewers are named is enough, and the check says so.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/enterprise-apps/configure-admin-consent-workflow
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: medium
#   requires: [m365/admin_consent_request_policy]
#   uses: [m365/users, m365/groups, m365/role_assignments]
#   proves:
#     cmmc-l2:
#       "3.1.2[b]": supporting
#       "3.1.20[f]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       7.2.3: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Enterprise applications, Consent and permissions, Admin consent settings, set
#       "Users can request admin consent" to yes and choose at least two people, a group or a role as reviewers.
#     internal: >-
#       Name who decides on new applications and by when, and who stands in for them.
#   irrelevant:
#     m365/admin_consent_request_policy: [version, notifyReviewers, remindersEnabled, requestDurationInDays, reviewers.queryRoot]
#     m365/users: [userPrincipalName, displayName, userType]
#     m365/groups: [displayName, groupTypes, securityEnabled]
#     m365/role_assignments: [id, principalId, principal, directoryScopeId]
package checks.m365.admin_consent_workflow

import data.lib.datasets
import data.lib.directory_roles as roles
import data.lib.names
import data.lib.values

policy_id := "m365/admin_consent_request_policy"

groups_id := "m365/groups"

policy := datasets.only(policy_id)

reviewers := policy.reviewers if is_array(policy.reviewers)

uuid := `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

# A reviewer is a query for people; with or without a version in front.
query(reviewer) := regex.replace(values.lowered(reviewer, "query"), `^/?(v1\.0/|beta/)?`, "/") if {
	values.lowered(reviewer, "queryType") == "microsoftgraph"
}

id_of(reviewer) := regex.find_n(uuid, query(reviewer), 1)[0]

kind(reviewer) := "user" if regex.match(sprintf(`^/users/%s$`, [uuid]), query(reviewer))

else := "group" if regex.match(sprintf(`^/groups/%s/(transitive)?members`, [uuid]), query(reviewer))

else := "role" if regex.match(sprintf(`^/rolemanagement/directory/roleassignments\?.*roledefinitionid eq '%s'`, [uuid]), query(reviewer))

# ---- Does somebody stand behind it?

exists(reviewer) if {
	kind(reviewer) == "user"
	roles.can_sign_in(id_of(reviewer))
}

exists(reviewer) if {
	kind(reviewer) == "group"
	some group in datasets.rows(groups_id)
	values.lowered(group, "id") == id_of(reviewer)
}

exists(reviewer) if {
	kind(reviewer) == "role"
	some assignment in roles.standing
	roles.role(assignment) == id_of(reviewer)
}

is_gone(reviewer) if {
	kind(reviewer) == "user"
	roles.is_disabled(id_of(reviewer))
}

is_gone(reviewer) if {
	kind(reviewer) == "user"
	datasets.whole(roles.users_id)
	not roles.facts(id_of(reviewer), "id")
}

is_gone(reviewer) if {
	kind(reviewer) == "group"
	datasets.whole(groups_id)
	not exists(reviewer)
}

# A role that nobody holds all the time may still be switched on by those who are eligible, so it is not gone.
acting := [reviewer | some reviewer in reviewers; exists(reviewer)]

odd := [reviewer | some reviewer in reviewers; not kind(reviewer)]

names_of_odd := "1 reviewer is" if count(odd) == 1

else := sprintf("%d reviewers are", [count(odd)])

gone := [reviewer | some reviewer in reviewers; is_gone(reviewer)]

finding := {"outcome": "fail", "because": "The admin consent workflow is off, so people cannot ask for an application they need"} if {
	policy.isEnabled == false
}

else := {"outcome": "unknown", "because": "It is not known whether the admin consent workflow is on (`isEnabled`)"} if {
	not policy.isEnabled
}

else := {"outcome": "unknown", "because": "It is not known whether the admin consent workflow is on (`isEnabled`)"} if {
	policy.isEnabled != true
}

else := {"outcome": "unknown", "because": "The admin consent workflow is on, but who reviews requests is not known (`reviewers`)"} if {
	not reviewers
}

else := {"outcome": "fail", "because": "The admin consent workflow is on, but nobody is named to review requests"} if {
	count(reviewers) == 0
}

else := {"outcome": "unknown", "because": because} if {
	count(odd) > 0
	because := sprintf("The admin consent workflow is on, but %s named in a way that is not known here", [names_of_odd])
}

else := {"outcome": "pass", "because": because} if {
	count(acting) > 0
	because := sprintf("The admin consent workflow is on, and %s can act%s", [names.some_of(count(acting), "reviewer"), beside])
}

else := {"outcome": "fail", "because": because} if {
	count(gone) == count(reviewers)
	because := sprintf("The admin consent workflow is on, but its reviewers no longer exist or are disabled (%d)", [count(gone)])
}

else := {"outcome": "pass", "because": because} if {
	count(not_looked_up) > 0
	because := sprintf("The admin consent workflow is on, and %s named; whether they can still act was not read", [names_of_named])
}

else := {"outcome": "unknown", "because": "The admin consent workflow is on; whether its reviewers still exist is not known"}

# What tells of a kind of reviewer.
tells_of := {"user": roles.users_id, "group": groups_id, "role": "m365/role_assignments"}

not_looked_up := [reviewer | some reviewer in reviewers; not datasets.seen(tells_of[kind(reviewer)])]

names_of_named := "1 reviewer is" if count(reviewers) == 1

else := sprintf("%d reviewers are", [count(reviewers)])

beside := sprintf("; %d no longer can", [count(gone)]) if count(gone) > 0

else := ""

findings contains object.union(finding, {"resource": "tenant"})
