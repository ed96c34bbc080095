# METADATA
# title: Words of the organization are banned from passwords, and guessing locks the account
# description: >-
#   The organization's own list of banned words is in force and not empty, and an account is locked after at most 10
#   failed attempts for at least 60 seconds. What was never changed holds as delivered: no list of one's own, 10
#   attempts, 60 seconds. Microsoft's worldwide list always applies and is not judged; neither are passwords kept in a
#   directory on site. PCI DSS asks for 30 minutes: put 1800 into the setting `lockout_min_seconds`, else less passes and
#   the finding says so; the setting `lockout_max_attempts` may lower the attempts.
# related_resources:
#   - ref: https://learn.microsoft.com/entra/identity/authentication/concept-password-ban-bad
#   - ref: https://learn.microsoft.com/entra/identity/authentication/howto-password-smart-lockout
# custom:
#   severity: medium
#   requires: [m365/group_settings]
#   proves:
#     cmmc-l2:
#       "3.1.8[b]": supporting
#       "3.5.7[c]": supporting
#     hipaa-security:
#       164.308(a)(5)(ii)(D): supporting
#     pci-dss-4.0.1:
#       8.3.4: supporting
#       8.3.6: supporting
#   remediation:
#     provider: >-
#       In the Entra admin centre under Authentication methods, Password protection, set "Enforce custom list" to yes and
#       enter the organization's name, products and places (this needs Entra ID P1), set the lockout threshold to 10 or
#       less and the lockout duration to the agreed number of seconds.
#     internal: >-
#       Name the words that employees are likely to use in passwords, and say how long an account may stay locked.
#   irrelevant:
#     m365/group_settings: [id, displayName]
package checks.m365.banned_passwords_and_lockout

import data.lib.datasets
import data.lib.names
import data.lib.pci_dss
import data.lib.values

settings_id := "m365/group_settings"

template := "5cf42378-d67d-4f36-ba46-e8b86229381d"

max_attempts := input.settings.lockout_max_attempts if {
	values.is_whole_number(input.settings.lockout_max_attempts)
	input.settings.lockout_max_attempts > 0
	input.settings.lockout_max_attempts <= 10
}

else := 10

min_seconds := input.settings.lockout_min_seconds if {
	values.is_whole_number(input.settings.lockout_min_seconds)
	input.settings.lockout_min_seconds >= 60
}

else := 60

all_settings := datasets.rows(settings_id)

# Settings of which it is not known what they are about may be these.
odd := [entry |
	some entry in all_settings
	not values.text(entry, "templateId")
]

ours := [entry | some entry in all_settings; values.lowered(entry, "templateId") == template]

# As delivered, unless it was changed. Values are texts.
delivered := {"lockoutthreshold": "10", "lockoutdurationinseconds": "60", "enablebannedpasswordcheck": "false", "bannedpasswordlist": ""}

is_delivered if {
	datasets.whole(settings_id)
	count(ours) == 0
	count(odd) == 0
}

found(name) := [entry.value |
	some set in ours
	some entry in values.list(set, "values")
	values.lowered(entry, "name") == name
	is_string(entry.value)
]

# The one value of a setting; undefined if it is not known.
value(name) := delivered[name] if is_delivered

else := trim_space(found(name)[0]) if {
	count(ours) == 1
	count(odd) == 0
	count(found(name)) == 1
}

number(name) := to_number(value(name)) if regex.match(`^(0|[1-9][0-9]{0,8})$`, value(name))

as_delivered := " (as delivered)" if is_delivered

else := ""

# ---- Attempts and duration

attempts := number("lockoutthreshold")

seconds := number("lockoutdurationinseconds")

lockout := {"outcome": "fail", "because": because} if {
	attempts > max_attempts
	because := sprintf("An account is locked only after %d failed attempts%s, and at most %d are allowed", [attempts, as_delivered, max_attempts])
}

else := {"outcome": "fail", "because": because} if {
	attempts == 0
	because := "The number of failed attempts before an account is locked is 0, which locks nothing"
}

else := {"outcome": "fail", "because": because} if {
	seconds < min_seconds
	because := sprintf("An account is locked for only %d seconds%s, and at least %d are asked for", [seconds, as_delivered, min_seconds])
}

else := {"outcome": "pass", "because": because} if {
	attempts > 0
	seconds >= min_seconds
	because := sprintf("An account is locked after %d failed attempts for %d seconds or longer%s%s", [attempts, seconds, as_delivered, short])
}

else := {"outcome": "unknown", "because": "After how many failed attempts and for how long an account is locked is not known"}

short := pci_dss.below(seconds, 1800, "seconds")

findings contains object.union(lockout, {"resource": "lockout"})

# ---- Banned words

words := [word |
	some word in regex.split(`[\t\n\r,]+`, value("bannedpasswordlist"))
	trim_space(word) != ""
]

banned := {"outcome": "fail", "because": because} if {
	lower(value("enablebannedpasswordcheck")) == "false"
	because := sprintf("The organization's own list of banned words is not in force%s; only Microsoft's worldwide list is", [as_delivered])
}

else := {"outcome": "fail", "because": "The organization's own list of banned words is in force, but empty"} if {
	lower(value("enablebannedpasswordcheck")) == "true"
	is_string(value("bannedpasswordlist"))
	count(words) == 0
}

else := {"outcome": "pass", "because": because} if {
	lower(value("enablebannedpasswordcheck")) == "true"
	count(words) > 0
	because := sprintf("The organization's own list of banned words is in force (%s)", [names.some_of(count(words), "word")])
}

else := {"outcome": "unknown", "because": "Whether the organization's own list of banned words is in force is not known"}

findings contains object.union(banned, {"resource": "banned words"})
