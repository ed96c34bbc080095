//! Checks a vault, one organization at a time: log objects in sequence, the archives in force for them, the tree they
//! build.
//!
//! First, from the last commit to the first, every archive's structure, list and objects: a deletion says which archive
//! stands for an earlier commit now, so it must be read before that one. Then, commit by commit, records and heads. A
//! record may name an object that an older or newer archive of the same organization holds, or one that a later deletion
//! lists. Start at [`Ledger::run`].

mod archives;
mod commits;
mod deletions;
mod objects;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Read as _;

use super::report::{OpenError, OrganizationReport, VaultOptions, VaultReport, Verdict};
use super::{Faults, ReadSeek, VaultSource, is_newer, told};
use crate::container::printable;
use crate::digest::Digest;
use crate::ledger::Frontier;
use crate::log::{self, LogError};
use crate::names;
use crate::note::{self, VerifyingKey};
use crate::record::{ArtifactList, KeptArchive, Uuid};
use deletions::{Deletions, InForce};

pub(super) fn check(source: &dyn VaultSource, options: &VaultOptions) -> Result<VaultReport, OpenError> {
    let mut faults = Faults::default();
    let (mut organizations, mut notes) = (Vec::new(), Vec::new());
    let unlisted = |source| OpenError::Io { path: "the vault".to_owned(), source };
    for name in source.organizations().map_err(unlisted)? {
        if options.organization.as_ref().is_some_and(|only| only.as_str() != name) {
            continue;
        }
        match name.parse::<Uuid>() {
            Ok(organization) => organizations.push(Ledger::new(source, options, &mut faults, organization).run()?),
            Err(fault) if looks_like_uuid(&name) => {
                faults.add(name, "a folder named by an organization's UUID", told(&fault));
            }
            Err(_) => {
                notes.push(format!("{} is not named by a UUID and was not looked at", printable(&name)));
            }
        }
    }
    if let Some(only) = &options.organization
        && organizations.is_empty()
    {
        faults.add(only.as_str(), "the organization's folder", "nothing");
    }
    let newer = organizations.iter().find_map(|found: &OrganizationReport| found.newer.clone());
    if options.key.is_some() && newer.is_none() && !organizations.iter().any(|found| found.key_compared) {
        let keys: Vec<&str> = organizations.iter().filter_map(|found| found.key_fingerprint.as_deref()).collect();
        faults.add("the vault", "a head signed by the key you named", format!("only heads of {keys:?}"));
    }
    since(options, &organizations, &mut faults);
    if let Some([place, format]) = newer
        && faults.is_empty()
    {
        return Err(OpenError::Newer { place, format });
    }
    Ok(VaultReport { notes, ..conclude(options, organizations, faults) })
}

/// Whether a name is meant to be a UUID: 36 characters with the hyphens of one.
fn looks_like_uuid(name: &str) -> bool {
    let hyphens = |place: usize| matches!(place, 8 | 13 | 18 | 23);
    name.chars().count() == 36 && name.chars().enumerate().all(|(place, letter)| !hyphens(place) || letter == '-')
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
    if organizations.iter().any(|found| found.deletions > 0) {
        not_proved.push("what deleted objects said; only which digest, size and record each had".to_owned());
    }
    let mut proved = Vec::new();
    if faults.is_empty() {
        let records: u64 = organizations.iter().map(|found| found.records).sum();
        let commits: u64 = organizations.iter().map(|found| found.commits).sum();
        proved
            .push(format!("{records} records rebuild each of {commits} signed heads, each continuing the one before"));
        proved.push("every archive has the bytes its log object names".to_owned());
        if !options.skip_data {
            let deletions: u64 = organizations.iter().map(|found| found.deletions).sum();
            let objects: u64 = organizations.iter().map(|found| found.deleted_objects).sum();
            proved.push(if deletions == 0 {
                "every artifact's object is there and has the bytes its record names".to_owned()
            } else {
                format!(
                    "every artifact's object is there and has the bytes its record names, or is one of {objects} that \
                     {deletions} later deletion records list"
                )
            });
        }
    }
    let (notes, more_faults) = (Vec::new(), faults.more);
    VaultReport { verdict, organizations, notes, proved, not_proved, faults: faults.listed, more_faults }
}

/// An object as the archives in force hold it.
struct Held {
    /// In bytes; `None` where the bytes are not what the name says.
    size: Option<u64>,
    /// The earliest commit whose archive holds it.
    first: u64,
}

type Objects = HashMap<Digest, Held>;

/// One commit, and the archive that stands for it now.
struct Commit {
    entry: log::Entry,
    archive: KeptArchive,
    /// The log object, or the deletion, that names the archive.
    named_by: String,
}

