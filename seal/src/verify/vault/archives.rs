//! The archives of an organization: their own bytes, their structure, their lists, their objects.

use std::io::{Seek as _, SeekFrom};

use sha2::{Digest as _, Sha256};

use super::super::{ReadSeek, told};
use super::{Commit, Held, Ledger, deletions};
use crate::container::{Container, Folders};
use crate::digest::Digest;
use crate::names;
use crate::record::{self, Deletion};
use crate::sums::Sums;

/// Unpacked bytes hashed at a time; small enough to stay near the processor.
const BUFFER: usize = 128 * 1024;

/// Digest of an archive's records, and the deletions among them with their leaves.
fn records(
    zip: &mut Container<Box<dyn ReadSeek>>,
    first_leaf: u64,
    found: &mut Vec<(u64, Deletion)>,
) -> Result<Digest, String> {
    let mut hasher = Sha256::new();
    let ended = zip.lines(names::RECORDS, record::MAX_BYTES, |number, line| {
        hasher.update(line);
        hasher.update(b"\n");
        found.extend(deletions::parse(line).map(|deletion| (first_leaf.saturating_add(number), deletion)));
        true
    });
    ended.map(|()| Digest::from_bytes(hasher.finalize().into())).map_err(|fault| told(&fault))
}

impl Ledger<'_> {
    /// An archive's own bytes, its structure, its list and its objects.
    pub(super) fn archive(&mut self, commit: &Commit) {
        let place = self.place(names::ARCHIVES, &commit.archive.name);
        if let Err(fault) = self.archive_bytes(commit, &place) {
            self.faults.add(&place, "an archive that can be read", fault);
            return;
        }
        let Some(mut zip) = self.open(commit) else { return };
        self.report.archives += 1;
        let read = zip.read(names::SUMS, names::MAX_WHOLE).map_err(|fault| told(&fault));
        let lines: Result<Vec<(Digest, &str)>, String> = match &read {
            Ok(bytes) => Sums::lines(bytes).collect::<Result<_, _>>().map_err(|fault| told(&fault)),
            Err(fault) => Err(fault.clone()),
        };
        let sums = match lines {
            Ok(sums) => sums,
            Err(fault) => {
                return self.faults.add(format!("{place}, {}", names::SUMS), "a strict list of digests", fault);
            }
        };
        for name in [names::RECORDS, names::CHECKPOINT, names::SUMS] {
            if zip.size(name).is_none() {
                self.faults.add(format!("{place}, {name}"), "a file", "nothing");
            }
        }
        for (digest, name) in &sums {
            if zip.size(name).is_none() {
                self.faults.add(format!("{place}, {name}"), format!("an entry with SHA-256 {digest}"), "nothing");
            }
        }
        let mut found = Vec::new();
        let mut buffer = vec![0; BUFFER];
        for index in 0.. {
            let Some((name, size)) = zip.entry(index) else { break };
            if matches!(name, names::SUMS | names::CHECKPOINT) {
                continue;
            }
            let line = sums.binary_search_by(|(_, listed)| (*listed).cmp(name)).ok().and_then(|line| sums.get(line));
            let Some((listed, name)) = line else {
                let inside = format!("{place}, {name}");
                self.faults.add(inside, "a line in the archive's list", "none: the entry was added");
                continue;
            };
            let inside = || format!("{place}, {name}");
            let is_records = *name == names::RECORDS;
            let object = name.strip_prefix(names::OBJECTS).map(str::parse::<Digest>);
            if !is_records && !matches!(&object, Some(Ok(named)) if named == listed) {
                self.faults.add(inside(), "an object named by its digest", listed.to_string());
                continue;
            }
            if self.options.skip_data && !is_records {
                self.hold(*listed, Some(size), commit);
                continue;
            }
            let digest = if is_records {
                records(&mut zip, commit.entry.first_leaf, &mut found)
            } else {
                let stream = zip.stream_entry(index).map_err(|fault| told(&fault));
                stream.and_then(|stream| {
                    Digest::of_reader_through(stream, &mut buffer).map(|(found, _)| found).map_err(|fault| told(&fault))
                })
            };
            let good = digest.as_ref() == Ok(listed);
            if !good {
                let found = digest.map_or_else(|fault| fault, |found| found.to_string());
                self.faults.add(inside(), format!("SHA-256 {listed}"), found);
            }
            if !is_records {
                self.hold(*listed, good.then_some(size), commit);
            }
        }
        self.deletions.take(commit.entry.sequence, found);
    }

    /// Archives come from the last to the first, so the last word on `first` is the earliest commit's.
    fn hold(&mut self, object: Digest, size: Option<u64>, commit: &Commit) {
        let held = self.objects.entry(object).or_insert(Held { size, first: commit.entry.sequence });
        held.size = held.size.or(size);
        held.first = commit.entry.sequence;
    }

    fn archive_bytes(&mut self, commit: &Commit, place: &str) -> Result<(), String> {
        let mut file = self.file(names::ARCHIVES, &commit.archive.name)?;
        let length = file.seek(SeekFrom::End(0)).map_err(|fault| told(&fault))?;
        let says = &commit.named_by;
        if length != commit.archive.size {
            self.faults.add(place, format!("{} bytes, as {says} says", commit.archive.size), length.to_string());
        }
        if self.options.skip_data {
            return Ok(());
        }
        file.seek(SeekFrom::Start(0)).map_err(|fault| told(&fault))?;
        let (found, _) = Digest::of_reader(file).map_err(|fault| told(&fault))?;
        if found != commit.archive.sha256 {
            let expected = format!("SHA-256 {}, as {says} says", commit.archive.sha256);
            self.faults.add(place, expected, found.to_string());
        }
        Ok(())
    }

    pub(super) fn open(&mut self, commit: &Commit) -> Option<Container<Box<dyn ReadSeek>>> {
        let place = self.place(names::ARCHIVES, &commit.archive.name);
        let file = match self.file(names::ARCHIVES, &commit.archive.name) {
            Ok(file) => file,
            Err(fault) => {
                self.faults.add(place, "the archive", fault);
                return None;
            }
        };
        match Container::open(file, Folders::Refused) {
            Ok(zip) => Some(zip),
            Err(fault) => {
                self.faults.add(place, "a whole zip with one directory at its end", told(&fault));
                None
            }
        }
    }
}
