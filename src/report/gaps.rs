//! The gap list of one party: what it has to mend over all frameworks in use, and what it still has to show.
//!
//! A person who mends things works down one list, whatever framework asks for it. Start with [`gap_list`].

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::data::{Basis, LedgerHead, OrganizationHeading};
use super::work::{RESOURCES_SHOWN, severity_rank};
use crate::catalog::Catalog;
use crate::model::decision::Decisions;
use crate::model::gap::{ControlRef, EvidenceRequest, Fault, Gap, GapState, Happening};
use crate::model::id::{CheckId, ControlId, FrameworkId, GapId, PersonHandle};
use crate::model::organization::Organization;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::model::turn::turn;

/// Steps of a gap's history that are printed; what came before is given as a number.
const STEPS_SHOWN: usize = 6;

/// Everything a gap list is made of, as known at `as_of`.
#[derive(Debug, Clone, Copy)]
pub struct GapsInput<'a> {
    pub organization: &'a Organization,
    pub catalog: &'a Catalog,
    pub party: Party,
    /// Gaps of all parties, each with the party whose turn it is; closed ones are left out.
    pub gaps: &'a [Gap],
    pub requests: &'a [EvidenceRequest],
    pub decisions: &'a Decisions,
    pub stories: &'a BTreeMap<GapId, Vec<Happening>>,
    /// What each gap was found to be wrong in, as far as that is known.
    pub faults: &'a BTreeMap<GapId, Vec<Fault>>,
    /// When the first evidence was collected; none while there is none.
    pub first_evidence: Option<Timestamp>,
    pub checkpoint: Option<&'a LedgerHead>,
    pub as_of: Timestamp,
    pub generated_at: Timestamp,
}

/// The gap list of one party.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapsReport {
    pub organization: OrganizationHeading,
    pub basis: Basis,
    pub party: Party,
    pub title: &'static str,
    /// The one a gap is handed on to.
    pub other_party: Party,
    /// The frameworks in use, by title.
    pub frameworks: Vec<String>,
    /// False for a moment before anything was collected: then nothing is counted.
    pub had_evidence: bool,
    pub first_evidence: Option<Timestamp>,
    /// How many there are of each severity, the worst first.
    pub severities: Vec<SeverityCount>,
    pub overdue: usize,
    pub unassigned: usize,
    /// Most severe first, then what is due first, then oldest first.
    pub gaps: Vec<GapEntry>,
    /// What this party does about gaps that are another's turn, in the same order.
    pub parts: Vec<PartEntry>,
    /// Open requests, those that ask for the same thing together.
    pub asks: Vec<AskEntry>,
    /// How many controls these requests are about.
    pub asked_controls: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeverityCount {
    pub severity: String,
    pub count: usize,
}

/// One fault with everything its mender needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapEntry {
    pub id: GapId,
    /// As many digits of the id as tell it from every other gap.
    pub short_id: String,
    pub check: CheckId,
    pub target: String,
    pub title: String,
    pub severity: String,
    pub state: GapState,
    pub because: String,
    pub remediation: String,
    /// What the others do about it, which may be the real work.
    pub other_parts: Vec<ToDo>,
    pub resources: Vec<String>,
    /// The same thing by thing, each with what is wrong in it; none where that is not known, or `because` says it all.
    pub faults: Vec<Fault>,
    /// How many of them a page shows.
    pub resources_shown: usize,
    pub more_resources: usize,
    pub more_faults: usize,
    pub controls: Vec<HeldBack>,
    pub opened_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub reopened: u32,
    pub assignee: Option<Assignee>,
    pub due_on: Option<NaiveDate>,
    pub is_overdue: bool,
    pub evidence: Vec<u64>,
    /// The newest steps, oldest first.
    pub history: Vec<Happening>,
    pub more_history: usize,
}

/// What a party does about a gap that is another's turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartEntry {
    pub id: GapId,
    pub short_id: String,
    pub title: String,
    pub severity: String,
    pub state: GapState,
    pub target: String,
    /// Whose turn it is.
    pub turn: Party,
    pub because: String,
    /// As [`GapEntry::faults`].
    pub faults: Vec<Fault>,
    pub faults_shown: usize,
    pub more_faults: usize,
    pub text: String,
    #[serde(skip)]
    opened_at: Timestamp,
}

/// What a party does to mend a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToDo {
    pub party: Party,
    pub text: String,
}

