# METADATA
# title: Sign-in protocols without multifactor authentication are blocked
# description: >-
#   Security defaults are on, or Conditional Access policies in force block both halves of legacy authentication
#   (Exchange ActiveSync and other clients) for everybody and every application. The halves may be in different
#   policies. Only declared emergency access may be exempt.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-block-legacy-authentication
#   - ref: https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md
# custom:
#   severity: critical
#   requires:
#     - any_of: [m365/conditional_access_policies, m365/security_defaults]
#   uses: [m365/users]
#   unlicensed:
#     m365/conditional_access_policies: feature_absent
#   proves:
#     cmmc-l2:
#       "3.5.3[c]": supporting
#       "3.5.3[d]": supporting
#       "3.5.4[a]": part
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.4.2: supporting
#       8.5.1: part
#       2.2.5: supporting
#   remediation:
#     provider: >-
#       Look through the sign-in log for legacy clients of the last month, move those that are left, then enforce a
#       Conditional Access policy that blocks Exchange ActiveSync and other clients for all users and all resources.
#     internal: >-
#       Find owners for scanners, line-of-business programs and mailboxes that still sign in the old way, and agree on
#       a date for each. Ask for no permanent exemptions.
#   irrelevant:
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
#       - grantControls.customAuthenticationFactors
#       - grantControls.termsOfUse
#     m365/security_defaults: [id, displayName, description]
#     m365/users: [displayName, accountEnabled, userType]
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
package checks.m365.legacy_authentication_blocked

import data.lib.conditional_access as ca
import data.lib.conditional_access_words as words
import data.lib.datasets

halves := {"exchangeactivesync": "Exchange ActiveSync", "other": "other legacy clients"}

candidates(half) := {policy |
	some policy in ca.policies
	ca.effective(policy)
	ca.blocks(policy)
	ca.reaches_client(policy, half)
	ca.always(policy)
}

covers := {half: ca.cover(candidates(half)) | some half, _ in halves}

all_candidates := candidates("exchangeactivesync") | candidates("other")

open_halves := {text |
	some half, text in halves
	covers[half] != "covered"
}

failed_halves := {half |
	some half, _ in halves
	covers[half] == "uncovered"
}

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	ca.unclear(policy)
	not is_something_else(policy)
}

is_something_else(policy) if ca.demands_nothing(policy)

is_something_else(policy) if {
	count(ca.grants(policy) - ca.known_grants) == 0
	not ca.blocks(policy)
}

decision := {"outcome": "pass", "because": "Security defaults are on and block legacy authentication"} if {
	ca.security_defaults == "on"
}

else := {"outcome": "pass", "because": because} if {
	datasets.seen(ca.policies_id)
	count(open_halves) == 0
	because := sprintf("Conditional Access (%s) blocks legacy authentication for everybody and every application%s", [ca.names(all_candidates), words.exempt(all_candidates)])
}

else := {"outcome": "unknown", "because": because} if {
	not datasets.seen(ca.policies_id)
	because := "Security defaults do not settle it, and the Conditional Access policies were not read"
}

else := {"outcome": "unknown", "because": because} if {
	ca.security_defaults == "unseen"
	because := "The Conditional Access policies do not block legacy authentication, and whether security defaults are on was not read"
}

else := {"outcome": "unknown", "because": because} if {
	not datasets.whole(ca.policies_id)
	because := "The Conditional Access policies that were read do not block legacy authentication, and not all of them were read"
}

else := {"outcome": "unknown", "because": because} if {
	count(unclear) > 0
	because := sprintf("It may depend on Conditional Access policies that cannot be understood: %s", [words.doubts(unclear)])
}

else := {"outcome": "unknown", "because": words.perhaps_declared(left)} if {
	count(failed_halves) == 0
	left := {hole | some half, _ in halves; some hole in ca.left_people(candidates(half))}
	ca.may_be_declared(left)
}

else := {"outcome": "unknown", "because": because} if {
	count(failed_halves) == 0
	because := sprintf("Whether %s reach everybody depends on who is in which group or role, which was not read", [ca.names(all_candidates)])
}

else := {"outcome": "fail", "because": because} if {
	left := {hole | some half in failed_halves; some hole in ca.left_people(candidates(half))}
	count(left) > 0
	because := sprintf("Legacy authentication (%s) is not blocked for %s", [concat(", ", sort(open_halves)), words.describe_all(left)])
}

else := {"outcome": "fail", "because": because} if {
	because := sprintf("No Conditional Access policy in force blocks %s for everybody, and security defaults are off", [concat(" and ", sort(open_halves))])
}

findings contains object.union(decision, {"resource": "tenant"})

# The policies that come near, and what each lacks.
findings contains {"resource": sprintf("policy %s", [ca.name(policy)]), "outcome": "fail", "because": because} if {
	decision.outcome == "fail"
	some policy in ca.policies
	some half, _ in halves
	half in ca.clients(policy)
	lacking := words.shortcomings(policy) | does_not_block(policy)
	count(lacking) > 0
	because := sprintf("Policy `%s` does not do it: %s", [ca.name(policy), concat("; ", sort(lacking))])
}

does_not_block(policy) := {"it does not block"} if not ca.blocks(policy)

else := set()
