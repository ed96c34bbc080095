//! Objects that records and artifact lists name: there with the right size, or said to be deleted.

use std::collections::BTreeMap;

use super::super::told;
use super::{Commit, Ledger};
use crate::digest::Digest;
use crate::names;
use crate::record;

impl Ledger<'_> {
    /// `leaf` names the object; `None` where no deletion can excuse that it is gone.
    pub(super) fn object(&mut self, object: Digest, size: u64, leaf: Option<u64>, place: impl Fn() -> String) {
        match self.objects.get(&object).map(|held| held.size) {
            Some(Some(found)) if found == size => {}
            Some(Some(found)) => {
                self.faults.add(place(), format!("object {object} of {size} bytes"), found.to_string());
            }
            Some(None) => self.faults.add(place(), format!("object {object}"), "only altered bytes under that name"),
            None => match leaf.and_then(|leaf| self.deletions.excuse(&object, leaf)) {
                Some(deleted) if deleted == size => {}
                Some(deleted) => {
                    self.faults.add(place(), format!("object {object} of {size} bytes"), format!("{deleted}, deleted"));
                }
                // It may be in an archive of a newer version, or deleted by one.
                None if self.report.newer.is_some() => {}
                None => self.faults.add(place(), format!("object {object} in an archive"), "nothing"),
            },
        }
    }

    /// Every artifact list is opened once, however many records name it; the last of them decides what may be gone.
    pub(super) fn artifact_lists(&mut self, commits: &BTreeMap<u64, Commit>) {
        let mut by_commit: BTreeMap<u64, Vec<Digest>> = BTreeMap::new();
        for list in self.lists.keys() {
            if let Some(held) = self.objects.get(list) {
                by_commit.entry(held.first).or_default().push(*list);
            }
        }
        let lists = std::mem::take(&mut self.lists);
        for (sequence, digests) in by_commit {
            let Some(mut zip) = commits.get(&sequence).and_then(|commit| self.open(commit)) else { continue };
            for digest in digests {
                let Some((list, leaf)) = lists.get(&digest) else { continue };
                let place = format!("organization {}, leaf {leaf}", self.organization);
                let mut count = 0;
                let ended = zip.lines(&names::object_entry(&digest), record::MAX_BYTES, |_, line| {
                    count += 1;
                    match record::parse_artifact_line(line) {
                        Ok(artifact) => {
                            let place = || format!("{place}, artifact `{}`", artifact.name);
                            self.object(artifact.sha256, artifact.size, Some(*leaf), place);
                        }
                        Err(fault) => self.faults.add(&place, "an artifact list, one artifact a line", told(&fault)),
                    }
                    true
                });
                if let Err(fault) = ended {
                    self.faults.add(&place, "an artifact list, one artifact a line", told(&fault));
                } else if count != list.count {
                    self.faults.add(place, format!("a list of {} artifacts", list.count), count.to_string());
                }
            }
        }
    }
}
