//! Walks through a folder in the order of its files' relative paths, holding no more than the folders it is in.

use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;

use super::{Offender, for_people};
use crate::model::time::Timestamp;

/// Folders inside folders.
const MAX_DEPTH: usize = 64;

/// A regular file of an allowed size.
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    /// Relative to the folder, separated by `/`; as bytes, because a name need not be UTF-8.
    pub(super) relative: Vec<u8>,
    /// In bytes.
    pub(super) size: u64,
    pub(super) modified: Option<Timestamp>,
}

impl FoundFile {
    /// The same, if it can be opened.
    pub(super) fn opened(self) -> Result<Self, Offender> {
        match fs::File::open(&self.path) {
            Ok(_) => Ok(self),
            Err(fault) => Err(refused(&self.relative, format!("it cannot be opened ({fault})"))),
        }
    }
}

/// All files below a folder, or why one cannot be taken.
pub(super) struct Walk {
    max_bytes: u64,
    /// The folders it is in, each with what is left of it, last entry first.
    open: Vec<Vec<Entry>>,
    /// What could not be read of a folder.
    unread: Vec<Offender>,
}

struct Entry {
    path: PathBuf,
    relative: Vec<u8>,
    kind: io::Result<FileType>,
}

impl Walk {
    pub(super) fn below(root: &Path, max_bytes: u64) -> Self {
        let mut walk = Self { max_bytes, open: Vec::new(), unread: Vec::new() };
        walk.enter(root, &[]);
        walk
    }

    /// Gives nothing any more.
    pub(super) fn stop(&mut self) {
        self.open.clear();
        self.unread.clear();
    }

    fn enter(&mut self, folder: &Path, relative: &[u8]) {
        if self.open.len() > MAX_DEPTH {
            return self.unread.push(refused(relative, format!("folders are nested deeper than {MAX_DEPTH}")));
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(fault) => {
                return self.unread.push(refused(relative, format!("the folder cannot be read ({fault})")));
            }
        };
        let mut found = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => found.push(Entry {
                    path: entry.path(),
                    relative: joined(relative, entry.file_name().as_bytes()),
                    kind: entry.file_type(),
                }),
                Err(fault) => {
                    self.unread.push(refused(relative, format!("the folder cannot be read to its end ({fault})")));
                }
            }
        }
        found.sort_by_cached_key(Entry::order);
        found.reverse();
        self.open.push(found);
    }

    fn examined(&self, entry: Entry) -> Result<FoundFile, Offender> {
        let metadata = fs::symlink_metadata(&entry.path)
            .map_err(|fault| refused(&entry.relative, format!("it cannot be looked at ({fault})")))?;
        let kind = metadata.file_type();
        if !kind.is_file() {
            return Err(refused(&entry.relative, refusal(kind).to_owned()));
        }
        if metadata.len() > self.max_bytes {
            let why = format!("it has {} bytes, {} are allowed", metadata.len(), self.max_bytes);
            return Err(refused(&entry.relative, why));
        }
        Ok(FoundFile {
            size: metadata.len(),
            modified: modified(&metadata),
            path: entry.path,
            relative: entry.relative,
        })
    }
}

impl Iterator for Walk {
    type Item = Result<FoundFile, Offender>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(offender) = self.unread.pop() {
                return Some(Err(offender));
            }
            let Some(entry) = self.open.last_mut()?.pop() else {
                self.open.pop();
                continue;
            };
            if entry.kind.as_ref().is_ok_and(FileType::is_dir) {
                self.enter(&entry.path, &entry.relative);
            } else {
                return Some(self.examined(entry));
            }
        }
    }
}

impl Entry {
    /// What is in a folder comes where the folder's name with a `/` would, so that all paths come in byte order.
    fn order(&self) -> Vec<u8> {
        let mut order = self.relative.clone();
        if self.kind.as_ref().is_ok_and(FileType::is_dir) {
            order.push(b'/');
        }
        order
    }
}

fn refused(relative: &[u8], why: String) -> Offender {
    let path = if relative.is_empty() { ".".to_owned() } else { for_people(relative) };
    Offender { path, why }
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

fn modified(metadata: &Metadata) -> Option<Timestamp> {
    metadata.modified().ok().and_then(moment)
}

/// None for times beyond the calendar, which some file systems can hold.
fn moment(time: SystemTime) -> Option<Timestamp> {
    let microseconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).ok()?,
        Err(before) => i64::try_from(before.duration().as_micros()).ok()?.checked_neg()?,
    };
    DateTime::from_timestamp_micros(microseconds).map(Timestamp::from)
}
