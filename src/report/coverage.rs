//! How much of a framework machines can show, how much people must, and how much stands shown today.
//!
//! Two tables over the same objectives, so that nobody mistakes what could be proved for what is proved.

use serde::Serialize;

use crate::model::control::{Bearing, ControlState, ObjectiveStatus, Proof};
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
    /// Met by machine alone: a check that is full proof passed, and no person's statement carries it.
    pub machine_proved: usize,
    /// Met, but only together with a person's statement, also where a check passes on some targets and the statement excuses
    /// its failure on others.
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
    /// Counts one objective; `known` is what is known of it by itself.
    pub(super) fn add(&mut self, state: ControlState, known: Option<&ObjectiveStatus>, reach: Option<Proof>) {
        self.objectives += 1;
        let passes = |bearing: &Bearing| bearing.proof == Proof::Full && bearing.outcome == FindingOutcome::Pass;
        let is_machine_proved = known.is_some_and(|one| one.attestation.is_none() && one.bearings.iter().any(passes));
        *match state {
            ControlState::Met if is_machine_proved => &mut self.today.machine_proved,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Coverage, ObjectiveStatus};
    use crate::model::control::{ControlState, Proof};

    #[test]
    fn what_an_exception_carries_is_proved_by_a_person_although_a_full_check_passes_elsewhere() {
        let bearing = |target: &str, outcome: &str| {
            json!({"check": "linux/a", "target": target, "proof": "full", "outcome": outcome, "because": "",
                "evidence": []})
        };
        let met = |bearings: serde_json::Value, attestation: Option<u64>| -> ObjectiveStatus {
            let value = json!({"objective": "C", "state": "met", "because": "", "bearings": bearings,
                "attestation": attestation});
            serde_json::from_value(value).unwrap()
        };
        let excused = met(json!([bearing("h2", "fail"), bearing("h1", "pass")]), Some(7));
        let proved = met(json!([bearing("h1", "pass")]), None);
        let mut coverage = Coverage::default();
        coverage.add(ControlState::Met, Some(&excused), Some(Proof::Full));
        assert_eq!((coverage.today.machine_proved, coverage.today.person_proved), (0, 1));
        coverage.add(ControlState::Met, Some(&proved), Some(Proof::Full));
        assert_eq!((coverage.today.machine_proved, coverage.today.person_proved), (1, 1));
    }
}