/// What every party does about a gap that differs from what the party whose turn it is does.
pub(super) fn other_parts(catalog: &Catalog, gap: &Gap) -> Vec<ToDo> {
    let texts = catalog.checks.get(&gap.check).map(|check| &check.metadata.remediation);
    let all = texts.into_iter().flatten().map(|(party, text)| ToDo { party: *party, text: text.trim().to_owned() });
    all.filter(|one| one.party != gap.party && one.text != gap.remediation.trim()).collect()
}

/// Who has a gap in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignee {
    pub handle: PersonHandle,
    pub name: String,
    /// They no longer act for their party: somebody else must take it.
    pub has_left: bool,
}

impl Assignee {
    /// The person with this handle, as known at a moment.
    #[must_use]
    pub fn new(handle: &PersonHandle, decisions: &Decisions, at: Timestamp) -> Self {
        let person = decisions.person(handle);
        Self {
            handle: handle.clone(),
            name: person.map_or_else(|| handle.to_string(), |person| person.name.clone()),
            has_left: person.is_none_or(|person| !person.is_active(at)),
        }
    }
}

/// Controls of one framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    pub framework: FrameworkId,
    pub title: String,
    pub controls: Vec<ControlId>,
}

/// Several requests for the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskEntry {
    pub asks_for: String,
    pub since: Timestamp,
    pub controls: Vec<HeldBack>,
}

/// Builds the list.
#[must_use]
pub fn gap_list(input: GapsInput<'_>) -> GapsReport {
    let open = |gap: &&Gap| gap.state != GapState::Closed && gap.party == input.party;
    let ids: Vec<String> = input.gaps.iter().map(|gap| gap.id.to_string()).collect();
    let mut gaps: Vec<GapEntry> = input.gaps.iter().filter(open).map(|gap| entry(&input, gap, &ids)).collect();
    gaps.sort_by_key(|gap| {
        let due = (gap.due_on.is_none(), gap.due_on);
        (std::cmp::Reverse(severity_rank(&gap.severity)), due, gap.opened_at, gap.id)
    });
    let open_elsewhere = input.gaps.iter().filter(|gap| gap.state != GapState::Closed && gap.party != input.party);
    let mut parts: Vec<PartEntry> = open_elsewhere.filter_map(|gap| part(&input, gap, &ids)).collect();
    parts.sort_by_key(|one| (std::cmp::Reverse(severity_rank(&one.severity)), one.opened_at, one.id));
    let mut severities: Vec<SeverityCount> = Vec::new();
    for gap in &gaps {
        match severities.last_mut() {
            Some(last) if last.severity == gap.severity => last.count += 1,
            _ => severities.push(SeverityCount { severity: gap.severity.clone(), count: 1 }),
        }
    }
    let open = |request: &&EvidenceRequest| request.closed_at.is_none() && request.party == input.party;
    let requests: Vec<&EvidenceRequest> = input.requests.iter().filter(open).collect();
    let titles = input.organization.frameworks.iter().map(|id| framework_title(input.catalog, id));
    GapsReport {
        organization: input.organization.into(),
        basis: Basis {
            as_of: input.as_of,
            generated_at: input.generated_at,
            catalog_digest: input.catalog.digest,
            checkpoint: input.checkpoint.cloned(),
        },
        party: input.party,
        title: input.party.title(),
        other_party: if input.party == Party::Provider { Party::Internal } else { Party::Provider },
        frameworks: titles.collect(),
        had_evidence: input.first_evidence.is_some_and(|first| first <= input.as_of),
        first_evidence: input.first_evidence,
        severities,
        overdue: gaps.iter().filter(|gap| gap.is_overdue).count(),
        unassigned: gaps.iter().filter(|gap| gap.assignee.as_ref().is_none_or(|one| one.has_left)).count(),
        gaps,
        parts,
        asks: asks(&input, &requests),
        asked_controls: requests.len(),
    }
}

fn entry(input: &GapsInput<'_>, gap: &Gap, ids: &[String]) -> GapEntry {
    let faults = told_apart(gap, input.faults);
    let turn = turn(gap, input.decisions, input.as_of);
    let history = input.stories.get(&gap.id).map(Vec::as_slice).unwrap_or_default();
    let more_history = history.len().saturating_sub(STEPS_SHOWN);
    GapEntry {
        id: gap.id,
        short_id: short_id(&gap.id.to_string(), ids),
        check: gap.check.clone(),
        target: gap.target.clone(),
        title: gap.title.clone(),
        severity: gap.severity.clone(),
        state: gap.state,
        because: gap.because.clone(),
        remediation: gap.remediation.clone(),
        other_parts: other_parts(input.catalog, gap),
        resources: gap.resources.clone(),
        more_faults: faults.len().saturating_sub(RESOURCES_SHOWN),
        faults,
        resources_shown: RESOURCES_SHOWN,
        more_resources: gap.resources.len().saturating_sub(RESOURCES_SHOWN),
        controls: held_back(input, gap.controls.iter()),
        opened_at: gap.opened_at,
        last_seen_at: gap.last_seen_at,
        reopened: gap.reopened,
        assignee: turn.handle.map(|handle| Assignee::new(handle, input.decisions, input.as_of)),
        due_on: turn.due_on,
        is_overdue: turn.is_overdue(input.organization.day_of(input.as_of)),
        evidence: gap.evidence.clone(),
        history: history.iter().skip(more_history).cloned().collect(),
        more_history,
    }
}

