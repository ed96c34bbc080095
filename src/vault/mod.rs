//! Where archives are kept: a local folder now, S3 and compatible later, always through `object_store`.
//!
//! The vault knows names and bytes and nothing of evidence. An archive is durable under its unique name before its log
//! object exists; a log object is created only if absent, so that two writers can never both believe they committed.
//! What only a local folder needs, private folders and file modes, is in `local.rs`.

mod local;

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use countersign_seal::names;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, WriteMultipart};
use tokio::io::AsyncReadExt;

use crate::model::id::OrgId;
use local::LocalFolder;

/// The archives and logs of all organizations.
#[derive(Debug, Clone)]
pub struct Vault {
    objects: Arc<dyn ObjectStore>,
    /// Where the objects are files of this machine.
    local: Option<LocalFolder>,
}

/// Why the vault did not keep or give something.
#[derive(Debug, thiserror::Error)]
pub enum VaultFault {
    #[error("cannot use the vault folder {folder}")]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("the vault cannot {verb} {object}")]
    Objects { verb: &'static str, object: String, source: object_store::Error },
    #[error("cannot read {path} to store it")]
    Staged { path: PathBuf, source: std::io::Error },
    #[error("the vault holds {0}, which is no log object")]
    StrangeName(String),
    #[error(
        "the vault did not answer whether it keeps {object}; run the same command again: it first looks at what the vault holds"
    )]
    Unanswered { object: String, source: object_store::Error },
}

/// What became of an attempt to create a log object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPut {
    Created,
    /// Another writer was first; read on and try again.
    Taken,
}

/// What a rehearsal has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsal {
    Fit,
    /// What was read is not what was written.
    ReadsOtherBytes,
    /// An object that exists can be created again: two writers could both believe that they committed.
    Overwrites,
}

/// Bytes sent to an object store at once while an archive is uploaded: as few as it may be.
const PART: usize = 5 * 1024 * 1024;
/// The same for files of this machine, where parts only have to be large enough to be quick.
const LOCAL_PART: usize = 512 * 1024;

impl Vault {
    /// A vault in a local folder, created with mode 0700. Every write is flushed to disk before it counts.
    pub fn local(folder: &FilePath) -> Result<Self, VaultFault> {
        let (local, objects) = LocalFolder::open(folder)?;
        Ok(Self { objects: Arc::new(objects), local: Some(local) })
    }

