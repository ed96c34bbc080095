# METADATA
# title: A notice is shown before sign-in
# description: >-
#   The console (/etc/issue) and the SSH server (`Banner`) show a text with a word of a notice before anybody signs in
#   (setting `login_banner_words` gives the words; else usual English ones). The name of the system is no notice, a text
#   after sign-in (motd) comes too late, and whether the wording is the demanded one a person must judge.
# related_resources:
#   - ref: https://man.openbsd.org/sshd_config
# custom:
#   severity: low
#   requires: [linux/login_banners]
#   uses: [linux/sshd_config]
#   proves:
#     cmmc-l2:
#       "3.1.9[b]": part
#     pci-dss-4.0.1:
#       2.2.6: supporting
#   remediation:
#     provider: >-
#       Write the agreed notice into /etc/issue and /etc/issue.net without the name and version of the system, set
#       `Banner /etc/issue.net` in sshd_config, check with `sshd -T` and reload.
#     internal: >-
#       Approve the wording of the notice, with the people who know which notices the contracts demand.
#   irrelevant:
#     linux/login_banners: [first_line]
#     linux/sshd_config: [port, usepam]
package checks.linux.login_banner_shown

import data.lib.datasets
import data.lib.values

banners_id := "linux/login_banners"

config_id := "linux/sshd_config"

notice_words := settled if {
	settled := values.words(input.settings.login_banner_words)
	count(settled) > 0
}

else := {
	"authorized", "authorised", "unauthorized", "unauthorised", "prohibited", "monitored", "monitoring", "consent",
	"restricted", "private system", "usage policy",
}

text_of(file) := row.text if {
	some row in datasets.rows(banners_id)
	object.get(row, "file", null) == file
	row.present == true
	is_string(row.text)
	values.is_whole_number(row.length)
}

is_absent(file) if {
	some row in datasets.rows(banners_id)
	object.get(row, "file", null) == file
	row.present == false
}

is_notice(text) if {
	some word in notice_words
	contains(lower(text), word)
}

# Shorter than any notice; what a system comes with is the name of itself.
is_short(text) if count(text) < 80

verdict(place, file) := {"outcome": "fail", "because": sprintf("The %s shows nothing before sign-in: %s does not exist", [place, file])} if is_absent(file)

else := {"outcome": "unknown", "because": sprintf("The text that the %s shows before sign-in (%s) was not read", [place, file])} if not is_string(text_of(file))

else := {"outcome": "pass", "because": sprintf("The %s shows a notice before sign-in (%s)", [place, file])} if is_notice(text_of(file))

else := {"outcome": "fail", "because": sprintf("The %s shows no notice before sign-in: %s holds only `%s`", [place, file, trim_space(text_of(file))])} if is_short(text_of(file))

else := {"outcome": "unknown", "because": sprintf("The %s shows a text before sign-in (%s), but whether it is a notice is not known; name its words in `login_banner_words`", [place, file])}

banner := values.text(datasets.only(config_id), "banner")

ssh := {"outcome": "fail", "because": "The SSH server shows nothing before sign-in (Banner none)"} if lower(banner) == "none"

else := verdict("SSH server", banner) if banner

else := {"outcome": "not_applicable", "because": "This host has no SSH server"} if {
	input.datasets[config_id].outcome == "not_offered"
}

else := {"outcome": "unknown", "because": "Which text the SSH server shows before sign-in is not known"}

findings contains object.union(verdict("console", "/etc/issue"), {"resource": "console"}) if datasets.seen(banners_id)

findings contains object.union(ssh, {"resource": "SSH"}) if datasets.seen(banners_id)
