//! What a process that was cut off left in the staging folder, and the folder that a run has for itself there.
//!
//! Nothing depends on the removal: what cannot be removed stays for the next start.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use super::{App, AppFault};
use crate::config::data_folder::create_private;
use crate::config::presence::Presence;

/// How old something in the staging folder must be before nobody can be working on it any more.
const LEFTOVER: Duration = Duration::from_hours(24);

/// A folder of mode 0700 below the staging folder, for what a run has read and not sealed yet. Dropped, it is removed with
/// everything in it.
#[derive(Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Makes the folder. Its name tells whose it is.
    pub fn create(app: &App) -> Result<Self, AppFault> {
        let path = app.data.staging_folder().join(name_for(app.presence.id()));
        create_private(&path).map_err(|source| AppFault::Write { path: path.clone(), source })?;
        Ok(Self(path))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // One that stays behind is removed by a later start.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn name_for(process: &str) -> String {
    format!("run-{}.{process}", Uuid::now_v7())
}

/// The process that made a folder of that name.
fn owner_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_prefix("run-")?.split_once('.').map(|(_, process)| process)
}

/// Removes leftovers: folders of processes that are known to be gone, and whatever is so old that nobody can be working on
/// it. What is younger may belong to another process.
pub(super) fn remove(folder: &Path, presence: &Presence) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, Ok(facts)) = (entry.path(), entry.metadata()) else { continue };
        let is_gone = facts.is_dir() && owner_of(&path).is_some_and(|process| presence.is_gone(process));
        let removed = (is_gone || is_old(&facts))
            && if facts.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) }.is_ok();
        if removed {
            tracing::info!(path = %path.display(), "Removed what an earlier process left unfinished");
        }
    }
}

fn is_old(facts: &Metadata) -> bool {
    facts.modified().ok().and_then(|at| at.elapsed().ok()).is_some_and(|age| age > LEFTOVER)
}

#[cfg(test)]
mod tests {
    use super::{LEFTOVER, name_for, remove};
    use crate::config::presence::Presence;
    use std::path::Path;
    use std::time::SystemTime;

    fn age(path: &Path) {
        let long_ago = SystemTime::now() - LEFTOVER * 2;
        std::fs::File::open(path).unwrap().set_modified(long_ago).unwrap();
    }

    #[test]
    fn folders_of_processes_that_are_gone_and_whatever_is_old_are_removed_and_nothing_else() {
        let (staging, processes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let this = Presence::claim(processes.path()).unwrap();
        let living = Presence::claim(processes.path()).unwrap();
        let dead = Presence::claim(processes.path()).unwrap();
        dead.takes();
        let make = |name: &str| {
            let path = staging.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("page"), "page").unwrap();
            path
        };
        let kept = [make(&name_for(this.id())), make(&name_for(living.id())), make("run-1.of-nobody-known")];
        let mut gone = vec![make(&name_for(dead.id())), make("run-2.of-nobody-known"), make("something-else")];
        drop(dead);
        gone.push(staging.path().join("old-file"));
        std::fs::write(&gone[3], "").unwrap();
        for old in &gone[1..] {
            age(old);
        }
        std::fs::write(staging.path().join("young-file"), "").unwrap();

        remove(staging.path(), &this);

        assert!(kept.iter().all(|path| path.join("page").exists()));
        assert!(staging.path().join("young-file").exists());
        assert_eq!(gone.iter().filter(|path| path.exists()).count(), 0);
    }
}
