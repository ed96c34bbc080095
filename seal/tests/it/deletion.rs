//! Deletions: what a vault says once bytes are gone, and every way in which a deletion can be untrue.

use std::fs;

use countersign_seal::deleted::{self, Deleted};
use countersign_seal::digest::Digest;
use countersign_seal::names;
use countersign_seal::record::{Deletion, KeptArchive, Record, ReplacedArchive, Replacement};
use countersign_seal::verify::words::tell_vault;
use countersign_seal::verify::{self, DirectoryVault, VaultOptions, VaultReport, Verdict};

use crate::support::deletions::{after_a_deletion, archive, commit, deletion, replace};
use crate::support::{RAW, SSHD, Vault, artifact, evidence, unpack};

fn check(vault: &Vault) -> VaultReport {
    verify::vault(&DirectoryVault::new(&vault.folder.0), &VaultOptions::default()).unwrap()
}

fn is_faulty(vault: &Vault, place: &str, word: &str) {
    let report = check(vault);
    assert_eq!(report.verdict, Verdict::Altered);
    let told = |fault: &verify::Fault| {
        fault.place.contains(place) && format!("{} {}", fault.expected, fault.found).contains(word)
    };
    assert!(report.faults.iter().any(told), "{:?}", report.faults);
}

#[test]
fn a_vault_after_a_deletion_verifies_and_says_how_much_is_gone() {
    let vault = after_a_deletion("deleted");
    let report = check(&vault);
    assert_eq!(report.faults, vec![]);
    assert_eq!((report.organizations[0].deletions, report.organizations[0].deleted_objects), (1, 1));
    assert!(report.organizations[0].notes.is_empty(), "{:?}", report.organizations[0].notes);
    assert!(tell_vault(&report).contains("1 objects, by 1 records"), "{}", tell_vault(&report));
    let skip = VaultOptions { skip_data: true, ..VaultOptions::default() };
    assert_eq!(verify::vault(&DirectoryVault::new(&vault.folder.0), &skip).unwrap().faults, vec![]);
}

#[test]
fn an_archive_replaced_twice_and_two_deletions_in_one_commit_verify() {
    let mut vault = after_a_deletion("twice");
    let replaced = replace(&vault, "run-1.after-4.zip", "run-1.after-5.zip", &[RAW]);
    let again = replace(&vault, "run-1.after-5.zip", "run-1.after-5b.zip", &[b""]);
    let files = replace(&vault, "run-3.zip", "run-3.after-5.zip", &[b"file 7"]);
    let (one, one_list) = deletion(vec![replaced, files], &[RAW, b"file 7"]);
    let (two, two_list) = deletion(vec![again], &[b""]);
    vault.commit(vec![Record::of(one).unwrap(), Record::of(two).unwrap()], &[&one_list, &two_list]);
    for name in ["run-1.after-4.zip", "run-1.after-5.zip", "run-3.zip"] {
        fs::remove_file(archive(&vault, name)).unwrap();
    }
    let report = check(&vault);
    assert_eq!(report.faults, vec![]);
    assert_eq!((report.organizations[0].deletions, report.organizations[0].deleted_objects), (3, 4));
    assert!(report.organizations[0].notes.is_empty(), "{:?}", report.organizations[0].notes);
}

#[test]
fn a_replaced_archive_that_was_not_removed_yet_is_a_note_and_no_fault() {
    let mut vault = Vault::filled("left");
    let replaced = replace(&vault, "run-1.zip", "run-1.after-4.zip", &[SSHD]);
    commit(&mut vault, deletion(vec![replaced], &[SSHD]));
    let report = check(&vault);
    assert_eq!(report.faults, vec![]);
    let notes = &report.organizations[0].notes;
    assert!(notes.iter().any(|note| note.contains("run-1.zip still holds deleted bytes")), "{notes:?}");
}

#[test]
fn bytes_that_are_gone_without_a_deletion_are_a_fault() {
    let mut vault = Vault::filled("gone");
    let replaced = replace(&vault, "run-1.zip", "run-1.after-4.zip", &[SSHD, RAW]);
    commit(&mut vault, deletion(vec![replaced], &[SSHD]));
    is_faulty(&vault, "leaf 2, artifact `stdout`", "nothing");
}

#[test]
fn bytes_that_are_said_to_be_deleted_and_are_still_there_are_a_fault() {
    let mut vault = Vault::filled("still");
    let replaced = replace(&vault, "run-1.zip", "run-1.after-4.zip", &[SSHD]);
    commit(&mut vault, deletion(vec![replaced], &[SSHD, RAW]));
    is_faulty(&vault, "leaf 5", "still there: run-1.after-4.zip");
    let again = Record::of(evidence("linux/raw", vec![artifact("stdout", RAW)])).unwrap();
    vault.commit(vec![again], &[RAW]);
    is_faulty(&vault, "leaf 5", "still there: run-1.after-4.zip");
}

#[test]
fn a_deletion_that_lists_another_size_than_the_record_named_is_a_fault() {
    let mut vault = Vault::filled("size");
    let replaced = replace(&vault, "run-1.zip", "run-1.after-4.zip", &[SSHD]);
    let (mut record, _) = deletion(vec![replaced], &[SSHD]);
    let list = deleted::list(&[Deleted { sha256: Digest::of(SSHD), size: 1 }]).unwrap();
    record.artifacts = [deleted::artifact(&list)];
    commit(&mut vault, (record, list));
    is_faulty(&vault, "leaf 1, artifact `stdout`", "1, deleted");
}

