//! Evidence that was written once: every later version must come to the verdict that stands beside it.
//!
//! `tests/fixtures/packages/<version>/` and `tests/fixtures/vaults/<version>/` hold evidence as the writer of that version
//! made it; `tests/fixtures/damaged/` holds damage worth keeping as bytes. All are found by listing the folders, so that a
//! new version only adds one. Beside `x.zip` or the folder `x` stands `x.expected`: a line for each verifier with its
//! name, exit code and words it must print; a line `key …` is the key the reader knows, and `x.since` is a checkpoint the
//! reader kept.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use countersign_seal::digest::Digest;
use countersign_seal::record::{KeyEvent, Record};

use crate::support::{FILES, Folder, RAW, SSHD, Vault, evidence, key, key_record, listed_import, unpack};
use crate::tamper::{Evidence, Made, Says, Who, row};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

/// Every file of this kind of name in a folder and its folders.
fn expectations(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|fault| panic!("{}: {fault}", folder.display())) {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "expected") {
            found.push(path);
        } else if path.is_dir() {
            found.extend(expectations(&path));
        }
    }
    found.sort();
    found
}

/// Reads a fixture and asks everyone its expectation names; what went another way.
fn wrong(expectation: &Path) -> Vec<String> {
    let zip = expectation.with_extension("zip");
    let evidence = if zip.exists() {
        Evidence::Package(fs::read(&zip).unwrap())
    } else {
        Evidence::Vault(expectation.with_extension(""))
    };
    let mut made = Made::of(evidence);
    made.since = fs::read_to_string(expectation.with_extension("since")).ok();
    let text = fs::read_to_string(expectation).unwrap();
    let lines: Vec<[&str; 2]> = text.lines().map(|line| line.split_once(' ').unwrap().into()).collect();
    let mut wrong = Vec::new();
    for [who, rest] in lines {
        if who == "key" {
            made.key = Some(rest.to_owned());
            continue;
        }
        let (code, words) = rest.split_once(' ').unwrap();
        let who = Who::NAMES.iter().find(|(name, _)| *name == who).unwrap().1;
        let Some((found, said)) = made.checked_by(who) else { continue };
        if found.to_string() != code || !said.contains(words) {
            let place = expectation.display();
            wrong.push(format!(
                "{place}: {who:?} must exit with {code} and say `{words}`; it exited with {found}:\n{said}"
            ));
        }
    }
    wrong
}

