//! Segments on disk, seen from outside: which there are, which nobody writes any more, and what becomes of them.
//!
//! Only whoever holds [`SealerLock`] takes segments. Start with [`TakenSegment::take`].

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::DateTime;

use super::SpoolFault;
use super::frame::{self, Contents};
use crate::model::id::RunId;
use crate::model::time::Timestamp;

const EXTENSION: &str = "spool";
const LOCK: &str = "sealer.lock";
/// How old an unfinished file must be before nobody can be making it any more.
const LEFTOVER: Duration = Duration::from_hours(24);
/// No segment is longer: one is closed at 256 megabytes at the latest, and a group has a few.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

pub(super) fn file_name(id: RunId) -> String {
    format!("{id}.{EXTENSION}")
}

/// The right to seal what is in a spool; one holder at a time among all processes.
#[derive(Debug)]
pub struct SealerLock(File);

impl SealerLock {
    /// None while another process seals.
    ///
    /// # Errors
    /// When the lock's file cannot be made.
    pub fn take(folder: &Path) -> Result<Option<Self>, SpoolFault> {
        let path = folder.join(LOCK);
        let fault = |fault| SpoolFault::of(&path, fault);
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(fault(source)),
        }
    }
}

impl Drop for SealerLock {
    fn drop(&mut self) {
        // Said aloud, because a process that is just being started has the file open too.
        self.0.unlock().ok();
    }
}

/// Why a segment is not removed although nobody needs to seal it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aside {
    /// Some of its bytes cannot be read.
    Damaged,
    /// Some of its items belong to an organization that is not there.
    Orphaned,
}

impl Aside {
    const ALL: [Self; 2] = [Self::Damaged, Self::Orphaned];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Orphaned => "orphaned",
        }
    }
}

/// A segment that nobody writes any more, held so that nobody else takes it.
#[derive(Debug)]
pub struct TakenSegment {
    pub id: RunId,
    pub path: PathBuf,
    pub length: u64,
    file: File,
}

/// Every segment there is, oldest first. What a process left unfinished while it made one is removed when it is old.
///
/// # Errors
/// When the folder cannot be read.
pub fn segments(folder: &Path) -> Result<Vec<PathBuf>, SpoolFault> {
    let (segments, others): (Vec<_>, Vec<_>) = files(folder)?.into_iter().partition(|path| segment_id(path).is_some());
    for path in others {
        remove_leftover(&path);
    }
    Ok(segments)
}

impl Drop for TakenSegment {
    fn drop(&mut self) {
        self.file.unlock().ok();
    }
}

impl TakenSegment {
    /// Takes a segment; none while somebody writes it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn take(path: &Path) -> Result<Option<Self>, SpoolFault> {
        let Some(id) = segment_id(path) else { return Ok(None) };
        let fault = |fault| SpoolFault::of(path, fault);
        let file = File::open(path).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => return Err(fault(source)),
        }
        let length = file.metadata().map_err(fault)?.len();
        Ok(Some(Self { id, path: path.to_owned(), length, file }))
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// When the disk cannot; damage is told in the contents.
    pub fn read(&mut self) -> Result<Contents, SpoolFault> {
        if self.length > MOST_BYTES {
            return Err(SpoolFault::of(&self.path, io::Error::other("no segment is that long")));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or_default());
        self.file.read_to_end(&mut bytes).map_err(|fault| SpoolFault::of(&self.path, fault))?;
        Ok(frame::read(&Bytes::from(bytes)))
    }

    /// Removes it: all it says is sealed.
    pub fn remove(self) -> Result<(), SpoolFault> {
        std::fs::remove_file(&self.path).map_err(|fault| SpoolFault::of(&self.path, fault))
    }

    /// Keeps it under another name; answers with that. Under its old name it would be sealed again as far as it is not.
    pub fn put_aside(self, why: Aside) -> Result<PathBuf, SpoolFault> {
        let to = self.path.with_extension(why.as_str());
        std::fs::rename(&self.path, &to).map_err(|fault| SpoolFault::of(&self.path, fault))?;
        Ok(to)
    }
}

/// What a spool holds, from the outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Bytes of segments that are not sealed yet.
    pub bytes: u64,
    /// Since when the oldest of them waits.
    pub since: Option<Timestamp>,
    /// Segments that were put aside for a person to look at.
    pub aside: Vec<PathBuf>,
}

/// What waits to be sealed; nothing where there is no spool.
///
/// # Errors
/// When the folder cannot be read.
pub fn backlog(folder: &Path) -> Result<Backlog, SpoolFault> {
    let mut backlog = Backlog::default();
    for path in files(folder)? {
        if let Some(id) = segment_id(&path) {
            // Sealed and removed a moment ago, then.
            let Ok(facts) = std::fs::metadata(&path) else { continue };
            backlog.bytes += facts.len();
            // A segment begins with its first item, and files are sorted by time.
            backlog.since = backlog.since.or_else(|| begun(id));
        } else if Aside::ALL.iter().any(|why| has_extension(&path, why.as_str())) {
            backlog.aside.push(path);
        }
    }
    Ok(backlog)
}

/// The time a `UUIDv7` was made at.
fn begun(id: RunId) -> Option<Timestamp> {
    let (seconds, nanoseconds) = id.0.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds).map(Timestamp::from)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, SpoolFault> {
    let fault = |fault| SpoolFault::of(folder, fault);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(other) => return Err(fault(other)),
    };
    let mut files =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(fault)?;
    files.sort();
    Ok(files)
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension == wanted)
}

fn segment_id(path: &Path) -> Option<RunId> {
    path.file_stem()?.to_str()?.parse().ok().filter(|_| has_extension(path, EXTENSION))
}

/// Removes a file that a process left while it made a segment. It was not in use, so nothing is in it.
fn remove_leftover(path: &Path) {
    let age = || SystemTime::elapsed(&std::fs::metadata(path).ok()?.modified().ok()?).ok();
    if has_extension(path, "new") && age().is_some_and(|age| age > LEFTOVER) && std::fs::remove_file(path).is_ok() {
        tracing::info!(file = %path.display(), "Removed an unfinished segment of an earlier process");
    }
}
