//! The archives of an organization: their own bytes, their structure, their lists, their objects.

use std::collections::{BTreeMap, HashMap};
use std::io::{Seek as _, SeekFrom};

use super::super::{ReadSeek, told};
use super::{Ledger, Objects};
use crate::container::{Container, Folders};
use crate::digest::Digest;
use crate::log;
use crate::names;
use crate::record::{self, ArtifactList};
use crate::sums::Sums;

impl Ledger<'_> {
    /// An archive's own bytes, its structure, its list and its objects.
    pub(super) fn archive(&mut self, entry: &log::Entry, objects: &mut Objects) {
        let place = self.place(names::ARCHIVES, &entry.archive.name);
        if let Err(fault) = self.archive_bytes(entry, &place) {
            self.faults.add(&place, "an archive that can be read", fault);
            return;
        }
        let Some(mut zip) = self.open(entry) else { return };
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
                objects.entry(*listed).or_insert(Some(size));
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
                let known = objects.entry(*listed).or_insert(None);
                *known = known.or(good.then_some(size));
            }
        }
    }

    fn archive_bytes(&mut self, entry: &log::Entry, place: &str) -> Result<(), String> {
        let mut file = self.file(names::ARCHIVES, &entry.archive.name)?;
        let length = file.seek(SeekFrom::End(0)).map_err(|fault| told(&fault))?;
        let says = names::log_file(entry.sequence);
        if length != entry.archive.size {
            self.faults.add(place, format!("{} bytes, as {says} says", entry.archive.size), length.to_string());
        }
        if self.options.skip_data {
            return Ok(());
        }
        file.seek(SeekFrom::Start(0)).map_err(|fault| told(&fault))?;
        let (found, _) = Digest::of_reader(file).map_err(|fault| told(&fault))?;
        if found != entry.archive.sha256 {
            let expected = format!("SHA-256 {}, as {says} says", entry.archive.sha256);
            self.faults.add(place, expected, found.to_string());
        }
        Ok(())
    }

    pub(super) fn object(&mut self, objects: &Objects, object: Digest, size: u64, place: &str) {
        match objects.get(&object) {
            Some(Some(found)) if *found == size => {}
            Some(Some(found)) => self.faults.add(place, format!("object {object} of {size} bytes"), found.to_string()),
            Some(None) => self.faults.add(place, format!("object {object}"), "only altered bytes under that name"),
            None => self.faults.add(place, format!("object {object} in an archive"), "nothing"),
        }
    }

    pub(super) fn artifact_lists(&mut self, entries: &BTreeMap<u64, log::Entry>, objects: &Objects) {
        let mut wanted: HashMap<Digest, (ArtifactList, String)> = HashMap::new();
        for (list, place) in std::mem::take(&mut self.lists) {
            wanted.insert(list.sha256, (list, place));
        }
        for entry in entries.values() {
            if wanted.is_empty() {
                return;
            }
            let Some(mut zip) = self.open(entry) else { continue };
            let here: Vec<Digest> =
                wanted.keys().filter(|list| zip.size(&names::object_entry(list)).is_some()).copied().collect();
            for digest in here {
                let Some((list, place)) = wanted.remove(&digest) else { continue };
                let mut count = 0;
                let ended = zip.lines(&names::object_entry(&digest), record::MAX_BYTES, |_, line| {
                    count += 1;
                    match record::parse_artifact_line(line) {
                        Ok(artifact) => {
                            let place = format!("{place}, artifact `{}`", artifact.name);
                            self.object(objects, artifact.sha256, artifact.size, &place);
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

    pub(super) fn open(&mut self, entry: &log::Entry) -> Option<Container<Box<dyn ReadSeek>>> {
        let place = self.place(names::ARCHIVES, &entry.archive.name);
        let file = match self.file(names::ARCHIVES, &entry.archive.name) {
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
