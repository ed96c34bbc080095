//! Tells processes that live on a data folder from those that died: each holds a lock on a file of its own while it lives.
//!
//! The system gives the lock back however a process ends, so nothing has to be cleaned up by hand after a crash. A process
//! on another machine has no file here and is never called gone. Start at [`Presence::claim`].

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use super::data_folder::create_private;

/// How long the file of a process that is gone stays, so that what it held can be told from what is held elsewhere.
const KEPT: Duration = Duration::from_hours(1);

/// This process, for as long as the value lives.
#[derive(Debug)]
pub struct Presence {
    id: String,
    path: PathBuf,
    folder: PathBuf,
    /// What was taken in this process's name and not given back.
    holds: AtomicUsize,
    /// Names under which this process took something that it could not give back and is done with.
    left: Mutex<Vec<String>>,
    /// Holds the lock.
    _file: File,
}

impl Presence {
    /// Says that this process is there. Files of processes long gone are removed.
    pub fn claim(folder: &Path) -> io::Result<Self> {
        create_private(folder)?;
        let id = Uuid::now_v7().to_string();
        let path = file_of(folder, &id);
        let file = File::options().create_new(true).write(true).open(&path)?;
        file.lock()?;
        remove_the_gone(folder, &file);
        Ok(Self {
            id,
            path,
            folder: folder.to_owned(),
            holds: AtomicUsize::new(0),
            left: Mutex::default(),
            _file: file,
        })
    }

    /// Names this process; no other ever had the name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Says that something is about to be taken in this process's name. Until it is known to be given back the process
    /// leaves its file behind, so that others can tell that its holder is gone.
    pub fn takes(&self) {
        self.holds.fetch_add(1, Ordering::SeqCst);
    }

    /// Says that something that was taken is given back.
    pub fn gave_back(&self) {
        self.holds.fetch_sub(1, Ordering::SeqCst);
    }

    /// Says that what was taken under a name could not be given back, and that nobody works under that name any more.
    pub fn leaves(&self, name: &str) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
    }

    /// Whether this process itself has left that name.
    #[must_use]
    pub fn has_left(&self, name: &str) -> bool {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|left| left == name)
    }

    /// How many other processes live on this folder now.
    #[must_use]
    pub fn others(&self) -> usize {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| *path != self.path && !can_be_locked(path)).count()
    }

    /// Whether the process of that name lived on this folder and is gone. False when nobody can tell.
    #[must_use]
    pub fn is_gone(&self, id: &str) -> bool {
        // A name comes from the database; only one of ours may lead to a file.
        id != self.id && id.parse::<Uuid>().is_ok() && can_be_locked(&file_of(&self.folder, id))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // A file that stays is removed by a later start.
        if *self.holds.get_mut() == 0 {
            std::fs::remove_file(&self.path).ok();
        }
    }
}

fn file_of(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.lock"))
}

fn can_be_locked(path: &Path) -> bool {
    match File::open(path).map(|file| file.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) | Err(_) => false,
    }
}

/// Ages are told by the file system's own clock: the newest file is as young as can be.
fn remove_the_gone(folder: &Path, newest: &File) {
    let made = |facts: io::Result<std::fs::Metadata>| facts.and_then(|facts| facts.modified()).ok();
    let Some(now) = made(newest.metadata()) else { return };
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let age = made(path.metadata()).and_then(|at| now.duration_since(at).ok());
        if age.is_some_and(|age| age > KEPT) && can_be_locked(&path) {
            std::fs::remove_file(&path).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Presence, file_of};

    #[test]
    fn a_process_is_gone_only_when_it_was_here_and_let_its_lock_go() {
        let folder = tempfile::tempdir().unwrap();
        let this = Presence::claim(folder.path()).unwrap();
        let other = Presence::claim(folder.path()).unwrap();
        let id = other.id().to_owned();
        assert_eq!(this.others(), 1);
        assert!(!this.is_gone(&id), "it lives");
        assert!(!this.is_gone(this.id()), "this very process lives");

        // As after a kill: the lock is gone, the file is still there.
        let path = file_of(folder.path(), &id);
        let kept = std::fs::read(&path).unwrap();
        drop(other);
        std::fs::write(&path, kept).unwrap();

        assert_eq!(this.others(), 0, "a file alone is no process");
        assert!(this.is_gone(&id));
        assert!(!this.is_gone("0192f0c1-2345-7abc-8def-0123456789ab"), "nobody knows that one here");
        assert!(!this.is_gone("../../etc/passwd"));
    }

    #[test]
    fn a_process_that_could_not_give_back_what_it_took_is_known_to_be_gone() {
        let folder = tempfile::tempdir().unwrap();
        let this = Presence::claim(folder.path()).unwrap();
        let [orderly, other] = [0, 1].map(|_| Presence::claim(folder.path()).unwrap());
        let ids = [orderly.id().to_owned(), other.id().to_owned()];
        orderly.takes();
        orderly.gave_back();
        other.takes();

        drop((orderly, other));

        assert_eq!(ids.map(|id| this.is_gone(&id)), [false, true], "the first has left nothing to look at");
    }
}
