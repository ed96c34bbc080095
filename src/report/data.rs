//! The values every report and page is made of. Plain, serializable, already in words for people.

use countersign_seal::digest::Digest;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::evidence::{CollectionOutcome, SealedArtifact, SealedEvidence, Source};
use crate::model::id::{DatasetId, FrameworkId, OrgSlug, RunId};
use crate::model::organization::Organization;
use crate::model::responsibility::{EngagementModel, MatrixState, Party, ResponsibilityKind};
use crate::model::time::Timestamp;

/// The organization a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrganizationHeading {
    pub slug: OrgSlug,
    pub name: String,
    pub model: EngagementModel,
}

impl From<&Organization> for OrganizationHeading {
    fn from(organization: &Organization) -> Self {
        Self { slug: organization.slug.clone(), name: organization.name.clone(), model: organization.model }
    }
}

/// The framework a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameworkHeading {
    pub id: FrameworkId,
    pub title: String,
    pub version: String,
    pub publisher: String,
}

impl From<&Framework> for FrameworkHeading {
    fn from(framework: &Framework) -> Self {
        Self {
            id: framework.id.clone(),
            title: framework.title.clone(),
            version: framework.version.clone(),
            publisher: framework.publisher.clone(),
        }
    }
}

/// The signed head of the organization's ledger that a report rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerHead {
    /// The ledger's name as its checkpoints carry it.
    pub origin: String,
    /// How many records the head covers.
    pub size: u64,
    /// RFC 9162 root hash.
    pub root: Digest,
}

/// What every report states about itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Basis {
    /// What was known at this moment is what the report says.
    pub as_of: Timestamp,
    pub generated_at: Timestamp,
    pub catalog_digest: Digest,
    /// None while nothing has been sealed.
    pub checkpoint: Option<LedgerHead>,
}

/// How far the split of responsibilities has come, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixHeading {
    pub version: u32,
    pub model: EngagementModel,
    pub state: MatrixState,
    pub words: &'static str,
    /// True only when both parties have signed this version.
    pub countersigned: bool,
}

impl MatrixHeading {
    #[must_use]
    pub fn new(version: u32, model: EngagementModel, state: MatrixState) -> Self {
        let countersigned = state == MatrixState::Countersigned;
        Self { version, model, state, words: state.for_people(), countersigned }
    }
}

/// Who is accountable, and what each party does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnerLine {
    pub kind: ResponsibilityKind,
    /// The kind in words for people.
    pub kind_words: &'static str,
    pub accountable: Party,
    pub provider_tasks: String,
    pub internal_tasks: String,
    /// The part a vendor carries, shown by `document`.
    pub vendor_tasks: Option<String>,
    pub document: Option<String>,
    /// Short name of who does the provider's part, where one person is named.
    pub provider_person: Option<String>,
    /// The same for internal IT.
    pub internal_person: Option<String>,
    /// Where the service agreement says so.
    pub clause: Option<String>,
}

impl From<&crate::model::responsibility::Responsibility> for OwnerLine {
    fn from(row: &crate::model::responsibility::Responsibility) -> Self {
        Self {
            kind: row.kind,
            kind_words: kind_words(row.kind),
            accountable: row.accountable,
            provider_tasks: row.provider_tasks.clone(),
            internal_tasks: row.internal_tasks.clone(),
            vendor_tasks: row.vendor_tasks.clone(),
            document: row.document.clone(),
            provider_person: row.provider_person.as_ref().map(ToString::to_string),
            internal_person: row.internal_person.as_ref().map(ToString::to_string),
            clause: row.clause.clone(),
        }
    }
}

/// How a division of work is named to people.
#[must_use]
pub fn kind_words(kind: ResponsibilityKind) -> &'static str {
    match kind {
        ResponsibilityKind::Provider => "provider",
        ResponsibilityKind::Internal => "internal IT",
        ResponsibilityKind::Shared => "shared",
        ResponsibilityKind::Inherited => "inherited",
        ResponsibilityKind::NotApplicable => "not applicable",
    }
}

/// One record of the evidence register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceLine {
    pub leaf: u64,
    pub record_hash: Digest,
    pub run: RunId,
    pub dataset: DatasetId,
    /// The collector's title, or the dataset's id when the catalog no longer has it.
    pub dataset_title: String,
    pub target: String,
    pub source: Source,
    pub collected_at: Timestamp,
    pub outcome: CollectionOutcome,
    pub reason: String,
    pub artifacts: Vec<SealedArtifact>,
    /// How many controls of this report have a check that read it.
    pub controls: usize,
    /// Older than its collector allows at the report's as-of.
    pub stale: bool,
}

impl EvidenceLine {
    pub(super) fn new(evidence: &SealedEvidence, catalog: &Catalog, controls: usize, as_of: Timestamp) -> Self {
        Self {
            leaf: evidence.leaf,
            record_hash: evidence.record_hash,
            run: evidence.run,
            dataset: evidence.dataset.clone(),
            dataset_title: dataset_title(catalog, &evidence.dataset),
            target: evidence.target.clone(),
            source: evidence.source,
            collected_at: evidence.collected_at,
            outcome: evidence.outcome,
            reason: evidence.reason.clone(),
            artifacts: evidence.artifacts.clone(),
            controls,
            stale: super::sight::is_stale(evidence, catalog, as_of),
        }
    }
}

/// The title people know a dataset by.
#[must_use]
pub fn dataset_title(catalog: &Catalog, dataset: &DatasetId) -> String {
    catalog.collectors.get(dataset).map_or_else(|| dataset.to_string(), |collector| collector.title.clone())
}
