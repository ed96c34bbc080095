//! Where archives are kept: a local folder now, S3 and compatible later, always through `object_store`.
//!
//! The vault knows names and bytes and nothing of evidence. An archive is durable under its unique name before its log
//! object exists; a log object is created only if absent, so that two writers can never both believe they committed.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use countersign_seal::names;
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, WriteMultipart};
use tokio::io::AsyncReadExt;

use crate::model::id::OrgId;

/// The archives and logs of all organizations.
#[derive(Debug, Clone)]
pub struct Vault {
    objects: Arc<dyn ObjectStore>,
    folder: PathBuf,
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
}

/// What became of an attempt to create a log object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPut {
    Created,
    /// Another writer was first; read on and try again.
    Taken,
}

/// Bytes sent to the store at once while an archive is uploaded.
const PART: usize = 5 * 1024 * 1024;

impl Vault {
    /// A vault in a local folder, created with mode 0700. Every write is flushed to disk before it counts.
    pub fn local(folder: &FilePath) -> Result<Self, VaultFault> {
        let fault = |source| VaultFault::Folder { folder: folder.to_owned(), source };
        crate::config::data_folder::create_private(folder).map_err(fault)?;
        let objects = LocalFileSystem::new_with_prefix(folder)
            .map_err(|source| VaultFault::Objects { verb: "open", object: folder.display().to_string(), source })?
            .with_fsync(true);
        Ok(Self { objects: Arc::new(objects), folder: folder.to_owned() })
    }

    /// The local folder, for verifiers that read files.
    #[must_use]
    pub fn folder(&self) -> &FilePath {
        &self.folder
    }

    /// Stores a finished archive under its unique name; returns when it is durable.
    pub async fn put_archive(&self, organization: OrgId, name: &str, staged: &FilePath) -> Result<(), VaultFault> {
        let location = archive_path(organization, name);
        self.upload(&location, staged).await?;
        self.close_to_others(&location)
    }

    async fn upload(&self, location: &Path, staged: &FilePath) -> Result<(), VaultFault> {
        let fault = |source| VaultFault::Objects { verb: "store", object: location.to_string(), source };
        self.private_folder(location)?;
        let unreadable = |source| VaultFault::Staged { path: staged.to_owned(), source };
        let mut file = tokio::fs::File::open(staged).await.map_err(unreadable)?;
        let size = file.metadata().await.map_err(unreadable)?.len();
        if size <= PART as u64 {
            let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
            file.read_to_end(&mut bytes).await.map_err(unreadable)?;
            self.objects.put(location, bytes.into()).await.map_err(fault)?;
            return Ok(());
        }
        let upload = self.objects.put_multipart(location).await.map_err(fault)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        loop {
            let mut buffer = bytes::BytesMut::with_capacity(PART);
            while buffer.len() < PART && file.read_buf(&mut buffer).await.map_err(unreadable)? > 0 {}
            if buffer.is_empty() {
                break;
            }
            upload.wait_for_capacity(4).await.map_err(fault)?;
            upload.put(buffer.freeze());
        }
        upload.finish().await.map_err(fault)?;
        Ok(())
    }

    /// Creates a log object if none of that number exists: the commit point.
    pub async fn put_log(&self, organization: OrgId, sequence: u64, bytes: Vec<u8>) -> Result<LogPut, VaultFault> {
        let location = log_path(organization, sequence);
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.private_folder(&location)?;
        match self.objects.put_opts(&location, bytes.into(), create).await {
            Ok(_) => self.close_to_others(&location).map(|()| LogPut::Created),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(LogPut::Taken),
            Err(source) => Err(VaultFault::Objects { verb: "commit", object: location.to_string(), source }),
        }
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

    /// Numbers of all log objects of an organization, in order.
    pub async fn log_sequences(&self, organization: OrgId) -> Result<Vec<u64>, VaultFault> {
        let prefix = Path::from(format!("{organization}/{}", names::LOG));
        let fault = |source| VaultFault::Objects { verb: "list", object: prefix.to_string(), source };
        let all: Vec<_> = self.objects.list(Some(&prefix)).try_collect().await.map_err(fault)?;
        let mut sequences = all
            .iter()
            .map(|meta| {
                let name = meta.location.filename().unwrap_or_default();
                names::log_sequence(name).ok_or_else(|| VaultFault::StrangeName(meta.location.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        sequences.sort_unstable();
        Ok(sequences)
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

    /// Makes the folder of an object with mode 0700, so that nobody else can look into it while it is written.
    fn private_folder(&self, location: &Path) -> Result<(), VaultFault> {
        let path = self.folder.join(location.as_ref());
        let folder = path.parent().unwrap_or(&self.folder);
        crate::config::data_folder::create_private(folder)
            .map_err(|source| VaultFault::Folder { folder: folder.to_owned(), source })
    }

    /// Gives a stored object mode 0600.
    fn close_to_others(&self, location: &Path) -> Result<(), VaultFault> {
        #[cfg(unix)]
        {
            let path = self.folder.join(location.as_ref());
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&path, private)
                .map_err(|source| VaultFault::Folder { folder: path.clone(), source })?;
        }
        Ok(())
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

fn archive_path(organization: OrgId, name: &str) -> Path {
    Path::from(format!("{organization}/{}/{name}", names::ARCHIVES))
}

fn log_path(organization: OrgId, sequence: u64) -> Path {
    Path::from(format!("{organization}/{}", names::log_file(sequence)))
}

#[cfg(test)]
mod tests {
    use super::{LogPut, Vault};
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
        assert_eq!(vault.log_sequences(organization).await.unwrap(), [1]);
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
