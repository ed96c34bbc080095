# METADATA
# title: No service with unprotected sign-in is installed or listening
# description: >-
#   No server for telnet, rsh, rlogin, FTP, TFTP, NIS or talk is installed as a package, and nothing listens on their ports
#   except on the host itself. Setting `insecure_services_allowed` names exceptions that are justified elsewhere (`ftp`,
#   `tftp`, ...).
# related_resources:
#   - ref: https://www.debian.org/doc/manuals/securing-debian-manual/ch05.en.html
# custom:
#   severity: high
#   requires: [linux/packages, linux/listening_ports]
#   proves:
#     cmmc-l2:
#       "3.4.7[l]": supporting
#       "3.4.7[o]": supporting
#     hipaa-security:
#       164.312(e)(2)(ii): supporting
#     pci-dss-4.0.1:
#       1.2.6: supporting
#       2.2.4: supporting
#       2.2.5: supporting
#   remediation:
#     provider: >-
#       Remove the package named here (or stop what listens on the port) and offer SSH or SFTP instead. If it cannot be
#       replaced, limit by firewall who reaches it and hand in the justification.
#     internal: Say who still uses this service, and agree on a day on which it is switched off.
#   irrelevant:
#     linux/packages: [version, architecture]
#     linux/listening_ports: [process]
package checks.linux.insecure_services_absent

import data.lib.datasets
import data.lib.values

packages_id := "linux/packages"

ports_id := "linux/listening_ports"

servers := {
	"telnet": {"telnetd", "telnetd-ssl", "inetutils-telnetd", "telnet-server", "krb5-telnetd"},
	"rsh": {"rsh-server", "rsh-redone-server", "inetutils-rshd", "inetutils-rlogind", "inetutils-rexecd"},
	"ftp": {"ftpd", "ftpd-ssl", "inetutils-ftpd", "vsftpd", "proftpd", "proftpd-basic", "proftpd-core", "pure-ftpd", "tnftpd"},
	"tftp": {"tftpd", "tftpd-hpa", "atftpd", "tftp-server", "inetutils-tftpd"},
	"nis": {"nis", "ypserv", "ypbind", "ypbind-mt"},
	"talk": {"talkd", "talk-server", "inetutils-talkd"},
}

listeners := {
	"telnet": {"tcp/23"},
	"rsh": {"tcp/512", "tcp/513", "tcp/514"},
	"ftp": {"tcp/21"},
	"tftp": {"udp/69"},
	"nis": set(),
	"talk": {"udp/517", "udp/518"},
}

allowed := values.words(input.settings.insecure_services_allowed) if values.words(input.settings.insecure_services_allowed)

else := set()

asked := object.keys(servers) - allowed

# The packages that are one of these servers; all are gone through once.
suspects := [row | some row in datasets.rows(packages_id); lower(row.name) in known_names]

known_names := {name | some _, names in servers; some name in names}

# What was removed and left its settings behind is not installed.
installed(service) := {row.name |
	some row in suspects
	lower(row.name) in servers[service]
	row.installed == true
}

perhaps_installed(service) := {row.name |
	some row in suspects
	lower(row.name) in servers[service]
	not is_boolean(row.installed)
}

heard(service) := {sprintf("%s on %s", [port, row.address]) |
	some row in datasets.rows(ports_id)
	port := sprintf("%s/%v", [row.protocol, row.port])
	port in listeners[service]
	not is_here(row.address)
}

is_here(address) if address == "::1"

is_here(address) if startswith(address, "127.")

odd := count(datasets.rows(packages_id)) - count([row |
	some row in datasets.rows(packages_id)
	is_string(row.name)
	trim_space(row.name) != ""
	is_boolean(row.installed)
])

odd_ports := count([row | some row in datasets.rows(ports_id); not is_port(row)])

is_port(row) if {
	row.protocol in {"tcp", "udp"}
	values.text(row, "address")
	values.is_whole_number(row.port)
}

found(service) := installed(service) | heard(service)

verdict(service) := {"outcome": "fail", "because": sprintf("A server for %s is there: %s", [service, concat(", ", sort(found(service)))])} if {
	count(found(service)) > 0
}

else := {"outcome": "unknown", "because": sprintf("Whether %s is installed is not known", [concat(", ", sort(perhaps_installed(service)))])} if {
	count(perhaps_installed(service)) > 0
}

else := {"outcome": "unknown", "because": sprintf("Whether a server for %s is there cannot be told, as a package or port was not in known words", [service])} if {
	odd + odd_ports > 0
}

else := {"outcome": "pass", "because": sprintf("No server for %s is installed or listening", [service])} if count(datasets.rows(packages_id)) > 0

else := {"outcome": "unknown", "because": "The list of packages is empty"}

findings contains object.union(verdict(service), {"resource": service}) if {
	datasets.seen(packages_id)
	datasets.seen(ports_id)
	some service in asked
}
