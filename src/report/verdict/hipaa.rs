//! HIPAA: what was decided about each addressable specification, and when to evaluate again.

use chrono::NaiveDate;

use super::{Columns, Named, VerdictRow, VerdictSection, VerdictTable, WordCount, many};
use crate::assess::verdict::{AddressableState, Decided, Evaluation, Hipaa};
use crate::model::control::ControlState;

/// In the order in which they are shown.
const STATES: [AddressableState; 4] = [
    AddressableState::Undecided,
    AddressableState::Implemented,
    AddressableState::Alternative,
    AddressableState::NotReasonable,
];

pub(super) fn section(named: &Named<'_>, hipaa: &Hipaa, today: NaiveDate) -> VerdictSection {
    let count = |state| hipaa.addressable.iter().filter(|one| one.decision.state == state).count();
    let (all, decided) = decided(hipaa);
    let counts =
        STATES.map(|state| WordCount { state: shape(state), word: state.words().to_owned(), count: count(state) });
    let rows = hipaa.addressable.iter().map(|one| row(named, one)).collect();
    let about = "Undecided also where a decision is on file and something contradicts it.".to_owned();
    let columns = Columns {
        subject: "Specification",
        word: Some("Decision"),
        turn: Some("Whose turn"),
        text: "Why",
        figure: None,
    };
    let mut lines = vec![
        "Addressable is not optional: each is implemented, or another measure stands in its place, or the reasons why \
         neither is reasonable are on file: 45 CFR 164.306(d)(3)."
            .to_owned(),
        evaluation(&hipaa.evaluation, today),
    ];
    let undone = count(AddressableState::NotReasonable);
    if undone > 0 {
        lines.push(format!(
            "Of what the figures count as {}, {} not reasonable here: nothing is done by it, for reasons on file.",
            named.framework.word(ControlState::Met),
            many(undone, "specification is", "specifications are"),
        ));
    }
    VerdictSection {
        heading: "Addressable decisions",
        figure: format!("{decided} of {all} decided"),
        lines,
        counts: counts.into(),
        tables: VerdictTable::of("All addressable specifications", about, columns, rows).into_iter().collect(),
    }
}

/// `5 of 22 addressable specifications decided`.
pub(super) fn summary(hipaa: &Hipaa) -> String {
    let (all, decided) = decided(hipaa);
    format!("{decided} of {all} addressable specifications decided")
}

/// How many there are, and how many of them are decided.
fn decided(hipaa: &Hipaa) -> (usize, usize) {
    let all = hipaa.addressable.iter();
    (all.len(), all.filter(|one| one.decision.state != AddressableState::Undecided).count())
}

/// Every decision that is documented counts as met; the rule knows no other.
fn shape(state: AddressableState) -> &'static str {
    if state == AddressableState::Undecided { "undetermined" } else { "met" }
}

fn row(named: &Named<'_>, one: &Decided) -> VerdictRow {
    let decision = &one.decision;
    let row = named.row(decision.control.as_str(), &decision.because);
    let text = match decision.state {
        AddressableState::Undecided => row.text,
        _ => format!("{} ({})", row.text, decision.paragraph),
    };
    VerdictRow {
        text,
        state: Some(shape(decision.state)),
        word: decision.state.words().to_owned(),
        party: one.party,
        ..row
    }
}

/// When the next evaluation is due, as a sentence.
#[must_use]
pub fn evaluation(next: &Evaluation, today: NaiveDate) -> String {
    let due = match next.due {
        None => "due now, for none is on file".to_owned(),
        Some(day) if day < today => format!("overdue since {day}"),
        Some(day) => format!("due by {day}"),
    };
    let last = next.last.map(|day| format!(", the last is of {day}")).unwrap_or_default();
    format!("Next evaluation: {due}{last} ({}); {}.", next.paragraph, next.because)
}
