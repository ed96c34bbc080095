# METADATA
# title: Applications hold administrator roles only if approved, and without a secret
# description: >-
#   No application or service holds a privileged directory role, directly or through a group, except managed identities
#   and those that the organization has approved (setting `approved_applications`); and none of these has a client
#   secret that is still valid, on its registration or in the tenant. Without that list an application with a
#   certificate is `unknown`. Who owns an application, and so could add a secret, is not seen here.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/architecture/service-accounts-principal
# custom:
#   severity: high
#   requires: [m365/role_assignments, m365/service_principals, m365/applications]
#   uses: [m365/role_group_members]
#   proves:
#     cmmc-l2:
#       "3.1.1[e]": supporting
#       "3.1.5[d]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       7.2.5: supporting
#       8.6.3: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Roles and admins take the role from each application named here; give it the few
#       Microsoft Graph rights it needs instead. Where it must keep the role, replace the secret by a managed identity or
#       a certificate (App registrations, Certificates and secrets), and delete the secret.
#     internal: >-
#       Say which applications may hold such a role and who answers for each, and have their ids put into the setting
#       `approved_applications`.
#   irrelevant:
#     m365/role_assignments: [id, directoryScopeId, appScopeId, principal.id, principal.displayName, principal.userPrincipalName]
#     m365/role_group_members: [items.userPrincipalName, items.accountEnabled]
#     m365/service_principals: [displayName, accountEnabled, passwordCredentials.displayName, passwordCredentials.keyId, keyCredentials.displayName, keyCredentials.keyId, keyCredentials.type]
#     m365/applications: [id, displayName, passwordCredentials.displayName, passwordCredentials.keyId, keyCredentials.displayName, keyCredentials.keyId, keyCredentials.type]
#   optional:
#     m365/service_principals: [passwordCredentials.customKeyIdentifier, keyCredentials.customKeyIdentifier]
#     m365/applications: [passwordCredentials.customKeyIdentifier, keyCredentials.customKeyIdentifier]
package checks.m365.service_principals_not_privileged

import data.lib.app_credentials as credentials
import data.lib.approved_applications as approved
import data.lib.datasets
import data.lib.directory_roles as roles
import data.lib.names
import data.lib.values

applications_id := "m365/applications"

principals_id := "m365/service_principals"

microsoft := "f8cdef31-a31e-4b4a-93e4-5f571e91255a"

assignments := roles.held(roles.standing, object.keys(roles.privileged))

holders := roles.applications(assignments)

principals[id] contains principal if {
	some principal in datasets.rows(principals_id)
	id := values.lowered(principal, "id")
	id in holders
}

# The service principal, if exactly one was read.
principal_of(id) := principal if {
	count(principals[id]) == 1
	some principal in principals[id]
}

app_name(id) := credentials.app_name(principal_of(id)) if principal_of(id)

else := name if {
	some name in {roles.holder_name(assignment) | some assignment in assignments; roles.holder(assignment) == id}
}

else := id

roles_of[id] contains roles.role_name(roles.role(assignment)) if {
	some assignment in assignments
	some id in roles.applications([assignment])
}

role_names(id) := names.few(roles_of[id])

type(id) := values.lowered(principal_of(id), "servicePrincipalType")

registered[app_id] contains app if {
	some app in datasets.rows(applications_id)
	app_id := values.lowered(app, "appId")
}

registrations(id) := [app | some app in registered[values.lowered(principal_of(id), "appId")]]

is_microsofts(id) if values.lowered(principal_of(id), "appOwnerOrganizationId") == microsoft

# Where its secrets can lie; undefined if not all of these places can be seen.
places(id) := array.concat([principal_of(id)], registrations(id)) if count(registrations(id)) == 1

else := [principal_of(id)] if is_microsofts(id)

else := [principal_of(id)] if type(id) == "legacy"

is_clear(id) if {
	count(places(id)) > 0
	every place in places(id) {
		credentials.is_clear(place)
	}
}

valid_secrets(id) := count([secret |
	some place in places(id)
	some secret in credentials.valid(credentials.secrets(place))
])

# A secret that is seen counts, whatever else is not.
seen_secrets(id) := count(credentials.valid(credentials.secrets(principal_of(id)))) if credentials.is_clear(principal_of(id))

verdict(id) := {"outcome": "pass", "because": because} if {
	type(id) == "managedidentity"
	because := sprintf("%s is a managed identity, which has no secret to lose, and holds %s", [app_name(id), role_names(id)])
}

else := {"outcome": "unknown", "because": because} if {
	not type(id) in {"application", "legacy"}
	because := sprintf("What kind of application %s is, which holds %s, is not known", [app_name(id), role_names(id)])
}

else := {"outcome": "fail", "because": because} if {
	is_clear(id)
	valid_secrets(id) > 0
	because := sprintf("%s holds %s and has %s", [app_name(id), role_names(id), names.some_of(valid_secrets(id), "valid client secret")])
}

else := {"outcome": "fail", "because": because} if {
	seen_secrets(id) > 0
	because := sprintf("%s holds %s and has %s", [app_name(id), role_names(id), names.some_of(seen_secrets(id), "valid client secret")])
}

else := {"outcome": "fail", "because": because} if {
	approved.is_settled
	not approved.is_approved(id)
	because := sprintf("%s holds %s, which the organization has not approved", [app_name(id), role_names(id)])
}

else := {"outcome": "unknown", "because": because} if {
	not approved.is_settled
	because := sprintf("%s holds %s, and the organization has not said which applications may (setting `approved_applications`)", [app_name(id), role_names(id)])
}

else := {"outcome": "unknown", "because": because} if {
	not places(id)
	because := sprintf("%s holds %s and is registered elsewhere, so that its secrets cannot be seen", [app_name(id), role_names(id)])
}

else := {"outcome": "unknown", "because": because} if {
	not is_clear(id)
	because := sprintf("%s holds %s, and which secrets it has is not known", [app_name(id), role_names(id)])
}

else := {"outcome": "pass", "because": because} if {
	because := sprintf("%s holds %s as approved, and has no valid client secret", [app_name(id), role_names(id)])
}

findings contains object.union(verdict(id), {"resource": app_name(id)}) if some id in holders

doubts := roles.unclear_assignments(roles.standing, object.keys(roles.privileged)) | (roles.unknown_groups(assignments) | roles.odd_members(assignments))

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if some because in doubts

findings contains {"resource": "tenant", "outcome": "pass", "because": "No application holds a privileged role"} if {
	count(roles.standing) > 0
	count(holders) == 0
	count(doubts) == 0
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	count(roles.standing) == 0
	because := "No role assignment was found, though every tenant has one"
}
