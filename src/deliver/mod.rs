//! Makes reports and packages, seals them in the ledger, and puts them where they were asked for.
//!
//! A report rests on the head of the ledger that it names; then the report itself becomes a leaf, so that a changed
//! report can be told from the one that was delivered. Start with [`reports::write`] and [`package::write`].

pub mod package;
pub mod reports;
pub mod tiles;

use std::path::{Path, PathBuf};

use crate::config::data_folder;
use crate::pipeline::RunFault;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::frameworks::FrameworkFault;
use crate::render::RenderError;
use crate::report::ReportError;
use crate::store::StoreFault;

/// Why something could not be delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliverFault {
    #[error(transparent)]
    Run(#[from] RunFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error("the report could not be sealed")]
    Commit(#[from] CommitFault),
    #[error("the templates cannot be used")]
    Render(#[from] RenderError),
    #[error("the report could not be made")]
    Report(#[from] ReportError),
    #[error("the ledger cannot prove what the package needs")]
    Proof(#[from] crate::pipeline::proofs::ProofFault),
    #[error("the package could not be made")]
    Package(#[from] countersign_seal::package::PackageError),
    #[error("a record of the ledger cannot be read")]
    Record(#[from] countersign_seal::record::RecordError),
    #[error(transparent)]
    Framework(#[from] FrameworkFault),
    #[error("nothing has been sealed for this organization by {0}; run countersign collect first")]
    NothingSealed(String),
    #[error("the period holds no record: it begins after the last one or ends before the first")]
    EmptyPeriod,
    #[error("{0} is there already; name another file or folder with --out, or move it away")]
    Exists(PathBuf),
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: std::io::Error },
}

/// A name made from a moment, or, when it is taken because the same was asked for twice within a second or broke off, the
/// name with the first number that is free.
fn first_free(name: &Path, is_taken: impl Fn(&Path) -> bool) -> Result<PathBuf, DeliverFault> {
    let numbered = (2..100).map(|number| PathBuf::from(format!("{}-{number}", name.display())));
    let found = std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name));
    found.ok_or_else(|| DeliverFault::Exists(name.to_owned()))
}

/// Writes a file whole or not at all, in a folder that only its owner can read if it has to be made.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DeliverFault> {
    data_folder::write_whole(path, bytes).map_err(|source| DeliverFault::Write { path: path.to_owned(), source })
}
