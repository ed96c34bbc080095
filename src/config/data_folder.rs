//! The one folder an installation lives in: mode 0700, with fixed places inside.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::Config;

/// The data folder, as an absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFolder(PathBuf);

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderFault {
    #[error("{0} holds no Countersign data; create it with: countersign init --data {0}")]
    NotInitialized(PathBuf),
    #[error("{0} already holds Countersign data")]
    AlreadyInitialized(PathBuf),
    #[error("cannot use the data folder {path}")]
    Io { path: PathBuf, source: std::io::Error },
}

impl DataFolder {
    /// Takes a path as given and makes it absolute; nothing is touched.
    pub fn at(path: &Path) -> Result<Self, DataFolderFault> {
        std::path::absolute(path).map(Self).map_err(|source| DataFolderFault::Io { path: path.to_owned(), source })
    }

    /// Creates the folder (and its parents) with mode 0700.
    pub fn create(&self) -> Result<(), DataFolderFault> {
        create_private(&self.0).map_err(|source| DataFolderFault::Io { path: self.0.clone(), source })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.0.join(super::FILE_NAME)
    }

    #[must_use]
    pub fn database_file(&self) -> PathBuf {
        self.0.join("countersign.db")
    }

    #[must_use]
    pub fn secret_key_file(&self, config: &Config) -> PathBuf {
        config.keys.secret_key_file.as_ref().map_or_else(|| self.0.join("secret.key"), |path| self.0.join(path))
    }

    #[must_use]
    pub fn vault_folder(&self, config: &Config) -> PathBuf {
        config.vault.folder.as_ref().map_or_else(|| self.0.join("vault"), |path| self.0.join(path))
    }

    /// Sealed seeds of signing keys, one folder an organization.
    #[must_use]
    pub fn keys_folder(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// Files that are being made; what is left over from long ago is removed at start.
    #[must_use]
    pub fn staging_folder(&self) -> PathBuf {
        self.0.join("staging")
    }

    /// One file for each process that lives on this folder.
    #[must_use]
    pub fn processes_folder(&self) -> PathBuf {
        self.0.join("processes")
    }

    /// What arrived continuously and is not sealed yet.
    #[must_use]
    pub fn spool_folder(&self) -> PathBuf {
        self.0.join("spool")
    }

    /// Reports and packages, one folder an organization.
    #[must_use]
    pub fn reports_folder(&self, organization: &str) -> PathBuf {
        self.0.join("reports").join(organization)
    }
}

/// Creates a folder and its parents; new ones get mode 0700.
pub fn create_private(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a file of mode 0600 whole or not at all: under another name first, flushed, then renamed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = folder_of(path);
    create_private(folder)?;
    let unfinished = unfinished(path);
    write_flushed(&unfinished, bytes)?;
    std::fs::rename(&unfinished, path)?;
    sync_folder(folder)
}

/// The same for a file that must not be there yet: whoever is second is refused and what is there stays.
pub fn create_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = unfinished(path);
    write_flushed(&unfinished, bytes)?;
    let created = std::fs::hard_link(&unfinished, path);
    std::fs::remove_file(&unfinished)?;
    created?;
    sync_folder(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

fn write_flushed(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in a folder durable, where the system can do that.
pub fn sync_folder(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}
