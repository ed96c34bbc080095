//! Takes over into the database what the vault's log has committed: after a crash between the commit point and the
//! transaction, or when another process wrote.

use bytes::Bytes;
use countersign_seal::log::{Entry, FIRST_SEQUENCE};
use countersign_seal::names;
use countersign_seal::note;
use countersign_seal::record::{Record, Statement};

use super::deletion::take_over;
use super::fault::{CommitFault, blocking};
use super::lease::Lease;
use super::objects::FetchedArchive;
use super::records::{new_leaf, sealed};
use crate::app::App;
use crate::model::evidence::{SealedEvidence, Source};
use crate::model::id::RunId;
use crate::model::time::Timestamp;
use crate::store::{EvidenceRow, Head, IndexRows, LedgerCommit, NewLeaf, NewObject, OrgScope};

/// Longest list of records that is taken over at once.
const MOST_RECORDS: u64 = 512 * 1024 * 1024;

/// Takes over every log object the database does not know yet; returns how many there were. Waits for a writer that is
/// just telling the database of its own commit: nobody else knows all that belongs to it.
pub async fn roll_forward(app: &App, scope: &OrgScope) -> Result<u64, CommitFault> {
    let known = app.store.head(scope).await?;
    if tail(app, scope, known.as_ref()).await?.is_empty() {
        return Ok(0);
    }
    let lease = Lease::take(app, scope, known.map_or(0, |head| head.size)).await?;
    let taken = lease.during(Box::pin(under_lease(&lease))).await;
    lease.release().await;
    taken
}

/// The log objects after the newest known one, which must still be there as it was.
async fn tail(app: &App, scope: &OrgScope, known: Option<&Head>) -> Result<Vec<(u64, Bytes)>, CommitFault> {
    // The newest entry that is known comes along, to see that the vault still has it.
    let first = known.map_or(FIRST_SEQUENCE, |head| head.sequence);
    let mut tail = app.vault.log_from(scope.id(), first).await?;
    if let Some(head) = known {
        let kept = if tail.is_empty() { None } else { Some(Entry::decode(&tail.remove(0).1)?) };
        if kept.is_none_or(|entry| entry.checkpoint != head.checkpoint) {
            let what = format!("the vault no longer holds log object {} as it was committed", head.sequence);
            return Err(CommitFault::Diverged(what));
        }
    }
    Ok(tail)
}

/// The same for somebody who holds the ledger.
pub async fn under_lease(lease: &Lease<'_>) -> Result<u64, CommitFault> {
    let (app, scope) = (lease.app(), lease.scope());
    let known = app.store.head(scope).await?;
    let tail = tail(app, scope, known.as_ref()).await?;
    let many = tail.len() as u64;
    for (sequence, bytes) in &tail {
        let sequence = *sequence;
        let entry = Entry::decode(bytes)?;
        let key = app.key_in_force(scope, entry.first_leaf).await?;
        let signed = note::open(&entry.checkpoint, &key)
            .map_err(|fault| CommitFault::Diverged(format!("log object {sequence}: {fault}")))?;
        if entry.sequence != sequence || entry.size_after() != signed.checkpoint.size {
            return Err(CommitFault::Diverged(format!("log object {sequence} contradicts its own checkpoint")));
        }
        let archive = take_over::archive_of(app, scope, &entry.archive.name, &tail, sequence).await?;
        let (archive, (records, objects)) = blocking(move || {
            let read = read_archive(&archive)?;
            Ok((archive, read))
        })
        .await?;
        if records.len() as u64 != entry.leaf_count {
            return Err(CommitFault::Diverged(format!("the archive of log object {sequence} lacks records")));
        }
        let committed_at = app.clock.now();
        let numbered: Vec<(u64, Record)> =
            (entry.first_leaf..).zip(records.iter().map(|(record, _)| record.clone())).collect();
        let deletions = take_over::rows(app, scope, &archive, &numbered).await?;
        let evidence = (entry.first_leaf..)
            .zip(&records)
            .filter_map(|(leaf, (record, leaf_row))| evidence_row(leaf, record, leaf_row))
            .collect();
        let commit = LedgerCommit {
            sequence,
            archive: entry.archive.name.clone(),
            archive_digest: entry.archive.sha256,
            first_leaf: entry.first_leaf,
            root: signed.checkpoint.root,
            checkpoint: entry.checkpoint.clone(),
            committed_at,
            leaves: records.into_iter().map(|(_, leaf)| leaf).collect(),
            objects,
        };
        app.store.record_commit(scope, &commit, &IndexRows { evidence, deletions, ..IndexRows::default() }).await?;
        tracing::info!(sequence, organization = %scope.id(), "Took over a commit that the database did not know");
    }
    if many > 0 {
        app.finish_removals(scope).await?;
    }
    Ok(many)
}

type ArchiveContents = (Vec<(Record, NewLeaf)>, Vec<NewObject>);

fn read_archive(archive: &FetchedArchive) -> Result<ArchiveContents, CommitFault> {
    let mut container = archive.open()?;
    let objects = container
        .entries()
        .filter_map(|(name, size)| {
            let digest = name.strip_prefix(names::OBJECTS)?.parse().ok()?;
            Some(NewObject { sha256: digest, size })
        })
        .collect();
    let lines = container.read(names::RECORDS, MOST_RECORDS)?;
    let records = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let record = Record::parse(line)?;
            let leaf = new_leaf(&record, record.leaf_hash());
            Ok((record, leaf))
        })
        .collect::<Result<_, CommitFault>>()?;
    Ok((records, objects))
}

/// The index row of an evidence record; its rows are counted again when it is next read.
fn evidence_row(leaf: u64, record: &Record, stored: &NewLeaf) -> Option<EvidenceRow> {
    let Ok(Some(Statement::Evidence(evidence))) = record.statement() else { return None };
    let source: Source = serde_json::from_value(serde_json::Value::String(evidence.source)).ok()?;
    let finished: Timestamp = evidence.finished.as_str().parse().ok()?;
    let run: RunId = evidence.run.as_str().parse().ok()?;
    let sealed = SealedEvidence {
        leaf,
        record_hash: stored.hash,
        run,
        dataset: evidence.dataset.parse().ok()?,
        target: evidence.target,
        source,
        collected_at: finished,
        outcome: evidence.outcome.parse().ok()?,
        reason: evidence.reason,
        artifacts: evidence.artifacts.iter().map(sealed).collect(),
    };
    Some(EvidenceRow { sealed, row_count: 0 })
}
