//! The whole ledger as the static files of C2SP tlog-tiles: entry bundles, tiles and the checkpoint.

use std::io;

use super::{Edge, FullTile, HEIGHT, MAX_LEVELS, Tile, WIDTH, place, tile_bytes};
use crate::digest::Digest;
use crate::ledger::leaf_hash;
use crate::note::{NoteError, claimed_checkpoint};

/// Where the signed note goes; it is written last.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// The longest entry of a bundle: what two bytes can count.
pub const MAX_RECORD: usize = u16::MAX as usize;

/// Where a bundle of `width` entries goes: `tile/entries/<index>`, and `.p/<width>` for a partial one.
#[must_use]
pub fn entries_path(index: u64, width: u16) -> String {
    format!("tile/entries/{}", place(index, width))
}

/// Why an export stopped. What was written so far is not to be served.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("`{path}` could not be written")]
    Write { path: String, source: io::Error },
    #[error("record {leaf} has {size} bytes; an entry of a bundle has at most {MAX_RECORD}")]
    TooLong { leaf: u64, size: usize },
    #[error("record {leaf} is another one than the ledger has there; run `countersign verify`")]
    OtherRecord { leaf: u64 },
    #[error("the checkpoint is no signed note")]
    Note(#[source] NoteError),
    #[error("the checkpoint is over {signed} leaves, the export has {size}; export what the checkpoint covers")]
    Size { signed: u64, size: u64 },
    #[error("the exported records do not rebuild the root of the checkpoint; run `countersign verify`")]
    Root,
}

/// Writes a ledger from its first record to its last; keeps one bundle and the edge in memory.
pub struct Export<S> {
    sink: S,
    edge: Edge,
    /// The bundle that is not full yet.
    bundle: Vec<u8>,
    completed: Vec<FullTile>,
}

impl<S: FnMut(&str, &[u8]) -> io::Result<()>> Export<S> {
    /// Begins. `sink` is given each file once, with a relative path of `/` parts.
    pub fn new(sink: S) -> Self {
        Self { sink, edge: Edge::new(), bundle: Vec::new(), completed: Vec::new() }
    }

    /// Adds the next record, whose leaf hash in the ledger is `leaf`.
    ///
    /// # Errors
    /// When the record is too long or not the one with this hash, or the sink fails.
    pub fn push(&mut self, record: &[u8], leaf: &Digest) -> Result<(), ExportError> {
        let number = self.edge.size();
        let length =
            u16::try_from(record.len()).map_err(|_| ExportError::TooLong { leaf: number, size: record.len() })?;
        if leaf_hash(record) != *leaf {
            return Err(ExportError::OtherRecord { leaf: number });
        }
        self.bundle.extend(length.to_be_bytes());
        self.bundle.extend(record);
        self.edge.push(*leaf, &mut self.completed);
        let width = u64::from(WIDTH);
        if self.edge.size().is_multiple_of(width) {
            let bundle = std::mem::take(&mut self.bundle);
            self.write(&entries_path(number / width, WIDTH), &bundle)?;
        }
        for tile in std::mem::take(&mut self.completed) {
            let path = Tile { level: tile.level, index: tile.index, width: WIDTH }.path();
            self.write(&path, &tile_bytes(&tile.hashes))?;
        }
        Ok(())
    }

    /// Writes the partial bundle and tiles, then the checkpoint, which must be over exactly the records given. Its
    /// signature is not looked at.
    ///
    /// # Errors
    /// When the checkpoint's size or root is another, or the sink fails.
    pub fn finish(mut self, checkpoint: &str) -> Result<(), ExportError> {
        let head = claimed_checkpoint(checkpoint).map_err(ExportError::Note)?;
        let size = self.edge.size();
        if head.size != size {
            return Err(ExportError::Size { signed: head.size, size });
        }
        if head.root != self.edge.root() {
            return Err(ExportError::Root);
        }
        let bundle = std::mem::take(&mut self.bundle);
        let edge = std::mem::take(&mut self.edge);
        for level in 0..MAX_LEVELS {
            let hashes = edge.part(level);
            let Ok(width @ 1..) = u16::try_from(hashes.len()) else { continue };
            let index = size.checked_shr(HEIGHT * (u32::from(level) + 1)).unwrap_or(0);
            if level == 0 {
                self.write(&entries_path(index, width), &bundle)?;
            }
            self.write(&Tile { level, index, width }.path(), &tile_bytes(hashes))?;
        }
        self.write(CHECKPOINT_PATH, checkpoint.as_bytes())
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), ExportError> {
        (self.sink)(path, bytes).map_err(|source| ExportError::Write { path: path.to_owned(), source })
    }
}
