//! Objectives -> controls -> parents, for one framework. A parent is derived from its parts and judged by nothing else,
//! save objectives that it lists itself and checks that bear on it; so a statement about a parent decides nothing. The one
//! exception is a parent whose parts are all met by reasons why nothing is done: it is judged itself. Start with
//! [`framework_statuses`].

use super::Situation;
use super::answers;
use super::objective::{Grounds, judge, open};
use super::outline::Outline;
use super::statement::{self, Statements};
use crate::catalog::form::Form;
use crate::catalog::framework::{Control, Framework};
use crate::model::control::{ControlState, ControlStatus, ObjectiveStatus};
use crate::model::id::ObjectiveId;
use crate::model::time::Timestamp;

/// The status of every control of a framework that is judged, in the framework's order. Rows that only state scope or
/// definitions have none, nor have controls outside the chosen questionnaire ([`outside`]).
#[must_use]
pub fn framework_statuses(situation: &Situation<'_>, framework: &Framework) -> Vec<ControlStatus> {
    let outline = Outline::of(situation, framework);
    let matrix = situation.matrices.get(&framework.id).map(|(matrix, _)| matrix.rows.as_slice()).unwrap_or_default();
    let grounds = Grounds {
        answers: answers::of_framework(situation, &framework.id),
        statements: Statements::of(situation.decisions, &framework.id, situation.now),
        forms: &situation.catalog.forms,
        rows: matrix.iter().map(|row| ((&row.control, row.objective.as_ref()), row)).collect(),
        binding: framework
            .controls
            .iter()
            .filter(|control| situation.catalog.always_applies(&framework.id, control))
            .map(|control| &control.id)
            .collect(),
    };
    let mut own: Vec<Option<ControlStatus>> = framework
        .controls
        .iter()
        .enumerate()
        .map(|(at, control)| outline.is_judged(at).then(|| own_status(situation, framework, &grounds, control)))
        .collect();
    for (at, parent) in outline.parents() {
        let parts = outline.parts_of(at);
        let parts: Vec<&ControlStatus> = parts.iter().filter_map(|part| own.get(*part)?.as_ref()).collect();
        let Some(derived) = from_children(&parts) else { continue };
        let undone = by_nothing_done(situation, &parts);
        if let Some(Some(status)) = own.get(at) {
            let merged = match undone {
                Some(form) => itself(parent, status, form, (parts.len(), derived.2)),
                None => merge(parent, status, derived),
            };
            if let Some(status) = own.get_mut(at) {
                *status = Some(merged);
            }
        }
    }
    own.into_iter().flatten().collect()
}

/// The controls of a framework that the chosen questionnaire does not ask, in the framework's order. They have no status:
/// nobody says that they are met. A parent whose parts are all outside is outside; what is unknown is not.
#[must_use]
pub fn outside<'a>(situation: &Situation<'_>, framework: &'a Framework) -> Vec<&'a Control> {
    Outline::of(situation, framework).outside().collect()
}

fn own_status(
    situation: &Situation<'_>,
    framework: &Framework,
    grounds: &Grounds<'_>,
    control: &Control,
) -> ControlStatus {
    let whole: Option<ObjectiveId> = control.id.as_str().parse().ok();
    let ids = control.objectives.iter().map(|objective| objective.id.clone());
    let ids: Vec<ObjectiveId> = if control.objectives.is_empty() { whole.into_iter().collect() } else { ids.collect() };
    let proofs_of = |id: &ObjectiveId| situation.catalog.checks_for_objective(&framework.id, id.as_str());
    let against = open::against_partial(grounds, control, ids.iter().flat_map(proofs_of));
    let mut objectives = Vec::with_capacity(ids.len());
    let mut as_of: Option<Timestamp> = None;
    for id in ids {
        let proofs = proofs_of(&id);
        let judged = judge(grounds, &control.id, id, proofs, against.as_deref());
        as_of = [as_of, judged.as_of].into_iter().flatten().min();
        objectives.push(judged.status);
    }
    let (state, because) = combine(&objectives);
    ControlStatus { framework: framework.id.clone(), control: control.id.clone(), state, because, objectives, as_of }
}

/// One objective not met makes the control not met; all met, or not applicable, make it met.
fn combine(objectives: &[ObjectiveStatus]) -> (ControlState, String) {
    let of = |state| objectives.iter().filter(move |objective| objective.state == state);
    if let Some(failing) = of(ControlState::NotMet).next() {
        return (ControlState::NotMet, failing.because.clone());
    }
    let open = of(ControlState::Undetermined).count();
    match (of(ControlState::Undetermined).next(), objectives.len()) {
        (None, 0) => (ControlState::Undetermined, "Nothing is judged here.".to_owned()),
        (None, _) if of(ControlState::Met).next().is_none() => {
            (ControlState::NotApplicable, objectives.first().map(|one| one.because.clone()).unwrap_or_default())
        }
        (None, 1) => (ControlState::Met, objectives.first().map(|one| one.because.clone()).unwrap_or_default()),
        (None, all) => {
            let met = of(ControlState::Met).count();
            let stated = of(ControlState::Met).filter(|objective| objective.attestation.is_some()).count();
            let how = match stated {
                0 => "proved".to_owned(),
                1 if met == 1 => "shown by a person's statement".to_owned(),
                stated if stated == met => "shown, each by a person's statement".to_owned(),
                stated => format!("shown, {stated} of them by a person's statement"),
            };
            (ControlState::Met, among(met, all, ("objective", "objectives"), &how))
        }
        (Some(first), 1) => (ControlState::Undetermined, first.because.clone()),
        (Some(first), all) => (
            ControlState::Undetermined,
            format!("{open} of {all} objectives are not shown; first {}: {}", first.objective, first.because),
        ),
    }
}

