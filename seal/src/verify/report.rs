//! What a verifier found, in values that print and serialise.

use std::fmt;
use std::io;

use serde::Serialize;

use crate::digest::Digest;
use crate::note::{NoteError, VerifyingKey};
use crate::record::{Head, Uuid};

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// File, record (`leaf 17`) or object.
    pub place: String,
    pub expected: String,
    pub found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: expected {}; found {}", self.place, self.expected, self.found)
    }
}

/// What may be said of evidence that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything fits and the key is the one the reader named.
    SignedByTheGivenKey,
    /// Everything fits; whose key it is was not compared.
    InternallyConsistent,
    /// At least one fault.
    Altered,
}

/// The key a reader trusts: a verifier key or a fingerprint, got from somewhere else than the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedKey {
    Key(VerifyingKey),
    /// `SHA256:…` as `ssh-keygen -l` prints it.
    Fingerprint(String),
}

/// A text that names no key.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is neither a fingerprint (SHA256:…) nor a verifier key (name+id+base64)")]
pub struct TrustedKeyError(String, #[source] Option<NoteError>);

impl std::str::FromStr for TrustedKey {
    type Err = TrustedKeyError;

    fn from_str(text: &str) -> Result<Self, TrustedKeyError> {
        let text = text.trim();
        if let Some(hash) = text.strip_prefix("SHA256:") {
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
            if hash.len() == 43 && hash.bytes().all(letters) {
                return Ok(Self::Fingerprint(text.to_owned()));
            }
            return Err(TrustedKeyError(text.chars().take(80).collect(), None));
        }
        VerifyingKey::parse(text)
            .map(Self::Key)
            .map_err(|fault| TrustedKeyError(text.chars().take(80).collect(), Some(fault)))
    }
}

impl TrustedKey {
    /// Whether a key is the trusted one.
    #[must_use]
    pub fn is(&self, key: &VerifyingKey) -> bool {
        match self {
            Self::Key(trusted) => trusted == key,
            Self::Fingerprint(fingerprint) => *fingerprint == key.fingerprint(),
        }
    }
}

/// Why nothing could be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("`{path}` cannot be opened")]
    Io { path: String, source: io::Error },
    #[error("`{path}` is a folder; name the package's zip file, or check an unpacked one with its verify.sh")]
    AFolder { path: String },
    #[error("`{path}` is not a zip file; a package ends in .zip and is checked as it was handed over")]
    NotAZip { path: String },
    #[error("there is no ledger in this folder; name the one that has a folder for each organization")]
    NoLedger,
    #[error(
        "`{place}` has format {format}, and nothing that can be checked of it is wrong: a newer verifier is needed"
    )]
    Newer { place: String, format: String },
}

/// What was checked in a package and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageReport {
    pub verdict: Verdict,
    /// Whether the reader named a key to compare with.
    pub key_compared: bool,
    pub key_fingerprint: Option<String>,
    pub key: Option<String>,
    pub organization: Option<Uuid>,
    /// The signed head.
    pub checkpoint: Option<Head>,
    /// Leaves `[first, end)` that the package speaks of.
    pub range: Option<[u64; 2]>,
    pub files: u64,
    pub records: u64,
    pub records_left_out: u64,
    pub objects: u64,
    pub objects_left_out: u64,
    pub proved: Vec<String>,
    pub not_proved: Vec<String>,
    pub faults: Vec<Fault>,
    /// Faults beyond the ones listed.
    pub more_faults: u64,
}

/// How a vault is checked.
#[derive(Debug, Clone, Default)]
pub struct VaultOptions {
    /// Do not read objects, only records, lists and heads.
    pub skip_data: bool,
    /// Only this organization.
    pub organization: Option<Uuid>,
    pub key: Option<TrustedKey>,
    /// Signed checkpoints kept elsewhere: the vault must continue each of them that carries its origin.
    pub since: Vec<String>,
}

/// What was checked in a vault and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VaultReport {
    pub verdict: Verdict,
    pub organizations: Vec<OrganizationReport>,
    /// Files and folders in the vault's root that belong to no organization.
    pub notes: Vec<String>,
    pub proved: Vec<String>,
    pub not_proved: Vec<String>,
    pub faults: Vec<Fault>,
    pub more_faults: u64,
}

/// One organization's ledger as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrganizationReport {
    pub organization: String,
    pub key_fingerprint: Option<String>,
    pub key_compared: bool,
    pub checkpoint: Option<Head>,
    pub commits: u64,
    pub archives: u64,
    pub records: u64,
    pub objects: u64,
    pub objects_read: bool,
    /// Deletion records.
    pub deletions: u64,
    /// Objects that deletion records list.
    pub deleted_objects: u64,
    /// Leaf hashes in order, for a comparison with an index; not printed.
    #[serde(skip)]
    pub leaves: Vec<Digest>,
    /// The first log object of a version this one does not read, as place and format; what follows it was not checked.
    pub newer: Option<[String; 2]>,
    /// Harmless oddities, such as an archive that no commit names.
    pub notes: Vec<String>,
}

impl PackageReport {
    /// Process exit code: 0 or 3.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.verdict == Verdict::Altered { 3 } else { 0 }
    }
}

impl VaultReport {
    /// Process exit code: 0 or 3.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.verdict == Verdict::Altered { 3 } else { 0 }
    }
}

impl PackageReport {
    pub(super) fn empty(key_compared: bool) -> Self {
        Self {
            verdict: Verdict::Altered,
            key_compared,
            key_fingerprint: None,
            key: None,
            organization: None,
            checkpoint: None,
            range: None,
            files: 0,
            records: 0,
            records_left_out: 0,
            objects: 0,
            objects_left_out: 0,
            proved: Vec::new(),
            not_proved: Vec::new(),
            faults: Vec::new(),
            more_faults: 0,
        }
    }
}
