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

/// What is there to show something by, from strong to weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ways {
    /// A check can prove it alone. Of a control: each of its objectives.
    pub full: usize,
    /// A check proves a part. Of a control: of one objective at least.
    pub part: usize,
    /// A check only supports it. Of a control: one objective at least, and none more strongly.
    pub supporting: usize,
    /// No check says anything, and the catalog's guidance says what a person shows.
    pub person: usize,
    /// Neither.
    pub not_covered: usize,
}

/// Controls and objectives of a framework by what there is to show them by. Every one is counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reach {
    pub controls: Ways,
    pub objectives: Ways,
    /// Controls that only state scope or definitions.
    pub not_assessable: usize,
    /// Controls that follow from their parts, which are counted.
    pub parents: usize,
}

/// Counts controls and objectives by what there is to show them by.
#[must_use]
pub fn reach(catalog: &Catalog, framework: &Framework) -> Reach {
    let mut reach = Reach::default();
    for control in &framework.controls {
        if !control.assessable {
            reach.not_assessable += 1;
            continue;
        }
        if catalog.children(&framework.id, &control.id).next().is_some() {
            reach.parents += 1;
            continue;
        }
        let own = control.objectives.is_empty().then_some(control.id.as_str());
        let units = control.objectives.iter().map(|objective| objective.id.as_str()).chain(own);
        let proofs: Vec<Option<Proof>> = units
            .map(|unit| catalog.checks_for_objective(&framework.id, unit).iter().map(|(_, proof)| *proof).max())
            .collect();
        let is_explained = control.guidance.is_some();
        for proof in &proofs {
            reach.objectives.count(*proof, is_explained);
        }
        let is_whole = proofs.iter().all(|proof| *proof == Some(Proof::Full));
        let strongest = proofs.into_iter().flatten().max();
        // A control of which one objective is proved alone is itself proved in part.
        let of_control = if is_whole { strongest } else { strongest.map(|proof| proof.min(Proof::Part)) };
        reach.controls.count(of_control, is_explained);
    }
    reach
}

impl Ways {
    fn count(&mut self, proof: Option<Proof>, is_explained: bool) {
        match proof {
            Some(Proof::Full) => self.full += 1,
            Some(Proof::Part) => self.part += 1,
            Some(Proof::Supporting) => self.supporting += 1,
            None if is_explained => self.person += 1,
            None => self.not_covered += 1,
        }
    }
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
