//! Proofs from a few tiles: first which ones are needed, then from exactly these.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::{HEIGHT, MAX_LEVELS, Tile, TileError, WIDTH};
use crate::digest::Digest;
use crate::ledger::{Nodes, Tree};

/// The tiles that a proof over a tree of `size` leaves asks for, without having any of them.
///
/// `prove` runs once over nodes that answer every question with the same dummy; its proofs are thrown away. So it may
/// make as many proofs as it likes, but must not look at hashes.
///
/// # Errors
/// What `prove` returns: a size or index the tree has not.
pub fn plan<T, E>(size: u64, prove: impl FnOnce(&dyn Nodes) -> Result<T, E>) -> Result<BTreeSet<Tile>, E> {
    let asked = Asked { size, tiles: RefCell::default() };
    prove(&asked)?;
    Ok(asked.tiles.into_inner())
}

/// Writes down which tiles are asked for.
struct Asked {
    size: u64,
    tiles: RefCell<BTreeSet<Tile>>,
}

impl Nodes for Asked {
    fn size(&self) -> u64 {
        self.size
    }

    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        let place = Place::of(level, index, self.size)?;
        let tile = Tile::of(place.level, place.tile, self.size)?;
        self.tiles.borrow_mut().insert(tile);
        Some(Digest::empty())
    }
}

/// Some tiles of a tree; proves whatever these are enough for.
#[derive(Debug, Clone, Default)]
pub struct SparseTiles {
    size: u64,
    tiles: HashMap<(u8, u64), Tree>,
}

impl SparseTiles {
    /// A tree of `size` leaves of which nothing is at hand yet.
    #[must_use]
    pub fn new(size: u64) -> Self {
        Self { size, tiles: HashMap::new() }
    }

    /// Adds a tile. It may be wider than a tree of this size asks for, such as a full one in place of a partial one.
    ///
    /// # Errors
    /// When it has no hash or more than 256, or its level is above 7. Whether the hashes are right only a root says.
    pub fn insert(&mut self, level: u8, index: u64, hashes: &[Digest]) -> Result<(), TileError> {
        if level >= MAX_LEVELS {
            return Err(TileError::Level { level });
        }
        if hashes.is_empty() || hashes.len() > usize::from(WIDTH) {
            return Err(TileError::Width { level, index, found: hashes.len() });
        }
        self.tiles.insert((level, index), Tree::from_leaves(hashes));
        Ok(())
    }
}

impl Nodes for SparseTiles {
    fn size(&self) -> u64 {
        self.size
    }

    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        let place = Place::of(level, index, self.size)?;
        self.tiles.get(&(place.level, place.tile))?.node(place.height, place.index)
    }
}

/// Where a node is: which tile, and where in it.
struct Place {
    level: u8,
    tile: u64,
    /// Above the tile's hashes: 0 to 7.
    height: u32,
    index: u64,
}

impl Place {
    /// `None` where a tree of `size` leaves has no such complete subtree.
    fn of(level: u32, index: u64, size: u64) -> Option<Self> {
        let subtrees = size.checked_shr(level)?;
        if index >= subtrees {
            return None;
        }
        let height = level % HEIGHT;
        // A tile has 2^(8 - height) nodes of this height, so no node reaches into two tiles.
        let bits = HEIGHT - height;
        let level = u8::try_from(level / HEIGHT).ok()?;
        Some(Self { level, tile: index >> bits, height, index: index & ((1 << bits) - 1) })
    }
}
