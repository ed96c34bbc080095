//! Crosswalk between frameworks: used to suggest, never to decide.

use serde::{Deserialize, Serialize};

use crate::model::id::{ControlId, FrameworkId};

/// How far a crosswalk row can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Automatic; never shown without the word.
    Low,
    /// Our judgement.
    Medium,
    /// Follows a published chain.
    High,
}

/// One control helps another; or it is stated that nothing corresponds (`to` is none).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrosswalkRow {
    pub from_framework: FrameworkId,
    pub from: ControlId,
    pub to_framework: FrameworkId,
    pub to: Option<ControlId>,
    pub confidence: Confidence,
    pub detail: String,
}
