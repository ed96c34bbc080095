//! Records: typed statements in canonical form, each of which becomes one leaf of its organization's ledger.
//!
//! A [`Record`] is the exact bytes with the few members every type shares (type, organization, artifacts); a
//! [`Statement`] is what the known types say. Records of unknown types are kept and verified as leaves. Nothing here
//! looks at artifacts' bytes or decides what a statement means. Start at [`Record::of`] and [`Record::parse`].

mod statement;
mod value;

use serde::Deserialize;
use serde_json::Value;

pub use statement::{
    ArtifactList, Attestation, Change, Claim, Collector, Deletion, Evidence, FormUse, Head, Judgement, KeptArchive,
    Key, KeyEvent, KeyFacts, Redaction, ReplacedArchive, Replacement, Report, Responsibility, Signer, Statement,
    Subject,
};
pub use value::{Artifact, Malformed, RecordType, Time, Uuid};

use crate::canonical::{self, CanonicalError};
use crate::digest::Digest;
use crate::ledger;

/// The most bytes a record may have. What does not fit is an artifact.
pub const MAX_BYTES: usize = 32 * 1024;

/// Media type of an artifact list kept as an object: one canonical artifact a line.
pub const ARTIFACT_LIST_MEDIA_TYPE: &str = "application/x-ndjson";

/// Why a statement cannot be a record, or a line is none.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("a record has {size} bytes; at most {MAX_BYTES} are allowed, longer parts belong into artifacts")]
    TooLong { size: usize },
    #[error("a record is not in canonical form")]
    NotCanonical(#[source] CanonicalError),
    #[error("a record lacks a member every record has, or one of them is malformed")]
    Envelope(#[source] serde_json::Error),
    #[error("a record of type `{kind}` does not say what this type says")]
    Statement { kind: RecordType, source: serde_json::Error },
    #[error("a record names artifacts and an artifact list; only one of them is allowed")]
    TwoLists,
}

/// The members all types share; any others are the type's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: RecordType,
    organization: Uuid,
    #[serde(default)]
    artifacts: Vec<Artifact>,
    #[serde(default, deserialize_with = "statement::present")]
    artifact_list: Option<ArtifactList>,
}

/// The canonical bytes of one statement, with what every reader may rely on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    bytes: Vec<u8>,
    envelope: Envelope,
}

/// A record, and its artifact list where that was too long to be part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    pub record: Record,
    /// Bytes that must be stored as an object beside the artifacts; the record names their digest.
    pub list: Option<Vec<u8>>,
}

impl Record {
    /// Writes a statement down.
    ///
    /// # Errors
    /// When it has no canonical form (a fraction, a key outside ASCII) or is longer than [`MAX_BYTES`].
    pub fn of(statement: impl Into<Statement>) -> Result<Self, RecordError> {
        Self::written(&statement.into())
    }

    /// What was just written in canonical form need not be read again to be believed.
    fn written(statement: &Statement) -> Result<Self, RecordError> {
        let fault = |source| RecordError::NotCanonical(CanonicalError::NotJson(source));
        let value = serde_json::to_value(statement).map_err(fault)?;
        let bytes = canonical::value_bytes(&value).map_err(RecordError::NotCanonical)?;
        Self::of_parts(bytes, &value)
    }

    fn of_parts(bytes: Vec<u8>, value: &Value) -> Result<Self, RecordError> {
        if bytes.len() > MAX_BYTES {
            return Err(RecordError::TooLong { size: bytes.len() });
        }
        let envelope = Envelope::deserialize(value).map_err(RecordError::Envelope)?;
        if envelope.artifact_list.is_some() && !envelope.artifacts.is_empty() {
            return Err(RecordError::TwoLists);
        }
        Ok(Self { bytes, envelope })
    }

