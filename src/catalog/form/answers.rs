//! What somebody filled in, held against its form: every fault at once, and one canonical text of it to be sealed.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::{Field, FieldKind, Form};
use crate::model::attestation::FormUse;

/// Longest answer, in characters.
pub const LONGEST_ANSWER: usize = 4000;
/// Longest line of a list, in characters.
const LONGEST_LINE: usize = 500;
/// Most lines of a list.
const MOST_LINES: usize = 100;
/// Largest file of answers, in bytes.
pub const LARGEST_FILE: u64 = 256 * 1024;
/// The key of an answer that chooses a way.
pub const WAY: &str = "way";
/// The key that names the form in a file of answers.
const FORM: &str = "form";
/// The shape of the sealed answers.
pub(super) const FORMAT: &str = "countersign.form/1";

/// Answers by field, as they were given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers(BTreeMap<String, Value>);

/// Answers that their form accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    pub used: FormUse,
    answers: Map<String, Value>,
}

impl Answers {
    /// Reads a file of answers: a YAML or JSON mapping of fields to answers.
    ///
    /// # Errors
    /// In words with the line, when it is none.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.len() as u64 > LARGEST_FILE {
            return Err(format!("the answers are larger than {LARGEST_FILE} bytes"));
        }
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(text).map(Self).map_err(|fault| {
            let fault = fault.without_snippet().to_string();
            format!("the answers cannot be read: {}", fault.lines().next().unwrap_or_default())
        })
    }

    /// Adds one answer written as `field=text`; a second one for a list is its next line.
    ///
    /// # Errors
    /// In words, when there is no `=` or the field has an answer already.
    pub fn add(&mut self, form: &Form, written: &str) -> Result<(), String> {
        let (name, answer) = written.split_once('=').ok_or_else(|| {
            let shown: String = written.chars().take(40).collect();
            format!("`{shown}` is no answer; write field=text")
        })?;
        let name = name.trim();
        let is_list = form.fields.iter().any(|field| field.id == name && field.kind == FieldKind::List);
        match self.0.get_mut(name) {
            Some(Value::Array(lines)) if is_list => lines.push(answer.into()),
            Some(_) => return Err(format!("`{name}` is answered twice")),
            None => {
                let answer = if is_list { json!([answer]) } else { answer.into() };
                self.0.insert(name.to_owned(), answer);
            }
        }
        Ok(())
    }

    /// Holds the answers against their form.
    ///
    /// # Errors
    /// Every fault, in words, in the order of the form.
    pub fn check(&self, form: &Form) -> Result<Filled, Vec<String>> {
        let mut faults = Vec::new();
        if let Some(named) = self.0.get(FORM).filter(|named| named.as_str() != Some(form.id.as_str())) {
            faults.push(format!("the answers are for the form {}, not for `{}`", shown(named), form.id));
        }
        let way = self.way(form, &mut faults);
        let is_asked =
            |field: &&Field| field.ways.is_empty() || way.is_some_and(|way| field.ways.iter().any(|one| one == way));
        let mut answers = Map::new();
        for field in form.fields.iter().filter(is_asked) {
            match self.0.get(&field.id).filter(|answer| !is_nothing(answer)) {
                Some(answer) => match read(field, answer) {
                    Ok(answer) => {
                        answers.insert(field.id.clone(), answer);
                    }
                    Err(fault) => faults.push(format!("`{}` {fault}", field.id)),
                },
                None if field.required => faults.push(format!("`{}` is missing: {}", field.id, field.title)),
                None => {}
            }
        }
        for (name, answer) in &self.0 {
            let known = form.fields.iter().find(|field| field.id == *name);
            match known {
                _ if name == FORM || (name == WAY && !form.ways.is_empty()) => {}
                // An answer left empty in a template asks for nothing.
                Some(field) if is_asked(&field) || is_nothing(answer) => {}
                Some(_) if way.is_none() => {}
                Some(_) => faults.push(format!("`{name}` is not asked for the way `{}`", way.unwrap_or_default())),
                None => faults.push(format!("the form has no field {}", shown(&Value::from(name.as_str())))),
            }
        }
        if faults.is_empty() {
            let used = FormUse { id: form.id.clone(), way: way.map(str::to_owned), targets: Vec::new() };
            Ok(Filled { used, answers })
        } else {
            Err(faults)
        }
    }

    fn way<'a>(&'a self, form: &Form, faults: &mut Vec<String>) -> Option<&'a str> {
        if form.ways.is_empty() {
            return None;
        }
        let ways = form.ways.iter().map(|way| way.id.as_str()).collect::<Vec<_>>().join(", ");
        match self.0.get(WAY).filter(|answer| !is_nothing(answer)) {
            None => faults.push(format!("`{WAY}` is missing: choose one of {ways}")),
            Some(answer) => match answer.as_str().map(str::trim).filter(|way| form.way(way).is_some()) {
                Some(way) => return Some(way),
                None => faults.push(format!("`{WAY}` is {}; choose one of {ways}", shown(answer))),
            },
        }
        None
    }
}

