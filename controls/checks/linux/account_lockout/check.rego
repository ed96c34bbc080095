# METADATA
# title: Accounts are locked after failed sign-ins
# description: >-
#   The PAM stacks of sshd and login count failed sign-ins with pam_faillock (or pam_tally2) and refuse the account
#   after the agreed number (setting `lockout_attempts`, 10 if none is agreed) for the agreed time (setting
#   `lockout_minutes`, 30 if none is agreed) or until somebody unlocks it. A settings file alone locks nothing, and a
#   stack that the SSH server does not ask (`UsePAM no`) neither. Graphical sign-in is not judged. What is looser than
#   PCI DSS asks (10 attempts, 30 minutes) passes if it is agreed, and the finding says so.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/pam_faillock.8.html
# custom:
#   severity: high
#   requires: [linux/pam_stacks]
#   uses: [linux/lockout_settings, linux/sshd_config]
#   proves:
#     cmmc-l2:
#       "3.1.8[b]": part
#     hipaa-security:
#       164.308(a)(5)(ii)(C): supporting
#       164.308(a)(5)(ii)(D): supporting
#     pci-dss-4.0.1:
#       8.3.4: supporting
#   remediation:
#     provider: >-
#       Switch pam_faillock on with the distribution's own tool (RHEL family: `authselect enable-feature
#       with-faillock`; Debian and Ubuntu: a profile for `pam-auth-update` with a preauth and an authfail line), set
#       `deny` and `unlock_time` in /etc/security/faillock.conf, and try it with a test account and a second session open.
#     internal: >-
#       Agree on the number of attempts and the time of the lock, at most 10 and at least 30 minutes where cards are
#       handled, and say whom people call when they are locked out.
#   irrelevant:
#     linux/pam_stacks: [file, through, optional]
#     linux/lockout_settings: [file]
#     linux/sshd_config: [port]
package checks.linux.account_lockout

import data.lib.datasets
import data.lib.pam
import data.lib.pci_dss
import data.lib.values

settings_id := "linux/lockout_settings"

sshd_id := "linux/sshd_config"

attempts := input.settings.lockout_attempts if values.is_whole_number(input.settings.lockout_attempts)

else := 10

seconds := input.settings.lockout_minutes * 60 if values.is_whole_number(input.settings.lockout_minutes)

else := 30 * 60

signing := {"sshd", "login"} & pam.services

auth(service) := pam.lines(service, "auth")

faillock(service) := pam.of_module(auth(service), {"pam_faillock.so"})

counting(service) := [row | some row in faillock(service); "authfail" in row.arguments]

refusing(service) := [row | some row in faillock(service); "preauth" in row.arguments; pam.binds(row)]

refusing_account(service) := [row | some row in pam.of_module(pam.lines(service, "account"), {"pam_faillock.so"}); pam.binds(row)]

tally(service) := [row | some row in pam.of_module(auth(service), {"pam_tally2.so", "pam_tally.so"}); pam.binds(row)]

# A line before it ends the stack after a wrong password, so that the failure is never counted.
is_out_of_reach(service, row) if {
	some other in pam.of_module(auth(service), {"pam_unix.so", "pam_sss.so", "pam_deny.so"})
	pam.ends_on_failure(other)
	other.order < row.order
}

# Only a server that asks PAM is held by its stack.
asks_pam("login") := "yes"

asks_pam("sshd") := lower(values.text(datasets.only(sshd_id), "usepam"))

is_absent("sshd") if input.datasets[sshd_id].outcome == "not_offered"

# Where a line names a settings file of its own, what is in it is not known.
elsewhere(service) := [row | some row in faillock(service); pam.argument(row, "conf")]

deny(row) := pam.setting(row, settings_id, "faillock", "deny", 3) if row.module == "pam_faillock.so"

else := pam.number(pam.argument(row, "deny")) if pam.argument(row, "deny")

else := 0 if row.module != "pam_faillock.so"

lasts(row) := 0 if pam.argument(row, "unlock_time") == "never"

else := 0 if {
	row.module == "pam_faillock.so"
	not pam.argument(row, "unlock_time")
	pam.written(settings_id, "faillock", "unlock_time") == "never"
}

