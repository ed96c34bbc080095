//! Every control for a spreadsheet: one line each, with where it stands, who owns it and the statements it rests on.

use std::collections::BTreeSet;

use super::ReportError;
use super::csv::{BasisCells, write};
use super::readiness::{ControlLine, ReadinessReport};
use super::stated::StatedLine;
use super::tally::Counting;
use crate::model::time::Timestamp;

const COLUMNS: [&str; 32] = [
    "framework",
    "control",
    "title",
    "family",
    "part_of",
    "counting",
    "status",
    "finding",
    "because",
    "notes",
    "value",
    "points_lost",
    "poam",
    "way_to_conditional",
    "way_to_final",
    "accountable",
    "gaps",
    "requests",
    "evidence_from",
    "evidence",
    "attestations",
    "set_aside",
    "forms",
    "instead_of_as_written",
    "stated_by",
    "stated_at",
    "valid_until",
    "statements",
    "documents",
    "as_of",
    "catalog",
    "checkpoint",
];

/// What a cell may hold, in characters; spreadsheets cut off after 32,767.
const CELL: usize = 30_000;

/// Every row of the framework, in its order, with the framework's own word. `value`, `points_lost` and the two ways, which are
/// places in an order, are of CMMC Level 2; `poam` is of what is open at any level of CMMC. `evidence`, `attestations` and `set_aside` hold leaves of the ledger; columns about
/// statements hold one line for each that the status rests on, in the same order. `forms` names the form and the way;
/// `instead_of_as_written` is `yes` where something else stands in for the control.
///
/// # Errors
/// Only when memory runs out.
pub fn controls(report: &ReadinessReport) -> Result<Vec<u8>, ReportError> {
    let basis = BasisCells::of(&report.basis);
    let lines = report.families.iter().flat_map(|family| family.controls.iter().map(move |line| (family, line)));
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let place = |place: Option<usize>| place.map(|place| place.to_string()).unwrap_or_default();
    write(
        &COLUMNS,
        lines.map(|(family, line)| {
            let law = line.law.clone().unwrap_or_default();
            let rests: Vec<&StatedLine> = line.stated.iter().filter(|one| one.counts).collect();
            let aside = line.stated.iter().filter(|one| !one.counts).map(|one| one.leaf.to_string());
            let each = |words: fn(&StatedLine) -> String| {
                cut(&rests.iter().map(|one| words(one)).collect::<Vec<_>>().join("\n"))
            };
            [
                report.framework.id.to_string(),
                line.id.to_string(),
                line.title.clone(),
                family.name.clone(),
                line.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
                counting(line.counting).to_owned(),
                line.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
                if law.finding.is_empty() { line.state_word.clone() } else { law.finding },
                cut(&line.because),
                cut(&law.notes.join("\n")),
                number(law.value),
                number(law.lost),
                law.poam.unwrap_or_default(),
                place(law.to_conditional),
                place(law.to_final),
                line.owner.as_ref().map(|owner| owner.accountable.as_str().to_owned()).unwrap_or_default(),
                line.gaps.len().to_string(),
                line.requests.len().to_string(),
                line.evidence_from.map(|time| time.to_string()).unwrap_or_default(),
                evidence(line),
                rests.iter().map(|one| one.leaf.to_string()).collect::<Vec<_>>().join(" "),
                aside.collect::<Vec<_>>().join(" "),
                each(form),
                if rests.iter().any(|one| one.departs()) { "yes".to_owned() } else { String::new() },
                each(|one| one.by.clone()),
                each(|one| one.recorded_at.to_string()),
                each(|one| one.valid_until.map(|until: Timestamp| until.to_string()).unwrap_or_default()),
                each(|one| one.statement.split_whitespace().collect::<Vec<_>>().join(" ")),
                each(documents),
                basis.as_of.clone(),
                basis.catalog.clone(),
                basis.checkpoint.clone(),
            ]
        }),
    )
}

/// At most as much as a cell may hold.
fn cut(text: &str) -> String {
    text.char_indices().nth(CELL).and_then(|(end, _)| text.get(..end)).unwrap_or(text).to_owned()
}

fn counting(counting: Counting) -> &'static str {
    match counting {
        Counting::Counted => "counted",
        Counting::Derived => "follows from its parts",
        Counting::NotAssessable => "never judged",
        Counting::NotInQuestionnaire => "not in the questionnaire",
    }
}

fn form(one: &StatedLine) -> String {
    let Some(form) = &one.form else { return String::new() };
    form.way.as_ref().map_or_else(|| form.id.to_string(), |way| format!("{}: {way}", form.id))
}

fn documents(one: &StatedLine) -> String {
    let named = one.documents.iter().map(|document| format!("{} {}", document.name, document.sha256));
    named.collect::<Vec<_>>().join("; ")
}

/// Leaves of the evidence that bears on a control, each once.
fn evidence(line: &ControlLine) -> String {
    let bearings = line.objectives.iter().flat_map(|objective| &objective.bearings);
    let leaves: BTreeSet<u64> = bearings.flat_map(|bearing| &bearing.evidence).map(|evidence| evidence.leaf).collect();
    leaves.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}