fn all_as_expected(folder: &str, at_least: usize) {
    let found = expectations(&fixtures().join(folder));
    assert!(found.len() >= at_least, "{folder} has only {} fixtures", found.len());
    let wrong: Vec<String> = found.iter().flat_map(|path| wrong(path)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn packages_of_every_version_that_ever_was_are_still_read() {
    all_as_expected("packages", 3);
}

#[test]
fn vaults_of_every_version_that_ever_was_are_still_read() {
    all_as_expected("vaults", 3);
}

#[test]
fn damage_that_was_kept_is_still_found() {
    all_as_expected("damaged", KEPT.len());
}

#[test]
fn every_fixture_has_an_expectation() {
    for folder in ["packages/v1", "vaults/v1", "damaged"] {
        for entry in fs::read_dir(fixtures().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() || path.extension().is_some_and(|end| end == "zip") {
                assert!(path.with_extension("expected").exists(), "{} says nothing of its verdict", path.display());
            }
        }
    }
}

#[test]
fn a_whole_package_in_the_place_of_a_damaged_one_is_told() {
    let folder = Folder::new("whole-in-place");
    fs::copy(fixtures().join("packages/v1/plain.zip"), folder.0.join("x.zip")).unwrap();
    fs::copy(fixtures().join("damaged/left-out-hash-changed.expected"), folder.0.join("x.expected")).unwrap();
    assert!(wrong(&folder.0.join("x.expected"))[0].contains("must exit with 3"));
}

/// Damage that a later writer might not be able to make: name of the fixture, row of the table.
const KEPT: &[(&str, &str)] = &[
    ("record-edited-and-sealed-again", "a record was edited and the list sealed again"),
    (
        "record-of-another-organization",
        "a record of another organization took the place of one and the list was sealed again",
    ),
    ("left-out-hash-changed", "a left-out leaf got another hash and the list was sealed again"),
    ("list-record-with-null", "the list record has a member that is null"),
    ("checkpoint-rolled-back", "an older signed checkpoint was put in"),
    ("checkpoint-without-signature", "the checkpoint lost its signature"),
    ("signature-plus-order", "the signature of the checkpoint has S plus the order of the curve"),
    ("everything-by-another-key", "everything was made again with another key, and the reader knows the right one"),
    ("replaced-key", "a key that was replaced signed a package which holds the record of its successor"),
    ("two-sizes-of-one-object", "two records name one object with two sizes, and the later one is right"),
    ("newer-version", "a package of a newer version, sealed as it is"),
    ("zip-entry-twice", "an entry is there twice"),
    ("zip-entry-within-another", "an entry begins within another"),
    ("zip-claims-another-size", "an entry unpacks to one byte less than its headers say"),
    ("zip-second-directory", "a second central directory stands before the one at the end"),
    ("zip-large-records-lie", "records for large zips name another central directory"),
    ("vault-record-edited", "a record was edited, list and log object made again"),
    ("vault-tail-cut", "the tail was cut, and the reader kept a checkpoint"),
    ("vault-rewritten", "the ledger was rewritten with the right key, and the reader kept a checkpoint"),
    ("vault-object-of-another-organization", "a record names an object that only another organization keeps"),
    ("vault-first-key-rotated", "the first key was rotated in, not introduced"),
    ("vault-signed-by-second-key", "the first commit brings two keys and is signed by the second"),
];

const FINE: &str = "internally consistent, key not compared";

/// Writes what is not there yet; what is there stays, for it was written by the version it is named after.
#[test]
#[ignore = "writes tests/fixtures; run it by name when a version or a kind of damage is added"]
fn write_fixtures_that_are_missing() {
    let fine = [Says(Who::Package, 0, FINE), Says(Who::Script, 0, FINE), Says(Who::Outside, 0, FINE)];
    let (_, list) = listed_import();
    let plain = Vault::small("plain").package_of(&[0, 1, 2, 3], &[SSHD, RAW, FILES[0], FILES[1], &list], &[]);
    let left_out = Vault::filled("left-out").package();
    let listed = Vault::small("listed").package_of(&[0, 3], &[FILES[0], &list], &[Digest::of(FILES[1])]);
    for (name, zip) in [("plain", plain), ("left-out", left_out), ("artifact-list", listed)] {
        write(&format!("packages/v1/{name}"), &Made::package(zip), &fine);
    }
    let fine = [Says(Who::Vault, 0, FINE), Says(Who::Outside, 0, FINE)];
    write("vaults/v1/plain", &Made::vault(Vault::small("plain")), &fine);
    let mut vault = Vault::small("rotated");
    vault.commit(vec![key_record(&key(9), KeyEvent::Rotated)], &[]);
    vault.key = key(9);
    vault.commit(vec![Record::of(evidence("linux/after", vec![])).unwrap()], &[]);
    let kept = vault.signed[1].note.clone();
    write("vaults/v1/rotated-key", &Made::vault(vault).since(&kept), &fine);
    let deleted = row("an artifact list and a file that only it names were deleted, and the key was rotated between");
    write("vaults/v1/deleted", &(deleted.make)(), deleted.says);
    for (name, what) in KEPT {
        let row = row(what);
        write(&format!("damaged/{name}"), &(row.make)(), row.says);
    }
}

fn write(name: &str, made: &Made, says: &[Says]) {
    let place = fixtures().join(name);
    let expectation = place.with_extension("expected");
    if expectation.exists() {
        return;
    }
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    match &made.evidence {
        Evidence::Package(zip) => {
            // What is wrong with the zip itself stays as it is; the others are packed small.
            let small = if name.starts_with("damaged/zip-") { zip.clone() } else { packed(zip) };
            fs::write(place.with_extension("zip"), small).unwrap();
        }
        Evidence::Vault(folder) => copy(folder, &place),
    }
    if let Some(since) = &made.since {
        fs::write(place.with_extension("since"), since).unwrap();
    }
    let mut lines: Vec<String> = made.key.iter().map(|key| format!("key {key}")).collect();
    for Says(who, code, words) in says {
        let who = Who::NAMES.iter().find(|(_, known)| known == who).unwrap().0;
        lines.push(format!("{who} {code} {words}"));
    }
    fs::write(expectation, lines.join("\n") + "\n").unwrap();
}

fn packed(zip: &[u8]) -> Vec<u8> {
    let mut packed = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_level(Some(9))
        .last_modified_time(zip::DateTime::default());
    for (name, bytes) in unpack(zip) {
        packed.start_file(name, options).unwrap();
        packed.write_all(&bytes).unwrap();
    }
    packed.finish().unwrap().into_inner()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            let _ = fs::copy(&path, target).unwrap();
        }
    }
}
