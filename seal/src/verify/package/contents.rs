//! A package's records against their proofs, its range against its head, its objects against its records.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Seek};

use super::super::{Faults, told};
use super::Check;
use crate::canonical;
use crate::digest::Digest;
use crate::ledger;
use crate::manifest::{LeftOut, Manifest, ProofLine};
use crate::names;
use crate::note::VerifyingKey;
use crate::record::{self, ArtifactList, Head, KeyEvent, Record, Statement};
use crate::sums::Sums;

/// Longest line of proofs and left-out leaves, in bytes.
const LINE: usize = 16 * 1024;

/// What the records of a package name.
#[derive(Default)]
struct Named {
    /// Objects with size and the leaf that names them.
    objects: HashMap<Digest, (u64, String)>,
    lists: Vec<(ArtifactList, String)>,
    hashes: Vec<Digest>,
    keys: Vec<VerifyingKey>,
}

impl Named {
    /// Another record may name the same object, but not with another size.
    fn object(&mut self, faults: &mut Faults, object: Digest, size: u64, place: &str) {
        let (known, before) = self.objects.entry(object).or_insert_with(|| (size, place.to_owned()));
        if *known != size {
            let expected = format!("object {object} of {known} bytes, as {before} says");
            faults.add(place, expected, format!("another size: {size} bytes"));
        }
    }
}

