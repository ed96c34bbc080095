//! What people stated about a control, and whether it counts.

use std::collections::HashMap;

use serde::Serialize;

use super::signed;
use crate::model::attestation::{Attestation, Claim};
use crate::model::control::ControlStatus;
use crate::model::decision::Decisions;
use crate::model::evidence::SealedArtifact;
use crate::model::id::{CheckId, ControlId, FrameworkId, ObjectiveId};
use crate::model::time::Timestamp;

/// Files named of one statement.
const ARTIFACTS_SHOWN: usize = 20;

/// One statement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatementLine {
    pub leaf: u64,
    /// None: it speaks for the whole control.
    pub objective: Option<ObjectiveId>,
    pub claim: &'static str,
    pub by: String,
    pub statement: String,
    pub counts: bool,
    /// Whether it counts, and if not why, in words.
    pub standing: String,
    pub addresses: Vec<CheckId>,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub recorded_at: Timestamp,
    pub artifacts: Vec<SealedArtifact>,
    pub more_artifacts: usize,
}

/// Every statement about a control that was recorded by then, newest first.
pub(super) fn statements(
    framework: &FrameworkId,
    control: &ControlId,
    decisions: &Decisions,
    status: Option<&ControlStatus>,
    at: Timestamp,
) -> Vec<StatementLine> {
    let own = || decisions.attestations.iter().filter(|one| one.framework == *framework && one.control == *control);
    let replaced: HashMap<u64, u64> = own().filter_map(|one| Some((one.replaces?, one.leaf))).collect();
    let objectives = || status.into_iter().flat_map(|status| &status.objectives);
    let line = |one: &Attestation| {
        let counts = objectives().any(|objective| objective.attestation == Some(one.leaf));
        let because = objectives().find(|objective| objective.set_aside == Some(one.leaf));
        let standing = match (replaced.get(&one.leaf), because) {
            (Some(by), _) => format!("replaced by record {by}"),
            _ if counts => "counts".to_owned(),
            _ if one.claim == Claim::Withdrawn => "nothing stands in the place of what it withdrew".to_owned(),
            _ if one.valid_until.is_some_and(|until| until <= at) => "no longer in date".to_owned(),
            _ if !one.is_in_date(at) => "not in date yet".to_owned(),
            (None, Some(objective)) => format!("does not count: {}", objective.because),
            (None, None) => "does not decide anything here".to_owned(),
        };
        StatementLine {
            leaf: one.leaf,
            objective: one.objective.clone(),
            claim: match one.claim {
                Claim::Met => "met",
                Claim::NotApplicable => "does not apply",
                Claim::NotTested => "left out untested",
                Claim::Partial => "there in part",
                Claim::Withdrawn => "withdrawn",
            },
            by: signed(&one.by),
            statement: one.statement.clone(),
            counts,
            standing,
            addresses: one.addresses.clone(),
            valid_from: one.valid_from,
            valid_until: one.valid_until,
            recorded_at: one.recorded_at,
            artifacts: one.artifacts.iter().take(ARTIFACTS_SHOWN).cloned().collect(),
            more_artifacts: one.artifacts.len().saturating_sub(ARTIFACTS_SHOWN),
        }
    };
    own().rev().map(line).collect()
}
