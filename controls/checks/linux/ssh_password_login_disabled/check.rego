# METADATA
# title: SSH asks for a key, not for a password
# description: >-
#   The SSH server accepts neither passwords nor keyboard-interactive sign-in, which is a password by another
#   name. Judged from the configuration outside of Match blocks. A password inside SSH cannot be replayed from the network,
#   so for 3.5.4 this is a hint only.
# related_resources:
#   - ref: https://man.openbsd.org/sshd_config
# custom:
#   severity: high
#   requires: [linux/sshd_config]
#   proves:
#     cmmc-l2:
#       "3.5.4[a]": supporting
#       "3.1.12[c]": supporting
#       "3.5.3[c]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.3.1: supporting
#       8.4.1: supporting
#   remediation:
#     provider: >-
#       Hand out keys or certificates first, then set `PasswordAuthentication no` and
#       `KbdInteractiveAuthentication no`, and keep one console session open while reloading.
#     internal: >-
#       Collect public keys from everybody who signs in, and name the service accounts that still use passwords.
#   irrelevant:
#     linux/sshd_config: [port, permitrootlogin, usepam, authenticationmethods]
package checks.linux.ssh_password_login_disabled

import data.lib.datasets
import data.lib.values

config_id := "linux/sshd_config"

row := datasets.only(config_id)

passwords := lower(values.text(row, "passwordauthentication"))

interactive := lower(values.text(row, "kbdinteractiveauthentication"))

# Unless the server demands particular methods together, each one alone is enough.
methods_are_combined if not methods in {["any"], "any", null}

methods := object.get(row, "authenticationmethods", null)

finding := {"outcome": "pass", "because": "The SSH server accepts no passwords"} if {
	passwords == "no"
	interactive == "no"
}

else := {"outcome": "unknown", "because": "Whether a password is enough depends on `AuthenticationMethods`, which is not judged here"} if {
	"yes" in {passwords, interactive}
	methods_are_combined
}

else := {"outcome": "fail", "because": "The SSH server accepts passwords"} if passwords == "yes"

else := {"outcome": "fail", "because": "The SSH server accepts keyboard-interactive sign-in, which asks for a password"} if {
	interactive == "yes"
}

else := {"outcome": "not_applicable", "because": "No SSH server is configured"} if datasets.rows(config_id) == []

else := {"outcome": "unknown", "because": "The SSH server's configuration does not say whether passwords are accepted"}

findings contains object.union(finding, {"resource": "host"})
