//! Settings of an organization that checks read: what can be kept, and what a check looks for under which name.
//!
//! Checks do not declare their settings. What they read stands in their rules, as `input.settings.<name>`, and is found
//! there; so a check of somebody's own is known too. Nothing here decides a verdict. Start with [`read`] and
//! [`Catalog::remarks`].

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::Catalog;

/// Longest settings, in bytes: they are sealed as they are, and shown to every rule.
pub const LONGEST: usize = 256 * 1024;
/// Longest name of a setting, in characters.
const LONGEST_NAME: usize = 200;
/// How many letters two names may differ in to be taken for the same one.
const MISSPELT: usize = 3;

/// Why settings cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsFault {
    #[error("the settings are larger than {} KiB", LONGEST / 1024)]
    TooLong,
    #[error("the settings are not JSON: {0}")]
    NotJson(String),
    #[error("the settings must be one JSON object, such as {{\"administrators\": [\"alice\"]}}")]
    NotAnObject,
    #[error("the setting `{0}` is there twice; which of them counts cannot be said")]
    Twice(String),
    #[error("the name of a setting must have 1 to {LONGEST_NAME} characters and no control characters")]
    Name,
    #[error("the setting `{0}` holds the character U+0000, which cannot be kept; remove it")]
    Nul(String),
}

/// What a rule takes a setting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Words,
    WholeNumber,
    Number,
    /// The rule does not say.
    Anything,
}

/// Something about settings that whoever sets them should know.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Remark {
    pub setting: String,
    /// A whole sentence.
    pub message: String,
    /// The name that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

impl Remark {
    /// `` `break_glass_acounts`: no check reads it …; did you mean `break_glass_accounts`? ``
    #[must_use]
    pub fn for_people(&self) -> String {
        let meant = self.did_you_mean.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        format!("`{}`: {}{meant}", self.setting, self.message)
    }
}

