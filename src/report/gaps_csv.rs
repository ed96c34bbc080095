//! The gap list of a party for a spreadsheet: one line a gap, then one for each part it has in a gap that is another's turn,
//! then one for each thing that is asked for.

use super::ReportError;
use super::csv::{BasisCells, write};
use super::gaps::{AskEntry, GapEntry, GapsReport, HeldBack, PartEntry};
use crate::model::gap::Happening;
use crate::model::id::ControlId;

const COLUMNS: [&str; 25] = [
    "kind",
    "gap",
    "party",
    "severity",
    "state",
    "title",
    "because",
    "to_do",
    "target",
    "resources",
    "found_in_each",
    "controls",
    "assigned_to",
    "due_on",
    "overdue",
    "opened_at",
    "last_seen_at",
    "reopened",
    "history",
    "check",
    "evidence",
    "evidence_by_then",
    "as_of",
    "catalog",
    "checkpoint",
];

/// What a cell may hold; spreadsheets cut off after 32,767 characters.
const CELL: usize = 30_000;

/// The list as CSV.
///
/// # Errors
/// Only when memory runs out.
pub fn gap_list(report: &GapsReport) -> Result<Vec<u8>, ReportError> {
    let basis = BasisCells::of(&report.basis);
    let gaps = report.gaps.iter().map(|gap| of_gap(report, gap));
    let parts = report.parts.iter().map(|part| of_part(report, part));
    let asks = report.asks.iter().map(|ask| of_ask(report, ask));
    write(
        &COLUMNS,
        gaps.chain(parts).chain(asks).map(|mut cells| {
            let [.., had_evidence, as_of, catalog, checkpoint] = &mut cells;
            *had_evidence = yes_or_no(report.had_evidence);
            as_of.clone_from(&basis.as_of);
            catalog.clone_from(&basis.catalog);
            checkpoint.clone_from(&basis.checkpoint);
            cells
        }),
    )
}

fn of_gap(report: &GapsReport, gap: &GapEntry) -> [String; 25] {
    let assignee = gap.assignee.as_ref().map(|one| {
        let left = if one.has_left { ", has left" } else { "" };
        format!("{} ({}{left})", one.name, one.handle)
    });
    [
        "gap".to_owned(),
        gap.id.to_string(),
        report.party.as_str().to_owned(),
        gap.severity.clone(),
        gap.state.as_str().to_owned(),
        gap.title.clone(),
        gap.because.clone(),
        to_do(gap),
        gap.target.clone(),
        lines(gap.resources.iter().map(String::as_str)),
        lines(gap.faults.iter().map(|fault| fault.because.as_str())),
        controls(&gap.controls),
        assignee.unwrap_or_default(),
        gap.due_on.map(|day| day.to_string()).unwrap_or_default(),
        yes_or_no(gap.is_overdue),
        gap.opened_at.to_string(),
        gap.last_seen_at.to_string(),
        gap.reopened.to_string(),
        lines(gap.history.iter().map(step).collect::<Vec<_>>().iter().map(String::as_str)),
        gap.check.to_string(),
        gap.evidence.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
    ]
}

/// Its `party` is whose list this is, not whose turn the gap is.
fn of_part(report: &GapsReport, part: &PartEntry) -> [String; 25] {
    let mut cells: [String; 25] = Default::default();
    let [kind, gap, party, severity, state, title, because, to_do, target, _, found_in_each, ..] = &mut cells;
    "part".clone_into(kind);
    *gap = part.id.to_string();
    report.party.as_str().clone_into(party);
    severity.clone_from(&part.severity);
    part.state.as_str().clone_into(state);
    title.clone_from(&part.title);
    because.clone_from(&part.because);
    to_do.clone_from(&part.text);
    target.clone_from(&part.target);
    *found_in_each = lines(part.faults.iter().map(|fault| fault.because.as_str()));
    cells
}

fn of_ask(report: &GapsReport, ask: &AskEntry) -> [String; 25] {
    let mut cells: [String; 25] = Default::default();
    let [kind, _, party, _, state, title, ..] = &mut cells;
    "request".clone_into(kind);
    report.party.as_str().clone_into(party);
    "open".clone_into(state);
    title.clone_from(&ask.asks_for);
    let [_, _, _, _, _, _, _, _, _, _, _, held, _, _, _, opened_at, ..] = &mut cells;
    *held = controls(&ask.controls);
    *opened_at = ask.since.to_string();
    cells
}

fn to_do(gap: &GapEntry) -> String {
    let others = gap.other_parts.iter().map(|other| format!("\n{}'s part: {}", other.party.title(), other.text));
    others.fold(gap.remediation.clone(), |text, other| text + &other)
}

/// `2026-03-04 note by Dana Reyes: ordered the keys`.
fn step(step: &Happening) -> String {
    let day: String = step.at.for_people().chars().take(10).collect();
    let by = step.by.as_ref().map(|by| format!(" by {}", by.name)).unwrap_or_default();
    let text = if step.text.is_empty() { String::new() } else { format!(": {}", step.text) };
    format!("{day} {}{by}{text}", step.what)
}

fn controls(held: &[HeldBack]) -> String {
    let each = held.iter().map(|one| {
        let ids: Vec<&str> = one.controls.iter().map(ControlId::as_str).collect();
        format!("{}: {}", one.framework, ids.join(" "))
    });
    each.collect::<Vec<_>>().join("\n")
}

/// One a line, as many as a cell holds.
fn lines<'a>(all: impl ExactSizeIterator<Item = &'a str>) -> String {
    let many = all.len();
    let mut text = String::new();
    for (at, one) in all.enumerate() {
        if text.chars().count() + one.chars().count() > CELL {
            text.push_str("\nand ");
            text.push_str(&(many - at).to_string());
            text.push_str(" more");
            break;
        }
        if at > 0 {
            text.push('\n');
        }
        text += one;
    }
    text
}

fn yes_or_no(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}
