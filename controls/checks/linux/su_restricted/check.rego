# METADATA
# title: Only administrators may use su
# description: >-
#   The PAM stack of su asks pam_wheel before it asks for a password, so that only members of the administrators'
#   group can become another user with it. Root itself is not asked.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man8/pam_wheel.8.html
# custom:
#   severity: medium
#   requires: [linux/pam_stacks]
#   proves:
#     cmmc-l2:
#       "3.1.5[d]": supporting
#       "3.1.7[c]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#     pci-dss-4.0.1:
#       7.2.5: supporting
#   remediation:
#     provider: >-
#       Put `auth required pam_wheel.so use_uid` (with `group=` for another group) into /etc/pam.d/su before the line
#       that asks for a password, and see that the group has a member before closing the session.
#     internal: >-
#       Say who needs su at all; whoever works with sudo does not.
#   irrelevant:
#     linux/pam_stacks: [file, through, optional]
package checks.linux.su_restricted

import data.lib.datasets
import data.lib.pam

auth := pam.lines("su", "auth")

wheels := pam.of_module(auth, {"pam_wheel.so"})

# `trust` lets members in without a password and `deny` turns the group around; neither keeps others out.
keeps_out(row) if {
	pam.binds(row)
	count({"trust", "deny"} & {argument | some argument in row.arguments}) == 0
}

# A line in front that lets somebody in without asking pam_wheel; root may be let in.
is_passed_by(row) if {
	some other in auth
	other.order < row.order
	lets_in(other)
}

lets_in(other) if {
	other.control == "sufficient"
	other.module != "pam_rootok.so"
}

lets_in(other) if {
	contains(other.control, "success=")
	not contains(other.control, "success=ok")
	not contains(other.control, "success=ignore")
	other.module != "pam_rootok.so"
}

lets_in(other) if {
	other.module == "pam_wheel.so"
	"trust" in other.arguments
}

finding := {"outcome": "not_applicable", "because": "This host has no su, or PAM does not decide about it"} if {
	count(datasets.rows(pam.stacks_id)) > 0
	datasets.whole(pam.stacks_id)
	not "su" in pam.services
	count(pam.unclear("su", "auth")) == 0
}

else := {"outcome": "unknown", "because": "The PAM stack of su was not among the services that were read"} if not "su" in pam.services

else := {"outcome": "unknown", "because": "The PAM stack of su has a line that cannot be read"} if count(pam.unclear("su", "auth")) > 0

else := {"outcome": "pass", "because": "Only members of the administrators' group may use su"} if {
	some row in wheels
	keeps_out(row)
	not is_passed_by(row)
}

else := {"outcome": "fail", "because": "The PAM stack of su asks pam_wheel too late or in a way that keeps nobody out"} if count(wheels) > 0

else := {"outcome": "fail", "because": "Everybody who knows a password may use su: pam_wheel is not in its PAM stack"}

findings contains object.union(finding, {"resource": "su"})
