//! Where things are: paths in the vault, entries of archives and packages, and how long anything may be.
//!
//! Writers and verifiers share these words and nothing else. All names are plain ASCII, so that no reader, archive tool
//! or file system can understand one of them differently.

use crate::digest::Digest;

/// `<organization>/archives/<name>.zip`.
pub const ARCHIVES: &str = "archives";
/// `<organization>/log/<sequence>.json`.
pub const LOG: &str = "log";

/// Every file of an archive or package with its SHA-256, in byte order of the names.
pub const SUMS: &str = "SHA256SUMS";
/// The signed note.
pub const CHECKPOINT: &str = "checkpoint";
/// One canonical record a line.
pub const RECORDS: &str = "records.jsonl";
/// Folder of objects in an archive.
pub const OBJECTS: &str = "objects/";

/// The text that is signed.
pub const CHECKPOINT_BODY: &str = "checkpoint.body";
/// Ed25519 over the body: 64 bytes.
pub const CHECKPOINT_SIG: &str = "checkpoint.sig";
/// OpenSSH signature over the body.
pub const CHECKPOINT_SSHSIG: &str = "checkpoint.sshsig";
/// The record that names the digest of [`SUMS`].
pub const LIST_RECORD: &str = "list-record.json";
/// Its way to the checkpoint.
pub const LIST_PROOF: &str = "list-proof";
/// Proof that the checkpoint continues the head the package was made from.
pub const LIST_CONSISTENCY: &str = "list-consistency";
/// What the package is: format, organization, range, head.
pub const MANIFEST: &str = "package.json";
/// Inclusion proof of every record.
pub const PROOFS: &str = "proofs.jsonl";
/// Leaves of the range and objects of the records that are not here, with the reason.
pub const LEFT_OUT: &str = "left-out.jsonl";
pub const README: &str = "README.txt";
pub const VERIFY_SH: &str = "verify.sh";
pub const KEY_VKEY: &str = "keys/ledger.vkey";
pub const KEY_PEM: &str = "keys/ledger.pem";
pub const KEY_ALLOWED_SIGNERS: &str = "keys/allowed_signers";
/// Folder of objects in a package.
pub const EVIDENCE_OBJECTS: &str = "evidence/objects/";
/// What the objects are, for people.
pub const EVIDENCE_INDEX: &str = "evidence/index.csv";
/// Folder of reports.
pub const REPORTS: &str = "reports/";

/// Files of a package that [`SUMS`] cannot list, because they depend on its digest.
pub const UNLISTED: [&str; 8] =
    [SUMS, CHECKPOINT, CHECKPOINT_BODY, CHECKPOINT_SIG, CHECKPOINT_SSHSIG, LIST_RECORD, LIST_PROOF, LIST_CONSISTENCY];

/// Longest entry name.
pub const MAX_NAME: usize = 200;
/// Most entries of one archive or package.
pub const MAX_ENTRIES: usize = 4_000_000;
/// Largest file that is read as a whole; objects and lists of records are streamed.
pub const MAX_WHOLE: u64 = 512 * 1024 * 1024;
/// Most bytes one entry may grow to, per byte it takes in the zip: deflate cannot do better than 1032.
pub const MAX_RATIO: u64 = 1040;

/// `<organization>/log/<sequence, 16 digits>.json` without the organization.
#[must_use]
pub fn log_file(sequence: u64) -> String {
    format!("{LOG}/{sequence:016}.json")
}

/// The sequence in a log object's file name.
#[must_use]
pub fn log_sequence(file_name: &str) -> Option<u64> {
    let digits = file_name.strip_suffix(".json")?;
    (digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

/// Entry name of an object in an archive.
#[must_use]
pub fn object_entry(digest: &Digest) -> String {
    format!("{OBJECTS}{digest}")
}

/// Entry name of an object in a package.
#[must_use]
pub fn evidence_entry(digest: &Digest) -> String {
    format!("{EVIDENCE_OBJECTS}{digest}")
}

/// Whether a name may be an entry: relative, `/` between parts, each part of letters, digits, `.`, `_`, `-`, not
/// beginning with `.` or `-`.
#[must_use]
pub fn is_entry_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.len() <= MAX_NAME
        && name.split('/').all(|part| {
            !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with('.') && part.bytes().all(plain)
        })
}

/// Whether a name may be an archive's file name.
#[must_use]
pub fn is_archive_name(name: &str) -> bool {
    is_entry_name(name) && !name.contains('/') && name.strip_suffix(".zip").is_some_and(|stem| !stem.is_empty())
}
