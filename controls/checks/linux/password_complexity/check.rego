# METADATA
# title: New passwords must be long and mixed
# description: >-
#   Whoever changes a password is held by pam_pwquality (or pam_cracklib) to the agreed length (setting
#   `password_min_length`, 12 if none is agreed) and to letters and digits or three kinds of characters (setting
#   `password_min_classes` asks for a number of kinds instead). Credits that shorten the length are counted. What is
#   looser than PCI DSS asks (12 characters, letters and digits) passes if it is agreed, and the finding says so.
# related_resources:
#   - ref: https://manpages.debian.org/bookworm/libpwquality-common/pwquality.conf.5.en.html
# custom:
#   severity: medium
#   requires: [linux/pam_stacks]
#   uses: [linux/password_quality]
#   proves:
#     cmmc-l2:
#       "3.5.7[c]": part
#     hipaa-security:
#       164.308(a)(5)(ii)(D): supporting
#     pci-dss-4.0.1:
#       8.3.6: supporting
#   remediation:
#     provider: >-
#       Install pam_pwquality (Debian and Ubuntu: libpam-pwquality; RHEL family: it is there) and set `minlen` and
#       `minclass` or negative credits in /etc/security/pwquality.conf; that file is read after those of
#       pwquality.conf.d, and arguments in the PAM stack come before both.
#     internal: >-
#       Agree on length and kinds of characters for all systems, and tell people how to choose long passphrases.
#   irrelevant:
#     linux/pam_stacks: [file, through, optional]
#     linux/password_quality: [file]
package checks.linux.password_complexity

import data.lib.datasets
import data.lib.pam
import data.lib.pci_dss
import data.lib.values

settings_id := "linux/password_quality"

service := "passwd"

length_limit := input.settings.password_min_length if values.is_whole_number(input.settings.password_min_length)

else := 12

classes_limit := input.settings.password_min_classes if values.is_whole_number(input.settings.password_min_classes)

password := pam.lines(service, "password")

checkers := [row | some row in pam.of_module(password, {"pam_pwquality.so", "pam_cracklib.so"}); pam.binds(row)]

loose := [row | some row in pam.of_module(password, {"pam_pwquality.so", "pam_cracklib.so"}); not pam.binds(row)]

others := pam.of_module(password, {"pam_passwdqc.so", "pam_passwordqc.so"})

stores := pam.of_module(password, {"pam_unix.so"})

# The password is stored before it is looked at.
is_late(row) if {
	some other in stores
	other.order < row.order
}

credits := ["dcredit", "ucredit", "lcredit", "ocredit"]

value(row, name, built_in) := pam.setting(row, settings_id, "pwquality", name, built_in.pwquality) if row.module == "pam_pwquality.so"

else := pam.number(pam.argument(row, name)) if pam.argument(row, name)

else := built_in.cracklib if row.module == "pam_cracklib.so"

credit(row, name) := value(row, name, {"pwquality": 0, "cracklib": 1})

given_away(row) := sum([credit(row, name) | some name in credits; credit(row, name) > 0])

length(row) := value(row, "minlen", {"pwquality": 8, "cracklib": 9}) - given_away(row)

demanded(row) := {name | some name in credits; credit(row, name) < 0}

classes(row) := max([value(row, "minclass", {"pwquality": 0, "cracklib": 0}), count(demanded(row))])

is_known(row) if {
	is_number(length(row))
	is_number(classes(row))
	is_number(value(row, "enforcing", {"pwquality": 1, "cracklib": 1}))
	every name in credits {
		is_number(credit(row, name))
	}
}

is_mixed(row) if classes(row) >= classes_limit

is_mixed(row) if {
	not classes_limit
	classes(row) >= 3
}

is_mixed(row) if {
	not classes_limit
	demands_letters_and_digits(row)
}

demands_letters_and_digits(row) if {
	"dcredit" in demanded(row)
	count(demanded(row) & {"ucredit", "lcredit"}) > 0
}

finding := {"outcome": "unknown", "because": "The PAM stack for changing a password (passwd) was not among the services that were read"} if {
	not service in pam.services
}

else := {"outcome": "unknown", "because": "The PAM stack for changing a password has a line that cannot be read"} if {
	count(pam.unclear(service, "password")) > 0
}

else := {"outcome": "unknown", "because": "Passwords are looked at by a module that is not judged here (passwdqc)"} if {
	count(checkers) == 0
	count(others) > 0
}

else := {"outcome": "fail", "because": "The module that looks at new passwords is asked, but its answer does not count"} if {
	count(checkers) == 0
	count(loose) > 0
}

else := {"outcome": "fail", "because": "No module looks at the quality of new passwords"} if count(checkers) == 0

else := {"outcome": "fail", "because": "New passwords are looked at only after they have been stored"} if {
	every row in checkers {
		is_late(row)
	}
}

else := {"outcome": "unknown", "because": "What is demanded of new passwords cannot be worked out from the settings that were read"} if {
	some row in checkers
	not is_known(row)
}

else := {"outcome": "fail", "because": "Weak passwords are only warned of, not refused (enforcing = 0)"} if {
	some row in checkers
	value(row, "enforcing", {"pwquality": 1, "cracklib": 1}) == 0
}

else := {"outcome": "fail", "because": sprintf("Passwords of %d characters are accepted; %d are agreed", [length(row), length_limit])} if {
	some row in checkers
	length(row) < length_limit
}

else := {"outcome": "fail", "because": "Passwords of a single kind of characters are accepted"} if {
	some row in checkers
	not is_mixed(row)
}

else := {"outcome": "pass", "because": sprintf("New passwords must have %d characters of several kinds%s%s", [length_limit, short, unmixed])}

short := pci_dss.below(min([length(row) | some row in checkers]), 12, "characters")

unmixed := "; letters and digits together, as PCI DSS asks, are not demanded" if {
	some row in checkers
	classes(row) < 3
	not demands_letters_and_digits(row)
}

else := ""

findings contains object.union(finding, {"resource": "new passwords"})
