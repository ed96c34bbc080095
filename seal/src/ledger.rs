//! The append-only Merkle tree of RFC 9162 over record bytes: hashing, proofs and their verification.
//!
//! A leaf is `SHA-256(0x00 || record)`, a node `SHA-256(0x01 || left || right)`, the empty tree `SHA-256("")`. Nothing
//! here knows what a record says, who signs a head or where leaves are kept. Start at [`Tree`] (keeps every level, gives
//! proofs for every size it has had) or [`Frontier`] (appends in O(log n) memory); [`Nodes`] proves from wherever nodes
//! are kept, such as [`crate::tiles`]; verification needs none of them.

mod check;
mod nodes;

use sha2::{Digest as _, Sha256};

pub use check::{verify_consistency, verify_inclusion, verify_range};
pub use nodes::Nodes;

use crate::digest::Digest;

/// Longest possible proof: one hash for every bit of a size, twice for consistency.
pub const MAX_PROOF: usize = 128;

/// Hash of a record as a leaf.
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([0x00]);
    hasher.update(record);
    Digest::from_bytes(hasher.finalize().into())
}

/// Hash of two neighbouring subtrees.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([0x01]);
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    Digest::from_bytes(hasher.finalize().into())
}

/// Root of a whole list of leaf hashes.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.root()
}

/// A size or index for which the tree has no answer.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum LedgerError {
    #[error("leaf {leaf} is not in a ledger of {size} leaves")]
    NoSuchLeaf { leaf: u64, size: u64 },
    #[error("the ledger has {leaves} leaves; there is no head of size {size}")]
    NoSuchSize { size: u64, leaves: u64 },
    #[error("a ledger of {new} leaves cannot continue one of {old}")]
    Shrinks { old: u64, new: u64 },
    #[error("the subtree of leaves {low} to {high} is not at hand; ask for the tiles a plan names before proving")]
    NotAtHand { low: u64, high: u64 },
}

/// The right edge of a tree: enough to append and to name the head, O(log n) in size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the full subtrees from the largest to the smallest: one for each bit set in `size`.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        // Every trailing one of the size is a full subtree that the new leaf completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The head.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.joined(None).unwrap_or_else(Digest::empty)
    }

    /// The peaks hashed together, right to left, before what stands to their right; `None` if there is nothing.
    pub(crate) fn joined(&self, right: Option<Digest>) -> Option<Digest> {
        self.peaks.iter().rev().fold(right, |right, left| match right {
            None => Some(*left),
            Some(right) => Some(node_hash(left, &right)),
        })
    }
}

/// A whole tree: every full subtree's root, 64 bytes a leaf; answers for every size it ever had.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// `levels[k][i]` is the root of the leaves `i * 2^k .. (i + 1) * 2^k`.
    levels: Vec<Vec<Digest>>,
}

impl FromIterator<Digest> for Tree {
    fn from_iter<I: IntoIterator<Item = Digest>>(leaves: I) -> Self {
        let mut tree = Self::default();
        tree.extend(leaves);
        tree
    }
}

impl Extend<Digest> for Tree {
    fn extend<I: IntoIterator<Item = Digest>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

impl Tree {
    /// A tree over leaf hashes.
    #[must_use]
    pub fn from_leaves(leaves: &[Digest]) -> Self {
        leaves.iter().copied().collect()
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        Nodes::size(self)
    }

    /// The leaf hash at an index.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Digest> {
        self.node(0, index)
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        let mut level = 0;
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(node);
            if row.len() % 2 == 1 {
                return;
            }
            let Some(left) = row.len().checked_sub(2).and_then(|index| row.get(index)) else { return };
            node = node_hash(left, &node);
            level += 1;
        }
    }

    /// Root of the first `size` leaves.
    ///
    /// # Errors
    /// When the tree has fewer leaves.
    pub fn root_at(&self, size: u64) -> Result<Digest, LedgerError> {
        Nodes::root_at(self, size)
    }

    /// The head.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.root_at(self.size()).unwrap_or_else(|_| Digest::empty())
    }

    /// As [`Nodes::inclusion`].
    ///
    /// # Errors
    /// When the tree has no such leaf or size.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Digest>, LedgerError> {
        Nodes::inclusion(self, index, size)
    }

    /// As [`Nodes::consistency`].
    ///
    /// # Errors
    /// When `new` is smaller than `old` or larger than the tree.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, LedgerError> {
        Nodes::consistency(self, old, new)
    }

    /// As [`Nodes::range_proof`].
    ///
    /// # Errors
    /// When the range is empty or not inside the first `size` leaves of this tree.
    pub fn range_proof(&self, first: u64, end: u64, size: u64) -> Result<Vec<Digest>, LedgerError> {
        Nodes::range_proof(self, first, end, size)
    }
}

impl Nodes for Tree {
    fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.levels.get(level as usize)?.get(usize::try_from(index).ok()?).copied()
    }
}
