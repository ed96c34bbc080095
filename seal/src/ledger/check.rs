//! Checks proofs: whether they lead from a leaf, an older head or a range of leaves to a root.
//!
//! Nothing here has a tree; a malformed proof is false, never a fault of its own.

use super::nodes::split;
use super::{MAX_PROOF, node_hash};
use crate::digest::Digest;

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
