//! One gap, told to somebody who knows nothing of it: what is wrong, whose turn it is and why, what to do, how it will be
//! seen to be mended, what shows it, and what happened so far. Start with [`gap_detail`].

use std::collections::BTreeMap;

use chrono::NaiveDate;
use countersign_seal::digest::Digest;
use serde::Serialize;

use super::data::{dataset_title, kind_words};
use super::gaps::{Assignee, ToDo, framework_title, other_parts, told_apart};
use crate::catalog::Catalog;
use crate::model::decision::Decisions;
use crate::model::evidence::SealedEvidence;
use crate::model::gap::{ControlRef, Fault, Gap, GapState, Happening};
use crate::model::id::{CheckId, ControlId, DatasetId, FrameworkId, GapId, ObjectiveId};
use crate::model::organization::Organization;
use crate::model::responsibility::{MatrixState, Party, Responsibility, ResponsibilityMatrix};
use crate::model::time::Timestamp;
use crate::model::turn::turn;

/// Everything that is told of a gap, as known at `as_of`.
#[derive(Debug, Clone, Copy)]
pub struct GapDetailInput<'a> {
    pub organization: &'a Organization,
    pub catalog: &'a Catalog,
    /// With the party whose turn it is.
    pub gap: &'a Gap,
    pub matrices: &'a BTreeMap<FrameworkId, (ResponsibilityMatrix, MatrixState)>,
    pub decisions: &'a Decisions,
    pub story: &'a [Happening],
    /// What it was found to be wrong in, as far as that is known.
    pub faults: &'a BTreeMap<GapId, Vec<Fault>>,
    /// The evidence records it rests on.
    pub evidence: &'a [SealedEvidence],
    /// When datasets of its target are collected next, by schedule.
    pub next: &'a BTreeMap<DatasetId, Timestamp>,
    pub as_of: Timestamp,
}

/// Everything about one gap.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapDetail {
    pub id: GapId,
    pub title: String,
    pub severity: String,
    pub state: GapState,
    pub because: String,
    pub opened_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub reopened: u32,
    pub target: String,
    pub resources: Vec<String>,
    /// The same thing by thing, each with what is wrong in it; none where that is not known, or `because` says it all.
    pub faults: Vec<Fault>,
    pub party: Party,
    /// Why it is this party's turn, in one sentence.
    pub why_party: String,
    /// The rows of the responsibility matrices that it follows from.
    pub rows: Vec<OwnedLine>,
    pub assignee: Option<Assignee>,
    pub due_on: Option<NaiveDate>,
    pub is_overdue: bool,
    /// What the party whose turn it is should do.
    pub remediation: String,
    /// What the others do, where that differs.
    pub other_parts: Vec<ToDo>,
    pub check: CheckId,
    pub check_title: String,
    pub check_description: String,
    /// What the check reads; it is mended when the check passes over these.
    pub datasets: Vec<ReadLine>,
    /// Looks now instead of waiting for the schedule.
    pub command: String,
    pub evidence: Vec<ShownBy>,
    /// Oldest first.
    pub history: Vec<Happening>,
}

/// A control that is held back, and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnedLine {
    pub framework: FrameworkId,
    pub framework_title: String,
    pub control: ControlId,
    /// Where this part of the control has an owner of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveId>,
    pub title: String,
    /// None: nobody owns it.
    pub accountable: Option<Party>,
    pub kind: Option<&'static str>,
    /// How far this split has come: `proposed by template`, `countersigned`.
    pub matrix: &'static str,
}

/// A dataset that the check reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadLine {
    pub dataset: DatasetId,
    pub title: String,
    /// None when no schedule collects it from this target.
    pub next_at: Option<Timestamp>,
}

/// A record that shows the fault, or its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownBy {
    pub leaf: u64,
    pub record_hash: Option<Digest>,
    pub dataset: Option<DatasetId>,
    pub title: Option<String>,
    pub collected_at: Option<Timestamp>,
}

