# METADATA
# title: SSH refuses empty passwords
# description: >-
#   The SSH server does not let anybody in with an empty password, whatever PAM would say. Judged from the
#   configuration outside of Match blocks.
# related_resources:
#   - ref: https://man.openbsd.org/sshd_config
# custom:
#   severity: critical
#   requires: [linux/sshd_config]
#   proves:
#     cmmc-l2:
#       "3.5.2[a]": supporting
#       "3.1.12[c]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       8.3.1: supporting
#       2.2.6: supporting
#   remediation:
#     provider: >-
#       Set `PermitEmptyPasswords no`, check the result with `sshd -T`, reload, and look for accounts without a password.
#     internal: >-
#       Say which device or program signed in without a password, so that it gets a key.
#   irrelevant:
#     linux/sshd_config: [port, permitrootlogin, passwordauthentication, usepam]
package checks.linux.ssh_no_empty_passwords

import data.lib.datasets
import data.lib.values

config_id := "linux/sshd_config"

option := lower(values.text(datasets.only(config_id), "permitemptypasswords"))

finding := {"outcome": "pass", "because": "The SSH server refuses empty passwords"} if option == "no"

else := {"outcome": "fail", "because": "The SSH server accepts empty passwords"} if option == "yes"

else := {"outcome": "not_applicable", "because": "No SSH server is configured"} if datasets.rows(config_id) == []

else := {"outcome": "unknown", "because": "The SSH server's configuration does not say whether empty passwords are accepted"}

findings contains object.union(finding, {"resource": "host"})
