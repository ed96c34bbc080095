//! Writes the zip an auditor takes away, in two steps.
//!
//! First every file is written and listed in `SHA256SUMS`; the caller commits a `report/1` record that names the list's
//! digest; then the signed checkpoint over that record and its proofs close the zip. So nothing in a package can change
//! without breaking the list, and the list cannot change without breaking the ledger. It never decides which records
//! belong in. Start at [`PackageWriter::new`].

mod text;

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Seek, Write};

use crate::archive::{ArchiveError, EntryWriter};
use crate::canonical::{self, CanonicalError};
use crate::digest::Digest;
use crate::ledger::{LedgerError, Nodes};
use crate::manifest::{FORMAT, LeafLeftOut, LeftOut, Manifest, ObjectLeftOut, ProofLine, REPORT_KIND};
use crate::names;
use crate::note::{SignedCheckpoint, VerifyingKey};
use crate::proof::{Consistency, Inclusion};
use crate::record::{Artifact, Head, Record, Statement, Time, Uuid};
use crate::ssh;

/// The script in every package that checks it with standard tools only.
pub const VERIFY_SH: &str = include_str!("package/verify.sh");

/// What a package is about.
#[derive(Debug, Clone)]
pub struct About {
    pub organization: Uuid,
    /// For people: the client and the purpose.
    pub title: String,
    pub created: Time,
    /// Leaves `[first, end)` of the period the package speaks of; `first < end <= head.size`.
    pub first: u64,
    pub end: u64,
    /// The head the package is made from; every proof leads to it.
    pub head: Head,
    /// The key that signs the ledger's checkpoints.
    pub key: VerifyingKey,
    /// Why leaves of the range are not in the package, in one sentence.
    pub left_out_because: String,
}

/// Why a package could not be written. What was written so far must be thrown away.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("a file of the package could not be written")]
    Write(#[from] ArchiveError),
    #[error("a member of the package has no canonical form")]
    Canonical(#[from] CanonicalError),
    #[error("the ledger cannot prove what the package needs")]
    Ledger(#[from] LedgerError),
    #[error("the package's head does not fit the ledger; make it from a head the ledger has had")]
    Head,
    #[error("leaf {0} of the ledger is another record than the one given")]
    OtherRecord(u64),
    #[error(
        "no key/1 record of the signing key was given; add the record that introduced it (leaf 0 for the first key)"
    )]
    NoKeyRecord,
    #[error("leaf {leaf} names object {object}, which was neither added nor left out")]
    NoObject { leaf: u64, object: Digest },
    #[error("object {0} is named by no record of the package")]
    StrayObject(Digest),
    #[error("the list record does not name the package's list and head, see `ListedPackage::artifact`")]
    ListRecord,
    #[error("the checkpoint does not cover the list record or is signed by another key")]
    Checkpoint,
}

/// Asks nodes for everything [`PackageWriter::list`] will ask for, when the given leaves are the package's records.
/// For [`crate::tiles::plan`], so that no whole tree is needed.
///
/// # Errors
/// When the ledger has not the head, the range or one of the leaves.
pub fn ask_for_list(
    nodes: &dyn Nodes,
    about: &About,
    records: impl IntoIterator<Item = u64>,
) -> Result<(), LedgerError> {
    nodes.root_at(about.head.size)?;
    nodes.range_proof(about.first, about.end, about.head.size)?;
    for leaf in records {
        nodes.inclusion(leaf, about.head.size)?;
        nodes.leaf(leaf);
    }
    for leaf in about.first..about.end {
        nodes.leaf(leaf);
    }
    Ok(())
}

/// Asks nodes for everything [`ListedPackage::finish`] will ask for: a package of the head of `from` leaves, its list
/// record as leaf `leaf`, the signed head of `size` leaves.
///
/// # Errors
/// When the ledger has not these sizes or the leaf.
pub fn ask_for_finish(nodes: &dyn Nodes, from: u64, leaf: u64, size: u64) -> Result<(), LedgerError> {
    nodes.root_at(size)?;
    nodes.leaf(leaf);
    nodes.inclusion(leaf, size)?;
    nodes.consistency(from, size)?;
    Ok(())
}

/// A package in its first step: files are added.
pub struct PackageWriter<W: Write + Seek> {
    entries: EntryWriter<W>,
    about: About,
    records: BTreeMap<u64, Record>,
    /// Objects in the package with their sizes.
    objects: HashMap<Digest, u64>,
    /// Objects that stay away, with the reason.
    left_out: BTreeMap<Digest, String>,
}

/// A package in its second step: all files are there and listed; checkpoint and proof are missing.
pub struct ListedPackage<W: Write + Seek> {
    entries: EntryWriter<W>,
    about: About,
    sums: Vec<u8>,
}

