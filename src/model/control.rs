//! What a framework asks, how strongly something proves it, and where it stands.

use serde::{Deserialize, Serialize};

use super::id::{CheckId, ControlId, FrameworkId, ObjectiveId};
use super::time::Timestamp;

/// How much a passing check says about an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Says something that helps, proves nothing by itself.
    Supporting,
    /// Proves a part; a person's statement must cover the rest.
    Part,
    /// Proves the objective if it passes on every in-scope target.
    Full,
}

impl Proof {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supporting => "supporting",
            Self::Part => "part",
            Self::Full => "full",
        }
    }
}

/// Where a control or objective stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlState {
    Met,
    NotMet,
    NotApplicable,
    Undetermined,
}

impl ControlState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not_met",
            Self::NotApplicable => "not_applicable",
            Self::Undetermined => "undetermined",
        }
    }
}

impl std::str::FromStr for ControlState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        serde_json::from_value(serde_json::Value::String(text.to_owned()))
            .map_err(|_| format!("`{text}` is not a control status"))
    }
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
}

/// The status of one control, derived from its objectives (or its children).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlStatus {
    pub framework: FrameworkId,
    pub control: ControlId,
    pub state: ControlState,
    pub because: String,
    pub objectives: Vec<ObjectiveStatus>,
    /// When the evidence that decides it was collected: the oldest of what it rests on. None while nothing was seen.
    pub as_of: Option<Timestamp>,
}
