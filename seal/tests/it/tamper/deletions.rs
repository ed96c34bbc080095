//! Rows about vaults in which bytes were deleted: as they should be, and in every way that is not.

use std::fs;

use countersign_seal::deleted::{self, Deleted};
use countersign_seal::digest::Digest;
use countersign_seal::names;
use countersign_seal::record::{KeptArchive, KeyEvent, Record, Replacement};

use super::Who::Vault as Whole;
use super::{Made, Outside, Row, Says, forge};
use crate::support::deletions::{after_a_deletion, archive, commit, deletion, replace};
use crate::support::{FILES, RAW, SSHD, Vault, artifact, evidence, key, key_record, pack, unpack};

const FINE: &[Says] = &[Says(Whole, 0, "internally consistent"), Says(Outside, 0, "internally consistent")];

pub const ROWS: &[Row] = &[
    // --- As it should be.
    Row { name: "an object was deleted", make: || Made::vault(after_a_deletion("deleted")), says: FINE },
    Row {
        name: "an object was deleted and the replaced archive is still there",
        make: || deleting(&[SSHD], &[SSHD], |_| {}),
        says: &[
            Says(Whole, 0, "run-1.zip still holds deleted bytes"),
            Says(Outside, 0, "archive run-1.zip still holds deleted bytes"),
        ],
    },
    Row {
        name: "an archive was replaced twice, once of them by the second deletion of one commit",
        make: || {
            let mut vault = after_a_deletion("twice");
            let replaced = replace(&vault, "run-1.after-4.zip", "run-1.after-5.zip", &[RAW]);
            let again = replace(&vault, "run-1.after-5.zip", "run-1.after-5b.zip", &[b""]);
            let (one, one_list) = deletion(vec![replaced], &[RAW]);
            let (two, two_list) = deletion(vec![again], &[b""]);
            vault.commit(vec![Record::of(one).unwrap(), Record::of(two).unwrap()], &[&one_list, &two_list]);
            for name in ["run-1.after-4.zip", "run-1.after-5.zip"] {
                fs::remove_file(archive(&vault, name)).unwrap();
            }
            Made::vault(vault)
        },
        says: FINE,
    },
    Row {
        name: "an artifact list and a file that only it names were deleted, and the key was rotated between",
        make: || {
            let mut vault = Vault::small("list-deleted");
            let replaced = replace(&vault, "run-2.zip", "run-2.after-3.zip", &[FILES[0]]);
            commit(&mut vault, deletion(vec![replaced], &[FILES[0]]));
            vault.commit(vec![key_record(&key(9), KeyEvent::Rotated)], &[]);
            vault.key = key(9);
            let (_, list) = crate::support::listed_import();
            let replaced = replace(&vault, "run-2.after-3.zip", "run-2.after-5.zip", &[&list, FILES[1]]);
            commit(&mut vault, deletion(vec![replaced], &[&list, FILES[1]]));
            fs::remove_file(archive(&vault, "run-2.zip")).unwrap();
            fs::remove_file(archive(&vault, "run-2.after-3.zip")).unwrap();
            Made::vault(vault)
        },
        says: FINE,
    },
    Row { name: "a deleted object was collected and kept again", make: || named_again(&[SSHD]), says: FINE },
    // --- Objects.
    Row {
        name: "a record after the deletion names an object that is gone",
        make: || named_again(&[]),
        says: &[Says(Whole, 3, "in an archive; found nothing"), Says(Outside, 3, "is missing")],
    },
    Row {
        name: "an object is said to be deleted and still there",
        make: || deleting(&[SSHD], &[SSHD, RAW], |_| {}),
        says: &[
            Says(Whole, 3, "said to be deleted, still there: run-1.after-3.zip"),
            Says(Outside, 3, "is said to be deleted by leaf 4 and still there"),
        ],
    },
    Row {
        name: "an object is gone that no deletion lists",
        make: || deleting(&[SSHD, RAW], &[SSHD], |_| {}),
        says: &[Says(Whole, 3, "in an archive; found nothing"), Says(Outside, 3, "is missing")],
    },
    Row {
        name: "a deletion lists an object with another size than its record names",
        make: || {
            let mut vault = Vault::small("size");
            let replaced = replace(&vault, "run-1.zip", "run-1.after-3.zip", &[SSHD]);
            let (mut record, _) = deletion(vec![replaced], &[SSHD]);
            let list = deleted::list(&[Deleted { sha256: Digest::of(SSHD), size: 1 }]).unwrap();
            record.artifacts = [deleted::artifact(&list)];
            commit(&mut vault, (record, list));
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "1, deleted"), Says(Outside, 3, "has another size than its record says")],
    },
    // --- Archives.
    Row {
        name: "a replacing archive has other records",
        make: || {
            let mut vault = Vault::small("other-records");
            let mut replaced = replace(&vault, "run-1.zip", "run-1.after-3.zip", &[SSHD]);
            let mut entries = unpack(&fs::read(archive(&vault, "run-1.after-3.zip")).unwrap());
            forge::replace(&mut entries, names::RECORDS, "\"outcome\":\"complete\"", "\"outcome\":\"partial\"");
            forge::list_again(&mut entries, &[names::SUMS, names::CHECKPOINT]);
            replaced.now = put(&vault, "run-1.after-3.zip", &entries);
            commit(&mut vault, deletion(vec![replaced], &[SSHD]));
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "a head of 3 leaves"), Says(Outside, 3, "does not cover the records")],
    },
    Row {
        name: "a replacing archive has another checkpoint",
        make: || {
            let mut vault = Vault::small("other-checkpoint");
            let mut replaced = replace(&vault, "run-2.zip", "run-2.after-3.zip", &[FILES[0]]);
            let mut entries = unpack(&fs::read(archive(&vault, "run-2.after-3.zip")).unwrap());
            *forge::bytes_mut(&mut entries, names::CHECKPOINT) = vault.signed[0].note.clone().into_bytes();
            replaced.now = put(&vault, "run-2.after-3.zip", &entries);
            commit(&mut vault, deletion(vec![replaced], &[FILES[0]]));
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "the checkpoint of its log object"), Says(Outside, 3, "have different checkpoints")],
    },
    Row {
        name: "a byte of a replacing archive was changed",
        make: || {
            let vault = after_a_deletion("replacing-byte");
            let path = archive(&vault, "run-1.after-4.zip");
            let mut bytes = fs::read(&path).unwrap();
            bytes[60] ^= 1;
            fs::write(path, bytes).unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "as the deletion at leaf 5 says"), Says(Outside, 3, "was altered")],
    },
    Row {
        name: "a deletion replaces an archive by a digest it never had",
        make: || deleting(&[], &[], |replaced| replaced.was.sha256 = Digest::of(b"other")),
        says: &[Says(Whole, 3, "in force before it"), Says(Outside, 3, "run-1.zip, which is not in force")],
    },
    Row {
        name: "a deletion replaces an archive that does not exist",
        make: || deleting(&[], &[], |replaced| "run-9.zip".clone_into(&mut replaced.was.name)),
        says: &[Says(Whole, 3, "no such archive"), Says(Outside, 3, "run-9.zip, which is not in force")],
    },
    Row {
        name: "a deletion brings in an archive that is another commit's",
        make: || deleting(&[], &[], |replaced| "run-2.zip".clone_into(&mut replaced.now.name)),
        says: &[Says(Whole, 3, "a new archive name"), Says(Outside, 3, "was altered")],
    },
    Row {
        name: "a deletion brings in an archive outside its folder",
        make: || deleting(&[], &[], |replaced| "../run-1.zip".clone_into(&mut replaced.now.name)),
        says: &[Says(Whole, 3, "a plain file name"), Says(Outside, 3, "names a strange archive")],
    },
    // --- The list.
    Row {
        name: "the list of a deletion was changed, list and log object of its archive made again",
        make: || {
            changed_list(4, |entries, name| {
                forge::replace(entries, name, "\"size\":19", "\"size\":20");
            })
        },
        says: &[Says(Whole, 3, "an object named by its digest"), Says(Outside, 3, "is no object of its digest")],
    },
    Row {
        name: "the list of a deletion was changed in its archive",
        make: || {
            let vault = after_a_deletion("list-changed");
            let path = archive(&vault, "run-4.zip");
            let mut entries = unpack(&fs::read(&path).unwrap());
            let name = list_entry(&vault, 5);
            forge::replace(&mut entries, &name, "\"size\":19", "\"size\":20");
            fs::write(path, pack(&entries)).unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "run-4.zip: expected SHA-256"), Says(Outside, 3, "run-4.zip was altered")],
    },
    Row {
        name: "the list of a deletion is gone, list and log object of its archive made again",
        make: || changed_list(4, |entries, name| entries.retain(|(entry, _)| entry != name)),
        says: &[Says(Whole, 3, "artifact `deleted.jsonl`"), Says(Outside, 3, "the list of the deletion")],
    },
    Row {
        name: "the list of a deletion was itself deleted",
        make: || {
            let mut vault = after_a_deletion("list-itself");
            let (_, list) = deletion(vec![], &[SSHD]);
            let replaced = replace(&vault, "run-4.zip", "run-4.after-5.zip", &[&list]);
            commit(&mut vault, deletion(vec![replaced], &[&list]));
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "artifact `deleted.jsonl`"), Says(Outside, 3, "the list of the deletion at leaf 5")],
    },
    Row {
        name: "a deletion counts other objects than its list has",
        make: || {
            let mut vault = Vault::small("count");
            let replaced = replace(&vault, "run-1.zip", "run-1.after-3.zip", &[SSHD]);
            let (mut record, list) = deletion(vec![replaced], &[SSHD]);
            record.objects = 2;
            commit(&mut vault, (record, list));
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "2 objects, as its record says"), Says(Outside, 3, "lists another number of objects")],
    },
    Row {
        name: "the list of a deletion is not in order",
        make: || {
            let mut vault = Vault::small("order");
            let replaced = replace(&vault, "run-1.zip", "run-1.after-3.zip", &[SSHD, RAW]);
            let (mut record, list) = deletion(vec![replaced], &[SSHD, RAW]);
            let list: Vec<u8> = list.split_inclusive(|byte| *byte == b'\n').rev().flatten().copied().collect();
            record.artifacts = [deleted::artifact(&list)];
            commit(&mut vault, (record, list));
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "in ascending order"), Says(Outside, 3, "is not in ascending order")],
    },
    Row {
        name: "the list of a deletion has another name",
        make: || {
            let mut vault = Vault::small("list-name");
            let replaced = replace(&vault, "run-1.zip", "run-1.after-3.zip", &[SSHD]);
            let (mut record, list) = deletion(vec![replaced], &[SSHD]);
            "gone.jsonl".clone_into(&mut record.artifacts[0].name);
            commit(&mut vault, (record, list));
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "an artifact `deleted.jsonl`"), Says(Outside, 3, "another artifact than deleted.jsonl")],
    },
];

