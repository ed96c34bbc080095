//! Artifacts for whoever makes rows of them: as they were just collected, or as the vault keeps them. Each is read when it
//! is needed and let go when its rows are made.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use countersign_seal::container::Container;
use countersign_seal::digest::Digest;

use super::fault::CommitFault;
use super::objects::{FetchedArchive, read_object};
use crate::app::App;
use crate::dataset::Artifacts;
use crate::model::evidence::{Body, RawArtifact, SealedArtifact};
use crate::store::OrgScope;

/// Artifacts that are not sealed yet.
pub struct Collected<'a>(pub &'a [RawArtifact]);

impl Artifacts for Collected<'_> {
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|artifact| artifact.name.as_str()).collect()
    }

    fn read(&self, name: &str) -> Result<Bytes, String> {
        let artifact = self.0.iter().find(|artifact| artifact.name == name);
        match artifact.map(|artifact| &artifact.body) {
            Some(Body::Memory(bytes)) => Ok(bytes.clone()),
            Some(Body::File(path)) => {
                std::fs::read(path).map(Bytes::from).map_err(|fault| format!("{}: {fault}", path.display()))
            }
            None => Err(format!("there is no artifact named `{name}`")),
        }
    }
}

/// An archive, opened once for all that is read from it.
struct Opened {
    container: Mutex<Container<BufReader<File>>>,
    /// Removes its copy when it is dropped.
    _archive: FetchedArchive,
}

/// Objects of the vault, found but not read yet.
pub struct Shelf {
    places: BTreeMap<Digest, (Arc<Opened>, u64)>,
    /// Why the first that could not be read could not; kept, so that a damaged vault ends the run and is no mere gap.
    fault: Mutex<Option<CommitFault>>,
}

impl Shelf {
    /// Finds objects; those that were deleted under retention are left out.
    pub async fn find(app: &App, scope: &OrgScope, wanted: Vec<Digest>) -> Result<Self, CommitFault> {
        let located = app.store.object_locations(scope, &wanted).await?;
        let absent: Vec<Digest> = wanted.into_iter().filter(|digest| !located.contains_key(digest)).collect();
        let deleted = app.store.deleted_objects(scope, &absent).await?;
        if let Some(missing) = absent.iter().find(|digest| !deleted.contains_key(digest)) {
            return Err(CommitFault::Diverged(format!("no archive is known to hold object {missing}")));
        }
        let mut archives: BTreeMap<String, Arc<Opened>> = BTreeMap::new();
        let mut places = BTreeMap::new();
        for (digest, location) in located {
            let archive = if let Some(archive) = archives.get(&location.archive) {
                Arc::clone(archive)
            } else {
                let fetched = FetchedArchive::fetch(app, scope, &location.archive).await?;
                let container = Mutex::new(fetched.open()?);
                let opened = Arc::new(Opened { container, _archive: fetched });
                archives.insert(location.archive, Arc::clone(&opened));
                opened
            };
            places.insert(digest, (archive, location.size));
        }
        Ok(Self { places, fault: Mutex::default() })
    }

    /// The artifacts of sealed evidence, as far as their bytes are kept.
    pub fn artifacts<'a>(&'a self, sealed: &'a [SealedArtifact]) -> Shelved<'a> {
        Shelved { shelf: self, sealed }
    }

    /// Whether everything that was asked for could be read as it was sealed.
    pub fn done(self) -> Result<(), CommitFault> {
        self.fault.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn read(&self, digest: Digest) -> Result<Bytes, CommitFault> {
        let missing = || CommitFault::Diverged(format!("no archive is known to hold object {digest}"));
        let (archive, size) = self.places.get(&digest).ok_or_else(missing)?;
        read_object(&mut *archive.container.lock().unwrap_or_else(PoisonError::into_inner), &digest, *size)
    }
}

/// Artifacts of one piece of sealed evidence.
pub struct Shelved<'a> {
    shelf: &'a Shelf,
    sealed: &'a [SealedArtifact],
}

impl Artifacts for Shelved<'_> {
    fn names(&self) -> Vec<&str> {
        let is_kept = |artifact: &&SealedArtifact| self.shelf.places.contains_key(&artifact.sha256);
        self.sealed.iter().filter(is_kept).map(|artifact| artifact.name.as_str()).collect()
    }

    fn read(&self, name: &str) -> Result<Bytes, String> {
        let artifact = self.sealed.iter().find(|artifact| artifact.name == name);
        let Some(artifact) = artifact else { return Err(format!("there is no artifact named `{name}`")) };
        self.shelf.read(artifact.sha256).map_err(|fault| {
            let words = fault.to_string();
            self.shelf.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
            words
        })
    }
}
