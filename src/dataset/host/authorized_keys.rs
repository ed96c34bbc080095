//! Files of SSH keys that open accounts, as the collector's filter prints them: a row per file and a row per key.
//!
//! The keys themselves, their comments and what follows `command=` and `environment=` never leave the host. A line that
//! the filter could not read is a key without a type. Fingerprints are given only where there is one for each line.

use serde_json::{Map, Value, json};

use super::file_permissions::octal;
use super::text::{Section, marked_sections};
use super::{ParseError, Parsed};

pub(super) fn parse(stdout: &[u8]) -> Result<Parsed, ParseError> {
    let mut rows = Vec::new();
    for section in marked_sections(stdout)? {
        let place = Place::of(&section.name).ok_or_else(|| ParseError::Item {
            name: format!("the mark `{}`", section.name),
            wrong: "it does not give rights, owners, account and path of a file",
        })?;
        let keys = keys(&section)?;
        rows.push(place.row(keys.len()));
        rows.extend(keys.into_iter().map(|key| place.key_row(key)));
    }
    Ok(Parsed::from(rows))
}

/// `MODE OWNER FOLDER_MODE FOLDER_OWNER UID ACCOUNT PATH`; an account of a directory may have blanks in its name.
struct Place {
    mode: String,
    owner_uid: u32,
    folder_mode: String,
    folder_owner_uid: u32,
    uid: u32,
    account: String,
    file: String,
}

impl Place {
    fn of(mark: &str) -> Option<Self> {
        let (facts, path) = mark.split_once(" /")?;
        let mut facts = facts.splitn(6, ' ');
        let place = Self {
            mode: octal(facts.next()?)?,
            owner_uid: facts.next()?.parse().ok()?,
            folder_mode: octal(facts.next()?)?,
            folder_owner_uid: facts.next()?.parse().ok()?,
            uid: facts.next()?.parse().ok()?,
            account: facts.next()?.to_owned(),
            file: format!("/{path}"),
        };
        (!place.account.is_empty()).then_some(place)
    }

    fn row(&self, keys: usize) -> Value {
        json!({
            "kind": "file",
            "account": self.account,
            "uid": self.uid,
            "file": self.file,
            "mode": self.mode,
            "owner_uid": self.owner_uid,
            "folder_mode": self.folder_mode,
            "folder_owner_uid": self.folder_owner_uid,
            "keys": keys,
        })
    }

    fn key_row(&self, mut key: Map<String, Value>) -> Value {
        key.insert("kind".to_owned(), "key".into());
        key.insert("account".to_owned(), self.account.as_str().into());
        key.insert("uid".to_owned(), self.uid.into());
        key.insert("file".to_owned(), self.file.as_str().into());
        Value::Object(key)
    }
}

fn keys(section: &Section<'_>) -> Result<Vec<Map<String, Value>>, ParseError> {
    let (mut keys, mut prints) = (Vec::new(), Vec::new());
    for line in &section.lines {
        match line.text.split_once(' ') {
            Some(("key", text)) => keys.push(key(text.trim())),
            Some(("print", text)) => prints.push(print(text).ok_or_else(|| line.expected("bits and a fingerprint"))?),
            _ => return Err(line.expected("a key or a fingerprint")),
        }
    }
    let readable = keys.iter().filter(|key| is_readable(key)).count();
    let mut prints = if readable == prints.len() { prints } else { Vec::new() }.into_iter();
    for key in &mut keys {
        let print = if is_readable(key) { prints.next() } else { None };
        let (bits, fingerprint) = print.unzip();
        key.insert("bits".to_owned(), bits.into());
        key.insert("fingerprint".to_owned(), fingerprint.into());
    }
    Ok(keys)
}

fn is_readable(key: &Map<String, Value>) -> bool {
    key.get("type").is_some_and(Value::is_string)
}

/// `[OPTIONS ]TYPE`, or `unreadable`.
fn key(text: &str) -> Map<String, Value> {
    let (options, kind) = match text.rsplit_once(' ') {
        Some((options, kind)) => (options.trim(), kind),
        None => ("", text),
    };
    let kind = Some(kind).filter(|kind| is_type(kind));
    let options = if kind.is_some() { split_options(options) } else { Vec::new() };
    let name = |option: &str| option.split('=').next().unwrap_or_default().to_ascii_lowercase();
    let names: Vec<String> = options.iter().map(|option| name(option)).collect();
    let from = options.iter().find(|option| name(option) == "from").and_then(|option| option.split_once('='));
    let mut row = Map::new();
    row.insert("type".to_owned(), kind.into());
    row.insert("options".to_owned(), names.into());
    row.insert("from".to_owned(), from.map(|(_, value)| value.trim_matches('"')).into());
    row
}

