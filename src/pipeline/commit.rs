//! The only place that appends to a ledger: statements and bytes in, one durable archive and a signed head out.
//!
//! The order is the promise: bytes hashed, records made, ledger lease taken, head signed, archive durable in the vault,
//! log object created (the commit point), database told. Whatever is cut off before the commit point never happened;
//! whatever is cut off after it is rolled forward at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::Duration;
use countersign_seal::archive::{ArchiveError, ArchiveWriter, DEFAULT_LEVEL};
use countersign_seal::digest::Digest;
use countersign_seal::ledger::Frontier;
use countersign_seal::log::{ArchiveName, Entry, FIRST_SEQUENCE, FORMAT};
use countersign_seal::note::{SignedCheckpoint, SigningKey};
use countersign_seal::record::{Artifact, Record, Statement};

use super::fault::{CommitFault, blocking};
use super::records::{new_leaf, sealed};
use crate::app::App;
use crate::model::evidence::{Body, RawArtifact, SealedArtifact};
use crate::model::time::Timestamp;
use crate::store::{Head, IndexRows, LedgerCommit, NewObject, OrgScope, StoreFault};
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

/// How long a writer may hold the ledger before others may take it.
const LEASE: i64 = 120;
/// How often a writer starts again when another one was first.
const TRIES: u32 = 12;

/// An artifact whose hash is known.
struct Hashed {
    artifact: Artifact,
    body: Body,
}

/// A record with the artifacts it names.
struct Prepared {
    record: Record,
    artifacts: Vec<Artifact>,
    position: usize,
}

/// Appends `entrants` to the organization's ledger in one archive and one step. `index` tells, once the leaves are
/// known, what the database shall remember; it is written in the same transaction as the leaves.
pub async fn commit(
    app: &App,
    scope: &OrgScope,
    entrants: Vec<Entrant>,
    index: impl Fn(&Committed) -> IndexRows + Send,
) -> Result<Committed, CommitFault> {
    let key = app.signing_key(scope).await?;
    let (prepared, bodies) = prepare(entrants).await?;
    for attempt_number in 1..=TRIES {
        let now = app.clock.now();
        super::roll_forward::roll_forward(app, scope).await?;
        let head = app.store.head(scope).await?;
        let size = head.as_ref().map_or(0, |head| head.size);
        let until = now.plus(Duration::seconds(LEASE));
        if let Err(fault) = app.store.take_ledger_lease(scope, &app.process, size, now, until).await {
            match fault {
                StoreFault::LedgerBusy(_) if attempt_number < TRIES => {
                    tokio::time::sleep(std::time::Duration::from_millis(u64::from(attempt_number) * 200)).await;
                    continue;
                }
                other => return Err(other.into()),
            }
        }
        let attempt = append(app, scope, &key, head, &prepared, &bodies, now).await;
        let done = match attempt {
            Ok(Some((commit, signed))) => {
                let committed = describe(&prepared, &commit, signed);
                let rows = index(&committed);
                app.store.record_commit(scope, &commit, &rows).await.map(|()| Some(committed)).map_err(Into::into)
            }
            Ok(None) => Ok(None),
            Err(fault) => Err(fault),
        };
        app.store.release_ledger_lease(scope, &app.process).await?;
        if let Some(committed) = done? {
            return Ok(committed);
        }
    }
    Err(CommitFault::Contended)
}

/// Hashes every artifact and makes every record.
async fn prepare(entrants: Vec<Entrant>) -> Result<(Vec<Prepared>, BTreeMap<Digest, (u64, Body)>), CommitFault> {
    blocking(move || {
        let mut bodies = BTreeMap::new();
        let mut prepared = Vec::with_capacity(entrants.len());
        for (position, entrant) in entrants.into_iter().enumerate() {
            let mut artifacts = Vec::with_capacity(entrant.artifacts.len());
            for raw in entrant.artifacts {
                let hashed = hash(raw)?;
                bodies.entry(hashed.artifact.sha256).or_insert((hashed.artifact.size, hashed.body));
                artifacts.push(hashed.artifact);
            }
            let fitted = Record::fitted((entrant.statement)(artifacts.clone())?)?;
            if let Some(list) = fitted.list {
                let size = list.len() as u64;
                bodies.entry(Digest::of(&list)).or_insert((size, Body::Memory(list.into())));
            }
            prepared.push((entrant.order, Prepared { record: fitted.record, artifacts, position }));
        }
        prepared.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok((prepared.into_iter().map(|(_, prepared)| prepared).collect(), bodies))
    })
    .await
}

fn hash(raw: RawArtifact) -> Result<Hashed, CommitFault> {
    let (sha256, size) = match &raw.body {
        Body::Memory(bytes) => (Digest::of(bytes), bytes.len() as u64),
        Body::File(path) => {
            let fault = |source| CommitFault::Io { path: path.clone(), source };
            Digest::of_reader(std::fs::File::open(path).map_err(fault)?).map_err(fault)?
        }
    };
    let artifact = Artifact { name: raw.name, sha256, size, media_type: raw.media_type };
    Ok(Hashed { artifact, body: raw.body })
}

