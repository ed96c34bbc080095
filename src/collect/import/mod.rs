//! A folder of files -> evidence, one record a file. Bytes stay on disk until they are sealed.
//!
//! Never follows a symbolic link, never opens a device or pipe, never leaves the folder, never reads a file's bytes.
//! The folder is looked through before anything is taken: [`ImportError::Refused`] lists all offenders at once. Start
//! with [`ImportFolder::survey`].

mod media_type;
mod walk;

pub use media_type::by_name as media_type_of;

use std::fmt::{self, Write as _};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use walk::{FoundFile, Walk};

use crate::catalog::collector::CollectorDefinition;
use crate::model::evidence::{Body, CollectionOutcome, RawArtifact, RawEvidence, Source};
use crate::model::time::{Clock, Timestamp};

/// Files in one import; a folder with more is to be handed over in parts.
const MAX_FILES: u64 = 1_000_000;
/// Files in one batch, and so in one archive.
const BATCH_FILES: usize = 1024;
/// A batch that has grown to this many bytes is full.
const BATCH_BYTES: u64 = 256 << 20;
/// Most offenders that are told one by one.
const MAX_OFFENDERS: usize = 1000;

/// Something in the folder that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offender {
    /// Relative to the folder; bytes that are not UTF-8 and control characters are percent-encoded.
    pub path: String,
    pub why: String,
}

impl fmt::Display for Offender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`: {}", self.path, self.why)
    }
}

/// Why a folder was not imported. Nothing of it was taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the folder {} cannot be opened; check its name and your rights", .folder.display())]
    Unreadable { folder: PathBuf, source: io::Error },
    #[error("{} is not a folder; name the folder that holds the files", .0.display())]
    NotAFolder(PathBuf),
    #[error("the folder {} holds no file, so there is nothing to import", .0.display())]
    Empty(PathBuf),
    #[error("the folder {} holds more than {MAX_FILES} files; import it in parts", .0.display())]
    TooMany(PathBuf),
    #[error("nothing was imported from {}; remove or replace these and import again:{}", .folder.display(), listed(.offenders))]
    Refused { folder: PathBuf, offenders: Vec<Offender> },
}

fn listed(offenders: &[Offender]) -> String {
    offenders.iter().fold(String::new(), |mut text, offender| {
        let _ = write!(text, "\n  {offender}");
        text
    })
}

/// A folder of files that can all be taken, as far as a first look tells.
///
/// The look keeps nothing of each file, so that a folder of a million files takes no more memory than one of ten.
#[derive(Debug)]
pub struct ImportFolder<'a> {
    root: PathBuf,
    definition: &'a CollectorDefinition,
    /// The folder's own name.
    target: String,
    started: Timestamp,
    files: u64,
}

impl<'a> ImportFolder<'a> {
    /// Looks at every entry below `folder`.
    ///
    /// # Errors
    /// [`ImportError`]; `Refused` lists every symbolic link, special file, unreadable entry and file larger than the
    /// collector's `max_bytes`.
    pub fn survey(folder: &Path, definition: &'a CollectorDefinition, clock: &dyn Clock) -> Result<Self, ImportError> {
        let unreadable = |source| ImportError::Unreadable { folder: folder.to_owned(), source };
        let root = fs::canonicalize(folder).map_err(unreadable)?;
        if !fs::metadata(&root).map_err(unreadable)?.is_dir() {
            return Err(ImportError::NotAFolder(folder.to_owned()));
        }
        let started = clock.now();
        let mut files = 0;
        let mut offenders = Vec::new();
        for found in Walk::below(&root, definition.max_bytes) {
            match found.and_then(FoundFile::opened) {
                Ok(_) => files += 1,
                Err(offender) => offenders.push(offender),
            }
            if files > MAX_FILES || offenders.len() > MAX_OFFENDERS {
                break;
            }
        }
        if files > MAX_FILES {
            return Err(ImportError::TooMany(folder.to_owned()));
        }
        if !offenders.is_empty() {
            offenders.sort();
            return Err(ImportError::Refused { folder: folder.to_owned(), offenders });
        }
        if files == 0 {
            return Err(ImportError::Empty(folder.to_owned()));
        }
        let target = root.file_name().map_or_else(|| "/".to_owned(), |name| for_people(name.as_bytes()));
        Ok(Self { root, definition, target, started, files })
    }

    /// How many files there were.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.files
    }

    /// One [`RawEvidence`] for each file, sorted by relative path, in batches of bounded number and size.
    ///
    /// Each artifact is named by its path relative to the folder, separated by `/`. The provenance holds the exact
    /// `path` (as `{"b64": …}` when it is not UTF-8), `size` in bytes and, where the file system tells, `modified`. A
    /// file that changes between now and sealing can be found by comparing with these. What cannot be taken any more
    /// ends the batches with [`ImportError::Refused`].
    pub fn batches(&self, clock: &dyn Clock) -> impl Iterator<Item = Result<Vec<RawEvidence>, ImportError>> {
        let mut walk = Walk::below(&self.root, self.definition.max_bytes);
        std::iter::from_fn(move || {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
                match walk.next() {
                    None => break,
                    Some(Ok(file)) => {
                        bytes += file.size;
                        batch.push(self.evidence(file, clock.now()));
                    }
                    Some(Err(offender)) => {
                        let (folder, offenders) = (self.root.clone(), vec![offender]);
                        walk.stop();
                        return Some(Err(ImportError::Refused { folder, offenders }));
                    }
                }
            }
            (!batch.is_empty()).then_some(Ok(batch))
        })
    }

    fn evidence(&self, file: FoundFile, finished: Timestamp) -> RawEvidence {
        RawEvidence {
            dataset: self.definition.id.clone(),
            collector_digest: self.definition.digest,
            target: self.target.clone(),
            source: Source::Import,
            started: self.started,
            finished,
            source_clock: None,
            outcome: CollectionOutcome::Complete,
            reason: String::new(),
            provenance: provenance(&file),
            redactions: Vec::new(),
            artifacts: vec![artifact(file)],
        }
    }
}

/// The path as text: unchanged when it is printable UTF-8, else with the odd bytes (and `%`) percent-encoded.
fn for_people(relative: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(relative)
        && !text.chars().any(char::is_control)
    {
        return text.to_owned();
    }
    let mut text = String::new();
    for chunk in relative.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() || character == '%' {
                let mut buffer = [0; 4];
                text.extend(character.encode_utf8(&mut buffer).bytes().map(|byte| format!("%{byte:02X}")));
            } else {
                text.push(character);
            }
        }
        text.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
    text
}

fn provenance(file: &FoundFile) -> Map<String, Value> {
    let path = std::str::from_utf8(&file.relative)
        .map_or_else(|_| json!({"b64": STANDARD.encode(&file.relative)}), |text| Value::from(text.to_owned()));
    let mut provenance = Map::new();
    provenance.insert("path".to_owned(), path);
    provenance.insert("size".to_owned(), Value::from(file.size));
    if let Some(modified) = file.modified {
        provenance.insert("modified".to_owned(), Value::from(modified.to_string()));
    }
    provenance
}

fn artifact(file: FoundFile) -> RawArtifact {
    let name = for_people(&file.relative);
    RawArtifact { media_type: media_type::by_name(&name).to_owned(), name, body: Body::File(file.path) }
}

#[cfg(test)]
mod tests;
