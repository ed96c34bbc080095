//! One objective: everything that bears on it, and what that comes to.

use chrono::Duration;

use super::{Situation, hours_to_live, sources_of};
use crate::model::control::{Bearing, ControlState, ObjectiveStatus, Proof};
use crate::model::finding::FindingOutcome;
use crate::model::id::{CheckId, ObjectiveId};
use crate::model::time::Timestamp;

/// A status and the oldest moment it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub status: ObjectiveStatus,
    pub as_of: Option<Timestamp>,
}

/// What one proof comes to over all its targets.
struct Tally {
    passed: usize,
    asked: usize,
    /// Targets without a usable answer.
    open: usize,
    not_applicable: usize,
}

/// Rolls up one objective from the checks that bear on it.
#[must_use]
pub fn judge(situation: &Situation<'_>, objective: &ObjectiveId, proofs: &[(CheckId, Proof)]) -> Judgement {
    let mut bearings = Vec::new();
    let mut tallies = Vec::new();
    let mut as_of: Option<Timestamp> = None;
    for (check, proof) in proofs {
        let (mut of_check, tally, oldest) = bearings_of(situation, check, *proof);
        bearings.append(&mut of_check);
        tallies.push((*proof, tally));
        as_of = [as_of, oldest].into_iter().flatten().min();
    }
    // Failures first, then what is not known, so that readers see first what matters.
    bearings.sort_by(|one, other| {
        (other.outcome, other.proof).cmp(&(one.outcome, one.proof)).then_with(|| one.check.cmp(&other.check))
    });
    let (state, because) = conclude(&bearings, &tallies);
    let status = ObjectiveStatus { objective: objective.clone(), state, because, bearings };
    Judgement { status, as_of }
}

fn conclude(bearings: &[Bearing], tallies: &[(Proof, Tally)]) -> (ControlState, String) {
    let failing =
        bearings.iter().find(|bearing| bearing.outcome == FindingOutcome::Fail && bearing.proof >= Proof::Part);
    if let Some(failing) = failing {
        return (ControlState::NotMet, failing.because.clone());
    }
    // Two full proofs may look at different kinds of target; none of them may be left open on any.
    let full = || tallies.iter().filter(|(proof, _)| *proof == Proof::Full).map(|(_, tally)| tally);
    let asked: usize = full().map(|tally| tally.asked).sum();
    let passed: usize = full().map(|tally| tally.passed).sum();
    // A check that would make it not met has to have been seen, or losing sight of a failure would prove the objective.
    let unseen = tallies.iter().any(|(proof, tally)| *proof >= Proof::Part && tally.open > 0);
    if asked > 0 && passed == asked && !unseen {
        let results = if asked == 1 { "the one result".to_owned() } else { format!("all {asked} results") };
        return (ControlState::Met, format!("Proved by machine on {results} in scope."));
    }
    (ControlState::Undetermined, missing(bearings, tallies))
}

/// Why nothing can be said, and what would change that.
fn missing(bearings: &[Bearing], tallies: &[(Proof, Tally)]) -> String {
    if tallies.is_empty() {
        return "No check covers this; a person has to show it.".to_owned();
    }
    if tallies.iter().all(|(_, tally)| tally.asked == 0) {
        return "Nothing is connected that could show this; connect a source or have a person show it.".to_owned();
    }
    if let Some(failing) = bearings.iter().find(|bearing| bearing.outcome == FindingOutcome::Fail) {
        return format!("A supporting check fails and a statement would have to address it: {}", failing.because);
    }
    let open: usize = tallies.iter().map(|(_, tally)| tally.open).sum();
    if open > 0 {
        let unknown = bearings.iter().find(|bearing| bearing.outcome == FindingOutcome::Unknown);
        let why = unknown.map(|bearing| format!(" {}", bearing.because)).unwrap_or_default();
        let results = if open == 1 { "1 result is".to_owned() } else { format!("{open} results are") };
        return format!("{results} missing.{why}");
    }
    let not_applicable: usize = tallies.iter().map(|(_, tally)| tally.not_applicable).sum();
    let passed: usize = tallies.iter().map(|(_, tally)| tally.passed).sum();
    if passed == 0 && not_applicable > 0 {
        return "The checks do not apply here; that alone does not make the control not applicable. A person decides."
            .to_owned();
    }
    "What machines can see is in order, but it is only part of the proof; a person has to state the rest.".to_owned()
}

/// A check's answers on every in-scope target of its sources; a target it was never asked about is `unknown`.
fn bearings_of(situation: &Situation<'_>, check: &CheckId, proof: Proof) -> (Vec<Bearing>, Tally, Option<Timestamp>) {
    let mut tally = Tally { passed: 0, asked: 0, open: 0, not_applicable: 0 };
    let mut bearings = Vec::new();
    let mut oldest: Option<Timestamp> = None;
    let Some(definition) = situation.catalog.checks.get(check) else { return (bearings, tally, oldest) };
    let limit = hours_to_live(situation.catalog, definition).map(|hours| (hours, Duration::hours(i64::from(hours))));
    let sources = sources_of(situation.catalog, definition);
    let targets = sources.iter().filter_map(|source| situation.targets.get(source)).flatten();
    for target in targets {
        tally.asked += 1;
        let judged = situation.results.get(check, target);
        let (outcome, because, evidence) = match judged {
            None => (
                FindingOutcome::Unknown,
                format!("{target} was not looked at for \"{}\".", definition.title),
                Vec::new(),
            ),
            Some(judged) => {
                oldest = Some(oldest.map_or(judged.seen_at, |known| known.min(judged.seen_at)));
                let result = &judged.result;
                match limit {
                    Some((hours, limit)) if situation.now.since(judged.seen_at) > limit => (
                        FindingOutcome::Unknown,
                        format!(
                            "{target} was last looked at on {}; after {hours} hours that no longer counts.",
                            judged.seen_at.for_people()
                        ),
                        result.evidence.clone(),
                    ),
                    _ => (result.outcome, result.because.clone(), result.evidence.clone()),
                }
            }
        };
        match outcome {
            FindingOutcome::Pass => tally.passed += 1,
            FindingOutcome::Unknown => tally.open += 1,
            FindingOutcome::NotApplicable => tally.not_applicable += 1,
            FindingOutcome::Fail => {}
        }
        bearings.push(Bearing { check: check.clone(), target: target.clone(), proof, outcome, because, evidence });
    }
    (bearings, tally, oldest)
}
