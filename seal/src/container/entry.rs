//! The content of one entry, unpacked as it is read, with memory that is used again for the next.

use std::io::{self, Read, Seek, SeekFrom};

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use super::directory::Listed;

/// Packed bytes read at a time.
const INPUT: usize = 64 * 1024;

const DEFLATE: u16 = 8;

/// What unpacking needs besides the reader.
pub(super) struct Unpacker {
    inflate: Decompress,
    input: Vec<u8>,
}

impl Unpacker {
    pub(super) fn new() -> Self {
        Self { inflate: Decompress::new(false), input: vec![0; INPUT] }
    }
}

/// A reader of one entry's content. It never gives more bytes than the headers promise.
pub(super) struct Entry<'a, R> {
    reader: &'a mut R,
    inflate: Option<&'a mut Decompress>,
    input: &'a mut [u8],
    /// What of `input` is not unpacked yet.
    from: usize,
    to: usize,
    /// Packed bytes not read yet.
    packed: u64,
    /// Unpacked bytes not given yet.
    left: u64,
    crc: Hasher,
    wanted: u32,
    ended: bool,
}

impl<'a, R: Read + Seek> Entry<'a, R> {
    pub(super) fn begin(reader: &'a mut R, entry: &Listed, unpacker: &'a mut Unpacker) -> io::Result<Self> {
        reader.seek(SeekFrom::Start(entry.data))?;
        unpacker.inflate.reset(false);
        Ok(Self {
            reader,
            inflate: (entry.method == DEFLATE).then_some(&mut unpacker.inflate),
            input: &mut unpacker.input,
            from: 0,
            to: 0,
            packed: entry.packed,
            left: entry.size,
            crc: Hasher::new(),
            wanted: entry.crc,
            ended: false,
        })
    }
}

impl<R: Read> Entry<'_, R> {
    fn fill(&mut self) -> io::Result<()> {
        let most = usize::try_from(self.packed).unwrap_or(usize::MAX).min(self.input.len());
        let room = self.input.get_mut(..most).unwrap_or_default();
        let read = self.reader.read(room)?;
        if read == 0 || read > most {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        (self.from, self.to) = (0, read);
        self.packed -= read as u64;
        Ok(())
    }

    /// Unpacks what is at hand; how many bytes were taken and given, and whether the content has ended.
    fn step(&mut self, out: &mut [u8]) -> io::Result<(usize, usize, bool)> {
        let input = self.input.get(self.from..self.to).unwrap_or_default();
        let Some(inflate) = self.inflate.as_deref_mut() else {
            let most = input.len().min(out.len());
            if let (Some(from), Some(to)) = (input.get(..most), out.get_mut(..most)) {
                to.copy_from_slice(from);
            }
            return Ok((most, most, most == 0 && self.packed == 0));
        };
        let (taken, given) = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(input, out, FlushDecompress::None).map_err(io::Error::from)?;
        let moved = |now: u64, before: u64| usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX);
        let (taken, given) = (moved(inflate.total_in(), taken), moved(inflate.total_out(), given));
        Ok((taken, given, status == Status::StreamEnd))
    }

    fn end(&self) -> io::Result<usize> {
        if self.left == 0 && self.crc.clone().finalize() == self.wanted {
            return Ok(0);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "its length or checksum is another than its header says"))
    }
}

impl<R: Read> Read for Entry<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if self.ended {
                return self.end();
            }
            if self.from == self.to && self.packed > 0 {
                self.fill()?;
            }
            let (taken, given, ended) = self.step(out)?;
            self.from = self.from.saturating_add(taken).min(self.to);
            self.ended = ended;
            if given > 0 {
                let longer = || io::Error::new(io::ErrorKind::InvalidData, "it is longer than its header says");
                self.left = self.left.checked_sub(given as u64).ok_or_else(longer)?;
                self.crc.update(out.get(..given).unwrap_or_default());
                return Ok(given);
            }
            if !ended && taken == 0 && (self.from < self.to || self.packed == 0) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
