//! A small fictional organization: a vault of three commits and a package made from it.

pub mod deletions;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_seal::archive::ArchiveWriter;
use countersign_seal::digest::Digest;
use countersign_seal::ledger::Tree;
use countersign_seal::note::{self, SignedCheckpoint, SigningKey};
use countersign_seal::package::{About, PackageWriter, ask_for_finish, ask_for_list};
use countersign_seal::record::{
    Artifact, ArtifactList, Collector, Evidence, Head, Key, KeyEvent, Record, Report, Time, Uuid,
};
use countersign_seal::tiles::{Edge, FullTile, SparseTiles, Tile, plan};
use countersign_seal::{log, names};

pub const SSHD: &[u8] = b"PermitRootLogin no\n";
pub const RAW: &[u8] = b"\xff\xfe\r\nraw";
pub const FILES: [&[u8]; 2] = [b"first file", b"second file"];
pub const ORGANIZATION: &str = "0192f0c1-2345-7abc-8def-0123456789ab";

pub fn organization() -> Uuid {
    ORGANIZATION.parse().unwrap()
}

pub fn time() -> Time {
    "2026-03-31T09:00:00.000000Z".parse().unwrap()
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&note::origin(&organization()), [seed; 32]).unwrap()
}

pub fn key_record(key: &SigningKey, event: KeyEvent) -> Record {
    let facts = key.verifying_key().facts("checkpoint");
    Record::of(Key { organization: organization(), at: time(), event, key: facts }).unwrap()
}

pub fn evidence(dataset: &str, artifacts: Vec<Artifact>) -> Evidence {
    Evidence {
        organization: organization(),
        run: "0192f0c1-2345-7abc-8def-0123456789ff".parse().unwrap(),
        collector: Collector { id: dataset.to_owned(), digest: Digest::of(b"collector") },
        dataset: dataset.to_owned(),
        target: "host-1.example".to_owned(),
        source: "host".to_owned(),
        started: time(),
        finished: time(),
        source_clock: None,
        outcome: "complete".to_owned(),
        reason: String::new(),
        provenance: serde_json::Map::new(),
        redactions: Vec::new(),
        artifacts,
        artifact_list: None,
    }
}

pub fn artifact(name: &str, bytes: &[u8]) -> Artifact {
    Artifact {
        name: name.to_owned(),
        sha256: Digest::of(bytes),
        size: bytes.len() as u64,
        media_type: "text/plain".to_owned(),
    }
}

/// The record that names a package's list.
pub fn list_record(checkpoint: Head, list: Artifact) -> Record {
    Record::of(Report {
        organization: organization(),
        at: time(),
        kind: countersign_seal::manifest::REPORT_KIND.to_owned(),
        framework: None,
        as_of: time(),
        catalog: Digest::of(b"catalog"),
        checkpoint,
        artifacts: vec![list],
        artifact_list: None,
    })
    .unwrap()
}

/// An import that names two files by an artifact list, and the list.
pub fn listed_import() -> (Record, Vec<u8>) {
    let artifacts = [artifact("files/0", FILES[0]), artifact("files/1", FILES[1])];
    let list = countersign_seal::record::artifact_list_bytes(&artifacts).unwrap();
    let named = ArtifactList { sha256: Digest::of(&list), size: list.len() as u64, count: 2 };
    (Record::of(Evidence { artifact_list: Some(named), ..evidence("import/files", vec![]) }).unwrap(), list)
}

/// A folder that goes away with its owner.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("countersign-seal-{}-{number}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub struct Vault {
    pub folder: Folder,
    pub organization: Uuid,
    pub tree: Tree,
    pub records: Vec<Record>,
    pub key: SigningKey,
    pub sequence: u64,
    pub signed: Vec<SignedCheckpoint>,
}

impl Vault {
    pub fn new(name: &str) -> Self {
        Self::signed_by(name, key(7))
    }

    pub fn signed_by(name: &str, key: SigningKey) -> Self {
        Self::of(name, organization(), key)
    }

    pub fn of(name: &str, organization: Uuid, key: SigningKey) -> Self {
        let folder = Folder::new(name);
        for part in [names::ARCHIVES, names::LOG] {
            fs::create_dir_all(folder.0.join(organization.as_str()).join(part)).unwrap();
        }
        let (tree, records, signed) = (Tree::default(), Vec::new(), Vec::new());
        Self { folder, organization, tree, records, key, sequence: 0, signed }
    }

    /// The folder of its organization.
    pub fn home(&self) -> PathBuf {
        self.folder.0.join(self.organization.as_str())
    }

