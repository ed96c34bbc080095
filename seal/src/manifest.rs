//! The small structured files of a package: `package.json` and the lines of `proofs.jsonl` and `left-out.jsonl`.
//!
//! All of them are canonical JSON. Writer and verifier share these shapes, nothing more.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::record::{Head, Time, Uuid};

/// The package format this version reads and writes.
pub const FORMAT: &str = "countersign-package/1";

/// What `report/1` calls the list of a package.
pub const REPORT_KIND: &str = "package";

/// `package.json`: what the package says it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    pub organization: Uuid,
    pub title: String,
    pub created: Time,
    /// First leaf the package speaks of.
    pub first: u64,
    /// One past the last leaf it speaks of.
    pub end: u64,
    /// The head all proofs in the package lead to.
    pub head: Head,
    /// Verifier key of the ledger.
    pub key: String,
    pub records: u64,
    pub records_left_out: u64,
    pub objects: u64,
    pub objects_left_out: u64,
    /// Roots of everything outside `first..end`, left to right; with all leaf hashes of the range they give the head.
    pub range_proof: Vec<Digest>,
}

/// A line of `proofs.jsonl`; line k belongs to line k of `records.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofLine {
    pub leaf: u64,
    pub path: Vec<Digest>,
}

/// A line of `left-out.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LeftOut {
    Leaf(LeafLeftOut),
    Object(ObjectLeftOut),
}

/// A leaf of the range whose record is not in the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafLeftOut {
    pub leaf: u64,
    pub hash: Digest,
    pub reason: String,
}

/// An object that a record of the package names and that is not in the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectLeftOut {
    pub object: Digest,
    pub reason: String,
}
