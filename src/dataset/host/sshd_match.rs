//! `sshd -T -C …` for several connections: what the SSH server's file comes to for each, one row a connection.
//!
//! `connection` is `any` for the settings without a connection, else the words given to `-C`; `match` is the Match line
//! after which the connection was made up, or null. The other members are those of the dataset of all settings.

use serde_json::{Map, Value};

use super::sshd_config::options;
use super::text::marked_sections;
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut rows = Vec::new();
    for section in marked_sections(stdout)? {
        let (connection, line) = section.name.split_once(' ').unwrap_or((&section.name, ""));
        let mut row: Map<String, Value> = options(&section.lines)?;
        row.insert("connection".to_owned(), Value::from(connection));
        row.insert("match".to_owned(), if line.is_empty() { Value::Null } else { Value::from(line) });
        rows.push(Value::Object(row));
    }
    if rows.is_empty() {
        return Err(ParseError::Nothing("connections to the SSH server"));
    }
    Ok(Parsed::from(rows))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_match_block_turns_passwords_on_for_some_addresses_only() {
        let rows = parse(include_bytes!("../../../collectors/linux/sshd_match/sample/stdout")).unwrap().rows;
        assert_eq!((&rows[0]["connection"], &rows[0]["passwordauthentication"]), (&json!("any"), &json!("no")));
        let of = |start: &str| rows.iter().find(|row| row["connection"].as_str().unwrap().starts_with(start)).unwrap();
        assert_eq!(of("user=root,host=client.example,addr=203.0.113.10")["passwordauthentication"], json!("no"));
        let inside = of("user=root,host=client.example,addr=10.11.12.13");
        assert_eq!((&inside["passwordauthentication"], &inside["permitrootlogin"]), (&json!("yes"), &json!("yes")));
        assert_eq!(inside["match"], json!(null));
        let named = rows.iter().find(|row| row["match"] == "Match User backup-*,deploy").unwrap();
        assert!(named["connection"].as_str().unwrap().starts_with("user=backup-1,"));
        assert_eq!(named["forcecommand"], json!("/usr/local/bin/deploy"));
    }

    #[test]
    fn a_connection_without_an_answer_is_an_error() {
        assert!(parse(b"== countersign any\nport 22\n== countersign user=root,host=a,addr=b\n").is_err());
        assert!(parse(b"").is_err());
        assert!(parse(b"port 22\n== countersign any\nport 22\n").unwrap_err().to_string().contains("line 1"));
    }
}