fn is_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-", "rsa-"].iter().any(|start| word.starts_with(start))
}

/// Options apart by commas outside of quotes.
fn split_options(text: &str) -> Vec<String> {
    let mut options = vec![String::new()];
    let (mut quoted, mut before) = (false, ' ');
    for sign in text.chars() {
        if sign == '"' && before != '\\' {
            quoted = !quoted;
        }
        if sign == ',' && !quoted {
            options.push(String::new());
        } else if let Some(option) = options.last_mut() {
            option.push(sign);
        }
        before = sign;
    }
    options.retain(|option| !option.trim().is_empty());
    options
}

/// `BITS SHA256:…`.
fn print(text: &str) -> Option<(u64, String)> {
    let (bits, fingerprint) = text.trim().split_once(' ')?;
    Some((bits.parse().ok()?, fingerprint.to_owned())).filter(|(_, print)| print.contains(':'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    const SAMPLE: &[u8] = include_bytes!("../../../collectors/linux/authorized_keys/sample/stdout");

    #[test]
    fn a_real_file_gives_its_rights_and_its_keys_with_options() {
        let rows = parse(SAMPLE).unwrap().rows;
        let file = &rows[0];
        assert_eq!((&file["kind"], &file["account"], &file["keys"]), (&json!("file"), &json!("alice"), &json!(5)));
        assert_eq!((&file["mode"], &file["folder_mode"]), (&json!("0600"), &json!("0700")));
        let key = &rows[1];
        assert_eq!(key["type"], json!("ssh-ed25519"));
        assert_eq!(key["options"], json!(["from", "command", "no-pty"]));
        assert_eq!(key["from"], json!("192.0.2.0/24,bastion.example"));
        assert!(key["fingerprint"].as_str().unwrap().starts_with("SHA256:"));
        assert_eq!((&rows[2]["bits"], &rows[2]["options"]), (&json!(1024), &json!([])));
        let open = rows.iter().find(|row| row["kind"] == "file" && row["account"] == "bob").unwrap();
        assert_eq!(open["mode"], json!("0666"));
    }

    #[test]
    fn no_key_no_comment_and_no_command_is_in_the_real_answer() {
        let text = String::from_utf8_lossy(SAMPLE);
        assert!(!text.contains("AAAA") && !text.contains("SECRET") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_line_the_filter_could_not_read_is_a_key_without_a_type_or_fingerprint() {
        let rows = parse(SAMPLE).unwrap().rows;
        let unread: Vec<_> = rows.iter().filter(|row| row["kind"] == "key" && row["type"].is_null()).collect();
        assert_eq!(unread.len(), 2);
        assert!(unread.iter().all(|row| row["fingerprint"].is_null()));
    }

    #[test]
    fn fingerprints_that_do_not_match_the_lines_are_left_out() {
        let output = b"== countersign 600 0 700 0 0 root /root/.ssh/authorized_keys\nkey ssh-rsa\nkey ssh-rsa\nprint 2048 SHA256:x\n";
        let rows = parse(output).unwrap().rows;
        assert!(rows[1..].iter().all(|row| row["fingerprint"].is_null() && row["bits"].is_null()));
    }

    #[test]
    fn names_and_paths_with_blanks_are_kept_and_an_empty_file_is_a_row() {
        let output = b"== countersign 644 0 755 0 70001 EXAMPLE\\domain user /home/domain user/.ssh/authorized_keys\n";
        let rows = parse(output).unwrap().rows;
        assert_eq!((&rows[0]["account"], &rows[0]["uid"]), (&json!("EXAMPLE\\domain user"), &json!(70001)));
        assert_eq!((&rows[0]["file"], &rows[0]["keys"]), (&json!("/home/domain user/.ssh/authorized_keys"), &json!(0)));
    }

    #[test]
    fn other_text_is_refused_and_no_file_at_all_has_no_rows() {
        assert!(parse(b"").unwrap().rows.is_empty());
        assert!(parse(b"== countersign nonsense\n").is_err());
        let fault = parse(b"== countersign 600 0 700 0 0 root /k\nssh-rsa AAAA\n").unwrap_err();
        assert!(fault.to_string().contains("line 2"), "{fault}");
    }
}
