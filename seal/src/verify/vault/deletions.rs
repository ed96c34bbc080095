//! Deletions: which archive stands for each commit, which objects may be gone, and what a deletion must not say.

use std::collections::{BTreeMap, HashMap};

use super::super::told;
use super::{Commit, Ledger};
use crate::deleted::{self, Deleted};
use crate::digest::Digest;
use crate::log;
use crate::names;
use crate::record::{Deletion, KeptArchive, Record, Replacement, Statement};

/// How every line of a `deletion/1` record ends: its members are in byte order, and `type` is the last.
const ENDING: &[u8] = br#""type":"deletion/1"}"#;

/// What deletions say, gathered from the last commit to the first.
#[derive(Default)]
pub(super) struct Deletions {
    /// The archive that stands for a replaced one now, by name and digest, with the leaf that says so.
    replacements: HashMap<(String, Digest), (KeptArchive, u64)>,
    lists: Vec<List>,
    /// Listed objects with the last deletion that lists them.
    objects: HashMap<Digest, Gone>,
}

/// A list of deleted objects, with the leaf and the commit of its deletion.
struct List {
    digest: Digest,
    leaf: u64,
    sequence: u64,
    /// How many objects the deletion says it has.
    count: u64,
}

struct Gone {
    size: u64,
    leaf: u64,
    sequence: u64,
}

impl Deletions {
    /// A commit with the archive that stands for it, by what later commits say.
    pub(super) fn commit(&self, entry: log::Entry) -> Commit {
        let log::ArchiveName { name, sha256, size } = entry.archive.clone();
        match self.replacements.get(&(name.clone(), sha256)) {
            Some((archive, leaf)) => {
                Commit { archive: archive.clone(), named_by: format!("the deletion at leaf {leaf}"), entry }
            }
            None => {
                Commit { archive: KeptArchive { name, sha256, size }, named_by: names::log_file(entry.sequence), entry }
            }
        }
    }

    /// Takes what a commit's deletions say into account; they come with their leaves, in order. Whether they may say so
    /// is looked at later: a replacement of what was not in force is never asked for.
    pub(super) fn take(&mut self, sequence: u64, found: Vec<(u64, Deletion)>) {
        for (leaf, deletion) in found.into_iter().rev() {
            let [list] = deletion.artifacts;
            self.lists.push(List { digest: list.sha256, leaf, sequence, count: deletion.objects });
            for Replacement { was, now } in deletion.archives {
                if !names::is_archive_name(&now.name) {
                    continue;
                }
                let later = self.replacements.get(&(now.name.clone(), now.sha256)).cloned();
                self.replacements.insert((was.name, was.sha256), later.unwrap_or((now, leaf)));
            }
        }
    }

    fn gone(&mut self, object: Deleted, list: &List) {
        let gone = Gone { size: object.size, leaf: list.leaf, sequence: list.sequence };
        match self.objects.get(&object.sha256) {
            Some(last) if last.leaf > gone.leaf => {}
            _ => {
                self.objects.insert(object.sha256, gone);
            }
        }
    }

    /// Whether a deletion replaced the archive of this name.
    pub(super) fn replaced(&self, name: &str) -> bool {
        self.replacements.keys().any(|(replaced, _)| replaced == name)
    }

    /// Size of an object that a deletion after `leaf` lists.
    pub(super) fn excuse(&self, object: &Digest, leaf: u64) -> Option<u64> {
        self.objects.get(object).filter(|gone| gone.leaf > leaf).map(|gone| gone.size)
    }
}

/// A record's line as a deletion, if it is one; cheap for all others.
pub(super) fn parse(line: &[u8]) -> Option<Deletion> {
    if !line.ends_with(ENDING) {
        return None;
    }
    match Record::parse(line).ok()?.statement() {
        Ok(Some(Statement::Deletion(deletion))) => Some(deletion),
        _ => None,
    }
}