/// One attempt: writes the archive, stores it, creates the log object. None when another writer was first.
async fn append(
    app: &App,
    scope: &OrgScope,
    key: &SigningKey,
    head: Option<Head>,
    prepared: &[Prepared],
    bodies: &BTreeMap<Digest, (u64, Body)>,
    now: Timestamp,
) -> Result<Option<(LedgerCommit, SignedCheckpoint)>, CommitFault> {
    let first_leaf = head.as_ref().map_or(0, |head| head.size);
    let sequence = head.as_ref().map_or(FIRST_SEQUENCE, |head| head.sequence + 1);
    let mut frontier = Frontier::default();
    for hash in app.store.leaf_hashes(scope, first_leaf).await? {
        frontier.push(hash);
    }
    if let Some(head) = &head
        && frontier.root() != head.root
    {
        return Err(CommitFault::Diverged("the leaves in the database do not lead to the signed head".to_owned()));
    }
    let hashes: Vec<Digest> = prepared.iter().map(|entry| entry.record.leaf_hash()).collect();
    for hash in &hashes {
        frontier.push(*hash);
    }
    let signed = key.sign_checkpoint(frontier.size(), frontier.root());

    let days = i64::from(app.config.vault.store_again_after_days.unwrap_or(90));
    let wanted: Vec<Digest> = bodies.keys().copied().collect();
    let known = app.store.object_locations(scope, &wanted).await?;
    let young = |at| now.since(at) < Duration::days(days);
    let kept: BTreeSet<Digest> =
        known.into_iter().filter(|(_, location)| young(location.stored_at)).map(|(digest, _)| digest).collect();
    let fresh: Vec<(Digest, u64, Body)> = bodies
        .iter()
        .filter(|(digest, _)| !kept.contains(digest))
        .map(|(digest, (size, body))| (*digest, *size, body.clone()))
        .collect();
    let name = format!("{}-{}.zip", now.for_file_names(), uuid::Uuid::now_v7());
    let staged = app.data.staging_folder().join(&name);
    let records: Vec<Record> = prepared.iter().map(|entry| entry.record.clone()).collect();
    let objects: Vec<NewObject> =
        fresh.iter().map(|(sha256, size, _)| NewObject { sha256: *sha256, size: *size }).collect();
    let (path, note) = (staged.clone(), signed.note.clone());
    let (sha256, size) = blocking(move || write_archive(&path, &fresh, &records, &note)).await?;

    app.vault.put_archive(scope.id(), &name, &staged).await?;
    remove(&staged)?;
    let entry = Entry {
        format: FORMAT.to_owned(),
        organization: scope.id().to_string().parse()?,
        sequence,
        archive: ArchiveName { name: name.clone(), sha256, size },
        first_leaf,
        leaf_count: prepared.len() as u64,
        checkpoint: signed.note.clone(),
    };
    if app.vault.put_log(scope.id(), sequence, entry.encode()?).await? == LogPut::Taken {
        return Ok(None);
    }
    let leaves = prepared.iter().zip(hashes).map(|(entry, hash)| new_leaf(&entry.record, hash)).collect();
    let commit = LedgerCommit {
        sequence,
        archive: name,
        archive_digest: sha256,
        first_leaf,
        root: signed.checkpoint.root,
        checkpoint: signed.note.clone(),
        committed_at: now,
        leaves,
        objects,
    };
    Ok(Some((commit, signed)))
}

fn write_archive(
    path: &Path,
    objects: &[(Digest, u64, Body)],
    records: &[Record],
    note: &str,
) -> Result<(Digest, u64), CommitFault> {
    let fault = |source| CommitFault::Io { path: path.to_owned(), source };
    let file = std::fs::File::options().create_new(true).read(true).write(true).open(path).map_err(fault)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(fault)?;
    let mut writer = ArchiveWriter::new(std::io::BufWriter::with_capacity(1 << 18, file), DEFAULT_LEVEL);
    for (digest, size, body) in objects {
        match body {
            Body::Memory(bytes) => writer.add_reader(*digest, *size, bytes.as_ref())?,
            Body::File(source) => {
                let fault = |fault| CommitFault::Io { path: source.clone(), source: fault };
                let opened = std::fs::File::open(source).map_err(fault)?;
                match writer.add_reader(*digest, *size, opened) {
                    Err(ArchiveError::Changed { .. }) => return Err(CommitFault::Changed(source.clone())),
                    other => other?,
                }
            }
        }
    }
    let (writer, _) = writer.finish(records, note)?;
    let file = writer.into_inner().map_err(|unwritten| fault(unwritten.into_error()))?;
    drop(file);
    Digest::of_reader(std::fs::File::open(path).map_err(fault)?).map_err(fault)
}

fn describe(prepared: &[Prepared], commit: &LedgerCommit, signed: SignedCheckpoint) -> Committed {
    let mut admitted: Vec<(usize, Admitted)> = (commit.first_leaf..)
        .zip(prepared)
        .zip(&commit.leaves)
        .map(|((leaf, entry), stored)| {
            let artifacts = entry.artifacts.iter().map(sealed).collect();
            (entry.position, Admitted { leaf, record_hash: stored.hash, artifacts })
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

fn remove(path: &Path) -> Result<(), CommitFault> {
    std::fs::remove_file(path).map_err(|source| CommitFault::Io { path: path.to_owned(), source })
}
