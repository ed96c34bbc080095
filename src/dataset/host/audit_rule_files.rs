//! The files below `/etc/audit` from which audit rules are loaded at start: one row for each rule or control.
//!
//! What is loaded at this moment is another dataset; the two differ when somebody changed one of them.

use serde_json::Value;

use super::text::{is_ended, sections};
use super::{ParseError, Parsed, audit_rule};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut rows = Vec::new();
    let sections = sections(stdout);
    for section in &sections {
        for line in &section.lines {
            let text = line.text.trim();
            if text.starts_with('#') {
                continue;
            }
            let Some(Value::Object(mut row)) = audit_rule::read(text).filter(|_| section.name.starts_with('/')) else {
                return Err(line.expected("an audit rule of a file"));
            };
            row.insert("file".to_owned(), Value::from(section.name.as_str()));
            rows.push(Value::Object(row));
        }
    }
    if !is_ended(&sections) {
        return Err(ParseError::Nothing("mark at the end of the files"));
    }
    Ok(Parsed::from(rows))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn rules_and_controls_know_their_file_and_comments_are_no_rules() {
        let rows = parse(include_bytes!("../../../collectors/linux/audit_rule_files/sample/stdout")).unwrap().rows;
        assert!(rows.contains(
            &json!({"kind": "control", "option": "-D", "value": null, "file": "/etc/audit/rules.d/audit.rules"})
        ));
        let sudoers = rows.iter().find(|row| row["path"] == "/etc/sudoers").unwrap();
        assert_eq!(sudoers["file"], json!("/etc/audit/rules.d/50-privileged.rules"));
    }

    #[test]
    fn files_that_were_not_read_to_the_end_are_an_error() {
        assert!(parse(b"== countersign /etc/audit/rules.d/a.rules\n-D\n").is_err());
        let fault = parse(b"== countersign /etc/audit/rules.d/a.rules\nsudo rules\n== countersign end\n").unwrap_err();
        assert!(fault.to_string().contains("line 2"), "{fault}");
        assert!(parse(b"== countersign end\n").unwrap().rows.is_empty());
    }
}
