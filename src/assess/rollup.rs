//! Objectives -> controls -> parents, for one framework. A parent is derived from its parts and judged by nothing else,
//! save objectives that it lists itself and checks that bear on it. Start with [`framework_statuses`].

use std::collections::{BTreeMap, BTreeSet};

use super::Situation;
use super::objective::judge;
use crate::catalog::framework::{Control, Framework};
use crate::model::control::{ControlState, ControlStatus, ObjectiveStatus};
use crate::model::id::{ControlId, ObjectiveId};
use crate::model::time::Timestamp;

/// The status of every assessable control of a framework, in the framework's order. Rows that only state scope or
/// definitions have none.
#[must_use]
pub fn framework_statuses(situation: &Situation<'_>, framework: &Framework) -> Vec<ControlStatus> {
    let mut own: BTreeMap<&ControlId, ControlStatus> = BTreeMap::new();
    for control in framework.controls.iter().filter(|control| control.assessable) {
        own.insert(&control.id, own_status(situation, framework, control));
    }
    // Parents follow from their children, deepest first.
    let mut parents: Vec<&Control> = framework
        .controls
        .iter()
        .filter(|control| control.assessable && situation.catalog.children(&framework.id, &control.id).next().is_some())
        .collect();
    parents.sort_by_key(|control| std::cmp::Reverse(depth(framework, control)));
    for parent in parents {
        let children: Vec<&ControlStatus> =
            parts_of(situation, framework, parent).into_iter().filter_map(|child| own.get(&child.id)).collect();
        if let Some(derived) = from_children(&children)
            && let Some(status) = own.get(&parent.id)
        {
            let merged = merge(parent, status, derived);
            own.insert(&parent.id, merged);
        }
    }
    framework.controls.iter().filter_map(|control| own.remove(&control.id)).collect()
}

/// The nearest controls below `parent` that have a status, in the framework's order; a row that only groups them is
/// passed through.
fn parts_of<'a>(situation: &Situation<'_>, framework: &'a Framework, parent: &Control) -> Vec<&'a Control> {
    let mut seen = BTreeSet::from([parent.id.clone()]);
    let mut parts = BTreeSet::new();
    let mut open: Vec<&Control> = situation.catalog.children(&framework.id, &parent.id).collect();
    while let Some(control) = open.pop() {
        if !seen.insert(control.id.clone()) {
            continue;
        }
        if control.assessable {
            parts.insert(&control.id);
        } else {
            open.extend(situation.catalog.children(&framework.id, &control.id));
        }
    }
    framework.controls.iter().filter(|control| parts.contains(&control.id)).collect()
}

fn depth(framework: &Framework, control: &Control) -> usize {
    let mut depth = 0;
    let mut next = control.parent.as_ref();
    while let Some(parent) = next {
        depth += 1;
        if depth > framework.controls.len() {
            break;
        }
        next = framework.controls.iter().find(|other| other.id == *parent).and_then(|other| other.parent.as_ref());
    }
    depth
}

fn own_status(situation: &Situation<'_>, framework: &Framework, control: &Control) -> ControlStatus {
    let whole: Option<ObjectiveId> = control.id.as_str().parse().ok();
    let ids = control.objectives.iter().map(|objective| objective.id.clone());
    let ids: Vec<ObjectiveId> = if control.objectives.is_empty() { whole.into_iter().collect() } else { ids.collect() };
    let mut objectives = Vec::with_capacity(ids.len());
    let mut as_of: Option<Timestamp> = None;
    for id in ids {
        let proofs = situation.catalog.checks_for_objective(&framework.id, id.as_str());
        let judged = judge(situation, &id, proofs);
        as_of = [as_of, judged.as_of].into_iter().flatten().min();
        objectives.push(judged.status);
    }
    let (state, because) = combine(&objectives);
    ControlStatus { framework: framework.id.clone(), control: control.id.clone(), state, because, objectives, as_of }
}

/// One objective not met makes the control not met; all met make it met.
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
        (None, all) => (ControlState::Met, format!("All {all} objectives are proved.")),
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
    Some((ControlState::Met, format!("All {all} parts are met."), as_of))
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