    /// Two commits of few bytes: a key and two datasets, and an import whose artifacts are a list of their own.
    pub fn small(name: &str) -> Self {
        let mut vault = Self::new(name);
        vault.commit(
            vec![
                key_record(&vault.key, KeyEvent::Introduced),
                Record::of(evidence("linux/sshd", vec![artifact("stdout", SSHD)])).unwrap(),
                Record::of(evidence("linux/raw", vec![artifact("stdout", RAW)])).unwrap(),
            ],
            &[SSHD, RAW],
        );
        let (record, list) = listed_import();
        vault.commit(vec![record], &[FILES[0], FILES[1], &list]);
        vault
    }

    /// Three commits: key and two datasets, a third that refers to an older object, an import with a long list.
    pub fn filled(name: &str) -> Self {
        Self::filled_by(name, key(7))
    }

    /// The same, signed by another key.
    pub fn filled_by(name: &str, key: SigningKey) -> Self {
        let mut vault = Self::signed_by(name, key);
        let (first, second) = (SSHD, RAW);
        vault.commit(
            vec![
                key_record(&vault.key, KeyEvent::Introduced),
                Record::of(evidence("linux/sshd", vec![artifact("stdout", first)])).unwrap(),
                Record::of(evidence("linux/raw", vec![artifact("stdout", second), artifact("stderr", b"")])).unwrap(),
            ],
            &[first, second, b""],
        );
        vault.commit(vec![Record::of(evidence("linux/sshd", vec![artifact("stdout", first)])).unwrap()], &[]);
        let bodies: Vec<Vec<u8>> = (0..300).map(|number| format!("file {number}").into_bytes()).collect();
        let artifacts = bodies.iter().enumerate().map(|(number, body)| artifact(&format!("files/{number}"), body));
        let fitted = Record::fitted(evidence("import/files", artifacts.collect())).unwrap();
        let list = fitted.list.unwrap();
        let mut objects: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
        objects.push(&list);
        vault.commit(vec![fitted.record], &objects);
        vault
    }

    pub fn commit(&mut self, records: Vec<Record>, objects: &[&[u8]]) {
        let mut archive = ArchiveWriter::new(Cursor::new(Vec::new()), 2);
        for object in objects {
            archive.add_bytes(object).unwrap();
        }
        let first_leaf = self.tree.size();
        self.tree.extend(records.iter().map(Record::leaf_hash));
        let signed = self.key.sign_checkpoint(self.tree.size(), self.tree.root());
        let (bytes, _) = archive.finish(&records, &signed.note).unwrap();
        let bytes = bytes.into_inner();
        self.sequence += 1;
        let name = format!("run-{}.zip", self.sequence);
        let entry = log::Entry {
            format: log::FORMAT.to_owned(),
            organization: self.organization.clone(),
            sequence: self.sequence,
            archive: log::ArchiveName { name: name.clone(), sha256: Digest::of(&bytes), size: bytes.len() as u64 },
            first_leaf,
            leaf_count: records.len() as u64,
            checkpoint: signed.note.clone(),
        };
        let home = self.home();
        fs::write(home.join(names::ARCHIVES).join(name), bytes).unwrap();
        fs::write(home.join(names::log_file(self.sequence)), entry.encode().unwrap()).unwrap();
        self.records.extend(records);
        self.signed.push(signed);
    }

    /// A package of leaves 0, 1 and 2; leaves 3 and 4 are in the range and left out.
    pub fn package(&mut self) -> Vec<u8> {
        self.package_of(&[0, 1, 2], &[SSHD, RAW], &[Digest::empty()])
    }

