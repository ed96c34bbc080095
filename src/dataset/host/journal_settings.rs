//! `systemd-analyze cat-config systemd/journald.conf`: where the journal is kept, as one row.
//!
//! The tool prints the main file and then every drop-in in the order in which they count: the last value wins, and an
//! empty one brings back the default. What is not set is as the program was built, which the main file tells in a
//! comment.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::text::{Line, sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut settings = Settings::default();
    let mut folder = None;
    for section in sections(stdout) {
        for line in &section.lines {
            match section.name.as_str() {
                "settings" => settings.take(line)?,
                "persistent-folder" => folder = Some(is_yes(line)?),
                _ => return Err(line.expected("the settings of the journal")),
            }
        }
    }
    let Some(folder) = folder else { return Err(ParseError::Nothing("answer about the journal's folder")) };
    let value = |name: &str| settings.values.get(name).filter(|value| !value.is_empty());
    Ok(Parsed::from(vec![json!({
        "storage": value("Storage").map(|word| word.to_ascii_lowercase()),
        "storage_default": settings.storage_default,
        "persistent_folder": folder,
        "forward_to_syslog": value("ForwardToSyslog"),
        "max_retention": value("MaxRetentionSec"),
        "max_use": value("SystemMaxUse"),
        "files": settings.files,
    })]))
}

fn is_yes(line: &Line<'_>) -> Result<bool, ParseError> {
    match line.text.trim() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(line.expected("yes or no")),
    }
}

#[derive(Default)]
struct Settings {
    values: BTreeMap<String, String>,
    storage_default: Option<String>,
    files: Vec<Value>,
    is_journal: bool,
}

impl Settings {
    fn take(&mut self, line: &Line<'_>) -> Result<(), ParseError> {
        let text = line.text.trim();
        if let Some(path) = text.strip_prefix("# /") {
            if path.strip_suffix(".conf").is_some() {
                self.files.push(Value::from(format!("/{path}")));
                self.is_journal = false;
            }
        } else if let Some(value) = text.strip_prefix("#Storage=") {
            self.storage_default.get_or_insert_with(|| value.trim().to_ascii_lowercase());
        } else if text.starts_with('[') {
            self.is_journal = text == "[Journal]";
        } else if !text.starts_with(['#', ';']) {
            let (name, value) = text.split_once('=').ok_or_else(|| line.expected("Name=value"))?;
            if self.is_journal {
                self.values.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse;

    fn row(settings: &str) -> Value {
        let output = format!("== countersign settings\n{settings}\n== countersign persistent-folder\nno\n");
        parse(output.as_bytes()).unwrap().rows.remove(0)
    }

    #[test]
    fn a_real_host_that_sets_nothing_tells_how_it_was_built() {
        let rows = parse(include_bytes!("../../../collectors/linux/journal_settings/sample/stdout")).unwrap().rows;
        assert_eq!(
            rows,
            [json!({"storage": null, "storage_default": "auto", "persistent_folder": true, "forward_to_syslog": null,
                "max_retention": null, "max_use": null, "files": ["/etc/systemd/journald.conf"]})]
        );
    }

    #[test]
    fn the_last_file_wins_and_other_parts_do_not_count() {
        let row = row("# /etc/systemd/journald.conf\n[Journal]\nStorage=persistent\n; note\n\
            # /etc/systemd/journald.conf.d/10-a.conf\n[Other]\nStorage=none\n[Journal]\n Storage = Volatile\n\
            # /usr/lib/systemd/journald.conf.d/20-b.conf\n[Journal]\nMaxRetentionSec=1month\nForwardToSyslog=yes");
        assert_eq!(row["storage"], json!("volatile"));
        assert_eq!(row["max_retention"], json!("1month"));
        assert_eq!(row["files"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn an_empty_value_brings_back_the_default() {
        let row = row("# /a.conf\n[Journal]\nStorage=volatile\n# /b.conf\n[Journal]\nStorage=");
        assert_eq!(row["storage"], json!(null));
    }

    #[test]
    fn an_answer_without_its_end_is_an_error() {
        assert!(parse(b"== countersign settings\n[Journal]\nStorage=persistent\n").is_err());
        assert!(parse(b"== countersign settings\nnonsense\n").unwrap_err().to_string().contains("line 2"));
    }
}
