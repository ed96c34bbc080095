# METADATA
# title: Nobody joins a device with a password alone
# description: >-
#   Joining or registering a device needs multifactor authentication: by a Conditional Access policy in force for the
#   user action "Register or join devices" for everybody, or by the older device setting. Not by both, because the
#   policy is then not enforced as it says. Only declared emergency access and directory synchronization may be
#   exempt.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-device-registration
# custom:
#   severity: medium
#   requires: [m365/device_registration_policy, m365/conditional_access_policies]
#   uses: [m365/users, m365/conditional_access_group_members, m365/authentication_strength_policies]
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.5.2[c]": supporting
#       "3.1.1[f]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.3.1: supporting
#   remediation:
#     provider: >-
#       Switch on a Conditional Access policy for all users with the target User actions, Register or join devices,
#       and the grant "Require multifactor authentication". Then set Devices, Device settings, "Require Multifactor
#       Authentication to register or join devices" to No. Without an Entra ID P1 licence set it to Yes instead.
#     internal: >-
#       Decide who may join devices at all, and tell people who set up a new device to have their second factor at
#       hand.
#   irrelevant:
#     m365/device_registration_policy:
#       - id
#       - displayName
#       - description
#       - userDeviceQuota
#       - azureADRegistration
#       - azureADJoin
#       - localAdminPassword
#     m365/conditional_access_policies:
#       - id
#       - displayName
#       - description
#       - templateId
#       - createdDateTime
#       - modifiedDateTime
#       - sessionControls
#       - conditions.users.includeGroups
#       - conditions.users.includeRoles
#       - conditions.users.includeGuestsOrExternalUsers
#       - grantControls.authenticationStrength.id
#       - grantControls.authenticationStrength.displayName
#       - grantControls.authenticationStrength.requirementsSatisfied
#       - conditions.clientAppTypes
#       - conditions.applications.includeAuthenticationContextClassReferences
#     m365/users: [displayName, userType]
#     m365/conditional_access_group_members: [code]
#     m365/authentication_strength_policies:
#       - displayName
#       - description
#       - policyType
#       - requirementsSatisfied
#       - createdDateTime
#       - modifiedDateTime
#       - combinationConfigurations
#   optional:
#     m365/conditional_access_policies:
#       - conditions.platforms
#       - conditions.locations
#       - conditions.signInRiskLevels
#       - conditions.userRiskLevels
#       - conditions.insiderRiskLevels
#       - conditions.servicePrincipalRiskLevels
#       - conditions.authenticationFlows
#       - conditions.clientApplications
#       - conditions.devices
#       - conditions.times
#       - conditions.applications.includeUserActions
#       - conditions.applications.includeAuthenticationContextClassReferences
#       - conditions.applications.applicationFilter
#       - conditions.users.excludeGuestsOrExternalUsers
#       - grantControls.authenticationStrength
#       - grantControls.customAuthenticationFactors
#       - grantControls.termsOfUse
#     m365/conditional_access_group_members: [items]
package checks.m365.device_join_needs_mfa

import data.lib.conditional_access as ca
import data.lib.conditional_access_reach as reach
import data.lib.conditional_access_verdict as verdicts
import data.lib.conditional_access_words as words
import data.lib.datasets
import data.lib.values

policy_id := "m365/device_registration_policy"

action := "urn:user:registerdevice"

# `required`, `notrequired`, or `unclear`.
setting := word if {
	word := lower(values.text(datasets.only(policy_id), "multiFactorAuthConfiguration"))
	word in {"required", "notrequired"}
}

else := "unclear"

demanding := {policy |
	some policy in ca.policies
	action in reach.actions(policy)
	ca.effective(policy)
	ca.requires_mfa(policy)
	reach.always(policy)
}

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	ca.unclear(policy)
	not ca.is_no_mfa(policy)
	may_be_the_action(policy)
	not reach.is_narrower(policy, "")
}

may_be_the_action(policy) if action in reach.actions(policy)

may_be_the_action(policy) if not values.is_words(object.get(policy, ["conditions", "applications", "includeApplications"], null))

by_policy := verdicts.decide({
	"parts": {"all": demanding},
	"unclear": unclear,
	"done": "Conditional Access (%s) demands multifactor authentication of everybody who joins or registers a device",
	"undone": "the Conditional Access policies do not demand multifactor authentication of everybody who joins or registers a device",
	"open": "Multifactor authentication to join a device is not demanded of %s",
	"none": "Neither a Conditional Access policy in force nor the device setting demands multifactor authentication to join a device",
	"defaults": "",
})

decision := {"outcome": "unknown", "because": because} if {
	setting == "unclear"
	because := "The device registration policy does not say in known words whether joining a device needs multifactor authentication (`multiFactorAuthConfiguration`)"
}

else := {"outcome": "fail", "because": because} if {
	setting == "required"
	count(demanding) > 0
	because := sprintf("Both Conditional Access (%s) and the device setting demand multifactor authentication to join a device; Microsoft does not enforce the policy properly while the setting is on", [ca.names(demanding)])
}

else := {"outcome": "unknown", "because": because} if {
	setting == "required"
	not datasets.whole(ca.policies_id)
	because := "The device setting demands multifactor authentication to join a device, but not all Conditional Access policies were read, and one for the same action would conflict with it"
}

else := {"outcome": "pass", "because": "The device setting demands multifactor authentication of everybody who joins or registers a device"} if {
	setting == "required"
}

else := by_policy

findings contains object.union(decision, {"resource": "tenant"})

# The policies that come near, and what each lacks.
findings contains verdicts.near_miss(policy, words.shortcomings(policy, "") | too_weak(policy)) if {
	decision.outcome == "fail"
	some policy in ca.policies
	action in reach.actions(policy)
}

too_weak(policy) := {"it does not demand multifactor authentication"} if not ca.requires_mfa(policy)

else := set()
