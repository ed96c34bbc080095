//! A writer under the zip library that hides a broken disk from it.
//!
//! The library goes on after an error: when it is dropped it tries to end the zip, writes to stderr and trusts positions
//! that no longer hold. So the first error is kept for the one who asks, and from then on every write and seek seems to
//! succeed. Whoever uses it must ask [`Trouble::check`] before believing that anything was written.

use std::io::{self, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// What went wrong first, if anything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<io::Error>>>);

impl Trouble {
    /// The first error that was met, each time it is asked.
    pub(crate) fn check(&self) -> io::Result<()> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            None => Ok(()),
            Some(fault) => Err(fault
                .raw_os_error()
                .map_or_else(|| io::Error::new(fault.kind(), fault.to_string()), io::Error::from_raw_os_error)),
        }
    }

    fn is_met(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn keep(&self, fault: io::Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
    }
}

/// The writer itself.
pub(crate) struct Steady<W> {
    out: W,
    trouble: Trouble,
    position: u64,
    end: u64,
}

impl<W> Steady<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, trouble: Trouble::default(), position: 0, end: 0 }
    }

    pub(crate) fn trouble(&self) -> Trouble {
        self.trouble.clone()
    }

    /// The writer below, if everything reached it.
    pub(crate) fn into_inner(self) -> io::Result<W> {
        self.trouble.check().map(|()| self.out)
    }

    fn moved(&mut self, to: u64) -> u64 {
        self.position = to;
        self.end = self.end.max(to);
        to
    }
}

impl<W: Write> Write for Steady<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = if self.trouble.is_met() { Ok(bytes.len()) } else { self.out.write(bytes) };
        let written = match written {
            Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::WriteZero.into()),
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => return Err(fault),
            other => other,
        };
        let written = written.unwrap_or_else(|fault| {
            self.trouble.keep(fault);
            bytes.len()
        });
        self.moved(self.position + written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.trouble.is_met()
            && let Err(fault) = self.out.flush()
        {
            self.trouble.keep(fault);
        }
        Ok(())
    }
}

impl<W: Seek> Seek for Steady<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if !self.trouble.is_met() {
            match self.out.seek(to) {
                Ok(position) => return Ok(self.moved(position)),
                Err(fault) => self.trouble.keep(fault),
            }
        }
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        position.map(|position| self.moved(position)).ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}