    /// A package of some leaves and objects; the range begins at leaf 1.
    pub fn package_of(&mut self, leaves: &[u64], objects: &[&[u8]], left_out: &[Digest]) -> Vec<u8> {
        let head = Head { size: self.tree.size(), root: self.tree.root() };
        let about = About {
            organization: organization(),
            title: "Example Clinic, access review".to_owned(),
            created: time(),
            first: 1,
            end: head.size,
            head,
            key: self.key.verifying_key(),
            left_out_because: "not asked for".to_owned(),
        };
        let asked = about.clone();
        let mut package = PackageWriter::new(Cursor::new(Vec::new()), about, 2).unwrap();
        for leaf in leaves {
            package.add_record(*leaf, self.records[usize::try_from(*leaf).unwrap()].clone());
        }
        package.add_report("readiness.html", 0, b"<html>ready</html>".as_slice()).unwrap();
        for bytes in objects {
            package.add_object(Digest::of(bytes), bytes.len() as u64, *bytes).unwrap();
        }
        for object in left_out {
            package.leave_out_object(*object, "empty");
        }
        let planned = plan(head.size, |nodes| ask_for_list(nodes, &asked, leaves.iter().copied())).unwrap();
        let listed = package.list(&Index::of(&self.tree).fetch(head.size, &planned)).unwrap();
        let record = list_record(listed.head(), listed.artifact());
        // Another writer came first, so that the list record is not the next leaf.
        self.commit(vec![Record::of(evidence("linux/late", vec![])).unwrap()], &[]);
        let leaf = self.tree.size();
        let sums = listed.sums().to_vec();
        self.commit(vec![record.clone()], &[&sums]);
        let signed = self.signed.last().unwrap().clone();
        let size = self.tree.size();
        let planned = plan(size, |nodes| ask_for_finish(nodes, head.size, leaf, size)).unwrap();
        let tiles = Index::of(&self.tree).fetch(size, &planned);
        listed.finish(&signed, &record, leaf, &tiles).unwrap().into_inner()
    }
}

/// What an index keeps of a ledger: full tiles with their roots, and the leaves of the last tile.
pub struct Index {
    full: BTreeMap<(u8, u64), FullTile>,
    last: Vec<Digest>,
}

impl Index {
    pub fn of(tree: &Tree) -> Self {
        let (mut edge, mut completed) = (Edge::new(), Vec::new());
        (0..tree.size()).for_each(|leaf| edge.push(tree.leaf(leaf).unwrap(), &mut completed));
        let full = completed.into_iter().map(|tile| ((tile.level, tile.index), tile)).collect();
        Self { full, last: edge.part(0).to_vec() }
    }

    /// Exactly the tiles of a plan over the first `size` leaves.
    pub fn fetch(&self, size: u64, planned: &BTreeSet<Tile>) -> SparseTiles {
        let mut tiles = SparseTiles::new(size);
        for Tile { level, index, width } in planned {
            let whole = self.full.get(&(*level, *index)).map(|tile| tile.hashes.clone());
            // A partial tile above level 0 is the roots of the full tiles below it.
            let below = (index * 256..).map_while(|below| Some(self.full.get(&(level.checked_sub(1)?, below))?.root));
            let hashes =
                whole.unwrap_or_else(|| if *level == 0 { self.last.clone() } else { below.take(256).collect() });
            tiles.insert(*level, *index, &hashes[..usize::from(*width)]).unwrap();
        }
        tiles
    }
}

pub type Entries = Vec<(String, Vec<u8>)>;

/// Unpacks a zip without any strictness.
pub fn unpack(zip: &[u8]) -> Entries {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        entries.push((entry.name().unwrap().into_owned(), bytes));
    }
    entries
}

/// Zips entries as any tool might.
pub fn pack(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in entries {
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Writes entries as files; the last one of a name wins, as with most tools.
pub fn unfold(entries: &[(String, Vec<u8>)], folder: &Path) {
    for (name, bytes) in entries.iter().filter(|(name, _)| !name.ends_with('/')) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Whether tools are there; where one is missing that is said loudly, and fails if nothing may be skipped.
pub fn have(tools: &[&str], tested: &str) -> bool {
    for tool in tools {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().unwrap();
        if !found.status.success() {
            let what = format!("{tool} is not installed, so {tested} was NOT tested");
            assert!(std::env::var_os("COUNTERSIGN_TESTS_MUST_NOT_SKIP").is_none(), "{what}");
            // Past the test harness, which hides what passing tests print.
            std::io::stderr().write_all(format!("\n*** SKIPPED: {what} ***\n\n").as_bytes()).unwrap();
            return false;
        }
    }
    true
}

/// Runs a trusted copy of `verify.sh` in the folder; `None`, loudly, where the tools it needs are missing.
pub fn run_script(folder: &Path, shell: &str, arguments: &[&str]) -> Option<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/package/verify.sh");
    have(&[shell, "openssl", "ssh-keygen"], "verify.sh")
        .then(|| Command::new(shell).arg(script).args(arguments).current_dir(folder).output().unwrap())
}

/// Runs the verifier that was written from the format's description alone; `None`, loudly, where there is no python.
pub fn run_outside(arguments: &[&str]) -> Option<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outside/verify.py");
    have(&["python3"], "verify.py")
        .then(|| Command::new("python3").arg("-BEs").arg(script).args(arguments).output().unwrap())
}

/// What a process said, on both streams.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
