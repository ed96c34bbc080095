//! Commits in sequence: their records become leaves, their heads must be theirs and signed.

use super::super::told;
use super::{Commit, Ledger};
use crate::ledger;
use crate::names;
use crate::note::{self, VerifyingKey};
use crate::record::{self, KeyEvent, Record, Statement};

impl Ledger<'_> {
    /// A commit's records become leaves; then its head must be theirs and signed.
    pub(super) fn commit(&mut self, commit: &Commit) {
        let entry = &commit.entry;
        let place = self.place(names::LOG, &format!("{:016}.json", entry.sequence));
        let first = self.tree.size();
        if entry.first_leaf != first {
            self.faults.add(&place, format!("first leaf {first}"), entry.first_leaf.to_string());
        }
        let before = self.key.clone();
        if let Some(mut zip) = self.open(commit) {
            let ended = zip.lines(names::RECORDS, record::MAX_BYTES, |_, line| {
                self.leaf(line);
                true
            });
            if let Err(fault) = ended {
                let place = self.place(names::ARCHIVES, &commit.archive.name);
                self.faults.add(format!("{place}, {}", names::RECORDS), "one record a line", told(&fault));
            }
            let inside = zip.read(names::CHECKPOINT, note::MAX_NOTE as u64);
            if !inside.is_ok_and(|inside| inside == entry.checkpoint.as_bytes()) {
                let place = self.place(names::ARCHIVES, &commit.archive.name);
                self.faults.add(
                    format!("{place}, {}", names::CHECKPOINT),
                    "the checkpoint of its log object",
                    "another",
                );
            }
        }
        let added = self.tree.size() - first;
        self.in_force.add(entry);
        if added != entry.leaf_count {
            self.faults.add(&place, format!("{} records in its archive", entry.leaf_count), added.to_string());
        }
        // The key that was in use before signs the head that brings in its successor.
        let Some(key) = before.or_else(|| self.first_key.clone()) else {
            return self.faults.add(place, "a key/1 record as leaf 0", "none: no signature can be checked");
        };
        match note::open(&entry.checkpoint, &key) {
            Ok(signed) => {
                let head = signed.checkpoint.head();
                if head.size != self.tree.size() || head.root != self.tree.root() {
                    let expected = format!("a head of {} leaves with root {}", self.tree.size(), self.tree.root());
                    self.faults.add(place, expected, format!("{} leaves, root {}", head.size, head.root));
                }
                // Only a head it signed makes a key compared: anyone can write a record that names it.
                self.report.key_compared |= self.options.key.as_ref().is_some_and(|trusted| trusted.is(&key));
                self.report.checkpoint = Some(head);
            }
            Err(fault) => self.faults.add(place, format!("a head signed by {}", key.fingerprint()), told(&fault)),
        }
    }

    fn leaf(&mut self, line: &[u8]) {
        let leaf = self.tree.size();
        let place = format!("organization {}, leaf {leaf}", self.organization);
        let hash = ledger::leaf_hash(line);
        self.tree.push(hash);
        self.report.leaves.push(hash);
        let (record, statement) = match Record::parse_with_statement(line) {
            Ok(read) => read,
            Err(fault) => return self.faults.add(place, "a record in canonical form", told(&fault)),
        };
        if *record.organization() != self.organization {
            self.faults.add(&place, "a record of this organization", record.organization().as_str());
        }
        // What a deletion lists may be gone; the list itself never.
        let mut excused = Some(leaf);
        match statement {
            Ok(Some(Statement::Key(fact))) => self.key_record(leaf, &place, &fact),
            Ok(_) if leaf == 0 => {
                self.faults.add(&place, "the key/1 record of the signing key", record.kind().as_str());
            }
            Ok(Some(Statement::Deletion(deletion))) => {
                excused = None;
                self.deletion(&place, &deletion);
            }
            Ok(_) => {}
            Err(fault) => self.faults.add(&place, "what its type says", told(&fault)),
        }
        for artifact in record.artifacts() {
            self.object(artifact.sha256, artifact.size, excused, || format!("{place}, artifact `{}`", artifact.name));
        }
        if let Some(list) = record.artifact_list() {
            self.object(list.sha256, list.size, excused, || format!("{place}, artifact list"));
            self.lists.insert(list.sha256, (list.clone(), leaf));
        }
    }

    fn key_record(&mut self, leaf: u64, place: &str, fact: &record::Key) {
        if leaf == 0 && (fact.event != KeyEvent::Introduced || fact.key.purpose != "checkpoint") {
            return self.faults.add(place, "the introduction of the key that signs heads", "another key/1 record");
        }
        if fact.key.purpose != "checkpoint" || fact.event == KeyEvent::Retired {
            return;
        }
        let key = match VerifyingKey::from_facts(&fact.key) {
            Ok(key) => key,
            Err(fault) => return self.faults.add(place, "a key", told(&fault)),
        };
        if key.name() != note::origin(&self.organization) {
            self.faults.add(place, format!("a key named {}", note::origin(&self.organization)), key.name());
        }
        if leaf > 0 && fact.event == KeyEvent::Introduced {
            return self.faults.add(place, "a later key to be a rotation", "a second introduction");
        }
        self.report.key_fingerprint = Some(key.fingerprint());
        self.first_key.get_or_insert_with(|| key.clone());
        self.key = Some(key);
    }

    /// Every checkpoint kept elsewhere must be a head this ledger once had.
    pub(super) fn kept_elsewhere(&mut self) {
        let origin = note::origin(&self.organization);
        for kept in &self.options.since {
            let Ok(kept) = note::claimed_checkpoint(kept) else { continue };
            if kept.origin != origin {
                continue;
            }
            let leaves = usize::try_from(kept.size).ok().and_then(|size| self.report.leaves.get(..size));
            match leaves.map(ledger::root) {
                Some(root) if root == kept.root => {}
                Some(root) => {
                    let expected = format!("root {} at {} leaves, as in the checkpoint you kept", kept.root, kept.size);
                    self.faults.add(&origin, expected, format!("root {root}: the ledger was rewritten"));
                }
                // It may be of a newer version.
                None if self.report.newer.is_some() => {}
                None => {
                    let expected = format!("at least {} leaves, as in the checkpoint you kept", kept.size);
                    self.faults.add(&origin, expected, format!("{}: the ledger was rolled back", self.tree.size()));
                }
            }
        }
    }
}
