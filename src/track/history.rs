//! Gaps and requests as they stood at an earlier moment, worked out from what happened until then.
//!
//! A gap is kept as it stands now. What it was on a day before follows from its events (opened, closed, came back) and
//! from the last failure that was known then; whose turn it was, from the responsibilities in force then. Start with
//! [`gap_at`].

use std::collections::BTreeMap;

use super::assignment::given_to;
use super::gaps::{GapChange, GapRules, follow_up};
use super::owner::Owners;
use crate::catalog::Catalog;
use crate::model::control::ControlState;
use crate::model::decision::Decisions;
use crate::model::finding::{CheckResult, FindingOutcome};
use crate::model::gap::{Assignment, EvidenceRequest, Gap, GapState, Happening};
use crate::model::id::{ControlId, FrameworkId, GapId};
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;

/// Something that happened to a gap, with what was said of it then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEvent {
    pub change: GapChange,
    pub at: Timestamp,
    pub because: String,
    pub evidence: Vec<u64>,
    /// Leaf of its `change/1` record.
    pub leaf: u64,
}

/// A failing result of a check on a target, and when it was judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Failure<'a> {
    pub result: &'a CheckResult,
    pub judged_at: Timestamp,
}

/// A gap as it stood when `events` were all that had happened to it; none when it had not been opened. `failure` is the
/// last time its check failed on its target by then: what is wrong, on which resources, and what shows it.
#[must_use]
pub fn gap_at(gap: &Gap, events: &[PastEvent], failure: Option<Failure<'_>>) -> Option<Gap> {
    let last = events.last()?;
    let mut then = Gap { state: GapState::Open, closed_at: None, reopened: 0, ..gap.clone() };
    for event in events {
        match event.change {
            GapChange::Opened | GapChange::SeenAgain => then.state = GapState::Open,
            GapChange::AwaitingEvidence => then.state = GapState::AwaitingEvidence,
            GapChange::Closed => (then.state, then.closed_at) = (GapState::Closed, Some(event.at)),
            GapChange::Reopened => {
                (then.state, then.closed_at) = (GapState::Open, None);
                then.reopened += 1;
            }
        }
    }
    then.because.clone_from(&last.because);
    then.evidence.clone_from(&last.evidence);
    then.last_seen_at = failure.map_or(gap.opened_at, |failure| failure.judged_at);
    if then.state == GapState::Closed {
        then.resources.clear();
    } else if let Some(Failure { result, .. }) = failure {
        then.because.clone_from(&result.because);
        then.evidence.clone_from(&result.evidence);
        let failing = result.resources.iter().filter(|one| one.outcome == FindingOutcome::Fail);
        then.resources = failing.map(|one| one.resource.clone()).collect();
    }
    Some(then)
}

/// The gap with the party whose turn it is by these responsibilities, and what that party should do. A closed gap keeps
/// the party that had it.
#[must_use]
pub fn with_party(gap: Gap, catalog: &Catalog, owners: &Owners<'_>) -> Gap {
    if gap.state == GapState::Closed {
        return gap;
    }
    let party = owners.of_fault(catalog, &gap.check, &gap.controls);
    given_to(gap, party, catalog)
}

/// A request as it stood at a moment, with what it asked for then; none when nobody had asked. `asked` is what was
/// undetermined then, and why.
#[must_use]
pub fn request_at(
    request: &EvidenceRequest,
    asked: &BTreeMap<(&FrameworkId, &ControlId), &str>,
    moment: Timestamp,
) -> Option<EvidenceRequest> {
    if request.opened_at > moment {
        return None;
    }
    let mut then = request.clone();
    then.closed_at = request.closed_at.filter(|closed| *closed <= moment);
    if then.closed_at.is_none()
        && let Some(because) = asked.get(&(&request.framework, &request.control))
    {
        (*because).clone_into(&mut then.asks_for);
    }
    Some(then)
}

