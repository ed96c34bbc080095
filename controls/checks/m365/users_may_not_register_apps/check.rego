# METADATA
# title: Users may not register applications
# description: >-
#   An ordinary member of the directory cannot create application registrations; administrators do it for them. No rule
#   forbids that members do it; where they may, somebody has to say that it belongs to their role.
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
#     pci-dss-4.0.1:
#       7.2.2: supporting
#   remediation:
#     provider: >-
#       In Entra ID under user settings switch off that users can register applications, and give the Application
#       Developer role to the few who need it.
#     internal: >-
#       List the people and programs that register applications today and tell the provider who keeps that right
#       and why. If everybody keeps it, state why that belongs to their role, and name this check.
#   irrelevant:
#     m365/authorization_policy: [id, displayName, description, allowedToSignUpEmailBasedSubscriptions, allowedToUseSSPR, allowEmailVerifiedUsersToJoinOrganization, blockMsolPowerShell, allowInvitesFrom, allowUserConsentForRiskyApps, defaultUserRolePermissions.allowedToCreateSecurityGroups, defaultUserRolePermissions.allowedToCreateTenants, defaultUserRolePermissions.allowedToReadBitlockerKeysForOwnedDevice, defaultUserRolePermissions.allowedToReadOtherUsers, defaultUserRolePermissions.permissionGrantPoliciesAssigned, guestUserRoleId]
package checks.m365.users_may_not_register_apps

import data.lib.datasets
import data.lib.values

policy_id := "m365/authorization_policy"

allowed := object.get(datasets.only(policy_id), ["defaultUserRolePermissions", "allowedToCreateApps"], null)

finding := {"outcome": "pass", "because": "Ordinary users cannot register applications"} if allowed == false

else := {"outcome": "fail", "because": "Every user can register applications"} if allowed == true

else := {
	"outcome": "unknown",
	"because": "The authorization policy does not say whether users can register applications (`allowedToCreateApps`)",
}

findings contains object.union(finding, {"resource": "tenant"})
