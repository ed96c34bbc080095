//! One objective: everything that bears on it, and what that comes to.
//!
//! In this order:
//! 1. A `full` or `part` check that fails on any target in scope: not met, whatever anybody states; unless a statement on a
//!    form that stands in for the control as written (an enduring exception, a compensating control, an addressable
//!    specification with another measure) names that check.
//! 2. A statement that leaves it open on purpose, because it was left out untested or only some of it is there:
//!    undetermined ([`open`]).
//! 3. A statement that it does not apply: not applicable, if the framework lets the control not apply and nothing stands in
//!    the statement's way, else undetermined.
//! 4. Where the responsibilities say that it is inherited from a vendor: met only by a statement with the vendor's
//!    document on file and an end date, if nothing stands in its way. No machine shows what a vendor does.
//! 5. `full` checks that pass on every target in scope, while no `full` or `part` check is left open: met by machine.
//! 6. A statement that it is met: met, if nothing stands in its way.
//! 7. Else undetermined, with what is missing in words.
//!
//! What stands in the way of a statement: a `full` or `part` check that was not seen on a target in scope; a supporting
//! check that fails or was not seen, unless the statement names it. A statement that stands in for the control as written
//! may name every check. So losing sight of a failure never makes anything met:
//! taking any result away leaves an objective as it is or makes it undetermined. Where no machine looks at all, because no
//! check covers it or nothing is connected that it could read, a person may state it. A framework that is judged by
//! another's objectives takes over checks, not statements: what was stated was stated about that framework's scope.

pub(super) mod open;

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Answers;
use super::statement::{self, Forms, Statements};
use crate::model::attestation::{Attestation, Claim};
use crate::model::change::Disconnection;
use crate::model::control::{Bearing, ControlState, ObjectiveStatus, OpenAs, Proof};
use crate::model::finding::FindingOutcome;
use crate::model::id::{CheckId, ControlId, ObjectiveId};
use crate::model::responsibility::{Responsibility, ResponsibilityKind};
use crate::model::time::Timestamp;

/// What the objectives of one framework are judged by.
pub(super) struct Grounds<'a> {
    pub answers: BTreeMap<&'a CheckId, Answers<'a>>,
    pub statements: Statements<'a>,
    pub forms: &'a Forms,
    /// Rows of the split in force, by control and objective.
    pub rows: BTreeMap<(&'a ControlId, Option<&'a ObjectiveId>), &'a Responsibility>,
    /// Controls that always apply, whatever is stated.
    pub binding: BTreeSet<&'a ControlId>,
}

/// A status and the oldest moment it rests on.
pub(super) struct Judgement {
    pub status: ObjectiveStatus,
    pub as_of: Option<Timestamp>,
}

/// What was found out about one objective.
struct Case<'a> {
    forms: &'a Forms,
    proofs: Vec<(&'a CheckId, Proof, &'a Answers<'a>)>,
    /// Failures first, then what is not known.
    bearings: Vec<Bearing>,
    /// Nothing makes it not applicable.
    is_binding: bool,
}

/// Where it stands, why, and the leaf of the attestation that it rests on or that does not count.
struct Conclusion {
    state: ControlState,
    because: String,
    attestation: Option<u64>,
    set_aside: Option<u64>,
    open_as: Option<OpenAs>,
}

/// Rolls up one objective from the checks that bear on it and what was stated about it. `against` is what stands in the way
/// of a statement that some of the control is there ([`open::against_partial`]).
pub(super) fn judge<'a>(
    grounds: &'a Grounds<'a>,
    control: &ControlId,
    objective: ObjectiveId,
    proofs: &'a [(CheckId, Proof)],
    against: Option<&str>,
) -> Judgement {
    let answered = |(check, proof): &'a (CheckId, Proof)| Some((check, *proof, grounds.answers.get(check)?));
    let case = Case {
        is_binding: grounds.binding.contains(control),
        ..Case::of(grounds.forms, proofs.iter().filter_map(answered).collect())
    };
    let stated = grounds.statements.on(control, &objective);
    let row = grounds.rows.get(&(control, Some(&objective))).or_else(|| grounds.rows.get(&(control, None)));
    let inherited = row.filter(|row| row.kind == ResponsibilityKind::Inherited);
    let mut conclusion = case.conclude(stated, inherited.copied(), against);
    if let (ControlState::Undetermined, None, Some(ended)) =
        (conclusion.state, stated, grounds.statements.ended(control, &objective))
    {
        let until = ended.valid_until.map(Timestamp::for_people).unwrap_or_default();
        conclusion.because =
            format!("{} {}; that ended on {until}.", conclusion.because, statement::says(ended, grounds.forms));
        conclusion.set_aside = Some(ended.leaf);
    }
    let stated_at = stated.filter(|one| conclusion.attestation == Some(one.leaf)).map(|one| one.valid_from);
    let seen_at = case.proofs.iter().filter_map(|(_, _, answers)| answers.oldest);
    let as_of = seen_at.chain(stated_at).min();
    let Conclusion { state, because, attestation, set_aside, open_as } = conclusion;
    let status =
        ObjectiveStatus { objective, state, because, bearings: case.bearings, attestation, set_aside, open_as };
    Judgement { status, as_of }
}

