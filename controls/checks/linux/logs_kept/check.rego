# METADATA
# title: System logs survive a restart
# description: >-
#   The system journal is kept on disk (`Storage=persistent`, or `auto` with the folder /var/log/journal there), or a system
#   log service that writes files (rsyslog, syslog-ng) runs. For how long logs are kept is not judged.
# related_resources:
#   - ref: https://www.freedesktop.org/software/systemd/man/latest/journald.conf.html
# custom:
#   severity: medium
#   requires: [linux/journal_settings]
#   uses: [linux/services]
#   proves:
#     cmmc-l2:
#       "3.3.1[f]": supporting
#     hipaa-security:
#       164.312(b): supporting
#     pci-dss-4.0.1:
#       10.5.1: supporting
#   remediation:
#     provider: >-
#       Set `Storage=persistent` in a file below /etc/systemd/journald.conf.d (or create /var/log/journal), restart
#       systemd-journald, and size the disk for the agreed time.
#     internal: Say for how long logs must be kept, and where older ones go.
#   irrelevant:
#     linux/journal_settings: [forward_to_syslog, max_retention, max_use, files]
package checks.linux.logs_kept

import data.lib.datasets
import data.lib.values

journal_id := "linux/journal_settings"

services_id := "linux/services"

journal := datasets.only(journal_id)

# What is not set is as the program was built.
storage := values.text(journal, "storage") if values.text(journal, "storage")

else := values.text(journal, "storage_default") if {
	values.has(journal, "storage")
	is_null(journal.storage)
	values.text(journal, "storage_default")
}

file_writers := {"rsyslog.service", "syslog-ng.service"}

writers(active) := {row.unit |
	some row in datasets.rows(services_id)
	row.unit in file_writers
	row.active == active
}

journal_is_kept if storage == "persistent"

journal_is_kept if {
	storage == "auto"
	journal.persistent_folder == true
}

journal_is_lost if storage in {"volatile", "none"}

journal_is_lost if {
	storage == "auto"
	journal.persistent_folder == false
}

verdict := {"outcome": "pass", "because": "The system journal is kept on disk"} if journal_is_kept

else := {"outcome": "pass", "because": sprintf("%s writes logs to files", [concat(", ", sort(writers(true)))])} if {
	count(writers(true)) > 0
}

else := {"outcome": "unknown", "because": "The journal is lost at a restart; whether another service writes logs to files is not known"} if {
	journal_is_lost
	not others_were_seen
}

else := {"outcome": "fail", "because": "The journal is lost at a restart, and no other service writes logs to files"} if journal_is_lost

else := {"outcome": "unknown", "because": "Where the journal is kept was not in the answer in known words"}

others_were_seen if {
	datasets.whole(services_id)
	every row in datasets.rows(services_id) {
		is_boolean(row.active)
	}
}

findings contains object.union(verdict, {"resource": "host"}) if datasets.seen(journal_id)
