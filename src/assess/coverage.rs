//! How much of a framework machines can prove, and how much is left to people: said per catalog, never per result.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::control::Proof;

/// Objectives by the strongest proof any check offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    pub objectives: usize,
    /// A check can prove it alone.
    pub full: usize,
    /// A check proves a part; a person states the rest.
    pub part: usize,
    /// A check only supports it.
    pub supporting: usize,
    /// No check says anything; a person has to show it.
    pub person: usize,
}

/// Counts every objective that is judged; controls that follow from their parts are not counted twice.
#[must_use]
pub fn coverage(catalog: &Catalog, framework: &Framework) -> Coverage {
    let mut coverage = Coverage::default();
    let leaves = framework
        .controls
        .iter()
        .filter(|control| control.assessable && catalog.children(&framework.id, &control.id).next().is_none());
    for control in leaves {
        let own = control.objectives.is_empty().then_some(control.id.as_str());
        for unit in control.objectives.iter().map(|objective| objective.id.as_str()).chain(own) {
            coverage.objectives += 1;
            let proofs = catalog.checks_for_objective(&framework.id, unit);
            match proofs.iter().map(|(_, proof)| *proof).max() {
                Some(Proof::Full) => coverage.full += 1,
                Some(Proof::Part) => coverage.part += 1,
                Some(Proof::Supporting) => coverage.supporting += 1,
                None => coverage.person += 1,
            }
        }
    }
    coverage
}
