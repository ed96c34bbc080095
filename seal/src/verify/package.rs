//! Checks a package: the list, the key, the checkpoint, the list's proof, every record's proof, every object.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Seek};

use super::report::{OpenError, PackageReport, TrustedKey, Verdict};
use super::{Faults, told};
use crate::canonical;
use crate::container::{Container, ContainerError, Folders};
use crate::digest::Digest;
use crate::ledger;
use crate::manifest::{FORMAT, LeftOut, Manifest, ProofLine, REPORT_KIND};
use crate::names;
use crate::note::{self, SignedCheckpoint, VerifyingKey};
use crate::proof::{Consistency, Inclusion};
use crate::record::{self, ArtifactList, Head, KeyEvent, Record, Statement};
use crate::ssh;
use crate::sums::Sums;

/// Files that must be listed.
const REQUIRED: [&str; 10] = [
    names::README,
    names::VERIFY_SH,
    names::MANIFEST,
    names::RECORDS,
    names::PROOFS,
    names::LEFT_OUT,
    names::EVIDENCE_INDEX,
    names::KEY_VKEY,
    names::KEY_PEM,
    names::KEY_ALLOWED_SIGNERS,
];

/// Longest small file: keys, checkpoint, proofs.
const SMALL: u64 = 64 * 1024;
/// Longest `package.json`.
const MANIFEST_LIMIT: u64 = 1024 * 1024;
/// Longest line of proofs and left-out leaves, in bytes.
const LINE: usize = 16 * 1024;

pub(super) fn check(
    reader: impl Read + Seek,
    shown: &str,
    trusted: Option<&TrustedKey>,
) -> Result<PackageReport, OpenError> {
    let mut faults = Faults::default();
    let mut report = PackageReport::empty(trusted.is_some());
    match Container::open(reader, Folders::Ignored) {
        Ok(zip) => Check { zip, faults: &mut faults, report: &mut report }.run(trusted),
        Err(ContainerError::Io(source)) => return Err(OpenError::Io { path: shown.to_owned(), source }),
        Err(ContainerError::NotAZip) => return Err(OpenError::NotAZip { path: shown.to_owned() }),
        Err(fault) => faults.add("the zip file", "a whole zip with one directory at its end", told(&fault)),
    }
    conclude(&mut report, faults, trusted.is_some());
    Ok(report)
}

fn conclude(report: &mut PackageReport, faults: Faults, compared: bool) {
    report.verdict = match (faults.is_empty(), compared) {
        (false, _) => Verdict::Altered,
        (true, true) => Verdict::SignedByTheGivenKey,
        (true, false) => Verdict::InternallyConsistent,
    };
    report.not_proved = [
        "that what was collected was true; only that it is what was collected",
        "when it was signed, by any clock but the signer's",
        "that the key's holder keeps no second ledger; compare checkpoints given at different times",
        "evidence/index.csv and the reports against the records; they are unaltered, not recomputed",
    ]
    .map(str::to_owned)
    .to_vec();
    if !compared {
        report
            .not_proved
            .insert(0, "whose key signed it; the key was not compared with one you trust (--key)".to_owned());
    }
    if report.records_left_out > 0 {
        report.not_proved.push(format!(
            "what the {} left-out records say; only that they exist and which hashes they have",
            report.records_left_out
        ));
    }
    if report.objects_left_out > 0 {
        report.not_proved.push(format!("the bytes of {} left-out objects", report.objects_left_out));
    }
    if faults.is_empty() {
        report.proved = vec![
            format!(
                "each of {} files has the bytes it had when the list was sealed; none is missing or added",
                report.files
            ),
            "the list is in the ledger, and the key signed that ledger".to_owned(),
            format!("each of {} records is in the ledger", report.records),
            format!("each of {} objects has the bytes its record names", report.objects),
            "no leaf of the stated range is unaccounted for".to_owned(),
        ];
    }
    report.faults = faults.listed;
    report.more_faults = faults.more;
}