struct Ledger<'a> {
    source: &'a dyn VaultSource,
    options: &'a VaultOptions,
    faults: &'a mut Faults,
    organization: Uuid,
    report: OrganizationReport,
    tree: Frontier,
    /// The key that may sign the next head.
    key: Option<VerifyingKey>,
    /// The key of leaf 0, which signs the first head whatever else the first commit says.
    first_key: Option<VerifyingKey>,
    objects: Objects,
    /// Artifact lists by digest, with the last leaf that names them.
    lists: HashMap<Digest, (ArtifactList, u64)>,
    deletions: Deletions,
    in_force: InForce,
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
            deletions: 0,
            deleted_objects: 0,
            leaves: Vec::new(),
            newer: None,
            notes: Vec::new(),
        };
        Self {
            source,
            options,
            faults,
            organization,
            report,
            tree: Frontier::default(),
            key: None,
            first_key: None,
            objects: Objects::new(),
            lists: HashMap::new(),
            deletions: Deletions::default(),
            in_force: InForce::default(),
        }
    }

    fn run(mut self) -> Result<OrganizationReport, OpenError> {
        let entries = self.entries()?;
        let mut commits = BTreeMap::new();
        for (sequence, entry) in entries.into_iter().rev() {
            let commit = self.deletions.commit(entry);
            self.archive(&commit);
            commits.insert(sequence, commit);
        }
        self.report.objects = self.objects.len() as u64;
        self.left_over(&commits)?;
        self.deleted_lists(&commits);
        for commit in commits.values() {
            self.commit(commit);
        }
        self.artifact_lists(&commits);
        self.kept_elsewhere();
        self.report.records = self.tree.size();
        Ok(self.report)
    }

    /// Archives that stand for no commit: of a commit that never ended, or replaced by a deletion.
    fn left_over(&mut self, commits: &BTreeMap<u64, Commit>) -> Result<(), OpenError> {
        let in_force: HashSet<&str> = commits.values().map(|commit| commit.archive.name.as_str()).collect();
        for name in self.listed(names::ARCHIVES)? {
            if in_force.contains(name.as_str()) {
                continue;
            }
            self.report.notes.push(if self.deletions.replaced(&name) {
                format!("archive {name} still holds deleted bytes; the next start removes it")
            } else {
                format!("archive {name} belongs to no commit; a commit that never ended leaves one")
            });
        }
        Ok(())
    }

    /// All log objects by sequence. A hole ends the ledger: what follows cannot be placed.
    fn entries(&mut self) -> Result<BTreeMap<u64, log::Entry>, OpenError> {
        let mut entries = BTreeMap::new();
        let mut newer = Vec::new();
        for name in self.listed(names::LOG)? {
            let place = self.place(names::LOG, &name);
            let Some(sequence) = names::log_sequence(&name) else {
                self.report.notes.push(format!("{place} is no log object"));
                continue;
            };
            let bytes = self.whole(names::LOG, &name, log::MAX_BYTES);
            match bytes.map(|bytes| log::Entry::decode(&bytes)) {
                Err(fault) => self.faults.add(place, "a log object", fault),
                Ok(Err(LogError::Newer(format))) if is_newer(&format, log::FORMAT) => {
                    newer.push((sequence, [place, format]));
                }
                Ok(Err(fault)) => self.faults.add(place, "a log object", told(&fault)),
                Ok(Ok(entry)) => {
                    if entry.sequence != sequence {
                        self.faults.add(&place, format!("sequence {sequence}"), entry.sequence.to_string());
                    }
                    if entry.organization != self.organization {
                        self.faults.add(&place, "this organization", entry.organization.as_str());
                    }
                    entries.insert(sequence, entry);
                }
            }
        }
        let sequences: BTreeSet<u64> =
            entries.keys().copied().chain(newer.iter().map(|(sequence, _)| *sequence)).collect();
        for (sequence, expected) in sequences.iter().zip(log::FIRST_SEQUENCE..) {
            if *sequence != expected {
                self.faults.add(
                    self.place(names::LOG, ""),
                    format!("log object {expected}"),
                    format!("{sequence} next"),
                );
                break;
            }
        }
        self.report.commits = sequences.len() as u64;
        if sequences.is_empty() {
            self.report.notes.push("there is no log object, so there is no ledger to check".to_owned());
        }
        if let Some((first, newer)) = newer.into_iter().min() {
            self.before(first, &mut entries)?;
            self.report.newer = Some(newer);
        }
        Ok(entries)
    }

    /// Leaves what can be checked of a ledger that a newer version went on with: the commits before, up to one whose
    /// archive is not there, because a later deletion may have replaced it.
    fn before(&self, newer: u64, entries: &mut BTreeMap<u64, log::Entry>) -> Result<(), OpenError> {
        let archives = self.listed(names::ARCHIVES)?;
        let lost = entries.iter().find(|(_, entry)| !archives.contains(&entry.archive.name)).map(|(lost, _)| *lost);
        entries.retain(|sequence, _| *sequence < lost.unwrap_or(newer).min(newer));
        Ok(())
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
