//! What stands in a segment: items as frames, written so that a cut, a flipped bit and a forgery are told apart.
//!
//! ```text
//! segment   "countersign-spool/1\n" | mark, 16 random bytes | frame | frame | …
//! frame     mark | digest, 32 bytes | length of header, u32 | length of body, u32 | header | body
//! ```
//!
//! Lengths are big-endian. The digest is SHA-256 over both lengths, header and body. The header is canonical JSON
//! ([`Header`]), the body the exact bytes that were received. The mark begins every frame of its segment and leaves
//! this machine nowhere: whoever sends items cannot write bytes that are taken for a frame when the frame around them
//! is damaged, and so cannot slip items into another organization.
//!
//! The format is internal. It is never evidence, and a segment is read by the version that wrote it or a later one.
//! Nothing here touches a disk; start with [`read`].

use std::ops::Range;

use bytes::Bytes;
use countersign_seal::canonical;
use countersign_seal::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::Digest as _;

use super::SpoolFault;
use crate::model::evidence::Source;
use crate::model::id::{DatasetId, OrgId};
use crate::model::time::Timestamp;

/// The longest header. Its record repeats it and stays below the 32 KiB that a record may have.
pub const MAX_HEADER: usize = 16 * 1024;
/// The longest body; what is larger does not come as a stream.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

const MAGIC: &[u8] = b"countersign-spool/1\n";
const MARK: usize = 16;
/// Where the first frame begins.
const BEGIN: usize = MAGIC.len() + MARK;
const DIGEST: usize = 32;
/// Bytes of a frame before its header.
const PREFIX: usize = MARK + DIGEST + 4 + 4;

/// The secret that begins every frame of one segment.
pub type Mark = [u8; MARK];

/// What is known about an item beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub organization: OrgId,
    pub source: Source,
    pub dataset: DatasetId,
    /// Digest of the collector's definition, as evidence names it.
    pub collector: Digest,
    pub target: String,
    pub received_at: Timestamp,
    /// What the sender's own clock said, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_clock: Option<Timestamp>,
    /// Strings, integers, lists and maps only.
    pub provenance: Map<String, Value>,
    /// Name of the artifact that the body becomes.
    pub artifact: String,
    pub media_type: String,
}

/// One accepted request: it becomes one evidence record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub header: Header,
    /// Exact bytes as received.
    pub body: Bytes,
}

/// An item ready to be written into any segment.
#[derive(Debug, Clone)]
pub struct Frame {
    digest: [u8; DIGEST],
    lengths: [u8; 8],
    header: Vec<u8>,
    body: Bytes,
}

impl Frame {
    /// # Errors
    /// When header or body are too long, or the provenance cannot stand in a record.
    pub fn of(item: Item) -> Result<Self, SpoolFault> {
        let header = canonical::to_bytes(&item.header).map_err(|fault| SpoolFault::NotCanonical(fault.into()))?;
        let length = |what, found: usize, limit: usize| match u32::try_from(found) {
            Ok(length) if found <= limit => Ok(length.to_be_bytes()),
            _ => Err(SpoolFault::TooLong { what, found, limit }),
        };
        let header_length = length("what is known about it", header.len(), MAX_HEADER)?;
        let body_length = length("the item", item.body.len(), MAX_BODY)?;
        let mut lengths = [0; 8];
        for (to, from) in lengths.iter_mut().zip(header_length.into_iter().chain(body_length)) {
            *to = from;
        }
        let digest = digest(&lengths, &header, &item.body);
        Ok(Self { digest, lengths, header, body: item.body })
    }

    /// Bytes it takes in a segment.
    #[must_use]
    pub fn length(&self) -> usize {
        PREFIX + self.header.len() + self.body.len()
    }

    /// Appends the frame as it stands in the segment of this mark.
    pub fn write(&self, mark: &Mark, to: &mut Vec<u8>) {
        for part in [mark.as_slice(), &self.digest, &self.lengths, &self.header, &self.body] {
            to.extend_from_slice(part);
        }
    }
}

