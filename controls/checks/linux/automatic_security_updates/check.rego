# METADATA
# title: Security updates are installed automatically
# description: >-
#   unattended-upgrades (Debian, Ubuntu) or dnf-automatic (Red Hat family) is installed, set to install security updates, and
#   its timer is on. The setting alone does nothing without the program and the timer.
# related_resources:
#   - ref: https://wiki.debian.org/UnattendedUpgrades
#   - ref: https://dnf.readthedocs.io/en/latest/automatic.html
# custom:
#   severity: medium
#   requires: [linux/automatic_updates]
#   uses: [linux/timers]
#   proves:
#     cmmc-l2:
#       "3.14.1[f]": supporting
#     hipaa-security:
#       164.308(a)(5)(ii)(B): supporting
#     pci-dss-4.0.1:
#       6.3.3: supporting
#   remediation:
#     provider: >-
#       Debian and Ubuntu: install unattended-upgrades, run `dpkg-reconfigure unattended-upgrades`, and keep the security
#       archive among its origins. Red Hat family: install dnf-automatic and enable dnf-automatic-install.timer. Where
#       updates are installed by another tool, hand in its report instead.
#     internal: Say which programs must not be updated without a test, and name the window for restarts.
#   irrelevant:
#     linux/automatic_updates: [excluded_packages, download_updates, path, changed_at]
package checks.linux.automatic_security_updates

import data.lib.datasets
import data.lib.values

updates_id := "linux/automatic_updates"

timers_id := "linux/timers"

of_kind(kind) := [row | some row in datasets.rows(updates_id); row.kind == kind]

odd := [row | some row in datasets.rows(updates_id); not row.kind in {"apt", "dnf", "lists"}]

apt := of_kind("apt")[0]

dnf := of_kind("dnf")[0]

# A number of days (or with a unit), or always. Zero and nothing are off.
is_on(value) if {
	is_string(value)
	regex.match(`^([1-9][0-9]*[smhd]?|always)$`, value)
}

is_off(value) if value in {"0", ""}

is_off(value) if is_null(value)

# Absent means that nothing stops it.
stopped if {
	values.has(apt, "enable")
	is_off_word(apt.enable)
}

is_off_word(value) if {
	is_string(value)
	lower(value) in {"0", "false", "no"}
}

not_stopped if {
	values.has(apt, "enable")
	is_null(apt.enable)
}

not_stopped if {
	is_string(apt.enable)
	lower(apt.enable) in {"1", "true", "yes"}
}

names_security if {
	some origin in apt.origins
	is_string(origin)
	contains(lower(origin), "security")
}

names_security if {
	some origin in apt.origins
	origin in {"origin=*", "*:*"}
}

timer(names) := "on" if {
	some row in timers_of(names)
	lower(row.state) in {"enabled", "enabled-runtime"}
	row.active == true
}

else := "unseen" if {
	some row in timers_of(names)
	lower(row.state) in {"enabled", "enabled-runtime"}
	not is_boolean(row.active)
}

else := "off" if datasets.whole(timers_id)

# Without systemd the daily script of cron does it.
else := "cron" if input.datasets[timers_id].outcome == "not_offered"

else := "unseen"

timers_of(names) := [row | some row in datasets.rows(timers_id); lower(row.unit) in names]

apt_verdict := {"outcome": "fail", "because": "unattended-upgrades is not installed"} if apt.installed == false

else := {"outcome": "fail", "because": "Periodic tasks of apt are switched off (APT::Periodic::Enable)"} if stopped

else := {"outcome": "fail", "because": "unattended-upgrades is installed but not switched on"} if {
	values.has(apt, "unattended_upgrade")
	is_off(apt.unattended_upgrade)
}

else := {"outcome": "fail", "because": "Package lists are not renewed by themselves, so no update is ever found"} if {
	values.has(apt, "update_package_lists")
	is_off(apt.update_package_lists)
}

else := {"outcome": "fail", "because": "unattended-upgrades is switched on, but the security archive is not among its origins"} if {
	values.is_words(apt.origins)
	not names_security
}

else := {"outcome": "fail", "because": "unattended-upgrades is switched on, but its timer (apt-daily-upgrade.timer) is off"} if {
	timer({"apt-daily-upgrade.timer"}) == "off"
}

else := {"outcome": "unknown", "because": "unattended-upgrades is switched on; whether its timer runs is not known"} if {
	timer({"apt-daily-upgrade.timer"}) == "unseen"
}

else := {"outcome": "pass", "because": "unattended-upgrades installs security updates"} if {
	apt.installed == true
	not_stopped
	is_on(apt.unattended_upgrade)
	is_on(apt.update_package_lists)
	names_security
	timer({"apt-daily-upgrade.timer"}) in {"on", "cron"}
}

else := {"outcome": "unknown", "because": "How apt installs updates is not said in known words"}

# The timer that installs overrules the setting; the one that only downloads does, too, but does not install.
installing := timer({"dnf-automatic-install.timer"})

general := timer({"dnf-automatic.timer", "dnf5-automatic.timer"})

dnf_applies if lower(dnf.apply_updates) in {"yes", "true", "1"}

dnf_has_security if {
	values.has(dnf, "upgrade_type")
	is_null(dnf.upgrade_type)
}

dnf_has_security if dnf.upgrade_type in {"default", "security"}

dnf_verdict := {"outcome": "pass", "because": "dnf-automatic installs updates"} if {
	dnf_has_security
	installing == "on"
}

else := {"outcome": "pass", "because": "dnf-automatic installs updates"} if {
	dnf_has_security
	dnf_applies
	general == "on"
}

else := {"outcome": "unknown", "because": "Whether the timers of dnf-automatic run is not known"} if "unseen" in {installing, general}

else := {"outcome": "fail", "because": "dnf-automatic is installed, but no timer of it that installs updates is on"} if {
	{installing, general} == {"off"}
}

else := {"outcome": "fail", "because": "dnf-automatic looks for updates but does not install them (apply_updates)"} if {
	values.has(dnf, "apply_updates")
	not dnf_applies
	general == "on"
}

else := {"outcome": "unknown", "because": "How dnf installs updates is not said in known words"}

findings contains object.union(apt_verdict, {"resource": "apt"}) if {
	apt
	not dnf
}

findings contains object.union(dnf_verdict, {"resource": "dnf"}) if dnf

findings contains {"resource": "host", "outcome": "unknown", "because": "The answer holds something that is not understood"} if count(odd) > 0

findings contains {"resource": "host", "outcome": "unknown", "because": "Neither unattended-upgrades nor dnf-automatic is there; whether something else installs updates is not known"} if {
	datasets.seen(updates_id)
	not apt
	not dnf
}
