//! What was read -> evidence: outcome, reason, artifacts, provenance. Everything that is written down passes the redactor.

use serde_json::{Map, Value};

use super::GraphTarget;
use super::http::{Answer, Ending};
use super::provenance::Journal;
use super::setback::Setback;
use super::walk::{Seen, Walk};
use crate::catalog::collector::CollectorDefinition;
use crate::collect::redact::Redactor;
use crate::model::evidence::{CollectionOutcome, RawEvidence, Redaction, Source};
use crate::model::time::{Clock, Timestamp};

/// Makes evidence out of a walk.
pub(super) struct Report<'a> {
    pub(super) target: &'a GraphTarget,
    pub(super) definition: &'a CollectorDefinition,
    pub(super) clock: &'a dyn Clock,
    pub(super) started: Timestamp,
}

impl Report<'_> {
    /// Nothing was asked.
    pub(super) fn without_request(&self, setback: Setback) -> RawEvidence {
        let provenance = Journal::default().into_map(
            self.target.connection(),
            self.definition,
            self.definition.request.as_ref(),
            None,
            0,
        );
        RawEvidence { provenance, ..self.evidence(setback.outcome, setback.reason) }
    }

    pub(super) fn of(&self, walk: Walk<'_>, first: &url::Url, ended: Result<(), Setback>) -> RawEvidence {
        let has_each = walk.request.each.is_some();
        let (outcome, reason, answer) = verdict(&walk.seen, has_each, ended);
        let Walk { inquiry, request, mut kept, seen } = walk;
        // A token that cannot be looked for forbids keeping what may repeat it.
        let answer = answer.filter(|_| kept.withhold(&inquiry.sent).is_ok());
        if let Some(answer) = answer.map(without_a_torn_end).filter(|answer| !answer.body.is_empty()) {
            let (extension, media_type) = kind_of(&answer);
            kept.add_in_memory(format!("error-0001.{extension}"), media_type, answer.body);
        }
        let (mut artifacts, mut redactions, redactor) = kept.into_parts();
        let (mut outcome, mut reason) = (outcome, reason);
        if is_too_long(&redactions) {
            outcome = CollectionOutcome::Failed;
            "what was read holds so many secrets that nothing of it was kept: have the collector select fewer properties"
                .clone_into(&mut reason);
            // Their files go with the run's folder.
            (artifacts, redactions) = (Vec::new(), Vec::new());
        }
        let pages = seen.pages + seen.lists + seen.batches;
        let source_clock = inquiry.journal.source_clock();
        let mut provenance =
            inquiry.journal.into_map(self.target.connection(), self.definition, Some(request), Some(first), pages);
        redact_texts(&redactor, &mut provenance);
        let reason = redacted(&redactor, reason);
        RawEvidence { source_clock, provenance, redactions, artifacts, ..self.evidence(outcome, reason) }
    }

    fn evidence(&self, outcome: CollectionOutcome, reason: String) -> RawEvidence {
        RawEvidence {
            dataset: self.definition.id.clone(),
            collector_digest: self.definition.digest,
            target: self.target.connection().tenant().to_owned(),
            source: Source::Graph,
            started: self.started,
            finished: self.clock.now(),
            source_clock: None,
            outcome,
            reason,
            provenance: Map::new(),
            redactions: Vec::new(),
            artifacts: Vec::new(),
        }
    }
}

/// Outcome, reason and the answer to keep. What was read before a setback makes it partial.
fn verdict(
    seen: &Seen,
    has_each: bool,
    ended: Result<(), Setback>,
) -> (CollectionOutcome, String, Option<Box<Answer>>) {
    let (read, anything) = if has_each {
        (format!("{} of {}", seen.objects_read, counted(seen.objects, "object")), seen.objects_read > 0)
    } else {
        let read = format!("{} with {}", counted(seen.pages, "page"), counted(seen.rows, "row"));
        (read, seen.pages > 0)
    };
    match ended {
        Err(setback) if !anything => (setback.outcome, setback.reason, setback.answer),
        Err(setback) => {
            let reason = format!("only {read} could be read: {}", setback.reason);
            (CollectionOutcome::Partial, reason, setback.answer)
        }
        Ok(()) if has_each && seen.objects == 0 => {
            let reason = "the list that was read names nothing to ask about".to_owned();
            (CollectionOutcome::Empty, reason, None)
        }
        Ok(()) if has_each && seen.objects_read < seen.objects => {
            (CollectionOutcome::Partial, format!("only {read} could be read"), None)
        }
        Ok(()) if seen.holds_cut_lists => {
            let reason = format!("{read} could be read, but Microsoft Graph cut lists inside some rows short");
            (CollectionOutcome::Partial, reason, None)
        }
        Ok(()) if seen.rows == 0 && !has_each => {
            (CollectionOutcome::Empty, "Microsoft Graph answered that there are none".to_owned(), None)
        }
        Ok(()) => (CollectionOutcome::Complete, String::new(), None),
    }
}

/// A record names every place where something was taken out, and it must stay small: one that is too long could not be
/// sealed, and nothing else of the run either.
fn is_too_long(redactions: &[Redaction]) -> bool {
    const LONGEST: usize = 8 * 1024;
    serde_json::to_vec(redactions).is_ok_and(|text| text.len() > LONGEST)
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// An answer that was cut may end inside a secret, which no rule would know then: the text or word it was cut in is left
/// out.
fn without_a_torn_end(mut answer: Box<Answer>) -> Box<Answer> {
    let was_cut = answer.ending != Ending::Whole || answer.body.len() >= super::http::EXCERPT;
    if was_cut && !is_json(&answer.body) {
        let looks_like_json =
            answer.body.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| b"{[".contains(byte));
        let is_an_edge = |byte: &u8| if looks_like_json { *byte == b'"' } else { byte.is_ascii_whitespace() };
        let end = answer.body.iter().rposition(is_an_edge).unwrap_or(0);
        answer.body.truncate(end);
    }
    answer
}

/// File extension and media type of an error answer, from its bytes and header; whatever it claims, it is only stored.
fn kind_of(answer: &Answer) -> (&'static str, &'static str) {
    if is_json(&answer.body) {
        ("json", "application/json")
    } else if answer.media_type() == "text/html" {
        ("bin", "text/html")
    } else {
        ("bin", "application/octet-stream")
    }
}

fn redacted(redactor: &Redactor, text: String) -> String {
    let (bytes, redactions) = redactor.apply("", text.clone().into_bytes().into());
    if redactions.is_empty() { text } else { String::from_utf8_lossy(&bytes).into_owned() }
}

/// What the service wrote into headers is no more trusted than what it wrote into bodies.
fn redact_texts(redactor: &Redactor, map: &mut Map<String, Value>) {
    for value in map.values_mut() {
        redact_text(redactor, value);
    }
}

fn redact_text(redactor: &Redactor, value: &mut Value) {
    match value {
        Value::String(text) => *text = redacted(redactor, std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(|item| redact_text(redactor, item)),
        Value::Object(fields) => redact_texts(redactor, fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
