//! `auditctl -s`, then `auditctl -l`: whether the kernel's audit system is on, who receives its records, and its rules.
//!
//! The first row is the state. "No rules" is an answer: then it is the only row.

use serde_json::{Map, Value, json};

use super::text::{Line, sections};
use super::{ParseError, Parsed, audit_rule};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut status = Map::new();
    let mut rules = Vec::new();
    let mut has_listing = false;
    for section in sections(stdout) {
        for line in &section.lines {
            match section.name.as_str() {
                "status" => add_status(&mut status, line)?,
                "rules" => {
                    has_listing = true;
                    if line.text.trim() != "No rules" {
                        rules.push(rule(line)?);
                    }
                }
                _ => return Err(line.expected("the state or the rules of the audit system")),
            }
        }
    }
    if !has_listing {
        return Err(ParseError::Nothing("list of audit rules"));
    }
    let number = |name: &str| status.get(name).and_then(Value::as_u64);
    let (Some(enabled), Some(pid)) = (number("enabled"), number("pid")) else {
        return Err(ParseError::Nothing("state of the audit system"));
    };
    let mut rows = vec![json!({
        "kind": "status",
        "enabled": enabled,
        "pid": pid,
        "failure": number("failure"),
        "lost": number("lost"),
        "backlog_limit": number("backlog_limit"),
    })];
    rows.extend(rules);
    Ok(Parsed::from(rows))
}

/// `enabled 1`; versions before 2.4 print all in one line: `AUDIT_STATUS: enabled=1 flag=1 pid=5 ...`.
fn add_status(status: &mut Map<String, Value>, line: &Line<'_>) -> Result<(), ParseError> {
    let text = line.text.trim();
    if let Some(pairs) = text.strip_prefix("AUDIT_STATUS:") {
        for (name, value) in pairs.split_whitespace().filter_map(|pair| pair.split_once('=')) {
            status.insert(name.to_owned(), number(value));
        }
        return Ok(());
    }
    let (name, value) = text.split_once(' ').ok_or_else(|| line.expected("a name and a value"))?;
    status.insert(name.to_owned(), number(value.trim()));
    Ok(())
}

fn number(value: &str) -> Value {
    value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from)
}

/// Very old versions list rules as `LIST_RULES: ...`, which is not read.
fn rule(line: &Line<'_>) -> Result<Value, ParseError> {
    audit_rule::read(&line.text)
        .filter(|row| row.get("kind").is_some_and(|kind| kind == "rule"))
        .ok_or_else(|| line.expected("an audit rule"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_host_without_rules_has_only_its_state() {
        let output = b"== countersign status\nenabled 0\nfailure 1\npid 0\nrate_limit 0\nbacklog_limit 64\nlost 0\n\
            backlog 0\nbacklog_wait_time 15000\nbacklog_wait_time_actual 0\nloginuid_immutable 0 unlocked\n\
            == countersign rules\nNo rules\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!(
            rows,
            [json!({"kind": "status", "enabled": 0, "pid": 0, "failure": 1, "lost": 0, "backlog_limit": 64})]
        );
    }

    #[test]
    fn a_host_with_rules_has_a_row_for_each() {
        let rows = parse(include_bytes!("../../../collectors/linux/audit_rules/sample/stdout")).unwrap().rows;
        assert_eq!(rows[0]["enabled"], json!(1));
        assert!(rows.iter().any(|row| row["path"] == "/etc/sudoers" && row["permissions"] == "aw"));
        assert!(rows.iter().any(|row| row["syscalls"] == json!(["execve"])));
    }

    #[test]
    fn the_state_in_one_line_of_old_versions_is_read() {
        let output =
            b"== countersign status\nAUDIT_STATUS: enabled=2 flag=1 pid=812 rate_limit=0 backlog_limit=320 lost=0\n\
            == countersign rules\nNo rules\n";
        assert_eq!(parse(output).unwrap().rows[0]["pid"], json!(812));
    }

    #[test]
    fn an_answer_without_a_part_is_an_error_not_a_host_without_rules() {
        for cut in
            ["", "== countersign status\nenabled 1\npid 4\n== countersign rules\n", "== countersign rules\nNo rules\n"]
        {
            assert!(parse(cut.as_bytes()).is_err(), "{cut}");
        }
        let noise = b"== countersign status\nenabled 1\npid 4\n== countersign rules\nLIST_RULES: exit,always\n";
        assert!(parse(noise).unwrap_err().to_string().contains("line 5"));
    }
}
