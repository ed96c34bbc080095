//! Writes archives: one deterministic zip per commit, with `objects/<sha256>`, `records.jsonl`, `SHA256SUMS`, `checkpoint`.
//!
//! Objects are streamed, so an archive may be larger than memory; the same calls give the same bytes on every machine.
//! It never overwrites, names or publishes a file: that is the vault's work. Reading is [`crate::container`]'s. Start at
//! [`ArchiveWriter::new`].

use std::collections::HashMap;
use std::io::{self, Read, Seek, Write};

use sha2::{Digest as _, Sha256};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::digest::Digest;
use crate::names;
use crate::record::Record;
use crate::steady::{Steady, Trouble};
use crate::sums::Sums;
use crate::window::Window;

/// Deflate level when nothing else is asked for: nearly as small as level 6 for a third of the work.
pub const DEFAULT_LEVEL: u8 = 2;

/// Why an archive could not be written. What was written so far must be thrown away.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("entry `{entry}` could not be written")]
    Write { entry: String, source: io::Error },
    #[error("`{path}` could not be read")]
    Read { path: String, source: io::Error },
    #[error("object {expected} changed while it was read: now {found}, {size} bytes")]
    Changed { expected: Digest, found: Digest, size: u64 },
    #[error("`{0}` cannot be an entry's name or is there already")]
    Name(String),
}

/// What an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveSummary {
    pub objects: u64,
    pub records: u64,
    /// Bytes of all objects before compression.
    pub object_bytes: u64,
}

/// Bytes in memory with their digest: made only by hashing them, so that nobody has to hash them again.
#[derive(Debug, Clone)]
pub struct Hashed<B: AsRef<[u8]>> {
    bytes: B,
    digest: Digest,
}

impl<B: AsRef<[u8]>> Hashed<B> {
    /// Hashes bytes.
    pub fn of(bytes: B) -> Self {
        let digest = Digest::of(bytes.as_ref());
        Self { bytes, digest }
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// An archive being written.
pub struct ArchiveWriter<W: Write + Seek> {
    entries: EntryWriter<W>,
    objects: HashMap<Digest, u64>,
}

impl<W: Write + Seek> ArchiveWriter<W> {
    /// Begins an archive at the start of `out`. `level` is deflate's, 1 to 9; [`DEFAULT_LEVEL`] unless measured otherwise.
    #[must_use]
    pub fn new(out: W, level: u8) -> Self {
        Self { entries: EntryWriter::new(out, level), objects: HashMap::new() }
    }

    /// Whether this archive already holds an object.
    #[must_use]
    pub fn contains(&self, object: &Digest) -> bool {
        self.objects.contains_key(object)
    }

    /// Adds bytes as an object, once however often they come.
    ///
    /// # Errors
    /// When writing fails.
    pub fn add_bytes(&mut self, bytes: &[u8]) -> Result<Digest, ArchiveError> {
        let hashed = Hashed::of(bytes);
        self.add_hashed(&hashed)?;
        Ok(hashed.digest)
    }

    /// Adds bytes whose digest is known, once however often they come.
    ///
    /// # Errors
    /// When writing fails.
    pub fn add_hashed<B: AsRef<[u8]>>(&mut self, hashed: &Hashed<B>) -> Result<(), ArchiveError> {
        if self.objects.contains_key(&hashed.digest) {
            return Ok(());
        }
        self.entries.hashed(&names::object_entry(&hashed.digest), hashed)?;
        self.objects.insert(hashed.digest, hashed.bytes.as_ref().len() as u64);
        Ok(())
    }

    /// Streams an object whose digest and size are known; checks both on the way. Nothing happens if it is there already.
    ///
    /// # Errors
    /// When reading or writing fails or the bytes are others than promised.
    pub fn add_reader(&mut self, digest: Digest, size: u64, reader: impl Read) -> Result<(), ArchiveError> {
        if self.objects.contains_key(&digest) {
            return Ok(());
        }
        let (found, written) = self.entries.stream(&names::object_entry(&digest), size, reader)?;
        if found != digest || written != size {
            return Err(ArchiveError::Changed { expected: digest, found, size: written });
        }
        self.objects.insert(digest, size);
        Ok(())
    }

    /// Writes records, list and checkpoint and ends the zip. Line k of the records is leaf `first + k`.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(self, records: &[Record], checkpoint: &str) -> Result<(W, ArchiveSummary), ArchiveError> {
        let Self { mut entries, objects } = self;
        let summary = ArchiveSummary {
            objects: objects.len() as u64,
            records: records.len() as u64,
            object_bytes: objects.values().sum(),
        };
        entries.lines(names::RECORDS, records.iter().map(Record::bytes))?;
        let sums = std::mem::take(&mut entries.sums).encode();
        entries.bytes(names::SUMS, &sums)?;
        entries.bytes(names::CHECKPOINT, checkpoint.as_bytes())?;
        Ok((entries.finish()?, summary))
    }
}

/// A deterministic zip: fixed time, fixed rights, each name once; keeps the digest of everything written.
pub(crate) struct EntryWriter<W: Write + Seek> {
    zip: ZipWriter<Steady<Window<W>>>,
    trouble: Trouble,
    options: SimpleFileOptions,
    pub(crate) sums: Sums,
}

impl<W: Write + Seek> EntryWriter<W> {
    pub(crate) fn new(out: W, level: u8) -> Self {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(i64::from(level.clamp(1, 9))))
            .last_modified_time(DateTime::default())
            .unix_permissions(0o600)
            .system(System::Unix);
        let out = Steady::new(Window::new(out));
        let trouble = out.trouble();
        Self { zip: ZipWriter::new(out), trouble, options, sums: Sums::default() }
    }

