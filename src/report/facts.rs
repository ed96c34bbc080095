//! Facts that data files and records state as JSON, as a list of labelled texts for people.

use serde::Serialize;
use serde_json::Value;

use crate::catalog::framework::Control;

/// Characters of one text; records may carry long ones.
const TEXT_SHOWN: usize = 1000;

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    pub label: String,
    pub text: String,
}

impl Fact {
    #[must_use]
    pub fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self { label: label.into(), text: text.into() }
    }

    /// A fact by the name and value that its file gives it.
    #[must_use]
    pub fn of(name: &str, value: &Value) -> Self {
        Self::new(label(name), clip(&text(value), TEXT_SHOWN))
    }
}

/// The facts in the order of their names.
#[must_use]
pub fn facts<'a>(all: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Vec<Fact> {
    all.into_iter().map(|(name, value)| Fact::of(name, value)).collect()
}

/// At most `many` characters of a text, with a mark where it was cut.
#[must_use]
pub fn clip(text: &str, many: usize) -> String {
    match text.char_indices().nth(many) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// The firms that a control is only for, where not everybody who handles card data is asked for it.
#[must_use]
pub fn only_for(control: &Control) -> Option<&'static str> {
    match control.applies_to()? {
        "service-provider" => Some("service providers"),
        "multi-tenant-sp" => Some("service providers that many clients share"),
        "desv" => Some("firms that a card brand or acquirer has designated for extra validation"),
        _ => None,
    }
}

/// Names that people would not read as they are meant.
fn label(name: &str) -> String {
    let known = match name {
        "poam_allowed" => "May wait on a plan of action",
        "poam_rule" => "Rule for plans of action",
        "weight" => "Points it is worth",
        "in_appendix_a_matrix" => "In the matrix of Appendix A",
        "weight_partial" => "Points lost when met in part",
        "required_or_addressable" => "Required or addressable",
        "cfr_cite" => "Citation",
        "far_cite" => "Citation in the FAR",
        "nist_id" => "Number in NIST SP 800-171",
        "nist_172_id" => "Number in NIST SP 800-172",
        "nist_800_171_r2_ids" => "Numbers in NIST SP 800-171",
        "saqs" => "Self-assessment questionnaires",
        "mandatory_since" => "Mandatory since",
        "url" => "Address",
        "client_id" => "Application",
        "exit_code" => "Exit code",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "not stated".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(values) => join(values.iter().map(text), values.iter().any(Value::is_object)),
        Value::Object(fields) => {
            join(fields.iter().map(|(name, value)| format!("{}: {}", name.replace('_', " "), text(value))), false)
        }
    }
}

/// Whole objects are kept apart from each other more plainly than words.
fn join(texts: impl Iterator<Item = String>, are_objects: bool) -> String {
    texts.collect::<Vec<_>>().join(if are_objects { "; " } else { ", " })
}

#[cfg(test)]
mod tests {
    use super::{Fact, clip, facts};

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        assert_eq!(clip("é🦷é", 3), "é🦷é");
        assert_eq!(clip("é🦷 é", 3), "é🦷…");
    }

    #[test]
    fn facts_of_any_shape_read_as_words_and_what_is_unknown_stays_unknown() {
        let all = serde_json::json!({
            "future_dated": false, "poam_allowed": "no", "saqs": {"A": "unknown", "D": "yes"},
            "answers": [{"status": 200}, {"status": 429}], "nothing": null,
        });
        let read = facts(all.as_object().unwrap());
        let fact = |label: &str, text: &str| Fact::new(label, text);
        assert_eq!(
            read,
            [
                fact("Answers", "status: 200; status: 429"),
                fact("Future dated", "no"),
                fact("Nothing", "not stated"),
                fact("May wait on a plan of action", "no"),
                fact("Self-assessment questionnaires", "A: unknown, D: yes"),
            ]
        );
    }
}
