//! The ledger as tiles of 256 hashes, as C2SP tlog-tiles cuts it: what an index keeps, and what an export writes.
//!
//! Tile `n` of level `l` holds the roots of 256 neighbouring complete subtrees of `256^l` leaves each; a partial tile at
//! the right edge holds the first of them. Full tiles never change. Nothing here stores or fetches: an [`Edge`] appends
//! and hands completed tiles out, [`plan`] says which tiles a proof needs, [`SparseTiles`] proves from those alone,
//! [`Export`] writes files into the caller's sink.

mod edge;
mod export;
mod sparse;

use crate::digest::Digest;

pub use edge::{Edge, FullTile};
pub use export::{CHECKPOINT_PATH, Export, ExportError, MAX_RECORD, entries_path};
pub use sparse::{SparseTiles, plan};

/// Hashes in a full tile.
pub const WIDTH: u16 = 256;
/// Levels of the tree in a tile: `2^HEIGHT` is [`WIDTH`].
pub const HEIGHT: u32 = 8;
/// Levels of tiles a tree of 2^64 leaves has.
pub const MAX_LEVELS: u8 = 8;

/// Why tiles do not make a tree.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum TileError {
    #[error("a tree of {size} leaves has {expected} hashes in its last tile of level {level}, not {found}")]
    Part { size: u64, level: u8, expected: u16, found: usize },
    #[error("tile {index} of level {level} has {found} hashes; a tile has 1 to {WIDTH}")]
    Width { level: u8, index: u64, found: usize },
    #[error("there is no level {level} of tiles; the last is 7")]
    Level { level: u8 },
}

/// Which tile, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// 0 for leaf hashes.
    pub level: u8,
    /// Within the level, from 0.
    pub index: u64,
    /// How many hashes it has: 1 to [`WIDTH`].
    pub width: u16,
}

impl Tile {
    /// The tile as it is in a tree of `size` leaves; `None` where that tree has none of its hashes.
    #[must_use]
    pub fn of(level: u8, index: u64, size: u64) -> Option<Self> {
        let subtrees = size.checked_shr(HEIGHT * u32::from(level))?;
        let width = subtrees.checked_sub(index.checked_mul(u64::from(WIDTH))?)?.min(u64::from(WIDTH));
        let width = u16::try_from(width).ok().filter(|width| *width > 0)?;
        Some(Self { level, index, width })
    }

    /// Whether it is full, and so will never change.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// Where C2SP tlog-tiles puts it: `tile/<level>/<index>`, and `.p/<width>` for a partial one.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, place(self.index, self.width))
    }
}

/// Hashes of a tile as its file holds them: one after the other.
#[must_use]
pub fn tile_bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(Digest::as_bytes).copied().collect()
}

/// Index 1234067 is `x001/x234/067`; a partial tile of 5 ends in `.p/5`.
fn place(index: u64, width: u16) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    if width < WIDTH { format!("{text}.p/{width}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{Tile, entries_path};

    #[test]
    fn paths_are_those_of_the_specification() {
        let full = |level, index| Tile { level, index, width: 256 }.path();
        assert_eq!(full(0, 0), "tile/0/000");
        assert_eq!(full(1, 999), "tile/1/999");
        assert_eq!(full(0, 1000), "tile/0/x001/000");
        assert_eq!(full(2, 1_234_067), "tile/2/x001/x234/067");
        assert_eq!(Tile { level: 0, index: 273, width: 112 }.path(), "tile/0/273.p/112");
        assert_eq!(entries_path(1_234_067, 256), "tile/entries/x001/x234/067");
        assert_eq!(entries_path(0, 1), "tile/entries/000.p/1");
    }

    #[test]
    fn a_tree_of_70_000_leaves_has_the_tiles_of_the_specification() {
        let width = |level, index| Tile::of(level, index, 70_000).map(|tile| tile.width);
        assert_eq!([width(0, 272), width(0, 273), width(0, 274)], [Some(256), Some(112), None]);
        assert_eq!([width(1, 0), width(1, 1), width(1, 2)], [Some(256), Some(17), None]);
        assert_eq!([width(2, 0), width(2, 1), width(3, 0), width(255, 0)], [Some(1), None, None, None]);
        assert_eq!(Tile::of(1, 0, 256).map(|tile| tile.width), Some(1));
        assert_eq!(Tile::of(0, u64::MAX, u64::MAX), None);
    }
}
