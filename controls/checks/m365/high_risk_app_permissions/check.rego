# METADATA
# title: Only approved applications hold far-reaching rights on Microsoft Graph
# description: >-
#   Every application that may change roles, accounts, policies or devices, or read or change everybody's mail or files
#   through Microsoft Graph without anybody being signed in has been approved by the organization (setting
#   `approved_applications`: client ids or object ids). Without that list each such application is `unknown`. The
#   program that collects this evidence must never hold such a right; its client id is the setting
#   `collecting_application`. Rights on other interfaces, such as full access to mailboxes through Exchange Online's
#   own, are not seen.
# related_resources:
#   - ref: https://learn.microsoft.com/graph/permissions-reference
# custom:
#   severity: high
#   requires: [m365/graph_permissions_granted]
#   uses: [m365/service_principals]
#   proves:
#     cmmc-l2:
#       "3.1.1[e]": supporting
#       "3.1.2[b]": supporting
#       "3.1.5[d]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#       164.308(a)(4)(ii)(C): supporting
#     pci-dss-4.0.1:
#       7.2.5: supporting
#       7.2.6: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Enterprise applications open each application named here, Permissions, and revoke
#       what it does not need; limit mail rights to single mailboxes (role based access control for applications in
#       Exchange Online) and file rights to single sites (Sites.Selected).
#     internal: >-
#       Say for each application who answers for it and why it needs the right, and have its client id put into the
#       setting `approved_applications`; tell the provider which are no longer in use.
#   irrelevant:
#     m365/graph_permissions_granted: [id, deletedDateTime, createdDateTime, principalDisplayName, principalType, resourceDisplayName, resourceId]
#     m365/service_principals: [displayName, accountEnabled, servicePrincipalType, appOwnerOrganizationId, passwordCredentials, keyCredentials]
package checks.m365.high_risk_app_permissions

import data.lib.approved_applications as approved
import data.lib.datasets
import data.lib.names
import data.lib.values

granted_id := "m365/graph_permissions_granted"

granted := datasets.rows(granted_id)

# The application rights (not those that act for a signed-in person) with which an application can take over a tenant,
# or read, change or send everybody's mail and files.
far_reaching := {
	"9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": "RoleManagement.ReadWrite.Directory",
	"06b708a9-e830-4db3-a914-8e69da51d44f": "AppRoleAssignment.ReadWrite.All",
	"1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9": "Application.ReadWrite.All",
	"18a4783c-866b-4cc7-a460-3d5e5662c884": "Application.ReadWrite.OwnedBy",
	"8e8e4742-1d95-4f68-9d56-6ee75648c72a": "DelegatedPermissionGrant.ReadWrite.All",
	"19dbc75e-c2e2-444c-a770-ec69d8559fc7": "Directory.ReadWrite.All",
	"62a82d76-70ea-41e2-9197-370581804d09": "Group.ReadWrite.All",
	"dbaae8cf-10b5-4b86-a4a1-f871c94c6695": "GroupMember.ReadWrite.All",
	"741f803b-c850-494e-b5df-cde7c675a1ca": "User.ReadWrite.All",
	"3011c876-62b7-4ada-afa2-506cbbecc68c": "User.EnableDisableAccount.All",
	"cc117bb9-00cf-4eb8-b580-ea2a878fe8f7": "User-PasswordProfile.ReadWrite.All",
	"50483e42-d915-4231-9639-7fdb7fd190e5": "UserAuthenticationMethod.ReadWrite.All",
	"01c0a623-fc9b-48e9-b794-0756f8e8f067": "Policy.ReadWrite.ConditionalAccess",
	"29c18626-4985-4dcd-85c0-193eef327366": "Policy.ReadWrite.AuthenticationMethod",
	"a402ca1c-2696-4531-972d-6e5ee4aa11ea": "Policy.ReadWrite.PermissionGrant",
	"31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad": "RoleManagementPolicy.ReadWrite.Directory",
	"7e05723c-0bb0-42da-be95-ae9f08a6e53c": "Domain.ReadWrite.All",
	"292d869f-3427-49a8-9dab-8c70152b74e9": "Organization.ReadWrite.All",
	"9241abd9-d0e6-425a-bd4f-47ba86e767a4": "DeviceManagementConfiguration.ReadWrite.All",
	"243333ab-4d21-40cb-a475-36241daa0842": "DeviceManagementManagedDevices.ReadWrite.All",
	"5b07b0dd-2377-4e44-a38d-703f09a0dc3c": "DeviceManagementManagedDevices.PrivilegedOperations.All",
	"e330c4f0-4170-414e-a55a-2f022ec2b57b": "DeviceManagementRBAC.ReadWrite.All",
	"810c84a8-4a9e-49e6-bf7d-12d183f40d01": "Mail.Read",
	"e2a3a72e-5f79-4c64-b1b1-878b674786c9": "Mail.ReadWrite",
	"b633e1c5-b582-4048-a93e-9f11b44c7e96": "Mail.Send",
	"6931bccd-447a-43d1-b442-00a195474933": "MailboxSettings.ReadWrite",
	"75359482-378d-4052-8f01-80520e7db3cd": "Files.ReadWrite.All",
	"01d4889c-1287-42c6-ac1f-5d1e02578ef6": "Files.Read.All",
	"332a536c-c7ef-4017-ab91-336970924f0d": "Sites.Read.All",
	"9492366f-7969-46a4-8d15-ed1a20078fff": "Sites.ReadWrite.All",
	"a82116e5-55eb-4c41-a434-62fe8a61c773": "Sites.FullControl.All",
}

