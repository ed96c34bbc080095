# METADATA
# title: SSH offers strong algorithms only
# description: >-
#   The SSH server offers no cipher, message code or key exchange that is known to be weak. Several of those that pass are
#   not approved by FIPS, and whether the module is validated is not shown, so this says nothing about 3.13.11.
# related_resources:
#   - ref: https://man.openbsd.org/sshd_config
#   - ref: https://www.rfc-editor.org/rfc/rfc9142
# custom:
#   severity: medium
#   requires: [linux/sshd_config]
#   proves:
#     cmmc-l2:
#       "3.1.13[b]": part
#       "3.13.8[c]": part
#     hipaa-security:
#       164.312(e)(2)(ii): part
#       164.312(e)(2)(i): supporting
#     pci-dss-4.0.1:
#       2.2.7: part
#       4.2.1: supporting
#   remediation:
#     provider: >-
#       Set `Ciphers`, `MACs` and `KexAlgorithms` without the algorithms named here, check with `sshd -T`, reload,
#       and test from the oldest client that must still connect.
#     internal: >-
#       Name clients and appliances too old for current algorithms, and plan their replacement.
#   irrelevant:
#     linux/sshd_config: [port, permitrootlogin, passwordauthentication, kbdinteractiveauthentication, usepam]
package checks.linux.ssh_strong_ciphers

import data.lib.datasets
import data.lib.values

config_id := "linux/sshd_config"

row := datasets.only(config_id)

kinds := {
	"ciphers": {
		"title": "cipher",
		"strong": "^(chacha20-poly1305@openssh\\.com|aes(128|192|256)-ctr|aes(128|256)-gcm@openssh\\.com)$",
		"weak": "(-cbc|^arcfour|^3des|^blowfish|^cast128|^none$|^rijndael)",
	},
	"macs": {
		"title": "message code",
		"strong": "^(hmac-sha2-(256|512)|hmac-sha1|umac-128)(-etm)?(@openssh\\.com)?$",
		"weak": "(md5|-96|umac-64|ripemd|^none$)",
	},
	"kexalgorithms": {
		"title": "key exchange",
		"strong": "^(mlkem768x25519-sha256|sntrup761x25519-sha512(@openssh\\.com)?|curve25519-sha256(@libssh\\.org)?|ecdh-sha2-nistp(256|384|521)|diffie-hellman-group-exchange-sha256|diffie-hellman-group(14-sha256|15-sha512|16-sha512|17-sha512|18-sha512))$",
		"weak": "(-sha1$|-sha1-|^gss-.*sha1)",
	},
}

offered(kind) := values.words(row[kind]) if count(values.words(row[kind])) > 0

findings contains {"resource": sprintf("%s %s", [details.title, algorithm]), "outcome": "fail", "because": because} if {
	some kind, details in kinds
	some algorithm in offered(kind)
	regex.match(details.weak, algorithm)
	because := sprintf("The SSH server offers the weak %s `%s`", [details.title, algorithm])
}

findings contains {"resource": sprintf("%s %s", [details.title, algorithm]), "outcome": "unknown", "because": because} if {
	some kind, details in kinds
	some algorithm in offered(kind)
	not regex.match(details.weak, algorithm)
	not regex.match(details.strong, algorithm)
	because := sprintf("The SSH server offers the %s `%s`, which is not known here", [details.title, algorithm])
}

findings contains {"resource": "host", "outcome": "pass", "because": because} if {
	every kind, details in kinds {
		every algorithm in offered(kind) {
			regex.match(details.strong, algorithm)
			not regex.match(details.weak, algorithm)
		}
		count(offered(kind)) > 0
	}
	because := "The SSH server offers strong ciphers, message codes and key exchanges only"
}

findings contains {"resource": "host", "outcome": "unknown", "because": because} if {
	datasets.rows(config_id) != []
	some kind, details in kinds
	not offered(kind)
	because := sprintf("The SSH server's configuration does not list which %s algorithms it offers", [details.title])
}

findings contains {"resource": "host", "outcome": "not_applicable", "because": "No SSH server is configured"} if {
	datasets.rows(config_id) == []
}
