//! `/etc/login.defs`: defaults for accounts that are made from now on, as one row of options.
//!
//! Accounts that exist keep their own ages, and PAM decides password length and hash where it is used.

use serde_json::{Map, Value};

use super::text::lines;
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut row = Map::new();
    for line in lines(stdout) {
        let text = line.text.trim();
        if text.starts_with('#') {
            continue;
        }
        let (name, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        if !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
            return Err(line.expected("an option in capital letters and its value"));
        }
        row.insert(name.to_owned(), Value::from(value.trim()));
    }
    Ok(Parsed::from(if row.is_empty() { Vec::new() } else { vec![Value::Object(row)] }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_file_with_tabs_and_comments_is_one_row() {
        let rows = parse(include_bytes!("../../../collectors/linux/login_defs/sample/stdout")).unwrap().rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["PASS_MAX_DAYS"], json!("99999"));
        assert_eq!(rows[0]["ENCRYPT_METHOD"], json!("SHA512"));
        assert_eq!(rows[0]["UMASK"], json!("022"));
    }

    #[test]
    fn the_last_of_two_values_counts() {
        let rows = parse(b"PASS_MAX_DAYS\t99999\n  # PASS_MAX_DAYS 1\nPASS_MAX_DAYS 90\nCONSOLE\n").unwrap().rows;
        assert_eq!(rows, [json!({"PASS_MAX_DAYS": "90", "CONSOLE": ""})]);
    }

    #[test]
    fn a_file_of_comments_has_no_rows_and_other_text_is_refused() {
        assert!(parse(b"# nothing\n").unwrap().rows.is_empty());
        assert!(parse(b"# fine\nwelcome to this host\n").unwrap_err().to_string().contains("line 2"));
    }
}
