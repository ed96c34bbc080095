//! SHA-256 over exact bytes.

use std::fmt;
use std::io::Read;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest; printed and stored as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// A text that is not 64 lower-case hex digits.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a SHA-256 digest: 64 lower-case hex digits are expected")]
pub struct NotADigest(pub String);

impl Digest {
    /// Digest of no bytes at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::of(&[])
    }

    /// Digest of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Digest and length of everything `reader` gives.
    ///
    /// # Errors
    /// Any error of the reader.
    pub fn of_reader(reader: impl Read) -> std::io::Result<(Self, u64)> {
        Self::of_reader_through(reader, &mut [0_u8; 16 * 1024])
    }

    /// As [`Digest::of_reader`], through a buffer of the caller's, for many readers in a row. It must not be empty.
    ///
    /// # Errors
    /// Any error of the reader.
    pub fn of_reader_through(mut reader: impl Read, buffer: &mut [u8]) -> std::io::Result<(Self, u64)> {
        let mut hasher = Sha256::new();
        let mut size = 0_u64;
        loop {
            let read = reader.read(buffer)?;
            if read == 0 {
                return Ok((Self(hasher.finalize().into()), size));
            }
            let Some(filled) = buffer.get(..read) else {
                return Err(std::io::Error::other("a reader claims to have given more than it was asked for"));
            };
            size += read as u64;
            hasher.update(filled);
        }
    }

    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first twelve digits, for people. Never compare these.
    #[must_use]
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let refuse = || NotADigest(text.chars().take(80).collect());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if text.len() != 64 || !rest.is_empty() {
            return Err(refuse());
        }
        let mut bytes = [0_u8; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high).zip(nibble(*low)).map(|(high, low)| high << 4 | low).ok_or_else(refuse)?;
        }
        Ok(Self(bytes))
    }
}

/// A lower-case hex digit's value.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}
