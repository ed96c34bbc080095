//! What to do about an error that the machine, not the user, is the reason of: a disk that is full or does not work.
//!
//! Told from the words of the causes, because they come from the system, the database and the object store alike.

use std::path::{Path, PathBuf};

use crate::deliver::DeliverFault;

/// Words of the system and of SQLite when there is no room.
const FULL: &[&str] = &["(os error 28)", "(os error 122)", "database or disk is full"];
/// Words of the system and of SQLite when a disk does not do what it is asked. SQLite opens a file that it may not write
/// to for reading.
const BROKEN: &[&str] =
    &["(os error 5)", "disk I/O error", "unable to open database file", "attempt to write a readonly database"];

/// What could not be written, and where: the disk that is to blame need not be that of the data folder.
#[derive(Debug)]
pub struct Unwritten {
    pub path: PathBuf,
    pub what: String,
}

impl std::fmt::Display for Unwritten {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.what)
    }
}

/// The place that an error itself names.
fn place(fault: &anyhow::Error) -> Option<&Path> {
    let delivered = || match fault.downcast_ref::<DeliverFault>() {
        Some(DeliverFault::Write { path, .. }) if path.is_absolute() => Some(path.as_path()),
        _ => None,
    };
    fault.downcast_ref::<Unwritten>().map(|unwritten| unwritten.path.as_path()).or_else(delivered)
}

/// The next step after an error of the disk; none for other errors, whose own words say it.
#[must_use]
pub fn next_step(fault: &anyhow::Error, data: Option<&Path>) -> Option<String> {
    let said = |words: &[&str]| fault.chain().any(|cause| words.iter().any(|word| cause.to_string().contains(word)));
    let disk = || {
        let place = place(fault).or(data)?;
        Some(format!(" at {}, which holds {},", disk_of(place).display(), place.display()))
    };
    let disk = disk().unwrap_or_default();
    if said(FULL) {
        Some(format!(
            "the disk{disk} is full: free some space and run the same command again; what was sealed before is kept"
        ))
    } else if said(BROKEN) {
        Some(format!(
            "the disk{disk} did not do what it was asked: see the system's log and whether its files may be written, then run the same command again; what was sealed before is kept"
        ))
    } else {
        None
    }
}

/// Where the disk that holds a path is mounted.
fn disk_of(path: &Path) -> PathBuf {
    let mut mounted = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    #[cfg(unix)]
    {
        let device =
            |path: &Path| std::fs::metadata(path).ok().map(|facts| std::os::unix::fs::MetadataExt::dev(&facts));
        // What could not be written is not there; the folder that would hold it is.
        while let Some(above) = mounted.parent().filter(|_| device(&mounted).is_none()) {
            mounted = above.to_owned();
        }
        let own = device(&mounted);
        while let Some(above) = mounted.parent().filter(|above| device(above) == own) {
            mounted = above.to_owned();
        }
    }
    mounted
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Unwritten, next_step};

    #[test]
    fn a_full_disk_is_named_with_what_to_do_and_other_errors_are_left_alone() {
        let full = anyhow::Error::from(std::io::Error::from_raw_os_error(28)).context("the archive cannot be written");
        let next = next_step(&full, Some(Path::new("/"))).unwrap();
        assert!(next.contains("the disk at /, which holds /, is full") && next.contains("free some space"), "{next}");
        assert_eq!(next_step(&anyhow::anyhow!("there is no organization"), Some(Path::new("/"))), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_disk_that_is_named_is_the_one_that_was_written_to() {
        let what = "it cannot be written".to_owned();
        let full = anyhow::Error::from(std::io::Error::from_raw_os_error(28));
        let full = full.context(Unwritten { path: "/proc/nowhere/x".into(), what });
        let next = next_step(&full, Some(Path::new("/data"))).unwrap();
        assert!(next.contains("the disk at /proc, which holds /proc/nowhere/x, is full"), "{next}");
    }
}