right(row) := values.lowered(row, "appRoleId")

holder(row) := values.lowered(row, "principalId")

odd := [row | some row in granted; not is_clear(row)]

is_clear(row) if {
	right(row)
	holder(row)
}

rights[id] contains name if {
	some row in granted
	name := far_reaching[right(row)]
	id := holder(row)
}

holders := {holder(row) | some row in granted; far_reaching[right(row)]}

names_of[id] contains row.principalDisplayName if {
	some row in granted
	far_reaching[right(row)]
	id := holder(row)
	values.text(row, "principalDisplayName")
}

app_name(id) := sort(names_of[id])[0] if names_of[id]

else := id

# The application that reads this, by client id or object id.
collecting := values.lowered(input.settings, "collecting_application")

is_collecting(id) if id == collecting

is_collecting(id) if collecting in approved.app_ids[id]

verdict(id) := {"outcome": "fail", "because": because} if {
	is_collecting(id)
	because := sprintf("%s, which collects this evidence, may do more than read what it needs: %s", [app_name(id), names.few(rights[id])])
}

else := {"outcome": "pass", "because": because} if {
	approved.is_approved(id)
	because := sprintf("%s is approved and holds %s", [app_name(id), names.few(rights[id])])
}

else := {"outcome": "unknown", "because": because} if {
	not approved.is_settled
	because := sprintf("%s holds %s, and the organization has not said which applications may (setting `approved_applications`)", [app_name(id), names.few(rights[id])])
}

else := {"outcome": "unknown", "because": because} if {
	not approved.app_ids[id]
	because := sprintf("%s holds %s; whether it is approved is not known, because its client id was not read", [app_name(id), names.few(rights[id])])
}

else := {"outcome": "fail", "because": because} if {
	because := sprintf("%s holds %s, which the organization has not approved", [app_name(id), names.few(rights[id])])
}

findings contains object.union(words, {"resource": app_name(id)}) if {
	some id in holders
	words := verdict(id)
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	count(odd) > 0
	because := sprintf("Of %s it is not known which right it gives to whom", [names.some_of(count(odd), "grant")])
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	datasets.whole(granted_id)
	count(granted) == 0
	because := "No application holds any right on Microsoft Graph, not even the one that read this, which cannot be"
}

findings contains {"resource": "tenant", "outcome": "unknown", "because": because} if {
	collecting
	datasets.whole(granted_id)
	not collecting_is_seen
	because := sprintf("The application that collects this evidence (`%s`) is not among those that hold rights; see whether the setting `collecting_application` is right", [collecting])
}

collecting_is_seen if {
	some row in granted
	is_collecting(holder(row))
}

findings contains {"resource": "tenant", "outcome": "pass", "because": because} if {
	count(granted) > 0
	count(holders) == 0
	because := "No application holds a far-reaching right on Microsoft Graph"
}
