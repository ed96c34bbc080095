//! Writes a ledger as the static files of C2SP tlog-tiles, for witnesses and auditors who have tools for such logs.
//!
//! An export can be repeated into the same folder: what is there is compared and never written again, only the checkpoint
//! is replaced, last. A folder whose files say otherwise than the ledger is altered evidence, on one of the two sides.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use countersign_seal::ledger::Frontier;
use countersign_seal::note::claimed_checkpoint;
use countersign_seal::record::Head;
use countersign_seal::tiles::{CHECKPOINT_PATH, Export, ExportError};

use crate::app::App;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::proofs::{self, ProofFault};
use crate::store::{self, OrgScope, StoredLeaf};

/// What an export left in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub folder: PathBuf,
    pub size: u64,
    /// Files that were not there before.
    pub written: u64,
    /// Files that were there and are the same.
    pub compared: u64,
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum TilesFault {
    #[error(transparent)]
    Proof(#[from] ProofFault),
    #[error("the ledger could not be exported")]
    Export(#[source] ExportError),
    #[error("cannot use {path}")]
    Folder { path: PathBuf, source: io::Error },
    /// Evidence was altered, here or in the folder.
    #[error("{0} is there and says otherwise than the ledger; one of them was altered, run countersign verify")]
    Differs(PathBuf),
    /// The folder is of a larger or another ledger.
    #[error("{folder} holds a head of {size} records that this ledger does not have: it was rolled back or rewritten")]
    NotContinued { folder: PathBuf, size: u64 },
}

impl TilesFault {
    /// Whether it says that evidence was altered.
    #[must_use]
    pub fn is_altered(&self) -> bool {
        match self {
            Self::Differs(_) | Self::NotContinued { .. } => true,
            Self::Proof(fault) => matches!(fault, ProofFault::Altered { .. }),
            Self::Export(fault) => matches!(fault, ExportError::OtherRecord { .. } | ExportError::Root),
            Self::Folder { .. } => false,
        }
    }
}

/// How many records are read at once.
const PAGE: u64 = 1000;

/// Exports the ledger up to its newest signed head.
pub async fn export(app: &App, scope: &OrgScope, folder: &Path) -> Result<Exported, TilesFault> {
    let folder =
        std::path::absolute(folder).map_err(|source| TilesFault::Folder { path: folder.to_owned(), source })?;
    let head = proofs::newest(app, scope).await?;
    let mut work = Work::begin(&folder)?;
    let mut next = 0;
    while next < head.size {
        let leaves = app.store.leaves(scope, next, PAGE.min(head.size - next)).await.map_err(CommitFault::from);
        let leaves = leaves.map_err(ProofFault::from)?;
        let Some(last) = leaves.last() else { break };
        next = last.leaf + 1;
        work = away(move || {
            work.add(&leaves)?;
            Ok(work)
        })
        .await?;
    }
    away(move || work.end(&head)).await
}

type Sink = Box<dyn FnMut(&str, &[u8]) -> io::Result<()> + Send>;

/// An export on its way.
struct Work {
    folder: PathBuf,
    export: Export<Sink>,
    counts: std::sync::Arc<std::sync::Mutex<Counts>>,
    /// The head that an earlier export left.
    before: Option<Head>,
    frontier: Frontier,
}

#[derive(Debug, Default)]
struct Counts {
    written: u64,
    compared: u64,
    differs: Option<PathBuf>,
}

impl Work {
    fn begin(folder: &Path) -> Result<Self, TilesFault> {
        let counts = std::sync::Arc::<std::sync::Mutex<Counts>>::default();
        let note = folder.join(CHECKPOINT_PATH);
        let before = match std::fs::read_to_string(&note) {
            Ok(text) => Some(claimed_checkpoint(&text).map_err(|_| TilesFault::Differs(note.clone()))?.head()),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(TilesFault::Folder { path: note, source }),
        };
        let (place, counted) = (folder.to_owned(), std::sync::Arc::clone(&counts));
        let sink: Sink = Box::new(move |path, bytes| {
            let outcome = put(&place.join(path), path == CHECKPOINT_PATH, bytes)?;
            let mut counts = counted.lock().map_err(|_| io::Error::other("the export was cut off"))?;
            match outcome {
                Put::Written => counts.written += 1,
                Put::Same => counts.compared += 1,
                Put::Differs => {
                    counts.differs = Some(place.join(path));
                    return Err(io::Error::other("another file is there"));
                }
            }
            Ok(())
        });
        Ok(Self { folder: folder.to_owned(), export: Export::new(sink), counts, before, frontier: Frontier::default() })
    }

    fn add(&mut self, leaves: &[StoredLeaf]) -> Result<(), TilesFault> {
        for leaf in leaves {
            let pushed = self.export.push(leaf.body.as_bytes(), &leaf.hash);
            pushed.map_err(|fault| differs(&self.counts).unwrap_or(TilesFault::Export(fault)))?;
            self.frontier.push(leaf.hash);
            if let Some(before) = self.before
                && before.size == self.frontier.size()
                && before.root != self.frontier.root()
            {
                return Err(self.not_continued(before));
            }
        }
        Ok(())
    }

    fn end(self, head: &store::Head) -> Result<Exported, TilesFault> {
        if let Some(before) = self.before
            && before.size > self.frontier.size()
        {
            return Err(self.not_continued(before));
        }
        let Self { folder, export, counts, .. } = self;
        export.finish(&head.checkpoint).map_err(|fault| differs(&counts).unwrap_or(TilesFault::Export(fault)))?;
        let (written, compared) = counts.lock().map_or((0, 0), |counts| (counts.written, counts.compared));
        Ok(Exported { folder, size: head.size, written, compared })
    }

    fn not_continued(&self, before: Head) -> TilesFault {
        TilesFault::NotContinued { folder: self.folder.clone(), size: before.size }
    }
}

fn differs(counts: &std::sync::Mutex<Counts>) -> Option<TilesFault> {
    counts.lock().ok()?.differs.take().map(TilesFault::Differs)
}

enum Put {
    Written,
    Same,
    Differs,
}

/// Puts a file into the folder, whole or not at all. One that is there is compared; only the checkpoint is replaced.
fn put(path: &Path, replace: bool, bytes: &[u8]) -> io::Result<Put> {
    match std::fs::read(path) {
        Ok(there) if there == bytes => return Ok(Put::Same),
        Ok(_) if !replace => return Ok(Put::Differs),
        Ok(_) => {}
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
        Err(fault) => return Err(fault),
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("unfinished");
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    Ok(Put::Written)
}

/// Runs work that hashes and writes files away from the async threads.
async fn away<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TilesFault> + Send + 'static,
) -> Result<T, TilesFault> {
    blocking(move || Ok(work())).await.map_err(ProofFault::from)?
}
