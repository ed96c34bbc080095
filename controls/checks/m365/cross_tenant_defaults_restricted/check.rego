# METADATA
# title: Unknown organizations get no direct access, and their devices no trust
# description: >-
#   By default people of other Microsoft tenants cannot reach shared channels directly (B2B direct connect), and what
#   another tenant says of its devices does not count here. That its multi-factor sign-in counts is let pass and said.
#   Rules for single partner organizations, which may allow more, are not seen here; nor is it judged whether guests may
#   be invited, which `m365/guest_invites_restricted` does.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/external-id/cross-tenant-access-settings-b2b-direct-connect
# custom:
#   severity: medium
#   requires: [m365/cross_tenant_access_default]
#   proves:
#     cmmc-l2:
#       "3.1.3[e]": supporting
#       "3.1.20[e]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       7.2.2: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under External Identities, Cross-tenant access settings, Default settings, edit inbound
#       access: block B2B direct connect for all users and applications, and under Trust settings clear both boxes about
#       devices. Allow single partners, such as the service provider's own tenant, under Organizational settings.
#     internal: >-
#       Name the partner organizations that share channels with you or whose devices you rely on, so that each gets a rule
#       of its own.
#   irrelevant:
#     m365/cross_tenant_access_default: [isServiceDefault, automaticUserConsentSettings, b2bCollaborationInbound, b2bCollaborationOutbound, b2bDirectConnectOutbound, b2bDirectConnectInbound.usersAndGroups.targets.targetType, b2bDirectConnectInbound.applications.targets.targetType, tenantRestrictions, invitationRedemptionIdentityProviderConfiguration]
package checks.m365.cross_tenant_defaults_restricted

import data.lib.datasets
import data.lib.values

policy_id := "m365/cross_tenant_access_default"

policy := datasets.only(policy_id)

inbound := object.get(policy, "b2bDirectConnectInbound", null)

access(part) := values.lowered(values.inner(inbound, part), "accessType")

# Who or what is meant by a part: everybody and everything, by name.
targets(part) := {values.lowered(target, "target") | some target in inbound[part].targets} if is_array(inbound[part].targets)

all_of := {"usersAndGroups": "allusers", "applications": "allapplications"}

blocks_all(part) if {
	access(part) == "blocked"
	all_of[part] in targets(part)
}

# Blocking everybody or everything is enough; but what is not understood is not counted on.
is_known(part) if {
	access(part) in {"allowed", "blocked"}
	count(targets(part)) > 0
}

direct := {"outcome": "unknown", "because": "The default for other tenants does not say who may connect directly (`b2bDirectConnectInbound`)"} if {
	some part, _ in all_of
	not is_known(part)
}

else := {"outcome": "pass", "because": "People of other tenants cannot reach shared channels directly by default"} if {
	blocks_all("usersAndGroups")
	blocks_all("applications")
}

else := {"outcome": "fail", "because": "People of any other tenant can reach shared channels directly by default"}

findings contains object.union(direct, {"resource": "direct connect"})

trust := object.get(policy, "inboundTrust", null)

trusted(key) := trust[key] if is_boolean(values.inner(trust, key))

device_claims := {"isCompliantDeviceAccepted": "compliant", "isHybridAzureADJoinedDeviceAccepted": "hybrid joined"}

accepted := {word | some key, word in device_claims; trusted(key) == true}

unsaid := {key | some key in object.keys(device_claims) | {"isMfaAccepted"}; not is_boolean(values.inner(trust, key))}

trusting := {"outcome": "fail", "because": because} if {
	count(accepted) > 0
	because := sprintf("Any other tenant is believed by default when it calls a device %s", [concat(" or ", sort(accepted))])
}

else := {"outcome": "unknown", "because": because} if {
	count(unsaid) > 0
	because := sprintf("The default for other tenants does not say what is trusted (`inboundTrust`: %s)", [concat(", ", sort(unsaid))])
}

else := {"outcome": "pass", "because": "Devices of other tenants are not trusted by default; their multi-factor sign-in is"} if {
	trusted("isMfaAccepted") == true
}

else := {"outcome": "pass", "because": "Neither devices nor multi-factor sign-in of other tenants is trusted by default"}

findings contains object.union(trusting, {"resource": "trust"})
