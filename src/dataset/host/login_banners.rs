//! Texts that a host shows at sign-in: one row per place, also for places that have none.
//!
//! The text is kept up to [`MOST`] characters; lines that are blank are left out.

use serde_json::{Value, json};

use super::text::{Section, marked_sections};
use super::{ParseError, Parsed};

/// Characters of a text that are kept; no notice is longer.
const MOST: usize = 10_000;

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let rows = marked_sections(stdout)?.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Err(ParseError::Nothing("places of texts shown at sign-in"));
    }
    Ok(Parsed::from(rows))
}

fn row(section: &Section<'_>) -> Result<Value, ParseError> {
    let wrong = |wrong| ParseError::Item { name: format!("the text `{}`", section.name), wrong };
    let (state, file) = section.name.split_once(' ').ok_or_else(|| wrong("the mark names no file"))?;
    let present = match state {
        "present" => true,
        "absent" if section.lines.is_empty() => false,
        _ => return Err(wrong("the mark does not say whether the file is present")),
    };
    let lines: Vec<&str> = section.lines.iter().map(|line| line.text.trim_end()).collect();
    let text: String = lines.join("\n").chars().take(MOST).collect();
    Ok(json!({
        "file": file,
        "present": present,
        "length": lines.iter().map(|line| line.chars().count()).sum::<usize>(),
        "first_line": lines.first(),
        "text": text,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn a_real_host_shows_its_name_and_no_notice() {
        let rows = parse(include_bytes!("../../../collectors/linux/login_banners/sample/stdout")).unwrap().rows;
        assert_eq!(rows[0]["file"], json!("/etc/issue"));
        assert_eq!(rows[0]["first_line"], json!("Debian GNU/Linux 12 \\n \\l"));
        assert_eq!((&rows[1]["file"], &rows[1]["present"]), (&json!("/etc/issue.net"), &json!(true)));
    }

    #[test]
    fn an_empty_file_is_present_without_a_text_and_an_absent_one_is_said_to_be() {
        let rows = parse(b"== countersign present /etc/issue\n\n\n== countersign absent /etc/motd\n").unwrap().rows;
        assert_eq!(
            rows[0],
            json!({"file": "/etc/issue", "present": true, "length": 0, "first_line": null, "text": ""})
        );
        assert_eq!(rows[1]["present"], json!(false));
    }

    #[test]
    fn a_notice_in_another_language_and_broken_bytes_are_kept_as_text() {
        let output =
            "== countersign present /etc/issue\nAcc\u{e8}s r\u{e9}serv\u{e9}\nnur f\u{fc}r Befugte\n".as_bytes();
        assert_eq!(parse(output).unwrap().rows[0]["length"], json!(28));
        assert!(parse(b"== countersign present /etc/issue\nAcc\xe8s\n").is_ok());
    }

    #[test]
    fn a_greeting_in_front_of_everything_is_refused() {
        assert!(
            parse(b"Last login: today\n== countersign present /etc/issue\n")
                .unwrap_err()
                .to_string()
                .contains("line 1")
        );
        assert!(parse(b"").is_err());
        assert!(parse(b"== countersign absent /etc/issue\ntext\n").is_err());
    }
}
