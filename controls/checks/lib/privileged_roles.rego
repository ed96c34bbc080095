# Built-in directory roles by template id, which is also the id that role assignments and Conditional Access use for
# them, and who holds them. Display names are never compared: a custom role may bear any name.
package lib.privileged_roles

import data.lib.datasets
import data.lib.values

assignments_id := "m365/role_assignments"

# Every list of roles to protect first, Microsoft's, CISA's and that of CIS, has these.
always_protected := {
	"62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
	"9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
	"c4e39bd9-1100-46d3-8c65-fb160da0071f": "Authentication Administrator",
	"b0f54661-2d74-4c50-afa3-1ec803f12efe": "Billing Administrator",
	"158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
	"b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
	"29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
	"729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
	"966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
	"7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
	"e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
	"194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
	"f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
	"fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
}

# Roles that lead to as much power, and count once somebody holds them.
protected_when_held := {
	"0526716b-113d-4c15-b2c8-68e3c22b9f80": "Authentication Policy Administrator",
	"7698a772-787b-4ac8-901f-60d6b08affd2": "Cloud Device Administrator",
	"8329153b-31d0-4727-b945-745eb3bc5f31": "Domain Name Administrator",
	"be2f45a1-457d-42af-a067-6ec1fa63bc45": "External Identity Provider Administrator",
	"8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": "Hybrid Identity Administrator",
	"45d8d3c5-c802-45c6-b32a-1d70b5e1e86e": "Identity Governance Administrator",
	"3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
	"4ba39ca4-527c-499a-b93d-d9b492c50246": "Partner Tier1 Support",
	"e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8": "Partner Tier2 Support",
}

names := object.union(always_protected, protected_when_held)

role_name(id) := names[id] if names[id]

else := id

# Active assignments of privileged roles.
held := [assignment |
	some assignment in datasets.rows(assignments_id)
	is_string(assignment.roleDefinitionId)
	lower(assignment.roleDefinitionId) in object.keys(names)
]

# Held by somebody or by a group, in the whole tenant or in a part of it.
held_roles := {lower(assignment.roleDefinitionId) | some assignment in held}

# Every active assignment was read, with its role and its reach.
is_known if {
	datasets.whole(assignments_id)
	every assignment in datasets.rows(assignments_id) {
		values.text(assignment, "roleDefinitionId")
		values.text(assignment, "directoryScopeId")
	}
}

kind(assignment) := "application" if assignment.principal["@odata.type"] == "#microsoft.graph.servicePrincipal"

else := "group" if assignment.principal["@odata.type"] == "#microsoft.graph.group"

else := "user"

holder_name(assignment) := assignment.principal.userPrincipalName if values.text(assignment.principal, "userPrincipalName")

else := assignment.principal.displayName if values.text(assignment.principal, "displayName")

else := assignment.principalId

# Accounts that hold a privileged role themselves, not through a group.
holders := {lower(assignment.principalId): holder_name(assignment) |
	some assignment in held
	is_string(assignment.principalId)
	kind(assignment) == "user"
}

# Held only in an administrative unit or for one object. Conditional Access does not count such holders to the role.
scoped := [assignment |
	some assignment in held
	kind(assignment) != "application"
	values.text(assignment, "directoryScopeId")
	assignment.directoryScopeId != "/"
]