impl Filled {
    /// The day that a field names; none where it is no date or was not answered.
    pub(super) fn day(&self, field: &str) -> Option<NaiveDate> {
        self.answers.get(field)?.as_str()?.parse().ok()
    }

    /// The artifact `form.json`: canonical JSON that names the form, the digest of its definition, and the answers.
    ///
    /// # Errors
    /// Never for answers that were checked; what the canonical form refuses, in words.
    pub fn sealed(&self, form: &Form) -> Result<Vec<u8>, String> {
        let mut sealed = json!({
            "format": FORMAT,
            "form": form.id,
            "definition": form.digest,
            "rests_on": form.rests_on,
            "answers": self.answers,
        });
        if let (Some(way), Some(sealed)) = (&self.used.way, sealed.as_object_mut()) {
            sealed.insert(WAY.to_owned(), way.as_str().into());
        }
        countersign_seal::canonical::to_bytes(&sealed).map_err(|fault| fault.to_string())
    }
}

/// A file to fill in: what the form asks, as comments over empty answers.
#[must_use]
pub fn template(form: &Form) -> String {
    let mut text = String::new();
    let comment = |text: &mut String, words: &str| {
        for line in wrapped(words, 116) {
            text.push_str("# ");
            text.push_str(&line);
            text.push('\n');
        }
    };
    comment(&mut text, &format!("{} ({})", form.title, form.rests_on));
    comment(&mut text, &form.names);
    writeln!(text, "{FORM}: {}", form.id).ok();
    if !form.ways.is_empty() {
        text.push('\n');
        for way in &form.ways {
            comment(&mut text, &format!("{}: {}", way.id, way.title));
        }
        writeln!(text, "{WAY}: \"\"").ok();
    }
    for field in &form.fields {
        text.push('\n');
        let optional = if field.required { "" } else { " (may stay empty)" };
        comment(&mut text, &format!("{}{optional}", field.title));
        comment(&mut text, &field.help);
        if !field.ways.is_empty() {
            comment(&mut text, &format!("Only for: {}", field.ways.join(", ")));
        }
        if let Some(limits) = &field.day {
            comment(&mut text, &limits.words());
        }
        if !field.choices.is_empty() {
            comment(&mut text, &format!("One of: {}", field.choices.join(", ")));
        }
        let empty = match field.kind {
            FieldKind::List => "[]",
            FieldKind::Date => "\"\"    # such as 2026-03-31",
            FieldKind::Text | FieldKind::Choice => "\"\"",
        };
        writeln!(text, "{}: {empty}", field.id).ok();
    }
    text
}

/// The same without its comments, to be filled in by a program.
#[must_use]
pub fn empty(form: &Form) -> Value {
    let mut answers = Map::from_iter([(FORM.to_owned(), json!(form.id))]);
    if !form.ways.is_empty() {
        answers.insert(WAY.to_owned(), "".into());
    }
    let empty = |field: &Field| if field.kind == FieldKind::List { json!([]) } else { json!("") };
    answers.extend(form.fields.iter().map(|field| (field.id.clone(), empty(field))));
    answers.into()
}

fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn is_nothing(answer: &Value) -> bool {
    match answer {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(lines) => lines.iter().all(is_nothing),
        _ => false,
    }
}

/// What somebody wrote, short enough for a message and in quotation marks.
fn shown(answer: &Value) -> String {
    let text = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
    format!("`{}`", text.chars().filter(|one| !one.is_control()).take(60).collect::<String>())
}

fn read(field: &Field, answer: &Value) -> Result<Value, String> {
    // Numbers and yes or no are answers too, where a text is asked.
    let text = |answer: &Value, most: usize| {
        let text = match answer {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(_) | Value::Bool(_) => answer.to_string(),
            _ => return Err("takes a text".to_owned()),
        };
        if text.chars().count() > most {
            return Err(format!("is longer than {most} characters"));
        }
        if text.chars().any(|one| one.is_control() && one != '\n' && one != '\t') {
            return Err("holds control characters".to_owned());
        }
        Ok(text)
    };
    match field.kind {
        FieldKind::Text => text(answer, LONGEST_ANSWER).map(Value::from),
        FieldKind::Date => {
            let written = text(answer, LONGEST_LINE)?;
            let day = written.parse::<NaiveDate>();
            day.map(|day| day.to_string().into())
                .map_err(|_| format!("is {}, which is no day; write it as 2026-03-31", shown(answer)))
        }
        FieldKind::Choice => {
            let chosen = text(answer, LONGEST_LINE)?;
            let is_known = field.choices.contains(&chosen);
            is_known
                .then(|| chosen.into())
                .ok_or_else(|| format!("is {}; choose one of {}", shown(answer), field.choices.join(", ")))
        }
        FieldKind::List => {
            let lines = match answer {
                Value::Array(lines) => lines.iter().filter(|line| !is_nothing(line)).cloned().collect(),
                one => vec![one.clone()],
            };
            if lines.len() > MOST_LINES {
                return Err(format!("has more than {MOST_LINES} lines"));
            }
            let lines: Result<Vec<_>, _> = lines.iter().map(|line| text(line, LONGEST_LINE)).collect();
            lines.map(Value::from)
        }
    }
}
