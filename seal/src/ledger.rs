//! The append-only Merkle tree of RFC 9162 over record bytes: hashing, proofs and their verification.
//!
//! A leaf is `SHA-256(0x00 || record)`, a node `SHA-256(0x01 || left || right)`, the empty tree `SHA-256("")`. Nothing
//! here knows what a record says, who signs a head or where leaves are kept. Start at [`Tree`] (keeps every level, gives
//! proofs for every size it has had) or [`Frontier`] (appends in O(log n) memory); verification needs neither.

use sha2::{Digest as _, Sha256};

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
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => Digest::empty(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
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
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
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
        self.check_size(size)?;
        if size == 0 {
            return Ok(Digest::empty());
        }
        self.range(0, size).ok_or(LedgerError::NoSuchSize { size, leaves: self.size() })
    }

    /// The head.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.root_at(self.size()).unwrap_or_else(|_| Digest::empty())
    }

    /// RFC 9162 2.1.3.1: the path that proves leaf `index` to the head of the first `size` leaves.
    ///
    /// # Errors
    /// When the tree has no such leaf or size.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Digest>, LedgerError> {
        self.check_size(size)?;
        let none = LedgerError::NoSuchLeaf { leaf: index, size };
        if index >= size {
            return Err(none);
        }
        let (mut low, mut high) = (0, size);
        let mut path = Vec::new();
        while high - low > 1 {
            let middle = low + split(high - low);
            if index < middle {
                path.push(self.range(middle, high).ok_or(none)?);
                high = middle;
            } else {
                path.push(self.range(low, middle).ok_or(none)?);
                low = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// RFC 9162 2.1.4.1: the proof that the head of `new` leaves continues the head of `old` leaves.
    ///
    /// # Errors
    /// When `new` is smaller than `old` or larger than the tree.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, LedgerError> {
        self.check_size(new)?;
        if old > new {
            return Err(LedgerError::Shrinks { old, new });
        }
        if old == 0 || old == new {
            return Ok(Vec::new());
        }
        let none = LedgerError::NoSuchSize { size: new, leaves: self.size() };
        let (mut low, mut high) = (0, new);
        let mut whole = true;
        let mut path = Vec::new();
        while old != high {
            let middle = low + split(high - low);
            if old <= middle {
                path.push(self.range(middle, high).ok_or(none)?);
                high = middle;
            } else {
                path.push(self.range(low, middle).ok_or(none)?);
                low = middle;
                whole = false;
            }
        }
        if !whole {
            path.push(self.range(low, high).ok_or(none)?);
        }
        path.reverse();
        Ok(path)
    }

    /// The roots that, with all leaf hashes of `first..end`, rebuild the head of `size` leaves; left to right.
    ///
    /// # Errors
    /// When the range is empty or not inside the first `size` leaves of this tree.
    pub fn range_proof(&self, first: u64, end: u64, size: u64) -> Result<Vec<Digest>, LedgerError> {
        self.check_size(size)?;
        if first >= end || end > size {
            return Err(LedgerError::NoSuchLeaf { leaf: end.saturating_sub(1), size });
        }
        let mut outside = Vec::new();
        let mut open = vec![(0, size)];
        while let Some((low, high)) = open.pop() {
            if high <= first || low >= end {
                outside.push(self.range(low, high).ok_or(LedgerError::NoSuchSize { size, leaves: self.size() })?);
            } else if (low < first || high > end) && high - low > 1 {
                let middle = low + split(high - low);
                open.push((middle, high));
                open.push((low, middle));
            }
        }
        Ok(outside)
    }

    fn check_size(&self, size: u64) -> Result<(), LedgerError> {
        let leaves = self.size();
        if size > leaves { Err(LedgerError::NoSuchSize { size, leaves }) } else { Ok(()) }
    }

    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.levels.get(level as usize)?.get(usize::try_from(index).ok()?).copied()
    }

    /// Root of `low..high`, where `low` is a multiple of the largest power of two below the length.
    fn range(&self, low: u64, high: u64) -> Option<Digest> {
        let mut lefts = Vec::new();
        let mut low = low;
        loop {
            let length = high.checked_sub(low)?;
            if length.is_power_of_two() {
                let level = length.trailing_zeros();
                let last = self.node(level, low >> level)?;
                return Some(lefts.iter().rev().fold(last, |right, left| node_hash(left, &right)));
            }
            let half = split(length);
            let level = half.trailing_zeros();
            lefts.push(self.node(level, low >> level)?);
            low += half;
        }
    }
}

/// The largest power of two smaller than `length`, which must be at least two.
fn split(length: u64) -> u64 {
    1 << length.saturating_sub(1).max(1).ilog2()
}

/// RFC 9162 2.1.3.2: whether the path leads from a leaf hash to the root. False for every malformed proof.
#[must_use]
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, path: &[Digest], root: &Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for step in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// RFC 9162 2.1.4.2: whether the head of `new` leaves continues the head of `old` leaves. False for every malformed proof.
#[must_use]
pub fn verify_consistency(old: u64, new: u64, old_root: &Digest, new_root: &Digest, path: &[Digest]) -> bool {
    if old > new {
        return false;
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return path.is_empty() && *old_root == Digest::empty();
    }
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let mut steps = path.iter();
    let seed = if old.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(seed) = seed else { return false };
    let (mut old_hash, mut new_hash) = (*seed, *seed);
    for step in steps {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(step, &old_hash);
            new_hash = node_hash(step, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// Whether all leaf hashes of `first..`, with the roots of what lies outside, rebuild the root of `size` leaves.
#[must_use]
pub fn verify_range(first: u64, leaves: &[Digest], size: u64, outside: &[Digest], root: &Digest) -> bool {
    let Some(end) = first.checked_add(leaves.len() as u64) else { return false };
    if leaves.is_empty() || end > size || outside.len() > MAX_PROOF {
        return false;
    }
    let mut given = outside.iter();
    let mut inside = leaves.iter();
    let rebuilt = rebuild(0, size, first, end, &mut given, &mut inside);
    rebuilt == Some(*root) && given.next().is_none() && inside.next().is_none()
}

/// Recursion is at most 64 deep: the length halves (rounded to a power of two) on every step.
fn rebuild<'a>(
    low: u64,
    high: u64,
    first: u64,
    end: u64,
    outside: &mut impl Iterator<Item = &'a Digest>,
    inside: &mut impl Iterator<Item = &'a Digest>,
) -> Option<Digest> {
    if high <= first || low >= end {
        return outside.next().copied();
    }
    if high - low == 1 {
        return inside.next().copied();
    }
    let middle = low + split(high - low);
    let left = rebuild(low, middle, first, end, outside, inside)?;
    let right = rebuild(middle, high, first, end, outside, inside)?;
    Some(node_hash(&left, &right))
}
