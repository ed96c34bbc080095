//! Appends leaves with nothing but the partial tiles at hand, and hands completed tiles out.

use super::{HEIGHT, TileError, WIDTH};
use crate::digest::Digest;
use crate::ledger::Frontier;

/// A tile that has become full and will never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// 0 for leaf hashes.
    pub level: u8,
    /// Within the level, from 0.
    pub index: u64,
    /// All 256, left to right.
    pub hashes: Vec<Digest>,
    /// Root of the tile: hash `index` of the level above.
    pub root: Digest,
}

/// The right edge of a tree: one partial tile a level, at most 255 hashes each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// `parts[k]` has `size / 256^k mod 256` hashes; the last one is not empty.
    parts: Vec<Vec<Digest>>,
}

impl Edge {
    /// The edge of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a tree of `size` leaves: `parts[k]` are the roots of its last `size / 256^k mod 256` complete
    /// subtrees of `256^k` leaves, left to right. Empty levels at the end may be left away.
    ///
    /// # Errors
    /// When a level has more or fewer hashes than the size asks for. Whether they are the right ones only the root says.
    pub fn from_parts(size: u64, mut parts: Vec<Vec<Digest>>) -> Result<Self, TileError> {
        while parts.last().is_some_and(Vec::is_empty) {
            parts.pop();
        }
        let levels = size.checked_ilog2().map_or(0, |bits| bits / HEIGHT + 1) as usize;
        for level in 0..levels.max(parts.len()) {
            let shift = HEIGHT.saturating_mul(u32::try_from(level).unwrap_or(u32::MAX));
            let expected = size.checked_shr(shift).unwrap_or(0) % u64::from(WIDTH);
            let found = parts.get(level).map_or(0, Vec::len);
            if found as u64 != expected {
                let (level, expected) = (u8::try_from(level).unwrap_or(u8::MAX), u16::try_from(expected).unwrap_or(0));
                return Err(TileError::Part { size, level, expected, found });
            }
        }
        Ok(Self { size, parts })
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the partial tile of a level; empty where there is none.
    #[must_use]
    pub fn part(&self, level: u8) -> &[Digest] {
        self.parts.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    /// Appends one leaf hash; tiles it completes are added to `completed`, the lowest level first.
    pub fn push(&mut self, leaf: Digest, completed: &mut Vec<FullTile>) {
        self.size += 1;
        let mut node = leaf;
        for level in 0_u8.. {
            if self.parts.len() <= usize::from(level) {
                self.parts.push(Vec::new());
            }
            let Some(part) = self.parts.get_mut(usize::from(level)) else { return };
            part.push(node);
            if part.len() < usize::from(WIDTH) {
                return;
            }
            let hashes = std::mem::take(part);
            let root = frontier(&hashes).root();
            let full = self.size.checked_shr(HEIGHT * (u32::from(level) + 1)).unwrap_or(0);
            let index = full.saturating_sub(1);
            completed.push(FullTile { level, index, hashes, root });
            node = root;
        }
    }

    /// The head.
    #[must_use]
    pub fn root(&self) -> Digest {
        let right = self.parts.iter().fold(None, |right, part| frontier(part).joined(right));
        right.unwrap_or_else(Digest::empty)
    }
}

fn frontier(hashes: &[Digest]) -> Frontier {
    let mut frontier = Frontier::default();
    for hash in hashes {
        frontier.push(*hash);
    }
    frontier
}

#[cfg(test)]
mod tests {
    use super::{Edge, TileError};
    use crate::ledger::{Tree, leaf_hash};

    #[test]
    fn parts_that_do_not_fit_the_size_are_refused() {
        let hash = leaf_hash(b"");
        assert!(Edge::from_parts(0, vec![]).is_ok());
        assert!(Edge::from_parts(256, vec![vec![], vec![hash], vec![]]).is_ok());
        assert_eq!(
            Edge::from_parts(257, vec![vec![], vec![hash]]),
            Err(TileError::Part { size: 257, level: 0, expected: 1, found: 0 })
        );
        assert_eq!(
            Edge::from_parts(256, vec![vec![], vec![hash], vec![hash]]),
            Err(TileError::Part { size: 256, level: 2, expected: 0, found: 1 })
        );
        assert_eq!(
            Edge::from_parts(65_536, vec![]),
            Err(TileError::Part { size: 65_536, level: 2, expected: 1, found: 0 })
        );
    }

    #[test]
    fn an_edge_taken_up_again_goes_on_as_if_it_had_never_stopped() {
        let (mut edge, mut tree, mut tiles) = (Edge::new(), Tree::default(), Vec::new());
        for number in 0..66_000_u32 {
            let leaf = leaf_hash(&number.to_be_bytes());
            edge.push(leaf, &mut tiles);
            tree.push(leaf);
            if number % 4099 == 0 || number > 65_990 || [254, 255, 256, 65_534, 65_535, 65_536].contains(&number) {
                assert_eq!(edge.root(), tree.root(), "{} leaves", tree.size());
                let parts = (0..4).map(|level| edge.part(level).to_vec()).collect();
                assert_eq!(Edge::from_parts(edge.size(), parts).unwrap(), edge);
            }
        }
        assert_eq!(tiles.iter().filter(|tile| tile.level == 0).count(), 257);
        assert_eq!(tiles.iter().filter(|tile| tile.level == 1).count(), 1);
        for tile in tiles {
            let (level, index) = (u32::from(tile.level) * 8, tile.index);
            assert_eq!(crate::ledger::Nodes::node(&tree, level + 8, index), Some(tile.root));
            assert_eq!(crate::ledger::Nodes::node(&tree, level, index * 256 + 255), Some(tile.hashes[255]));
        }
    }
}
