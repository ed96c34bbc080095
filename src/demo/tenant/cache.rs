//! Bodies that were made before: the same question about the same objects has the same bytes, so that a tenant of thousands is
//! printed once and then only sent. Forgotten whenever an object changes.

use std::collections::BTreeMap;

use super::answer::Content;

/// Everything a good body depends on, beside the objects themselves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub version: String,
    pub path: String,
    pub query: String,
    pub page_session: u64,
    pub new_members: bool,
}

/// Remembered bodies.
#[derive(Debug, Default)]
pub(super) struct Cache {
    bodies: BTreeMap<Key, Content>,
    bytes: usize,
}

/// More than this is not kept.
const MOST_BYTES: usize = 256 * 1024 * 1024;

impl Cache {
    pub(super) fn get(&self, key: &Key) -> Option<Content> {
        self.bodies.get(key).cloned()
    }

    pub(super) fn put(&mut self, key: Key, content: &Content) {
        if self.bytes + content.len() > MOST_BYTES {
            self.clear();
        }
        self.bytes += content.len();
        self.bodies.insert(key, content.clone());
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