/// The archives in force so far, going from the first commit to the last: name to digest and commit.
#[derive(Default)]
pub(super) struct InForce(HashMap<String, (Digest, u64)>);

impl InForce {
    /// A commit has ended: its archive is in force from now on.
    pub(super) fn add(&mut self, entry: &log::Entry) {
        self.0.insert(entry.archive.name.clone(), (entry.archive.sha256, entry.sequence));
    }
}

impl Ledger<'_> {
    /// Reads the lists of all deletions; then no listed object may be in an archive of an earlier commit.
    pub(super) fn deleted_lists(&mut self, commits: &BTreeMap<u64, Commit>) {
        for list in std::mem::take(&mut self.deletions.lists) {
            let place = format!("organization {}, leaf {}, {}", self.organization, list.leaf, deleted::NAME);
            // A list that is not there or altered is a fault already, where its record or archive is looked at.
            let Some(held) = self.objects.get(&list.digest).filter(|held| held.size.is_some()) else { continue };
            let Some(mut zip) = commits.get(&held.first).and_then(|commit| self.open(commit)) else { continue };
            let mut count = 0;
            let mut last = None;
            let ended = zip.lines(&names::object_entry(&list.digest), deleted::MAX_LINE, |_, line| {
                count += 1;
                match Deleted::parse(line) {
                    Ok(object) if last.is_none_or(|last| last < object.sha256) => {
                        last = Some(object.sha256);
                        self.deletions.gone(object, &list);
                    }
                    Ok(object) => {
                        self.faults.add(&place, "objects in ascending order, each once", object.sha256.to_string());
                    }
                    Err(fault) => self.faults.add(&place, "one deleted object a line", told(&fault)),
                }
                true
            });
            if let Err(fault) = ended {
                self.faults.add(&place, "one deleted object a line", told(&fault));
            } else if count != list.count {
                self.faults.add(place, format!("{} objects, as its record says", list.count), count.to_string());
            }
        }
        self.report.deleted_objects = self.deletions.objects.len() as u64;
        for (object, gone) in &self.deletions.objects {
            if let Some(held) = self.objects.get(object)
                && held.first < gone.sequence
            {
                let archive = commits.get(&held.first).map_or("an archive", |commit| commit.archive.name.as_str());
                let place = format!("organization {}, leaf {}", self.organization, gone.leaf);
                let expected = format!("object {object} to be gone, because this deletion lists it");
                self.faults.add(place, expected, format!("said to be deleted, still there: {archive}"));
            }
        }
    }

    /// What a deletion says, against the archives that are in force before it.
    pub(super) fn deletion(&mut self, place: &str, deletion: &Deletion) {
        self.report.deletions += 1;
        let [list] = &deletion.artifacts;
        if list.name != deleted::NAME || list.media_type != deleted::MEDIA_TYPE {
            let expected = format!("an artifact `{}` of type {}", deleted::NAME, deleted::MEDIA_TYPE);
            self.faults.add(place, expected, format!("`{}` of type {}", list.name, list.media_type));
        }
        for Replacement { was, now } in &deletion.archives {
            if !names::is_archive_name(&now.name) {
                self.faults.add(place, "a plain file name ending in .zip", now.name.as_str());
                continue;
            }
            let sequence = match self.in_force.0.get(&was.name) {
                Some((digest, sequence)) if *digest == was.sha256 => *sequence,
                other => {
                    let expected = format!("archive {} with SHA-256 {} in force before it", was.name, was.sha256);
                    let found = other.map_or("no such archive".to_owned(), |(digest, _)| digest.to_string());
                    self.faults.add(place, expected, found);
                    continue;
                }
            };
            self.in_force.0.remove(&was.name);
            if self.in_force.0.insert(now.name.clone(), (now.sha256, sequence)).is_some() {
                self.faults.add(place, "a new archive name", format!("{}, which is another commit's", now.name));
            }
        }
    }
}
