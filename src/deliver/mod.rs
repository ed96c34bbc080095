//! Makes reports and packages, seals them in the ledger, and puts them where they were asked for.
//!
//! A report rests on the head of the ledger that it names; then the report itself becomes a leaf, so that a changed
//! report can be told from the one that was delivered. Start with [`reports::write`] and [`package::write`].

pub mod package;
pub mod reports;
pub mod tiles;

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::config::data_folder::create_private;
use crate::model::id::FrameworkId;
use crate::pipeline::RunFault;
use crate::pipeline::fault::CommitFault;
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
    #[error("the package could not be made")]
    Package(#[from] countersign_seal::package::PackageError),
    #[error("a record of the ledger cannot be read")]
    Record(#[from] countersign_seal::record::RecordError),
    #[error("{0} is not among this organization's frameworks; countersign org list shows them")]
    NotInUse(FrameworkId),
    #[error("nothing has been sealed for this organization by {0}; run countersign collect first")]
    NothingSealed(String),
    #[error("the period holds no record: it begins after the last one or ends before the first")]
    EmptyPeriod,
    #[error("{0} is there already; name another file or folder with --out, or move it away")]
    Exists(PathBuf),
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: std::io::Error },
}

/// Writes a file whole or not at all: under another name first, flushed, then renamed.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DeliverFault> {
    let fault = |source| DeliverFault::Write { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        create_private(folder).map_err(fault)?;
    }
    let unfinished = path.with_extension("unfinished");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished).map_err(fault)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fault)?;
    std::fs::rename(&unfinished, path).map_err(fault)
}
