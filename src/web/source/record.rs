//! One record of the ledger: for evidence everything it states, what covers it and what read it; of any other kind its
//! text.

use countersign_seal::digest::Digest;
use countersign_seal::record::{Evidence, Record, Redaction, Statement};
use serde::Serialize;

use super::{Place, StorePages};
use crate::catalog::Catalog;
use crate::model::evidence::{CollectionOutcome, SealedArtifact};
use crate::model::finding::FindingOutcome;
use crate::model::id::{CheckId, DatasetId, OrgSlug, RunId};
use crate::model::time::Timestamp;
use crate::report::data::dataset_title;
use crate::report::facts::{Fact, facts};
use crate::report::sight::is_stale;
use crate::store::{EvidenceRow, JudgedResult, OrgScope};
use crate::web::SourceError;

/// Artifacts named.
const ARTIFACTS_SHOWN: usize = 100;
/// Results named that rest on the record.
const READERS_SHOWN: usize = 100;

/// The page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordPage {
    pub place: Place,
    pub leaf: u64,
    /// `evidence/1`, `judgement/1`, `change/1`, …
    pub kind: String,
    /// RFC 9162 leaf hash as the database has it.
    pub hash: Digest,
    /// Canonical JSON.
    pub text: String,
    /// The first signed head over it.
    pub cover: Option<Cover>,
    /// None when it is no evidence record.
    pub evidence: Option<EvidenceSection>,
}

/// A signed head that covers a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cover {
    pub size: u64,
    pub root: Digest,
    pub committed_at: Timestamp,
    /// The archive in the vault that holds the record.
    pub archive: String,
}

/// What an evidence record states.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvidenceSection {
    pub dataset: DatasetId,
    pub dataset_title: String,
    /// What the dataset can show; empty when the catalog no longer has its collector.
    pub proves: String,
    pub target: String,
    pub outcome: CollectionOutcome,
    pub outcome_words: &'static str,
    pub reason: String,
    pub collected_at: Timestamp,
    pub stale: bool,
    pub row_count: u64,
    pub run: RunId,
    /// Times, source, collector: the same for every source.
    pub how: Vec<Fact>,
    /// What this source says of itself: address, status, command, permission.
    pub provenance: Vec<Fact>,
    pub redactions: Vec<RedactionLine>,
    pub artifacts: Vec<ArtifactLine>,
    pub more_artifacts: usize,
    /// Judgements of the run that collected it.
    pub readers: Vec<ReaderLine>,
    pub more_readers: usize,
    /// Checks that read this dataset.
    pub checks: Vec<Fact>,
}

/// What one redaction rule replaced in one artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedactionLine {
    pub rule: String,
    pub artifact: String,
    pub places: usize,
    pub bytes: u64,
}

/// An artifact, and whether its bytes are still kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArtifactLine {
    #[serde(flatten)]
    pub artifact: SealedArtifact,
    /// Record that deleted the bytes; the hash stays.
    pub deleted_by: Option<u64>,
}

/// A judgement that rests on the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderLine {
    pub check: CheckId,
    pub title: String,
    pub outcome: FindingOutcome,
    pub because: String,
}