/// Tells everything about a gap.
#[must_use]
pub fn gap_detail(input: GapDetailInput<'_>) -> GapDetail {
    let gap = input.gap;
    let check = input.catalog.checks.get(&gap.check);
    let turn = turn(gap, input.decisions, input.as_of);
    let rows: Vec<OwnedLine> = gap.controls.iter().flat_map(|held| owned(&input, held)).collect();
    let read = check.map(|check| check.datasets()).unwrap_or_default();
    let names: Vec<String> = read.iter().map(ToString::to_string).collect();
    GapDetail {
        id: gap.id,
        title: gap.title.clone(),
        severity: gap.severity.clone(),
        state: gap.state,
        because: gap.because.clone(),
        opened_at: gap.opened_at,
        last_seen_at: gap.last_seen_at,
        closed_at: gap.closed_at,
        reopened: gap.reopened,
        target: gap.target.clone(),
        resources: gap.resources.clone(),
        faults: told_apart(gap, input.faults),
        party: gap.party,
        why_party: why(&input, &rows),
        rows,
        assignee: turn.handle.map(|handle| Assignee::new(handle, input.decisions, input.as_of)),
        due_on: turn.due_on,
        is_overdue: turn.is_overdue(input.organization.day_of(input.as_of)),
        remediation: gap.remediation.clone(),
        other_parts: other_parts(input.catalog, gap),
        check: gap.check.clone(),
        check_title: check.map_or_else(|| gap.check.to_string(), |check| check.title.clone()),
        check_description: check.map(|check| check.description.clone()).unwrap_or_default(),
        datasets: read
            .into_iter()
            .map(|id| ReadLine {
                dataset: id.clone(),
                title: dataset_title(input.catalog, id),
                next_at: input.next.get(id).copied(),
            })
            .collect(),
        command: format!("countersign collect --org {} {}", input.organization.slug, names.join(" ")),
        evidence: gap.evidence.iter().map(|leaf| shown_by(&input, *leaf)).collect(),
        history: input.story.to_vec(),
    }
}

/// The rows that decide about a control: those of the objectives the check bears on where they have their own, else the
/// control's.
fn owned(input: &GapDetailInput<'_>, held: &ControlRef) -> Vec<OwnedLine> {
    let matrix = input.matrices.get(&held.framework);
    let rows = matrix.iter().flat_map(|(matrix, _)| &matrix.rows).filter(|row| row.control == held.control);
    let bears_on = |row: &&Responsibility| {
        row.objective.as_ref().is_some_and(|part| {
            let checks = input.catalog.checks_for_objective(&held.framework, part.as_str());
            checks.iter().any(|(check, _)| *check == input.gap.check)
        })
    };
    let line = |row: Option<&Responsibility>| OwnedLine {
        framework: held.framework.clone(),
        framework_title: framework_title(input.catalog, &held.framework),
        control: held.control.clone(),
        objective: row.and_then(|row| row.objective.clone()),
        title: input
            .catalog
            .control(&held.framework, held.control.as_str())
            .map(|control| control.title.clone())
            .unwrap_or_default(),
        accountable: row.map(|row| row.accountable),
        kind: row.map(|row| kind_words(row.kind)),
        matrix: matrix.map_or("none", |(_, state)| state.for_people()),
    };
    let parts: Vec<OwnedLine> = rows.clone().filter(bears_on).map(|row| line(Some(row))).collect();
    if parts.is_empty() { vec![line(rows.clone().find(|row| row.objective.is_none()))] } else { parts }
}

/// One sentence: handed over by whom, or accountable for how much of what is held back.
fn why(input: &GapDetailInput<'_>, rows: &[OwnedLine]) -> String {
    let gap = input.gap;
    let title = gap.party.title();
    let assignment = input.decisions.assignment(gap.id, input.as_of);
    if let Some(handed) = assignment.filter(|one| one.party == Some(gap.party)) {
        return format!("{} handed it to {title} on {}.", handed.by.name, handed.at.for_people());
    }
    let of = |party: Party| rows.iter().filter(|row| row.accountable == Some(party)).count();
    let has_parts = rows.iter().any(|row| row.objective.is_some());
    let all = format!("{} {}", rows.len(), if has_parts { "controls and objectives" } else { "controls" });
    match gap.party {
        Party::Provider => format!(
            "The provider is accountable for {} of the {all} it holds back, internal IT for {}.",
            of(Party::Provider),
            of(Party::Internal)
        ),
        party => {
            let vendor = of(Party::Vendor);
            let inherited =
                if vendor > 0 { format!(" and follows up {vendor} that a vendor runs") } else { String::new() };
            format!(
                "{} is accountable for {} of the {all} it holds back{inherited}, the provider for {}.",
                party.title(),
                of(party),
                of(Party::Provider)
            )
        }
    }
}

fn shown_by(input: &GapDetailInput<'_>, leaf: u64) -> ShownBy {
    let sealed = input.evidence.iter().find(|one| one.leaf == leaf);
    ShownBy {
        leaf,
        record_hash: sealed.map(|one| one.record_hash),
        dataset: sealed.map(|one| one.dataset.clone()),
        title: sealed.map(|one| dataset_title(input.catalog, &one.dataset)),
        collected_at: sealed.map(|one| one.collected_at),
    }
}
