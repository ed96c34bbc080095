# METADATA
# title: Files are shared outside only with known people
# description: >-
#   Files and sites in SharePoint and OneDrive may be shared only within the organization, with guests who already
#   exist, or with new guests of listed domains; never by a link that needs no sign-in. Guests may not share on, and an
#   invitation works only for the address it was sent to. Single sites can be set more strictly, which is not seen here.
# related_resources:
#   - ref: https://learn.microsoft.com/sharepoint/turn-external-sharing-on-or-off
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/sharepoint.md
# custom:
#   severity: high
#   requires: [m365/sharepoint_settings]
#   proves:
#     cmmc-l2:
#       "3.1.3[e]": supporting
#       "3.1.20[f]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       7.2.2: supporting
#   remediation:
#     provider: >-
#       In the SharePoint admin centre under Policies, Sharing, move the slider to "Existing guests" or lower, or to "New
#       and existing guests" with "Limit external sharing by domain" set to allow only the domains internal IT names.
#       Clear "Allow guests to share items they don't own", and have guests sign in with the account that was invited.
#     internal: >-
#       Name the partner domains that files are shared with, and tell employees how a new partner is added.
#   irrelevant:
#     m365/sharepoint_settings: [allowedDomainGuidsForSyncApp, availableManagedPathsForSiteCreation, deletedUserPersonalSiteRetentionPeriodInDays, excludedFileExtensionsForSyncApp, idleSessionSignOut, imageTaggingOption, isLegacyAuthProtocolsEnabled, isSiteCreationEnabled, isUnmanagedSyncAppForTenantRestricted, sharingBlockedDomainList, tenantDefaultTimezone]
package checks.m365.external_sharing_limited

import data.lib.datasets
import data.lib.names
import data.lib.values

settings_id := "m365/sharepoint_settings"

# Graph answers with the object itself; its documents show it inside `value`.
answer := datasets.only(settings_id).value if is_object(datasets.only(settings_id).value)

else := datasets.only(settings_id)

capability := values.lowered(answer, "sharingCapability")

mode := values.lowered(answer, "sharingDomainRestrictionMode")

# Both lists may be filled; the mode says which one counts.
allowed := {lower(trim_space(domain)) | some domain in answer.sharingAllowedDomainList; trim_space(domain) != ""} if values.is_words(answer.sharingAllowedDomainList)

sharing := {"outcome": "pass", "because": "Nothing can be shared outside the organization"} if capability == "disabled"

else := {"outcome": "pass", "because": "Files can be shared outside only with guests who already exist"} if capability == "existingexternalusersharingonly"

else := {"outcome": "fail", "because": "Files can be shared with anybody by a link that needs no sign-in"} if capability == "externaluserandguestsharing"

else := {"outcome": "unknown", "because": "The SharePoint settings do not say how far files can be shared (`sharingCapability`)"} if not capability

else := {"outcome": "unknown", "because": because} if {
	capability != "externalusersharingonly"
	because := sprintf("`%s` is not a level of sharing that is known here", [answer.sharingCapability])
}

else := {"outcome": "fail", "because": because} if {
	mode in {"none", "blocklist"}
	because := sprintf("Files can be shared with new guests of any domain%s", [except])
}

else := {"outcome": "unknown", "because": "Files can be shared with new guests; of which domains is not known (`sharingDomainRestrictionMode`)"} if {
	mode != "allowlist"
}

else := {"outcome": "unknown", "because": "Files can be shared with new guests; of which domains is not known (`sharingDomainRestrictionMode`)"} if not mode

else := {"outcome": "pass", "because": because} if {
	count(allowed) > 0
	because := sprintf("Files can be shared with guests of %d listed domains: %s", [count(allowed), names.few(allowed)])
}

else := {"outcome": "unknown", "because": "Files can be shared with new guests of listed domains, but the list is empty or was not read (`sharingAllowedDomainList`)"}

except := " but those on a list" if mode == "blocklist"

else := ""

findings contains object.union(sharing, {"resource": "sharing"})

# Whether guests may share on matters unless nothing is shared.
matters if capability != "disabled"

matters if not capability

resharing := {"outcome": "pass", "because": "Guests cannot share on what was shared with them"} if answer.isResharingByExternalUsersEnabled == false

else := {"outcome": "fail", "because": "Guests can share on what was shared with them"} if answer.isResharingByExternalUsersEnabled == true

else := {"outcome": "unknown", "because": "The SharePoint settings do not say whether guests can share on (`isResharingByExternalUsersEnabled`)"}

findings contains object.union(resharing, {"resource": "sharing on by guests"}) if matters

# An invitation that is passed on matters only where there are new guests.
inviting if capability in {"externalusersharingonly", "externaluserandguestsharing"}

matching := {"outcome": "pass", "because": "An invitation works only for the address it was sent to"} if answer.isRequireAcceptingUserToMatchInvitedUserEnabled == true

else := {"outcome": "fail", "because": "An invitation can be accepted with another account than the invited one"} if answer.isRequireAcceptingUserToMatchInvitedUserEnabled == false

else := {"outcome": "unknown", "because": "The SharePoint settings do not say whether an invitation works for the invited address only (`isRequireAcceptingUserToMatchInvitedUserEnabled`)"}

findings contains object.union(matching, {"resource": "invitations"}) if inviting
