//! Reads zips strictly: archives and packages, for everyone who does not write them.
//!
//! A zip is accepted only if every byte of it is accounted for: one central directory at the very end, one local header
//! for each of its entries saying the same, no gap, no overlap, no name twice, no comment, no encryption, no path that
//! could leave its folder, no entry that grows more than deflate can. What an archive tool may choose freely (order,
//! level, times, rights) is not looked at, so that a re-zipped package stays valid. Start at [`Container::open`].

mod directory;
mod entry;

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Seek};

use crate::names;
use directory::Listed;
use entry::{Entry, Unpacker};

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
    reader: R,
    /// In byte order of the names.
    entries: Vec<Listed>,
    unpacker: Unpacker,
}

impl<R: Read + Seek> Container<R> {
    /// Opens a zip and checks its structure; reads no entry's content.
    ///
    /// # Errors
    /// When it cannot be read, is no zip, or has anything in it that a strict zip has not.
    pub fn open(mut reader: R, folders: Folders) -> Result<Self, ContainerError> {
        let mut entries = directory::read(&mut reader)?;
        let mut empty_folders = Vec::new();
        if folders == Folders::Ignored {
            let is_folder = |entry: &mut Listed| entry.size == 0 && entry.name.ends_with('/');
            empty_folders.extend(entries.extract_if(.., is_folder).map(|entry| entry.name));
        }
        entries.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        for entry in &entries {
            if !names::is_entry_name(&entry.name) {
                return Err(damaged(format!("entry name `{}` is not allowed", printable(&entry.name))));
            }
            if entry.size > entry.packed.saturating_mul(names::MAX_RATIO).saturating_add(1024) {
                return Err(damaged(format!("entry `{}` claims to grow beyond what is possible", entry.name)));
            }
        }
        let container = Self { reader, entries, unpacker: Unpacker::new() };
        if let Some(name) = container.double(&empty_folders) {
            return Err(damaged(format!("entry `{name}` is there twice", name = printable(name))));
        }
        for folder in empty_folders {
            let first = container.entries.partition_point(|entry| entry.name < folder);
            if !container.entries.get(first).is_some_and(|entry| entry.name.starts_with(&folder)) {
                return Err(damaged(format!("folder `{}` has no file", printable(&folder))));
            }
        }
        Ok(container)
    }

    /// A name that is there twice. Names that differ in case only are one file on some systems.
    fn double<'a>(&'a self, folders: &'a [String]) -> Option<&'a str> {
        let mut before = None;
        let mut folded = HashSet::new();
        for folder in folders {
            let lower = folder.trim_end_matches('/').to_ascii_lowercase();
            if self.find(&lower).is_some() || !folded.insert(lower) {
                return Some(folder);
            }
        }
        for Listed { name, .. } in &self.entries {
            if before.replace(name) == Some(name) {
                return Some(name);
            }
            // Of two names that differ in case only, one at least has an upper-case letter.
            if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
                let lower = name.to_ascii_lowercase();
                if self.find(&lower).is_some() || !folded.insert(lower) {
                    return Some(name);
                }
            }
        }
        None
    }

    fn find(&self, name: &str) -> Option<&Listed> {
        let index = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok()?;
        self.entries.get(index)
    }

    /// Names and unpacked sizes in byte order of the names.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u64)> {
        self.entries.iter().map(|entry| (entry.name.as_str(), entry.size))
    }

    /// Name and unpacked size of one entry, counted in byte order of the names.
    #[must_use]
    pub fn entry(&self, index: usize) -> Option<(&str, u64)> {
        self.entries.get(index).map(|entry| (entry.name.as_str(), entry.size))
    }

    /// Unpacked size of an entry.
    #[must_use]
    pub fn size(&self, name: &str) -> Option<u64> {
        self.find(name).map(|entry| entry.size)
    }

    /// Streams an entry's content. Length and the zip's own checksum are checked at the end; they prove nothing against
    /// intent.
    ///
    /// # Errors
    /// When it is not there or cannot be reached.
    pub fn stream(&mut self, name: &str) -> Result<impl Read + '_, ContainerError> {
        let index = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok();
        self.stream_at(index).ok_or_else(|| ContainerError::Missing(name.to_owned()))?
    }

    /// As [`Container::stream`], counted in byte order of the names.
    ///
    /// # Errors
    /// When there are fewer entries or it cannot be reached.
    pub fn stream_entry(&mut self, index: usize) -> Result<impl Read + '_, ContainerError> {
        self.stream_at(Some(index)).ok_or_else(|| ContainerError::Missing(format!("number {index}")))?
    }

    fn stream_at(&mut self, index: Option<usize>) -> Option<Result<Entry<'_, R>, ContainerError>> {
        let entry = self.entries.get(index?)?;
        Some(Entry::begin(&mut self.reader, entry, &mut self.unpacker).map_err(ContainerError::Io))
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

fn damaged(what: String) -> ContainerError {
    ContainerError::Damaged(what)
}

/// A hostile name made safe to print.
pub(crate) fn printable(text: &str) -> String {
    text.chars().take(120).map(|character| if character.is_control() { '?' } else { character }).collect()
}
