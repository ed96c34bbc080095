//! Reads sealed bytes back from the vault, checked against their digest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use countersign_seal::container::{Container, Folders};
use countersign_seal::digest::Digest;
use countersign_seal::names;

use super::fault::{CommitFault, blocking};
use crate::app::App;
use crate::store::OrgScope;

/// An archive copied from the vault for reading; removed when dropped.
pub struct FetchedArchive(PathBuf);

impl FetchedArchive {
    /// Copies an archive into the staging folder.
    pub async fn fetch(app: &App, scope: &OrgScope, name: &str) -> Result<Self, CommitFault> {
        let copy = Self(app.data.staging_folder().join(format!("read-{}.zip", uuid::Uuid::now_v7())));
        if app.vault.fetch_archive(scope.id(), name, &copy.0).await? {
            Ok(copy)
        } else {
            Err(CommitFault::Diverged(format!("the vault no longer holds the archive {name}")))
        }
    }

    /// Opens the copy.
    pub fn open(&self) -> Result<Container<std::io::BufReader<std::fs::File>>, CommitFault> {
        let fault = |source| CommitFault::Io { path: self.0.clone(), source };
        let file = std::fs::File::open(&self.0).map_err(fault)?;
        Ok(Container::open(std::io::BufReader::new(file), Folders::Refused)?)
    }
}

impl Drop for FetchedArchive {
    fn drop(&mut self) {
        // A copy that stays behind is removed at the next start.
        std::fs::remove_file(&self.0).ok();
    }
}

/// The bytes of some objects of an organization. Each is hashed again before it is believed.
pub async fn read_objects(
    app: &App,
    scope: &OrgScope,
    wanted: impl IntoIterator<Item = Digest>,
) -> Result<BTreeMap<Digest, Bytes>, CommitFault> {
    let wanted: Vec<Digest> = wanted.into_iter().collect();
    let mut by_archive: BTreeMap<String, Vec<(Digest, u64)>> = BTreeMap::new();
    for (digest, location) in app.store.object_locations(scope, &wanted).await? {
        by_archive.entry(location.archive).or_default().push((digest, location.size));
    }
    let mut found = BTreeMap::new();
    for (name, objects) in by_archive {
        let archive = FetchedArchive::fetch(app, scope, &name).await?;
        let read = blocking(move || {
            let mut container = archive.open()?;
            let mut bytes = Vec::with_capacity(objects.len());
            for (digest, size) in objects {
                let read = container.read(&names::object_entry(&digest), size)?;
                if Digest::of(&read) != digest {
                    return Err(CommitFault::Diverged(format!("object {digest} in {name} was altered")));
                }
                bytes.push((digest, Bytes::from(read)));
            }
            Ok(bytes)
        })
        .await?;
        found.extend(read);
    }
    match wanted.iter().find(|digest| !found.contains_key(digest)) {
        Some(missing) => Err(CommitFault::Diverged(format!("no archive is known to hold object {missing}"))),
        None => Ok(found),
    }
}
