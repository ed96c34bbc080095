# METADATA
# title: SELinux or AppArmor is enforced
# description: >-
#   SELinux enforces its policy now and after the next start, or AppArmor is on and enforces at least one profile. How much
#   the policy or the profiles allow is not judged.
# related_resources:
#   - ref: https://docs.kernel.org/admin-guide/LSM/index.html
# custom:
#   severity: medium
#   requires: [linux/mandatory_access_control]
#   proves:
#     cmmc-l2:
#       "3.4.2[b]": supporting
#     pci-dss-4.0.1:
#       2.2.6: supporting
#   remediation:
#     provider: >-
#       Red Hat family: set `SELINUX=enforcing` in /etc/selinux/config and run `setenforce 1` (after SELinux was disabled, let
#       the file system be labelled first). Debian and Ubuntu: install apparmor and its profiles and enable the service.
#       Correct the rule that was in the way instead of switching the protection off.
#     internal: Name the program that does not work with it, if one does not.
#   irrelevant:
#     linux/mandatory_access_control: [policy, profiles, complaining]
package checks.linux.mandatory_access_control_enforced

import data.lib.datasets
import data.lib.values

mac_id := "linux/mandatory_access_control"

selinux := [row | some row in datasets.rows(mac_id); row.kind == "selinux"][0]

apparmor := [row | some row in datasets.rows(mac_id); row.kind == "apparmor"][0]

odd := [row | some row in datasets.rows(mac_id); not row.kind in {"selinux", "apparmor"}]

selinux_standing := "kept" if {
	selinux.mode == "enforcing"
	selinux.configured == "enforcing"
}

else := "for now" if {
	selinux.mode == "enforcing"
	selinux.configured in {"permissive", "disabled"}
}

else := "off" if selinux.mode in {"permissive", "disabled"}

else := "unclear" if selinux

else := "absent"

apparmor_standing := "kept" if {
	apparmor.enabled == true
	apparmor.enforced > 0
}

else := "no profiles" if {
	apparmor.enabled == true
	apparmor.enforced == 0
}

else := "off" if apparmor.enabled == false

else := "unclear" if apparmor

else := "absent"

standings := {selinux_standing, apparmor_standing}

verdict := {"outcome": "pass", "because": "SELinux enforces its policy, now and after the next start"} if {
	selinux_standing == "kept"
}

else := {"outcome": "pass", "because": sprintf("AppArmor enforces %d profiles", [apparmor.enforced])} if apparmor_standing == "kept"

else := {"outcome": "unknown", "because": "The state of SELinux or AppArmor is not said in known words, or its profiles could not be read"} if "unclear" in standings

else := {"outcome": "unknown", "because": "The answer holds something that is not understood"} if count(odd) > 0

else := {"outcome": "fail", "because": "SELinux enforces its policy now, but not after the next start"} if selinux_standing == "for now"

else := {"outcome": "fail", "because": "AppArmor is on but enforces no profile"} if apparmor_standing == "no profiles"

else := {"outcome": "fail", "because": sprintf("SELinux is %s", [selinux.mode])} if selinux_standing == "off"

else := {"outcome": "fail", "because": "AppArmor is switched off"} if apparmor_standing == "off"

else := {"outcome": "fail", "because": "Neither SELinux nor AppArmor is active in the kernel"} if datasets.whole(mac_id)

else := {"outcome": "unknown", "because": "Neither SELinux nor AppArmor is in the part that was read"}

findings contains object.union(verdict, {"resource": "host"}) if datasets.seen(mac_id)
