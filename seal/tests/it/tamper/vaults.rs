//! Rows about the archives and log objects of a vault.

use std::fs;

use countersign_seal::digest::Digest;
use countersign_seal::names;
use countersign_seal::record::Record;

use super::Who::Vault as Whole;
use super::forge::{self, OTHER, lines, replace};
use super::{Made, Outside, Row, Says};
use crate::support::{self, SSHD, Vault, evidence};

const RECORDS: &str = names::RECORDS;
pub const ROWS: &[Row] = &[
    Row {
        name: "nothing was done to the vault",
        make: || Made::vault(Vault::small("whole")),
        says: &[Says(Whole, 0, "internally consistent"), Says(Outside, 0, "internally consistent")],
    },
    Row {
        name: "nothing was done to the vault, and key and checkpoint are the ones the reader knows",
        make: || {
            let vault = Vault::small("known");
            let kept = vault.signed[0].note.clone();
            Made::vault(vault).key(forge::fingerprint(7)).since(&kept)
        },
        says: &[Says(Whole, 0, "signed by the key you named"), Says(Outside, 0, "key compared")],
    },
    Row {
        name: "an archive that no log object names was left behind",
        make: || {
            let vault = Vault::small("left-behind");
            fs::copy(vault.home().join("archives/run-1.zip"), vault.home().join("archives/run-9.zip")).unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 0, "belongs to no commit"), Says(Outside, 0, "internally consistent")],
    },
    // --- Archives.
    Row {
        name: "a record in an archive was edited",
        make: || forge::archive(1, false, false, edit_record),
        says: &[Says(Whole, 3, "run-1.zip: expected SHA-256"), Says(Outside, 3, "run-1.zip was altered")],
    },
    Row {
        name: "a record in an archive was edited and the list made again",
        make: || forge::archive(1, true, false, edit_record),
        says: &[Says(Whole, 3, "run-1.zip: expected SHA-256"), Says(Outside, 3, "run-1.zip was altered")],
    },
    Row {
        name: "a record was edited and the log object got the archive's new digest, but not the list",
        make: || forge::archive(1, false, true, edit_record),
        says: &[Says(Whole, 3, "records.jsonl: expected SHA-256"), Says(Outside, 3, "records.jsonl was altered")],
    },
    Row {
        name: "a record was edited, list and log object made again",
        make: || forge::archive(1, true, true, edit_record),
        says: &[Says(Whole, 3, "a head of 3 leaves"), Says(Outside, 3, "does not cover the records")],
    },
    Row {
        name: "a record was deleted, list and log object made again",
        make: || forge::archive(1, true, true, |entries| lines(entries, RECORDS, |lines| drop(lines.pop()))),
        says: &[Says(Whole, 3, "3 records in its archive; found 2"), Says(Outside, 3, "counts other leaves")],
    },
    Row {
        name: "a record was inserted, list and log object made again",
        make: || {
            forge::archive(1, true, true, |entries| {
                let record = Record::of(evidence("linux/inserted", vec![])).unwrap();
                let line = String::from_utf8(record.bytes().to_vec()).unwrap();
                lines(entries, RECORDS, |lines| lines.insert(1, line));
            })
        },
        says: &[Says(Whole, 3, "3 records in its archive; found 4"), Says(Outside, 3, "counts other leaves")],
    },
    Row {
        name: "two records changed places, list and log object made again",
        make: || forge::archive(1, true, true, |entries| lines(entries, RECORDS, |lines| lines.swap(1, 2))),
        says: &[Says(Whole, 3, "a head of 3 leaves"), Says(Outside, 3, "does not cover the records")],
    },
    Row {
        name: "a record stands twice instead of another, list and log object made again",
        make: || {
            forge::archive(1, true, true, |entries| {
                lines(entries, RECORDS, |lines| {
                    let second = lines[1].clone();
                    lines[2] = second;
                });
            })
        },
        says: &[Says(Whole, 3, "a head of 3 leaves"), Says(Outside, 3, "does not cover the records")],
    },
    Row {
        name: "an object was exchanged under its name, list and log object made again",
        make: || {
            forge::archive(1, true, true, |entries| {
                *forge::bytes_mut(entries, &names::object_entry(&Digest::of(SSHD))) = b"PermitRootLogin yes".to_vec();
            })
        },
        says: &[Says(Whole, 3, "an object named by its digest"), Says(Outside, 3, "is no object of its digest")],
    },
    Row {
        name: "an object was removed, list and log object made again",
        make: || {
            forge::archive(1, true, true, |entries| {
                let object = names::object_entry(&Digest::of(SSHD));
                entries.retain(|(name, _)| *name != object);
            })
        },
        says: &[Says(Whole, 3, "in an archive; found nothing"), Says(Outside, 3, "is missing")],
    },
    Row {
        name: "an object that only the artifact list names was removed, list and log object made again",
        make: || {
            forge::archive(2, true, true, |entries| {
                let object = names::object_entry(&Digest::of(support::FILES[1]));
                entries.retain(|(name, _)| *name != object);
            })
        },
        says: &[Says(Whole, 3, "artifact `files/1`"), Says(Outside, 3, "is missing")],
    },
    Row {
        name: "the checkpoint in an archive lost its signature and the log object has the archive's new digest",
        make: || {
            forge::archive(1, false, true, |entries| {
                let note = forge::bytes_mut(entries, names::CHECKPOINT);
                let text = String::from_utf8(note.clone()).unwrap();
                *note = text.split_inclusive('\n').take(3).collect::<String>().into_bytes();
            })
        },
        says: &[
            Says(Whole, 3, "the checkpoint of its log object"),
            Says(Outside, 3, "is not a checkpoint with one signature"),
        ],
    },
    Row {
        name: "a file was added to an archive and the log object made again",
        make: || forge::archive(1, false, true, |entries| entries.push(("extra.txt".to_owned(), b"more".to_vec()))),
        says: &[Says(Whole, 3, "the entry was added"), Says(Outside, 3, "not in the list: extra.txt")],
    },
    Row {
        name: "an archive is lost",
        make: || {
            let vault = Vault::small("lost");
            fs::remove_file(vault.home().join("archives/run-1.zip")).unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "run-1.zip"), Says(Outside, 3, "run-1.zip is missing")],
    },
    Row {
        name: "an archive of another history under the same key took the place of one",
        make: || {
            let (vault, other) = (Vault::small("swapped"), forge::another_history());
            fs::copy(other.home().join("archives/run-2.zip"), vault.home().join("archives/run-2.zip")).unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "run-2.zip: expected SHA-256"), Says(Outside, 3, "run-2.zip was altered")],
    },
    // --- Log objects.
    Row {
        name: "a log object in the middle is lost",
        make: || {
            let mut vault = Vault::small("hole");
            vault.commit(vec![Record::of(evidence("linux/later", vec![])).unwrap()], &[]);
            fs::remove_file(vault.home().join(names::log_file(2))).unwrap();
            Made::vault(vault)
        },
        says: &[
            Says(Whole, 3, "expected log object 2; found 3 next"),
            Says(Outside, 3, "0000000000000002.json is missing"),
        ],
    },
    Row {
        name: "a log object is there twice, under the next sequence too",
        make: || {
            let vault = Vault::small("doubled");
            fs::copy(vault.home().join(names::log_file(2)), vault.home().join(names::log_file(3))).unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "expected sequence 3; found 2"), Says(Outside, 3, "belongs elsewhere")],
    },
    Row {
        name: "a log object is there twice and says the next sequence",
        make: || {
            let vault = Vault::small("doubled-right");
            fs::copy(vault.home().join(names::log_file(2)), vault.home().join(names::log_file(3))).unwrap();
            forge::log_object(&vault, 3, |entry| entry.sequence = 3);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "expected first leaf 4; found 3"), Says(Outside, 3, "counts other leaves")],
    },
    Row {
        name: "a log object names another first leaf",
        make: || changed_log(|entry| entry.first_leaf = 2),
        says: &[Says(Whole, 3, "expected first leaf 3; found 2"), Says(Outside, 3, "counts other leaves")],
    },
    Row {
        name: "a log object counts another number of leaves",
        make: || changed_log(|entry| entry.leaf_count = 2),
        says: &[Says(Whole, 3, "2 records in its archive; found 1"), Says(Outside, 3, "counts other leaves")],
    },
    Row {
        name: "a log object names another organization",
        make: || changed_log(|entry| entry.organization = OTHER.parse().unwrap()),
        says: &[Says(Whole, 3, "expected this organization"), Says(Outside, 3, "belongs elsewhere")],
    },
    Row {
        name: "a log object names another size of its archive",
        make: || changed_log(|entry| entry.archive.size += 1),
        says: &[Says(Whole, 3, "bytes, as log/"), Says(Outside, 3, "was altered")],
    },
    Row {
        name: "a log object has the checkpoint of the commit before",
        make: || {
            let vault = Vault::small("rolled-back-head");
            let before = vault.signed[0].note.clone();
            forge::log_object(&vault, 2, |entry| entry.checkpoint = before);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "a head of 4 leaves"), Says(Outside, 3, "have different checkpoints")],
    },
    Row {
        name: "a log object is not canonical",
        make: || forge::log_text(1, |text| text.replace("\"sequence\":", "\"sequence\": ")),
        says: &[Says(Whole, 3, "not in canonical form"), Says(Outside, 3, "not in canonical form")],
    },
    Row {
        name: "a log object has a line end",
        make: || forge::log_text(1, |text| text + "\n"),
        says: &[Says(Whole, 3, "not in canonical form"), Says(Outside, 3, "not in canonical form")],
    },
    Row {
        name: "a log object names an archive outside its folder",
        make: || forge::log_text(1, |text| text.replace("run-1.zip", "../run-1.zip")),
        says: &[Says(Whole, 3, "not a plain file name"), Says(Outside, 3, "names a strange archive")],
    },
    Row {
        name: "a log object says a newer version",
        make: || forge::log_text(2, |text| text.replace("countersign-log/1", "countersign-log/2")),
        says: &[Says(Whole, 2, "a newer verifier is needed"), Says(Outside, 2, "a newer verifier is needed")],
    },
    Row {
        name: "a log object says a newer version and a commit before it was edited",
        make: || {
            let vault = Vault::small("newer-and-edited");
            let text = fs::read_to_string(vault.home().join(names::log_file(2))).unwrap();
            fs::write(vault.home().join(names::log_file(2)), text.replace("log/1", "log/2")).unwrap();
            forge::log_object(&vault, 1, |entry| entry.archive.size += 1);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "bytes, as log/"), Says(Outside, 3, "was altered")],
    },
    Row {
        name: "a newer version went on with the ledger and replaced an archive and an object",
        make: || {
            let mut vault = Vault::small("newer-deleted");
            vault.commit(vec![Record::of(evidence("linux/later", vec![])).unwrap()], &[]);
            let text = fs::read_to_string(vault.home().join(names::log_file(3))).unwrap();
            fs::write(vault.home().join(names::log_file(3)), text.replace("log/1", "log/2")).unwrap();
            fs::rename(vault.home().join("archives/run-2.zip"), vault.home().join("archives/run-2.after-3.zip"))
                .unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 2, "a newer verifier is needed"), Says(Outside, 2, "a newer verifier is needed")],
    },
    // --- The root of the vault.
    Row {
        name: "a folder and a file that are no ledgers stand in the vault",
        make: || {
            let vault = Vault::small("lost-and-found");
            fs::create_dir(vault.folder.0.join("lost+found")).unwrap();
            fs::write(vault.folder.0.join("notes.txt"), "").unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 0, "lost+found is not named by a UUID"), Says(Outside, 0, "note: lost+found")],
    },
    Row {
        name: "the folder of a ledger has its UUID in upper case",
        make: || {
            let vault = Vault::small("upper-case");
            fs::rename(vault.home(), vault.folder.0.join(support::ORGANIZATION.to_uppercase())).unwrap();
            Made::vault(vault)
        },
        says: &[
            Says(Whole, 3, "a folder named by an organization's UUID"),
            Says(Outside, 3, "is not a UUID in lower case"),
        ],
    },
    Row {
        name: "an organization has no log object, beside one that has",
        make: || {
            let vault = Vault::small("begun");
            fs::create_dir_all(vault.folder.0.join(OTHER).join("log")).unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 0, "there is no log object"), Says(Outside, 0, "has no ledger")],
    },
];

fn edit_record(entries: &mut support::Entries) {
    replace(entries, RECORDS, "\"outcome\":\"complete\"", "\"outcome\":\"failed\"");
}

fn changed_log(edit: fn(&mut countersign_seal::log::Entry)) -> Made {
    let vault = Vault::small("log");
    forge::log_object(&vault, 2, edit);
    Made::vault(vault)
}