    /// Writes a statement down; an artifact list that is too long for the record becomes an artifact itself.
    ///
    /// # Errors
    /// As [`Record::of`], when the rest is still too long.
    pub fn fitted(statement: impl Into<Statement>) -> Result<Fitted, RecordError> {
        let mut statement = statement.into();
        match Self::written(&statement) {
            Err(RecordError::TooLong { .. }) if !statement.artifacts().is_empty() => {
                let list = artifact_list_bytes(statement.artifacts())?;
                let count = statement.artifacts().len() as u64;
                let size = list.len() as u64;
                statement.list_artifacts(ArtifactList { sha256: Digest::of(&list), size, count });
                Ok(Fitted { record: Self::written(&statement)?, list: Some(list) })
            }
            other => Ok(Fitted { record: other?, list: None }),
        }
    }

    /// Reads the bytes of a record, of whatever type. A line's LF is not part of them.
    ///
    /// # Errors
    /// When they are too long, not their own canonical form, or lack what every record has.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        Self::read(bytes).map(|(record, _)| record)
    }

    fn read(bytes: &[u8]) -> Result<(Self, Value), RecordError> {
        if bytes.len() > MAX_BYTES {
            return Err(RecordError::TooLong { size: bytes.len() });
        }
        let value = canonical::parse(bytes).map_err(RecordError::NotCanonical)?;
        Ok((Self::of_parts(bytes.to_vec(), &value)?, value))
    }

    /// Reads a record with what it says, in one go: [`Record::parse`] and [`Record::statement`].
    ///
    /// # Errors
    /// The outer one as [`Record::parse`], the inner one as [`Record::statement`].
    pub fn parse_with_statement(bytes: &[u8]) -> Result<(Self, Result<Option<Statement>, RecordError>), RecordError> {
        let (record, value) = Self::read(bytes)?;
        let statement = record.statement_of(value);
        Ok((record, statement))
    }

    /// Exactly what is hashed and stored.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The record's hash as a ledger leaf.
    #[must_use]
    pub fn leaf_hash(&self) -> Digest {
        ledger::leaf_hash(&self.bytes)
    }

    #[must_use]
    pub fn kind(&self) -> &RecordType {
        &self.envelope.kind
    }

    #[must_use]
    pub fn organization(&self) -> &Uuid {
        &self.envelope.organization
    }

    /// The artifacts the record itself lists.
    #[must_use]
    pub fn artifacts(&self) -> &[Artifact] {
        &self.envelope.artifacts
    }

    /// The object that lists the artifacts, where the record does not.
    #[must_use]
    pub fn artifact_list(&self) -> Option<&ArtifactList> {
        self.envelope.artifact_list.as_ref()
    }

    /// What the record says; `None` for types this version does not know.
    ///
    /// # Errors
    /// When the type is known and the record does not say what it should, no more and no less.
    pub fn statement(&self) -> Result<Option<Statement>, RecordError> {
        let fault = |source| RecordError::Statement { kind: self.kind().clone(), source };
        self.statement_of(serde_json::from_slice(&self.bytes).map_err(fault)?)
    }

    fn statement_of(&self, value: Value) -> Result<Option<Statement>, RecordError> {
        if !Statement::knows(self.kind()) {
            return Ok(None);
        }
        let fault = |source| RecordError::Statement { kind: self.kind().clone(), source };
        serde_json::from_value(value).map(Some).map_err(fault)
    }
}

/// An artifact list as an object: each artifact as one canonical line.
///
/// # Errors
/// When an artifact has no canonical form.
pub fn artifact_list_bytes(artifacts: &[Artifact]) -> Result<Vec<u8>, RecordError> {
    let mut bytes = Vec::with_capacity(artifacts.len() * 200);
    for artifact in artifacts {
        bytes.extend(canonical::to_bytes(artifact).map_err(RecordError::NotCanonical)?);
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Reads one line (without its LF) of an artifact list.
///
/// # Errors
/// When it is not a canonical artifact.
pub fn parse_artifact_line(line: &[u8]) -> Result<Artifact, RecordError> {
    if line.len() > MAX_BYTES {
        return Err(RecordError::TooLong { size: line.len() });
    }
    let value = canonical::parse(line).map_err(RecordError::NotCanonical)?;
    serde_json::from_value(value).map_err(RecordError::Envelope)
}
