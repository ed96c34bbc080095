//! Frameworks, checks, collectors and responsibility templates, read from files into checked, immutable values.
//!
//! Loading never stops at the first fault: every fault of every file is reported at once, with file and line.
//! Start with [`Catalog`]; the file shapes are documented on the types of [`collector`], [`check`] and [`framework`].

pub mod check;
pub mod collector;
pub mod crosswalk;
pub mod fault;
pub mod files;
pub mod framework;
pub mod graph_errors;
pub mod template;

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;

use crate::model::id::{CheckId, DatasetId, FrameworkId};
use crate::model::responsibility::EngagementModel;

use check::{CheckDefinition, RegoModule};
use collector::CollectorDefinition;
use crosswalk::CrosswalkRow;
use framework::Framework;
use template::ResponsibilityTemplate;

/// Everything the data files say, checked against each other.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub frameworks: BTreeMap<FrameworkId, Framework>,
    pub collectors: BTreeMap<DatasetId, CollectorDefinition>,
    pub checks: BTreeMap<CheckId, CheckDefinition>,
    /// Shared Rego libraries, `controls/checks/lib/*.rego`.
    pub library: Vec<RegoModule>,
    pub templates: BTreeMap<(FrameworkId, EngagementModel), ResponsibilityTemplate>,
    pub crosswalk: Vec<CrosswalkRow>,
    /// Digest over every file's path and bytes: two catalogs with the same digest judge alike.
    pub digest: Digest,
}