fn digest(lengths: &[u8], header: &[u8], body: &[u8]) -> [u8; DIGEST] {
    let mut hasher = sha2::Sha256::new();
    for part in [lengths, header, body] {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The bytes that begin a segment.
#[must_use]
pub fn opening(mark: &Mark) -> Vec<u8> {
    [MAGIC, mark.as_slice()].concat()
}

/// All that a segment says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    pub items: Vec<Item>,
    /// Bytes that say nothing although they once did.
    pub damage: Vec<Range<usize>>,
    /// Where an item begins that was still being written. It was never acknowledged.
    pub torn_at: Option<usize>,
}

/// Why no frame can be read at a place.
enum Flaw {
    /// The bytes end within it.
    Cut,
    Damaged,
}

/// Reads a whole segment. A frame that the end of the file cuts short is the end of the segment. Any other that cannot
/// be read is damage; reading goes on at the next one that can.
#[must_use]
pub fn read(all: &Bytes) -> Contents {
    let told = mark_at(all, MAGIC.len()).filter(|_| all.starts_with(MAGIC));
    // When the beginning is damaged the first frame itself tells the mark: its place is fixed, so nobody but the
    // writer chose what stands there.
    let own = mark_at(all, BEGIN).filter(|own| told != Some(*own) && frame(all, own, BEGIN).is_ok());
    let by_told = told.map(|mark| read_frames(all, &mark));
    let by_own = own.map(|mark| {
        let mut contents = read_frames(all, &mark);
        contents.damage.insert(0, 0..BEGIN);
        contents
    });
    match (by_told, by_own) {
        (Some(told), Some(own)) => {
            if own.items.len() > told.items.len() {
                own
            } else {
                told
            }
        }
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => {
            let is_cut = all.len() < BEGIN && all.iter().zip(MAGIC).all(|(found, wanted)| found == wanted);
            let is_torn = is_cut || is_blank(all, 0);
            let damage = (!is_torn).then_some(0..all.len()).into_iter().collect();
            Contents { items: Vec::new(), damage, torn_at: is_torn.then_some(0) }
        }
    }
}

fn read_frames(all: &Bytes, mark: &Mark) -> Contents {
    let mut contents = Contents::default();
    let mut at = BEGIN;
    while at < all.len() {
        match frame(all, mark, at) {
            Ok((item, end)) => {
                contents.items.push(item);
                at = end;
            }
            Err(flaw) => {
                let next = next_frame(all, mark, at);
                match (next, flaw) {
                    (None, Flaw::Cut) => contents.torn_at = Some(at),
                    (next, _) => contents.damage.push(at..next.unwrap_or(all.len())),
                }
                at = next.unwrap_or(all.len());
            }
        }
    }
    contents
}

fn mark_at(all: &Bytes, at: usize) -> Option<Mark> {
    all.get(at..)?.first_chunk().copied()
}

fn frame(all: &Bytes, mark: &Mark, at: usize) -> Result<(Item, usize), Flaw> {
    let rest = all.get(at..).unwrap_or_default();
    if !rest.iter().zip(mark).all(|(found, wanted)| found == wanted) {
        // Some file systems make a file longer before its bytes are there.
        return Err(if is_blank(all, at) { Flaw::Cut } else { Flaw::Damaged });
    }
    let rest = rest.get(MARK..).ok_or(Flaw::Cut)?;
    let (found, rest) = rest.split_first_chunk::<DIGEST>().ok_or(Flaw::Cut)?;
    let (header_length, rest) = number(rest)?;
    let (body_length, rest) = number(rest)?;
    if header_length > MAX_HEADER || body_length > MAX_BODY {
        return Err(if is_blank(all, at + MARK) { Flaw::Cut } else { Flaw::Damaged });
    }
    let (header, rest) = rest.split_at_checked(header_length).ok_or(Flaw::Cut)?;
    let body = rest.get(..body_length).ok_or(Flaw::Cut)?;
    let lengths = all.get(at + MARK + DIGEST..at + PREFIX).unwrap_or_default();
    if digest(lengths, header, body) != *found {
        return Err(if is_blank(all, at + MARK) { Flaw::Cut } else { Flaw::Damaged });
    }
    let header = serde_json::from_slice(header).map_err(|_| Flaw::Damaged)?;
    Ok((Item { header, body: all.slice_ref(body) }, at + PREFIX + header_length + body_length))
}

fn number(bytes: &[u8]) -> Result<(usize, &[u8]), Flaw> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or(Flaw::Cut)?;
    Ok((u32::from_be_bytes(*number) as usize, rest))
}

/// True when nothing but zeros follows.
fn is_blank(all: &Bytes, from: usize) -> bool {
    all.get(from..).unwrap_or_default().iter().all(|byte| *byte == 0)
}

/// The next place after `at` where a whole frame stands.
fn next_frame(all: &Bytes, mark: &Mark, at: usize) -> Option<usize> {
    let marks = all.get(at + 1..)?.windows(MARK).enumerate().filter(|(_, found)| found == mark);
    marks.map(|(offset, _)| at + 1 + offset).find(|place| frame(all, mark, *place).is_ok())
}
