//! One row of a split as somebody changes it, and whole splits in the framework's order.

use std::collections::HashMap;

use super::{LONGEST_TEXT, unfit};
use crate::catalog::framework::{Control, Framework};
use crate::model::id::{ControlId, ObjectiveId, PersonHandle};
use crate::model::responsibility::{Party, Responsibility, ResponsibilityKind};

/// What is to be different in one row; what is none stays. An empty text takes the old one away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowChange {
    pub kind: Option<ResponsibilityKind>,
    pub accountable: Option<Party>,
    pub provider_tasks: Option<String>,
    pub internal_tasks: Option<String>,
    pub vendor_tasks: Option<String>,
    /// The inner none takes the person away.
    pub provider_person: Option<Option<PersonHandle>>,
    pub internal_person: Option<Option<PersonHandle>>,
    pub document: Option<String>,
    pub clause: Option<String>,
}

/// Why a row cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFault {
    #[error("{framework} has no control or objective `{name}`; countersign catalog show {framework} lists them")]
    NoSuchControl { framework: String, name: String },
    #[error("{0} has no row yet; say its kind and who is accountable with --kind and --accountable")]
    Incomplete(String),
    #[error("{what} of {row} {why}")]
    Text { row: String, what: &'static str, why: String },
    #[error("that is how {0} stands already; nothing was changed")]
    NothingChanged(String),
}

/// A control or objective of a framework, by its id or one of a control's other spellings.
#[must_use]
pub fn find<'a>(framework: &'a Framework, name: &str) -> Option<(&'a Control, Option<&'a ObjectiveId>)> {
    let whole = |control: &&Control| control.id.as_str() == name || control.aliases.iter().any(|alias| alias == name);
    if let Some(control) = framework.controls.iter().find(whole) {
        return Some((control, None));
    }
    framework.controls.iter().find_map(|control| {
        let part = control.objectives.iter().find(|part| part.id.as_str() == name)?;
        Some((control, Some(&part.id)))
    })
}

/// The rows with one of them changed, or added. An objective without a row of its own begins with its control's.
///
/// # Errors
/// Says what is missing or wrong; then nothing was changed.
pub fn changed(
    framework: &Framework,
    rows: &[Responsibility],
    name: &str,
    change: &RowChange,
) -> Result<Vec<Responsibility>, ChangeFault> {
    let missing = || ChangeFault::NoSuchControl { framework: framework.id.to_string(), name: name.to_owned() };
    let (control, objective) = find(framework, name).ok_or_else(missing)?;
    let place = rows.iter().position(|row| row.control == control.id && row.objective.as_ref() == objective);
    let whole = || rows.iter().find(|row| row.control == control.id && row.objective.is_none());
    let before = place.and_then(|place| rows.get(place));
    let base = before.or_else(whole);
    let kind = change.kind.or(base.map(|row| row.kind));
    let accountable = change.accountable.or(base.map(|row| row.accountable));
    let (Some(kind), Some(accountable)) = (kind, accountable) else {
        return Err(ChangeFault::Incomplete(name.to_owned()));
    };
    let text = |what, new: &Option<String>, old: Option<&str>| match new {
        Some(text) => match unfit(text, LONGEST_TEXT) {
            Some(why) => Err(ChangeFault::Text { row: name.to_owned(), what, why }),
            None => Ok(text.clone()),
        },
        None => Ok(old.unwrap_or_default().to_owned()),
    };
    let row = Responsibility {
        control: control.id.clone(),
        objective: objective.cloned(),
        kind,
        accountable,
        provider_tasks: text("what the provider does", &change.provider_tasks, base.map(|row| &*row.provider_tasks))?,
        internal_tasks: text("what internal IT does", &change.internal_tasks, base.map(|row| &*row.internal_tasks))?,
        vendor_tasks: some(text(
            "what a vendor does",
            &change.vendor_tasks,
            base.and_then(|row| row.vendor_tasks.as_deref()),
        )?),
        document: some(text("the document", &change.document, base.and_then(|row| row.document.as_deref()))?),
        provider_person: change.provider_person.clone().unwrap_or_else(|| base?.provider_person.clone()),
        internal_person: change.internal_person.clone().unwrap_or_else(|| base?.internal_person.clone()),
        clause: some(text("the clause", &change.clause, base.and_then(|row| row.clause.as_deref()))?),
    };
    if before == Some(&row) {
        return Err(ChangeFault::NothingChanged(name.to_owned()));
    }
    let mut rows = rows.to_vec();
    match place.and_then(|place| rows.get_mut(place)) {
        Some(old) => *old = row,
        None => rows.push(row),
    }
    in_order(framework, &mut rows);
    Ok(rows)
}

/// A text, or none where it is empty.
pub(super) fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Puts rows in the framework's order, a control's own row before those of its objectives, so that the same split has
/// the same digest however a table was sorted. What the catalog does not know comes last.
pub fn in_order(framework: &Framework, rows: &mut [Responsibility]) {
    let mut places: HashMap<(&ControlId, Option<&ObjectiveId>), usize> = HashMap::new();
    for control in &framework.controls {
        let parts = control.objectives.iter().map(|part| Some(&part.id));
        for part in std::iter::once(None).chain(parts) {
            let next = places.len();
            places.insert((&control.id, part), next);
        }
    }
    rows.sort_by_key(|row| places.get(&(&row.control, row.objective.as_ref())).copied().unwrap_or(usize::MAX));
}

#[cfg(test)]
mod tests;
