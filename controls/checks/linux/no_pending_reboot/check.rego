# METADATA
# title: No restart is waiting
# description: >-
#   The newest installed kernel of its kind is the running one, and the package manager does not ask for a restart. Until
#   then the host runs the old, faulty code although the update is installed.
# related_resources:
#   - ref: https://manpages.debian.org/bookworm/unattended-upgrades/unattended-upgrade.8.en.html
# custom:
#   severity: medium
#   requires: [linux/reboot_required]
#   proves:
#     cmmc-l2:
#       "3.14.1[f]": supporting
#     pci-dss-4.0.1:
#       6.3.3: supporting
#   remediation:
#     provider: Restart the host in the next maintenance window and collect again.
#     internal: Agree on a window in which this host may be restarted, at least once a month.
#   irrelevant:
#     linux/reboot_required: [installed_kernels, marker_packages]
package checks.linux.no_pending_reboot

import data.lib.datasets
import data.lib.values

reboot_id := "linux/reboot_required"

host := datasets.only(reboot_id)

packages := concat(", ", sort([name | some name in host.marker_packages; is_string(name)]))

verdict := {"outcome": "fail", "because": sprintf("The package manager asks for a restart (%s)", [packages])} if {
	host.marker == true
	packages != ""
}

else := {"outcome": "fail", "because": "The package manager asks for a restart"} if host.marker == true

else := {"outcome": "fail", "because": "The package manager asks for a restart (needs-restarting)"} if host.needs_restarting == true

else := {"outcome": "fail", "because": sprintf("The newest installed kernel is %s, but %s runs", [host.newest_kernel, host.running_kernel])} if {
	values.text(host, "newest_kernel")
	values.text(host, "running_kernel")
	host.newest_kernel != host.running_kernel
}

else := {"outcome": "pass", "because": sprintf("The newest installed kernel (%s) runs, and nothing asks for a restart", [host.running_kernel])} if {
	host.marker == false
	values.has(host, "needs_restarting")
	values.text(host, "running_kernel")
	host.newest_kernel == host.running_kernel
}

else := {"outcome": "pass", "because": "The package manager says that no restart is needed"} if {
	host.marker == false
	host.needs_restarting == false
	values.has(host, "newest_kernel")
	values.text(host, "running_kernel")
	is_null(host.newest_kernel)
}

else := {"outcome": "unknown", "because": "The kernel does not come from a package of this host (a container, or a machine started from outside), and no tool says whether a restart is needed"} if {
	values.has(host, "newest_kernel")
	is_null(host.newest_kernel)
}

else := {"outcome": "unknown", "because": "Whether a restart is waiting is not said in known words"}

findings contains object.union(verdict, {"resource": "host"}) if datasets.seen(reboot_id)