else := pam.setting(row, settings_id, "faillock", "unlock_time", 600) if row.module == "pam_faillock.so"

else := pam.number(pam.argument(row, "unlock_time")) if pam.argument(row, "unlock_time")

else := 0 if row.module != "pam_faillock.so"

judged(service) := array.concat(array.concat(counting(service), refusing(service)), tally(service))

unread := " (settings in faillock.conf change nothing alone)" if count(datasets.rows(settings_id)) > 0

else := ""

verdict(service) := {"outcome": "not_applicable", "because": "This host has no SSH server"} if is_absent(service)

else := {"outcome": "fail", "because": "The SSH server does not ask PAM (UsePAM no), so nothing counts failed sign-ins"} if asks_pam(service) == "no"

else := {"outcome": "unknown", "because": sprintf("The PAM stack of %s has a line that cannot be read", [service])} if {
	count(pam.unclear(service, "auth")) + count(pam.unclear(service, "account")) > 0
}

else := {"outcome": "fail", "because": sprintf("Failed sign-ins through %s are not counted: no locking module is in its PAM stack%s", [service, unread])} if {
	count(faillock(service)) == 0
	count(tally(service)) == 0
}

else := {"outcome": "fail", "because": sprintf("The PAM stack of %s asks pam_faillock, but no line of it counts failures (authfail)", [service])} if {
	count(counting(service)) == 0
	count(tally(service)) == 0
}

else := {"outcome": "fail", "because": sprintf("The PAM stack of %s counts failures only after a line that already ends the sign-in", [service])} if {
	some row in counting(service)
	is_out_of_reach(service, row)
}

else := {"outcome": "fail", "because": sprintf("The PAM stack of %s counts failures, but no line of it refuses a locked account (preauth)", [service])} if {
	count(tally(service)) == 0
	count(refusing(service)) == 0
	count(refusing_account(service)) == 0
}

else := {"outcome": "unknown", "because": sprintf("The PAM stack of %s names a settings file of its own for pam_faillock, which is not read", [service])} if {
	count(elsewhere(service)) > 0
}

else := {"outcome": "unknown", "because": sprintf("After how many failures and for how long %s locks an account is not known", [service])} if {
	some row in judged(service)
	not has_numbers(row)
}

else := {"outcome": "fail", "because": sprintf("Locking is switched off for %s (deny=0 or no limit)", [service])} if {
	some row in judged(service)
	deny(row) == 0
}

else := {"outcome": "fail", "because": sprintf("%s locks an account only after %d failures; %d are agreed", [service, deny(row), attempts])} if {
	some row in judged(service)
	deny(row) > attempts
}

else := {"outcome": "fail", "because": sprintf("%s unlocks an account after %d seconds; %d are agreed", [service, lasts(row), seconds])} if {
	some row in judged(service)
	lasts(row) > 0
	lasts(row) < seconds
}

else := {"outcome": "unknown", "because": "Whether the SSH server asks PAM is not known"} if not asks_pam(service) == "yes"

else := {"outcome": "pass", "because": sprintf("%s locks an account after at most %d failures%s", [service, attempts, loose(service)])}

loose(service) := concat("", sort(too_many | too_short)) if {
	too_many := {pci_dss.above(deny(row), 10, "failures") | some row in judged(service)}
	too_short := {pci_dss.below(lasts(row), 1800, "seconds") | some row in judged(service); lasts(row) > 0}
}

has_numbers(row) if {
	deny(row) >= 0
	lasts(row) >= 0
}

findings contains object.union(verdict(service), {"resource": sprintf("sign-in through %s", [service])}) if {
	some service in signing
}

findings contains {"resource": "host", "outcome": "unknown", "because": "Neither sshd nor login is among the PAM services that were read"} if {
	datasets.seen("linux/pam_stacks")
	count(signing) == 0
}

findings contains {"resource": "host", "outcome": "unknown", "because": "A PAM line does not say to which service it belongs"} if {
	some row in datasets.rows("linux/pam_stacks")
	not values.text(row, "service")
}