/// What the children say of their parent.
fn from_children(children: &[&ControlStatus]) -> Option<(ControlState, String, Option<Timestamp>)> {
    if children.is_empty() {
        return None;
    }
    let as_of = children.iter().filter_map(|child| child.as_of).min();
    let of = |state| children.iter().filter(move |child| child.state == state);
    if let Some(failing) = of(ControlState::NotMet).next() {
        return Some((ControlState::NotMet, format!("{}: {}", failing.control, failing.because), as_of));
    }
    let open = of(ControlState::Undetermined).count();
    let all = children.len();
    if open > 0 {
        let because = format!("{open} of {all} parts are not shown yet.");
        return Some((ControlState::Undetermined, because, as_of));
    }
    if of(ControlState::Met).next().is_none() {
        return Some((ControlState::NotApplicable, format!("None of the {all} parts applies."), as_of));
    }
    let met = of(ControlState::Met).count();
    Some((ControlState::Met, among(met, all, ("part", "parts"), "met"), as_of))
}

/// `All 3 parts are met.`, or `3 of 5 parts are met; the other 2 do not apply.`
fn among(met: usize, all: usize, (one, many): (&str, &str), how: &str) -> String {
    let noun = if all == 1 { one } else { many };
    let is = if met == 1 { "is" } else { "are" };
    match all - met {
        0 if all == 1 => format!("The one {noun} is {how}."),
        0 => format!("All {all} {noun} are {how}."),
        1 => format!("{met} of {all} {noun} {is} {how}; the other one does not apply."),
        others => format!("{met} of {all} {noun} {is} {how}; the other {others} do not apply."),
    }
}

/// The form by which nothing is done, if every part that applies is met by nothing else.
fn by_nothing_done<'a>(situation: &Situation<'a>, parts: &[&ControlStatus]) -> Option<&'a Form> {
    let mut found = None;
    for part in parts.iter().filter(|part| part.state != ControlState::NotApplicable) {
        let (form, _) = statement::nothing_done(part, situation.decisions, &situation.catalog.forms)?;
        found = Some(form);
    }
    found
}

/// Where a parent stands of whose parts none is done: as it is shown itself, by a statement or by checks that bear on it.
fn itself(
    parent: &Control,
    own: &ControlStatus,
    form: &Form,
    (parts, as_of): (usize, Option<Timestamp>),
) -> ControlStatus {
    let as_of = [own.as_of, as_of].into_iter().flatten().min();
    let is_spoken_to = own.objectives.iter().any(|one| one.set_aside.is_some() || !one.bearings.is_empty());
    if own.state != ControlState::Undetermined || is_spoken_to {
        return ControlStatus { as_of, ..own.clone() };
    }
    let of = if parts == 1 { "its one part".to_owned() } else { format!("any of its {parts} parts") };
    let because = format!(
        "Nothing is done by {of}, for reasons on file. {} itself has to be met all the same ({}): somebody has to state how.",
        parent.id, form.rests_on
    );
    let mut status = ControlStatus { because: because.clone(), as_of, ..own.clone() };
    for objective in status.objectives.iter_mut().filter(|one| one.state == ControlState::Undetermined) {
        objective.because.clone_from(&because);
    }
    status
}

/// A parent's status is its parts', unless a check that bears on the parent itself fails, or an objective that the
/// parent lists itself is not shown. What stands for the parent as a whole, and nothing bears on, is left out: it asks
/// for nothing that the parts do not ask for.
fn merge(parent: &Control, own: &ControlStatus, derived: (ControlState, String, Option<Timestamp>)) -> ControlStatus {
    let (state, because, as_of) = derived;
    let as_of = [own.as_of, as_of].into_iter().flatten().min();
    let is_held_back = own.state == ControlState::Undetermined
        && !parent.objectives.is_empty()
        && matches!(state, ControlState::Met | ControlState::NotApplicable);
    if own.state == ControlState::NotMet || is_held_back {
        return ControlStatus { as_of, ..own.clone() };
    }
    let objectives = if parent.objectives.is_empty() {
        own.objectives.iter().filter(|objective| !objective.bearings.is_empty()).cloned().collect()
    } else {
        own.objectives.clone()
    };
    ControlStatus { state, because, objectives, as_of, ..own.clone() }
}