impl<W: Write + Seek> PackageWriter<W> {
    /// Begins a package at the start of `out`. `level` is deflate's.
    ///
    /// # Errors
    /// When writing fails.
    pub fn new(out: W, about: About, level: u8) -> Result<Self, PackageError> {
        let mut entries = EntryWriter::new(out, level);
        entries.bytes(names::README, text::readme(&about).as_bytes())?;
        entries.bytes(names::VERIFY_SH, VERIFY_SH.as_bytes())?;
        entries.bytes(names::KEY_VKEY, format!("{}\n", about.key.vkey()).as_bytes())?;
        entries.bytes(names::KEY_PEM, about.key.pem().as_bytes())?;
        entries.bytes(names::KEY_ALLOWED_SIGNERS, ssh::allowed_signer(&about.key).as_bytes())?;
        Ok(Self { entries, about, records: BTreeMap::new(), objects: HashMap::new(), left_out: BTreeMap::new() })
    }

    /// Adds the record that is the given leaf of the ledger. The key/1 record of the signing key must be among them.
    pub fn add_record(&mut self, leaf: u64, record: Record) {
        self.records.insert(leaf, record);
    }

    /// Streams a report into `reports/`; gives digest and size. `size` is a hint.
    ///
    /// # Errors
    /// When the name is not plain, or reading or writing fails.
    pub fn add_report(&mut self, name: &str, size: u64, reader: impl Read) -> Result<(Digest, u64), PackageError> {
        Ok(self.entries.stream(&format!("{}{name}", names::REPORTS), size, reader)?)
    }

    /// Whether an object is in the package already.
    #[must_use]
    pub fn contains(&self, object: &Digest) -> bool {
        self.objects.contains_key(object)
    }

    /// Streams an object that a record names; checks its digest on the way.
    ///
    /// # Errors
    /// When reading or writing fails or the bytes are others than promised.
    pub fn add_object(&mut self, object: Digest, size: u64, reader: impl Read) -> Result<(), PackageError> {
        if self.contains(&object) {
            return Ok(());
        }
        let (found, written) = self.entries.stream(&names::evidence_entry(&object), size, reader)?;
        if found != object || written != size {
            return Err(ArchiveError::Changed { expected: object, found, size: written }.into());
        }
        self.objects.insert(object, size);
        Ok(())
    }

    /// States that an object stays away, and why.
    pub fn leave_out_object(&mut self, object: Digest, reason: &str) {
        self.left_out.insert(object, reason.to_owned());
    }

    /// Ends the first step: proves every record against the ledger and writes the list.
    ///
    /// # Errors
    /// When records, head or key do not fit the ledger, or an object is neither there nor left out.
    pub fn list(self, ledger: &dyn Nodes) -> Result<ListedPackage<W>, PackageError> {
        self.check(ledger)?;
        let Self { mut entries, about, records, objects, left_out } = self;
        let left_out_leaves = write_left_out(&mut entries, &about, &records, &left_out, ledger)?;
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            organization: about.organization.clone(),
            title: about.title.clone(),
            created: about.created.clone(),
            first: about.first,
            end: about.end,
            head: about.head,
            key: about.key.vkey(),
            records: records.len() as u64,
            records_left_out: left_out_leaves,
            objects: objects.len() as u64,
            objects_left_out: left_out.len() as u64,
            range_proof: ledger.range_proof(about.first, about.end, about.head.size)?,
        };
        entries.bytes(names::MANIFEST, &canonical::to_bytes(&manifest)?)?;
        let mut proofs = Vec::new();
        for leaf in records.keys() {
            let path = ledger.inclusion(*leaf, about.head.size)?;
            proofs.push(canonical::to_bytes(&ProofLine { leaf: *leaf, path })?);
        }
        entries.lines(names::PROOFS, proofs.iter().map(Vec::as_slice))?;
        entries.lines(names::RECORDS, records.values().map(Record::bytes))?;
        entries.bytes(names::EVIDENCE_INDEX, text::index(&records, &objects).as_bytes())?;
        let sums = std::mem::take(&mut entries.sums).encode();
        entries.bytes(names::SUMS, &sums)?;
        Ok(ListedPackage { entries, about, sums })
    }

    fn check(&self, ledger: &dyn Nodes) -> Result<(), PackageError> {
        let About { head, first, end, key, .. } = &self.about;
        if first >= end || *end > head.size || ledger.root_at(head.size)? != head.root {
            return Err(PackageError::Head);
        }
        let mut named = HashMap::new();
        let mut lists = 0_u64;
        let mut key_seen = false;
        for (leaf, record) in &self.records {
            if ledger.leaf(*leaf) != Some(record.leaf_hash()) || record.organization() != &self.about.organization {
                return Err(PackageError::OtherRecord(*leaf));
            }
            if let Ok(Some(Statement::Key(fact))) = record.statement() {
                key_seen |= VerifyingKey::from_facts(&fact.key).is_ok_and(|found| found == *key);
            }
            lists += u64::from(record.artifact_list().is_some());
            let objects = record.artifacts().iter().map(|artifact| artifact.sha256);
            for object in objects.chain(record.artifact_list().map(|list| list.sha256)) {
                named.insert(object, *leaf);
                if !self.objects.contains_key(&object) && !self.left_out.contains_key(&object) {
                    return Err(PackageError::NoObject { leaf: *leaf, object });
                }
            }
        }
        if !key_seen {
            return Err(PackageError::NoKeyRecord);
        }
        // An artifact list names further objects that were streamed past; only without one can a stray be told.
        if lists == 0
            && let Some(stray) = self.objects.keys().find(|object| !named.contains_key(object))
        {
            return Err(PackageError::StrayObject(*stray));
        }
        Ok(())
    }
}

