//! Why sealing failed, and where its heavy work runs.

use std::path::PathBuf;

use countersign_seal::archive::ArchiveError;
use countersign_seal::log::LogError;
use countersign_seal::record::RecordError;

use crate::app::AppFault;
use crate::store::StoreFault;
use crate::vault::VaultFault;

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum CommitFault {
    #[error(transparent)]
    App(#[from] AppFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error(transparent)]
    Vault(#[from] VaultFault),
    #[error("a record cannot be written")]
    Record(#[from] RecordError),
    #[error("the archive cannot be written")]
    Archive(#[from] ArchiveError),
    #[error("the log object cannot be written or read")]
    Log(#[from] LogError),
    #[error("an identifier or time cannot stand in a record")]
    Malformed(#[from] countersign_seal::record::Malformed),
    #[error("something cannot be written in canonical form")]
    NotCanonical(#[from] countersign_seal::canonical::CanonicalError),
    #[error("a sealed archive cannot be read; run countersign verify")]
    Container(#[from] countersign_seal::container::ContainerError),
    #[error("{artifact} of a sealed record cannot be read; a newer version may have written it")]
    Line { artifact: String, source: serde_json::Error },
    #[error("{0} cannot be read; a newer version may have written it")]
    Unreadable(String),
    #[error("a signing key's record or signature cannot be used")]
    Note(#[from] countersign_seal::note::NoteError),
    #[error("cannot use {path}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{0} changed while it was being sealed; run it again")]
    Changed(PathBuf),
    #[error("other writers kept appending first; try again")]
    Contended,
    #[error("the vault and the database disagree about this organization's ledger: {0}; run countersign verify")]
    Diverged(String),
    #[error("no thread can be begun for sealing; the system has too many already")]
    NoThread(#[source] std::io::Error),
    #[error("sealing was cut off")]
    Cancelled,
}

/// Runs work that hashes, compresses or reads files away from the async threads.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommitFault> + Send + 'static,
) -> Result<T, CommitFault> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(CommitFault::Cancelled))
}
