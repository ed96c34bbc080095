//! Evidence read back: the index row with its rows counted anew, the run it belongs to, and when it was tried.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use countersign_seal::record::{Evidence, Record};
use serde_json::json;

use super::reading::Reader;
use super::{Replayed, read_time};
use crate::catalog::collector::CollectorDefinition;
use crate::dataset;
use crate::model::evidence::{CollectionOutcome, SealedArtifact, SealedEvidence, Source};
use crate::model::id::{DatasetId, RunId};
use crate::model::time::Timestamp;
use crate::pipeline::DatasetLine;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::records::sealed;
use crate::store::{CollectorState, EvidenceRow, Run, RunState, UNKNOWN_CAUSE};

/// One evidence record with what its index needs.
pub(in crate::pipeline) struct Seen {
    pub(in crate::pipeline) row: EvidenceRow,
    started: Timestamp,
}

/// Reads one evidence record. None when it speaks of a kind of source or an outcome this version does not know: it
/// stays a leaf and is verified, but nothing can be made of it.
pub(in crate::pipeline) async fn read(
    reader: &Reader<'_>,
    leaf: u64,
    record: &Record,
    hash: Digest,
    evidence: &Evidence,
) -> Result<Option<Seen>, CommitFault> {
    let (Ok(source), Ok(outcome), Ok(dataset)) =
        (evidence.source.parse::<Source>(), evidence.outcome.parse::<CollectionOutcome>(), evidence.dataset.parse())
    else {
        return Ok(None);
    };
    let collected_at = read_time(&evidence.finished)?;
    let named = reader.artifacts(record).await?;
    let sealed = SealedEvidence {
        leaf,
        record_hash: hash,
        run: run_id(evidence.run.as_str())?,
        dataset,
        target: evidence.target.clone(),
        source,
        collected_at,
        outcome,
        reason: evidence.reason.clone(),
        artifacts: named.iter().map(sealed).collect(),
    };
    let row_count = rows(reader, &sealed);
    Ok(Some(Seen { row: EvidenceRow { sealed, row_count }, started: read_time(&evidence.started)? }))
}

/// The artifacts that are needed to count rows again.
pub(super) async fn artifacts_to_count(
    reader: &Reader<'_>,
    record: &Record,
    evidence: &Evidence,
) -> Result<Vec<Digest>, CommitFault> {
    let (Ok(outcome), Ok(dataset)) = (evidence.outcome.parse(), evidence.dataset.parse()) else {
        return Ok(Vec::new());
    };
    if counted_by(reader, outcome, &dataset).is_none() {
        return Ok(Vec::new());
    }
    Ok(reader.artifacts(record).await?.iter().map(|artifact| artifact.sha256).collect())
}

/// What makes rows of evidence. Files that were handed in have none, and what no collector of this catalog explains
/// cannot be counted.
fn counted_by<'a>(
    reader: &Reader<'a>,
    outcome: CollectionOutcome,
    dataset: &DatasetId,
) -> Option<&'a CollectorDefinition> {
    let has_rows = matches!(outcome, CollectionOutcome::Complete | CollectionOutcome::Partial);
    let definition = reader.app.catalog.collectors.get(dataset);
    definition.filter(|definition| has_rows && definition.source != Source::Import)
}

/// How many rows the evidence comes to; none where its bytes are no longer kept.
fn rows(reader: &Reader<'_>, sealed: &SealedEvidence) -> u64 {
    let Some(definition) = counted_by(reader, sealed.outcome, &sealed.dataset) else { return 0 };
    let artifact = |artifact: &SealedArtifact| Some((artifact.name.clone(), reader.held(&artifact.sha256)?.clone()));
    let Some(artifacts) = sealed.artifacts.iter().map(artifact).collect::<Option<Vec<_>>>() else { return 0 };
    let derived = dataset::derive(definition, &artifacts, sealed.outcome, &sealed.reason, sealed.collected_at);
    derived.rows.len() as u64
}

pub(super) fn run_id(text: &str) -> Result<RunId, CommitFault> {
    text.parse().map_err(|_| CommitFault::Unreadable(format!("the run {text}")))
}

/// Adds the index rows of a commit's evidence, its runs and the states of its collectors.
pub(super) fn tell(seen: Vec<Seen>, found: &mut Replayed) {
    let mut runs: BTreeMap<RunId, Vec<&Seen>> = BTreeMap::new();
    for one in &seen {
        runs.entry(one.row.sealed.run).or_default().push(one);
        if one.row.sealed.source != Source::Import && !one.row.sealed.was_ended_early() {
            found.states.push(state(one));
        }
    }
    found.runs.extend(runs.into_iter().map(|(id, of_run)| run(id, &of_run)));
    found.rows.evidence.extend(seen.into_iter().map(|one| one.row));
}

fn state(one: &Seen) -> CollectorState {
    let sealed = &one.row.sealed;
    CollectorState {
        source: sealed.source,
        target: sealed.target.clone(),
        dataset: sealed.dataset.clone(),
        last_started_at: one.started,
        last_outcome: sealed.outcome,
        last_seen_at: sealed.outcome.is_seen_whole().then_some(sealed.collected_at),
    }
}

/// A run as its evidence tells it: from the first beginning to the last end.
fn run(id: RunId, seen: &[&Seen]) -> Run {
    let imported = seen.iter().all(|one| one.row.sealed.source == Source::Import);
    let line = |one: &&Seen| DatasetLine {
        dataset: one.row.sealed.dataset.clone(),
        target: one.row.sealed.target.clone(),
        outcome: one.row.sealed.outcome,
        reason: one.row.sealed.reason.clone(),
        rows: one.row.row_count,
        evidence: one.row.sealed.leaf,
        path: None,
    };
    let summary = if imported {
        json!([{ "imported_files": seen.len() }])
    } else {
        serde_json::to_value(seen.iter().map(line).collect::<Vec<_>>()).unwrap_or_default()
    };
    let is_cut_off = seen.iter().any(|one| one.row.sealed.was_ended_early());
    let ended_at = seen.iter().map(|one| one.row.sealed.collected_at).max();
    Run {
        id,
        cause: if imported { "import" } else { UNKNOWN_CAUSE }.to_owned(),
        state: if is_cut_off { RunState::EndedEarly } else { RunState::Ended }.as_str().to_owned(),
        started_at: seen.iter().map(|one| one.started).min().unwrap_or(Timestamp::EARLIEST),
        ended_at,
        summary,
    }
}
