//! An archive while it is written in the staging folder: objects as they come, then records, list and checkpoint.
//!
//! Every file is read once where it fits into memory: hashed, looked up, compressed. What the organization keeps already
//! is not written again. Nothing here signs or publishes; a staged file that is dropped is removed. Start at
//! [`Staged::begin`].

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use chrono::Duration;
use countersign_seal::archive::{ArchiveError, ArchiveWriter, DEFAULT_LEVEL, Hashed};
use countersign_seal::digest::Digest;
use countersign_seal::record::Record;

use super::fault::CommitFault;
use super::workbench::Workbench;
use crate::app::App;
use crate::model::evidence::Body;
use crate::model::time::Timestamp;
use crate::store::{NewObject, OrgScope};

/// Files up to this size are read once and held while they are hashed and compressed; larger ones are read twice.
const IN_MEMORY: u64 = 4 * 1024 * 1024;
/// How often bytes that are stored already are stored again, so that whole archives can age out.
const STORE_AGAIN_AFTER_DAYS: u32 = 90;

/// Bytes that may have to be stored, with their digest.
pub struct Found {
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Where they can be read again.
    pub body: Body,
    /// The bytes themselves, where they were small enough to keep at hand.
    at_hand: Option<Hashed<Bytes>>,
}

impl Found {
    /// Reads and hashes bytes.
    pub fn read(body: Body) -> Result<Self, CommitFault> {
        let path = match &body {
            Body::Memory(bytes) => {
                let hashed = Hashed::of(bytes.clone());
                let (digest, size) = (hashed.digest(), bytes.len() as u64);
                return Ok(Self { digest, size, body, at_hand: Some(hashed) });
            }
            Body::File(path) => path,
        };
        let fault = |source| CommitFault::Io { path: path.clone(), source };
        let file = std::fs::File::open(path).map_err(fault)?;
        let length = file.metadata().map_err(fault)?.len();
        if length > IN_MEMORY {
            let (digest, size) = Digest::of_reader(file).map_err(fault)?;
            return Ok(Self { digest, size, body, at_hand: None });
        }
        // One byte of room more, so that the end is seen without growing.
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
        file.take(IN_MEMORY + 1).read_to_end(&mut bytes).map_err(fault)?;
        if bytes.len() as u64 > IN_MEMORY {
            return Err(CommitFault::Changed(path.clone()));
        }
        let (size, hashed) = (bytes.len() as u64, Hashed::of(Bytes::from(bytes)));
        Ok(Self { digest: hashed.digest(), size, body, at_hand: Some(hashed) })
    }

    /// The same without the bytes at hand: they can be read again from where they are.
    #[must_use]
    pub fn elsewhere(&self) -> Self {
        Self { digest: self.digest, size: self.size, body: self.body.clone(), at_hand: None }
    }

    fn write(&self, writer: &mut ArchiveWriter<std::fs::File>) -> Result<(), CommitFault> {
        match (&self.at_hand, &self.body) {
            (Some(hashed), _) => Ok(writer.add_hashed(hashed)?),
            (None, Body::Memory(bytes)) => Ok(writer.add_reader(self.digest, self.size, bytes.as_ref())?),
            (None, Body::File(path)) => {
                let fault = |source| CommitFault::Io { path: path.clone(), source };
                match writer.add_reader(self.digest, self.size, std::fs::File::open(path).map_err(fault)?) {
                    Err(ArchiveError::Changed { .. }) => Err(CommitFault::Changed(path.clone())),
                    other => Ok(other?),
                }
            }
        }
    }
}

/// An archive that is being written. Dropped, its file is removed.
pub struct Staged {
    file: StagedFile,
    writer: ArchiveWriter<std::fs::File>,
    /// What it holds so far.
    pub objects: Vec<NewObject>,
    /// Where the work is done.
    pub bench: Arc<Workbench>,
}

/// A whole archive, ready to be stored.
pub struct Finished {
    file: StagedFile,
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
    pub objects: Vec<NewObject>,
}

impl Finished {
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.0
    }
}

/// A file of the staging folder, of mode 0600. Dropped, it is removed.
pub struct StagedFile(PathBuf);

impl StagedFile {
    /// Makes the file and opens it.
    pub fn create(path: PathBuf) -> Result<(Self, std::fs::File), CommitFault> {
        let opened = std::fs::File::options().create_new(true).read(true).write(true).open(&path);
        let file = opened.map_err(|source| CommitFault::Io { path: path.clone(), source })?;
        let staged = Self(path);
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .map_err(|source| CommitFault::Io { path: staged.0.clone(), source })?;
        Ok((staged, file))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // One that stays behind is removed by a later start.
        std::fs::remove_file(&self.0).ok();
    }
}

impl Staged {
    /// Begins an archive of that name in the staging folder.
    pub fn begin(app: &App, name: &str) -> Result<Self, CommitFault> {
        let bench = Arc::new(Workbench::open()?);
        let (staged, file) = StagedFile::create(app.data.staging_folder().join(name))?;
        Ok(Self { file: staged, writer: ArchiveWriter::new(file, DEFAULT_LEVEL), objects: Vec::new(), bench })
    }

    /// Adds what the organization does not keep yet, or has kept for long.
    pub async fn add(
        mut self,
        app: &App,
        scope: &OrgScope,
        found: Vec<Found>,
        now: Timestamp,
    ) -> Result<Self, CommitFault> {
        let wanted: Vec<Digest> = found.iter().map(|one| one.digest).collect();
        let kept = kept(app, scope, &wanted, now).await?;
        let bench = Arc::clone(&self.bench);
        let work = move || {
            for one in found {
                if !kept.contains(&one.digest) && !self.writer.contains(&one.digest) {
                    one.write(&mut self.writer)?;
                    self.objects.push(NewObject { sha256: one.digest, size: one.size });
                }
            }
            Ok(self)
        };
        bench.run(work).await
    }

    /// Ends the archive with its records and checkpoint.
    pub async fn finish(self, records: Vec<Record>, note: String) -> Result<(Finished, Vec<Record>), CommitFault> {
        let bench = Arc::clone(&self.bench);
        let work = move || {
            let Self { file, writer, objects, .. } = self;
            let fault = |source| CommitFault::Io { path: file.0.clone(), source };
            let (written, _) = writer.finish(&records, &note)?;
            drop(written);
            let (sha256, size) = Digest::of_reader(std::fs::File::open(&file.0).map_err(fault)?).map_err(fault)?;
            Ok((Finished { file, sha256, size, objects }, records))
        };
        bench.run(work).await
    }
}

/// Those of the digests whose bytes need not be stored now.
async fn kept(app: &App, scope: &OrgScope, wanted: &[Digest], now: Timestamp) -> Result<BTreeSet<Digest>, CommitFault> {
    let days = app.config.vault.store_again_after_days.unwrap_or(STORE_AGAIN_AFTER_DAYS);
    let known = app.store.object_locations(scope, wanted).await?;
    let young = |at| now.since(at) < Duration::days(i64::from(days));
    Ok(known.into_iter().filter(|(_, location)| young(location.stored_at)).map(|(digest, _)| digest).collect())
}
