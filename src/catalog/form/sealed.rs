//! The answers to a form as they were sealed, for whoever reads the statement later: the artifact `form.json`, put into
//! words by the form of the catalog. Nothing here decides anything. Start with [`SealedAnswers`].

use countersign_seal::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Form;
use super::answers::FORMAT;
use crate::model::id::FormId;

/// Largest artifact of answers that is read back, in bytes. What forms accept comes nowhere near it.
pub const LARGEST: u64 = 1024 * 1024;
/// An answer of more characters, or more lines, is folded on a screen.
const FOLDED: usize = 400;
const FOLDED_LINES: usize = 8;
/// Characters of its beginning that are shown then.
const OPENING: usize = 90;

/// Answers of one statement, as they lie in the vault.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SealedAnswers {
    format: String,
    form: FormId,
    /// Digest of the form's file at that time.
    definition: Digest,
    #[serde(default)]
    answers: Map<String, Value>,
}

/// One answer with the field it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The field's title; its id where the catalog no longer has it.
    pub title: String,
    /// One text, or the lines of a list.
    pub lines: Vec<String>,
    /// How it begins, for a long one that is folded.
    pub opening: String,
    /// Lines that are left out.
    pub more: usize,
    pub is_long: bool,
}

/// What the vault keeps of a statement beside its record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadBack {
    pub answers: Option<SealedAnswers>,
    /// Fingerprint of the SSH key it was signed with.
    pub signed_with: Option<String>,
    /// Why the answers are not here, in words.
    pub missing: Option<String>,
}

impl SealedAnswers {
    /// Reads the artifact `form.json`.
    ///
    /// # Errors
    /// In words, when it is none of this format.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let read: Self =
            serde_json::from_slice(bytes).map_err(|fault| format!("the answers cannot be read: {fault}"))?;
        if read.format == FORMAT {
            Ok(read)
        } else {
            Err(format!("the answers are of a format that this version does not read; it reads {FORMAT}"))
        }
    }

    /// What one field was answered with; none for a list, and where it was not answered.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.answers.get(field).and_then(Value::as_str)
    }

    /// Whether they were given on exactly this edition of a form.
    #[must_use]
    pub fn are_on(&self, form: &Form) -> bool {
        self.form == form.id && self.definition == form.digest
    }

    /// The answers in the order of the form, then those to fields that it no longer has.
    #[must_use]
    pub fn in_words(&self, form: Option<&Form>) -> Vec<Answer> {
        let fields = form.map(|form| form.fields.as_slice()).unwrap_or_default();
        let known = fields.iter().filter_map(|field| Some((field.title.as_str(), self.answers.get(&field.id)?)));
        let is_unknown = |name: &str| fields.iter().all(|field| field.id != name);
        let others =
            self.answers.iter().filter(|(name, _)| is_unknown(name)).map(|(name, answer)| (name.as_str(), answer));
        known.chain(others).map(|(title, answer)| Answer::new(title, answer)).collect()
    }
}

impl Answer {
    fn new(title: &str, answer: &Value) -> Self {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let lines: Vec<String> = match answer {
            Value::Array(lines) => lines.iter().map(text).collect(),
            one => vec![text(one)],
        };
        let opening = lines.first().and_then(|line| line.lines().next()).unwrap_or_default();
        let opening = opening.char_indices().nth(OPENING).and_then(|(end, _)| opening.get(..end)).unwrap_or(opening);
        let is_long = is_long(&lines);
        Self { title: title.to_owned(), opening: format!("{opening}…"), lines, more: 0, is_long }
    }

    /// The same with at most so many characters of each line, and so many lines.
    #[must_use]
    pub fn cut(mut self, lines: usize, characters: usize) -> Self {
        self.more += self.lines.len().saturating_sub(lines);
        self.lines.truncate(lines);
        for line in &mut self.lines {
            if let Some((end, _)) = line.char_indices().nth(characters) {
                line.truncate(end);
                line.push('…');
            }
        }
        self
    }
}

fn is_long(lines: &[String]) -> bool {
    let characters: usize = lines.iter().map(|line| line.chars().count()).sum();
    characters > FOLDED || lines.iter().map(|line| line.lines().count()).sum::<usize>() > FOLDED_LINES
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Answer, SealedAnswers};
    use crate::catalog::form::answers::Answers;
    use crate::catalog::form::tests::form;

    #[test]
    fn what_was_sealed_reads_back_in_the_order_and_with_the_titles_of_its_form() {
        let form = form("cmmc-met");
        let mut answers = Answers::default();
        for one in [
            "interview=Kim",
            "interview=The provider's desk",
            "what_is_done=Doors <b>lock</b>",
            "security_plan=4.2",
            "examine=x",
        ] {
            answers.add(form, one).unwrap();
        }
        let sealed = answers.check(form).unwrap().sealed(form).unwrap();
        let read = SealedAnswers::read(&sealed).unwrap();
        assert!(read.are_on(form));
        let words = read.in_words(Some(form));
        let titles: Vec<&str> = words.iter().map(|one| one.title.as_str()).collect();
        assert_eq!(
            titles,
            ["What is done", "Where the security plan describes it", "What can be examined", "Who can be asked"]
        );
        assert_eq!(words[0].lines, ["Doors <b>lock</b>"], "escaping is the page's work");
        assert_eq!(words[3].lines, ["Kim", "The provider's desk"]);
        // Without its form nothing is lost but the titles.
        assert_eq!(read.in_words(None).len(), words.len());
        assert!(read.in_words(None).iter().any(|one| one.title == "what_is_done"));
    }

    #[test]
    fn answers_of_another_edition_of_the_form_are_told_apart_and_another_format_is_refused() {
        let mut changed = form("cmmc-met").clone();
        let sealed = |format: &str| {
            let text =
                json!({"format": format, "form": "cmmc-met", "definition": changed.digest, "answers": {"gone": 7}});
            text.to_string().into_bytes()
        };
        let read = SealedAnswers::read(&sealed("countersign.form/1")).unwrap();
        assert_eq!(read.in_words(Some(&changed))[0], Answer::new("gone", &json!("7")));
        assert!(SealedAnswers::read(&sealed("countersign.form/2")).unwrap_err().contains("countersign.form/1"));
        assert!(SealedAnswers::read(b"[").is_err());
        changed.digest = countersign_seal::digest::Digest::of(b"another file");
        assert!(!read.are_on(&changed));
    }

    #[test]
    fn a_long_answer_is_cut_between_characters_and_says_how_many_lines_are_left_out() {
        let lines: Vec<String> = (0..5).map(|_| "🦷".repeat(300)).collect();
        let cut = Answer::new("List", &json!(lines)).cut(2, 10);
        assert_eq!((cut.lines.len(), cut.more, cut.is_long), (2, 3, true));
        assert_eq!(cut.lines[0], format!("{}…", "🦷".repeat(10)));
        assert!(!Answer::new("Day", &json!("2026-03-02")).is_long);
    }
}
