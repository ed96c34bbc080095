//! Artifacts -> dataset rows: pure parsers, each named and versioned.
//!
//! A parser never guesses: what it cannot read makes the dataset `failed` with a reason, never empty.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::evidence::CollectionOutcome;
use crate::model::id::DatasetId;
use crate::model::time::Timestamp;

pub mod graph;
pub mod host;

/// What a check sees of one dataset of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    pub id: DatasetId,
    pub outcome: CollectionOutcome,
    /// Why it is not complete; empty when it is.
    #[serde(default)]
    pub reason: String,
    pub collected_at: Timestamp,
    pub rows: Vec<Value>,
    pub meta: Map<String, Value>,
}
