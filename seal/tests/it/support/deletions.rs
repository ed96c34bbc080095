//! Deletions as the product makes them: archives without some objects, and the record that says so.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use countersign_seal::archive::ArchiveWriter;
use countersign_seal::deleted::{self, Deleted};
use countersign_seal::digest::Digest;
use countersign_seal::names;
use countersign_seal::record::{Deletion, KeptArchive, Record, ReplacedArchive, Replacement, Signer};

use super::{ORGANIZATION, SSHD, Vault, organization, time, unpack};

pub fn archive(vault: &Vault, name: &str) -> PathBuf {
    vault.folder.0.join(ORGANIZATION).join(names::ARCHIVES).join(name)
}

/// Writes `now` as `was` without some objects.
pub fn replace(vault: &Vault, was: &str, now: &str, objects: &[&[u8]]) -> Replacement {
    let old = fs::read(archive(vault, was)).unwrap();
    let gone: Vec<String> = objects.iter().map(|bytes| names::object_entry(&Digest::of(bytes))).collect();
    let mut zip = ArchiveWriter::new(Cursor::new(Vec::new()), 2);
    let (mut records, mut checkpoint) = (Vec::new(), String::new());
    for (name, bytes) in unpack(&old) {
        match name.as_str() {
            names::RECORDS => {
                let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                records = lines.map(|line| Record::parse(line).unwrap()).collect();
            }
            names::CHECKPOINT => checkpoint = String::from_utf8(bytes).unwrap(),
            names::SUMS => {}
            _ if gone.contains(&name) => {}
            _ => {
                zip.add_bytes(&bytes).unwrap();
            }
        }
    }
    let bytes = zip.finish(&records, &checkpoint).unwrap().0.into_inner();
    fs::write(archive(vault, now), &bytes).unwrap();
    Replacement {
        was: ReplacedArchive { name: was.to_owned(), sha256: Digest::of(&old) },
        now: KeptArchive { name: now.to_owned(), sha256: Digest::of(&bytes), size: bytes.len() as u64 },
    }
}

pub fn deletion(archives: Vec<Replacement>, objects: &[&[u8]]) -> (Deletion, Vec<u8>) {
    let objects: Vec<Deleted> =
        objects.iter().map(|bytes| Deleted { sha256: Digest::of(bytes), size: bytes.len() as u64 }).collect();
    let list = deleted::list(&objects).unwrap();
    let record = Deletion {
        organization: organization(),
        at: time(),
        by: Signer { party: None, name: "Jordan Example".to_owned(), handle: None },
        basis: "Request 2026-17".to_owned(),
        archives,
        objects: objects.len() as u64,
        artifacts: [deleted::artifact(&list)],
    };
    (record, list)
}

pub fn commit(vault: &mut Vault, (record, list): (Deletion, Vec<u8>)) {
    vault.commit(vec![Record::of(record).unwrap()], &[&list]);
}

/// One object of the first commit is deleted, as it should be.
pub fn after_a_deletion(name: &str) -> Vault {
    let mut vault = Vault::filled(name);
    let replaced = replace(&vault, "run-1.zip", "run-1.after-4.zip", &[SSHD]);
    commit(&mut vault, deletion(vec![replaced], &[SSHD]));
    fs::remove_file(archive(&vault, "run-1.zip")).unwrap();
    vault
}
