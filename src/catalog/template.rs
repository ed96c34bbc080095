//! Responsibility templates: `controls/responsibilities/<model>/<framework>.yaml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::id::FrameworkId;
use crate::model::responsibility::{EngagementModel, Party, Responsibility, ResponsibilityKind};

/// The split for every control of a family that has no row of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilySplit {
    pub kind: ResponsibilityKind,
    pub accountable: Party,
    #[serde(default)]
    pub provider_tasks: String,
    #[serde(default)]
    pub internal_tasks: String,
    #[serde(default)]
    pub document: Option<String>,
}

/// The first split of a framework under an engagement model. Gives every control exactly one accountable party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponsibilityTemplate {
    pub framework: FrameworkId,
    pub model: EngagementModel,
    pub families: BTreeMap<String, FamilySplit>,
    #[serde(default)]
    pub rows: Vec<Responsibility>,
}