    /// Streams one entry; gives digest and size of what was read. `size` is a hint, needed above 4 GiB.
    pub(crate) fn stream(
        &mut self,
        name: &str,
        size: u64,
        mut reader: impl Read,
    ) -> Result<(Digest, u64), ArchiveError> {
        self.start(name, size)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0_u8; 64 * 1024];
        let mut written = 0_u64;
        loop {
            let read =
                reader.read(&mut buffer).map_err(|source| ArchiveError::Read { path: name.to_owned(), source })?;
            let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
            hasher.update(chunk);
            self.write(name, chunk)?;
            written += read as u64;
        }
        let digest = Digest::from_bytes(hasher.finalize().into());
        self.note(name, digest)?;
        Ok((digest, written))
    }

    pub(crate) fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<Digest, ArchiveError> {
        let hashed = Hashed::of(bytes);
        self.hashed(name, &hashed)?;
        Ok(hashed.digest)
    }

    fn hashed<B: AsRef<[u8]>>(&mut self, name: &str, hashed: &Hashed<B>) -> Result<(), ArchiveError> {
        let bytes = hashed.bytes.as_ref();
        self.start(name, bytes.len() as u64)?;
        self.write(name, bytes)?;
        self.note(name, hashed.digest)
    }

    /// Writes one entry of lines, adding the line ends.
    pub(crate) fn lines<'a>(
        &mut self,
        name: &str,
        lines: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Digest, ArchiveError> {
        self.start(name, 0)?;
        let mut hasher = Sha256::new();
        for line in lines {
            hasher.update(line);
            hasher.update(b"\n");
            self.write(name, line)?;
            self.write(name, b"\n")?;
        }
        let digest = Digest::from_bytes(hasher.finalize().into());
        self.note(name, digest)?;
        Ok(digest)
    }

    pub(crate) fn finish(self) -> Result<W, ArchiveError> {
        let entry = "the zip's directory";
        let out = self.zip.finish().map_err(|fault| failed(entry, fault))?;
        out.into_inner()
            .and_then(Window::into_inner)
            .map_err(|source| ArchiveError::Write { entry: entry.to_owned(), source })
    }

    fn start(&mut self, name: &str, size: u64) -> Result<(), ArchiveError> {
        if !names::is_entry_name(name) || self.sums.get(name).is_some() {
            return Err(ArchiveError::Name(name.to_owned()));
        }
        // Half of what the small header can hold, because deflate may also lengthen.
        let options = self.options.large_file(size > u64::from(u32::MAX / 2));
        self.zip.start_file(name, options).map_err(|fault| failed(name, fault))?;
        self.reached_the_disk(name)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.zip.write_all(bytes).map_err(|source| ArchiveError::Write { entry: name.to_owned(), source })?;
        self.reached_the_disk(name)
    }

    fn reached_the_disk(&self, name: &str) -> Result<(), ArchiveError> {
        self.trouble.check().map_err(|source| ArchiveError::Write { entry: name.to_owned(), source })
    }

    fn note(&mut self, name: &str, digest: Digest) -> Result<(), ArchiveError> {
        if self.sums.insert(name, digest) { Ok(()) } else { Err(ArchiveError::Name(name.to_owned())) }
    }
}

fn failed(entry: &str, fault: ZipError) -> ArchiveError {
    ArchiveError::Write { entry: entry.to_owned(), source: fault.into() }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, Seek, SeekFrom, Write};

    use super::{ArchiveError, ArchiveWriter};

    /// A disk of which one call fails, and every later one if it stays broken.
    struct Disk {
        bytes: Cursor<Vec<u8>>,
        calls: u32,
        fails_at: u32,
        stays_broken: bool,
    }

    impl Disk {
        fn call(&mut self) -> io::Result<()> {
            self.calls += 1;
            let fails = self.calls == self.fails_at || (self.stays_broken && self.calls > self.fails_at);
            if fails { Err(io::Error::from_raw_os_error(28)) } else { Ok(()) }
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.call()?;
            self.bytes.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.call()?;
            self.bytes.flush()
        }
    }

    impl Seek for Disk {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.call()?;
            self.bytes.seek(to)
        }
    }

    fn archive_on(disk: Disk) -> Result<Disk, ArchiveError> {
        let mut writer = ArchiveWriter::new(disk, 2);
        // More than the window holds, and nothing that deflate could shorten: headers are filled in on the disk too.
        let mut noise = 1_u64;
        for _ in 0..3 {
            let mut bytes = vec![0; 1_200_000];
            for byte in &mut bytes {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = noise.to_be_bytes()[0];
            }
            writer.add_bytes(&bytes)?;
        }
        writer.finish(&[], "a note").map(|(disk, _)| disk)
    }

    #[test]
    fn a_disk_that_fails_at_any_call_gives_its_own_error_and_never_a_panic() {
        let disk = |fails_at, stays_broken| Disk { bytes: Cursor::default(), calls: 0, fails_at, stays_broken };
        let calls = archive_on(disk(u32::MAX, false)).unwrap().calls;
        assert!(calls > 10, "{calls} calls");
        for stays_broken in [false, true] {
            for fails_at in 1..=calls {
                match archive_on(disk(fails_at, stays_broken)).map(|_| ()) {
                    Err(ArchiveError::Write { source, .. }) => assert_eq!(source.raw_os_error(), Some(28)),
                    other => panic!("call {fails_at} of {calls}: {other:?}"),
                }
            }
        }
    }
}
