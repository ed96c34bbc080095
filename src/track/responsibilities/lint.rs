//! What is wrong with a split, each fault with what to do about it.
//!
//! Only controls that nobody owns keep a version from being proposed: the rest is for the people who sign to weigh. Start
//! with [`lint`].

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use crate::catalog::framework::Framework;
use crate::model::id::{ControlId, ObjectiveId, PersonHandle};
use crate::model::person::Person;
use crate::model::responsibility::{Party, Responsibility, ResponsibilityKind, ResponsibilityMatrix};
use crate::model::time::Timestamp;

crate::model::words! {
    /// What kind of fault it is.
    LintKind, "kind of fault":
        /// Nobody is accountable.
        Orphan = "orphan",
        /// Claimed by both, or by the wrong one.
        Collision = "collision",
        /// A document or text that the division of work needs is missing.
        MissingText = "missing_text",
        /// Somebody is named who cannot do it.
        Person = "person",
        /// The catalog does not know it.
        Stranger = "stranger",
}

/// One fault of a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lint {
    pub kind: LintKind,
    /// None: the split as a whole.
    pub control: Option<ControlId>,
    pub objective: Option<ObjectiveId>,
    pub what: String,
    /// What to do about it.
    pub next: String,
}

impl Lint {
    /// The control or objective it is about; empty for the split as a whole.
    #[must_use]
    pub fn place(&self) -> &str {
        let control = self.control.as_ref().map(ControlId::as_str);
        self.objective.as_ref().map(ObjectiveId::as_str).or(control).unwrap_or_default()
    }

    /// Whether a version with it may not be proposed.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.kind == LintKind::Orphan
    }
}

/// Everything that is wrong with a split at a moment: orphans first, then by row.
#[must_use]
pub fn lint(framework: &Framework, matrix: &ResponsibilityMatrix, people: &[Person], now: Timestamp) -> Vec<Lint> {
    let mut found: Vec<Lint> = orphans(framework, matrix).into_iter().map(orphan).collect();
    let known: HashMap<&ControlId, HashSet<&ObjectiveId>> = framework
        .controls
        .iter()
        .map(|control| (&control.id, control.objectives.iter().map(|part| &part.id).collect()))
        .collect();
    let mut seen = HashSet::new();
    for row in &matrix.rows {
        let parts = known.get(&row.control);
        let is_known = parts.is_some_and(|parts| row.objective.as_ref().is_none_or(|part| parts.contains(part)));
        if !is_known {
            found.push(about(row, LintKind::Stranger, "the catalog does not have it", "take the row out"));
        }
        if !seen.insert((&row.control, &row.objective)) {
            found.push(about(row, LintKind::Collision, "it has two rows", "leave one of them"));
        }
        found.extend(divided_wrongly(row));
        found.extend(missing_texts(row));
        found.extend(persons(row, people, now));
    }
    found.extend(parties_without_people(matrix, people, now));
    found
}

/// Controls that have a status of their own and nobody accountable: neither a row nor one for each objective.
#[must_use]
pub fn orphans<'a>(framework: &'a Framework, matrix: &ResponsibilityMatrix) -> Vec<&'a ControlId> {
    let whole: HashSet<&ControlId> =
        matrix.rows.iter().filter(|row| row.objective.is_none()).map(|row| &row.control).collect();
    let parts: HashSet<(&ControlId, &ObjectiveId)> =
        matrix.rows.iter().filter_map(|row| Some((&row.control, row.objective.as_ref()?))).collect();
    let assessable = || framework.controls.iter().filter(|control| control.assessable);
    // A parent follows from its children, who have rows.
    let parents: HashSet<&ControlId> = assessable().filter_map(|control| control.parent.as_ref()).collect();
    assessable()
        .filter(|control| !parents.contains(&control.id) && !whole.contains(&control.id))
        .filter(|control| {
            control.objectives.is_empty()
                || control.objectives.iter().any(|part| !parts.contains(&(&control.id, &part.id)))
        })
        .map(|control| &control.id)
        .collect()
}

fn orphan(control: &ControlId) -> Lint {
    Lint {
        kind: LintKind::Orphan,
        control: Some(control.clone()),
        objective: None,
        what: "nobody is accountable".to_owned(),
        next: format!("give it an owner: countersign responsibility set {control} --kind … --accountable …"),
    }
}

fn about(row: &Responsibility, kind: LintKind, what: impl Into<String>, next: impl Into<String>) -> Lint {
    Lint {
        kind,
        control: Some(row.control.clone()),
        objective: row.objective.clone(),
        what: what.into(),
        next: next.into(),
    }
}

