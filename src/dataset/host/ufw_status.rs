//! `ufw status verbose`: whether the front end is switched on, what it does by default, and its rules.
//!
//! The words are those of the C locale; a translated answer is refused, because its words could mean anything.

use serde_json::{Map, Value, json};

use super::text::lines;
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut status = Map::new();
    let mut rules = Vec::new();
    let mut in_rules = false;
    for line in lines(stdout) {
        let text = line.text.trim();
        if in_rules {
            rules.push(rule(text).ok_or_else(|| line.expected("a rule with target, action and origin"))?);
        } else if text.starts_with("--") {
            in_rules = true;
        } else if text.starts_with("To ") {
            // The heading of the rules.
        } else {
            let (name, value) = text.split_once(':').ok_or_else(|| line.expected("a name, a colon and a value"))?;
            let value = value.trim();
            match name {
                "Status" if matches!(value, "active" | "inactive") => {
                    status.insert("active".to_owned(), Value::Bool(value == "active"));
                }
                "Logging" => drop(status.insert("logging".to_owned(), Value::from(value))),
                "Default" => {
                    for part in value.split(',') {
                        let default = part.trim().strip_suffix(')').and_then(|part| part.split_once(" ("));
                        let (policy, direction) =
                            default.ok_or_else(|| line.expected("defaults such as deny (incoming)"))?;
                        status.insert(direction.to_owned(), Value::from(policy));
                    }
                }
                "New profiles" => {}
                _ => return Err(line.expected("the status of ufw in its own English words")),
            }
        }
    }
    let Some(active) = status.get("active") else { return Err(ParseError::Nothing("status of ufw")) };
    let mut rows = vec![json!({
        "kind": "status",
        "active": active,
        "default_incoming": status.get("incoming"),
        "default_outgoing": status.get("outgoing"),
        "default_routed": status.get("routed"),
        "logging": status.get("logging"),
    })];
    rows.extend(rules);
    Ok(Parsed::from(rows))
}

const ACTIONS: [&str; 4] = ["ALLOW", "DENY", "REJECT", "LIMIT"];

/// `2222/tcp (v6)   LIMIT IN   Anywhere (v6)   # comment`.
fn rule(text: &str) -> Option<Value> {
    let (text, comment) = match text.split_once(" # ") {
        Some((text, comment)) => (text, Some(comment.trim())),
        None => (text, None),
    };
    let (at, action) = ACTIONS.iter().find_map(|action| Some((text.find(&format!(" {action} "))?, *action)))?;
    let to = text.get(..at)?.trim();
    let rest = text.get(at..)?.trim().strip_prefix(action)?.trim();
    let (direction, from) = rest.split_once(' ')?;
    let is_known = matches!(direction, "IN" | "OUT" | "FWD");
    (is_known && !to.is_empty()).then(|| {
        json!({"kind": "rule", "to": to, "action": action.to_ascii_lowercase(),
            "direction": direction.to_ascii_lowercase(), "from": from.trim(), "comment": comment})
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_status_gives_the_defaults_and_a_row_for_each_rule() {
        let rows = parse(include_bytes!("../../../collectors/linux/ufw/sample/stdout")).unwrap().rows;
        assert_eq!(
            rows[0],
            json!({"kind": "status", "active": true, "default_incoming": "deny", "default_outgoing": "allow",
                "default_routed": "disabled", "logging": "on (low)"})
        );
        assert_eq!(rows.len(), 6);
        assert_eq!(
            rows[5],
            json!({"kind": "rule", "to": "2222/tcp (v6)", "action": "limit", "direction": "in",
                "from": "Anywhere (v6)", "comment": "jump host"})
        );
    }

    #[test]
    fn ufw_that_is_installed_and_switched_off_says_so() {
        let rows = parse(b"Status: inactive\n").unwrap().rows;
        assert_eq!((&rows[0]["active"], &rows[0]["default_incoming"]), (&json!(false), &json!(null)));
    }

    #[test]
    fn a_translated_answer_is_refused_not_guessed() {
        for translated in
            ["Status: Aktiv\n", "Estado: activo\n", "", "Status: active\nTo  Action  From\n--\nnonsense\n"]
        {
            assert!(parse(translated.as_bytes()).is_err(), "{translated}");
        }
    }
}