impl<R: Read + Seek> Check<'_, R> {
    /// Every record against its proof, the range against the head, and the objects against the records.
    pub(super) fn records(&mut self, key: &VerifyingKey, manifest: &Manifest, sums: &Sums) {
        let mut named = self.read_records(manifest);
        let leaves = self.prove_records(manifest, &named.hashes);
        let (left_out, objects_left_out) = self.left_out(manifest, &leaves);
        self.prove_range(manifest, &leaves, &left_out);
        // A later key record in the head means that a later commit, as the checkpoint is, is no longer signed by this key.
        if named.keys.last() != Some(key) {
            let expected = "the key/1 record that brings in the key, and none of a later key";
            self.faults.add(names::RECORDS, expected, format!("{} other key records", named.keys.len()));
        }
        self.expand_lists(&mut named, &objects_left_out);
        self.objects(&named, &objects_left_out, sums);
        self.report.records = named.hashes.len() as u64;
        self.report.records_left_out = left_out.len() as u64;
        self.report.objects_left_out = objects_left_out.len() as u64;
        let said = [manifest.records, manifest.records_left_out, manifest.objects, manifest.objects_left_out];
        let report = &self.report;
        let found = [report.records, report.records_left_out, report.objects, report.objects_left_out];
        if said != found {
            self.faults.add(names::MANIFEST, format!("counts {found:?}"), format!("{said:?}"));
        }
    }

    fn read_records(&mut self, manifest: &Manifest) -> Named {
        let mut named = Named::default();
        let faults = &mut *self.faults;
        let ended = self.zip.lines(names::RECORDS, record::MAX_BYTES, |number, line| {
            let place = format!("line {} of {}", number + 1, names::RECORDS);
            named.hashes.push(ledger::leaf_hash(line));
            let record = match Record::parse(line) {
                Ok(record) => record,
                Err(fault) => {
                    faults.add(place, "a record in canonical form", told(&fault));
                    return true;
                }
            };
            if *record.organization() != manifest.organization {
                faults.add(&place, "a record of this organization", record.organization().as_str());
            }
            match record.statement() {
                Ok(Some(Statement::Key(fact)))
                    if fact.event != KeyEvent::Retired && fact.key.purpose == "checkpoint" =>
                {
                    match VerifyingKey::from_facts(&fact.key) {
                        Ok(key) => named.keys.push(key),
                        Err(fault) => faults.add(&place, "a key", told(&fault)),
                    }
                }
                Ok(_) => {}
                Err(fault) => faults.add(&place, "what its type says", told(&fault)),
            }
            for artifact in record.artifacts() {
                named.object(faults, artifact.sha256, artifact.size, &place);
            }
            if let Some(list) = record.artifact_list() {
                named.object(faults, list.sha256, list.size, &place);
                named.lists.push((list.clone(), place));
            }
            true
        });
        if let Err(fault) = ended {
            self.faults.add(names::RECORDS, "one record a line", told(&fault));
        }
        named
    }

    /// Leaf index and hash of every record that is proved.
    fn prove_records(&mut self, manifest: &Manifest, hashes: &[Digest]) -> BTreeMap<u64, Digest> {
        let mut leaves = BTreeMap::new();
        let mut count = 0_usize;
        let faults = &mut *self.faults;
        let Head { size, root } = manifest.head;
        let ended = self.zip.lines(names::PROOFS, LINE, |number, line| {
            let place = format!("line {} of {}", number + 1, names::PROOFS);
            count += 1;
            let proof: ProofLine = match canonical_line(line) {
                Ok(proof) => proof,
                Err(fault) => {
                    faults.add(place, "a proof", fault);
                    return true;
                }
            };
            let hash = usize::try_from(number).ok().and_then(|number| hashes.get(number));
            let proved = hash.filter(|hash| ledger::verify_inclusion(hash, proof.leaf, size, &proof.path, &root));
            if leaves.last_key_value().is_some_and(|(last, _)| *last >= proof.leaf) {
                faults.add(&place, "leaves in ascending order", proof.leaf.to_string());
            }
            match proved {
                Some(hash) => {
                    leaves.insert(proof.leaf, *hash);
                }
                None => faults.add(place, format!("the way from leaf {} to the head", proof.leaf), "another way"),
            }
            true
        });
        if let Err(fault) = ended {
            self.faults.add(names::PROOFS, "one proof a line", told(&fault));
        }
        if count != hashes.len() {
            self.faults.add(names::PROOFS, format!("{} proofs, one for each record", hashes.len()), count.to_string());
        }
        leaves
    }

    fn left_out(
        &mut self,
        manifest: &Manifest,
        leaves: &BTreeMap<u64, Digest>,
    ) -> (BTreeMap<u64, Digest>, BTreeSet<Digest>) {
        let (mut missing, mut objects) = (BTreeMap::new(), BTreeSet::new());
        let faults = &mut *self.faults;
        let ended = self.zip.lines(names::LEFT_OUT, LINE, |number, line| {
            let place = format!("line {} of {}", number + 1, names::LEFT_OUT);
            match canonical_line::<LeftOut>(line) {
                Ok(LeftOut::Leaf(out)) => {
                    let inside = (manifest.first..manifest.end).contains(&out.leaf);
                    if !inside || leaves.contains_key(&out.leaf) || missing.insert(out.leaf, out.hash).is_some() {
                        faults.add(place, "a leaf of the range that is not in the package, once", out.leaf.to_string());
                    }
                }
                Ok(LeftOut::Object(out)) => {
                    if !objects.insert(out.object) {
                        faults.add(place, "each object once", out.object.to_string());
                    }
                }
                Err(fault) => faults.add(place, "a leaf or object that was left out", fault),
            }
            true
        });
        if let Err(fault) = ended {
            self.faults.add(names::LEFT_OUT, "one leaf or object a line", told(&fault));
        }
        (missing, objects)
    }

    fn prove_range(&mut self, manifest: &Manifest, leaves: &BTreeMap<u64, Digest>, left_out: &BTreeMap<u64, Digest>) {
        let Manifest { first, end, head, range_proof, .. } = manifest;
        let mut all = left_out.clone();
        all.extend(leaves.range(first..end).map(|(leaf, hash)| (*leaf, *hash)));
        if all.len() as u64 != end - first {
            let found = format!("{} in the package or stated as left out", all.len());
            self.faults.add(names::LEFT_OUT, format!("all {} leaves of the range", end - first), found);
            return;
        }
        let hashes: Vec<Digest> = all.into_values().collect();
        if !ledger::verify_range(*first, &hashes, head.size, range_proof, &head.root) {
            self.faults.add(names::LEFT_OUT, "leaf hashes that lead to the head", "at least one other hash");
        }
    }

    /// Adds what artifact lists name; a list that was left out is taken as said.
    fn expand_lists(&mut self, named: &mut Named, left_out: &BTreeSet<Digest>) {
        for (list, place) in std::mem::take(&mut named.lists) {
            let entry = names::evidence_entry(&list.sha256);
            if left_out.contains(&list.sha256) || self.zip.size(&entry).is_none() {
                continue;
            }
            let faults = &mut *self.faults;
            let mut count = 0;
            let ended = self.zip.lines(&entry, record::MAX_BYTES, |_, line| {
                count += 1;
                match record::parse_artifact_line(line) {
                    Ok(artifact) => named.object(faults, artifact.sha256, artifact.size, &place),
                    Err(fault) => faults.add(&entry, "one artifact a line", told(&fault)),
                }
                true
            });
            if let Err(fault) = ended {
                self.faults.add(&entry, "one artifact a line", told(&fault));
            } else if count != list.count {
                self.faults.add(entry, format!("{} artifacts, as {place} says", list.count), count.to_string());
            }
        }
    }

    fn objects(&mut self, named: &Named, left_out: &BTreeSet<Digest>, sums: &Sums) {
        for (object, (size, place)) in &named.objects {
            let entry = names::evidence_entry(object);
            match (self.zip.size(&entry), left_out.contains(object)) {
                (Some(_), true) => self.faults.add(entry, "no file, because it is stated as left out", "a file"),
                (None, true) => {}
                (None, false) => self.faults.add(entry, format!("the object that {place} names"), "nothing"),
                (Some(found), false) if found == *size => {}
                (Some(found), false) => {
                    self.faults.add(entry, format!("{size} bytes, as {place} says"), found.to_string());
                }
            }
        }
        for (name, digest) in sums.iter().filter(|(name, _)| name.starts_with(names::EVIDENCE_OBJECTS)) {
            if !named.objects.contains_key(digest) {
                self.faults.add(name, "a record that names this object", "none");
            }
        }
        for object in left_out.iter().filter(|object| !named.objects.contains_key(object)) {
            self.faults.add(names::LEFT_OUT, "only objects that a record names", object.to_string());
        }
    }
}

fn canonical_line<T: serde::de::DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let value = canonical::parse(line).map_err(|fault| told(&fault))?;
    serde_json::from_value(value).map_err(|fault| told(&fault))
}
