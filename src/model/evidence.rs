//! What was seen: raw evidence as a source gave it, and the same once it is a leaf of the ledger.

use std::path::PathBuf;

use bytes::Bytes;
use countersign_seal::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::id::{DatasetId, RunId};
use super::time::Timestamp;

words! {
    /// A kind of place that evidence comes from.
    Source, "kind of source":
        Graph = "graph",
        Host = "host",
        Osquery = "osquery",
        Dns = "dns",
        Import = "import",
}

words! {
    /// How an attempt to collect one dataset ended. Only `Complete` and `Empty` were fully seen.
    CollectionOutcome, "collection outcome":
        /// Everything was read.
        Complete = "complete",
        /// Everything was read and there was nothing.
        Empty = "empty",
        /// Some of it was read; the rest is not known.
        Partial = "partial",
        /// The source refused: no consent or no privilege.
        Denied = "denied",
        /// The source refused: the feature is not licensed.
        Unlicensed = "unlicensed",
        /// This cloud or edition has no such thing.
        NotOffered = "not_offered",
        /// No answer could be had.
        Unreachable = "unreachable",
        /// The source kept asking to slow down until the time limit.
        Throttled = "throttled",
        /// Anything else, such as an answer that cannot be read.
        Failed = "failed",
}

impl CollectionOutcome {
    /// For people, as the end of "It …" or alone: `refused`, `seen in part`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Complete => "seen whole",
            Self::Empty => "seen whole, and there was nothing",
            Self::Partial => "seen in part",
            Self::Denied => "refused",
            Self::Unlicensed => "not licensed",
            Self::NotOffered => "not offered there",
            Self::Unreachable => "no answer",
            Self::Throttled => "asked to slow down until the time was over",
            Self::Failed => "not read",
        }
    }

    /// True when all of the dataset was seen.
    #[must_use]
    pub fn is_seen_whole(self) -> bool {
        matches!(self, Self::Complete | Self::Empty)
    }
}

/// How the reason of a dataset begins that a run did not read, or not to its end, because it was told to end early.
pub const ENDED_EARLY: &str = "The run was ended early";

/// True of a dataset that says nothing about its source, because the run was ended before it was read whole. What was
/// known before is still the newest that is known.
#[must_use]
pub fn was_ended_early(outcome: CollectionOutcome, reason: &str) -> bool {
    matches!(outcome, CollectionOutcome::Failed | CollectionOutcome::Partial) && reason.starts_with(ENDED_EARLY)
}

/// Where an artifact's bytes are until they are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Memory(Bytes),
    /// Read when sealed, so that a large folder never has to fit in memory.
    File(PathBuf),
}

/// Exact bytes as received, with the name they carry inside their record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawArtifact {
    /// `page-0001.json`, `stdout`, `exit_code`, `policies/access.pdf`.
    pub name: String,
    pub media_type: String,
    pub body: Body,
}

impl RawArtifact {
    #[must_use]
    pub fn in_memory(name: impl Into<String>, media_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self { name: name.into(), media_type: media_type.into(), body: Body::Memory(bytes.into()) }
    }
}

/// Byte ranges of one artifact that a redaction rule replaced before anything was hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    pub rule: String,
    pub artifact: String,
    /// `[start, length]` in the stored bytes.
    pub ranges: Vec<[u64; 2]>,
}

/// What a collector hands over: one dataset of one target, not yet sealed and not judged.
#[derive(Debug, Clone, PartialEq)]
pub struct RawEvidence {
    pub dataset: DatasetId,
    /// Digest of the collector's definition, so that a reader knows what was asked.
    pub collector_digest: Digest,
    /// Tenant id, host name or the name of a file drop; unique within the organization and source.
    pub target: String,
    pub source: Source,
    pub started: Timestamp,
    pub finished: Timestamp,
    /// What the source's own clock said, where it says so (HTTP `Date`).
    pub source_clock: Option<Timestamp>,
    pub outcome: CollectionOutcome,
    /// One sentence that a compliance officer understands. Never empty unless the outcome is `Complete`.
    pub reason: String,
    /// URL, status, request ids, command, exit code, tool version, permission used. Strings, integers, lists and maps only.
    pub provenance: Map<String, Value>,
    pub redactions: Vec<Redaction>,
    pub artifacts: Vec<RawArtifact>,
}

/// An artifact as its record names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedArtifact {
    pub name: String,
    pub sha256: Digest,
    pub size: u64,
    pub media_type: String,
}

/// Evidence that is a leaf of its organization's ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct SealedEvidence {
    /// Index of the leaf in the ledger; the short id that reports and pages show.
    pub leaf: u64,
    /// RFC 9162 leaf hash of the record.
    pub record_hash: Digest,
    pub run: RunId,
    pub dataset: DatasetId,
    pub target: String,
    pub source: Source,
    pub collected_at: Timestamp,
    pub outcome: CollectionOutcome,
    pub reason: String,
    pub artifacts: Vec<SealedArtifact>,
}

impl SealedEvidence {
    /// See [`was_ended_early`].
    #[must_use]
    pub fn was_ended_early(&self) -> bool {
        was_ended_early(self.outcome, &self.reason)
    }
}