fn write_left_out<W: Write + Seek>(
    entries: &mut EntryWriter<W>,
    about: &About,
    records: &BTreeMap<u64, Record>,
    objects: &BTreeMap<Digest, String>,
    ledger: &dyn Nodes,
) -> Result<u64, PackageError> {
    let mut lines = Vec::new();
    for leaf in (about.first..about.end).filter(|leaf| !records.contains_key(leaf)) {
        let hash = ledger.leaf(leaf).ok_or(PackageError::Head)?;
        let line = LeftOut::Leaf(LeafLeftOut { leaf, hash, reason: about.left_out_because.clone() });
        lines.push(canonical::to_bytes(&line)?);
    }
    let leaves = lines.len() as u64;
    for (object, reason) in objects {
        let line = LeftOut::Object(ObjectLeftOut { object: *object, reason: reason.clone() });
        lines.push(canonical::to_bytes(&line)?);
    }
    entries.lines(names::LEFT_OUT, lines.iter().map(Vec::as_slice))?;
    Ok(leaves)
}

impl<W: Write + Seek> ListedPackage<W> {
    /// The bytes of `SHA256SUMS`. Store them as an object beside the list record, which names them.
    #[must_use]
    pub fn sums(&self) -> &[u8] {
        &self.sums
    }

    /// What the list record (`report/1`, kind [`REPORT_KIND`]) must have among its artifacts.
    #[must_use]
    pub fn artifact(&self) -> Artifact {
        Artifact {
            name: names::SUMS.to_owned(),
            sha256: Digest::of(&self.sums),
            size: self.sums.len() as u64,
            media_type: "text/plain".to_owned(),
        }
    }

    /// What the list record must have as its checkpoint.
    #[must_use]
    pub fn head(&self) -> Head {
        self.about.head
    }

    /// Ends the package: `record` is leaf `leaf` of `ledger`, whose head `signed` signs.
    ///
    /// # Errors
    /// When record, checkpoint and ledger do not fit the package or each other, or writing fails.
    pub fn finish(
        self,
        signed: &SignedCheckpoint,
        record: &Record,
        leaf: u64,
        ledger: &dyn Nodes,
    ) -> Result<W, PackageError> {
        let Head { size, root } = signed.checkpoint.head();
        match record.statement() {
            Ok(Some(Statement::Report(report)))
                if report.kind == REPORT_KIND
                    && report.checkpoint == self.head()
                    && report.organization == self.about.organization
                    && report.artifacts.contains(&self.artifact()) => {}
            _ => return Err(PackageError::ListRecord),
        }
        let signed_by_key = crate::note::open(&signed.note, &self.about.key).is_ok();
        if !signed_by_key || ledger.root_at(size)? != root || ledger.leaf(leaf) != Some(record.leaf_hash()) {
            return Err(PackageError::Checkpoint);
        }
        let from = self.about.head.size;
        let inclusion = Inclusion { leaf, size, path: ledger.inclusion(leaf, size)? };
        let consistency = Consistency { from, to: size, path: ledger.consistency(from, size)? };
        let Self { mut entries, .. } = self;
        entries.bytes(names::CHECKPOINT, signed.note.as_bytes())?;
        entries.bytes(names::CHECKPOINT_BODY, signed.body.as_bytes())?;
        entries.bytes(names::CHECKPOINT_SIG, &signed.signature)?;
        entries.bytes(names::CHECKPOINT_SSHSIG, signed.ssh_signature.as_bytes())?;
        entries.bytes(names::LIST_RECORD, record.bytes())?;
        entries.bytes(names::LIST_PROOF, inclusion.encode().as_bytes())?;
        entries.bytes(names::LIST_CONSISTENCY, consistency.encode().as_bytes())?;
        Ok(entries.finish()?)
    }
}