    /// A vault over any object store that can create an object only if it is absent. What the store says is stored must
    /// be durable.
    #[must_use]
    pub fn over(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, local: None }
    }

    /// Stores a finished archive under its unique name; returns when it is durable.
    pub async fn put_archive(&self, organization: OrgId, name: &str, staged: &FilePath) -> Result<(), VaultFault> {
        let location = archive_path(organization, name);
        if let Some(local) = &self.local {
            local.prepare(&location)?;
        }
        self.upload(&location, staged).await?;
        self.close_to_others(&location);
        Ok(())
    }

    async fn upload(&self, location: &Path, staged: &FilePath) -> Result<(), VaultFault> {
        let fault = |source| VaultFault::Objects { verb: "store", object: location.to_string(), source };
        let unreadable = |source| VaultFault::Staged { path: staged.to_owned(), source };
        let mut file = tokio::fs::File::open(staged).await.map_err(unreadable)?;
        let size = file.metadata().await.map_err(unreadable)?.len();
        let part = if self.local.is_some() { LOCAL_PART } else { PART };
        if size <= part as u64 {
            let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
            file.read_to_end(&mut bytes).await.map_err(unreadable)?;
            self.objects.put(location, bytes.into()).await.map_err(fault)?;
            return Ok(());
        }
        let upload = self.objects.put_multipart(location).await.map_err(fault)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, part);
        let sent = send_parts(&mut upload, &mut file, part).await;
        match sent {
            Ok(()) => upload.finish().await.map(drop).map_err(fault),
            Err(sent) => {
                // Best effort: parts that stay behind belong to no object.
                upload.abort().await.ok();
                Err(match sent {
                    Unsent::Unreadable(source) => unreadable(source),
                    Unsent::Refused(source) => fault(source),
                })
            }
        }
    }

    /// Creates a log object if none of that number exists: the commit point.
    ///
    /// A store may keep an object and lose the answer; then it, or the client that tries again, says that somebody was
    /// first. So what is there is compared: equal bytes are our own object, for they name our archive. A local disk that
    /// reports an error is believed even then: the object is there, but nobody knows for how long.
    pub async fn put_log(&self, organization: OrgId, sequence: u64, bytes: Vec<u8>) -> Result<LogPut, VaultFault> {
        let location = log_path(organization, sequence);
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        if let Some(local) = &self.local {
            local.prepare(&location)?;
        }
        let ours = Bytes::from(bytes);
        match self.objects.put_opts(&location, ours.clone().into(), create).await {
            Ok(_) => {}
            Err(object_store::Error::AlreadyExists { .. }) => match self.get(&location).await? {
                Some(found) if found == ours => {}
                _ => return Ok(LogPut::Taken),
            },
            Err(source) => match self.get(&location).await {
                Ok(Some(found)) if found == ours && self.local.is_none() => {}
                Ok(Some(found)) if found != ours => return Ok(LogPut::Taken),
                Ok(_) => {
                    return Err(VaultFault::Objects { verb: "commit", object: location.to_string(), source });
                }
                Err(_) => return Err(VaultFault::Unanswered { object: location.to_string(), source }),
            },
        }
        self.close_to_others(&location);
        Ok(LogPut::Created)
    }

    /// The log objects from `sequence` on, in order, until the first number that is missing.
    pub async fn log_from(&self, organization: OrgId, sequence: u64) -> Result<Vec<(u64, Bytes)>, VaultFault> {
        let mut found = Vec::new();
        let mut next = sequence;
        while let Some(bytes) = self.get(&log_path(organization, next)).await? {
            found.push((next, bytes));
            next += 1;
        }
        Ok(found)
    }

    /// Copies an archive into a local file, or says that it is not there.
    pub async fn fetch_archive(&self, organization: OrgId, name: &str, to: &FilePath) -> Result<bool, VaultFault> {
        let location = archive_path(organization, name);
        let fault = |source| VaultFault::Objects { verb: "read", object: location.to_string(), source };
        let unwritable = |source| VaultFault::Staged { path: to.to_owned(), source };
        let mut stream = match self.objects.get(&location).await {
            Ok(found) => found.into_stream(),
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(source) => return Err(fault(source)),
        };
        let mut file = tokio::fs::File::create(to).await.map_err(unwritable)?;
        while let Some(bytes) = stream.try_next().await.map_err(fault)? {
            tokio::io::AsyncWriteExt::write_all(&mut file, &bytes).await.map_err(unwritable)?;
        }
        tokio::io::AsyncWriteExt::flush(&mut file).await.map_err(unwritable)?;
        Ok(true)
    }

    /// The file of an archive, where archives are files of this machine; it may not be there.
    #[must_use]
    pub fn file_of_archive(&self, organization: OrgId, name: &str) -> Option<PathBuf> {
        self.local.as_ref().map(|local| local.file(&archive_path(organization, name)))
    }

    /// Names of all archives of an organization.
    pub async fn archives(&self, organization: OrgId) -> Result<Vec<String>, VaultFault> {
        let prefix = Path::from(format!("{organization}/{}", names::ARCHIVES));
        let fault = |source| VaultFault::Objects { verb: "list", object: prefix.to_string(), source };
        let all: Vec<_> = self.objects.list(Some(&prefix)).try_collect().await.map_err(fault)?;
        let name = |meta: object_store::ObjectMeta| meta.location.filename().map(str::to_owned);
        Ok(all.into_iter().filter_map(name).filter(|name| names::is_archive_name(name)).collect())
    }

    /// Whether an archive is there.
    pub async fn has_archive(&self, organization: OrgId, name: &str) -> Result<bool, VaultFault> {
        let location = archive_path(organization, name);
        match self.objects.head(&location).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(VaultFault::Objects { verb: "look for", object: location.to_string(), source }),
        }
    }

    /// Removes an archive that another has replaced; says whether it was there. Only deletion by retention does this.
    pub async fn delete_archive(&self, organization: OrgId, name: &str) -> Result<bool, VaultFault> {
        let location = archive_path(organization, name);
        match self.objects.delete(&location).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(VaultFault::Objects { verb: "remove", object: location.to_string(), source }),
        }
    }

    /// Does once, under a name of no organization, what sealing needs of the store: create an object, refuse to create it
    /// again, read it back, remove it.
    ///
    /// # Errors
    /// The first that did not go as it must. An object may stay behind then.
    pub async fn rehearse(&self, name: &str) -> Result<Rehearsal, VaultFault> {
        let location = Path::from(name);
        let fault = |verb| {
            let object = location.to_string();
            move |source| VaultFault::Objects { verb, object, source }
        };
        if let Some(local) = &self.local {
            local.prepare(&location)?;
        }
        let bytes = Bytes::from_static(b"written by countersign doctor; can be removed\n");
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.objects.put_opts(&location, bytes.clone().into(), create()).await.map_err(fault("create"))?;
        let again = self.objects.put_opts(&location, Bytes::from_static(b"again").into(), create()).await;
        let found = self.get(&location).await?;
        self.objects.delete(&location).await.map_err(fault("remove"))?;
        Ok(match (again, found) {
            (Err(object_store::Error::AlreadyExists { .. }), Some(found)) if found == bytes => Rehearsal::Fit,
            (Err(object_store::Error::AlreadyExists { .. }), _) => Rehearsal::ReadsOtherBytes,
            _ => Rehearsal::Overwrites,
        })
    }

    fn close_to_others(&self, location: &Path) {
        if let Some(local) = &self.local {
            local.close_to_others(location);
        }
    }

    async fn get(&self, location: &Path) -> Result<Option<Bytes>, VaultFault> {
        let fault = |source| VaultFault::Objects { verb: "read", object: location.to_string(), source };
        match self.objects.get(location).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(fault)?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(fault(source)),
        }
    }
}