struct Check<'a, R: Read + Seek> {
    zip: Container<R>,
    faults: &'a mut Faults,
    report: &'a mut PackageReport,
}

/// What the records of a package name.
#[derive(Default)]
struct Named {
    /// Objects with size and the leaf that names them.
    objects: HashMap<Digest, (u64, String)>,
    lists: Vec<(ArtifactList, String)>,
    hashes: Vec<Digest>,
    keys: Vec<VerifyingKey>,
}

impl<R: Read + Seek> Check<'_, R> {
    fn run(mut self, trusted: Option<&TrustedKey>) {
        let Some(sums) = self.list() else { return };
        let Some(key) = self.key() else { return };
        self.report.key = Some(key.vkey());
        self.report.key_fingerprint = Some(key.fingerprint());
        if let Some(trusted) = trusted
            && !trusted.is(&key)
        {
            self.faults.add(names::KEY_VKEY, "the key you named", key.fingerprint());
        }
        let Some(signed) = self.checkpoint(&key) else { return };
        self.report.checkpoint = Some(signed.checkpoint.head());
        let Some(manifest) = self.manifest(&key) else { return };
        self.report.range = Some([manifest.first, manifest.end]);
        self.report.organization = Some(manifest.organization.clone());
        self.list_record(&signed, &manifest);
        self.records(&key, &manifest, &sums);
    }

    /// `SHA256SUMS` against the files that are there, and their bytes.
    fn list(&mut self) -> Option<Sums> {
        let bytes = self.read(names::SUMS, names::MAX_WHOLE)?;
        let sums = match Sums::parse(&bytes) {
            Ok(sums) => sums,
            Err(fault) => {
                self.faults.add(names::SUMS, "a strict list of digests", told(&fault));
                return None;
            }
        };
        for name in REQUIRED {
            if sums.get(name).is_none() {
                self.faults.add(names::SUMS, format!("a line for {name}"), "none");
            }
        }
        for name in names::UNLISTED {
            if self.zip.size(name).is_none() {
                self.faults.add(name, "a file", "nothing");
            }
            if sums.get(name).is_some() {
                self.faults.add(names::SUMS, format!("no line for {name}"), "one");
            }
        }
        let present: Vec<String> = self.zip.entries().map(|(name, _)| name.to_owned()).collect();
        for name in present {
            if !names::UNLISTED.contains(&name.as_str()) && sums.get(&name).is_none() {
                self.faults.add(name, "a line in SHA256SUMS", "none: the file was added");
            }
        }
        for (name, digest) in sums.iter() {
            if self.zip.size(name).is_none() {
                self.faults.add(name, "a file, because SHA256SUMS lists it", "nothing: the file is missing");
                continue;
            }
            if !is_place(name) {
                self.faults.add(name, "a file this format knows", "another name");
            }
            if let Some(hash) = name.strip_prefix(names::EVIDENCE_OBJECTS) {
                self.report.objects += 1;
                if hash != digest.to_string() {
                    self.faults.add(name, "an object named by its digest", digest.to_string());
                }
            }
            let found = self.zip.stream(name).map_err(|fault| told(&fault));
            let found = found.and_then(|reader| Digest::of_reader(reader).map_err(|fault| told(&fault)));
            match found {
                Ok((found, _)) if found == *digest => {}
                Ok((found, _)) => self.faults.add(name, format!("SHA-256 {digest}"), found.to_string()),
                Err(fault) => self.faults.add(name, format!("SHA-256 {digest}"), fault),
            }
        }
        self.report.files = sums.len() as u64;
        Some(sums)
    }

    fn key(&mut self) -> Option<VerifyingKey> {
        let text = self.text(names::KEY_VKEY)?;
        let key = match text.strip_suffix('\n').map(VerifyingKey::parse) {
            Some(Ok(key)) => key,
            Some(Err(fault)) => {
                self.faults.add(names::KEY_VKEY, "a verifier key", told(&fault));
                return None;
            }
            None => {
                self.faults.add(names::KEY_VKEY, "one line", "no line end");
                return None;
            }
        };
        for (name, wanted) in [(names::KEY_PEM, key.pem()), (names::KEY_ALLOWED_SIGNERS, ssh::allowed_signer(&key))] {
            if self.text(name)? != wanted {
                self.faults.add(name, "the same key as keys/ledger.vkey", "another text");
            }
        }
        Some(key)
    }

    fn checkpoint(&mut self, key: &VerifyingKey) -> Option<SignedCheckpoint> {
        let note = self.text(names::CHECKPOINT)?;
        let signed = match note::open(&note, key) {
            Ok(signed) => signed,
            Err(fault) => {
                self.faults.add(names::CHECKPOINT, "a head signed by the package's key", told(&fault));
                return None;
            }
        };
        if self.read(names::CHECKPOINT_BODY, SMALL)? != signed.body.as_bytes() {
            self.faults.add(names::CHECKPOINT_BODY, "the text of the checkpoint", "another text");
        }
        if self.read(names::CHECKPOINT_SIG, SMALL)? != signed.signature {
            self.faults.add(names::CHECKPOINT_SIG, "the signature of the checkpoint", "other bytes");
        }
        if !ssh::verify(key, signed.body.as_bytes(), &self.text(names::CHECKPOINT_SSHSIG)?) {
            self.faults.add(names::CHECKPOINT_SSHSIG, "the key's OpenSSH signature over checkpoint.body", "another");
        }
        Some(signed)
    }

    fn manifest(&mut self, key: &VerifyingKey) -> Option<Manifest> {
        let bytes = self.read(names::MANIFEST, MANIFEST_LIMIT)?;
        let value = match canonical::parse(&bytes) {
            Ok(value) => value,
            Err(fault) => {
                self.faults.add(names::MANIFEST, "canonical JSON", told(&fault));
                return None;
            }
        };
        let format = value.get("format").and_then(serde_json::Value::as_str).unwrap_or("no format").to_owned();
        if format != FORMAT {
            self.faults.add(names::MANIFEST, format!("format {FORMAT}; a newer one needs a newer verifier"), format);
            return None;
        }
        let manifest: Manifest = match serde_json::from_value(value) {
            Ok(manifest) => manifest,
            Err(fault) => {
                self.faults.add(names::MANIFEST, "what a package says of itself", told(&fault));
                return None;
            }
        };
        if manifest.key != key.vkey() {
            self.faults.add(names::MANIFEST, "the key in keys/", manifest.key.clone());
        }
        if note::origin(&manifest.organization) != key.name() {
            self.faults.add(
                names::MANIFEST,
                format!("the organization of {}", key.name()),
                manifest.organization.as_str(),
            );
        }
        if manifest.first >= manifest.end || manifest.end > manifest.head.size {
            let range = format!("{} to {} of {}", manifest.first, manifest.end, manifest.head.size);
            self.faults.add(names::MANIFEST, "a range of leaves inside the head", range);
            return None;
        }
        Some(manifest)
    }

    /// The record that names the list, its way to the checkpoint, and from the package's head to the checkpoint.
    fn list_record(&mut self, signed: &SignedCheckpoint, manifest: &Manifest) -> Option<()> {
        let bytes = self.read(names::LIST_RECORD, record::MAX_BYTES as u64)?;
        let sums = self.read(names::SUMS, names::MAX_WHOLE)?;
        let statement = Record::parse(&bytes).and_then(|record| record.statement());
        match statement {
            Ok(Some(Statement::Report(report))) => {
                let wanted = Digest::of(&sums);
                let named = report.artifacts.iter().any(|artifact| {
                    artifact.name == names::SUMS
                        && artifact.sha256 == wanted
                        && artifact.size == sums.len() as u64
                        && artifact.media_type == "text/plain"
                });
                if !named {
                    self.faults.add(names::LIST_RECORD, format!("SHA256SUMS with digest {wanted}"), "another list");
                }
                if report.kind != REPORT_KIND || report.organization != manifest.organization {
                    self.faults.add(names::LIST_RECORD, "the record of a package of this organization", report.kind);
                }
                if report.checkpoint != manifest.head {
                    self.faults.add(names::LIST_RECORD, "the head in package.json", report.checkpoint.root.to_string());
                }
            }
            Ok(_) => self.faults.add(names::LIST_RECORD, "a report/1 record", "another type"),
            Err(fault) => self.faults.add(names::LIST_RECORD, "a report/1 record", told(&fault)),
        }
        let Head { size, root } = signed.checkpoint.head();
        let proof = self.read(names::LIST_PROOF, SMALL)?;
        match Inclusion::parse(&proof) {
            Ok(proof) => {
                let leaf = ledger::leaf_hash(&bytes);
                if proof.size != size || !ledger::verify_inclusion(&leaf, proof.leaf, size, &proof.path, &root) {
                    self.faults.add(names::LIST_PROOF, "the way from the list record to the checkpoint", "another way");
                }
            }
            Err(fault) => self.faults.add(names::LIST_PROOF, "an inclusion proof", told(&fault)),
        }
        let proof = self.read(names::LIST_CONSISTENCY, SMALL)?;
        match Consistency::parse(&proof) {
            Ok(proof) => {
                let Head { size: old, root: old_root } = manifest.head;
                let fits = ledger::verify_consistency(old, size, &old_root, &root, &proof.path);
                if (proof.from, proof.to) != (old, size) || old >= size || !fits {
                    let expected = "the way from the package's head to the checkpoint";
                    self.faults.add(names::LIST_CONSISTENCY, expected, "another way");
                }
            }
            Err(fault) => self.faults.add(names::LIST_CONSISTENCY, "a consistency proof", told(&fault)),
        }
        Some(())
    }

    /// Every record against its proof, the range against the head, and the objects against the records.
    fn records(&mut self, key: &VerifyingKey, manifest: &Manifest, sums: &Sums) {
        let mut named = self.read_records(manifest);
        let leaves = self.prove_records(manifest, &named.hashes);
        let (left_out, objects_left_out) = self.left_out(manifest, &leaves);
        self.prove_range(manifest, &leaves, &left_out);
        if !named.keys.contains(key) {
            self.faults.add(names::RECORDS, "the key/1 record that introduces the key", "none");
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
                named.objects.insert(artifact.sha256, (artifact.size, place.clone()));
            }
            if let Some(list) = record.artifact_list() {
                named.objects.insert(list.sha256, (list.size, place.clone()));
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
                    Ok(artifact) => {
                        named.objects.insert(artifact.sha256, (artifact.size, place.clone()));
                    }
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
                    self.faults.add(entry, format!("{size} bytes, as {place} says"), found.to_string())
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

    fn read(&mut self, name: &str, limit: u64) -> Option<Vec<u8>> {
        match self.zip.read(name, limit) {
            Ok(bytes) => Some(bytes),
            Err(fault) => {
                self.faults.add(name, "a file that can be read", told(&fault));
                None
            }
        }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let bytes = self.read(name, SMALL)?;
        let text = String::from_utf8(bytes);
        if text.is_err() {
            self.faults.add(name, "text", "bytes that are not UTF-8");
        }
        text.ok()
    }
}

/// Whether a listed name is one this format has a place for.
fn is_place(name: &str) -> bool {
    let object = name.strip_prefix(names::EVIDENCE_OBJECTS).map(str::parse::<Digest>);
    REQUIRED.contains(&name) || name.starts_with(names::REPORTS) || matches!(object, Some(Ok(_)))
}

fn canonical_line<T: serde::de::DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let value = canonical::parse(line).map_err(|fault| told(&fault))?;
    serde_json::from_value(value).map_err(|fault| told(&fault))
}
