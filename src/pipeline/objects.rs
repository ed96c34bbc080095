//! Reads sealed bytes back from the vault, checked against their digest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use countersign_seal::container::{Container, Folders};
use countersign_seal::digest::Digest;
use countersign_seal::names;
use countersign_seal::record::{Artifact, Record, parse_artifact_line};

use super::fault::{CommitFault, blocking};
use crate::app::App;
use crate::store::OrgScope;

/// An archive of the vault, for reading: mostly a copy, which is removed when dropped.
pub struct FetchedArchive {
    path: PathBuf,
    is_copy: bool,
}

impl FetchedArchive {
    /// Copies an archive, or what a deletion put in its place, into the staging folder.
    pub async fn fetch(app: &App, scope: &OrgScope, name: &str) -> Result<Self, CommitFault> {
        let gone = || CommitFault::Diverged(format!("the vault no longer holds the archive {name}"));
        Self::find(app, scope, name).await?.ok_or_else(gone)
    }

    /// The same, or none when neither is there.
    pub async fn find(app: &App, scope: &OrgScope, name: &str) -> Result<Option<Self>, CommitFault> {
        let copy = Self::place(app);
        let mut present = app.store.present_archive(scope, name).await?;
        loop {
            if app.vault.fetch_archive(scope.id(), &present, &copy.path).await? {
                return Ok(Some(copy));
            }
            // Another process may have replaced it between the question and the reading.
            let now = app.store.present_archive(scope, name).await?;
            if now == present {
                return Ok(None);
            }
            present = now;
        }
    }

    /// Exactly this archive, whatever replaced it, without a copy where it is a file of this machine. A deletion may take
    /// it away while it is read.
    pub async fn in_place(app: &App, scope: &OrgScope, name: &str) -> Result<Option<Self>, CommitFault> {
        if let Some(path) = app.vault.file_of_archive(scope.id(), name) {
            return Ok(path.is_file().then_some(Self { path, is_copy: false }));
        }
        let copy = Self::place(app);
        let found = app.vault.fetch_archive(scope.id(), name, &copy.path).await?;
        Ok(found.then_some(copy))
    }

    fn place(app: &App) -> Self {
        let path = app.data.staging_folder().join(format!("read-{}.zip", uuid::Uuid::now_v7()));
        Self { path, is_copy: true }
    }

    /// SHA-256 of its bytes.
    pub fn digest(&self) -> Result<Digest, CommitFault> {
        let fault = |source| CommitFault::Io { path: self.path.clone(), source };
        let file = std::fs::File::open(&self.path).map_err(fault)?;
        Ok(Digest::of_reader(file).map_err(fault)?.0)
    }

    /// Opens it.
    pub fn open(&self) -> Result<Container<std::io::BufReader<std::fs::File>>, CommitFault> {
        let fault = |source| CommitFault::Io { path: self.path.clone(), source };
        let file = std::fs::File::open(&self.path).map_err(fault)?;
        Ok(Container::open(std::io::BufReader::new(file), Folders::Refused)?)
    }
}

impl Drop for FetchedArchive {
    fn drop(&mut self) {
        // A copy that stays behind is removed at the next start.
        if self.is_copy {
            std::fs::remove_file(&self.path).ok();
        }
    }
}

/// The bytes of some objects of an organization. Each is hashed again before it is believed. Those that were deleted under
/// retention are left out.
pub async fn read_objects(
    app: &App,
    scope: &OrgScope,
    wanted: impl IntoIterator<Item = Digest>,
) -> Result<BTreeMap<Digest, Bytes>, CommitFault> {
    let wanted: Vec<Digest> = wanted.into_iter().collect();
    let found = read_known_objects(app, scope, &wanted).await?;
    let absent: Vec<Digest> = wanted.into_iter().filter(|digest| !found.contains_key(digest)).collect();
    let deleted = app.store.deleted_objects(scope, &absent).await?;
    match absent.iter().find(|digest| !deleted.contains_key(digest)) {
        Some(missing) => Err(CommitFault::Diverged(format!("no archive is known to hold object {missing}"))),
        None => Ok(found),
    }
}

/// The same, but without those that no archive is known to hold.
pub(super) async fn read_known_objects(
    app: &App,
    scope: &OrgScope,
    wanted: &[Digest],
) -> Result<BTreeMap<Digest, Bytes>, CommitFault> {
    let mut by_archive: BTreeMap<String, Vec<(Digest, u64)>> = BTreeMap::new();
    for (digest, location) in app.store.object_locations(scope, wanted).await? {
        by_archive.entry(location.archive).or_default().push((digest, location.size));
    }
    let mut found = BTreeMap::new();
    for (name, objects) in by_archive {
        let archive = FetchedArchive::fetch(app, scope, &name).await?;
        found.extend(blocking(move || read_from(&archive, &objects)).await?);
    }
    Ok(found)
}

/// The bytes of objects that one archive holds, each hashed again.
pub(super) fn read_from(
    archive: &FetchedArchive,
    objects: &[(Digest, u64)],
) -> Result<BTreeMap<Digest, Bytes>, CommitFault> {
    let mut container = archive.open()?;
    let mut found = BTreeMap::new();
    for (digest, size) in objects {
        found.insert(*digest, read_object(&mut container, digest, *size)?);
    }
    Ok(found)
}

/// The bytes of an object, hashed again.
pub(super) fn read_object<R: std::io::Read + std::io::Seek>(
    container: &mut Container<R>,
    digest: &Digest,
    size: u64,
) -> Result<Bytes, CommitFault> {
    let read = container.read(&names::object_entry(digest), size)?;
    if Digest::of(&read) != *digest {
        return Err(CommitFault::Diverged(format!("object {digest} in a sealed archive was altered")));
    }
    Ok(Bytes::from(read))
}

/// The artifacts a record names, also where they stand in a list of their own because they are many.
pub async fn artifacts_of(app: &App, scope: &OrgScope, record: &Record) -> Result<Vec<Artifact>, CommitFault> {
    let Some(list) = record.artifact_list() else { return Ok(record.artifacts().to_vec()) };
    let found = read_objects(app, scope, [list.sha256]).await?;
    let bytes = found.get(&list.sha256).map(Bytes::as_ref).unwrap_or_default();
    artifacts_in(bytes)
}

/// The artifacts of a list.
pub(super) fn artifacts_in(list: &[u8]) -> Result<Vec<Artifact>, CommitFault> {
    let lines = list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(parse_artifact_line).collect::<Result<_, _>>()?)
}
