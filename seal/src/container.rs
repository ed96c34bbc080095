//! Reads zips strictly: archives and packages, for everyone who does not write them.
//!
//! A zip is accepted only if every byte of it is accounted for: one central directory at the very end, one local header
//! for each of its entries saying the same, no gap, no overlap, no name twice, no comment, no encryption, no path that
//! could leave its folder, no entry that grows more than deflate can. What an archive tool may choose freely (order,
//! level, times, rights) is not looked at, so that a re-zipped package stays valid. Start at [`Container::open`].

mod directory;

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Seek};

use zip::ZipArchive;

use crate::names;

/// Whether entries that only name a folder may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folders {
    /// For archives, which only the product writes.
    Refused,
    /// For packages, which people unpack and zip again.
    Ignored,
}

/// Why a zip was refused.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    #[error("it could not be read")]
    Io(#[source] io::Error),
    #[error("it is not a zip file")]
    NotAZip,
    #[error("the zip is damaged or was edited: {0}")]
    Damaged(String),
    #[error("there is no entry `{0}`")]
    Missing(String),
    #[error("entry `{entry}` has {size} bytes; at most {limit} are read")]
    TooLarge { entry: String, size: u64, limit: u64 },
    #[error("entry `{entry}` cannot be unpacked")]
    Unpack { entry: String, source: io::Error },
}

/// A zip whose structure was found in order.
pub struct Container<R: Read + Seek> {
    zip: ZipArchive<BufReader<R>>,
    /// Names and unpacked sizes.
    entries: BTreeMap<String, u64>,
}

impl<R: Read + Seek> Container<R> {
    /// Opens a zip and checks its structure; reads no entry's content.
    ///
    /// # Errors
    /// When it cannot be read, is no zip, or has anything in it that a strict zip has not.
    pub fn open(reader: R, folders: Folders) -> Result<Self, ContainerError> {
        let mut reader = BufReader::with_capacity(64 * 1024, reader);
        let listed = directory::read(&mut reader)?;
        let mut entries = BTreeMap::new();
        let mut folded = std::collections::HashSet::new();
        let mut empty_folders = Vec::new();
        for entry in listed {
            // Names that differ in case only are one file on some systems.
            if !folded.insert(entry.name.trim_end_matches('/').to_ascii_lowercase()) {
                return Err(damaged(format!("entry `{}` is there twice", printable(&entry.name))));
            }
            if folders == Folders::Ignored && entry.size == 0 && entry.name.ends_with('/') {
                empty_folders.push(entry.name);
                continue;
            }
            if !names::is_entry_name(&entry.name) {
                return Err(damaged(format!("entry name `{}` is not allowed", printable(&entry.name))));
            }
            if entry.size > entry.packed.saturating_mul(names::MAX_RATIO).saturating_add(1024) {
                return Err(damaged(format!("entry `{}` claims to grow beyond what is possible", entry.name)));
            }
            entries.insert(entry.name, entry.size);
        }
        for folder in empty_folders {
            let first = entries.range(folder.clone()..).next();
            if !first.is_some_and(|(name, _)| name.starts_with(&folder)) {
                return Err(damaged(format!("folder `{}` has no file", printable(&folder))));
            }
        }
        let zip = ZipArchive::new(reader).map_err(|fault| damaged(fault.to_string()))?;
        Ok(Self { zip, entries })
    }

    /// Names and unpacked sizes in byte order of the names.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u64)> {
        self.entries.iter().map(|(name, size)| (name.as_str(), *size))
    }

    /// Unpacked size of an entry.
    #[must_use]
    pub fn size(&self, name: &str) -> Option<u64> {
        self.entries.get(name).copied()
    }

    /// Streams an entry's content. The zip's own checksum is checked at the end; it proves nothing against intent.
    ///
    /// # Errors
    /// When it is not there or cannot be unpacked.
    pub fn stream(&mut self, name: &str) -> Result<impl Read + '_, ContainerError> {
        let Some(size) = self.size(name) else { return Err(ContainerError::Missing(name.to_owned())) };
        let entry = self.zip.by_name(name).map_err(|fault| damaged(format!("entry `{name}`: {fault}")))?;
        // One more than promised, so that a longer stream is noticed and an endless one is not followed.
        Ok(Exact { inner: entry.take(size.saturating_add(1)), left: size })
    }

    /// An entry's content as a whole.
    ///
    /// # Errors
    /// When it is not there, larger than `limit` bytes, or cannot be unpacked.
    pub fn read(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, ContainerError> {
        let size = self.size(name).ok_or_else(|| ContainerError::Missing(name.to_owned()))?;
        let entry = || name.to_owned();
        if size > limit {
            return Err(ContainerError::TooLarge { entry: entry(), size, limit });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size.min(1 << 20)).unwrap_or_default());
        self.stream(name)?
            .read_to_end(&mut bytes)
            .map_err(|source| ContainerError::Unpack { entry: entry(), source })?;
        Ok(bytes)
    }

    /// Calls `each` with every line of an entry, without its LF, until it says no.
    ///
    /// # Errors
    /// When the entry cannot be read, a line is longer than `limit` bytes, or the last line has no end.
    pub fn lines(
        &mut self,
        name: &str,
        limit: usize,
        mut each: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<(), ContainerError> {
        let unpack = |source| ContainerError::Unpack { entry: name.to_owned(), source };
        let mut reader = BufReader::with_capacity(64 * 1024, self.stream(name)?);
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            line.clear();
            let most = limit as u64 + 1;
            let read = (&mut reader).take(most).read_until(b'\n', &mut line).map_err(unpack)?;
            if read == 0 {
                return Ok(());
            }
            if line.pop() != Some(b'\n') {
                return Err(damaged(format!("line {} of `{name}` is too long or has no end", number + 1)));
            }
            if !each(number, &line) {
                return Ok(());
            }
            number += 1;
        }
    }
}

/// An entry's content, which must be as long as its headers say.
struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let ended = count == 0 && !buffer.is_empty();
        match self.left.checked_sub(count as u64) {
            Some(left) if !(ended && left > 0) => self.left = left,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "it has another length than its headers say")),
        }
        Ok(count)
    }
}

fn damaged(what: String) -> ContainerError {
    ContainerError::Damaged(what)
}

/// A hostile name made safe to print.
pub(crate) fn printable(text: &str) -> String {
    text.chars().take(120).map(|character| if character.is_control() { '?' } else { character }).collect()
}
