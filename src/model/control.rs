//! What a framework asks, how strongly something proves it, and where it stands.

use serde::{Deserialize, Serialize};

use super::id::{CheckId, ControlId, FrameworkId, ObjectiveId};
use super::time::Timestamp;

words! {
    /// How much a passing check says about an objective.
    Proof, "strength of proof":
        /// Says something that helps, proves nothing by itself.
        Supporting = "supporting",
        /// Proves a part; a person's statement must cover the rest.
        Part = "part",
        /// Proves the objective if it passes on every in-scope target.
        Full = "full",
}

words! {
    /// Where a control or objective stands.
    ControlState, "control status":
        Met = "met",
        NotMet = "not_met",
        NotApplicable = "not_applicable",
        Undetermined = "undetermined",
}

words! {
    /// How an objective is open because somebody stated so: it is neither met nor not applicable.
    OpenAs, "open as":
        /// Left out on purpose, without looking at it; nobody is asked to show it.
        NotTested = "not_tested",
        /// Some of it is there, and that has a value of its own.
        Partial = "partial",
}

words! {
    /// How often something should be shown again.
    Rhythm, "rhythm":
        Continuously = "continuously",
        Daily = "daily",
        Weekly = "weekly",
        Monthly = "monthly",
        Quarterly = "quarterly",
        HalfYearly = "half_yearly",
        Yearly = "yearly",
        /// Whenever what it describes changes, and not by the calendar.
        OnChange = "on_change",
}

/// One check's bearing on an objective, as the roll-up used it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bearing {
    pub check: CheckId,
    pub target: String,
    pub proof: Proof,
    pub outcome: super::finding::FindingOutcome,
    pub because: String,
    /// Ledger leaves of the evidence behind it.
    pub evidence: Vec<u64>,
}

/// The status of one objective, with everything that bears on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectiveStatus {
    pub objective: ObjectiveId,
    pub state: ControlState,
    /// In words: why it stands so and what is missing.
    pub because: String,
    pub bearings: Vec<Bearing>,
    /// Leaf of the attestation that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<u64>,
    /// Leaf of the attestation that speaks to it and does not count: something stands in its way, or it has ended.
    /// `because` says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<u64>,
    /// What the attestation says of an objective that is not met or undetermined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_as: Option<OpenAs>,
}

/// The status of one control, derived from its objectives (or its children).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlStatus {
    pub framework: FrameworkId,
    pub control: ControlId,
    pub state: ControlState,
    pub because: String,
    pub objectives: Vec<ObjectiveStatus>,
    /// When the evidence that decides it was collected, or from when the statement that it rests on counts: the oldest
    /// of these. None while nothing was seen or stated.
    pub as_of: Option<Timestamp>,
}

impl ControlStatus {
    /// Whether somebody left out everything about it that is not shown, on purpose and untested: then nobody is asked to
    /// show it.
    #[must_use]
    pub fn is_left_out_untested(&self) -> bool {
        let mut open = self.objectives.iter().filter(|one| one.state == ControlState::Undetermined).peekable();
        self.state == ControlState::Undetermined
            && open.peek().is_some()
            && open.all(|one| one.open_as == Some(OpenAs::NotTested))
    }

    /// Whether a statement that counts says that some of it is there, while it is not met.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        let is_open = matches!(self.state, ControlState::NotMet | ControlState::Undetermined);
        is_open && self.objectives.iter().any(|one| one.open_as == Some(OpenAs::Partial))
    }
}
