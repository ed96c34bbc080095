//! Makes a vault to measure verification with: `make_vault FILES VAULT OBJECTS PER_ARCHIVE`.
//!
//! Takes the files of a folder in turn, marked so that no two objects are alike, one record each, `PER_ARCHIVE` a commit.
//! Nothing here is a pattern for the product: it keeps no lease and forces nothing to disk.

use std::error::Error;
use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use countersign_seal::archive::{ArchiveWriter, DEFAULT_LEVEL};
use countersign_seal::digest::Digest;
use countersign_seal::ledger::Frontier;
use countersign_seal::note::{self, SigningKey};
use countersign_seal::record::{Artifact, Collector, Evidence, Key, KeyEvent, Record, Time, Uuid};
use countersign_seal::{log, names};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [files, vault, objects, per_archive] = arguments.as_slice() else {
        return Err("usage: make_vault FILES VAULT OBJECTS PER_ARCHIVE".into());
    };
    let (objects, per_archive): (usize, usize) = (objects.parse()?, per_archive.parse()?);
    let organization: Uuid = "0192f0c1-2345-7abc-8def-0123456789ab".parse()?;
    let time: Time = "2026-03-31T09:00:00.000000Z".parse()?;
    let home = Path::new(vault).join(organization.as_str());
    for folder in [names::ARCHIVES, names::LOG] {
        fs::create_dir_all(home.join(folder))?;
    }
    let mut found = Vec::new();
    collect(Path::new(files), &mut found)?;
    found.sort();
    let key = SigningKey::from_seed(&note::origin(&organization), [7; 32])?;
    let facts = key.verifying_key().facts("checkpoint");
    let introduced =
        Key { organization: organization.clone(), at: time.clone(), event: KeyEvent::Introduced, key: facts };
    let mut records = vec![Record::of(introduced)?];
    let mut ledger = Frontier::default();
    let mut made = 0;
    for sequence in log::FIRST_SEQUENCE.. {
        let name = format!("run-{sequence}.zip");
        let path = home.join(names::ARCHIVES).join(&name);
        let mut archive = ArchiveWriter::new(BufWriter::new(fs::File::create(&path)?), DEFAULT_LEVEL);
        for (file, round) in (0_usize..)
            .flat_map(|round| found.iter().map(move |file| (file, round)))
            .skip(made)
            .take(per_archive.min(objects - made))
        {
            let mut bytes = fs::read(file)?;
            if round > 0 {
                let mark = format!("{{\"round\":{round:05},");
                let Some(start) = bytes.get_mut(..mark.len()) else { return Err("a file is too short to mark".into()) };
                start.copy_from_slice(mark.as_bytes());
            }
            let sha256 = archive.add_bytes(&bytes)?;
            let artifact = Artifact {
                name: file.strip_prefix(files)?.display().to_string(),
                sha256,
                size: bytes.len() as u64,
                media_type: "application/json".to_owned(),
            };
            records.push(Record::of(Evidence {
                organization: organization.clone(),
                run: "0192f0c1-2345-7abc-8def-0123456789ff".parse()?,
                collector: Collector { id: "import/files".to_owned(), digest: Digest::of(b"collector") },
                dataset: "import/files".to_owned(),
                target: "drop".to_owned(),
                source: "import".to_owned(),
                started: time.clone(),
                finished: time.clone(),
                source_clock: None,
                outcome: "complete".to_owned(),
                reason: String::new(),
                provenance: serde_json::Map::new(),
                redactions: Vec::new(),
                artifacts: vec![artifact],
                artifact_list: None,
            })?);
            made += 1;
        }
        let first_leaf = ledger.size();
        for record in &records {
            ledger.push(record.leaf_hash());
        }
        let signed = key.sign_checkpoint(ledger.size(), ledger.root());
        archive.finish(&records, &signed.note)?.0.into_inner()?;
        let (sha256, size) = Digest::of_reader(fs::File::open(&path)?)?;
        let entry = log::Entry {
            format: log::FORMAT.to_owned(),
            organization: organization.clone(),
            sequence,
            archive: log::ArchiveName { name, sha256, size },
            first_leaf,
            leaf_count: records.len() as u64,
            checkpoint: signed.note,
        };
        fs::write(home.join(names::log_file(sequence)), entry.encode()?)?;
        records.clear();
        if made == objects {
            break;
        }
    }
    Ok(())
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
