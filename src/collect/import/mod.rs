//! A folder of files -> evidence, one record a file. Bytes stay on disk until they are sealed.
//!
//! Never follows a symbolic link, never opens a device or pipe, never leaves the folder, never reads a file's bytes.
//! Either every file can be taken or none is: [`ImportError::Refused`] lists all offenders at once. Start with
//! [`collect_folder`].

mod media_type;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde_json::{Map, Value, json};

use crate::catalog::collector::CollectorDefinition;
use crate::model::evidence::{Body, CollectionOutcome, RawArtifact, RawEvidence, Source};
use crate::model::time::{Clock, Timestamp};

/// Files in one import; a folder with more is to be handed over in parts.
const MAX_FILES: usize = 20_000;
/// Folders inside folders.
const MAX_DEPTH: usize = 64;

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

/// One [`RawEvidence`] for each file below `folder`, sorted by relative path. The target is the folder's own name.
///
/// Each artifact is named by its path relative to the folder, separated by `/`. The provenance holds the exact `path`
/// (as `{"b64": …}` when it is not UTF-8), `size` in bytes and, where the file system tells, `modified`. A file that
/// changes between now and sealing can be found by comparing with these.
///
/// # Errors
/// [`ImportError`]; `Refused` lists every symbolic link, special file, unreadable entry and file larger than the
/// collector's `max_bytes`.
pub fn collect_folder(
    folder: &Path,
    definition: &CollectorDefinition,
    clock: &dyn Clock,
) -> Result<Vec<RawEvidence>, ImportError> {
    let unreadable = |source| ImportError::Unreadable { folder: folder.to_owned(), source };
    let root = fs::canonicalize(folder).map_err(unreadable)?;
    if !fs::metadata(&root).map_err(unreadable)?.is_dir() {
        return Err(ImportError::NotAFolder(folder.to_owned()));
    }
    let started = clock.now();
    let mut walk = Walk { max_bytes: definition.max_bytes, files: BTreeMap::new(), offenders: Vec::new() };
    walk.folder(&root, &[], 0);
    if walk.files.len() > MAX_FILES {
        return Err(ImportError::TooMany(folder.to_owned()));
    }
    if !walk.offenders.is_empty() {
        walk.offenders.sort();
        return Err(ImportError::Refused { folder: folder.to_owned(), offenders: walk.offenders });
    }
    if walk.files.is_empty() {
        return Err(ImportError::Empty(folder.to_owned()));
    }
    let target = root.file_name().map_or_else(|| "/".to_owned(), |name| for_people(name.as_bytes()));
    let finished = clock.now();
    let evidence = |(relative, file): (Vec<u8>, FoundFile)| RawEvidence {
        dataset: definition.id.clone(),
        collector_digest: definition.digest,
        target: target.clone(),
        source: Source::Import,
        started,
        finished,
        source_clock: None,
        outcome: CollectionOutcome::Complete,
        reason: String::new(),
        provenance: provenance(&relative, &file),
        redactions: Vec::new(),
        artifacts: vec![artifact(&relative, file)],
    };
    Ok(walk.files.into_iter().map(evidence).collect())
}

struct FoundFile {
    path: PathBuf,
    size: u64,
    modified: Option<Timestamp>,
}

/// What was found below the folder so far, by relative path as bytes.
struct Walk {
    max_bytes: u64,
    files: BTreeMap<Vec<u8>, FoundFile>,
    offenders: Vec<Offender>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, relative: &[u8], depth: usize) {
        if depth > MAX_DEPTH {
            self.refuse(relative, format!("folders are nested deeper than {MAX_DEPTH}"));
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(fault) => return self.refuse(relative, format!("the folder cannot be read ({fault})")),
        };
        for entry in entries {
            if self.files.len() > MAX_FILES {
                return;
            }
            match entry {
                Ok(entry) => self.entry(&entry.path(), &joined(relative, entry.file_name().as_bytes()), depth),
                Err(fault) => self.refuse(relative, format!("the folder cannot be read to its end ({fault})")),
            }
        }
    }

    fn entry(&mut self, path: &Path, relative: &[u8], depth: usize) {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(fault) => return self.refuse(relative, format!("it cannot be looked at ({fault})")),
        };
        let kind = metadata.file_type();
        if kind.is_dir() {
            self.folder(path, relative, depth + 1);
        } else if !kind.is_file() {
            self.refuse(relative, refusal(kind).to_owned());
        } else if metadata.len() > self.max_bytes {
            self.refuse(relative, format!("it has {} bytes, {} are allowed", metadata.len(), self.max_bytes));
        } else if let Err(fault) = fs::File::open(path) {
            self.refuse(relative, format!("it cannot be opened ({fault})"));
        } else {
            self.files.insert(relative.to_owned(), FoundFile::of(path, &metadata));
        }
    }

    fn refuse(&mut self, relative: &[u8], why: String) {
        let path = if relative.is_empty() { ".".to_owned() } else { for_people(relative) };
        self.offenders.push(Offender { path, why });
    }
}

impl FoundFile {
    fn of(path: &Path, metadata: &Metadata) -> Self {
        Self { path: path.to_owned(), size: metadata.len(), modified: metadata.modified().ok().and_then(moment) }
    }
}

fn refusal(kind: FileType) -> &'static str {
    if kind.is_symlink() {
        "it is a symbolic link; put the file itself there"
    } else if kind.is_fifo() {
        "it is a pipe, not a file"
    } else if kind.is_socket() {
        "it is a socket, not a file"
    } else {
        "it is a device, not a file"
    }
}

fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, name].join(&b'/') }
}

/// None for times beyond the calendar, which some file systems can hold.
fn moment(time: SystemTime) -> Option<Timestamp> {
    let microseconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).ok()?,
        Err(before) => i64::try_from(before.duration().as_micros()).ok()?.checked_neg()?,
    };
    DateTime::from_timestamp_micros(microseconds).map(Timestamp::from)
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

fn provenance(relative: &[u8], file: &FoundFile) -> Map<String, Value> {
    let path = std::str::from_utf8(relative)
        .map_or_else(|_| json!({"b64": STANDARD.encode(relative)}), |text| Value::from(text.to_owned()));
    let mut provenance = Map::new();
    provenance.insert("path".to_owned(), path);
    provenance.insert("size".to_owned(), Value::from(file.size));
    if let Some(modified) = file.modified {
        provenance.insert("modified".to_owned(), Value::from(modified.to_string()));
    }
    provenance
}

fn artifact(relative: &[u8], file: FoundFile) -> RawArtifact {
    let name = for_people(relative);
    RawArtifact { media_type: media_type::by_name(&name).to_owned(), name, body: Body::File(file.path) }
}

#[cfg(test)]
mod tests;
