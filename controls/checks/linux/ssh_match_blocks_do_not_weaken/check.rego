# METADATA
# title: No connection over SSH is let in more easily than the rest
# description: >-
#   For root, an ordinary account and a connection made up after each Match line, the SSH server asks for no less than
#   its settings outside of Match blocks: passwords, keyboard-interactive, empty passwords, root and trust in a host.
#   Connections that no Match line names are not tried.
# related_resources:
#   - ref: https://man.openbsd.org/sshd_config
# custom:
#   severity: high
#   requires: [linux/sshd_match]
#   proves:
#     cmmc-l2:
#       "3.1.12[c]": supporting
#       "3.5.4[a]": supporting
#     hipaa-security:
#       164.312(d): supporting
#     pci-dss-4.0.1:
#       2.2.6: supporting
#       8.3.1: supporting
#   remediation:
#     provider: >-
#       Look at the Match block named here in /etc/ssh/sshd_config and sshd_config.d, take out what weakens the server or
#       narrow it to one account and address, and check with `sshd -T -C user=…,host=…,addr=…`. A block ends only at the
#       next Match line or the end of the file.
#     internal: >-
#       Say which device or program needs the exception and until when.
#   irrelevant:
#     linux/sshd_match: [match]
package checks.linux.ssh_match_blocks_do_not_weaken

import data.lib.datasets
import data.lib.values

match_id := "linux/sshd_match"

words := {
	"permitrootlogin": {"no": 0, "forced-commands-only": 1, "without-password": 2, "prohibit-password": 2, "yes": 3},
	"passwordauthentication": {"no": 0, "yes": 1},
	"kbdinteractiveauthentication": {"no": 0, "yes": 1},
	"permitemptypasswords": {"no": 0, "yes": 1},
	"hostbasedauthentication": {"no": 0, "yes": 1},
}

usual := [row | some row in datasets.rows(match_id); object.get(row, "connection", null) == "any"]

particular := [row | some row in datasets.rows(match_id); object.get(row, "connection", null) != "any"]

rank(row, option) := words[option][lower(row[option])] if is_string(object.get(row, option, null))

is_understood(row) if {
	values.text(row, "connection")
	every option, _ in words {
		is_number(rank(row, option))
	}
}

name(row) := row.match if values.text(row, "match")

else := row.connection if values.text(row, "connection")

else := "a connection"

weaker(row) := {option |
	some option, _ in words
	rank(row, option) > rank(usual[0], option)
}

findings contains {"resource": name(row), "outcome": "fail", "because": because} if {
	some row in particular
	some option in weaker(row)
	because := sprintf("`%s` is `%s` for the connection %s, and `%s` otherwise", [option, row[option], object.get(row, "connection", "?"), usual[0][option]])
}

findings contains {"resource": name(row), "outcome": "unknown", "because": "The SSH server's answer for this connection is not understood"} if {
	some row in datasets.rows(match_id)
	not is_understood(row)
}

findings contains {"resource": "host", "outcome": "unknown", "because": "Settings outside of Match blocks and for at least one connection were not both read"} if {
	datasets.seen(match_id)
	not has_both
}

has_both if {
	count(usual) == 1
	count(particular) > 0
}

findings contains {"resource": "host", "outcome": "pass", "because": because} if {
	has_both
	every row in datasets.rows(match_id) {
		is_understood(row)
		count(weaker(row)) == 0
	}
	because := sprintf("None of %d connections is let in more easily", [count(particular)])
}
