//! The archives of an organization: their own bytes, their structure, their lists, their objects.

use std::io::{Seek as _, SeekFrom};

use super::super::{ReadSeek, told};
use super::{Commit, Held, Ledger, deletions};
use crate::container::{Container, Folders};
use crate::digest::Digest;
use crate::names;
use crate::record;
use crate::sums::Sums;

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
        let sums = zip.read(names::SUMS, names::MAX_WHOLE).map_err(|fault| told(&fault));
        let sums = match sums.and_then(|bytes| Sums::parse(&bytes).map_err(|fault| told(&fault))) {
            Ok(sums) => sums,
            Err(fault) => {
                return self.faults.add(format!("{place}, {}", names::SUMS), "a strict list of digests", fault);
            }
        };
        let present: Vec<(String, u64)> = zip.entries().map(|(name, size)| (name.to_owned(), size)).collect();
        for name in [names::RECORDS, names::CHECKPOINT, names::SUMS] {
            if zip.size(name).is_none() {
                self.faults.add(format!("{place}, {name}"), "a file", "nothing");
            }
        }
        for (name, digest) in sums.iter() {
            if zip.size(name).is_none() {
                self.faults.add(format!("{place}, {name}"), format!("an entry with SHA-256 {digest}"), "nothing");
            }
        }
        for (name, size) in present {
            let inside = format!("{place}, {name}");
            if matches!(name.as_str(), names::SUMS | names::CHECKPOINT) {
                continue;
            }
            let Some(listed) = sums.get(&name) else {
                self.faults.add(inside, "a line in the archive's list", "none: the entry was added");
                continue;
            };
            let object = name.strip_prefix(names::OBJECTS).map(str::parse::<Digest>);
            if name != names::RECORDS && !matches!(&object, Some(Ok(named)) if named == listed) {
                self.faults.add(inside, "an object named by its digest", listed.to_string());
                continue;
            }
            if self.options.skip_data && name != names::RECORDS {
                self.hold(*listed, Some(size), commit);
                continue;
            }
            let read = zip.stream(&name).map_err(|fault| told(&fault));
            let good = match read.and_then(|reader| Digest::of_reader(reader).map_err(|fault| told(&fault))) {
                Ok((found, _)) if found == *listed => true,
                Ok((found, _)) => {
                    self.faults.add(inside, format!("SHA-256 {listed}"), found.to_string());
                    false
                }
                Err(fault) => {
                    self.faults.add(inside, format!("SHA-256 {listed}"), fault);
                    false
                }
            };
            if name != names::RECORDS {
                self.hold(*listed, good.then_some(size), commit);
            }
        }
        let mut found = Vec::new();
        // A fault of these lines is told when they become leaves.
        let _ = zip.lines(names::RECORDS, record::MAX_BYTES, |number, line| {
            if let Some(deletion) = deletions::parse(line) {
                found.push((commit.entry.first_leaf.saturating_add(number), deletion));
            }
            true
        });
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
