//! The only place that appends to a ledger: statements and bytes in, one durable archive and a signed head out.
//!
//! The order is the promise: ledger lease taken, bytes hashed and staged, records made, head signed, archive durable in
//! the vault, log object created (the commit point), database told. Whatever is cut off before the commit point never
//! happened; whatever is cut off after it is rolled forward at the next start.

use std::collections::VecDeque;

use countersign_seal::digest::Digest;
use countersign_seal::log::{ArchiveName, Entry, FIRST_SEQUENCE, FORMAT};
use countersign_seal::note::SignedCheckpoint;
use countersign_seal::record::{Artifact, Record, Statement};

use super::fault::CommitFault;
use super::lease::Lease;
use super::records::{new_leaf, sealed};
use super::staging::{Found, Staged};
use crate::app::App;
use crate::model::evidence::{Body, RawArtifact, SealedArtifact};
use crate::model::time::Timestamp;
use crate::store::{IndexRows, LedgerCommit, OrgScope};
use crate::vault::LogPut;

/// A statement that is about to become a record, with the bytes it names.
pub struct Entrant {
    pub artifacts: Vec<RawArtifact>,
    /// Makes the statement once the artifacts' hashes are known.
    pub statement: Box<dyn FnOnce(Vec<Artifact>) -> Result<Statement, CommitFault> + Send>,
    /// Records of one commit are ordered by this; equal keys keep the order they came in.
    pub order: [String; 3],
}

/// An entrant that is now a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    pub leaf: u64,
    pub record_hash: Digest,
    pub artifacts: Vec<SealedArtifact>,
}

/// What a commit came to. `admitted` is in the order the entrants were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub admitted: Vec<Admitted>,
    pub sequence: u64,
    pub signed: SignedCheckpoint,
    pub committed_at: Timestamp,
}

/// How often a writer starts again when another one was first.
pub(super) const TRIES: u32 = 12;
/// How many entrants are read, hashed and looked up at once.
const AT_ONCE: usize = 128;

/// A record, with where its entrant stood.
struct Prepared {
    record: Record,
    artifacts: Vec<SealedArtifact>,
    order: [String; 3],
    position: usize,
}

/// Everything that goes into a commit, as far as it has been read.
struct Contents {
    /// Not yet read, with their positions.
    entrants: VecDeque<(usize, Entrant)>,
    prepared: Vec<Prepared>,
    /// What was read, for another try.
    found: Vec<Found>,
}

impl Contents {
    fn of(entrants: Vec<Entrant>) -> Self {
        Self {
            prepared: Vec::with_capacity(entrants.len()),
            found: Vec::with_capacity(entrants.len()),
            entrants: entrants.into_iter().enumerate().collect(),
        }
    }
}

/// Appends `entrants` to the organization's ledger in one archive and one step. `index` tells, once the leaves are
/// known, what the database shall remember; it is written in the same transaction as the leaves.
pub async fn commit(
    app: &App,
    scope: &OrgScope,
    entrants: Vec<Entrant>,
    index: impl Fn(&Committed) -> IndexRows + Send,
) -> Result<Committed, CommitFault> {
    let size = app.store.head(scope).await?.map_or(0, |head| head.size);
    let lease = Lease::take(app, scope, size).await?;
    let done = lease.during(commit_under(&lease, entrants, index)).await;
    lease.release().await;
    done
}

/// The same for somebody who holds the ledger already, and keeps it up meanwhile.
pub async fn commit_under(
    lease: &Lease<'_>,
    entrants: Vec<Entrant>,
    index: impl Fn(&Committed) -> IndexRows + Send,
) -> Result<Committed, CommitFault> {
    let mut contents = Contents::of(entrants);
    for _ in 0..TRIES {
        // On the heap: everything a commit awaits in one piece is too much for a small stack.
        let done = Box::pin(append(lease, &mut contents, None, &index)).await?;
        if let Some(committed) = done {
            return Ok(committed);
        }
    }
    Err(CommitFault::Contended)
}

/// The same for what was decided on a ledger of exactly `size` leaves: none, and nothing is appended, when another writer
/// was first all the same. Then look again and decide anew.
pub async fn commit_on(
    lease: &Lease<'_>,
    size: u64,
    entrants: Vec<Entrant>,
    index: impl Fn(&Committed) -> IndexRows + Send,
) -> Result<Option<Committed>, CommitFault> {
    Box::pin(append(lease, &mut Contents::of(entrants), Some(size), &index)).await
}

