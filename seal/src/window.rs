//! A writer that keeps its newest bytes in memory, so that the zip library can go back and fill in a header without a
//! system call for each of its steps.
//!
//! Bytes reach the writer below in large pieces, in order; only a step further back than the window goes there at once.
//! What is still in memory is lost when the window is dropped: end it with [`Window::into_inner`].

use std::io::{self, Seek, SeekFrom, Write};

/// Bytes held at most before they are handed on.
const HELD: usize = 1 << 20;

/// The window over the end of a writer. The writer below stands at `start`, where the held bytes begin.
pub(crate) struct Window<W> {
    out: W,
    start: u64,
    held: Vec<u8>,
    /// Where the next byte goes, within the held ones or right after them.
    at: usize,
}

impl<W: Write> Window<W> {
    /// A window over a writer that stands at its beginning.
    pub(crate) fn new(out: W) -> Self {
        Self { out, start: 0, held: Vec::new(), at: 0 }
    }

    /// Hands everything on and gives the writer back.
    pub(crate) fn into_inner(mut self) -> io::Result<W> {
        self.hand_on()?;
        Ok(self.out)
    }

    fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    fn hand_on(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        self.out.write_all(&self.held)?;
        self.start += self.held.len() as u64;
        self.held.clear();
        self.at = 0;
        Ok(())
    }
}

impl<W: Write + Seek> Window<W> {
    /// Hands everything on and goes where the window does not reach.
    fn leave(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.hand_on()?;
        self.start = self.out.seek(to)?;
        Ok(self.start)
    }
}

impl<W: Write> Write for Window<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Over what is held first, then behind it.
        let over = bytes.len().min(self.held.len() - self.at);
        let (first, rest) = bytes.split_at(over);
        if let Some(place) = self.held.get_mut(self.at..self.at + over) {
            place.copy_from_slice(first);
        }
        self.held.extend_from_slice(rest);
        self.at += bytes.len();
        if self.held.len() >= HELD && self.at == self.held.len() {
            self.hand_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // A header may still have to be filled in; everything is handed on at the end.
        Ok(())
    }
}

impl<W: Write + Seek> Seek for Window<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let wanted = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position().checked_add_signed(by),
            SeekFrom::End(_) => return self.leave(to),
        };
        let wanted = wanted.ok_or(io::ErrorKind::InvalidInput)?;
        let inside = wanted.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        match inside.filter(|at| *at <= self.held.len()) {
            Some(at) => {
                self.at = at;
                Ok(wanted)
            }
            None => self.leave(SeekFrom::Start(wanted)),
        }
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        Ok(self.position())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Cursor, Read, Seek, SeekFrom, Write};

    use proptest::prelude::*;

    use super::{HELD, Window};

    #[derive(Debug, Clone)]
    enum Step {
        Write(Vec<u8>),
        Back(u16),
        ToEnd,
        ToStart(u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300).prop_map(Step::Write),
            (0..3000_u16).prop_map(Step::Back),
            Just(Step::ToEnd),
            (0..400_u16).prop_map(Step::ToStart),
        ]
    }

    /// Takes the steps on anything that can be written; gives every position it told.
    fn take(steps: &[Step], out: &mut (impl Write + Seek)) -> Vec<u64> {
        let mut told = Vec::new();
        for step in steps {
            match step {
                Step::Write(bytes) => out.write_all(bytes).unwrap(),
                Step::Back(by) => {
                    let here = out.stream_position().unwrap();
                    let by = i64::from(*by).min(i64::try_from(here).unwrap());
                    told.push(out.seek(SeekFrom::Current(-by)).unwrap());
                }
                Step::ToEnd => told.push(out.seek(SeekFrom::End(0)).unwrap()),
                Step::ToStart(at) => told.push(out.seek(SeekFrom::Start(u64::from(*at))).unwrap()),
            }
            told.push(out.stream_position().unwrap());
        }
        told
    }

    fn content(mut file: File) -> Vec<u8> {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    }

    proptest! {
        // Compared on files, which is what a window stands over: a cursor over a vector grows when nothing is written
        // behind its end, and a file does not.
        #[test]
        fn whatever_is_written_and_wherever_one_goes_the_file_is_the_one_without_a_window(
            steps in prop::collection::vec(step(), 0..60)
        ) {
            let mut plain = tempfile::tempfile().unwrap();
            let mut window = Window::new(tempfile::tempfile().unwrap());
            prop_assert_eq!(take(&steps, &mut window), take(&steps, &mut plain));
            prop_assert_eq!(content(window.into_inner().unwrap()), content(plain));
        }
    }

    #[test]
    fn nothing_written_behind_the_end_leaves_the_file_as_long_as_it_was() {
        let mut window = Window::new(tempfile::tempfile().unwrap());
        take(&[Step::ToStart(1), Step::Write(Vec::new()), Step::Back(0)], &mut window);
        assert_eq!(content(window.into_inner().unwrap()), b"");
    }

    #[test]
    fn a_header_further_back_than_the_window_is_filled_in_too() {
        let mut window = Window::new(Cursor::new(Vec::new()));
        window.write_all(b"head").unwrap();
        window.write_all(&vec![7; HELD * 2]).unwrap();
        window.seek(SeekFrom::Start(0)).unwrap();
        window.write_all(b"HEAD").unwrap();
        window.seek(SeekFrom::End(0)).unwrap();
        window.write_all(b"tail").unwrap();
        let bytes = window.into_inner().unwrap().into_inner();
        assert_eq!((&bytes[..5], &bytes[HELD * 2 + 3..]), (b"HEAD\x07".as_slice(), b"\x07tail".as_slice()));
    }
}
