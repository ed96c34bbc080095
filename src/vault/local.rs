//! What a vault in a local folder needs beside an object store: folders and files that only their owner can read.
//!
//! It never writes an object itself.

use std::path::{Path as FilePath, PathBuf};

use object_store::local::LocalFileSystem;
use object_store::path::Path;

use super::VaultFault;
use crate::config::data_folder::create_private;

/// The folder of a local vault.
#[derive(Debug, Clone)]
pub(super) struct LocalFolder(PathBuf);

impl LocalFolder {
    /// Creates the folder with mode 0700 if it is not there, and the store over it that flushes every write.
    pub(super) fn open(folder: &FilePath) -> Result<(Self, LocalFileSystem), VaultFault> {
        create_private(folder).map_err(|source| VaultFault::Folder { folder: folder.to_owned(), source })?;
        let objects = LocalFileSystem::new_with_prefix(folder)
            .map_err(|source| VaultFault::Objects { verb: "open", object: folder.display().to_string(), source })?
            .with_fsync(true);
        Ok((Self(folder.to_owned()), objects))
    }

    /// The file of an object.
    pub(super) fn file(&self, location: &Path) -> PathBuf {
        self.0.join(location.as_ref())
    }

    /// Makes the folder of an object with mode 0700, so that nobody else can look into it while it is written.
    pub(super) fn prepare(&self, location: &Path) -> Result<(), VaultFault> {
        let path = self.0.join(location.as_ref());
        let folder = path.parent().unwrap_or(&self.0);
        create_private(folder).map_err(|source| VaultFault::Folder { folder: folder.to_owned(), source })
    }

    /// Gives a stored object mode 0600. The object is kept by now, and its folder is private: a failure is worth a
    /// warning, but must not turn what was done into an error.
    pub(super) fn close_to_others(&self, location: &Path) {
        #[cfg(unix)]
        {
            let path = self.0.join(location.as_ref());
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            if let Err(fault) = std::fs::set_permissions(&path, private) {
                tracing::warn!(file = %path.display(), %fault, "The mode of a stored file could not be set to 0600");
            }
        }
    }
}
