# METADATA
# title: Only chosen people invite guests
# description: >-
#   Guests are invited by administrators and holders of the Guest Inviter role, or by nobody. No rule forbids that members
#   invite; where they may, somebody has to say how each guest is approved.
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/authorizationpolicy
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: medium
#   requires: [m365/authorization_policy]
#   proves:
#     cmmc-l2:
#       "3.1.1[d]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#       164.308(a)(3)(ii)(A): supporting
#     pci-dss-4.0.1:
#       8.2.4: supporting
#   remediation:
#     provider: >-
#       In Entra ID under external collaboration settings let only administrators and guest inviters invite, and
#       give the Guest Inviter role to the people internal IT names.
#     internal: >-
#       Name the people who may invite guests and how a new guest is approved. If members keep the right, state how, and
#       name this check.
#   irrelevant:
#     m365/authorization_policy: [id, displayName, description, allowedToSignUpEmailBasedSubscriptions, allowedToUseSSPR, allowEmailVerifiedUsersToJoinOrganization, blockMsolPowerShell, allowUserConsentForRiskyApps, guestUserRoleId, defaultUserRolePermissions]
package checks.m365.guest_invites_restricted

import data.lib.datasets
import data.lib.values

policy_id := "m365/authorization_policy"

meanings := {
	"none": {"outcome": "pass", "because": "Nobody can invite guests"},
	"adminsandguestinviters": {"outcome": "pass", "because": "Only administrators and guest inviters can invite guests"},
	"adminsguestinvitersandallmembers": {"outcome": "fail", "because": "Every member can invite guests"},
	"everyone": {"outcome": "fail", "because": "Everybody can invite guests, even guests themselves"},
}

who := values.text(datasets.only(policy_id), "allowInvitesFrom")

finding := meanings[lower(who)] if meanings[lower(who)]

else := {"outcome": "unknown", "because": sprintf("`%s` is not a setting for invitations that is known here", [who])} if who

else := {"outcome": "unknown", "because": "The authorization policy does not say who can invite guests (`allowInvitesFrom`)"}

findings contains object.union(finding, {"resource": "tenant"})