fn divided_wrongly(row: &Responsibility) -> Option<Lint> {
    let owner = match row.kind {
        ResponsibilityKind::Provider => Some(Party::Provider),
        ResponsibilityKind::Internal => Some(Party::Internal),
        ResponsibilityKind::Shared | ResponsibilityKind::Inherited | ResponsibilityKind::NotApplicable => None,
    };
    if let Some(owner) = owner
        && owner != row.accountable
    {
        let what = format!("its kind is {}, but {} is accountable", row.kind.as_str(), row.accountable.title());
        return Some(about(row, LintKind::Collision, what, "let kind and accountable party agree, or call it shared"));
    }
    if row.kind != ResponsibilityKind::Shared {
        return None;
    }
    if row.accountable == Party::Vendor {
        let what = "it is shared by provider and internal IT, but a vendor is accountable";
        return Some(about(row, LintKind::Collision, what, "make one of the two accountable, or call it inherited"));
    }
    let (provider, internal) = (row.provider_tasks.trim(), row.internal_tasks.trim());
    (!provider.is_empty() && provider == internal).then(|| {
        let what = "both parties claim the same work, in the same words";
        about(row, LintKind::Collision, what, "say which part each party does")
    })
}

fn missing_texts(row: &Responsibility) -> Option<Lint> {
    let (no_provider, no_internal) = (row.provider_tasks.trim().is_empty(), row.internal_tasks.trim().is_empty());
    let is_unproved = row.document.as_deref().is_none_or(|text| text.trim().is_empty());
    let (what, next) = match row.kind {
        ResponsibilityKind::Inherited if is_unproved => {
            ("it is inherited without a document that proves it", "name the vendor's document")
        }
        _ if row.vendor_tasks.is_some() && is_unproved => {
            ("a vendor does a part of it, without a document that proves it", "name the vendor's document")
        }
        ResponsibilityKind::Shared if no_provider && no_internal => {
            ("it is shared, but nobody does anything", "say what each party does")
        }
        ResponsibilityKind::Shared if no_provider => {
            ("it is shared, but the provider does nothing", "say what the provider does, or call it internal")
        }
        ResponsibilityKind::Shared if no_internal => {
            ("it is shared, but internal IT does nothing", "say what internal IT does, or call it provider")
        }
        ResponsibilityKind::Provider if no_provider => ("what the provider does is not said", "say it"),
        ResponsibilityKind::Internal if no_internal => ("what internal IT does is not said", "say it"),
        _ => return None,
    };
    Some(about(row, LintKind::MissingText, what, next))
}

fn persons(row: &Responsibility, people: &[Person], now: Timestamp) -> Vec<Lint> {
    let named = [(Party::Provider, &row.provider_person), (Party::Internal, &row.internal_person)];
    let faults = named.into_iter().filter_map(|(party, handle)| Some((party, handle.as_ref()?)));
    faults
        .filter_map(|(party, handle)| {
            person(party, handle, people, now).map(|(what, next)| about(row, LintKind::Person, what, next))
        })
        .collect()
}

fn person(party: Party, handle: &PersonHandle, people: &[Person], now: Timestamp) -> Option<(String, String)> {
    let of = party.title();
    let Some(known) = people.iter().find(|person| person.handle == *handle) else {
        let next = "add the person with countersign person add, or name another".to_owned();
        return Some((format!("{handle}, who does the part of {of}, is nobody of this organization"), next));
    };
    if known.party != party {
        let what = format!("{handle}, who does the part of {of}, belongs to {}", known.party.title());
        return Some((what, format!("name a person of {of}")));
    }
    (!known.is_active(now)).then(|| {
        let left = known.until.filter(|until| *until <= now);
        let what = left.map_or_else(
            || format!("{handle} is not there yet"),
            |until| format!("{handle} has left on {}", until.for_people()),
        );
        (what, format!("name another person of {of}"))
    })
}

/// A party that answers for something and has nobody who could.
fn parties_without_people(matrix: &ResponsibilityMatrix, people: &[Person], now: Timestamp) -> Vec<Lint> {
    let owners: BTreeSet<Party> = matrix.rows.iter().map(|row| row.accountable).collect();
    let has_nobody = |party: &&Party| {
        **party != Party::Vendor && !people.iter().any(|person| person.party == **party && person.is_active(now))
    };
    let mut found = Vec::new();
    for party in owners.iter().filter(has_nobody) {
        let rows = matrix.rows.iter().filter(|row| row.accountable == *party).count();
        found.push(Lint {
            kind: LintKind::Person,
            control: None,
            objective: None,
            what: format!("{} is accountable in {rows} rows and has no person", party.title()),
            next: "add its people with countersign person add".to_owned(),
        });
    }
    found
}

#[cfg(test)]
pub(in crate::track) mod tests;