/// One archive of a small vault is replaced by one without some objects, by a deletion that lists others.
fn deleting(gone: &[&[u8]], listed: &[&[u8]], spoil: fn(&mut Replacement)) -> Made {
    let mut vault = Vault::small("deleting");
    let mut replaced = replace(&vault, "run-1.zip", "run-1.after-3.zip", gone);
    spoil(&mut replaced);
    commit(&mut vault, deletion(vec![replaced], listed));
    Made::vault(vault)
}

/// A record names an object after it was deleted, and brings what is given.
fn named_again(kept: &[&[u8]]) -> Made {
    let mut vault = after_a_deletion("again");
    vault.commit(vec![Record::of(evidence("linux/sshd", vec![artifact("stdout", SSHD)])).unwrap()], kept);
    Made::vault(vault)
}

fn put(vault: &Vault, name: &str, entries: &crate::support::Entries) -> KeptArchive {
    let zip = pack(entries);
    fs::write(archive(vault, name), &zip).unwrap();
    KeptArchive { name: name.to_owned(), sha256: Digest::of(&zip), size: zip.len() as u64 }
}

/// Entry name of the list of the deletion at a leaf.
fn list_entry(vault: &Vault, leaf: usize) -> String {
    names::object_entry(&vault.records[leaf].artifacts()[0].sha256)
}

fn changed_list(sequence: u64, edit: fn(&mut crate::support::Entries, &str)) -> Made {
    let vault = after_a_deletion("list");
    let file = format!("run-{sequence}.zip");
    let mut entries = unpack(&fs::read(archive(&vault, &file)).unwrap());
    edit(&mut entries, &list_entry(&vault, 5));
    forge::list_again(&mut entries, &[names::SUMS, names::CHECKPOINT]);
    let kept = put(&vault, &file, &entries);
    forge::log_object(&vault, sequence, |entry| (entry.archive.sha256, entry.archive.size) = (kept.sha256, kept.size));
    Made::vault(vault)
}