/// The request with the party that has to answer by these responsibilities. A closed one keeps the party that had it.
#[must_use]
pub fn request_with_party(request: EvidenceRequest, owners: &Owners<'_>) -> EvidenceRequest {
    match owners.acting(&request.framework, &request.control) {
        Some(party) if request.closed_at.is_none() => EvidenceRequest { party, ..request },
        _ => request,
    }
}

/// What the gaps of a moment would have been, had these results been known: evidence that came in late, and old evidence
/// judged again. `kept` are all gaps as they are kept, so that a fault that was noted later keeps its id.
#[must_use]
pub fn with_late_results(rules: &GapRules<'_>, then: Vec<Gap>, late: &[CheckResult], kept: &[Gap]) -> Vec<Gap> {
    let changed = follow_up(rules, &then, late);
    let mut gaps: BTreeMap<_, _> = then.into_iter().map(|gap| ((gap.check.clone(), gap.target.clone()), gap)).collect();
    for mut gap in changed.into_iter().map(|tracked| tracked.gap) {
        let identity = (gap.check.clone(), gap.target.clone());
        let noted_later = kept.iter().find(|one| (&one.check, &one.target) == (&gap.check, &gap.target));
        if let (None, Some(kept)) = (gaps.get(&identity), noted_later) {
            gap.id = kept.id;
        }
        gaps.insert(identity, gap);
    }
    gaps.into_values().collect()
}

/// The history of a gap until a moment, oldest first: what evidence showed, who was given it by whom, and what people
/// wrote.
#[must_use]
pub fn story(gap: GapId, events: &[PastEvent], decisions: &Decisions, until: Timestamp) -> Vec<Happening> {
    let seen = events.iter().map(|event| Happening {
        at: event.at,
        what: event.change.for_people().to_owned(),
        text: event.because.clone(),
        by: None,
        leaf: event.leaf,
    });
    let given = decisions.assignments.iter().filter(|one| one.gap == gap).map(|one| Happening {
        at: one.at,
        what: handed(one, decisions),
        text: String::new(),
        by: Some(one.by.clone()),
        leaf: one.leaf,
    });
    let noted = decisions.notes.iter().filter(|one| one.gap == gap).map(|one| Happening {
        at: one.at,
        what: "note".to_owned(),
        text: one.text.clone(),
        by: Some(one.by.clone()),
        leaf: one.leaf,
    });
    let mut story: Vec<Happening> = seen.chain(given).chain(noted).filter(|one| one.at <= until).collect();
    story.sort_by_key(|one| (one.at, one.leaf));
    story
}

/// `assigned to Dana Reyes (Internal IT), due 2026-04-01`.
fn handed(assignment: &Assignment, decisions: &Decisions) -> String {
    let party = assignment.party.map(Party::title);
    let person = assignment.person.as_ref();
    let name = person.map(|handle| decisions.person(handle).map_or_else(|| handle.to_string(), |one| one.name.clone()));
    let due = assignment.due_on.map_or_else(String::new, |day| format!(", due {day}"));
    match (name, party) {
        (Some(name), Some(party)) => format!("assigned to {name} ({party}){due}"),
        (Some(name), None) => format!("assigned to {name}{due}"),
        (None, Some(party)) => format!("handed to {party}{due}"),
        (None, None) => format!("given back to whom the responsibilities name{due}"),
    }
}

/// By control: why it was undetermined, of statuses as they were known then.
#[must_use]
pub fn asked_for<'a>(
    statuses: impl IntoIterator<Item = (&'a FrameworkId, &'a ControlId, ControlState, &'a str)>,
) -> BTreeMap<(&'a FrameworkId, &'a ControlId), &'a str> {
    let undetermined = statuses.into_iter().filter(|(_, _, state, _)| *state == ControlState::Undetermined);
    undetermined.map(|(framework, control, _, because)| ((framework, control), because)).collect()
}

#[cfg(test)]
mod tests;
