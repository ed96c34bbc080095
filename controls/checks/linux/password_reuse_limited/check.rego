# METADATA
# title: Old passwords cannot be used again at once
# description: >-
#   Whoever changes a password cannot take one of the last ones (setting `password_history`, 4 if none is agreed):
#   pam_pwhistory or pam_unix remembers them, and its answer counts. Fewer than the 4 of PCI DSS pass if that is agreed,
#   and the finding says so.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/pam_pwhistory.8.html
# custom:
#   severity: low
#   requires: [linux/pam_stacks]
#   uses: [linux/password_quality]
#   proves:
#     cmmc-l2:
#       "3.5.8[b]": part
#     hipaa-security:
#       164.308(a)(5)(ii)(D): supporting
#     pci-dss-4.0.1:
#       8.3.7: supporting
#   remediation:
#     provider: >-
#       Put pam_pwhistory before pam_unix in the password stack (RHEL family: `authselect enable-feature
#       with-pwhistory`; Debian and Ubuntu: a profile for `pam-auth-update`) and set `remember` there or in
#       /etc/security/pwhistory.conf.
#     internal: >-
#       Agree on how many old passwords are barred, and write it into the password policy.
#   irrelevant:
#     linux/pam_stacks: [file, through, optional]
#     linux/password_quality: [file]
package checks.linux.password_reuse_limited

import data.lib.pam
import data.lib.pci_dss
import data.lib.values

settings_id := "linux/password_quality"

service := "passwd"

limit := input.settings.password_history if values.is_whole_number(input.settings.password_history)

else := 4

password := pam.lines(service, "password")

historians := pam.of_module(password, {"pam_pwhistory.so"})

stores := pam.of_module(password, {"pam_unix.so"})

# It is asked in time and its answer counts.
holds(row) if {
	pam.binds(row)
	every store in stores {
		row.order < store.order
	}
}

remembered_by_history := {pam.setting(row, settings_id, "pwhistory", "remember", 10) |
	some row in historians
	holds(row)
}

remembered_by_unix := {pam.number(pam.argument(row, "remember")) | some row in stores}

remembered := max(remembered_by_history | remembered_by_unix)

is_unclear if count(pam.unclear(service, "password")) > 0

is_unclear if {
	some row in historians
	holds(row)
	not is_number(pam.setting(row, settings_id, "pwhistory", "remember", 10))
}

is_unclear if {
	some row in stores
	pam.argument(row, "remember")
	not is_number(pam.number(pam.argument(row, "remember")))
}

finding := {"outcome": "unknown", "because": "The PAM stack for changing a password (passwd) was not among the services that were read"} if {
	not service in pam.services
}

else := {"outcome": "unknown", "because": "How many old passwords are barred cannot be worked out from what was read"} if is_unclear

else := {"outcome": "pass", "because": sprintf("The last %d passwords cannot be used again%s", [remembered, pci_dss.below(remembered, 4, "passwords")])} if remembered >= limit

else := {"outcome": "fail", "because": sprintf("Only the last %d passwords are barred; %d are agreed", [remembered, limit])} if remembered > 0

else := {"outcome": "fail", "because": "The module that remembers old passwords is asked too late, or its answer does not count"} if {
	count(historians) > 0
	count(remembered_by_history) == 0
}

else := {"outcome": "fail", "because": "Old passwords can be used again at once"}

findings contains object.union(finding, {"resource": "new passwords"})