/// Why an upload did not reach its end.
enum Unsent {
    Unreadable(std::io::Error),
    Refused(object_store::Error),
}

/// Sends a file part by part.
async fn send_parts(upload: &mut WriteMultipart, file: &mut tokio::fs::File, part: usize) -> Result<(), Unsent> {
    loop {
        let mut buffer = bytes::BytesMut::with_capacity(part);
        while buffer.len() < part && file.read_buf(&mut buffer).await.map_err(Unsent::Unreadable)? > 0 {}
        if buffer.is_empty() {
            return Ok(());
        }
        upload.wait_for_capacity(4).await.map_err(Unsent::Refused)?;
        upload.put(buffer.freeze());
    }
}

fn archive_path(organization: OrgId, name: &str) -> Path {
    Path::from(format!("{organization}/{}/{name}", names::ARCHIVES))
}

fn log_path(organization: OrgId, sequence: u64) -> Path {
    Path::from(format!("{organization}/{}", names::log_file(sequence)))
}

#[cfg(test)]
mod tests {
    use super::{LogPut, Rehearsal, Vault};
    use crate::model::id::OrgId;

    #[tokio::test]
    async fn a_log_object_is_created_once_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::local(folder.path()).unwrap();
        let organization = OrgId::fresh();
        assert_eq!(vault.put_log(organization, 1, b"first".to_vec()).await.unwrap(), LogPut::Created);
        assert_eq!(vault.put_log(organization, 1, b"second".to_vec()).await.unwrap(), LogPut::Taken);
        let log = vault.log_from(organization, 1).await.unwrap();
        assert_eq!(log.len(), 1);
        assert_eq!(log[0].1.as_ref(), b"first");
    }

    #[tokio::test]
    async fn a_rehearsal_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::local(folder.path()).unwrap();
        assert_eq!(vault.rehearse("doctor-1").await.unwrap(), Rehearsal::Fit);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_large_archive_comes_back_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::local(&folder.path().join("vault")).unwrap();
        let organization = OrgId::fresh();
        let bytes: Vec<u8> = (0..12_000_000_u32).map(|number| (number % 251) as u8).collect();
        let staged = folder.path().join("staged");
        std::fs::write(&staged, &bytes).unwrap();
        vault.put_archive(organization, "a.zip", &staged).await.unwrap();
        let back = folder.path().join("back");
        assert!(vault.fetch_archive(organization, "a.zip", &back).await.unwrap());
        assert!(std::fs::read(&back).unwrap() == bytes);
        assert!(!vault.fetch_archive(organization, "b.zip", &back).await.unwrap());
    }
}
