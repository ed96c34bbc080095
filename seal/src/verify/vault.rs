//! Checks a vault, one organization at a time: log objects in sequence, the archives they name, the tree they build.
//!
//! First every archive's structure, list and objects; then, commit by commit, records and heads. A record may name an
//! object that an older or newer archive of the same organization holds.

mod archives;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read as _;

use super::report::{OpenError, OrganizationReport, VaultOptions, VaultReport, Verdict};
use super::{Faults, ReadSeek, VaultSource, told};
use crate::digest::Digest;
use crate::ledger::{self, Tree};
use crate::log;
use crate::names;
use crate::note::{self, VerifyingKey};
use crate::record::{self, ArtifactList, KeyEvent, Record, Statement, Uuid};

pub(super) fn check(source: &dyn VaultSource, options: &VaultOptions) -> Result<VaultReport, OpenError> {
    let mut faults = Faults::default();
    let mut organizations = Vec::new();
    let unlisted = |source| OpenError::Io { path: "the vault".to_owned(), source };
    for name in source.organizations().map_err(unlisted)? {
        if options.organization.as_ref().is_some_and(|only| only.as_str() != name) {
            continue;
        }
        match name.parse::<Uuid>() {
            Ok(organization) => organizations.push(Ledger::new(source, options, &mut faults, organization).run()?),
            Err(fault) => faults.add(name, "a folder named by an organization's UUID", told(&fault)),
        }
    }
    if let Some(only) = &options.organization
        && organizations.is_empty()
    {
        faults.add(only.as_str(), "the organization's folder", "nothing");
    }
    if options.key.is_some() && !organizations.iter().any(|found| found.key_compared) {
        let keys: Vec<&str> = organizations.iter().filter_map(|found| found.key_fingerprint.as_deref()).collect();
        faults.add("the vault", "a head signed by the key you named", format!("only heads of {keys:?}"));
    }
    since(options, &organizations, &mut faults);
    Ok(conclude(options, organizations, faults))
}

/// Heads kept elsewhere whose ledger is not in the vault at all are a rollback too; the others were compared on the way.
fn since(options: &VaultOptions, organizations: &[OrganizationReport], faults: &mut Faults) {
    for kept in &options.since {
        match note::claimed_checkpoint(kept) {
            Ok(kept) => {
                let known =
                    organizations.iter().any(|found| kept.origin == format!("countersign/{}", found.organization));
                if !known {
                    faults.add(kept.origin, "the ledger of the checkpoint you kept", "no such ledger");
                }
            }
            Err(fault) => faults.add("the checkpoint you kept", "a signed note", told(&fault)),
        }
    }
}

fn conclude(options: &VaultOptions, organizations: Vec<OrganizationReport>, faults: Faults) -> VaultReport {
    let compared = !organizations.is_empty() && organizations.iter().all(|found| found.key_compared);
    let verdict = match (faults.is_empty(), compared) {
        (false, _) => Verdict::Altered,
        (true, true) => Verdict::SignedByTheGivenKey,
        (true, false) => Verdict::InternallyConsistent,
    };
    let mut not_proved = vec![
        "that what was collected was true; only that it is what was collected".to_owned(),
        "that the key's holder did not rewrite the whole vault; compare with checkpoints kept elsewhere (--since)"
            .to_owned(),
    ];
    if options.skip_data {
        not_proved.push("the bytes of objects; they were not read".to_owned());
    }
    if !compared {
        not_proved.push("whose keys these are; they were not compared with ones you trust (--key)".to_owned());
    }
    let mut proved = Vec::new();
    if faults.is_empty() {
        let records: u64 = organizations.iter().map(|found| found.records).sum();
        let commits: u64 = organizations.iter().map(|found| found.commits).sum();
        proved
            .push(format!("{records} records rebuild each of {commits} signed heads, each continuing the one before"));
        proved.push("every archive has the bytes its log object names".to_owned());
        if !options.skip_data {
            proved.push("every artifact's object is there and has the bytes its record names".to_owned());
        }
    }
    VaultReport { verdict, organizations, proved, not_proved, faults: faults.listed, more_faults: faults.more }
}