impl<'a> Case<'a> {
    fn of(forms: &'a Forms, proofs: Vec<(&'a CheckId, Proof, &'a Answers<'a>)>) -> Self {
        let mut all: Vec<_> = proofs
            .iter()
            .flat_map(|(check, proof, answers)| answers.all.iter().map(move |answer| (*check, *proof, answer)))
            .collect();
        all.sort_by(|one, other| {
            (other.2.outcome, other.1).cmp(&(one.2.outcome, one.1)).then_with(|| one.0.cmp(other.0))
        });
        let bearing = |(check, proof, answer): (&CheckId, Proof, &super::answers::Answer<'_>)| Bearing {
            check: check.clone(),
            target: answer.target.to_owned(),
            proof,
            outcome: answer.outcome,
            because: answer.because.clone().into_owned(),
            evidence: answer.evidence.to_vec(),
        };
        Self { forms, bearings: all.into_iter().map(bearing).collect(), proofs, is_binding: false }
    }

    fn conclude(
        &self,
        stated: Option<&Attestation>,
        inherited: Option<&Responsibility>,
        against: Option<&str>,
    ) -> Conclusion {
        let excused = |bearing: &Bearing| stated.is_some_and(|one| self.excuses(one, bearing));
        let counts = |bearing: &Bearing| bearing.proof >= Proof::Part && !excused(bearing);
        if let Some(failing) = self.first(FindingOutcome::Fail, counts) {
            let because = sentence(&failing.because);
            return match stated {
                Some(one) if one.claim == Claim::Partial => {
                    open::partly_failing(one, &because, &statement::says(one, self.forms), against)
                }
                Some(one) => {
                    let because = format!("{because} {}, but the check fails.", statement::says(one, self.forms));
                    Conclusion { set_aside: Some(one.leaf), ..Conclusion::of(ControlState::NotMet, because) }
                }
                None => Conclusion::of(ControlState::NotMet, failing.because.clone()),
            };
        }
        match (stated, inherited) {
            (Some(one), _) if one.claim.leaves_open() => {
                open::left_open(one, &statement::says(one, self.forms), against)
            }
            (Some(one), _) if one.claim == Claim::NotApplicable => self.by_statement(one),
            (_, Some(row)) => self.inherited(stated, row),
            (_, None) if self.is_proved() => {
                let asked: usize = self.full().map(|answers| answers.all.len()).sum();
                let results = if asked == 1 { "the one result".to_owned() } else { format!("all {asked} results") };
                let because = format!("Proved by machine on {results} in scope.");
                Conclusion::of(ControlState::Met, because)
            }
            (Some(one), None) => self.by_statement(one),
            (None, None) => Conclusion::of(ControlState::Undetermined, self.missing()),
        }
    }

    /// What a statement comes to.
    fn by_statement(&self, one: &Attestation) -> Conclusion {
        let says = statement::says(one, self.forms);
        if self.is_binding && one.claim == Claim::NotApplicable {
            let because = format!(
                "{says}. That does not count: {} has no form by which this would not apply, so it has to be shown.",
                one.framework
            );
            return Conclusion { set_aside: Some(one.leaf), ..Conclusion::of(ControlState::Undetermined, because) };
        }
        if let Some(hindrance) = self.hindrance(one) {
            let because = format!("{says}. That does not count yet: {hindrance}");
            return Conclusion { set_aside: Some(one.leaf), ..Conclusion::of(ControlState::Undetermined, because) };
        }
        let spoken_to = |bearing: &Bearing| bearing.proof >= Proof::Part && self.excuses(one, bearing);
        if let Some(failing) = self.first(FindingOutcome::Fail, spoken_to) {
            let because = format!(
                "{says}.{} It speaks to the check {}, which fails: {}",
                statement::until(one),
                failing.check,
                sentence(&failing.because)
            );
            return Conclusion { attestation: Some(one.leaf), ..Conclusion::of(ControlState::Met, because) };
        }
        let state = if one.claim == Claim::NotApplicable { ControlState::NotApplicable } else { ControlState::Met };
        let passes = self.proofs.iter().any(|(_, proof, answers)| *proof >= Proof::Part && answers.passed > 0);
        let seen = if passes && state == ControlState::Met { " What machines can see is in order." } else { "" };
        let because = format!("{says}.{}{seen}", statement::until(one));
        Conclusion { attestation: Some(one.leaf), ..Conclusion::of(state, because) }
    }

    /// What a vendor does for the organization is shown by the vendor's document, in date.
    fn inherited(&self, stated: Option<&Attestation>, row: &Responsibility) -> Conclusion {
        let document = row.document.as_deref().map_or_else(
            || "the vendor's document, which the responsibilities do not name yet".to_owned(),
            |document| format!("the vendor's document \"{document}\""),
        );
        let Some(one) = stated else {
            let because = format!(
                "A vendor does this; somebody has to put {document} on file, with a statement that says until when it is \
                 valid."
            );
            return Conclusion::of(ControlState::Undetermined, because);
        };
        let lacks = match (one.artifacts.is_empty(), one.valid_until) {
            (true, _) => "it is not on file",
            (false, None) => "nobody said until when it is valid",
            (false, Some(_)) => return self.by_statement(one),
        };
        let because = format!(
            "{}. A vendor does this, so {document} has to show it, and {lacks}.",
            statement::says(one, self.forms)
        );
        Conclusion { set_aside: Some(one.leaf), ..Conclusion::of(ControlState::Undetermined, because) }
    }

    /// What stands in the way of a statement. A check that could contradict it has to have been seen.
    fn hindrance(&self, one: &Attestation) -> Option<String> {
        let is_unanswered =
            |bearing: &Bearing| bearing.proof == Proof::Supporting && !one.addresses.contains(&bearing.check);
        if let Some(failing) = self.first(FindingOutcome::Fail, is_unanswered) {
            return Some(format!(
                "it says nothing about the supporting check {}, which fails: {}",
                failing.check,
                sentence(&failing.because)
            ));
        }
        let hides =
            |bearing: &Bearing| (bearing.proof >= Proof::Part && !self.excuses(one, bearing)) || is_unanswered(bearing);
        let open = self.bearings.iter().filter(|bearing| bearing.outcome == FindingOutcome::Unknown && hides(bearing));
        let first = self.first(FindingOutcome::Unknown, hides)?;
        Some(format!("{} {}", results_missing(open.count()), first.because))
    }

    /// Whether a statement stands in for what a check asks of a target: it is of that kind, and names both.
    fn excuses(&self, one: &Attestation, bearing: &Bearing) -> bool {
        one.addresses.contains(&bearing.check) && statement::departs(one, &bearing.target, self.forms)
    }

    /// Full proofs pass on every target in scope, and nothing that could contradict them is open. Two full proofs may look
    /// at different kinds of target; none of them may be left open on any.
    fn is_proved(&self) -> bool {
        let mut full = self.full().filter(|answers| !answers.all.is_empty()).peekable();
        let unseen = self.proofs.iter().any(|(_, proof, answers)| *proof >= Proof::Part && answers.open > 0);
        full.peek().is_some() && !unseen && full.all(|answers| answers.passed == answers.all.len())
    }

    fn last_disconnected(&self) -> Option<&'a Disconnection> {
        self.proofs.iter().filter_map(|(_, _, answers)| answers.disconnected).max_by_key(|gone| gone.at)
    }

    fn full(&self) -> impl Iterator<Item = &'a Answers<'a>> {
        self.proofs.iter().filter(|(_, proof, _)| *proof == Proof::Full).map(|(_, _, answers)| *answers)
    }

    fn first(&self, outcome: FindingOutcome, wanted: impl Fn(&Bearing) -> bool) -> Option<&Bearing> {
        self.bearings.iter().find(|bearing| bearing.outcome == outcome && wanted(bearing))
    }

    /// Why nothing can be said, and what would change that.
    fn missing(&self) -> String {
        if self.proofs.is_empty() {
            return "No check covers this; a person has to show it.".to_owned();
        }
        if self.bearings.is_empty() {
            return if self.proofs.iter().any(|(_, _, answers)| answers.left_out > 0) {
                "Everything that could show this is out of scope for this framework; a person has to show it."
                    .to_owned()
            } else if let Some(gone) = self.last_disconnected() {
                format!(
                    "{} was disconnected on {} by {}, and nothing else is connected that could show this; connect a source or \
                     have a person show it.",
                    gone.target,
                    gone.at.for_people(),
                    gone.by.name
                )
            } else {
                "Nothing is connected that could show this; connect a source or have a person show it.".to_owned()
            };
        }
        if let Some(failing) = self.first(FindingOutcome::Fail, |_| true) {
            return format!("A supporting check fails and a statement would have to address it: {}", failing.because);
        }
        let open: usize = self.proofs.iter().map(|(_, _, answers)| answers.open).sum();
        if let (true, Some(unknown)) = (open > 0, self.first(FindingOutcome::Unknown, |_| true)) {
            return format!("{} {}", results_missing(open), unknown.because);
        }
        if !self.bearings.iter().any(|bearing| bearing.outcome == FindingOutcome::Pass) {
            return "The checks do not apply here; that alone does not make the control not applicable. A person decides."
                .to_owned();
        }
        "What machines can see is in order, but it is only part of the proof; a person has to state the rest."
            .to_owned()
    }
}

impl Conclusion {
    fn of(state: ControlState, because: String) -> Self {
        Self { state, because, attestation: None, set_aside: None, open_as: None }
    }
}

/// `1 result is missing.`
fn results_missing(many: usize) -> String {
    if many == 1 { "1 result is missing.".to_owned() } else { format!("{many} results are missing.") }
}

/// A reason as a whole sentence.
fn sentence(reason: &str) -> String {
    let reason = reason.trim();
    if reason.ends_with(['.', '!', '?']) { reason.to_owned() } else { format!("{reason}.") }
}
