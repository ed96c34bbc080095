//! Whose turn it is.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::model::gap::ControlRef;
use crate::model::id::{CheckId, ControlId, FrameworkId, ObjectiveId};
use crate::model::responsibility::{Party, Responsibility, ResponsibilityMatrix};

/// The matrices in force, one a framework, with their rows at hand by control.
#[derive(Debug, Default)]
pub struct Owners<'a>(BTreeMap<&'a FrameworkId, BTreeMap<&'a ControlId, Rows<'a>>>);

/// The rows of one control.
#[derive(Debug, Default)]
struct Rows<'a> {
    whole: Option<&'a Responsibility>,
    /// Of objectives that have a row of their own.
    parts: BTreeMap<&'a ObjectiveId, &'a Responsibility>,
}

impl<'a> Owners<'a> {
    #[must_use]
    pub fn new(matrices: impl IntoIterator<Item = &'a ResponsibilityMatrix>) -> Self {
        let mut all: BTreeMap<_, BTreeMap<_, Rows<'a>>> = BTreeMap::new();
        for matrix in matrices {
            let of_framework = all.entry(&matrix.framework).or_default();
            for row in &matrix.rows {
                let rows = of_framework.entry(&row.control).or_default();
                match &row.objective {
                    None => rows.whole = Some(row),
                    Some(part) => {
                        rows.parts.insert(part, row);
                    }
                }
            }
        }
        Self(all)
    }

    fn rows(&self, framework: &FrameworkId, control: &ControlId) -> Option<&Rows<'a>> {
        self.0.get(framework)?.get(control)
    }

    /// The party that has to act for a control: the accountable one; what a vendor runs, internal IT follows up. Where
    /// only its objectives have rows, the party of most of them.
    #[must_use]
    pub fn acting(&self, framework: &FrameworkId, control: &ControlId) -> Option<Party> {
        let rows = self.rows(framework, control)?;
        match rows.whole {
            Some(row) => Some(who_acts(row)),
            None => most(rows.parts.values().map(|row| who_acts(row))),
        }
    }

    /// The party that has to act for a fault: the one accountable for most of the controls it holds back. With equal
    /// numbers it is the provider, who is asked first. Without any row it is internal IT, because somebody must be.
    ///
    /// A check that bears on some objectives of a control only follows the rows of these, where they have their own.
    #[must_use]
    pub fn of_fault(&self, catalog: &Catalog, check: &CheckId, controls: &[ControlRef]) -> Party {
        most(controls.iter().filter_map(|held| self.of_check(catalog, check, held))).unwrap_or(Party::Internal)
    }

    /// The party that has to act for what a check sees of one control.
    fn of_check(&self, catalog: &Catalog, check: &CheckId, held: &ControlRef) -> Option<Party> {
        let rows = self.rows(&held.framework, &held.control)?;
        if rows.parts.is_empty() {
            return rows.whole.map(who_acts);
        }
        let objectives = catalog.control(&held.framework, held.control.as_str()).map(|control| &control.objectives);
        let bears_on = |part: &ObjectiveId| {
            let checks = catalog.checks_for_objective(&held.framework, part.as_str());
            checks.iter().any(|(known, _)| known == check)
        };
        let seen = objectives.into_iter().flatten().map(|part| &part.id).filter(|part| bears_on(part));
        let owners = seen.filter_map(|part| rows.parts.get(part).copied().or(rows.whole));
        most(owners.map(who_acts)).or_else(|| self.acting(&held.framework, &held.control))
    }
}

fn who_acts(row: &Responsibility) -> Party {
    match row.accountable {
        Party::Vendor => Party::Internal,
        party => party,
    }
}

/// The party named most often; with equal numbers the provider.
fn most(parties: impl Iterator<Item = Party>) -> Option<Party> {
    let (mut provider, mut internal) = (0, 0);
    for party in parties {
        match party {
            Party::Provider => provider += 1,
            Party::Internal | Party::Vendor => internal += 1,
        }
    }
    match (provider, internal) {
        (0, 0) => None,
        _ if provider >= internal => Some(Party::Provider),
        _ => Some(Party::Internal),
    }
}

#[cfg(test)]
mod tests;
