# METADATA
# title: Microsoft knows whom to warn
# description: >-
#   The tenant has at least one address for technical or security notifications, so that a warning from Microsoft
#   reaches somebody.
# related_resources:
#   - ref: https://learn.microsoft.com/graph/api/resources/organization
# custom:
#   severity: low
#   requires: [m365/organization]
#   proves:
#     cmmc-l2:
#       "3.14.3[b]": supporting
#       "3.6.1[c]": supporting
#     hipaa-security:
#       164.308(a)(6)(ii): supporting
#     pci-dss-4.0.1:
#       12.10.5: supporting
#   remediation:
#     provider: >-
#       Enter the service desk address as technical and security contact in the tenant properties, and route it to
#       the on-call queue.
#     internal: >-
#       Add an address of your own that more than one person reads, and tell the provider when it changes.
#   irrelevant:
#     m365/organization: [id, displayName, verifiedDomains, assignedPlans, provisionedPlans, tenantType, createdDateTime, onPremisesSyncEnabled, onPremisesLastSyncDateTime, mobileDeviceManagementAuthority, countryLetterCode]
package checks.m365.security_contacts_set

import data.lib.datasets
import data.lib.values

organization_id := "m365/organization"

row := datasets.only(organization_id)

technical := values.words(object.get(row, "technicalNotificationMails", null))

security := values.words(object.get(row, "securityComplianceNotificationMails", null))

addresses := {address |
	some address in technical | security
	trim_space(address) != ""
}

finding := {"outcome": "pass", "because": sprintf("Notifications go to %s", [concat(", ", sort(addresses))])} if {
	count(addresses) > 0
}

else := {"outcome": "fail", "because": "The tenant has no address for technical or security notifications"} if {
	count(addresses) == 0
	is_set(technical)
	is_set(security)
}

else := {"outcome": "unknown", "because": "The organization's notification addresses were not in the answer"}

findings contains object.union(finding, {"resource": "tenant"})
