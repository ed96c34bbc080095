# METADATA
# title: The clock follows a source of time
# description: >-
#   chrony follows a server and is less than a second off (setting `max_clock_offset_seconds`), or systemd says that its
#   time service is switched on and the clock synchronized. A virtual machine can call itself synchronized without any
#   time service: that is not enough.
# related_resources:
#   - ref: https://chrony-project.org/doc/4.4/chronyc.html
# custom:
#   severity: medium
#   requires: [linux/time_sync]
#   proves:
#     cmmc-l2:
#       "3.3.7[a]": supporting
#       "3.3.7[c]": part
#     hipaa-security:
#       164.312(b): supporting
#     pci-dss-4.0.1:
#       10.6.1: part
#       10.6.2: supporting
#   remediation:
#     provider: >-
#       Install chrony (or switch systemd-timesyncd on with `timedatectl set-ntp true`), give it the agreed servers, let NTP
#       (UDP 123) out, and look at `chronyc tracking` after some minutes.
#     internal: Name the source of time that all systems follow.
#   irrelevant:
#     linux/time_sync: [time_zone]
package checks.linux.time_synchronized

import data.lib.datasets
import data.lib.values

time_id := "linux/time_sync"

clock := datasets.only(time_id)

limit := input.settings.max_clock_offset_seconds if is_number(input.settings.max_clock_offset_seconds)

else := 1

offset := abs(to_number(clock.chrony.offset_seconds)) if regex.match(`^[-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$`, clock.chrony.offset_seconds)

has_chrony if is_object(clock.chrony)

# Without a server's name chrony follows the host's own clock.
follows_nobody if {
	is_string(clock.chrony.source)
	trim_space(clock.chrony.source) == ""
}

is_unsynchronized if lower(clock.chrony.leap_status) == "not synchronised"

is_unsynchronized if clock.chrony.stratum == 0

is_unsynchronized if clock.chrony.stratum >= 16

verdict := {"outcome": "fail", "because": "chrony follows no source of time"} if {
	has_chrony
	is_unsynchronized
	not clock.ntp_synchronized == true
}

else := {"outcome": "fail", "because": "chrony follows only the host's own clock"} if follows_nobody

else := {"outcome": "fail", "because": sprintf("The clock is %v seconds off", [offset])} if offset > limit

else := {"outcome": "pass", "because": sprintf("chrony follows %s and is %v seconds off", [clock.chrony.source, offset])} if {
	values.text(clock.chrony, "source")
	clock.chrony.stratum > 0
	clock.chrony.stratum < 16
	lower(clock.chrony.leap_status) in {"normal", "insert second", "delete second"}
	offset <= limit
	not contradicts
}

else := {"outcome": "pass", "because": "systemd's time service is on and the clock is synchronized"} if {
	values.has(clock, "chrony")
	is_null(clock.chrony)
	clock.ntp_enabled == true
	clock.ntp_synchronized == true
}

else := {"outcome": "unknown", "because": "The host says that its clock is synchronized, but no time service is switched on (a virtual machine copies the clock of the machine below)"} if {
	clock.ntp_synchronized == true
	clock.ntp_enabled == false
}

else := {"outcome": "fail", "because": "The clock is not synchronized"} if {
	is_null(clock.chrony)
	clock.ntp_synchronized == false
}

else := {"outcome": "unknown", "because": "Whether the clock follows a source of time is not said in known words"}

# systemd, if it was asked, says the contrary, or answers in a way that cannot be read.
contradicts if {
	not clock.ntp_synchronized == true
	not is_silent
}

is_silent if {
	values.has(clock, "ntp_synchronized")
	is_null(clock.ntp_synchronized)
	values.has(clock, "ntp_enabled")
	is_null(clock.ntp_enabled)
}

findings contains object.union(verdict, {"resource": "host"}) if datasets.seen(time_id)