/// Objects an organization holds: size, or none where the bytes are not what the name says.
type Objects = HashMap<Digest, Option<u64>>;

struct Ledger<'a> {
    source: &'a dyn VaultSource,
    options: &'a VaultOptions,
    faults: &'a mut Faults,
    organization: Uuid,
    report: OrganizationReport,
    tree: Tree,
    /// The key that may sign the next head.
    key: Option<VerifyingKey>,
    /// The key of leaf 0, which signs the first head whatever else the first commit says.
    first_key: Option<VerifyingKey>,
    lists: Vec<(ArtifactList, String)>,
}

impl<'a> Ledger<'a> {
    fn new(source: &'a dyn VaultSource, options: &'a VaultOptions, faults: &'a mut Faults, organization: Uuid) -> Self {
        let report = OrganizationReport {
            organization: organization.to_string(),
            key_fingerprint: None,
            key_compared: false,
            checkpoint: None,
            commits: 0,
            archives: 0,
            records: 0,
            objects: 0,
            objects_read: !options.skip_data,
            leaves: Vec::new(),
            notes: Vec::new(),
        };
        let (tree, lists) = (Tree::default(), Vec::new());
        Self { source, options, faults, organization, report, tree, key: None, first_key: None, lists }
    }

    fn run(mut self) -> Result<OrganizationReport, OpenError> {
        let entries = self.entries()?;
        let present = self.listed(names::ARCHIVES)?;
        let committed: HashSet<&str> = entries.values().map(|entry| entry.archive.name.as_str()).collect();
        for name in &present {
            if !committed.contains(name.as_str()) {
                self.report
                    .notes
                    .push(format!("archive {name} belongs to no commit; a commit that never ended leaves one"));
            }
        }
        let mut objects = Objects::new();
        for entry in entries.values() {
            self.archive(entry, &mut objects);
        }
        self.report.objects = objects.len() as u64;
        for entry in entries.values() {
            self.commit(entry, &objects);
        }
        self.artifact_lists(&entries, &objects);
        self.kept_elsewhere();
        self.report.records = self.tree.size();
        self.report.leaves = (0..self.tree.size()).filter_map(|leaf| self.tree.leaf(leaf)).collect();
        Ok(self.report)
    }

    /// All log objects by sequence. A hole ends the ledger: what follows cannot be placed.
    fn entries(&mut self) -> Result<BTreeMap<u64, log::Entry>, OpenError> {
        let mut entries = BTreeMap::new();
        for name in self.listed(names::LOG)? {
            let place = self.place(names::LOG, &name);
            let Some(sequence) = names::log_sequence(&name) else {
                self.report.notes.push(format!("{place} is no log object"));
                continue;
            };
            let bytes = self.whole(names::LOG, &name, log::MAX_BYTES);
            match bytes.and_then(|bytes| log::Entry::decode(&bytes).map_err(|fault| told(&fault))) {
                Ok(entry) => {
                    if entry.sequence != sequence {
                        self.faults.add(&place, format!("sequence {sequence}"), entry.sequence.to_string());
                    }
                    if entry.organization != self.organization {
                        self.faults.add(&place, "this organization", entry.organization.as_str());
                    }
                    entries.insert(sequence, entry);
                }
                Err(fault) => self.faults.add(place, "a log object", fault),
            }
        }
        for (sequence, expected) in entries.keys().zip(log::FIRST_SEQUENCE..) {
            if *sequence != expected {
                self.faults.add(
                    self.place(names::LOG, ""),
                    format!("log object {expected}"),
                    format!("{sequence} next"),
                );
                break;
            }
        }
        self.report.commits = entries.len() as u64;
        Ok(entries)
    }