/// What a gap was found to be wrong in, where one sentence over all does not say it.
pub(super) fn told_apart(gap: &Gap, faults: &BTreeMap<GapId, Vec<Fault>>) -> Vec<Fault> {
    let all = faults.get(&gap.id).map(Vec::as_slice).unwrap_or_default();
    if all.iter().all(|one| one.because == gap.because) { Vec::new() } else { all.to_vec() }
}

fn part(input: &GapsInput<'_>, gap: &Gap, ids: &[String]) -> Option<PartEntry> {
    let own = other_parts(input.catalog, gap).into_iter().find(|one| one.party == input.party)?;
    let faults = told_apart(gap, input.faults);
    Some(PartEntry {
        id: gap.id,
        short_id: short_id(&gap.id.to_string(), ids),
        title: gap.title.clone(),
        severity: gap.severity.clone(),
        state: gap.state,
        target: gap.target.clone(),
        turn: gap.party,
        because: gap.because.clone(),
        faults_shown: RESOURCES_SHOWN,
        more_faults: faults.len().saturating_sub(RESOURCES_SHOWN),
        faults,
        text: own.text,
        opened_at: gap.opened_at,
    })
}

/// The end of an id that no other one of `ids` has: ids begin with the time they were made, so their ends differ most.
#[must_use]
pub fn short_id(id: &str, ids: &[String]) -> String {
    let at_least = 8;
    let length = (at_least..id.len()).find(|length| {
        let end = id.get(id.len() - length..).unwrap_or(id);
        ids.iter().filter(|other| other.ends_with(end)).count() <= 1
    });
    length.and_then(|length| id.get(id.len() - length..)).unwrap_or(id).to_owned()
}

fn asks(input: &GapsInput<'_>, requests: &[&EvidenceRequest]) -> Vec<AskEntry> {
    let mut grouped: Vec<(&str, Vec<&EvidenceRequest>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for request in requests {
        let place = *places.entry(&request.asks_for).or_insert_with(|| {
            grouped.push((&request.asks_for, Vec::new()));
            grouped.len() - 1
        });
        if let Some((_, together)) = grouped.get_mut(place) {
            together.push(request);
        }
    }
    let mut asks: Vec<AskEntry> = grouped
        .into_iter()
        .map(|(asks_for, together)| {
            let controls: Vec<ControlRef> = together
                .iter()
                .map(|one| ControlRef { framework: one.framework.clone(), control: one.control.clone() })
                .collect();
            AskEntry {
                asks_for: asks_for.to_owned(),
                since: together.iter().map(|one| one.opened_at).min().unwrap_or(input.as_of),
                controls: held_back(input, controls.iter()),
            }
        })
        .collect();
    // One ask that answers many controls is worth doing first.
    asks.sort_by_key(|ask| std::cmp::Reverse(ask.controls.iter().map(|held| held.controls.len()).sum::<usize>()));
    asks
}

/// Controls by framework, frameworks in the organization's order and controls in the framework's.
fn held_back<'a>(input: &GapsInput<'_>, controls: impl Iterator<Item = &'a ControlRef>) -> Vec<HeldBack> {
    let mut by_framework: BTreeMap<&FrameworkId, Vec<&ControlId>> = BTreeMap::new();
    for held in controls {
        by_framework.entry(&held.framework).or_default().push(&held.control);
    }
    let framework = |id: &FrameworkId| {
        let controls = by_framework.remove(id)?.into_iter().cloned().collect();
        Some(HeldBack { framework: id.clone(), title: framework_title(input.catalog, id), controls })
    };
    input.organization.frameworks.iter().filter_map(framework).collect()
}

/// A framework as people name it; the id where the catalog does not know it.
#[must_use]
pub fn framework_title(catalog: &Catalog, id: &FrameworkId) -> String {
    catalog.frameworks.get(id).map_or_else(|| id.to_string(), |one| one.title.clone())
}

#[cfg(test)]
mod tests;
