//! What each known type of record says. A type never changes; a new meaning is a new version in its name.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::value::{Artifact, RecordType, Time, Uuid};
use crate::digest::Digest;

/// Reads an optional member that is there: it is absent or has a value, and is never `null`.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// What a collection can end with; see the format's description.
const OUTCOMES: [&str; 9] =
    ["complete", "empty", "partial", "denied", "unlicensed", "not_offered", "unreachable", "throttled", "failed"];

/// Reads an outcome; a reader that took others would show evidence as something it does not know.
fn outcome<'de, D: Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    let outcome = String::deserialize(value)?;
    if OUTCOMES.contains(&outcome.as_str()) {
        return Ok(outcome);
    }
    Err(serde::de::Error::unknown_variant(&outcome, &OUTCOMES))
}

/// A record's meaning, for the types this version knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Statement {
    #[serde(rename = "evidence/1")]
    Evidence(Evidence),
    #[serde(rename = "judgement/1")]
    Judgement(Judgement),
    #[serde(rename = "responsibility/1")]
    Responsibility(Responsibility),
    #[serde(rename = "change/1")]
    Change(Change),
    #[serde(rename = "report/1")]
    Report(Report),
    #[serde(rename = "key/1")]
    Key(Key),
    #[serde(rename = "attestation/1")]
    Attestation(Attestation),
    #[serde(rename = "deletion/1")]
    Deletion(Deletion),
}

const KNOWN: [&str; 8] =
    ["evidence/1", "judgement/1", "responsibility/1", "change/1", "report/1", "key/1", "attestation/1", "deletion/1"];

/// An artifact list that is an object itself: one canonical artifact a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactList {
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
    /// How many artifacts it lists.
    pub count: u64,
}

/// One dataset of one target as a run found it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub organization: Uuid,
    pub run: Uuid,
    pub collector: Collector,
    pub dataset: String,
    pub target: String,
    /// Kind of place: `graph`, `host`, `osquery`, `dns`, `import`.
    pub source: String,
    pub started: Time,
    pub finished: Time,
    /// What the source's own clock said, where it says so.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub source_clock: Option<Time>,
    /// `complete`, `empty`, `partial`, `denied`, `unlicensed`, `not_offered`, `unreachable`, `throttled`, `failed`.
    #[serde(deserialize_with = "outcome")]
    pub outcome: String,
    pub reason: String,
    /// How it was fetched; text, integers, lists and maps only.
    pub provenance: Map<String, Value>,
    pub redactions: Vec<Redaction>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub artifact_list: Option<ArtifactList>,
}

/// The collector that asked, and the digest of its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collector {
    pub id: String,
    pub digest: Digest,
}

/// Byte ranges that a rule replaced before anything was hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    pub rule: String,
    /// Name of the artifact.
    pub artifact: String,
    /// `[start, length]` in the stored bytes.
    pub ranges: Vec<[u64; 2]>,
}

/// All findings of one run; findings, check bundle and derived datasets are its artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    pub organization: Uuid,
    pub run: Uuid,
    pub at: Time,
    /// Digest of the catalog that judged.
    pub catalog: Digest,
    /// Findings by outcome.
    pub counts: BTreeMap<String, u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub artifact_list: Option<ArtifactList>,
}

/// One version of one framework's responsibility matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responsibility {
    pub organization: Uuid,
    pub framework: String,
    pub version: u64,
    /// `draft`, `proposed`, `countersigned`, `superseded`, `rejected`, `withdrawn`.
    pub state: String,
    /// Digest of the canonical matrix, which is also an artifact.
    pub matrix: Digest,
    pub at: Time,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub by: Option<Signer>,
    /// Engagement model.
    pub model: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub artifact_list: Option<ArtifactList>,
}

/// Who did it: a name as the product knew it, with the party where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    pub name: String,
    /// The person's short name, where a person of the organization acted.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
}

/// A change of a gap, a setting, an exception or a scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub organization: Uuid,
    pub at: Time,
    pub by: Signer,
    pub subject: Subject,
    pub change: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub artifact_list: Option<ArtifactList>,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    pub kind: String,
    pub id: String,
}

/// Something that was made for readers: a framework report, or the list of a package (`kind` = `package`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub organization: Uuid,
    pub at: Time,
    pub kind: String,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    pub as_of: Time,
    /// Digest of the catalog it rests on.
    pub catalog: Digest,
    /// The head it rests on.
    pub checkpoint: Head,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub artifact_list: Option<ArtifactList>,
}

