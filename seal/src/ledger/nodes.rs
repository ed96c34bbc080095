//! Proofs from wherever nodes are kept: a whole tree in memory, tiles from a database, or a plan of what to ask for.
//!
//! Which nodes are asked for depends on sizes and indexes alone, never on hashes; [`crate::tiles::plan`] relies on it.
//! Start at [`Nodes`].

use super::{LedgerError, node_hash};
use crate::digest::Digest;

/// Roots of complete subtrees, and every proof that follows from them.
pub trait Nodes {
    /// How many leaves the tree has.
    fn size(&self) -> u64;

    /// Root of the leaves `index * 2^level .. (index + 1) * 2^level`; `None` where they are not all there, or the node
    /// is not at hand.
    fn node(&self, level: u32, index: u64) -> Option<Digest>;

    /// The leaf hash at an index.
    fn leaf(&self, index: u64) -> Option<Digest> {
        self.node(0, index)
    }

    /// Root of the first `size` leaves.
    ///
    /// # Errors
    /// When the tree has fewer leaves, or a node is not at hand.
    fn root_at(&self, size: u64) -> Result<Digest, LedgerError> {
        check_size(self.size(), size)?;
        if size == 0 { Ok(Digest::empty()) } else { range(self, 0, size) }
    }

    /// RFC 9162 2.1.3.1: the path that proves leaf `index` to the head of the first `size` leaves.
    ///
    /// # Errors
    /// When the tree has no such leaf or size, or a node is not at hand.
    fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Digest>, LedgerError> {
        check_size(self.size(), size)?;
        if index >= size {
            return Err(LedgerError::NoSuchLeaf { leaf: index, size });
        }
        let (mut low, mut high) = (0, size);
        let mut path = Vec::new();
        while high - low > 1 {
            let middle = low + split(high - low);
            if index < middle {
                path.push(range(self, middle, high)?);
                high = middle;
            } else {
                path.push(range(self, low, middle)?);
                low = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// RFC 9162 2.1.4.1: the proof that the head of `new` leaves continues the head of `old` leaves.
    ///
    /// # Errors
    /// When `new` is smaller than `old` or larger than the tree, or a node is not at hand.
    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, LedgerError> {
        check_size(self.size(), new)?;
        if old > new {
            return Err(LedgerError::Shrinks { old, new });
        }
        if old == 0 || old == new {
            return Ok(Vec::new());
        }
        let (mut low, mut high) = (0, new);
        let mut whole = true;
        let mut path = Vec::new();
        while old != high {
            let middle = low + split(high - low);
            if old <= middle {
                path.push(range(self, middle, high)?);
                high = middle;
            } else {
                path.push(range(self, low, middle)?);
                low = middle;
                whole = false;
            }
        }
        if !whole {
            path.push(range(self, low, high)?);
        }
        path.reverse();
        Ok(path)
    }

    /// The roots that, with all leaf hashes of `first..end`, rebuild the head of `size` leaves; left to right.
    ///
    /// # Errors
    /// When the range is empty or not inside the first `size` leaves of this tree, or a node is not at hand.
    fn range_proof(&self, first: u64, end: u64, size: u64) -> Result<Vec<Digest>, LedgerError> {
        check_size(self.size(), size)?;
        if first >= end || end > size {
            return Err(LedgerError::NoSuchLeaf { leaf: end.saturating_sub(1), size });
        }
        let mut outside = Vec::new();
        let mut open = vec![(0, size)];
        while let Some((low, high)) = open.pop() {
            if high <= first || low >= end {
                outside.push(range(self, low, high)?);
            } else if (low < first || high > end) && high - low > 1 {
                let middle = low + split(high - low);
                open.push((middle, high));
                open.push((low, middle));
            }
        }
        Ok(outside)
    }
}

/// Root of the non-empty `low..high`, where `low` is a multiple of the smallest power of two that is no shorter than the
/// range: every span a proof splits off is one.
fn range(nodes: &(impl Nodes + ?Sized), low: u64, high: u64) -> Result<Digest, LedgerError> {
    let none = LedgerError::NotAtHand { low, high };
    let mut lefts = Vec::new();
    let mut low = low;
    loop {
        let length = high.checked_sub(low).filter(|length| *length > 0).ok_or(none)?;
        if length.is_power_of_two() {
            let level = length.trailing_zeros();
            let last = nodes.node(level, low >> level).ok_or(none)?;
            return Ok(lefts.iter().rev().fold(last, |right, left| node_hash(left, &right)));
        }
        let half = split(length);
        let level = half.trailing_zeros();
        lefts.push(nodes.node(level, low >> level).ok_or(none)?);
        low += half;
    }
}

fn check_size(leaves: u64, size: u64) -> Result<(), LedgerError> {
    if size > leaves { Err(LedgerError::NoSuchSize { size, leaves }) } else { Ok(()) }
}

/// The largest power of two smaller than `length`, which must be at least two.
pub(super) fn split(length: u64) -> u64 {
    1 << length.saturating_sub(1).max(1).ilog2()
}
