# METADATA
# title: No account stays at high risk for long
# description: >-
#   With Entra ID P2: no account that Microsoft rates at high risk has been left so for more than seven days. Each
#   must be made safe (a new password, a block), dismissed with a reason, or confirmed as compromised and then
#   handled. Without P2 nothing is rated and the check does not apply, which proves nothing.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/id-protection/howto-identity-protection-remediate-unblock
# custom:
#   severity: medium
#   requires: [m365/risky_users]
#   unlicensed:
#     m365/risky_users: feature_absent
#   proves:
#     cmmc-l2:
#       "3.6.1[d]": supporting
#       "3.14.7[b]": supporting
#     hipaa-security:
#       164.308(a)(6)(ii): supporting
#     pci-dss-4.0.1:
#       10.4.3: supporting
#       12.10.5: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Protection, Risky users open each named account, look at its risk history,
#       reset the password or block the account, and close the case as remediated, dismissed or confirmed compromised.
#     internal: >-
#       Ask the named people whether the sign-ins were theirs, and write down what was found and done.
#   irrelevant:
#     m365/risky_users: [isDeleted, userDisplayName, isProcessing, riskDetail, userPrincipalName, id]
package checks.m365.risky_users_dealt_with

import data.lib.datasets
import data.lib.values

risky_id := "m365/risky_users"

longest_days := 7

name(row) := row.userPrincipalName if values.text(row, "userPrincipalName")

else := row.id if values.text(row, "id")

else := "an account without a name"

level(row) := lower(values.text(row, "riskLevel"))

age_days(row) := floor((time.parse_rfc3339_ns(input.datasets[risky_id].collected_at) - time.parse_rfc3339_ns(row.riskLastUpdatedDateTime)) / (((24 * 3600) * 1000) * 1000000)) if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9.]+Z$`, values.text(row, "riskLastUpdatedDateTime"))
}

# The service was asked only for accounts at risk; an account that is gone needs nothing any more.
open := [row |
	some row in datasets.rows(risky_id)
	not row.isDeleted == true
]

verdict(row) := {"outcome": "unknown", "because": sprintf("`%s`: it is not said in known words whether it is still at risk", [name(row)])} if {
	not lower(values.text(row, "riskState")) in {"atrisk", "confirmedcompromised", "remediated", "dismissed", "confirmedsafe", "none"}
}

else := {"outcome": "pass", "because": sprintf("`%s` is no longer at risk", [name(row)])} if {
	lower(row.riskState) in {"remediated", "dismissed", "confirmedsafe", "none"}
}

else := {"outcome": "unknown", "because": sprintf("`%s` is at risk, and how high is not said in known words (Microsoft hides it without an Entra ID P2 licence)", [name(row)])} if {
	not level(row) in {"low", "medium", "high"}
}

else := {"outcome": "pass", "because": sprintf("`%s` is at %s risk", [name(row), level(row)])} if level(row) != "high"

else := {"outcome": "unknown", "because": sprintf("`%s` is at high risk, and since when is not said", [name(row)])} if not age_days(row) >= 0

else := {"outcome": "fail", "because": sprintf("`%s` is at high risk, and nothing has been done about it for %d days", [name(row), age_days(row)])} if age_days(row) > longest_days

else := {"outcome": "pass", "because": sprintf("`%s` is at high risk, last assessed %d days ago, which leaves time to handle it", [name(row), age_days(row)])}

findings contains finding if {
	some row in open
	found := verdict(row)
	finding := object.union(found, {"resource": name(row)})
}

findings contains {"resource": "tenant", "outcome": "pass", "because": "No account is rated as at risk"} if {
	input.datasets[risky_id].outcome != "unlicensed"
	count(open) == 0
}

findings contains {"resource": "tenant", "outcome": "not_applicable", "because": because} if {
	input.datasets[risky_id].outcome == "unlicensed"
	because := "The tenant has no Entra ID P2 licence, without which Microsoft rates no account as at risk"
}
