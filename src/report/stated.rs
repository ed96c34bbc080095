//! Statements of people, for reports and pages: who, when, on which form, in which way, until when, with which documents
//! and answers. Whether one counts is the roll-up's to say. Start with [`StatedLine`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalog::Catalog;
use crate::catalog::form::sealed::{Answer, ReadBack};
use crate::model::attestation::{Attestation, Claim, FormUse};
use crate::model::control::ControlStatus;
use crate::model::decision::Decisions;
use crate::model::evidence::SealedArtifact;
use crate::model::id::{CheckId, ControlId, FormId, FrameworkId, ObjectiveId};
use crate::model::time::Timestamp;

/// A control that something else stands in for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InsteadLine {
    pub control: ControlId,
    pub objective: Option<ObjectiveId>,
    /// The form's title, and the way.
    pub what: String,
    pub leaf: u64,
}

/// What a statement says, and on what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatedLine {
    /// Leaf of its `attestation/1` record.
    pub leaf: u64,
    /// None: it speaks for the whole control.
    pub objective: Option<ObjectiveId>,
    pub claim: &'static str,
    /// Name and party.
    pub by: String,
    pub statement: String,
    /// The status rests on it; else it is set aside, or decides nothing.
    pub counts: bool,
    /// None: in the person's own words only.
    pub form: Option<FormLine>,
    pub answers: Vec<Answer>,
    /// Why the answers are not here, in words.
    pub answers_missing: Option<String>,
    /// Whoever reads it must see the answers: something else stands in for the control, or it is said not to apply.
    pub is_exceptional: bool,
    pub addresses: Vec<CheckId>,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub recorded_at: Timestamp,
    pub replaces: Option<u64>,
    /// In final form, without the answers and the signature.
    pub documents: Vec<SealedArtifact>,
    /// Fingerprint of the SSH key it was signed with.
    pub signed_with: Option<String>,
}

/// The form a statement was made on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormLine {
    pub id: FormId,
    /// Its id where the catalog no longer has it.
    pub title: String,
    /// The paragraph it rests on.
    pub rests_on: String,
    /// The way that was chosen, where the form has several.
    pub way: Option<String>,
    /// The control is not met as written, and this stands in for it.
    pub departs: bool,
    /// Targets it stands in for; none: all.
    pub targets: Vec<String>,
    pub to_be_confirmed: Option<String>,
    /// The catalog holds another edition of the form than the one that was answered, or none.
    pub has_changed: bool,
}

impl StatedLine {
    /// `counts` is for the caller to say; `kept` is what the vault keeps beside the record, if it was asked.
    #[must_use]
    pub fn new(one: &Attestation, catalog: &Catalog, kept: Option<&ReadBack>, counts: bool) -> Self {
        let definition = one.form.as_ref().and_then(|used| catalog.forms.get(&used.id));
        let answers = kept.and_then(|kept| kept.answers.as_ref());
        let form = one.form.as_ref().map(|used| {
            let is_current = |form| answers.is_none_or(|answers| answers.are_on(form));
            FormLine::new(used, catalog, definition.is_some_and(is_current))
        });
        let departs = form.as_ref().is_some_and(|form| form.departs);
        let is_exceptional = departs || one.claim == Claim::NotApplicable;
        Self {
            leaf: one.leaf,
            objective: one.objective.clone(),
            claim: claim(one.claim),
            by: one.by.for_people(),
            statement: one.statement.clone(),
            counts,
            form,
            answers: answers.map(|answers| answers.in_words(definition)).unwrap_or_default(),
            answers_missing: kept.and_then(|kept| kept.missing.clone()),
            is_exceptional,
            addresses: one.addresses.clone(),
            valid_from: one.valid_from,
            valid_until: one.valid_until,
            recorded_at: one.recorded_at,
            replaces: one.replaces,
            documents: one.documents().cloned().collect(),
            signed_with: kept.and_then(|kept| kept.signed_with.clone()),
        }
    }
}

impl StatedLine {
    /// Something else stands in for the control as written.
    #[must_use]
    pub fn departs(&self) -> bool {
        self.form.as_ref().is_some_and(|form| form.departs)
    }

    pub(super) fn instead(&self, control: &ControlId) -> Option<InsteadLine> {
        let form = self.form.as_ref().filter(|form| form.departs && self.counts)?;
        let what = form.way.as_ref().map_or_else(|| form.title.clone(), |way| format!("{}: {way}", form.title));
        Some(InsteadLine { control: control.clone(), objective: self.objective.clone(), what, leaf: self.leaf })
    }
}

impl FormLine {
    fn new(used: &FormUse, catalog: &Catalog, is_current: bool) -> Self {
        let form = catalog.forms.get(&used.id);
        let way = used.way.as_ref().map(|id| {
            let known = form.and_then(|form| form.way(id));
            known.map_or_else(|| id.clone(), |way| way.title.clone())
        });
        Self {
            id: used.id.clone(),
            title: form.map_or_else(|| used.id.to_string(), |form| form.title.clone()),
            rests_on: form.map(|form| form.rests_on.clone()).unwrap_or_default(),
            way,
            departs: form.is_some_and(|form| form.claim == Claim::Met && form.departs(used)),
            targets: used.targets.clone(),
            to_be_confirmed: form.and_then(|form| form.to_be_confirmed.clone()),
            has_changed: !is_current,
        }
    }
}

/// The statements that statuses of a framework rest on or set aside, each once.
pub fn bearing<'a>(
    framework: &'a FrameworkId,
    statuses: &'a [ControlStatus],
    decisions: &'a Decisions,
) -> impl Iterator<Item = &'a Attestation> {
    let of_framework = statuses.iter().filter(move |status| status.framework == *framework);
    let leaves: BTreeSet<u64> = of_framework.flat_map(|status| leaves(status).into_keys()).collect();
    decisions.attestations.iter().filter(move |one| leaves.contains(&one.leaf))
}

/// Leaves that one status rests on (true) or sets aside (false). One that counts for any objective counts.
pub(super) fn leaves(status: &ControlStatus) -> BTreeMap<u64, bool> {
    let mut leaves = BTreeMap::new();
    for objective in &status.objectives {
        if let Some(leaf) = objective.set_aside {
            leaves.entry(leaf).or_insert(false);
        }
        if let Some(leaf) = objective.attestation {
            leaves.insert(leaf, true);
        }
    }
    leaves
}

fn claim(claim: Claim) -> &'static str {
    match claim {
        Claim::Met => "met",
        Claim::NotApplicable => "does not apply",
        Claim::NotTested => "left out untested",
        Claim::Partial => "there in part",
        Claim::Withdrawn => "withdrawn",
    }
}

#[cfg(test)]
mod tests;
