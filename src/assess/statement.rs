//! Which attestation speaks to an objective at a moment, and what keeps it from counting.
//!
//! One counts while it is in date and nothing has taken its place; of several the newest. One about the objective itself
//! goes before one about its whole control. A withdrawal ends what it replaces, or without naming any all older ones about
//! the same, and stands for nothing. What replaces another ends it for good: when the newer one runs out, the older one
//! does not come back. Start with [`Statements`].

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::form::Form;
use crate::model::attestation::{Attestation, Claim, FormUse};
use crate::model::control::{ControlState, ControlStatus, ObjectiveStatus};
use crate::model::decision::Decisions;
use crate::model::id::{ControlId, FormId, FrameworkId, ObjectiveId};
use crate::model::time::Timestamp;

type ByUnit<'a> = BTreeMap<(&'a ControlId, Option<&'a ObjectiveId>), &'a Attestation>;

/// The attestations of one framework, as they stand at a moment.
#[derive(Debug, Default)]
pub(super) struct Statements<'a> {
    in_force: ByUnit<'a>,
    /// The newest whose time is over.
    ended: ByUnit<'a>,
}

impl<'a> Statements<'a> {
    pub fn of(decisions: &'a Decisions, framework: &FrameworkId, now: Timestamp) -> Self {
        let begun = decisions.attestations.iter().filter(|one| one.framework == *framework && one.valid_from <= now);
        let begun: Vec<&Attestation> = begun.collect();
        let replaced: BTreeSet<u64> = begun.iter().filter_map(|one| one.replaces).collect();
        let mut statements = Self::default();
        for one in begun {
            let unit = (&one.control, one.objective.as_ref());
            if one.claim == Claim::Withdrawn {
                if one.replaces.is_none() {
                    statements.in_force.remove(&unit);
                    statements.ended.remove(&unit);
                }
            } else if !replaced.contains(&one.leaf) {
                let list = if one.is_in_date(now) { &mut statements.in_force } else { &mut statements.ended };
                list.insert(unit, one);
            }
        }
        statements
    }

    /// The one that speaks to an objective.
    pub fn on(&self, control: &ControlId, objective: &ObjectiveId) -> Option<&'a Attestation> {
        Self::find(&self.in_force, control, objective)
    }

    /// The one that speaks to a control as a whole.
    pub fn on_whole(&self, control: &ControlId) -> Option<&'a Attestation> {
        self.in_force.get(&(control, None)).copied()
    }

    /// The one that spoke to an objective until its time was over.
    pub fn ended(&self, control: &ControlId, objective: &ObjectiveId) -> Option<&'a Attestation> {
        Self::find(&self.ended, control, objective)
    }

    /// The one that spoke to a control as a whole until its time was over.
    pub fn ended_of_whole(&self, control: &ControlId) -> Option<&'a Attestation> {
        self.ended.get(&(control, None)).copied()
    }

    /// All that are in force, and those whose time is over and whose place nothing has taken; in no order that means anything.
    pub fn in_force_or_ended(&self) -> impl Iterator<Item = &'a Attestation> {
        let over = self.ended.iter().filter(|(unit, _)| !self.in_force.contains_key(*unit)).map(|(_, one)| *one);
        self.in_force.values().copied().chain(over)
    }

    /// Those in force that speak to a control or to an objective of it, and those that did until their time was over.
    pub fn about(&self, control: &str) -> (Vec<&'a Attestation>, Vec<&'a Attestation>) {
        let of = |list: &ByUnit<'a>| list.values().copied().filter(|one| one.control.as_str() == control).collect();
        (of(&self.in_force), of(&self.ended))
    }

    fn find(list: &ByUnit<'a>, control: &ControlId, objective: &ObjectiveId) -> Option<&'a Attestation> {
        list.get(&(control, Some(objective))).or_else(|| list.get(&(control, None))).copied()
    }
}

/// The forms of the catalog.
pub(super) type Forms = BTreeMap<FormId, Form>;

/// `Dana Reyes (Internal IT) stated on 2026-03-31 09:00 UTC that it is met`, without a full stop. On a form it is the form's
/// words that go on after the time.
pub(super) fn says(one: &Attestation, forms: &Forms) -> String {
    let on_form = one.form.as_ref().and_then(|used| forms.get(&used.id)?.says(used));
    let what = match (one.claim, on_form) {
        (Claim::Withdrawn, _) => "that an earlier statement no longer stands",
        (_, Some(words)) => words.trim_end(),
        (Claim::Met, None) => "that it is met",
        (Claim::NotApplicable, None) => "that it does not apply here",
        (Claim::NotTested, None) => "that it is left out untested",
        (Claim::Partial, None) => "that it is there in part",
    };
    format!("{} stated on {} {what}", one.by.for_people(), one.recorded_at.for_people())
}

/// Whether something else stands in for the control as written on this target, by the form it was made on: then failing
/// checks that it names do not count against it there.
pub(super) fn departs(one: &Attestation, target: &str, forms: &Forms) -> bool {
    let holds = |used: &FormUse| {
        (used.targets.is_empty() || used.targets.iter().any(|one| one == target))
            && forms.get(&used.id).is_some_and(|form| form.departs(used))
    };
    one.claim == Claim::Met && one.form.as_ref().is_some_and(holds)
}

/// The form's way by which nothing is done, if that is all a met status rests on.
pub(super) fn nothing_done<'f>(
    status: &ControlStatus,
    decisions: &Decisions,
    forms: &'f Forms,
) -> Option<(&'f Form, &'f str)> {
    if status.state != ControlState::Met {
        return None;
    }
    let by = |objective: &ObjectiveStatus| {
        let leaf = objective.attestation?;
        let used = decisions.attestations.iter().find(|one| one.leaf == leaf)?.form.as_ref()?;
        let form = forms.get(&used.id)?;
        Some((form, form.way(used.way.as_deref()?)?.nothing_done.as_deref()?))
    };
    let mut all = status.objectives.iter().map(by);
    let first = all.next()??;
    all.all(|one| one.is_some()).then_some(first)
}

/// Until when it counts, as a sentence with a space before it; nothing without an end.
pub(super) fn until(one: &Attestation) -> String {
    one.valid_until.map(|until| format!(" It counts until {}.", until.for_people())).unwrap_or_default()
}