#[test]
fn a_record_after_the_deletion_needs_its_bytes_again() {
    let mut vault = after_a_deletion("again");
    let record = || Record::of(evidence("linux/sshd", vec![artifact("stdout", SSHD)])).unwrap();
    vault.commit(vec![record()], &[SSHD]);
    assert_eq!(check(&vault).faults, vec![], "collected again and kept again");
    let mut vault = after_a_deletion("never");
    vault.commit(vec![record()], &[]);
    is_faulty(&vault, "leaf 6, artifact `stdout`", "nothing");
}

#[test]
fn a_deletion_that_names_an_archive_not_in_force_is_a_fault() {
    type Spoil = fn(&mut Replacement);
    let spoiled: [(Spoil, &str); 4] = [
        (|replaced| replaced.was.sha256 = Digest::of(b"other"), "in force before it"),
        (|replaced| replaced.was.name = "run-9.zip".to_owned(), "no such archive"),
        (|replaced| replaced.now.name = "../run-1.zip".to_owned(), "a plain file name"),
        (|replaced| replaced.now.name = "run-2.zip".to_owned(), "a new archive name"),
    ];
    for (spoil, word) in spoiled {
        let mut vault = Vault::filled("spoiled");
        let mut replaced = replace(&vault, "run-1.zip", "run-1.after-4.zip", &[SSHD]);
        spoil(&mut replaced);
        commit(&mut vault, deletion(vec![replaced], &[SSHD]));
        is_faulty(&vault, "leaf ", word);
    }
    let mut vault = after_a_deletion("replaced-again");
    let replaced = replace(&vault, "run-1.after-4.zip", "run-1.after-5.zip", &[]);
    let stale = Replacement { was: ReplacedArchive { name: "run-1.zip".to_owned(), ..replaced.was }, ..replaced };
    commit(&mut vault, deletion(vec![stale], &[]));
    is_faulty(&vault, "leaf 6", "run-1.zip");
}

#[test]
fn a_replacement_with_other_records_or_other_bytes_is_a_fault() {
    let mut vault = Vault::filled("others");
    let mut replaced = replace(&vault, "run-1.zip", "run-1.after-4.zip", &[SSHD]);
    let other = replace(&vault, "run-3.zip", "other.zip", &[]);
    fs::rename(archive(&vault, "other.zip"), archive(&vault, "run-1.after-4.zip")).unwrap();
    is_not_named(&vault);
    replaced.now = KeptArchive { name: "run-1.after-4.zip".to_owned(), ..other.now };
    commit(&mut vault, deletion(vec![replaced], &[SSHD]));
    is_faulty(&vault, "log/0000000000000001.json", "3 records");
    let vault = after_a_deletion("bytes");
    let path = archive(&vault, "run-1.after-4.zip");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
    is_faulty(&vault, "run-1.after-4.zip", "as the deletion at leaf 5 says");
}

/// Until a deletion names it, an archive means nothing.
fn is_not_named(vault: &Vault) {
    assert_eq!(check(vault).faults, vec![]);
}

#[test]
fn the_list_of_a_deletion_must_be_there_in_its_one_form_and_stay() {
    let replaced = |vault: &Vault| vec![replace(vault, "run-1.zip", "run-1.after-4.zip", &[SSHD, RAW])];
    let spoiled: [fn(&mut Deletion, &mut Vec<u8>); 5] = [
        |record, _| record.objects = 3,
        |record, _| record.artifacts[0].name = "gone.jsonl".to_owned(),
        |record, list| {
            *list = list.split_inclusive(|byte| *byte == b'\n').rev().flatten().copied().collect();
            record.artifacts = [deleted::artifact(list)];
        },
        |record, list| {
            list.pop();
            record.artifacts = [deleted::artifact(list)];
        },
        |_, list| list.clear(),
    ];
    for spoil in spoiled {
        let mut vault = Vault::filled("list");
        let (mut record, mut list) = deletion(replaced(&vault), &[SSHD, RAW]);
        spoil(&mut record, &mut list);
        commit(&mut vault, (record, list));
        is_faulty(&vault, "leaf 5", "");
    }
    let mut vault = after_a_deletion("list-deleted");
    let (_, list) = deletion(vec![], &[SSHD]);
    let replaced = replace(&vault, "run-4.zip", "run-4.after-5.zip", &[&list]);
    commit(&mut vault, deletion(vec![replaced], &[&list]));
    is_faulty(&vault, "leaf 5, artifact `deleted.jsonl`", "nothing");
}

#[test]
fn files_of_an_artifact_list_and_the_list_itself_can_be_deleted() {
    let mut vault = Vault::filled("files");
    let replaced = replace(&vault, "run-3.zip", "run-3.after-4.zip", &[b"file 7", b"file 8"]);
    commit(&mut vault, deletion(vec![replaced], &[b"file 7", b"file 8"]));
    assert_eq!(check(&vault).faults, vec![]);
    let list = vault.records[4].artifact_list().unwrap().sha256;
    let old = unpack(&fs::read(archive(&vault, "run-3.zip")).unwrap());
    let list = old.iter().find(|(name, _)| *name == names::object_entry(&list)).unwrap().1.clone();
    let replaced = replace(&vault, "run-3.after-4.zip", "run-3.after-5.zip", &[&list]);
    commit(&mut vault, deletion(vec![replaced], &[&list]));
    assert_eq!(check(&vault).faults, vec![]);
}
