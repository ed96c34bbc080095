//! One rule of the kernel's audit system, as auditctl lists it and as files hold it.
//!
//! Both ways to watch a file (`-w`, or a rule with `path=` or `dir=`) become the same row, and `canonical` is equal
//! for rules that differ only in the order of words, in names of keys and in ways to write "not set".

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// A rule or a control (`-D`, `-e 2`). None when the line is neither.
pub(super) fn read(text: &str) -> Option<Value> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["-w", path, rest @ ..] => watch(path, rest, text),
        ["-a" | "-A", kind, rest @ ..] => syscall_rule(kind, rest, text),
        ["-k", ..] => None,
        [option, rest @ ..] if option.starts_with('-') && rest.len() <= 1 => {
            Some(json!({"kind": "control", "option": option, "value": rest.first()}))
        }
        _ => None,
    }
}

#[derive(Default)]
struct Rule {
    action: String,
    list: String,
    arch: Option<String>,
    syscalls: BTreeSet<String>,
    path: Option<String>,
    permissions: BTreeSet<char>,
    filters: BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Rule {
    fn row(mut self, text: &str) -> Value {
        self.syscalls.remove("all");
        if self.path.is_some() && self.permissions.is_empty() {
            self.permissions.extend("rwxa".chars());
        }
        let permissions: String = self.permissions.iter().collect();
        let join = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let canonical = format!(
            "{},{} arch={} path={} perm={permissions} calls={} filters={}",
            self.action,
            self.list,
            self.arch.as_deref().unwrap_or(""),
            self.path.as_deref().unwrap_or(""),
            join(&self.syscalls),
            join(&self.filters),
        );
        json!({
            "kind": "rule",
            "action": self.action,
            "list": self.list,
            "arch": self.arch,
            "syscalls": self.syscalls,
            "path": self.path,
            "permissions": permissions,
            "filters": self.filters,
            "keys": self.keys,
            "canonical": canonical,
            "text": text.trim(),
        })
    }
}

/// `-w /etc/passwd -p wa -k identity`.
fn watch(path: &str, rest: &[&str], text: &str) -> Option<Value> {
    let mut rule = Rule { action: "always".to_owned(), list: "exit".to_owned(), ..Rule::default() };
    rule.path = Some(plain_path(path));
    for pair in rest.chunks(2) {
        match pair {
            ["-p", permissions] => rule.permissions.extend(permissions.chars()),
            ["-k", key] => drop(rule.keys.insert((*key).to_owned())),
            _ => return None,
        }
    }
    Some(rule.row(text))
}

/// `-a always,exit -F arch=b64 -S execve -F euid=0 -k admin`; the two words of the kind may be swapped.
fn syscall_rule(kind: &str, rest: &[&str], text: &str) -> Option<Value> {
    let (one, other) = kind.split_once(',')?;
    let (action, list) = if matches!(one, "always" | "never" | "possible") { (one, other) } else { (other, one) };
    if !matches!(action, "always" | "never" | "possible") {
        return None;
    }
    let mut rule = Rule { action: action.to_owned(), list: list.to_owned(), ..Rule::default() };
    for pair in rest.chunks(2) {
        match pair {
            ["-S", calls] => rule.syscalls.extend(calls.split(',').map(str::to_owned)),
            ["-k", key] => drop(rule.keys.insert((*key).to_owned())),
            ["-p", permissions] => rule.permissions.extend(permissions.chars()),
            ["-C", comparison] => drop(rule.filters.insert(format!("compare {comparison}"))),
            ["-F", filter] => add_filter(&mut rule, filter)?,
            _ => return None,
        }
    }
    Some(rule.row(text))
}

const OPERATORS: [&str; 8] = ["!=", ">=", "<=", "&=", "=", ">", "<", "&"];

fn add_filter(rule: &mut Rule, filter: &str) -> Option<()> {
    let (at, operator) = OPERATORS
        .iter()
        .filter_map(|operator| Some((filter.find(operator)?, *operator)))
        .min_by_key(|(at, operator)| (*at, std::cmp::Reverse(operator.len())))?;
    let field = filter.get(..at)?;
    let value = filter.get(at + operator.len()..)?;
    match (field, operator) {
        ("arch", "=") => rule.arch = Some(value.to_owned()),
        ("path" | "dir", "=") => rule.path = Some(plain_path(value)),
        ("perm", "=") => rule.permissions.extend(value.chars()),
        ("key", "=") => drop(rule.keys.insert(value.to_owned())),
        _ => drop(rule.filters.insert(format!("{field}{operator}{}", plain_value(field, value)))),
    }
    Some(())
}

fn plain_path(path: &str) -> String {
    let path = path.trim_matches('"');
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() }
}

/// Several words for a user that is not set, and the administrator's name, become what the kernel says.
fn plain_value(field: &str, value: &str) -> String {
    match value {
        "unset" | "4294967295" => "-1".to_owned(),
        "root" if field.ends_with("id") => "0".to_owned(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    fn canonical(text: &str) -> String {
        read(text).unwrap()["canonical"].as_str().unwrap().to_owned()
    }

    #[test]
    fn the_same_rule_in_other_words_has_the_same_canonical_form() {
        for (listed, written) in [
            ("-w /etc/passwd -p wa -k identity", "-w /etc/passwd -p aw -k id"),
            ("-w /etc/passwd -p wa", "-a always,exit -F path=/etc/passwd -F perm=wa -F key=identity"),
            ("-w /etc/sudoers.d -p wa -k scope", "-w /etc/sudoers.d/ -p wa -k scope"),
            (
                "-a always,exit -F arch=b64 -S adjtimex,settimeofday -F key=time",
                "-a exit,always -S settimeofday -S adjtimex -F arch=b64 -k time-change",
            ),
            (
                "-a always,exit -S all -F path=/usr/bin/sudo -F perm=x -F auid>=1000 -F auid!=-1 -F key=p",
                "-a always,exit -F path=/usr/bin/sudo -F perm=x -F auid>=1000 -F auid!=unset -k p",
            ),
            ("-a always,exit -F arch=b64 -S execve -F euid=0", "-a always,exit -F arch=b64 -S execve -F euid=root"),
        ] {
            assert_eq!(canonical(listed), canonical(written), "{written}");
        }
    }

    #[test]
    fn rules_that_differ_in_what_they_record_differ() {
        assert_ne!(canonical("-w /etc/passwd -p wa"), canonical("-w /etc/passwd -p r"));
        assert_ne!(canonical("-w /etc/passwd"), canonical("-w /etc/shadow"));
        assert_ne!(
            canonical("-a always,exit -F arch=b32 -S execve"),
            canonical("-a always,exit -F arch=b64 -S execve")
        );
    }

    #[test]
    fn filters_keep_their_operators() {
        let rule = read("-a never,exit -F arch=b64 -S open -F auid>=1000 -F exit!=-EACCES -C uid!=euid").unwrap();
        assert_eq!((&rule["action"], &rule["arch"]), (&json!("never"), &json!("b64")));
        assert_eq!(rule["filters"], json!(["auid>=1000", "compare uid!=euid", "exit!=-EACCES"]));
    }

    #[test]
    fn controls_are_told_from_rules_and_nonsense_is_none() {
        assert_eq!(read("-e 2"), Some(json!({"kind": "control", "option": "-e", "value": "2"})));
        assert_eq!(read("-D"), Some(json!({"kind": "control", "option": "-D", "value": null})));
        for nonsense in ["No rules", "-a sometimes,exit -S all", "-w /x -p", "-k lonely", "-a always,exit -S"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
