//! What is kept of a dataset: answers as received but for what must never be kept. The first stay in memory, the rest
//! waits in files of the run's own folder, so that a dataset of any size needs no more memory than one answer.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::setback::Setback;
use super::token::AccessToken;
use crate::collect::redact::Redactor;
use crate::model::evidence::{Body, RawArtifact, Redaction};

pub(super) struct Kept<'a> {
    redactor: Redactor,
    /// Tokens that the redactor knows.
    withheld: Vec<Arc<AccessToken>>,
    folder: &'a Path,
    /// How much of what is kept may stay in memory.
    most_in_memory: u64,
    in_memory: u64,
    /// As received.
    received: u64,
    artifacts: Vec<RawArtifact>,
    redactions: Vec<Redaction>,
}

impl<'a> Kept<'a> {
    pub(super) fn new(redactor: Redactor, folder: &'a Path, most_in_memory: u64) -> Self {
        Self {
            redactor,
            withheld: Vec::new(),
            folder,
            most_in_memory,
            in_memory: 0,
            received: 0,
            artifacts: Vec::new(),
            redactions: Vec::new(),
        }
    }

    /// Never keeps these tokens, whoever repeats them.
    pub(super) fn withhold(&mut self, tokens: &[Arc<AccessToken>]) -> Result<(), Setback> {
        for token in tokens {
            if self.withheld.iter().any(|known| Arc::ptr_eq(known, token)) {
                continue;
            }
            let refused = self.redactor.withhold("access-token", token.text()).is_err();
            self.withheld.push(Arc::clone(token));
            if refused {
                return Err(Setback::failed("the sign-in service gave a token that is far too long to be a token"));
            }
        }
        Ok(())
    }

    /// Bytes that were received and kept, before anything was taken out.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Keeps an answer, in memory while there is room for it.
    pub(super) async fn add(&mut self, name: String, media_type: &str, bytes: Bytes) -> Result<(), Setback> {
        let received = bytes.len() as u64;
        let (bytes, redactions) = self.redactor.apply(&name, bytes);
        let size = bytes.len() as u64;
        let body = if self.in_memory + size <= self.most_in_memory {
            self.in_memory += size;
            Body::Memory(bytes)
        } else {
            let path = self.folder.join(format!("{}-{name}", Uuid::now_v7()));
            write(path.clone(), bytes).await.map_err(|cause| {
                Setback::failed(format!("what was read cannot be kept in {} ({cause}): check the disk", path.display()))
            })?;
            Body::File(path)
        };
        self.received += received;
        self.redactions.extend(redactions);
        self.artifacts.push(RawArtifact { name, media_type: media_type.to_owned(), body });
        Ok(())
    }

    /// Keeps an answer whatever its size; for the one that ended the reading.
    pub(super) fn add_in_memory(&mut self, name: String, media_type: &str, bytes: Bytes) {
        let (bytes, redactions) = self.redactor.apply(&name, bytes);
        self.redactions.extend(redactions);
        self.artifacts.push(RawArtifact::in_memory(name, media_type, bytes));
    }

    /// Whether the last two answers are the same but for a link in each.
    pub(super) async fn last_two_are_alike(&self, earlier_link: &str, link: &str) -> bool {
        let [.., earlier, last] = self.artifacts.as_slice() else { return false };
        let (earlier, last) = (earlier.body.clone(), last.body.clone());
        let links = [earlier_link.to_owned(), link.to_owned()];
        let compare = move || {
            let [earlier_link, link] = &links;
            let (Ok(earlier), Ok(last)) = (bytes_of(&earlier), bytes_of(&last)) else { return false };
            without(&earlier, earlier_link) == without(&last, link)
        };
        tokio::task::spawn_blocking(compare).await.unwrap_or(false)
    }

    /// Takes the last answer back.
    pub(super) fn take_back(&mut self) {
        let Some(last) = self.artifacts.pop() else { return };
        self.redactions.retain(|redaction| redaction.artifact != last.name);
        remove(last.body);
    }

    /// Begins anew: nothing of what was kept counts.
    pub(super) fn forget(&mut self) {
        for artifact in self.artifacts.drain(..) {
            remove(artifact.body);
        }
        self.redactions.clear();
        self.in_memory = 0;
        self.received = 0;
    }

    pub(super) fn into_parts(self) -> (Vec<RawArtifact>, Vec<Redaction>, Redactor) {
        (self.artifacts, self.redactions, self.redactor)
    }
}

fn remove(body: Body) {
    if let Body::File(path) = body {
        // One that stays goes with its folder.
        std::fs::remove_file(path).ok();
    }
}

fn bytes_of(body: &Body) -> std::io::Result<Bytes> {
    match body {
        Body::Memory(bytes) => Ok(bytes.clone()),
        Body::File(path) => std::fs::read(path).map(Bytes::from),
    }
}

/// The two parts of a body around a link, in either of its spellings.
fn without<'a>(body: &'a [u8], link: &str) -> (&'a [u8], &'a [u8]) {
    let spellings = [link.to_owned(), link.replace('/', "\\/")];
    let found = spellings.iter().filter(|link| !link.is_empty()).find_map(|link| {
        let at = body.windows(link.len()).position(|part| part == link.as_bytes())?;
        Some((body.get(..at)?, body.get(at + link.len()..)?))
    });
    found.unwrap_or((body, &[]))
}

/// Writes a new file of mode 0600.
async fn write(path: PathBuf, bytes: Bytes) -> std::io::Result<()> {
    let work = move || {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?.write_all(&bytes)
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(std::io::Error::other("writing was cut off")))
}
