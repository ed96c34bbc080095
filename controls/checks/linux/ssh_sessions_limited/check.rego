# METADATA
# title: SSH limits attempts and drops connections that are dead
# description: >-
#   A connection has at most two minutes to sign in and few attempts (setting `ssh_max_auth_tries`, 6 if none is
#   agreed), and the server drops one whose other end no longer answers within the agreed time (setting
#   `session_idle_minutes`, 15 if none is agreed). A person who is away but connected is not dropped by this; that is
#   the shell's part. More than the 15 minutes of PCI DSS passes if it is agreed, and the finding says so. Judged from
#   the configuration outside of Match blocks.
# related_resources:
#   - ref: https://man.openbsd.org/sshd_config
# custom:
#   severity: low
#   requires: [linux/sshd_config]
#   proves:
#     cmmc-l2:
#       "3.1.11[b]": supporting
#       "3.1.12[c]": supporting
#       "3.1.8[b]": supporting
#     hipaa-security:
#       164.312(a)(2)(iii): supporting
#     pci-dss-4.0.1:
#       8.2.8: supporting
#       8.3.4: supporting
#   remediation:
#     provider: >-
#       Set `ClientAliveInterval 300`, `ClientAliveCountMax 3`, `LoginGraceTime 60` and `MaxAuthTries 4`, check the
#       result with `sshd -T` and reload. A `ClientAliveCountMax` of 0 never drops anybody.
#     internal: >-
#       Agree on the time after which an unattended session ends, and name jobs that keep a connection open for long.
#   irrelevant:
#     linux/sshd_config: [port, permitrootlogin, passwordauthentication, usepam]
package checks.linux.ssh_sessions_limited

import data.lib.datasets
import data.lib.pam
import data.lib.pci_dss
import data.lib.values

config_id := "linux/sshd_config"

row := datasets.only(config_id)

tries := input.settings.ssh_max_auth_tries if values.is_whole_number(input.settings.ssh_max_auth_tries)

else := 6

idle := input.settings.session_idle_minutes * 60 if values.is_whole_number(input.settings.session_idle_minutes)

else := 15 * 60

number(option) := pam.number(row[option])

grace := {"outcome": "unknown", "because": "How long a connection may take to sign in is not known"} if not number("logingracetime")

else := {"outcome": "fail", "because": "A connection may wait before signing in for ever (LoginGraceTime 0)"} if number("logingracetime") == 0

else := {"outcome": "fail", "because": sprintf("A connection has %d seconds to sign in, more than 120", [number("logingracetime")])} if number("logingracetime") > 120

else := {"outcome": "pass", "because": sprintf("A connection has %d seconds to sign in", [number("logingracetime")])}

attempts := {"outcome": "unknown", "because": "How many attempts a connection has is not known"} if not number("maxauthtries")

else := {"outcome": "fail", "because": sprintf("A connection has %d attempts to sign in; %d are agreed", [number("maxauthtries"), tries])} if number("maxauthtries") > tries

else := {"outcome": "pass", "because": sprintf("A connection has %d attempts to sign in", [number("maxauthtries")])}

is_known_alive if {
	number("clientaliveinterval") >= 0
	number("clientalivecountmax") >= 0
}

alive := {"outcome": "unknown", "because": "When the server drops a dead connection is not known"} if not is_known_alive

else := {"outcome": "fail", "because": "The server never drops a connection whose other end is gone"} if {
	number("clientaliveinterval") * number("clientalivecountmax") == 0
}

else := {"outcome": "fail", "because": sprintf("The server drops a dead connection only after %d seconds; %d are agreed", [number("clientaliveinterval") * number("clientalivecountmax"), idle])} if {
	number("clientaliveinterval") * number("clientalivecountmax") > idle
}

else := {"outcome": "pass", "because": sprintf("The server drops dead connections in time%s", [loose])}

loose := pci_dss.above(number("clientaliveinterval") * number("clientalivecountmax"), 900, "seconds")

findings contains object.union(grace, {"resource": "time to sign in"}) if datasets.rows(config_id) != []

findings contains object.union(attempts, {"resource": "attempts to sign in"}) if datasets.rows(config_id) != []

findings contains object.union(alive, {"resource": "dead connections"}) if datasets.rows(config_id) != []

findings contains {"resource": "host", "outcome": "not_applicable", "because": "No SSH server is configured"} if {
	datasets.rows(config_id) == []
}
