//! `/etc/sudoers` and the files of `/etc/sudoers.d`: who may act as another user, one row per statement.
//!
//! Statements are told apart, not resolved: aliases keep their names, and files included from other folders are named
//! by an `include` row but not read.

use serde_json::{Value, json};

use super::text::{Line, sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut rows = Vec::new();
    for section in sections(stdout) {
        if let (true, Some(line)) = (section.name.is_empty(), section.lines.first()) {
            return Err(line.expected("the name of a file"));
        }
        for (number, text) in statements(&section.lines) {
            let line = Line { number, text: text.into() };
            rows.extend(row(&section.name, &line)?);
        }
    }
    Ok(Parsed::from(rows))
}

/// Joins lines that end in a backslash; the number is that of the first.
fn statements(lines: &[Line<'_>]) -> Vec<(usize, String)> {
    let mut statements: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for line in lines {
        let text = line.text.trim();
        let (text, next_goes_on) = match text.strip_suffix('\\') {
            Some(text) => (text.trim_end(), true),
            None => (text, false),
        };
        match statements.last_mut() {
            Some((_, statement)) if goes_on => {
                statement.push(' ');
                statement.push_str(text);
            }
            _ => statements.push((line.number, text.to_owned())),
        }
        goes_on = next_goes_on;
    }
    statements
}

/// None for comments. `#1000` at the start is a user number, and `#include` an include, not comments.
fn row(file: &str, line: &Line<'_>) -> Result<Option<Value>, ParseError> {
    let text = line.text.trim();
    let first = text.split_whitespace().next().unwrap_or_default();
    let kind = match first {
        "#include" | "#includedir" | "@include" | "@includedir" => "include",
        "User_Alias" | "Runas_Alias" | "Host_Alias" | "Cmnd_Alias" | "Cmd_Alias" => "alias",
        _ if first.starts_with("Defaults") => "default",
        _ if first.is_empty() => return Ok(None),
        _ if first.starts_with('#') && !is_user_number(first) => return Ok(None),
        _ => "rule",
    };
    let text = if kind == "include" { text } else { without_comment(text) };
    if kind == "rule" && !text.contains('=') {
        return Err(line.expected("a statement of sudo"));
    }
    let (who, commands) = match (kind, text.split_once('=')) {
        ("rule", Some((who, commands))) => (who.split_whitespace().next(), commands),
        _ => (None, ""),
    };
    Ok(Some(json!({
        "file": file,
        "kind": kind,
        "text": text,
        "who": who,
        "nopasswd": commands.contains("NOPASSWD:"),
        "all_commands": grants_everything(commands),
    })))
}

/// True when `ALL` is one of the commands of a rule such as `(root) NOPASSWD: /bin/ls, ALL`.
fn grants_everything(commands: &str) -> bool {
    commands.split(',').any(|command| {
        let command = command.rsplit_once(')').map_or(command, |(_, command)| command);
        command.rsplit_once(':').map_or(command, |(_, command)| command).trim() == "ALL"
    })
}

fn is_user_number(word: &str) -> bool {
    word.strip_prefix('#').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// Cuts ` # comment`, but not ` #1000`.
fn without_comment(text: &str) -> &str {
    let comment = text.match_indices('#').find(|(at, _)| match (text.get(..*at), text.get(*at..)) {
        (Some(before), Some(after)) => !before.is_empty() && !before.ends_with('\\') && !is_user_number(after),
        _ => false,
    });
    comment.and_then(|(at, _)| text.get(..at)).unwrap_or(text).trim_end()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn the_usual_files_give_rules_defaults_and_includes() {
        let rows = parse(include_bytes!("../../../collectors/linux/sudoers/sample/stdout")).unwrap().rows;
        let rule = rows.iter().find(|row| row["who"] == "%sudo").unwrap();
        assert_eq!(rule["all_commands"], json!(true));
        assert_eq!(rule["nopasswd"], json!(false));
        let deploy = rows.iter().find(|row| row["who"] == "deploy").unwrap();
        assert_eq!(deploy["file"], json!("/etc/sudoers.d/deploy"));
        assert_eq!(deploy["nopasswd"], json!(true));
        assert_eq!(deploy["all_commands"], json!(false));
        assert!(rows.iter().any(|row| row["kind"] == "include"));
        assert!(rows.iter().any(|row| row["kind"] == "default"));
    }

    #[test]
    fn numbers_of_users_are_rules_and_comments_are_not() {
        let output = b"== countersign /etc/sudoers\n# root\n#1000 ALL=(ALL) NOPASSWD: ALL # why\n#includedir /etc/x\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["who"], json!("#1000"));
        assert_eq!(rows[0]["text"], json!("#1000 ALL=(ALL) NOPASSWD: ALL"));
        assert_eq!(rows[0]["all_commands"], json!(true));
        assert_eq!(rows[1]["kind"], json!("include"));
    }

    #[test]
    fn a_statement_over_two_lines_is_one_row() {
        let rows = parse(b"== countersign f\nCmnd_Alias A = /bin/a, \\\n  /bin/b\nx ALL = A\n").unwrap().rows;
        assert_eq!(rows[0]["text"], json!("Cmnd_Alias A = /bin/a, /bin/b"));
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn text_that_is_no_statement_is_refused_with_its_line() {
        let fault = parse(b"== countersign f\nx ALL=(ALL) ALL\nhello there\n").unwrap_err();
        assert!(fault.to_string().contains("line 3"), "{fault}");
    }
}
