//! What the writer asks of the disk, so that tests can let it fail. Used by the writer only.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::config::data_folder::create_private;

/// Makes segments.
pub trait Disk: Send + Sync {
    /// A new file of this name that this process holds the lock of. When this returns, the name is durable.
    fn create(&self, folder: &Path, name: &str) -> io::Result<Box<dyn SegmentFile>>;
}

/// A segment that is being written.
pub trait SegmentFile: Send {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns once everything that was appended is durable.
    fn sync(&mut self) -> io::Result<()>;
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Lets others take it. Closing is not enough: a process that is just being started has the file open too.
    fn unlock(&mut self) -> io::Result<()>;
}

/// The disk of this machine.
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn create(&self, folder: &Path, name: &str) -> io::Result<Box<dyn SegmentFile>> {
        if !folder.exists() {
            create_private(folder)?;
            sync_folder(folder.parent().unwrap_or(folder))?;
        }
        // Nobody may find it before it is locked: an empty file without a lock is one that was left behind.
        let unfinished = folder.join(format!("{name}.new"));
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&unfinished)?;
        file.lock()?;
        std::fs::rename(&unfinished, folder.join(name))?;
        sync_folder(folder)?;
        Ok(Box::new(file))
    }
}

impl SegmentFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn unlock(&mut self) -> io::Result<()> {
        File::unlock(self)
    }
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