/// Reads settings: one JSON object, no name twice, and nothing that a database cannot keep.
///
/// # Errors
/// What is wrong with them.
pub fn read(bytes: &[u8]) -> Result<Value, SettingsFault> {
    if bytes.len() > LONGEST {
        return Err(SettingsFault::TooLong);
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|fault| SettingsFault::NotJson(fault.to_string()))?;
    let Value::Object(settings) = &value else { return Err(SettingsFault::NotAnObject) };
    for (name, setting) in settings {
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(SettingsFault::Name);
        }
        if has_nul(setting) {
            return Err(SettingsFault::Nul(name.clone()));
        }
    }
    let Names(names) = serde_json::from_slice(bytes).map_err(|fault| SettingsFault::NotJson(fault.to_string()))?;
    match names.into_iter().find(|(_, many)| *many > 1) {
        Some((name, _)) => Err(SettingsFault::Twice(name)),
        None => Ok(value),
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(all) => all.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// How often each name stands in an object.
struct Names(BTreeMap<String, usize>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counting;
        impl<'de> Visitor<'de> for Counting {
            type Value = Names;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = BTreeMap::new();
                while let Some((name, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                    *names.entry(name).or_default() += 1;
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_map(Counting)
    }
}

impl Catalog {
    /// Every setting that a rule reads, with what it takes it for.
    #[must_use]
    pub fn settings(&self) -> BTreeMap<String, Expected> {
        let mut found = BTreeMap::new();
        let checks = self.checks.values().map(|check| &check.rego.text);
        for text in checks.chain(self.library.iter().map(|module| &module.text)) {
            for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
                read_in(line, &mut found);
            }
        }
        found
    }

    /// What no rule reads, and what the rules that read it take for something else than it is.
    #[must_use]
    pub fn remarks(&self, settings: &Map<String, Value>) -> Vec<Remark> {
        let known = self.settings();
        let remark = |(name, value): (&String, &Value)| {
            let Some(expected) = known.get(name) else {
                let meant = known.keys().map(|known| (distance(name, known), known)).min();
                let did_you_mean = meant.filter(|(far, _)| *far <= MISSPELT).map(|(_, known)| known.clone());
                let message = "no check reads it, so it changes nothing".to_owned();
                return Some(Remark { setting: name.clone(), message, did_you_mean });
            };
            let wanted = expected.refuses(value)?;
            let message = format!("checks that read it want {wanted}, and pass over anything else");
            Some(Remark { setting: name.clone(), message, did_you_mean: None })
        };
        settings.iter().filter_map(remark).collect()
    }
}

impl Expected {
    /// What it should be, if it is not.
    fn refuses(self, value: &Value) -> Option<&'static str> {
        let is_fine = match self {
            Self::Words => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
            Self::WholeNumber => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            Self::Number => value.is_number(),
            Self::Anything => true,
        };
        let wanted = match self {
            Self::Words => "a list of texts",
            Self::WholeNumber => "a whole number",
            Self::Number | Self::Anything => "a number",
        };
        (!is_fine).then_some(wanted)
    }
}

/// Finds what one line of a rule reads: `input.settings.name`, `input.settings["name"]`, `(input.settings, "name")` or
/// `(input, ["settings", "name"]`.
fn read_in(line: &str, found: &mut BTreeMap<String, Expected>) {
    const SETTINGS: &str = "input.settings";
    const PATH: &str = "[\"settings\", \"";
    for (head, path) in line.match_indices(PATH).filter_map(|(at, _)| line.split_at_checked(at)) {
        let name = path.trim_start_matches(PATH).chars().take_while(|one| *one != '"').collect();
        let is_list = head.ends_with("words(object.get(input, ");
        note(name, if is_list { Expected::Words } else { Expected::Anything }, found);
    }
    let mut rest = line;
    let mut before = String::new();
    while let Some((head, tail)) = rest.split_once(SETTINGS) {
        before.push_str(head);
        let quoted = tail.strip_prefix("[\"").or_else(|| tail.strip_prefix(", \""));
        let name: String = match (tail.strip_prefix('.'), quoted) {
            (Some(name), _) => name.chars().take_while(|one| one.is_alphanumeric() || *one == '_').collect(),
            (None, Some(name)) => name.chars().take_while(|one| *one != '"').collect(),
            (None, None) => String::new(),
        };
        if !name.is_empty() {
            let said = [
                ("is_whole_number(", Expected::WholeNumber),
                ("is_words(", Expected::Words),
                ("words(", Expected::Words),
                ("is_number(", Expected::Number),
            ];
            let expected = said.into_iter().find(|(function, _)| before.ends_with(function));
            let expected = expected.map_or(Expected::Anything, |(_, expected)| expected);
            note(name, expected, found);
        }
        before.push_str(SETTINGS);
        rest = tail;
    }
}

/// Notes what a setting is taken for; what one place does not say another may.
fn note(name: String, expected: Expected, found: &mut BTreeMap<String, Expected>) {
    let known = found.entry(name).or_insert(expected);
    if *known == Expected::Anything {
        *known = expected;
    }
}

/// How many letters have to be put in, left out or exchanged to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut last = index + 1;
        let mut next = vec![last];
        for (letters, known) in row.windows(2).zip(&other) {
            let [exchanged, put_in] = letters else { continue };
            last = (exchanged + usize::from(letter != *known)).min(put_in + 1).min(last + 1);
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Expected, LONGEST, SettingsFault, distance, read};
    use crate::catalog::Catalog;

    #[test]
    fn settings_are_one_object_with_every_name_once_and_nothing_that_cannot_be_kept() {
        assert_eq!(read(br#"{"a": [1.5, "x"]}"#).unwrap(), json!({ "a": [1.5, "x"] }));
        assert_eq!(read(b"[]").unwrap_err(), SettingsFault::NotAnObject);
        assert!(matches!(read(b"{\"a\": 1,}").unwrap_err(), SettingsFault::NotJson(_)));
        assert_eq!(read(br#"{"a": 1, "b": 2, "a": 3}"#).unwrap_err(), SettingsFault::Twice("a".to_owned()));
        assert_eq!(read(br#"{"a": {"b": ["\u0000"]}}"#).unwrap_err(), SettingsFault::Nul("a".to_owned()));
        assert_eq!(read(br#"{"": 1}"#).unwrap_err(), SettingsFault::Name);
        assert_eq!(read(br#"{"a\u001b[2J": 1}"#).unwrap_err(), SettingsFault::Name);
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(LONGEST));
        assert_eq!(read(long.as_bytes()).unwrap_err(), SettingsFault::TooLong);
    }

    #[test]
    fn what_rules_read_is_found_in_the_rules() {
        let known = Catalog::embedded().unwrap().settings();
        let expected = |name: &str| known.get(name).copied();
        assert_eq!(expected("administrators"), Some(Expected::Words));
        assert_eq!(expected("break_glass_accounts"), Some(Expected::Words));
        assert_eq!(expected("password_min_length"), Some(Expected::WholeNumber));
        assert_eq!(expected("max_clock_offset_seconds"), Some(Expected::Number));
        assert_eq!(expected("collecting_application"), Some(Expected::Anything));
        assert_eq!(expected("forwards_packets"), Some(Expected::Anything));
        assert_eq!(expected("expected_ports"), Some(Expected::Anything));
        assert_eq!(expected("sudo_without_password"), Some(Expected::Words));
    }

    #[test]
    fn a_setting_that_no_check_reads_and_one_of_another_kind_are_told() {
        let settings = json!({
            "administratos": ["alice"],
            "administrators": "alice",
            "inactive_days": 1.5,
            "coffee": true,
            "password_history": 5,
        });
        let remarks = Catalog::embedded().unwrap().remarks(settings.as_object().unwrap());
        let told: Vec<_> = remarks
            .iter()
            .map(|one| (one.setting.as_str(), one.message.as_str(), one.did_you_mean.as_deref()))
            .collect();
        let unread = "no check reads it, so it changes nothing";
        assert_eq!(
            told,
            [
                ("administrators", "checks that read it want a list of texts, and pass over anything else", None),
                ("administratos", unread, Some("administrators")),
                ("coffee", unread, None),
                ("inactive_days", "checks that read it want a whole number, and pass over anything else", None),
            ]
        );
    }

    #[test]
    fn names_are_near_when_few_letters_differ() {
        assert_eq!(distance("administratos", "administrators"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
