//! How much of a framework machines can show, how much people must, and how much stands shown today.
//!
//! Two tables over the same objectives, so that nobody mistakes what could be proved for what is proved.

use serde::Serialize;

use crate::model::control::{Bearing, ControlState, Proof};
use crate::model::finding::FindingOutcome;

/// Figures over the objectives of counted controls. Both tables sum to `objectives`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub objectives: usize,
    pub today: Today,
    pub reach: Reach,
}

/// Where the objectives stand today, and who showed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Today {
    /// Met, and a check that is full proof passed.
    pub machine_proved: usize,
    /// Met, but only together with a person's statement.
    pub person_proved: usize,
    pub not_met: usize,
    pub not_applicable: usize,
    /// Neither met nor not met: nobody has shown it.
    pub not_shown: usize,
}

/// The strongest check that exists for each objective, whether it has run or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    pub full: usize,
    pub part: usize,
    pub supporting: usize,
    /// No check: only a person's statement can show it.
    pub none: usize,
}

impl Coverage {
    pub(super) fn add(&mut self, state: ControlState, bearings: &[Bearing], reach: Option<Proof>) {
        self.objectives += 1;
        let machine_proved =
            || bearings.iter().any(|bearing| bearing.proof == Proof::Full && bearing.outcome == FindingOutcome::Pass);
        *match state {
            ControlState::Met if machine_proved() => &mut self.today.machine_proved,
            ControlState::Met => &mut self.today.person_proved,
            ControlState::NotMet => &mut self.today.not_met,
            ControlState::NotApplicable => &mut self.today.not_applicable,
            ControlState::Undetermined => &mut self.today.not_shown,
        } += 1;
        *match reach {
            Some(Proof::Full) => &mut self.reach.full,
            Some(Proof::Part) => &mut self.reach.part,
            Some(Proof::Supporting) => &mut self.reach.supporting,
            None => &mut self.reach.none,
        } += 1;
    }
}
