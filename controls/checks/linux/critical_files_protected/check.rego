# METADATA
# title: Files that decide about access are protected
# description: >-
#   Accounts, password hashes, rules of sudo and PAM, settings and keys of the SSH server and lists of scheduled jobs
#   belong to root, nobody else can change them, and those with secrets nobody else can read. Access lists are not seen.
#   Most of these files hold no password, so a failure does not yet mean that password hashes can be read: the finding
#   names the file.
# related_resources:
#   - ref: https://man7.org/linux/man-pages/man5/shadow.5.html
# custom:
#   severity: high
#   requires: [linux/file_permissions]
#   proves:
#     cmmc-l2:
#       "3.1.5[d]": supporting
#       "3.4.5[h]": supporting
#       "3.5.10[a]": supporting
#     hipaa-security:
#       164.308(a)(4)(ii)(B): supporting
#       164.308(a)(5)(ii)(D): supporting
#     pci-dss-4.0.1:
#       2.2.6: supporting
#       7.3.3: supporting
#       8.3.2: supporting
#   remediation:
#     provider: >-
#       Give the files named here back to root (`chown root`) and take the rights of others away (`chmod go-w`, for
#       hashes and keys `chmod o-rwx`); find out what changed them, because a package would not.
#     internal: >-
#       Say whether a program of yours needs more rights to one of these files, so that another way is found.
#   irrelevant:
#     linux/file_permissions: [kind, owner]
package checks.linux.critical_files_protected

import data.lib.datasets
import data.lib.values

files_id := "linux/file_permissions"

# Hold hashes, keys or rules that nobody else may read.
secret := `^(/etc/g?shadow-?|/etc/security/opasswd|/etc/sudoers|/etc/sudoers\.d/.+|/etc/ssh/ssh_host_.+_key)$`

# Groups that may read a secret where the distribution gives it to them.
readers := {"root", "shadow", "ssh_keys", "wheel"}

# Each account writes its own jobs there, through a program that belongs to this group.
shared := {"/var/spool/cron/crontabs": {"crontab"}}

is_understood(row) if {
	values.text(row, "path")
	values.text(row, "group")
	values.is_whole_number(object.get(row, "uid", null))
	values.is_whole_number(object.get(row, "gid", null))
	is_string(object.get(row, "mode", null))
	regex.match(`^[0-7]{4}$`, row.mode)
}

group_may(row, digits) if substring(row.mode, 2, 1) in digits

others_may(row, digits) if substring(row.mode, 3, 1) in digits

writing := {"2", "3", "6", "7"}

reading := {"4", "5", "6", "7"}

is_secret(row) if regex.match(secret, row.path)

group_is_fine(row) if row.gid == 0

group_is_fine(row) if row.group in shared[row.path]

verdict(row) := {"outcome": "unknown", "because": "Who owns it and what others may do was not in the answer"} if not is_understood(row)

else := {"outcome": "fail", "because": sprintf("%s belongs to the user number %d and not to root", [row.path, row.uid])} if row.uid != 0

else := {"outcome": "fail", "because": sprintf("Everybody can change %s (%s)", [row.path, row.mode])} if others_may(row, writing)

else := {"outcome": "fail", "because": sprintf("The group %s can change %s (%s)", [row.group, row.path, row.mode])} if {
	group_may(row, writing)
	not group_is_fine(row)
}

else := {"outcome": "fail", "because": sprintf("Everybody can read %s (%s)", [row.path, row.mode])} if {
	is_secret(row)
	others_may(row, reading)
}

else := {"outcome": "fail", "because": sprintf("The group %s can read %s (%s)", [row.group, row.path, row.mode])} if {
	is_secret(row)
	group_may(row, reading)
	not row.group in readers
}

else := {"outcome": "pass", "because": "Only root can change it"}

findings contains object.union(verdict(row), {"resource": object.get(row, "path", "a file")}) if {
	some row in datasets.rows(files_id)
}

# A host always has these.
findings contains {"resource": path, "outcome": "unknown", "because": sprintf("%s is not among the files that were read", [path])} if {
	datasets.seen(files_id)
	some path in ["/etc/passwd", "/etc/shadow"]
	not path in paths
}

paths := {object.get(row, "path", null) | some row in datasets.rows(files_id)}
