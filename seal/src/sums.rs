//! `SHA256SUMS`: what `sha256sum -c` reads, in exactly one form.
//!
//! One line a file, `<64 lower-case hex digits>  <name>` and LF, in byte order of the names, each name once. Start at
//! [`Sums::encode`] and [`Sums::parse`].

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::names::is_entry_name;

/// Files and their digests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    files: BTreeMap<String, Digest>,
}

/// The first line that is not as it must be.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("line {line} of the list of digests {what}")]
pub struct SumsError {
    pub line: usize,
    pub what: &'static str,
}

impl Sums {
    /// Notes a file; `false` when it was there already, and then nothing changes.
    #[must_use]
    pub fn insert(&mut self, name: &str, digest: Digest) -> bool {
        if self.files.contains_key(name) {
            return false;
        }
        self.files.insert(name.to_owned(), digest);
        true
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Digest> {
        self.files.get(name)
    }

    /// Names and digests in byte order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Digest)> {
        self.files.iter().map(|(name, digest)| (name.as_str(), digest))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The file's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = String::with_capacity(self.files.len() * 100);
        for (name, digest) in &self.files {
            text.push_str(&digest.to_string());
            text.push_str("  ");
            text.push_str(name);
            text.push('\n');
        }
        text.into_bytes()
    }

    /// Reads the file strictly.
    ///
    /// # Errors
    /// On upper-case digits, another separator, a name that may not be one, a name twice or out of order, or a last line
    /// without end.
    pub fn parse(bytes: &[u8]) -> Result<Self, SumsError> {
        let mut sums = Self::default();
        for line in Self::lines(bytes) {
            let (digest, name) = line?;
            sums.files.insert(name.to_owned(), digest);
        }
        Ok(sums)
    }

    /// The lines of the file, as strictly as [`Sums::parse`] reads them, without keeping them.
    pub fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<(Digest, &str), SumsError>> {
        let mut last: Option<&str> = None;
        bytes.split_inclusive(|byte| *byte == b'\n').enumerate().map(move |(position, line)| {
            let refuse = |what| SumsError { line: position + 1, what };
            let line = std::str::from_utf8(line).map_err(|_| refuse("is not ASCII"))?;
            let line = line.strip_suffix('\n').ok_or(refuse("has no line end"))?;
            let (digest, name) = line.split_once("  ").ok_or(refuse("has no two spaces after the digest"))?;
            let digest = digest.parse().map_err(|_| refuse("does not begin with 64 lower-case hex digits"))?;
            if !is_entry_name(name) {
                return Err(refuse("has a name outside the allowed letters"));
            }
            if last.replace(name).is_some_and(|last| last >= name) {
                return Err(refuse("repeats a name or is out of order"));
            }
            Ok((digest, name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Sums;
    use crate::digest::Digest;

    #[test]
    fn a_list_comes_back_as_it_was_written() {
        let mut sums = Sums::default();
        assert!(sums.insert("b/c.txt", Digest::of(b"2")));
        assert!(sums.insert("a", Digest::of(b"1")));
        assert!(!sums.insert("a", Digest::of(b"3")));
        assert_eq!(Sums::parse(&sums.encode()).unwrap(), sums);
    }

    #[test]
    fn every_other_way_to_write_a_list_is_refused() {
        let hash = "ab".repeat(32);
        for text in [
            format!("{}  a\n", hash.to_uppercase()),
            format!("{hash} *a\n"),
            format!("{hash}  a"),
            format!("{hash}  a\r\n"),
            format!("{hash}  ../a\n"),
            format!("{hash}  /a\n"),
            format!("{hash}  a//b\n"),
            format!("{hash}  a\n{hash}  a\n"),
            format!("{hash}  b\n{hash}  a\n"),
            format!("\\{hash}  a\n"),
            format!("{hash}  a\n\n"),
        ] {
            assert!(Sums::parse(text.as_bytes()).is_err(), "accepted: {text:?}");
        }
    }
}
