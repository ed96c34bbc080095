//! Statements that leave an objective open on purpose: it was left out untested (PCI DSS), or some of it is there (CMMC Level 2).
//! Neither ever makes anything met or not applicable. Why so: decision 0018.
//!
//! A partial value belongs to a whole requirement. What stands in its way is therefore looked for among the checks of all
//! its objectives: whatever would stand in the way of a statement that it is met, but for the checks of which the form's way
//! says that they ask for more than was stated.

use std::collections::BTreeMap;

use super::{Case, Conclusion, Grounds, sentence};
use crate::assess::statement;
use crate::catalog::framework::Control;
use crate::model::attestation::{Attestation, Claim};
use crate::model::control::{Bearing, ControlState, OpenAs, Proof};
use crate::model::finding::FindingOutcome;
use crate::model::id::CheckId;

/// Why the statement about a control that some of it is there does not count, in words that go on after "That does not
/// count:". None: it counts, or nobody made one.
pub(in crate::assess) fn against_partial<'a>(
    grounds: &'a Grounds<'a>,
    control: &Control,
    proofs: impl IntoIterator<Item = &'a (CheckId, Proof)>,
) -> Option<String> {
    let one = grounds.statements.on_whole(&control.id).filter(|one| one.claim == Claim::Partial)?;
    if control.partial_value().is_none() {
        return Some("the framework gives it no partial value.".to_owned());
    }
    let way = one.form.as_ref().and_then(|used| grounds.forms.get(&used.id)?.way(used.way.as_deref()?));
    let Some(way) = way.filter(|way| way.suits(control)) else {
        return Some(
            "no form known here says what of it is there, and so nobody can say what speaks against it.".to_owned(),
        );
    };
    // A check that bears on several objectives counts once, as strong as it is anywhere.
    let mut strongest: BTreeMap<&'a CheckId, Proof> = BTreeMap::new();
    for (check, proof) in proofs.into_iter().filter(|(check, _)| !way.says_nothing_of.contains(check)) {
        let known = strongest.entry(check).or_insert(*proof);
        *known = (*known).max(*proof);
    }
    let asked = |(check, proof)| Some((check, proof, grounds.answers.get(check)?));
    let case = Case::of(grounds.forms, strongest.into_iter().filter_map(asked).collect());
    let contradicts = |bearing: &Bearing| bearing.proof >= Proof::Part;
    match case.first(FindingOutcome::Fail, contradicts) {
        Some(failing) => Some(format!("the check {} speaks against it: {}", failing.check, sentence(&failing.because))),
        None => case.hindrance(one),
    }
}

/// What a statement that leaves the objective open comes to where no failing check decides.
pub(super) fn left_open(one: &Attestation, says: &str, against: Option<&str>) -> Conclusion {
    let until = statement::until(one);
    let counts = |open_as, because| Conclusion {
        attestation: Some(one.leaf),
        open_as: Some(open_as),
        ..Conclusion::of(ControlState::Undetermined, because)
    };
    match (one.claim, objection(one, against)) {
        (Claim::Partial, None) => {
            counts(OpenAs::Partial, format!("{says}.{until} That is not all of it, so it is not shown to be met."))
        }
        (_, None) => counts(
            OpenAs::NotTested,
            format!("{says}.{until} It was left out on purpose: nobody is asked for it, and nothing assures it."),
        ),
        (_, Some(objection)) => {
            let because = format!("{says}. That does not count: {objection}");
            Conclusion { set_aside: Some(one.leaf), ..Conclusion::of(ControlState::Undetermined, because) }
        }
    }
}

/// What the failure of a `full` or `part` check comes to beside a statement that some of it is there: not met, in part if the
/// statement counts.
pub(super) fn partly_failing(one: &Attestation, failing: &str, says: &str, against: Option<&str>) -> Conclusion {
    match objection(one, against) {
        None => Conclusion {
            attestation: Some(one.leaf),
            open_as: Some(OpenAs::Partial),
            ..Conclusion::of(ControlState::NotMet, format!("{failing} {says}, which that does not contradict."))
        },
        Some(objection) => {
            let because = format!("{failing} {says}. That does not count: {objection}");
            Conclusion { set_aside: Some(one.leaf), ..Conclusion::of(ControlState::NotMet, because) }
        }
    }
}

/// Why such a statement does not count.
fn objection<'a>(one: &Attestation, against: Option<&'a str>) -> Option<&'a str> {
    match one.claim {
        Claim::Partial if one.objective.is_some() => Some("only the requirement as a whole has a partial value."),
        Claim::Partial => against,
        claim if !claim.is_known_to(&one.framework) => Some("only PCI DSS knows that something is left out untested."),
        _ => None,
    }
}
