//! Files of `name = value` below `/etc/security`, as pwquality, pwhistory and faillock read them: one row per setting.
//!
//! Files are read in the order in which they were printed and the last value of a name counts. A name without a value
//! is a switch; its value is the empty text. That a setting is written down does not mean that a PAM stack asks the
//! module.

use serde_json::{Value, json};

use super::text::marked_sections;
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut settings: Vec<Setting> = Vec::new();
    let mut files = Vec::new();
    for section in marked_sections(stdout)? {
        let module = module_of(&section.name);
        for line in &section.lines {
            let text = line.text.split('#').next().unwrap_or_default().trim();
            if text.is_empty() {
                continue;
            }
            let (name, value) = text.split_once(|sign: char| sign.is_whitespace() || sign == '=').unwrap_or((text, ""));
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) {
                return Err(line.expected("a setting and its value"));
            }
            let value = value.trim_start();
            let value = value.strip_prefix('=').unwrap_or(value).trim().to_owned();
            settings.retain(|known| known.module != module || known.name != name);
            settings.push(Setting { module: module.clone(), name: name.to_owned(), value, file: section.name.clone() });
        }
        files.push(section.name);
    }
    let mut parsed = Parsed::from(settings.into_iter().map(Setting::row).collect::<Vec<_>>());
    parsed.meta.insert("files".to_owned(), files.into());
    Ok(parsed)
}

struct Setting {
    module: String,
    name: String,
    value: String,
    file: String,
}

impl Setting {
    fn row(self) -> Value {
        json!({"module": self.module, "name": self.name, "value": self.value, "file": self.file})
    }
}

/// `pwquality` for `/etc/security/pwquality.conf` and for `/etc/security/pwquality.conf.d/50-local.conf`.
fn module_of(file: &str) -> String {
    let mut parts = file.split('/').filter(|part| !part.is_empty());
    let part = parts.find(|part| part.contains(".conf")).unwrap_or_default();
    part.split(".conf").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn the_main_file_has_the_last_word_over_the_files_of_its_folder() {
        let parsed = parse(include_bytes!("../../../collectors/linux/password_quality/sample/stdout")).unwrap();
        let find = |name: &str| parsed.rows.iter().find(|row| row["name"] == name).unwrap();
        assert_eq!(find("minlen")["value"], json!("12"));
        assert_eq!(find("minlen")["file"], json!("/etc/security/pwquality.conf"));
        assert_eq!(find("minclass")["value"], json!("3"));
        assert_eq!(find("minclass")["module"], json!("pwquality"));
        assert_eq!(find("enforce_for_root")["value"], json!(""));
        assert_eq!(find("remember")["module"], json!("pwhistory"));
    }

    #[test]
    fn the_real_lockout_file_of_comments_sets_nothing_but_is_named() {
        let parsed = parse(include_bytes!("../../../collectors/linux/lockout_settings/sample/comments_only")).unwrap();
        assert!(parsed.rows.is_empty());
        assert_eq!(parsed.meta["files"], json!(["/etc/security/faillock.conf"]));
    }

    #[test]
    fn blanks_tabs_and_comments_around_a_setting_do_not_matter() {
        let output = b"== countersign /etc/security/faillock.conf\n\tdeny=3# few\nunlock_time\t = never\nsilent\r\n";
        let rows = parse(output).unwrap().rows;
        let values: Vec<_> =
            rows.iter().map(|row| (row["name"].as_str().unwrap(), row["value"].as_str().unwrap())).collect();
        assert_eq!(values, [("deny", "3"), ("unlock_time", "never"), ("silent", "")]);
    }

    #[test]
    fn the_same_name_of_two_modules_is_two_settings() {
        let output = b"== countersign /etc/security/pwquality.conf\nretry = 3\n== countersign /etc/security/pwhistory.conf\nretry = 1\n";
        assert_eq!(parse(output).unwrap().rows.len(), 2);
    }

    #[test]
    fn a_greeting_in_front_and_text_that_is_no_setting_are_refused_with_their_line() {
        let fault = parse(b"Welcome to desk.example\n== countersign /etc/security/faillock.conf\n").unwrap_err();
        assert!(fault.to_string().contains("line 1"), "{fault}");
        let fault = parse(b"== countersign /etc/security/faillock.conf\n<html>\n").unwrap_err();
        assert!(fault.to_string().contains("line 2"), "{fault}");
    }
}
