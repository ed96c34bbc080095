//! Lines about `TMOUT` in the start files of shells: after how many seconds without input a shell ends.
//!
//! Comments are no rows. What a line does is told apart only where it is plain; `seconds` is null where the value is
//! not a plain number, and a line that only asks for the value changes nothing.

use serde_json::{Value, json};

use super::text::{Line, marked_sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut parsed = Parsed::default();
    let mut files = Vec::new();
    for section in marked_sections(stdout)? {
        for line in &section.lines {
            let (number, text) = numbered(line)?;
            if !text.trim_start().starts_with('#') {
                parsed.rows.push(row(&section.name, number, text.trim()));
            }
        }
        files.push(section.name);
    }
    if files.is_empty() {
        return Err(ParseError::Nothing("start files of shells"));
    }
    parsed.meta.insert("files".to_owned(), files.into());
    Ok(parsed)
}

/// `NUMBER:TEXT`, as `grep -n` prints it.
fn numbered<'a>(line: &'a Line<'_>) -> Result<(u64, &'a str), ParseError> {
    let wrong = || line.expected("the number of a line and its text");
    let (number, text) = line.text.split_once(':').ok_or_else(wrong)?;
    Ok((number.parse().map_err(|_| wrong())?, text))
}

fn row(file: &str, number: u64, text: &str) -> Value {
    let code = text.split(" #").next().unwrap_or(text);
    let (mut sets, mut seconds, mut readonly, mut unsets) = (false, None, false, false);
    for command in code.split([';', '&', '|']) {
        let words: Vec<&str> = command.split_whitespace().collect();
        let names_it = words.iter().any(|word| *word == "TMOUT" || word.starts_with("TMOUT="));
        let declares = words.iter().any(|word| ["declare", "typeset"].contains(word))
            && words.iter().any(|word| word.starts_with('-') && word.contains('r'));
        readonly |= names_it && (words.contains(&"readonly") || declares);
        unsets |= names_it && words.contains(&"unset");
        if let Some(value) = words.iter().find_map(|word| word.strip_prefix("TMOUT=")) {
            sets = true;
            seconds = value.trim_matches(['"', '\'']).parse::<u64>().ok();
        }
    }
    json!({
        "file": file,
        "line": number,
        "text": text,
        "sets": sets,
        "seconds": seconds,
        "readonly": readonly,
        "unsets": unsets,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse;

    fn one(text: &str) -> Value {
        parse(format!("== countersign /etc/profile\n7:{text}\n").as_bytes()).unwrap().rows.remove(0)
    }

    #[test]
    fn a_real_file_sets_the_time_in_one_line_and_protects_it_in_the_next() {
        let parsed = parse(include_bytes!("../../../collectors/linux/shell_timeouts/sample/stdout")).unwrap();
        assert_eq!(parsed.rows.len(), 3, "the comment is no row");
        assert_eq!((&parsed.rows[0]["sets"], &parsed.rows[0]["seconds"]), (&json!(true), &json!(900)));
        assert_eq!((&parsed.rows[1]["readonly"], &parsed.rows[1]["sets"]), (&json!(true), &json!(false)));
        assert_eq!(parsed.meta["files"][0], json!("/etc/profile"));
    }

    #[test]
    fn every_usual_way_to_set_and_protect_the_time_is_understood() {
        for text in [
            "readonly TMOUT=600 ; export TMOUT",
            "declare -xr TMOUT=600",
            "typeset -rx TMOUT='600'",
            "  TMOUT=600; readonly TMOUT; export TMOUT",
            "[ -z \"$TMOUT\" ] && readonly TMOUT=\"600\" # ten minutes",
        ] {
            let row = one(text);
            assert_eq!((&row["seconds"], &row["readonly"]), (&json!(600), &json!(true)), "{text}");
        }
        let row = one("export TMOUT=600");
        assert_eq!((&row["seconds"], &row["readonly"]), (&json!(600), &json!(false)));
    }

    #[test]
    fn a_time_that_is_worked_out_is_set_but_not_known_and_a_question_sets_nothing() {
        let row = one("TMOUT=$((15*60))");
        assert_eq!((&row["sets"], &row["seconds"]), (&json!(true), &json!(null)));
        assert_eq!(one("if [ \"$TMOUT\" = 0 ]; then")["sets"], json!(false));
        assert_eq!(one("unset TMOUT")["unsets"], json!(true));
    }

    #[test]
    fn no_line_at_all_has_no_rows_but_names_the_files_that_were_read() {
        let parsed = parse(b"== countersign /etc/profile\n== countersign /etc/bash.bashrc\n").unwrap();
        assert!(parsed.rows.is_empty());
        assert_eq!(parsed.meta["files"], json!(["/etc/profile", "/etc/bash.bashrc"]));
        assert!(parse(b"").is_err());
        assert!(parse(b"== countersign /etc/profile\nTMOUT\n").unwrap_err().to_string().contains("line 2"));
    }
}
