# METADATA
# title: Every user signs in with more than one factor
# description: >-
#   Security defaults are on, or Conditional Access policies in force demand multifactor authentication of everybody,
#   for every application, whatever the circumstances. Only declared emergency access may be exempt. Several policies
#   may do this together; a policy that names groups or roles instead of all users does not.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-mfa-strength
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
#       "3.5.3[c]": part
#       "3.5.3[d]": part
#     hipaa-security:
#       164.312(d): part
#     pci-dss-4.0.1:
#       8.4.1: supporting
#       8.4.2: supporting
#       8.4.3: supporting
#   remediation:
#     provider: >-
#       Create a Conditional Access policy for all users and all resources that grants access only with multifactor
#       authentication, exempt nothing but the declared emergency accounts, watch it in report-only mode for a week,
#       then enforce it. Without an Entra ID P1 licence switch security defaults on.
#     internal: >-
#       Name the emergency accounts, have every employee register a second factor before the agreed date, and approve
#       or withdraw each exemption that the finding names.
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
#       - grantControls.authenticationStrength.id
#       - grantControls.authenticationStrength.displayName
#       - grantControls.authenticationStrength.requirementsSatisfied
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
#       - grantControls.customAuthenticationFactors
#       - grantControls.termsOfUse
package checks.m365.mfa_for_all_users

import data.lib.conditional_access as ca
import data.lib.conditional_access_words as words
import data.lib.datasets

kinds := {"browser": "browsers", "mobileappsanddesktopclients": "apps"}

demanding := {policy |
	some policy in ca.policies
	ca.effective(policy)
	ca.requires_mfa(policy)
	ca.always(policy)
}

# Browsers and apps may be left to different policies.
candidates(kind) := {policy |
	some policy in demanding
	ca.reaches_client(policy, kind)
}

covers := {kind: ca.cover(candidates(kind)) | some kind, _ in kinds}

is_covered if {
	every _, answer in covers {
		answer == "covered"
	}
}

failed_kinds := {kind |
	some kind, answer in covers
	answer == "uncovered"
}

left := {hole | some kind, _ in kinds; some hole in ca.left_people(candidates(kind))}

# Not understood, and not certainly about something else.
unclear := {policy |
	some policy in ca.policies
	ca.unclear(policy)
	not is_something_else(policy)
}

is_something_else(policy) if ca.demands_nothing(policy)

is_something_else(policy) if {
	count(ca.grants(policy) - ca.known_grants) == 0
	not ca.has_strength(policy)
	not "mfa" in ca.grants(policy)
}

decision := {"outcome": "pass", "because": because} if {
	ca.security_defaults == "on"
	because := "Security defaults are on, so every user must register for and use multifactor authentication when Microsoft asks for it (which is not at every sign-in: PCI DSS 8.4.2 needs more)"
}

else := {"outcome": "pass", "because": because} if {
	is_covered
	because := sprintf("Conditional Access (%s) demands multifactor authentication of everybody for every application%s", [ca.names(demanding), words.exempt(demanding)])
}

else := {"outcome": "unknown", "because": because} if {
	not datasets.seen(ca.policies_id)
	because := "Security defaults do not settle it, and the Conditional Access policies were not read"
}

else := {"outcome": "unknown", "because": because} if {
	ca.security_defaults == "unseen"
	because := "The Conditional Access policies do not demand it of everybody, and whether security defaults are on was not read"
}

else := {"outcome": "unknown", "because": because} if {
	not datasets.whole(ca.policies_id)
	because := "The Conditional Access policies that were read do not demand it of everybody, and not all of them were read"
}

else := {"outcome": "unknown", "because": because} if {
	count(unclear) > 0
	because := sprintf("It may depend on Conditional Access policies that cannot be understood: %s", [words.doubts(unclear)])
}

else := {"outcome": "unknown", "because": words.perhaps_declared(left)} if {
	count(failed_kinds) == 0
	ca.may_be_declared(left)
}

else := {"outcome": "unknown", "because": because} if {
	count(failed_kinds) == 0
	because := sprintf("Whether %s reach everybody depends on who is in which group or role, which was not read", [ca.names(demanding)])
}

else := {"outcome": "fail", "because": because} if {
	count(left) > 0
	because := sprintf("Multifactor authentication is not demanded of %s", [words.describe_all(left)])
}

else := {
	"outcome": "fail",
	"because": "No Conditional Access policy in force demands multifactor authentication of everybody for every application, and security defaults are off",
}

findings contains object.union(decision, {"resource": "tenant"})

# The policies that come near, and what each lacks.
findings contains {"resource": sprintf("policy %s", [ca.name(policy)]), "outcome": "fail", "because": because} if {
	decision.outcome == "fail"
	some policy in ca.policies
	ca.asks_for_mfa(policy)
	lacking := (words.shortcomings(policy) | optional_only(policy)) | few_clients(policy)
	count(lacking) > 0
	because := sprintf("Policy `%s` does not do it: %s", [ca.name(policy), concat("; ", sort(lacking))])
}

optional_only(policy) := {sprintf("it also accepts something else (%s)", [concat(", ", sort(ca.alternatives(policy)))])} if {
	not ca.requires_mfa(policy)
}

else := set()

few_clients(policy) := {"it does not apply to both browsers and apps"} if not ca.reaches_modern_clients(policy)

else := set()
