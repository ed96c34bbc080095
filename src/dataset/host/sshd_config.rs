//! `sshd -T`: what the SSH server's configuration file comes to, as one row of options.
//!
//! The command reads the file, not the running daemon, and does not apply `Match` blocks. Values are the server's own
//! words: `permitrootlogin` says `without-password` where the file may say `prohibit-password`.

use serde_json::{Map, Value};

use super::text::{Line, lines};
use super::{ParseError, Parsed};

/// Options that are printed once per value: always lists, also when there is one value.
const REPEATED: [&str; 11] = [
    "acceptenv",
    "allowgroups",
    "allowusers",
    "denygroups",
    "denyusers",
    "hostcertificate",
    "hostkey",
    "listenaddress",
    "port",
    "setenv",
    "subsystem",
];

/// Options whose value is one list, separated by commas.
const LISTS: [&str; 10] = [
    "casignaturealgorithms",
    "ciphers",
    "gssapikexalgorithms",
    "hostbasedacceptedalgorithms",
    "hostbasedacceptedkeytypes",
    "hostkeyalgorithms",
    "kexalgorithms",
    "macs",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
];

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let lines: Vec<Line<'_>> = lines(stdout).collect();
    Ok(Parsed::from(vec![Value::Object(options(&lines)?)]))
}

/// One answer of the command: every option with its value or values.
pub(super) fn options(lines: &[Line<'_>]) -> Result<Map<String, Value>, ParseError> {
    let mut row = Map::new();
    for line in lines {
        let (name, value) = line
            .text
            .split_once(' ')
            .filter(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .ok_or_else(|| line.expected("an option and its value"))?;
        add(&mut row, name.to_ascii_lowercase(), value.trim());
    }
    if row.is_empty() {
        return Err(ParseError::Nothing("options of the SSH server"));
    }
    Ok(row)
}

/// Adds a value without ever losing one: an option that repeats becomes a list.
fn add(row: &mut Map<String, Value>, name: String, value: &str) {
    let values: Vec<Value> = if LISTS.contains(&name.as_str()) {
        value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
    } else {
        vec![Value::from(value)]
    };
    match row.get_mut(&name) {
        Some(Value::Array(present)) => present.extend(values),
        Some(present) => {
            let first = present.take();
            *present = std::iter::once(first).chain(values).collect();
        }
        None if REPEATED.contains(&name.as_str()) || LISTS.contains(&name.as_str()) => {
            row.insert(name, Value::Array(values));
        }
        None => {
            row.insert(name, Value::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_configuration_keeps_options_that_repeat_and_splits_algorithms() {
        let parsed = parse(include_bytes!("../../../collectors/linux/sshd_config/sample/stdout")).unwrap();
        assert_eq!(parsed.rows.len(), 1);
        let row = &parsed.rows[0];
        assert_eq!(row["port"], json!(["22"]));
        assert_eq!(row["listenaddress"], json!(["[::]:22", "0.0.0.0:22"]));
        assert_eq!(row["acceptenv"], json!(["LANG", "LC_*"]));
        assert_eq!(row["permitrootlogin"], json!("without-password"));
        assert_eq!(row["subsystem"], json!(["sftp /usr/lib/openssh/sftp-server"]));
        assert_eq!(row["ciphers"][0], json!("chacha20-poly1305@openssh.com"));
        assert!(row["macs"].as_array().unwrap().contains(&json!("hmac-sha1")));
    }

    #[test]
    fn names_are_lower_case_and_an_empty_value_is_kept() {
        let parsed = parse(b"PermitRootLogin no\r\nversionaddendum \n").unwrap();
        assert_eq!(parsed.rows, [json!({"permitrootlogin": "no", "versionaddendum": ""})]);
    }

    #[test]
    fn an_unlisted_option_that_repeats_loses_no_value() {
        let parsed = parse(b"futureoption a\nfutureoption b\nfutureoption c\n").unwrap();
        assert_eq!(parsed.rows, [json!({"futureoption": ["a", "b", "c"]})]);
    }

    #[test]
    fn a_banner_in_the_output_is_refused_with_its_line() {
        let fault = parse(b"port 22\n*** Authorized use only ***\n").unwrap_err();
        assert!(fault.to_string().contains("line 2"), "{fault}");
    }

    #[test]
    fn silence_is_not_an_empty_configuration() {
        assert!(parse(b"\n").is_err());
    }
}