/// One attempt: writes the archive, stores it, creates the log object, tells the database. None when another writer was
/// first, or the ledger no longer has the size that was expected.
async fn append(
    lease: &Lease<'_>,
    contents: &mut Contents,
    expected: Option<u64>,
    index: &(impl Fn(&Committed) -> IndexRows + Send),
) -> Result<Option<Committed>, CommitFault> {
    let (app, scope) = (lease.app(), lease.scope());
    Box::pin(super::roll_forward::under_lease(lease)).await?;
    let key = app.signing_key(scope).await?;
    let head = app.store.head(scope).await?;
    let first_leaf = head.as_ref().map_or(0, |head| head.size);
    if expected.is_some_and(|size| size != first_leaf) {
        return Ok(None);
    }
    let sequence = head.as_ref().map_or(FIRST_SEQUENCE, |head| head.sequence + 1);
    let mut edge = app.store.ledger_edge(scope, first_leaf).await?;
    if let Some(head) = &head
        && edge.root() != head.root
    {
        return Err(CommitFault::Diverged("the leaves in the database do not lead to the signed head".to_owned()));
    }

    let now = app.clock.now();
    let name = format!("{}-{}.zip", now.for_file_names(), uuid::Uuid::now_v7());
    let staged = stage(app, scope, contents, &name, now).await?;
    let records: Vec<Record> = contents.prepared.iter().map(|entry| entry.record.clone()).collect();
    for record in &records {
        edge.push(record.leaf_hash(), &mut Vec::new());
    }
    let signed = key.sign_checkpoint(edge.size(), edge.root());
    let (archive, records) = staged.finish(records, signed.note.clone()).await?;

    app.vault.put_archive(scope.id(), &name, archive.path()).await?;
    let entry = Entry {
        format: FORMAT.to_owned(),
        organization: scope.id().to_string().parse()?,
        sequence,
        archive: ArchiveName { name: name.clone(), sha256: archive.sha256, size: archive.size },
        first_leaf,
        leaf_count: records.len() as u64,
        checkpoint: signed.note.clone(),
    };
    // A deletion removes archives that nobody names and that are a day old: a writer that slept so long begins again.
    if !app.vault.has_archive(scope.id(), &entry.archive.name).await? {
        return Ok(None);
    }
    if app.vault.put_log(scope.id(), sequence, entry.encode()?).await? == LogPut::Taken {
        return Ok(None);
    }
    let commit = LedgerCommit {
        sequence,
        archive: name,
        archive_digest: archive.sha256,
        first_leaf,
        root: signed.checkpoint.root,
        checkpoint: signed.note.clone(),
        committed_at: now,
        leaves: records.into_iter().map(|record| new_leaf(&record, record.leaf_hash())).collect(),
        objects: archive.objects.clone(),
    };
    let committed = describe(&contents.prepared, &commit, signed);
    app.store.record_commit(scope, &commit, &index(&committed)).await?;
    Ok(Some(committed))
}

/// Writes the objects of everything that is to be committed, reading what was not read before, and puts the records in
/// order.
async fn stage(
    app: &App,
    scope: &OrgScope,
    contents: &mut Contents,
    name: &str,
    now: Timestamp,
) -> Result<Staged, CommitFault> {
    let mut staged = Staged::begin(app, name)?;
    for again in contents.found.chunks(AT_ONCE) {
        let again = again.iter().map(Found::elsewhere).collect();
        staged = staged.add(app, scope, again, now).await?;
    }
    while !contents.entrants.is_empty() {
        let some: Vec<_> = contents.entrants.drain(..AT_ONCE.min(contents.entrants.len())).collect();
        let (prepared, found) = staged.bench.run(move || prepare(some)).await?;
        contents.prepared.extend(prepared);
        contents.found.extend(found.iter().map(Found::elsewhere));
        staged = staged.add(app, scope, found, now).await?;
    }
    contents.prepared.sort_by(|one, other| one.order.cmp(&other.order));
    Ok(staged)
}

/// Hashes the artifacts of some entrants and makes their records.
fn prepare(entrants: Vec<(usize, Entrant)>) -> Result<(Vec<Prepared>, Vec<Found>), CommitFault> {
    let mut prepared = Vec::with_capacity(entrants.len());
    let mut all = Vec::with_capacity(entrants.len());
    for (position, entrant) in entrants {
        let mut artifacts = Vec::with_capacity(entrant.artifacts.len());
        for RawArtifact { name, media_type, body } in entrant.artifacts {
            let found = Found::read(body)?;
            artifacts.push(Artifact { name, sha256: found.digest, size: found.size, media_type });
            all.push(found);
        }
        let sealed = artifacts.iter().map(sealed).collect();
        let fitted = Record::fitted((entrant.statement)(artifacts)?)?;
        if let Some(list) = fitted.list {
            all.push(Found::read(Body::Memory(list.into()))?);
        }
        prepared.push(Prepared { record: fitted.record, artifacts: sealed, order: entrant.order, position });
    }
    Ok((prepared, all))
}

fn describe(prepared: &[Prepared], commit: &LedgerCommit, signed: SignedCheckpoint) -> Committed {
    let mut admitted: Vec<(usize, Admitted)> = (commit.first_leaf..)
        .zip(prepared)
        .zip(&commit.leaves)
        .map(|((leaf, entry), stored)| {
            (entry.position, Admitted { leaf, record_hash: stored.hash, artifacts: entry.artifacts.clone() })
        })
        .collect();
    admitted.sort_by_key(|(position, _)| *position);
    Committed {
        admitted: admitted.into_iter().map(|(_, admitted)| admitted).collect(),
        sequence: commit.sequence,
        signed,
        committed_at: commit.committed_at,
    }
}
