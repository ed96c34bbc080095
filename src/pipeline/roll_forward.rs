//! Takes over into the database what the vault's log has committed: after a crash between the commit point and the
//! transaction, when another process wrote, and when a whole database is made anew.

use std::sync::Arc;

use bytes::Bytes;
use countersign_seal::digest::Digest;
use countersign_seal::log::{Entry, FIRST_SEQUENCE};
use countersign_seal::note::{self, VerifyingKey};
use countersign_seal::record::Key;

use super::deletion::take_over;
use super::fault::{CommitFault, blocking};
use super::lease::Lease;
use super::replay::{Committed, KnownReports, Replayed, read_archive, read_time, replay};
use crate::app::App;
use crate::model::time::Timestamp;
use crate::store::{Head, LedgerCommit, OrgScope, SigningKeyRow};

/// Takes over every log object the database does not know yet; returns how many there were. Waits for a writer that is
/// just telling the database of its own commit: nobody else knows all that belongs to it.
pub async fn roll_forward(app: &App, scope: &OrgScope) -> Result<u64, CommitFault> {
    roll_forward_knowing(app, scope, &KnownReports::new()).await
}

/// The same, with what a backup knows of reports.
pub async fn roll_forward_knowing(app: &App, scope: &OrgScope, reports: &KnownReports) -> Result<u64, CommitFault> {
    let known = app.store.head(scope).await?;
    if tail(app, scope, known.as_ref()).await?.is_empty() {
        return Ok(0);
    }
    let lease = Lease::take(app, scope, known.map_or(0, |head| head.size)).await?;
    let taken = lease.during(Box::pin(take_over_all(&lease, reports))).await;
    lease.release().await;
    taken
}

/// The same for somebody who holds the ledger.
pub async fn under_lease(lease: &Lease<'_>) -> Result<u64, CommitFault> {
    take_over_all(lease, &KnownReports::new()).await
}

async fn take_over_all(lease: &Lease<'_>, reports: &KnownReports) -> Result<u64, CommitFault> {
    let (app, scope) = (lease.app(), lease.scope());
    let known = app.store.head(scope).await?;
    let tail = tail(app, scope, known.as_ref()).await?;
    let mut before = known.map(|head| head.committed_at);
    for (sequence, bytes) in &tail {
        let sequence = *sequence;
        let entry = Entry::decode(bytes)?;
        let key = app.key_in_force(scope, entry.first_leaf).await?;
        let signed = note::open(&entry.checkpoint, &key)
            .map_err(|fault| CommitFault::Diverged(format!("log object {sequence}: {fault}")))?;
        if entry.sequence != sequence || entry.size_after() != signed.checkpoint.size {
            return Err(CommitFault::Diverged(format!("log object {sequence} contradicts its own checkpoint")));
        }
        let archive = Arc::new(take_over::archive_of(app, scope, &entry.archive.name, &tail, sequence).await?);
        let opened = Arc::clone(&archive);
        let (records, objects) = blocking(move || read_archive(&opened)).await?;
        if records.len() as u64 != entry.leaf_count {
            return Err(CommitFault::Diverged(format!("the archive of log object {sequence} lacks records")));
        }
        let commit = Committed { entry, archive, records, objects };
        let replayed = replay(app, scope, &commit, reports, before).await?;
        before = Some(replayed.committed_at);
        // What says less than the database may know is told first: it can be told twice, the commit cannot.
        for run in &replayed.runs {
            app.store.take_over_run(scope, run).await?;
        }
        app.store.take_over_states(scope, &replayed.states).await?;
        for brought in &replayed.keys {
            take_over_key(app, scope, brought).await?;
        }
        record(app, scope, commit, signed.checkpoint.root, replayed).await?;
        tracing::info!(sequence, organization = %scope.id(), "Took over a commit that the database did not know");
    }
    if !tail.is_empty() {
        app.finish_removals(scope).await?;
    }
    Ok(tail.len() as u64)
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

async fn record(
    app: &App,
    scope: &OrgScope,
    commit: Committed,
    root: Digest,
    replayed: Replayed,
) -> Result<(), CommitFault> {
    let commit = LedgerCommit {
        sequence: commit.entry.sequence,
        archive: commit.entry.archive.name,
        archive_digest: commit.entry.archive.sha256,
        first_leaf: commit.entry.first_leaf,
        root,
        checkpoint: commit.entry.checkpoint,
        committed_at: replayed.committed_at,
        leaves: commit.records.into_iter().map(|(_, leaf)| leaf).collect(),
        objects: commit.objects,
    };
    Ok(app.store.record_commit(scope, &commit, &replayed.rows).await?)
}

/// Notes a key that came into use, with its seed if a file has it, so that the ledger can be continued.
async fn take_over_key(app: &App, scope: &OrgScope, brought: &Key) -> Result<(), CommitFault> {
    add_key(app, scope, &VerifyingKey::from_facts(&brought.key)?, read_time(&brought.at)?).await
}

/// Adds a key to the database if it is not there.
pub async fn add_key(app: &App, scope: &OrgScope, key: &VerifyingKey, at: Timestamp) -> Result<(), CommitFault> {
    let row = SigningKeyRow {
        key_id: hex::encode(key.id()),
        name: key.name().to_owned(),
        public_key: key.as_bytes().to_vec(),
        introduced_at: at,
    };
    let sealed = app.kept_seed(scope.id(), &row.key_id)?;
    Ok(app.store.take_over_signing_key(scope, &row, sealed.as_ref()).await?)
}
