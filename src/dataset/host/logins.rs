//! `last --time-format iso`: sign-ins that the host has on record, newest first; `meta.begins` says how far back it goes.
//!
//! The record is cut from time to time (usually each month), so an account that is not in it may still have signed in
//! before that. Failed attempts are not in it.

use chrono::DateTime;
use serde_json::{Value, json};

use super::text::{Line, lines};
use super::{ParseError, Parsed};
use crate::model::time::Timestamp;

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut parsed = Parsed::default();
    let mut begins = None;
    for line in lines(stdout) {
        match line.text.split_once(" begins ") {
            // The name of the record differs: wtmp, or the path of a database.
            Some((name, time)) if !name.contains(' ') => {
                begins =
                    Some(moment(time.trim()).ok_or_else(|| line.expected("the time from which sign-ins are kept"))?);
            }
            _ => parsed.rows.push(row(&line).ok_or_else(|| line.expected("an account, a terminal and a time"))?),
        }
    }
    // Without its last line the answer was cut off, or is of another tool.
    let begins = begins.ok_or(ParseError::Nothing("time from which sign-ins are kept"))?;
    parsed.meta.insert("begins".to_owned(), begins.into());
    Ok(parsed)
}

/// `ACCOUNT TERMINAL [FROM] BEGAN [- ENDED (LENGTH) | STATE]`. The terminal of a start of the system is `system boot`.
fn row(line: &Line<'_>) -> Option<Value> {
    let words: Vec<&str> = line.text.split_whitespace().collect();
    let at = words.iter().position(|word| moment(word).is_some())?;
    let (before, after) = words.split_at_checked(at)?;
    let (account, place) = before.split_first()?;
    let terminal_words = if place.starts_with(&["system"]) { 2 } else { 1 };
    let (terminal, from) = place.split_at_checked(terminal_words.min(place.len()))?;
    let (began, rest) = after.split_first()?;
    let ended = rest.iter().find_map(|word| moment(word));
    let state = if ended.is_some() { String::new() } else { rest.join(" ") };
    Some(json!({
        "account": account,
        "terminal": terminal.join(" "),
        "from": if from.is_empty() { None } else { Some(from.join(" ")) },
        "began": moment(began),
        "ended": ended,
        "state": state.trim_start_matches("- "),
    }))
}

fn moment(text: &str) -> Option<String> {
    DateTime::parse_from_rfc3339(text).ok().map(|moment| Timestamp::from(moment.to_utc()).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_record_has_sign_ins_starts_and_how_far_back_it_goes() {
        let parsed = parse(include_bytes!("../../../collectors/linux/logins/sample/stdout")).unwrap();
        let of = |account: &str| parsed.rows.iter().find(|row| row["account"] == account).unwrap();
        assert_eq!((&of("alice")["from"], &of("alice")["state"]), (&json!("192.0.2.10"), &json!("still logged in")));
        assert_eq!(of("alice")["began"], json!("2026-11-26T08:00:00.000000Z"));
        assert_eq!(of("bob")["ended"], json!("2026-11-20T10:30:00.000000Z"));
        assert_eq!((&of("bob")["terminal"], &of("bob")["from"]), (&json!("tty1"), &json!(null)));
        assert_eq!(
            (&of("reboot")["terminal"], &of("reboot")["from"]),
            (&json!("system boot"), &json!("6.1.0-40-amd64"))
        );
        assert_eq!(parsed.meta["begins"], json!("2026-11-01T06:00:00.000000Z"));
    }

    #[test]
    fn a_host_where_nobody_ever_signed_in_has_no_rows_and_newer_names_of_the_record_are_known() {
        assert!(parse(b"\nwtmp begins 2025-05-20T00:00:00+00:00\n").unwrap().rows.is_empty());
        assert!(parse(b"/var/lib/wtmpdb/wtmp.db begins 2025-05-20T00:00:00+02:00\n").unwrap().rows.is_empty());
    }

    #[test]
    fn a_record_without_its_last_line_was_cut_and_a_time_without_zone_is_not_guessed() {
        assert!(parse(b"alice pts/0 192.0.2.10 2026-11-26T08:00:00+00:00 still logged in\n").is_err());
        assert!(parse(b"").is_err());
        let fault = parse(
            b"alice pts/0 192.0.2.10 Thu Nov 26 08:00:00 2026 still logged in\nwtmp begins Tue May 20 00:00:00 2025\n",
        );
        assert!(fault.unwrap_err().to_string().contains("line 1"));
    }
}
