//! Makes an installation anew: from the vault alone ([`rebuild`]), or from a backup and the vault ([`restore`]), and makes
//! that small backup ([`backup`]).
//!
//! The vault brings back what is evidence; a backup holds exactly what the vault cannot give back. Nothing here changes
//! the vault, and nothing is put into the place of a database before it is whole. What could not be restored is listed,
//! never invented. Start with [`rebuild::rebuild`].

pub mod backup;
pub mod file;
mod fresh;
pub mod loss;
pub mod rebuild;
pub mod restore;

use std::path::{Path, PathBuf};

use countersign_seal::verify::{self, DirectoryVault, OpenError, VaultOptions, VaultReport};

use crate::app::AppFault;
use crate::config::ConfigFault;
use crate::config::secret_key::KeyFault;
use crate::config::seed_files::SeedFileFault;
use crate::pipeline::fault::CommitFault;
use crate::store::StoreFault;

/// Why nothing was made anew, or no backup was written.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryFault {
    #[error(transparent)]
    App(#[from] AppFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error("a commit of the vault cannot be read back")]
    Commit(#[from] CommitFault),
    #[error("the settings cannot be used")]
    Config(#[from] ConfigFault),
    #[error(transparent)]
    Key(#[from] KeyFault),
    #[error(transparent)]
    SeedFile(#[from] SeedFileFault),
    #[error("{0} holds no vault; copy it to its place first, or name the right data folder")]
    NoVault(PathBuf),
    #[error("the vault cannot be read")]
    Vault(#[from] OpenError),
    #[error(
        "there is a database already: {0}. With --replace it is kept under another name; stop everything that uses it first"
    )]
    DatabaseThere(PathBuf),
    #[error("the PostgreSQL database that the settings name is not empty; make an empty one and name that")]
    PostgresInUse,
    #[error("{0} holds an installation already; restore into a new folder")]
    InstallationThere(PathBuf),
    #[error("{0} is there already; name another file or move it away")]
    FileThere(PathBuf),
    #[error("the backup {path} cannot be used and nothing was written: {message}")]
    Damaged { path: PathBuf, message: String },
    #[error("cannot use {path}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the work was cut off")]
    Cancelled,
}

impl RecoveryFault {
    fn io(path: &Path) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path: path.clone(), source }
    }
}

/// How it ended.
#[derive(Debug)]
pub enum Outcome<T> {
    Done(T),
    /// The vault is altered, or older than it is known to have been. Nothing was written.
    Altered(Box<VaultReport>),
}

/// Checks the whole vault from its bytes, before anything is believed.
async fn verify_vault(folder: PathBuf, since: Vec<String>) -> Result<VaultReport, RecoveryFault> {
    if !folder.is_dir() {
        return Err(RecoveryFault::NoVault(folder));
    }
    let check = move || {
        let options = VaultOptions { since, ..VaultOptions::default() };
        verify::vault(&DirectoryVault::new(folder), &options)
    };
    Ok(tokio::task::spawn_blocking(check).await.map_err(|_| RecoveryFault::Cancelled)??)
}
