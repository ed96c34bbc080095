//! The versions of a responsibility matrix and what happened to each: who proposed, accepted, rejected or withdrew it.
//!
//! A version is never edited; its state is that of its last step. Which version applies is told by [`MatrixHistory`] and
//! the matrix' own dates together, in `store::responsibilities`.

use countersign_seal::digest::Digest;
use serde::Serialize;

use super::id::FrameworkId;
use super::person::Signatory;
use super::responsibility::{MatrixState, ResponsibilityMatrix};
use super::time::Timestamp;

/// One version with everything that happened to it, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixHistory {
    pub framework: FrameworkId,
    /// The first is 1.
    pub version: u32,
    /// Digest of the version's canonical JSON: what both parties sign.
    pub digest: Digest,
    pub created_at: Timestamp,
    /// Ledger leaf of the record that brought it in.
    pub leaf: u64,
    pub steps: Vec<MatrixStep>,
}

/// Something that happened to a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixStep {
    /// The state it brought the version to.
    pub state: MatrixState,
    pub by: Signatory,
    pub at: Timestamp,
    /// Ledger leaf of its record.
    pub leaf: u64,
}

impl MatrixHistory {
    /// Where the version stands after its last step.
    #[must_use]
    pub fn state(&self) -> MatrixState {
        self.steps.last().map_or(MatrixState::ProposedByTemplate, |step| step.state)
    }

    /// The same version as it was known at a moment; none when it was not there yet.
    #[must_use]
    pub fn as_of(&self, at: Timestamp) -> Option<Self> {
        let steps: Vec<MatrixStep> = self.steps.iter().filter(|step| step.at <= at).cloned().collect();
        (!steps.is_empty()).then(|| Self { steps, ..self.clone() })
    }

    /// The last step that brought it to a state.
    #[must_use]
    pub fn step(&self, state: MatrixState) -> Option<&MatrixStep> {
        self.steps.iter().rev().find(|step| step.state == state)
    }

    /// Whether it came from the engagement template, and so applies while no split was accepted.
    #[must_use]
    pub fn is_template(&self) -> bool {
        self.steps.first().is_none_or(|step| step.state == MatrixState::ProposedByTemplate)
    }

    /// Whether somebody still has to act: a draft, or a proposal that nobody answered.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(self.state(), MatrixState::Draft | MatrixState::Proposed)
    }
}

/// Where a moment lies to the dates of an accepted split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InEffect {
    NotYet,
    Now,
    Over,
}

impl ResponsibilityMatrix {
    /// Whether its dates let it count at a moment.
    #[must_use]
    pub fn in_effect(&self, at: Timestamp) -> InEffect {
        if self.effective_from.is_some_and(|from| at < from) {
            InEffect::NotYet
        } else if self.effective_until.is_some_and(|until| until <= at) {
            InEffect::Over
        } else {
            InEffect::Now
        }
    }

    /// Whether it claims to count from before the moment in which it was accepted, or would be.
    #[must_use]
    pub fn is_retroactive(&self, accepted_at: Timestamp) -> bool {
        self.effective_from.is_some_and(|from| from < accepted_at)
    }
}

#[cfg(test)]
mod tests {
    use super::InEffect;
    use crate::model::responsibility::{EngagementModel, ResponsibilityMatrix};
    use crate::model::time::Timestamp;

    #[test]
    fn a_split_counts_from_its_first_day_to_before_its_last_and_is_retroactive_if_it_began_before_it_was_accepted() {
        let day = |day: u32| format!("2026-03-{day:02}T00:00:00Z").parse::<Timestamp>().unwrap();
        let mut matrix = ResponsibilityMatrix {
            format: ResponsibilityMatrix::FORMAT.to_owned(),
            framework: "f".parse().unwrap(),
            version: 2,
            model: EngagementModel::CoManaged,
            effective_from: None,
            effective_until: None,
            rows: Vec::new(),
        };
        assert_eq!((matrix.in_effect(day(1)), matrix.is_retroactive(day(1))), (InEffect::Now, false));
        matrix.effective_from = Some(day(5));
        matrix.effective_until = Some(day(9));
        let told = [4, 5, 8, 9].map(|at| matrix.in_effect(day(at)));
        assert_eq!(told, [InEffect::NotYet, InEffect::Now, InEffect::Now, InEffect::Over]);
        assert_eq!([4, 5, 6].map(|at| matrix.is_retroactive(day(at))), [false, false, true]);
    }
}
