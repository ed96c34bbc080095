//! What a commit that comes from the vault says of deletions: for whoever takes commits over into a database.

use bytes::Bytes;
use countersign_seal::log::Entry;
use countersign_seal::names;
use countersign_seal::record::{Deletion, MAX_BYTES, Record, Statement};

use crate::app::App;
use crate::model::time::Timestamp;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::{FetchedArchive, read_objects};
use crate::store::{DeletionRow, OrgScope};

/// What the deletion record at a leaf means for the index. `archive` is that of its commit.
pub async fn row(
    app: &App,
    scope: &OrgScope,
    archive: &FetchedArchive,
    leaf: u64,
    deletion: &Deletion,
) -> Result<DeletionRow, CommitFault> {
    let list = list_of(app, scope, archive, deletion).await?;
    let at: Timestamp = deletion
        .at
        .as_str()
        .parse()
        .map_err(|fault| CommitFault::Diverged(format!("record {leaf} has no time: {fault}")))?;
    super::record::row(leaf, at, deletion, &list)
}

async fn list_of(
    app: &App,
    scope: &OrgScope,
    archive: &FetchedArchive,
    deletion: &Deletion,
) -> Result<Bytes, CommitFault> {
    let [artifact] = &deletion.artifacts;
    let entry = names::object_entry(&artifact.sha256);
    let mut container = archive.open()?;
    if container.size(&entry).is_some() {
        return Ok(container.read(&entry, artifact.size)?.into());
    }
    // The same objects were deleted once before: the list is kept since then.
    let mut read = read_objects(app, scope, [artifact.sha256]).await?;
    Ok(read.remove(&artifact.sha256).unwrap_or_default())
}

/// A commit's archive, also where a later commit, unknown to the database, put another in its place. `log` are log objects
/// with their numbers, in order; those after `sequence` are looked at.
pub async fn archive_of(
    app: &App,
    scope: &OrgScope,
    name: &str,
    log: &[(u64, Bytes)],
    sequence: u64,
) -> Result<FetchedArchive, CommitFault> {
    if let Some(found) = FetchedArchive::find(app, scope, name).await? {
        return Ok(found);
    }
    let mut present = name.to_owned();
    for (number, bytes) in log {
        if *number <= sequence {
            continue;
        }
        let entry = Entry::decode(bytes)?;
        let Some(archive) = FetchedArchive::find(app, scope, &entry.archive.name).await? else { continue };
        for deletion in blocking(move || deletions_in(&archive)).await? {
            for one in deletion.archives {
                if one.was.name == present {
                    present = one.now.name;
                }
            }
        }
    }
    FetchedArchive::fetch(app, scope, &present).await
}

fn deletions_in(archive: &FetchedArchive) -> Result<Vec<Deletion>, CommitFault> {
    let mut found = Vec::new();
    archive.open()?.lines(names::RECORDS, MAX_BYTES, |_, line| {
        // What is no record is told when its own commit is taken over.
        if let Ok(Some(Statement::Deletion(deletion))) = Record::parse(line).and_then(|record| record.statement()) {
            found.push(deletion);
        }
        true
    })?;
    Ok(found)
}
