//! A backup that was damaged or edited is refused whole, before anything is written.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use countersign::recovery::restore::Backup;

use crate::support::command::{Installation, ORG};

type Entries = BTreeMap<String, Vec<u8>>;

fn unpacked(path: &Path) -> Entries {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    (0..zip.len())
        .map(|number| {
            let mut entry = zip.by_index(number).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

fn packed(path: &Path, entries: &Entries) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in entries {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

fn backup(installation: &Installation) -> PathBuf {
    installation.file("documents/policy.txt", "a policy");
    installation.run(&["import", "files", "--org", ORG, "documents"]).fine();
    let path = installation.beside("backup.zip");
    installation.run(&["backup", path.to_str().unwrap(), "--with-key"]).fine();
    path
}

#[test]
fn every_edit_of_a_backup_is_refused_and_leaves_nothing() {
    let installation = Installation::new();
    let file = backup(&installation);
    let whole = unpacked(&file);
    let edited = installation.beside("edited.zip");
    packed(&edited, &whole);
    Backup::read(&edited).expect("a backup that was only zipped again is in order");
    let mut edits: Vec<(String, Entries)> = Vec::new();
    for name in whole.keys() {
        let mut one = whole.clone();
        one.remove(name);
        edits.push((format!("{name} is gone"), one));
        let mut one = whole.clone();
        one.get_mut(name).unwrap().push(b'\n');
        edits.push((format!("{name} is longer"), one));
    }
    let mut one = whole.clone();
    one.insert("tables/account.jsonl".to_owned(), b"{}\n".to_vec());
    edits.push(("a table was added".to_owned(), one));
    let mut one = whole.clone();
    let newer = String::from_utf8(one["backup.json"].clone()).unwrap().replace("backup/1", "backup/2");
    one.insert("backup.json".to_owned(), newer.into_bytes());
    edits.push(("it is of a newer format".to_owned(), one));

    for (what, entries) in edits {
        packed(&edited, &entries);
        let fault = Backup::read(&edited).err().unwrap_or_else(|| panic!("{what}: it was believed"));
        assert!(fault.to_string().contains("nothing was written"), "{what}: {fault}");
        let new = installation.beside("new");
        let command = ["restore", edited.to_str().unwrap(), "--data", new.to_str().unwrap()];
        if what.starts_with("it is of a newer") {
            crate::support::command::countersign(&command).refused(&["newer version"]);
        }
        assert!(!new.exists(), "{what}: something was written");
    }
}

#[test]
fn no_bit_of_a_backup_can_change_what_it_says() {
    let installation = Installation::new();
    let file = backup(&installation);
    let bytes = std::fs::read(&file).unwrap();
    let said = format!("{:?}", Backup::read(&file).unwrap());
    let damaged = installation.beside("damaged.zip");
    let mut refused = 0;
    let positions: Vec<usize> = (0..bytes.len()).step_by(7).collect();
    for position in &positions {
        let mut other = bytes.clone();
        other[*position] ^= 0x10;
        std::fs::write(&damaged, &other).unwrap();
        match Backup::read(&damaged) {
            Err(_) => refused += 1,
            // Times and rights of entries are not looked at.
            Ok(backup) => assert_eq!(format!("{backup:?}"), said, "byte {position} changed what is said"),
        }
    }
    assert!(refused * 10 > positions.len() * 7, "only {refused} of {} were refused", positions.len());
    std::fs::write(&damaged, &bytes[..bytes.len() - 1]).unwrap();
    assert!(Backup::read(&damaged).is_err(), "a backup that was cut off was believed");
}