/// Size and root of a ledger at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub size: u64,
    pub root: Digest,
}

/// A key comes into use, replaces another or goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub organization: Uuid,
    pub at: Time,
    pub event: KeyEvent,
    pub key: KeyFacts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyEvent {
    Introduced,
    Rotated,
    Retired,
}

/// The public side of a key, as [`crate::note::VerifyingKey::facts`] gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFacts {
    pub name: String,
    /// `ed25519`.
    pub algorithm: String,
    /// The 32 bytes in base64.
    pub public: String,
    /// The four bytes of the note key id in hex.
    pub id: String,
    /// `checkpoint` for the key that signs heads.
    pub purpose: String,
}

/// A person says that something is done, does not apply, was left out or is there in part, and answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    pub organization: Uuid,
    pub at: Time,
    pub by: Signer,
    pub framework: String,
    pub control: String,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    pub claim: Claim,
    /// In the person's own words.
    pub statement: String,
    /// Checks that fail and that the statement speaks to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    pub valid_from: Time,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Time>,
    /// Leaf of the attestation that this one takes the place of.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub replaces: Option<u64>,
    /// The form it was made on.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub form: Option<FormUse>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub artifact_list: Option<ArtifactList>,
}

/// A form, and which of its ways was answered where it has several; the answers are the artifact `form.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormUse {
    pub id: String,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// Targets for which it stands in for the control as written; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    Met,
    NotApplicable,
    /// Left out on purpose, without looking at it.
    NotTested,
    /// Some of it is there, where the framework gives that a value of its own.
    Partial,
    /// What it replaces no longer stands, and nothing stands in its place.
    Withdrawn,
}

/// Bytes were deleted: archives were replaced by ones without them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    pub organization: Uuid,
    pub at: Time,
    pub by: Signer,
    /// The legal basis and the decision.
    pub basis: String,
    pub archives: Vec<Replacement>,
    /// How many objects `deleted.jsonl` lists.
    pub objects: u64,
    /// `deleted.jsonl` and nothing else; see [`crate::deleted`].
    pub artifacts: [Artifact; 1],
}

/// An archive in force until now, and the one in force from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    pub was: ReplacedArchive,
    pub now: KeptArchive,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplacedArchive {
    /// File name without folder.
    pub name: String,
    pub sha256: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptArchive {
    /// File name without folder.
    pub name: String,
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
}

impl Statement {
    /// Whether this version knows the type.
    #[must_use]
    pub fn knows(kind: &RecordType) -> bool {
        KNOWN.contains(&kind.as_str())
    }

    pub(super) fn artifacts(&self) -> &[Artifact] {
        match self {
            Self::Evidence(Evidence { artifacts, .. })
            | Self::Judgement(Judgement { artifacts, .. })
            | Self::Responsibility(Responsibility { artifacts, .. })
            | Self::Change(Change { artifacts, .. })
            | Self::Report(Report { artifacts, .. })
            | Self::Attestation(Attestation { artifacts, .. }) => artifacts,
            Self::Deletion(deletion) => &deletion.artifacts,
            Self::Key(_) => &[],
        }
    }

    /// Names the artifacts by an object that lists them instead of one by one.
    pub(super) fn list_artifacts(&mut self, list: ArtifactList) {
        let (artifacts, place) = match self {
            Self::Evidence(Evidence { artifacts, artifact_list, .. })
            | Self::Judgement(Judgement { artifacts, artifact_list, .. })
            | Self::Responsibility(Responsibility { artifacts, artifact_list, .. })
            | Self::Change(Change { artifacts, artifact_list, .. })
            | Self::Report(Report { artifacts, artifact_list, .. })
            | Self::Attestation(Attestation { artifacts, artifact_list, .. }) => (artifacts, artifact_list),
            Self::Deletion(_) | Self::Key(_) => return,
        };
        artifacts.clear();
        *place = Some(list);
    }
}

macro_rules! statement_of {
    ($($name:ident),+) => {$(
        impl From<$name> for Statement {
            fn from(value: $name) -> Self {
                Self::$name(value)
            }
        }
    )+};
}
statement_of!(Evidence, Judgement, Responsibility, Change, Report, Key, Attestation, Deletion);
