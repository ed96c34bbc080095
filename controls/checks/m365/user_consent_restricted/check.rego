# METADATA
# title: Users cannot hand data to unvetted applications
# description: >-
#   Users cannot consent to applications on their own, or only to low-risk permissions of verified publishers. What
#   owners of a team or chat may consent to for that team or chat is another setting and not judged.
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/authorizationpolicy
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: high
#   requires: [m365/authorization_policy]
#   proves:
#     cmmc-l2:
#       "3.1.2[b]": supporting
#       "3.1.20[f]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       7.2.2: supporting
#   remediation:
#     provider: >-
#       In Entra ID under consent and permissions switch user consent off, or limit it to verified publishers and
#       low-impact permissions, and switch the admin consent workflow on.
#     internal: >-
#       Name who decides on requests for new applications and how fast, and review the applications that users
#       have consented to so far.
#   irrelevant:
#     m365/authorization_policy: [id, displayName, description, allowedToSignUpEmailBasedSubscriptions, allowedToUseSSPR, allowEmailVerifiedUsersToJoinOrganization, blockMsolPowerShell, allowInvitesFrom, defaultUserRolePermissions.allowedToCreateApps, defaultUserRolePermissions.allowedToCreateSecurityGroups, defaultUserRolePermissions.allowedToCreateTenants, defaultUserRolePermissions.allowedToReadBitlockerKeysForOwnedDevice, defaultUserRolePermissions.allowedToReadOtherUsers, guestUserRoleId]
#   optional:
#     m365/authorization_policy: [allowUserConsentForRiskyApps]
package checks.m365.user_consent_restricted

import data.lib.datasets
import data.lib.values

policy_id := "m365/authorization_policy"

policy := datasets.only(policy_id)

assigned := values.words(object.get(policy, ["defaultUserRolePermissions", "permissionGrantPoliciesAssigned"], null))

# What users may grant for themselves (undefined if the list was not read); other entries are about owners of groups and chats.
own := {entry |
	some entry in assigned
	not startswith(entry, "managepermissiongrantsforownedresource.")
} if is_set(assigned)

low := "managepermissiongrantsforself.microsoft-user-default-low"

legacy := "managepermissiongrantsforself.microsoft-user-default-legacy"

managed := "managepermissiongrantsforself.microsoft-user-default-recommended"

# The old switch for applications that Microsoft rates as risky: null and false both mean that it is off.
risky := object.get(policy, "allowUserConsentForRiskyApps", null)

is_odd(value) if {
	not is_null(value)
	not is_boolean(value)
}

finding := {"outcome": "fail", "because": "Users can consent to applications that Microsoft rates as risky"} if {
	risky == true
}

else := {"outcome": "fail", "because": "Users can consent to any application on their own"} if legacy in own

else := {"outcome": "fail", "because": because} if {
	managed in own
	because := "Microsoft decides from time to time what users may consent to (`microsoft-user-default-recommended`), and does not keep it to low-risk permissions"
}

else := {"outcome": "unknown", "because": "It is not known whether users can consent to risky applications (`allowUserConsentForRiskyApps`)"} if {
	is_odd(risky)
}

else := {"outcome": "pass", "because": "Users cannot consent to applications"} if own == set()

else := {"outcome": "pass", "because": "Users can consent only to low-risk permissions of verified publishers"} if own == {low}

else := {"outcome": "unknown", "because": because} if {
	because := sprintf("What users may consent to depends on consent policies that were not read: %s", [concat(", ", sort(own - {low}))])
}

else := {
	"outcome": "unknown",
	"because": "The authorization policy does not say what users may consent to (`permissionGrantPoliciesAssigned`)",
}

findings contains object.union(finding, {"resource": "tenant"})
