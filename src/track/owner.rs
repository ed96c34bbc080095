//! Whose turn it is.

use std::collections::BTreeMap;

use crate::model::gap::ControlRef;
use crate::model::id::{ControlId, FrameworkId};
use crate::model::responsibility::{Party, Responsibility, ResponsibilityMatrix};

/// The matrices in force, one a framework, with their rows at hand by control.
#[derive(Debug, Default)]
pub struct Owners<'a>(BTreeMap<&'a FrameworkId, BTreeMap<&'a ControlId, &'a Responsibility>>);

impl<'a> Owners<'a> {
    #[must_use]
    pub fn new(matrices: impl IntoIterator<Item = &'a ResponsibilityMatrix>) -> Self {
        let by_framework = matrices.into_iter().map(|matrix| {
            let rows =
                matrix.rows.iter().filter(|row| row.objective.is_none()).map(|row| (&row.control, row)).collect();
            (&matrix.framework, rows)
        });
        Self(by_framework.collect())
    }

    /// The row for a control.
    #[must_use]
    pub fn row(&self, framework: &FrameworkId, control: &ControlId) -> Option<&'a Responsibility> {
        self.0.get(framework)?.get(control).copied()
    }

    /// The party that has to act for a control: the accountable one; what a vendor runs, internal IT follows up.
    #[must_use]
    pub fn acting(&self, framework: &FrameworkId, control: &ControlId) -> Option<Party> {
        self.row(framework, control).map(|row| match row.accountable {
            Party::Vendor => Party::Internal,
            party => party,
        })
    }

    /// The party that has to act for a fault: the one accountable for most of the controls it holds back. With equal
    /// numbers it is the provider, who is asked first. Without any row it is internal IT, because somebody must be.
    #[must_use]
    pub fn of_fault(&self, controls: &[ControlRef]) -> Party {
        let mut votes: BTreeMap<Party, usize> = BTreeMap::new();
        for held in controls {
            if let Some(party) = self.acting(&held.framework, &held.control) {
                *votes.entry(party).or_default() += 1;
            }
        }
        let provider = votes.get(&Party::Provider).copied().unwrap_or_default();
        let internal = votes.get(&Party::Internal).copied().unwrap_or_default();
        if provider > 0 && provider >= internal { Party::Provider } else { Party::Internal }
    }
}