    /// A commit's records become leaves; then its head must be theirs and signed.
    fn commit(&mut self, entry: &log::Entry, objects: &Objects) {
        let place = self.place(names::LOG, &format!("{:016}.json", entry.sequence));
        let first = self.tree.size();
        if entry.first_leaf != first {
            self.faults.add(&place, format!("first leaf {first}"), entry.first_leaf.to_string());
        }
        let before = self.key.clone();
        if let Some(mut zip) = self.open(entry) {
            let ended = zip.lines(names::RECORDS, record::MAX_BYTES, |_, line| {
                self.leaf(line, objects);
                true
            });
            if let Err(fault) = ended {
                let place = self.place(names::ARCHIVES, &entry.archive.name);
                self.faults.add(format!("{place}, {}", names::RECORDS), "one record a line", told(&fault));
            }
            let inside = zip.read(names::CHECKPOINT, note::MAX_NOTE as u64);
            if !inside.is_ok_and(|inside| inside == entry.checkpoint.as_bytes()) {
                let place = self.place(names::ARCHIVES, &entry.archive.name);
                self.faults.add(
                    format!("{place}, {}", names::CHECKPOINT),
                    "the checkpoint of its log object",
                    "another",
                );
            }
        }
        let added = self.tree.size() - first;
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

    fn leaf(&mut self, line: &[u8], objects: &Objects) {
        let leaf = self.tree.size();
        let place = format!("organization {}, leaf {leaf}", self.organization);
        self.tree.push(ledger::leaf_hash(line));
        let record = match Record::parse(line) {
            Ok(record) => record,
            Err(fault) => return self.faults.add(place, "a record in canonical form", told(&fault)),
        };
        if *record.organization() != self.organization {
            self.faults.add(&place, "a record of this organization", record.organization().as_str());
        }
        match record.statement() {
            Ok(Some(Statement::Key(fact))) => self.key_record(leaf, &place, &fact),
            Ok(_) if leaf == 0 => {
                self.faults.add(&place, "the key/1 record of the signing key", record.kind().as_str());
            }
            Ok(_) => {}
            Err(fault) => self.faults.add(&place, "what its type says", told(&fault)),
        }
        for artifact in record.artifacts() {
            self.object(objects, artifact.sha256, artifact.size, &format!("{place}, artifact `{}`", artifact.name));
        }
        if let Some(list) = record.artifact_list() {
            self.object(objects, list.sha256, list.size, &format!("{place}, artifact list"));
            self.lists.push((list.clone(), place));
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
    fn kept_elsewhere(&mut self) {
        let origin = note::origin(&self.organization);
        for kept in &self.options.since {
            let Ok(kept) = note::claimed_checkpoint(kept) else { continue };
            if kept.origin != origin {
                continue;
            }
            match self.tree.root_at(kept.size) {
                Ok(root) if root == kept.root => {}
                Ok(root) => {
                    let expected = format!("root {} at {} leaves, as in the checkpoint you kept", kept.root, kept.size);
                    self.faults.add(&origin, expected, format!("root {root}: the ledger was rewritten"));
                }
                Err(_) => {
                    let expected = format!("at least {} leaves, as in the checkpoint you kept", kept.size);
                    self.faults.add(&origin, expected, format!("{}: the ledger was rolled back", self.tree.size()));
                }
            }
        }
    }

    fn listed(&self, folder: &str) -> Result<Vec<String>, OpenError> {
        let organization = self.organization.as_str();
        let fault = |source| OpenError::Io { path: format!("{organization}/{folder}"), source };
        self.source.list(organization, folder).map_err(fault)
    }

    fn file(&self, folder: &str, name: &str) -> Result<Box<dyn ReadSeek>, String> {
        self.source.open(self.organization.as_str(), folder, name).map_err(|fault| told(&fault))
    }

    fn whole(&self, folder: &str, name: &str, limit: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        self.file(folder, name)?.take(limit + 1).read_to_end(&mut bytes).map_err(|fault| told(&fault))?;
        if bytes.len() as u64 > limit { Err(format!("more than {limit} bytes")) } else { Ok(bytes) }
    }

    fn place(&self, folder: &str, name: &str) -> String {
        format!("{}/{folder}/{name}", self.organization)
    }
}
