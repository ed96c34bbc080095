//! Check definitions: `controls/checks/<source>/<name>/check.rego` and its `cases/`.
//!
//! The types a check is read into; never evaluates a rule (that is `evaluate`). Start with [`load_check`], which reads
//! one folder and reports everything that is wrong with it.

mod annotations;
mod case;
mod lint;
mod load;
mod policy;

pub use case::{CaseDataset, CaseInput};
pub use load::{Compiling, check_digest, lint_library, load_check, load_with};
pub use policy::{Library, RuleFault};

use std::borrow::Cow;
use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::model::control::Proof;
use crate::model::finding::FindingOutcome;
use crate::model::id::{CheckId, DatasetId, FrameworkId};
use crate::model::responsibility::Party;
use crate::model::words;

words! {
    /// How bad it is when a check fails.
    Severity, "severity":
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
}

/// A dataset that must have been seen, or a set of which one is enough (the rule then decides what it can).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Requirement {
    One(DatasetId),
    AnyOf { any_of: Vec<DatasetId> },
}

/// What it means for a check when a dataset could not be read for want of a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnlicensedMeaning {
    /// The check is `unknown`.
    #[default]
    Unknown,
    /// The tenant cannot have the feature: the rule sees the outcome `unlicensed` with no rows and decides.
    FeatureAbsent,
}

/// The `custom` part of a check's METADATA. Unknown keys are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckMetadata {
    pub severity: Severity,
    /// Without these the check is `unknown`.
    pub requires: Vec<Requirement>,
    /// Missing ones make only the dependent part `unknown`.
    #[serde(default)]
    pub uses: Vec<DatasetId>,
    #[serde(default)]
    pub unlicensed: BTreeMap<DatasetId, UnlicensedMeaning>,
    /// Per framework: objective or control id and how strongly a pass proves it.
    pub proves: BTreeMap<FrameworkId, BTreeMap<String, Proof>>,
    /// What each party does to close it.
    pub remediation: BTreeMap<Party, String>,
    /// Per dataset: row properties that do not bear on the verdict (dotted paths; `*` for all). The generated
    /// property-deletion test leaves these alone.
    #[serde(default)]
    pub irrelevant: BTreeMap<DatasetId, Vec<String>>,
    /// Per dataset: row properties for which absent, null and empty all mean "not set", because the source leaves
    /// them out where it does not know the feature. A value in them does bear on the verdict. The generated
    /// property-deletion test leaves them alone while they are null or empty.
    #[serde(default)]
    pub optional: BTreeMap<DatasetId, Vec<String>>,
}

/// A Rego source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegoModule {
    /// Path, for messages.
    pub file: String,
    pub text: String,
}

/// A worked example: raw input and the outcome its file name promises.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckCase {
    /// File name without `.json`; begins with the expected outcome.
    pub name: String,
    pub expected: FindingOutcome,
    /// `{"datasets": {...}, "settings": {...}, "now": "..."}`: the shape of a rule's input. Kept as written, because only
    /// who tests the check reads it.
    pub bytes: Cow<'static, [u8]>,
}

impl CheckCase {
    /// # Errors
    /// When the text is no case. Loading refuses such a file unless it is compiled in, where the product's tests do.
    pub fn input(&self) -> Result<CaseInput, serde_json::Error> {
        serde_json::from_slice(&self.bytes)
    }
}

/// A rule with everything that is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckDefinition {
    pub id: CheckId,
    pub title: String,
    pub description: String,
    pub references: Vec<String>,
    pub metadata: CheckMetadata,
    pub rego: RegoModule,
    pub cases: Vec<CheckCase>,
    /// Digest of the rule's bytes and of every library file.
    pub digest: Digest,
}

/// The Rego package a check's rule is in.
#[must_use]
pub fn package_of(id: &CheckId) -> String {
    format!("checks.{}", id.as_str().replace('/', "."))
}

impl CheckDefinition {
    /// The Rego package: `checks.m365.mfa_for_all_users`.
    #[must_use]
    pub fn package(&self) -> String {
        package_of(&self.id)
    }

    /// Every dataset the rule may read.
    #[must_use]
    pub fn datasets(&self) -> Vec<&DatasetId> {
        let required = self.metadata.requires.iter().flat_map(|requirement| match requirement {
            Requirement::One(id) => std::slice::from_ref(id),
            Requirement::AnyOf { any_of } => any_of.as_slice(),
        });
        let mut all: Vec<_> = required.chain(&self.metadata.uses).collect();
        all.sort();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests;
