# METADATA
# title: Guests see less than members
# description: >-
#   Guest accounts have the limited or the restricted guest role, not the rights of a member. No rule forbids the rights of
#   a member; where guests have them, somebody has to say that their work needs them.
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/authorizationpolicy
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: medium
#   requires: [m365/authorization_policy]
#   proves:
#     cmmc-l2:
#       "3.1.2[b]": supporting
#       "3.1.5[d]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#       164.308(a)(4)(ii)(C): supporting
#     pci-dss-4.0.1:
#       7.2.2: supporting
#   remediation:
#     provider: >-
#       In Entra ID under external collaboration settings set guest access to the most restrictive level, or to
#       limited access if guests must see group members.
#     internal: >-
#       Tell the provider which shared teams depend on guests seeing the directory, and confirm that they still
#       work afterwards. If guests need the rights of members, state why, and name this check.
#   irrelevant:
#     m365/authorization_policy: [id, displayName, description, allowedToSignUpEmailBasedSubscriptions, allowedToUseSSPR, allowEmailVerifiedUsersToJoinOrganization, blockMsolPowerShell, allowInvitesFrom, allowUserConsentForRiskyApps, defaultUserRolePermissions]
package checks.m365.guest_rights_restricted

import data.lib.datasets
import data.lib.values

policy_id := "m365/authorization_policy"

meanings := {
	"2af84b1e-32c8-42b7-82bc-daa82404023b": {"outcome": "pass", "because": "Guests have the restricted guest role: they see only their own profile"},
	"10dae51f-b6af-4016-8d66-8c2a99b929b3": {"outcome": "pass", "because": "Guests have the limited guest role"},
	"a0b1b346-4d3e-4e8b-98f8-753987be4970": {"outcome": "fail", "because": "Guests have the same rights as members"},
}

role := values.text(datasets.only(policy_id), "guestUserRoleId")

finding := meanings[lower(role)] if meanings[lower(role)]

else := {"outcome": "unknown", "because": sprintf("`%s` is not a guest role that is known here", [role])} if role

else := {"outcome": "unknown", "because": "The authorization policy does not say which role guests have (`guestUserRoleId`)"}

findings contains object.union(finding, {"resource": "tenant"})
