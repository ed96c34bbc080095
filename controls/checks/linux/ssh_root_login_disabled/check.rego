# METADATA
# title: Nobody signs in over SSH as root
# description: >-
#   The SSH server refuses root, so that every remote session begins as a named person. Judged from the
#   configuration outside of Match blocks. A key of root that one person holds, or that runs one fixed command, can be
#   justified; which it is cannot be seen here.
# related_resources:
#   - ref: https://man.openbsd.org/sshd_config
# custom:
#   severity: high
#   requires: [linux/sshd_config]
#   proves:
#     cmmc-l2:
#       "3.1.12[c]": supporting
#       "3.5.2[a]": supporting
#     hipaa-security:
#       164.312(a)(2)(i): supporting
#     pci-dss-4.0.1:
#       8.2.2: supporting
#       2.2.6: supporting
#   remediation:
#     provider: >-
#       Set `PermitRootLogin no`, check the result with `sshd -T`, reload the server, and let administrators use
#       sudo from their own accounts.
#     internal: >-
#       Move jobs that still sign in as root to accounts of their own and tell the provider when they are done. If one has
#       to stay, state whose key it is and what it may do, and name this check.
#   irrelevant:
#     linux/sshd_config: [port, ciphers, macs, kexalgorithms, passwordauthentication, kbdinteractiveauthentication, usepam]
package checks.linux.ssh_root_login_disabled

import data.lib.datasets
import data.lib.values

config_id := "linux/sshd_config"

meanings := {
	"no": {"outcome": "pass", "because": "The SSH server refuses root"},
	"yes": {"outcome": "fail", "because": "The SSH server lets root sign in, with a password too"},
	"without-password": {"outcome": "fail", "because": "The SSH server lets root sign in with a key"},
	"prohibit-password": {"outcome": "fail", "because": "The SSH server lets root sign in with a key"},
	"forced-commands-only": {"outcome": "fail", "because": "The SSH server lets root run fixed commands with a key"},
}

option := values.text(datasets.only(config_id), "permitrootlogin")

finding := meanings[lower(option)] if meanings[lower(option)]

else := {"outcome": "unknown", "because": sprintf("`PermitRootLogin %s` is not known here", [option])} if option

else := {"outcome": "not_applicable", "because": "No SSH server is configured"} if datasets.rows(config_id) == []

else := {"outcome": "unknown", "because": "The SSH server's configuration does not say whether root may sign in"}

findings contains object.union(finding, {"resource": "host"})
