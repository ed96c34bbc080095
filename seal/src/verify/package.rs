//! Checks a package: the list, the key, the checkpoint, the list's proof, every record's proof, every object.

mod contents;

use std::io::{Read, Seek};

use super::report::{OpenError, PackageReport, TrustedKey, Verdict};
use super::{Faults, told};
use crate::canonical;
use crate::container::{Container, ContainerError, Folders};
use crate::digest::Digest;
use crate::ledger;
use crate::manifest::{FORMAT, Manifest, REPORT_KIND};
use crate::names;
use crate::note::{self, SignedCheckpoint, VerifyingKey};
use crate::proof::{Consistency, Inclusion};
use crate::record::{self, Head, Record, Statement};
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

pub(super) fn check(
    reader: impl Read + Seek,
    shown: &str,
    trusted: Option<&TrustedKey>,
) -> Result<PackageReport, OpenError> {
    let mut faults = Faults::default();
    let mut report = PackageReport::empty(trusted.is_some());
    match Container::open(reader, Folders::Ignored) {
        Ok(zip) => {
            if let Some(format) = (Check { zip, faults: &mut faults, report: &mut report }).run(trusted) {
                return Err(OpenError::Newer { place: shown.to_owned(), format });
            }
        }
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

/// What a fault expected where only the key is another one.
pub(super) const NAMED_KEY: &str = "the key you named";

struct Check<'a, R: Read + Seek> {
    zip: Container<R>,
    faults: &'a mut Faults,
    report: &'a mut PackageReport,
}

impl<R: Read + Seek> Check<'_, R> {
    /// Gives the format of a package that holds and is of a newer version: what else it has is not for this one to judge.
    fn run(mut self, trusted: Option<&TrustedKey>) -> Option<String> {
        let sums = self.list()?;
        if self.faults.is_empty()
            && let Some(format) = self.newer()
        {
            return Some(format);
        }
        self.places(&sums);
        self.contents(&sums, trusted);
        None
    }

    fn contents(&mut self, sums: &Sums, trusted: Option<&TrustedKey>) {
        let Some(key) = self.key() else { return };
        self.report.key = Some(key.vkey());
        self.report.key_fingerprint = Some(key.fingerprint());
        if let Some(trusted) = trusted
            && !trusted.is(&key)
        {
            self.faults.add(names::KEY_VKEY, NAMED_KEY, key.fingerprint());
        }
        let Some(signed) = self.checkpoint(&key) else { return };
        self.report.checkpoint = Some(signed.checkpoint.head());
        let Some(manifest) = self.manifest(&key) else { return };
        self.report.range = Some([manifest.first, manifest.end]);
        self.report.organization = Some(manifest.organization.clone());
        self.list_record(&signed, &manifest);
        self.records(&key, &manifest, sums);
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

    /// A format after this one, where `package.json` names one.
    fn newer(&mut self) -> Option<String> {
        let bytes = self.zip.read(names::MANIFEST, MANIFEST_LIMIT).ok()?;
        let value = canonical::parse(&bytes).ok()?;
        let format = value.get("format")?.as_str()?;
        super::is_newer(format, FORMAT).then(|| format.to_owned())
    }

    /// The files that every package has are listed, and no other.
    fn places(&mut self, sums: &Sums) {
        for name in REQUIRED {
            if sums.get(name).is_none() {
                self.faults.add(names::SUMS, format!("a line for {name}"), "none");
            }
        }
        for (name, digest) in sums.iter() {
            if !is_place(name) {
                self.faults.add(name, "a file this format knows", "another name");
            }
            if let Some(hash) = name.strip_prefix(names::EVIDENCE_OBJECTS) {
                self.report.objects += 1;
                if hash != digest.to_string() {
                    self.faults.add(name, "an object named by its digest", digest.to_string());
                }
            }
        }
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