impl StorePages {
    /// One record of the organization's ledger.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn record(&self, slug: &OrgSlug, leaf: u64) -> Result<Option<RecordPage>, SourceError> {
        let Some(organization) = self.organization(slug).await? else { return Ok(None) };
        let (store, scope) = (&self.app.store, OrgScope::of(&organization));
        let stored = store.leaves(&scope, leaf, 1).await?.into_iter().find(|stored| stored.leaf == leaf);
        let Some(stored) = stored else { return Ok(None) };
        let place = self.place(&organization, None);
        let cover = match store.first_head_over(&scope, leaf).await? {
            Some((head, archive)) => Some(Cover {
                size: head.size,
                root: head.root,
                committed_at: head.committed_at,
                archive: store.present_archive(&scope, &archive).await?,
            }),
            None => None,
        };
        let row = store.evidence_at(&scope, &[leaf]).await?.into_iter().next();
        let said = Record::parse(stored.body.as_bytes()).ok().and_then(|record| record.statement().ok().flatten());
        let evidence = match (said, row) {
            (Some(Statement::Evidence(said)), Some(row)) => Some(self.section(&scope, &place, said, row).await?),
            _ => None,
        };
        Ok(Some(RecordPage { place, leaf, kind: stored.kind, hash: stored.hash, text: stored.body, cover, evidence }))
    }

    async fn section(
        &self,
        scope: &OrgScope,
        place: &Place,
        said: Evidence,
        row: EvidenceRow,
    ) -> Result<EvidenceSection, SourceError> {
        let (store, catalog) = (&self.app.store, self.app.catalog.as_ref());
        let record = row.sealed;
        let results = store.results_of_run(scope, record.run).await?;
        let mut readers: Vec<_> =
            results.into_iter().filter(|judged| judged.result.evidence.contains(&record.leaf)).collect();
        let more_readers = readers.len().saturating_sub(READERS_SHOWN);
        readers.truncate(READERS_SHOWN);
        let stale = is_stale(&record, catalog, place.as_of);
        let more_artifacts = record.artifacts.len().saturating_sub(ARTIFACTS_SHOWN);
        let mut artifacts = record.artifacts;
        artifacts.truncate(ARTIFACTS_SHOWN);
        let digests: Vec<Digest> = artifacts.iter().map(|artifact| artifact.sha256).collect();
        let deleted = store.deleted_objects(scope, &digests).await?;
        let artifact = |artifact: SealedArtifact| ArtifactLine {
            deleted_by: deleted.get(&artifact.sha256).map(|deleted| deleted.leaf),
            artifact,
        };
        let collector = catalog.collectors.get(&record.dataset);
        Ok(EvidenceSection {
            dataset_title: dataset_title(catalog, &record.dataset),
            proves: collector.map(|collector| collector.proves.clone()).unwrap_or_default(),
            checks: checks(catalog, &record.dataset),
            dataset: record.dataset,
            target: record.target,
            outcome: record.outcome,
            outcome_words: record.outcome.words(),
            reason: record.reason,
            collected_at: record.collected_at,
            stale,
            row_count: row.row_count,
            run: record.run,
            how: how(&said),
            provenance: facts(&said.provenance),
            redactions: said.redactions.into_iter().map(redaction).collect(),
            artifacts: artifacts.into_iter().map(artifact).collect(),
            more_artifacts,
            readers: readers.into_iter().map(|judged| reader(judged, catalog)).collect(),
            more_readers,
        })
    }
}

fn how(said: &Evidence) -> Vec<Fact> {
    let mut all = vec![
        Fact::new("Kind of source", said.source.clone()),
        Fact::new("Begun", said.started.as_str()),
        Fact::new("Ended", said.finished.as_str()),
    ];
    all.extend(said.source_clock.as_ref().map(|clock| Fact::new("Clock of the source", clock.as_str())));
    all.push(Fact::new("Collector", format!("{}, definition {}", said.collector.id, said.collector.digest)));
    all
}

fn redaction(redaction: Redaction) -> RedactionLine {
    RedactionLine {
        places: redaction.ranges.len(),
        bytes: redaction.ranges.iter().map(|[_, length]| *length).fold(0, u64::saturating_add),
        rule: redaction.rule,
        artifact: redaction.artifact,
    }
}

fn reader(judged: JudgedResult, catalog: &Catalog) -> ReaderLine {
    let result = judged.result;
    ReaderLine {
        title: catalog.checks.get(&result.check).map_or_else(|| result.check.to_string(), |check| check.title.clone()),
        check: result.check,
        outcome: result.outcome,
        because: result.because,
    }
}

fn checks(catalog: &Catalog, dataset: &DatasetId) -> Vec<Fact> {
    let reads = catalog.checks.values().filter(|check| check.datasets().contains(&dataset));
    reads.map(|check| Fact::new(check.id.to_string(), check.title.clone())).collect()
}
