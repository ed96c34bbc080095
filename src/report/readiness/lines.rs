//! What a readiness report says of families, controls, objectives, and what bears on them.

use countersign_seal::digest::Digest;
use serde::Serialize;

use crate::model::control::{ControlState, Proof};
use crate::model::finding::FindingOutcome;
use crate::model::id::{CheckId, ControlId, DatasetId, ObjectiveId};
use crate::model::time::Timestamp;
use crate::report::data::OwnerLine;
use crate::report::stated::{InsteadLine, StatedLine};
use crate::report::tally::{Counting, Totals};
use crate::report::verdict::ControlLaw;
use crate::report::work::{GapLine, RequestLine};

/// One family with its controls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FamilyLine {
    pub name: String,
    pub totals: Totals,
    pub controls: Vec<ControlLine>,
}

/// One control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlLine {
    pub id: ControlId,
    pub title: String,
    pub parent: Option<ControlId>,
    pub counting: Counting,
    /// None for rows that only state scope or definitions, and for what the chosen questionnaire does not ask.
    pub state: Option<ControlState>,
    pub state_word: String,
    pub because: String,
    /// When the oldest evidence it rests on was collected.
    pub evidence_from: Option<Timestamp>,
    /// None: nobody owns it, which is itself a fault.
    pub owner: Option<OwnerLine>,
    /// What the framework's own law says of it; none where nobody asked for a verdict.
    pub law: Option<ControlLaw>,
    pub objectives: Vec<ObjectiveLine>,
    /// Statements that it rests on or sets aside, in the order of the ledger.
    pub stated: Vec<StatedLine>,
    pub gaps: Vec<GapLine>,
    pub requests: Vec<RequestLine>,
}

impl ControlLine {
    pub(super) fn instead(&self) -> impl Iterator<Item = InsteadLine> {
        self.stated.iter().filter_map(|one| one.instead(&self.id))
    }
}

/// One objective.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectiveLine {
    pub id: ObjectiveId,
    pub title: String,
    /// True when the control is judged as one and this is not a part of it.
    pub whole: bool,
    pub state: ControlState,
    pub state_word: String,
    pub because: String,
    /// Only where the split differs from the control's.
    pub owner: Option<OwnerLine>,
    /// The strongest check that exists; none means only a person can show it.
    pub reach: Option<Proof>,
    pub bearings: Vec<BearingLine>,
}

/// What one check said about one target, and the evidence it read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BearingLine {
    pub check: CheckId,
    pub title: String,
    pub target: String,
    pub proof: Proof,
    pub outcome: FindingOutcome,
    pub because: String,
    pub evidence: Vec<EvidenceRef>,
}

/// A record of the register that a finding rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvidenceRef {
    pub leaf: u64,
    /// None when the record was not handed to this report.
    pub record_hash: Option<Digest>,
    pub dataset: Option<DatasetId>,
    pub dataset_title: Option<String>,
    pub collected_at: Option<Timestamp>,
}
