//! The small object that makes an archive part of the ledger: `<organization>/log/<sequence>.json`.
//!
//! It is created only if absent; whoever creates it has committed. It names the archive by digest, the leaves it adds
//! and the head they lead to. This module reads and writes the object; it knows no storage. Start at [`Entry`].

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::digest::Digest;
use crate::record::Uuid;

/// The format this version writes.
pub const FORMAT: &str = "countersign-log/1";

/// Sequence of the first object of an organization.
pub const FIRST_SEQUENCE: u64 = 1;

/// The longest log object a reader looks at, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024;

/// One commit: an archive and the leaves it adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`FORMAT`].
    pub format: String,
    pub organization: Uuid,
    /// 1, 2, 3, … without a hole.
    pub sequence: u64,
    pub archive: ArchiveName,
    /// Index of the archive's first record in the ledger.
    pub first_leaf: u64,
    /// How many records it adds.
    pub leaf_count: u64,
    /// Signed note over the head of `first_leaf + leaf_count` leaves.
    pub checkpoint: String,
}

/// Which archive, and exactly which bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveName {
    /// File name without folder: `<name>.zip`.
    pub name: String,
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
}

/// Why bytes are not a log object.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("a log object is not in canonical form")]
    NotCanonical(#[source] CanonicalError),
    #[error("a log object does not say what it should")]
    Members(#[source] serde_json::Error),
    #[error("a log object has format `{0}`; this version reads {FORMAT}. Use a newer version")]
    Newer(String),
    #[error("a log object names archive `{0}`, which is not a plain file name ending in .zip")]
    Name(String),
    #[error("a log object counts leaves beyond 2^53")]
    Count,
}

impl Entry {
    /// The canonical bytes of the object.
    ///
    /// # Errors
    /// When a count is 2^53 or more, or the archive's name is not a plain file name.
    pub fn encode(&self) -> Result<Vec<u8>, LogError> {
        self.check()?;
        canonical::to_bytes(self).map_err(LogError::NotCanonical)
    }

    /// Reads an object.
    ///
    /// # Errors
    /// When it is not canonical, of another format, or names an archive outside its folder.
    pub fn decode(bytes: &[u8]) -> Result<Self, LogError> {
        let value = canonical::parse(bytes).map_err(LogError::NotCanonical)?;
        if let Some(format) = value.get("format").and_then(serde_json::Value::as_str)
            && format != FORMAT
        {
            return Err(LogError::Newer(format.chars().take(80).collect()));
        }
        let entry: Self = serde_json::from_value(value).map_err(LogError::Members)?;
        entry.check()?;
        Ok(entry)
    }

    /// Ledger size after this commit.
    #[must_use]
    pub fn size_after(&self) -> u64 {
        self.first_leaf.saturating_add(self.leaf_count)
    }

    fn check(&self) -> Result<(), LogError> {
        if !crate::names::is_archive_name(&self.archive.name) {
            return Err(LogError::Name(self.archive.name.chars().take(80).collect()));
        }
        if self.size_after() > canonical::MAX_INTEGER {
            return Err(LogError::Count);
        }
        Ok(())
    }
}
