//! Proofs as files: plain lines that a shell can read, in exactly one form.
//!
//! An inclusion proof is `countersign-proof/1`, `leaf <index>`, `size <leaves>` and one hash a line, from the leaf up; a
//! consistency proof is `countersign-consistency/1`, `from <size>`, `to <size>` and its hashes. [`crate::ledger`] makes
//! and checks the hashes; this module only writes them down.

use crate::digest::Digest;
use crate::ledger::MAX_PROOF;

const INCLUSION: [&str; 3] = ["countersign-proof/1", "leaf", "size"];
const CONSISTENCY: [&str; 3] = ["countersign-consistency/1", "from", "to"];

/// The way from a leaf to a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    pub leaf: u64,
    pub size: u64,
    pub path: Vec<Digest>,
}

/// The proof that one head continues another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    pub from: u64,
    pub to: u64,
    pub path: Vec<Digest>,
}

/// A file that is not a proof in its one form.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("line {0} is not what a proof has there")]
pub struct NotAProof(pub usize);

impl Inclusion {
    #[must_use]
    pub fn encode(&self) -> String {
        write(INCLUSION, self.leaf, self.size, &self.path)
    }

    /// # Errors
    /// When the bytes are not exactly what [`Inclusion::encode`] would write.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAProof> {
        let (leaf, size, path) = read(INCLUSION, bytes)?;
        Ok(Self { leaf, size, path })
    }
}

impl Consistency {
    #[must_use]
    pub fn encode(&self) -> String {
        write(CONSISTENCY, self.from, self.to, &self.path)
    }

    /// # Errors
    /// When the bytes are not exactly what [`Consistency::encode`] would write.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAProof> {
        let (from, to, path) = read(CONSISTENCY, bytes)?;
        Ok(Self { from, to, path })
    }
}

fn write([title, first, second]: [&str; 3], from: u64, to: u64, path: &[Digest]) -> String {
    let mut text = format!("{title}\n{first} {from}\n{second} {to}\n");
    for hash in path {
        text.push_str(&hash.to_string());
        text.push('\n');
    }
    text
}

fn read(words: [&str; 3], bytes: &[u8]) -> Result<(u64, u64, Vec<Digest>), NotAProof> {
    let [title, first, second] = words;
    let text = std::str::from_utf8(bytes).map_err(|_| NotAProof(1))?;
    let mut lines = text.split('\n');
    if lines.next() != Some(title) {
        return Err(NotAProof(1));
    }
    let mut number = |word: &str, line| {
        let digits = lines.next().and_then(|text| text.strip_prefix(word)).and_then(|text| text.strip_prefix(' '));
        digits.and_then(|digits| digits.parse::<u64>().ok()).ok_or(NotAProof(line))
    };
    let from = number(first, 2)?;
    let to = number(second, 3)?;
    let mut path = Vec::new();
    let mut ended = false;
    for (position, line) in lines.enumerate() {
        if ended || path.len() > MAX_PROOF {
            return Err(NotAProof(position + 4));
        }
        if line.is_empty() {
            ended = true;
        } else {
            path.push(line.parse().map_err(|_| NotAProof(position + 4))?);
        }
    }
    // Leading zeros and signs parse as numbers; only the one way to write them is accepted.
    if write(words, from, to, &path).as_bytes() == bytes { Ok((from, to, path)) } else { Err(NotAProof(2)) }
}

#[cfg(test)]
mod tests {
    use super::{Consistency, Inclusion};
    use crate::digest::Digest;

    #[test]
    fn a_proof_comes_back_as_it_was_written() {
        let proof = Inclusion { leaf: 3, size: 8, path: vec![Digest::of(b"a"), Digest::of(b"b")] };
        assert_eq!(Inclusion::parse(proof.encode().as_bytes()).unwrap(), proof);
        let proof = Consistency { from: 8, to: 9, path: vec![] };
        assert_eq!(Consistency::parse(proof.encode().as_bytes()).unwrap(), proof);
    }

    #[test]
    fn every_other_way_to_write_a_proof_is_refused() {
        for text in [
            "countersign-proof/1\nleaf 03\nsize 8\n",
            "countersign-proof/1\nleaf +3\nsize 8\n",
            "countersign-proof/1\nleaf 3\nsize 8",
            "countersign-proof/1\nleaf 3\nsize 8\n\n",
            "countersign-proof/2\nleaf 3\nsize 8\n",
            "countersign-proof/1\nleaf 3\nsize 8\nABCD\n",
        ] {
            assert!(Inclusion::parse(text.as_bytes()).is_err(), "accepted: {text:?}");
        }
    }
}
