//! How much of a framework machines can prove, and how much is left to people: said per catalog, never per result.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::catalog::framework::{Control, Framework};
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
    let Tally { machine_proved, partly, supported, person_proved, not_covered } =
        breakdown(catalog, framework).objectives;
    let person = person_proved + not_covered;
    let objectives = machine_proved + partly + supported + person;
    Coverage { objectives, full: machine_proved, part: partly, supporting: supported, person }
}

/// The best way there is to show one objective. Later is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// No check says anything, and the catalog has no word on what a person would show.
    NotCovered,
    /// No check says anything; the catalog says what evidence a person gives, and a statement is needed.
    Person,
    /// A check only supports it.
    Supported,
    /// A check proves a part.
    Partly,
    /// A check proves it alone.
    Machine,
}

/// How many of something are shown each way. The five add up to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    pub machine_proved: usize,
    pub partly: usize,
    pub supported: usize,
    pub person_proved: usize,
    pub not_covered: usize,
}

impl Tally {
    fn count(&mut self, way: Way) {
        match way {
            Way::Machine => self.machine_proved += 1,
            Way::Partly => self.partly += 1,
            Way::Supported => self.supported += 1,
            Way::Person => self.person_proved += 1,
            Way::NotCovered => self.not_covered += 1,
        }
    }
}

/// A framework's rows, every one counted once: judged by itself, following from its parts, or never judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Breakdown {
    pub controls: usize,
    /// Rows that only state scope or definitions.
    pub not_assessable: usize,
    /// Rows whose status comes from the rows below them.
    pub follow_from_parts: usize,
    /// The remaining controls, each by its weakest objective: how the whole control can be shown.
    pub by_weakest: Tally,
    /// The same controls, each by its strongest objective: whether a machine helps anywhere.
    pub by_strongest: Tally,
    /// Every objective that is judged; a control without objectives is one.
    pub objectives: Tally,
}

/// Counts a framework's controls and objectives by the best way to show them.
#[must_use]
pub fn breakdown(catalog: &Catalog, framework: &Framework) -> Breakdown {
    let mut counted = Breakdown { controls: framework.controls.len(), ..Breakdown::default() };
    for control in &framework.controls {
        if !control.assessable {
            counted.not_assessable += 1;
            continue;
        }
        if catalog.children(&framework.id, &control.id).next().is_some() {
            counted.follow_from_parts += 1;
            continue;
        }
        let own = control.objectives.is_empty().then_some(control.id.as_str());
        let units = control.objectives.iter().map(|objective| objective.id.as_str()).chain(own);
        let ways: Vec<Way> = units.map(|unit| best_way(catalog, framework, control, unit)).collect();
        for way in &ways {
            counted.objectives.count(*way);
        }
        if let Some(weakest) = ways.iter().min() {
            counted.by_weakest.count(*weakest);
        }
        if let Some(strongest) = ways.iter().max() {
            counted.by_strongest.count(*strongest);
        }
    }
    counted
}

fn best_way(catalog: &Catalog, framework: &Framework, control: &Control, unit: &str) -> Way {
    let proofs = catalog.checks_for_objective(&framework.id, unit);
    match proofs.iter().map(|(_, proof)| *proof).max() {
        Some(Proof::Full) => Way::Machine,
        Some(Proof::Part) => Way::Partly,
        Some(Proof::Supporting) => Way::Supported,
        None if control.guidance.is_some() => Way::Person,
        None => Way::NotCovered,
    }
}

#[cfg(test)]
mod tests;
