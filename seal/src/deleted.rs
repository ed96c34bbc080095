//! The list of a deletion: `deleted.jsonl`, one canonical line for every object whose bytes are gone.
//!
//! It is the only artifact of a `deletion/1` record and may never be deleted itself. This module writes and reads lines;
//! what a deletion means for a vault is [`crate::verify`]'s. Start at [`artifact`].

use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::digest::Digest;
use crate::record::{Artifact, RecordError};

/// Name of the list among the record's artifacts.
pub const NAME: &str = "deleted.jsonl";

/// Media type of the list.
pub const MEDIA_TYPE: &str = "application/x-ndjson";

/// Longest line of a list, in bytes.
pub const MAX_LINE: usize = 200;

/// An object whose bytes are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deleted {
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
}

impl Deleted {
    /// Reads one line, without its LF.
    ///
    /// # Errors
    /// When it is not canonical or says something else.
    pub fn parse(line: &[u8]) -> Result<Self, RecordError> {
        let value = canonical::parse(line).map_err(RecordError::NotCanonical)?;
        serde_json::from_value(value).map_err(RecordError::Envelope)
    }
}

/// The bytes of a list: ascending by digest, each object once, whatever order they are given in.
///
/// # Errors
/// When a size is 2^53 or more.
pub fn list(objects: &[Deleted]) -> Result<Vec<u8>, CanonicalError> {
    let sorted: std::collections::BTreeSet<&Deleted> = objects.iter().collect();
    let mut bytes = Vec::with_capacity(objects.len() * 90);
    for object in sorted {
        bytes.extend(canonical::to_bytes(object)?);
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// What the record must have as its only artifact.
#[must_use]
pub fn artifact(list: &[u8]) -> Artifact {
    Artifact {
        name: NAME.to_owned(),
        sha256: Digest::of(list),
        size: list.len() as u64,
        media_type: MEDIA_TYPE.to_owned(),
    }
}
