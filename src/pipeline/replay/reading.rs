//! Bytes of a commit that is being read back: from its own archive, else from an older one of the same organization.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use countersign_seal::container::Container;
use countersign_seal::digest::Digest;
use countersign_seal::names;
use countersign_seal::record::{Artifact, Record};

use super::Committed;
use crate::app::App;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::{FetchedArchive, artifacts_in, read_from, read_known_objects, read_objects};
use crate::pipeline::records::new_leaf;
use crate::store::{NewLeaf, NewObject, OrgScope};

/// Longest list of records that is taken over at once.
const MOST_RECORDS: u64 = 512 * 1024 * 1024;

type ArchiveContents = (Vec<(Record, NewLeaf)>, Vec<NewObject>);

/// The records of an archive and the objects it holds.
pub(in crate::pipeline) fn read_archive(archive: &FetchedArchive) -> Result<ArchiveContents, CommitFault> {
    let mut container = archive.open()?;
    let objects = held_by(&container);
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

/// The objects an archive holds.
pub(in crate::pipeline) fn objects_in(archive: &FetchedArchive) -> Result<Vec<NewObject>, CommitFault> {
    Ok(held_by(&archive.open()?))
}

fn held_by<R: std::io::Read + std::io::Seek>(container: &Container<R>) -> Vec<NewObject> {
    let object = |(name, size): (&str, u64)| {
        let sha256 = name.strip_prefix(names::OBJECTS)?.parse().ok()?;
        Some(NewObject { sha256, size })
    };
    container.entries().filter_map(object).collect()
}

/// Reads what the records of one commit name.
pub(in crate::pipeline) struct Reader<'a> {
    pub(super) app: &'a App,
    pub(super) scope: &'a OrgScope,
    archive: Arc<FetchedArchive>,
    here: BTreeMap<Digest, u64>,
    /// What was read ahead.
    held: BTreeMap<Digest, Bytes>,
}

impl<'a> Reader<'a> {
    pub(super) fn of(app: &'a App, scope: &'a OrgScope, commit: &Committed) -> Self {
        Self::over(app, scope, &commit.archive, &commit.objects)
    }

    /// Of an archive and the objects it holds.
    pub(in crate::pipeline) fn over(
        app: &'a App,
        scope: &'a OrgScope,
        archive: &Arc<FetchedArchive>,
        objects: &[NewObject],
    ) -> Self {
        let here = objects.iter().map(|object| (object.sha256, object.size)).collect();
        Self { app, scope, archive: Arc::clone(archive), here, held: BTreeMap::new() }
    }

    pub(super) fn archive(&self) -> &FetchedArchive {
        &self.archive
    }

    /// Whether the commit's own archive holds an object.
    pub(in crate::pipeline) fn is_here(&self, digest: &Digest) -> bool {
        self.here.contains_key(digest)
    }

    /// Keeps what somebody else read, so that it need not be looked for.
    pub(in crate::pipeline) fn hold(&mut self, read: BTreeMap<Digest, Bytes>) {
        self.held.extend(read);
    }

    /// Reads objects ahead, so that each archive is opened once for all of them. Those that no archive is known to hold
    /// are left out.
    pub(super) async fn read_ahead(&mut self, wanted: &BTreeSet<Digest>) -> Result<(), CommitFault> {
        let here: Vec<(Digest, u64)> =
            wanted.iter().filter_map(|digest| Some((*digest, *self.here.get(digest)?))).collect();
        let older: Vec<Digest> = wanted.iter().filter(|digest| !self.here.contains_key(digest)).copied().collect();
        let archive = Arc::clone(&self.archive);
        self.held = blocking(move || read_from(&archive, &here)).await?;
        self.held.extend(read_known_objects(self.app, self.scope, &older).await?);
        Ok(())
    }

    /// The bytes of an object that was read ahead.
    pub(super) fn held(&self, digest: &Digest) -> Option<&Bytes> {
        self.held.get(digest)
    }

    /// The bytes of one object.
    pub(super) async fn object(&self, digest: Digest) -> Result<Bytes, CommitFault> {
        if let Some(held) = self.held.get(&digest) {
            return Ok(held.clone());
        }
        let missing = || CommitFault::Diverged(format!("no archive is known to hold object {digest}"));
        let Some(size) = self.here.get(&digest).copied() else {
            return read_objects(self.app, self.scope, [digest]).await?.remove(&digest).ok_or_else(missing);
        };
        let archive = Arc::clone(&self.archive);
        let mut found = blocking(move || read_from(&archive, &[(digest, size)])).await?;
        found.remove(&digest).ok_or_else(missing)
    }

    /// The artifacts a record names, also those in a list of their own.
    pub(in crate::pipeline) async fn artifacts(&self, record: &Record) -> Result<Vec<Artifact>, CommitFault> {
        let Some(list) = record.artifact_list() else { return Ok(record.artifacts().to_vec()) };
        let bytes = self.object(list.sha256).await?;
        artifacts_in(&bytes)
    }
}
