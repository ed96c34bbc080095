//! Rows about the files of a package.
//!
//! A row that ends with `Seal` needs the signing key: the attacker is somebody who may sign. What such a row shows is
//! that the parts of a package still have to fit each other.

use countersign_seal::names;
use countersign_seal::record::Record;

use super::forge::{self, After, OTHER, bytes_mut, lines, replace};
use super::{Made, Outside, Package, Row, Says, Script};
use crate::support::{self, Vault, key};

const RECORDS: &str = names::RECORDS;

pub const ROWS: &[Row] = &[
    Row {
        name: "nothing was done",
        make: || forge::package(After::Nothing, |_| {}),
        says: &[
            Says(Package, 0, "internally consistent, key not compared"),
            Says(Script, 0, "internally consistent, key not compared"),
            Says(Outside, 0, "internally consistent, key not compared"),
        ],
    },
    Row {
        name: "nothing was done, and the key is the one the reader knows",
        make: || forge::package(After::Nothing, |_| {}).key(forge::fingerprint(7)),
        says: &[
            Says(Package, 0, "signed by the key you named"),
            Says(Script, 0, "signed by the key you named"),
            Says(Outside, 0, "key compared"),
        ],
    },
    Row {
        name: "the list was sealed again by somebody with the key, and nothing else was done",
        make: || forge::package(After::Seal, |_| {}),
        says: &[
            Says(Package, 0, "internally consistent"),
            Says(Script, 0, "internally consistent"),
            Says(Outside, 0, "internally consistent"),
        ],
    },
    // --- Records.
    Row {
        name: "a record was edited",
        make: || forge::package(After::Nothing, edit_record),
        says: &[
            Says(Package, 3, "records.jsonl: expected SHA-256"),
            Says(Script, 3, "records.jsonl has other bytes than the list says"),
            Says(Outside, 3, "records.jsonl was altered"),
        ],
    },
    Row {
        name: "a record was edited and the list made again",
        make: || forge::package(After::List, edit_record),
        says: &[
            Says(Package, 3, "list-record.json: expected SHA256SUMS"),
            Says(Script, 3, "list-record.json names another SHA256SUMS"),
            Says(Outside, 3, "it is not the list that was sealed"),
        ],
    },
    Row {
        name: "a record was edited and the list sealed again",
        make: || forge::package(After::Seal, edit_record),
        says: &[
            Says(Package, 3, "the way from leaf 1 to the head"),
            Says(Script, 0, "NOT proved here: each record against its own proof"),
            Says(Outside, 3, "record 1 is not proved"),
        ],
    },
    Row {
        name: "a record was deleted and the list sealed again",
        make: || forge::package(After::Seal, |entries| lines(entries, RECORDS, |lines| drop(lines.remove(1)))),
        says: &[
            Says(Package, 3, "expected counts"),
            Says(Script, 3, "records.jsonl has another number of lines"),
            Says(Outside, 3, "records, proofs and their count differ"),
        ],
    },
    Row {
        name: "a record and its proof were deleted, the count corrected and the list sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                for name in [RECORDS, names::PROOFS] {
                    lines(entries, name, |lines| drop(lines.remove(1)));
                }
                replace(entries, names::MANIFEST, "\"records\":3", "\"records\":2");
            })
        },
        says: &[
            Says(Package, 3, "left-out.jsonl: expected all 4 leaves of the range"),
            Says(Outside, 3, "leaves of the range are missing"),
        ],
    },
    Row {
        name: "a record was inserted and the list sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                lines(entries, RECORDS, |lines| lines.insert(1, record_line("linux/inserted")));
            })
        },
        says: &[
            Says(Package, 3, "4 proofs, one for each record"),
            Says(Script, 3, "records.jsonl has another number of lines"),
            Says(Outside, 3, "records, proofs and their count differ"),
        ],
    },
    Row {
        name: "two records changed places and the list was sealed again",
        make: || forge::package(After::Seal, |entries| lines(entries, RECORDS, |lines| lines.swap(0, 1))),
        says: &[Says(Package, 3, "the way from leaf 0 to the head"), Says(Outside, 3, "record 0 is not proved")],
    },
    Row {
        name: "two records and their proofs changed places and the list was sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                for name in [RECORDS, names::PROOFS] {
                    lines(entries, name, |lines| lines.swap(0, 1));
                }
            })
        },
        says: &[Says(Package, 3, "leaves in ascending order"), Says(Outside, 3, "not in ascending order of leaf")],
    },
    Row {
        name: "a record and its proof are there twice and the list was sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                for name in [RECORDS, names::PROOFS] {
                    lines(entries, name, |lines| lines.insert(1, lines[1].clone()));
                }
                replace(entries, names::MANIFEST, "\"records\":3", "\"records\":4");
            })
        },
        says: &[Says(Package, 3, "leaves in ascending order"), Says(Outside, 3, "not in ascending order of leaf")],
    },
    Row {
        name: "a record of another organization took the place of one and the list was sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                lines(entries, RECORDS, |lines| lines[1] = lines[1].replace(support::ORGANIZATION, OTHER));
            })
        },
        says: &[Says(Package, 3, "a record of this organization"), Says(Outside, 3, "belongs to another organization")],
    },
    Row {
        name: "an object was exchanged for another under its name and the list was sealed again",
        make: || forge::package(After::Seal, |entries| *bytes_mut(entries, &sshd()) = b"PermitRootLogin yes".to_vec()),
        says: &[
            Says(Package, 3, "an object named by its digest"),
            Says(Script, 3, "is not named by its digest"),
            Says(Outside, 3, "an object does not have the digest it is named by"),
        ],
    },
    Row {
        name: "an object that no record names was added and the list sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                let name = names::evidence_entry(&countersign_seal::digest::Digest::of(b"stray"));
                entries.push((name, b"stray".to_vec()));
                replace(entries, names::MANIFEST, "\"objects\":3", "\"objects\":4");
            })
        },
        says: &[
            Says(Package, 3, "a record that names this object"),
            Says(Outside, 3, "an object that no record names"),
        ],
    },
    Row {
        name: "an object was removed and the list sealed again",
        make: || forge::package(After::Seal, |entries| entries.retain(|(name, _)| *name != sshd())),
        says: &[
            Says(Package, 3, "expected the object that"),
            Says(Script, 3, "package.json counts other objects"),
            Says(Outside, 3, "is missing"),
        ],
    },
    Row {
        name: "a left-out leaf got another hash and the list was sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                lines(entries, names::LEFT_OUT, |lines| lines[0] = flip_hash(&lines[0]));
            })
        },
        says: &[
            Says(Package, 3, "leaf hashes that lead to the head"),
            Says(Outside, 3, "the range does not rebuild the head"),
        ],
    },
    Row {
        name: "package.json counts one left-out record less and the list was sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                replace(entries, names::MANIFEST, "\"records_left_out\":2", "\"records_left_out\":1");
            })
        },
        says: &[
            Says(Package, 3, "expected counts"),
            Says(Script, 3, "package.json counts other left-out"),
            Says(Outside, 3, "package.json counts something else"),
        ],
    },
    Row {
        name: "package.json names another key and the list was sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                let (from, to) = (key(7).verifying_key().vkey(), key(8).verifying_key().vkey());
                replace(entries, names::MANIFEST, &from, &to);
            })
        },
        says: &[
            Says(Package, 3, "the key in keys/"),
            Says(Script, 3, "package.json names another key"),
            Says(Outside, 3, "is not the key of package.json"),
        ],
    },
    Row {
        name: "package.json names another organization and the list was sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                let from = format!("\"organization\":\"{}", support::ORGANIZATION);
                replace(entries, names::MANIFEST, &from, &format!("\"organization\":\"{OTHER}"));
            })
        },
        says: &[
            Says(Package, 3, "package.json: expected the organization of"),
            Says(Script, 3, "package.json names another organization"),
            Says(Outside, 3, "checkpoint is of another ledger"),
        ],
    },
    Row {
        name: "package.json was written with white space and the list sealed again",
        make: || forge::package(After::Seal, |entries| replace(entries, names::MANIFEST, "\"title\":", "\"title\": ")),
        says: &[Says(Package, 3, "canonical JSON"), Says(Outside, 3, "package.json is not in canonical form")],
    },
    Row {
        name: "the list record has a member that is null",
        make: || forge::with_list_record(|text| text.replace("\"kind\":", "\"framework\":null,\"kind\":")),
        says: &[
            Says(Package, 3, "a report/1 record"),
            Says(Script, 0, "internally consistent"),
            Says(Outside, 3, "null"),
        ],
    },
    Row {
        name: "the list record has a member that its type does not know",
        make: || forge::with_list_record(|text| text.replace("\"kind\":", "\"extra\":1,\"kind\":")),
        says: &[Says(Package, 3, "a report/1 record"), Says(Outside, 3, "missing or unknown members")],
    },
    Row {
        name: "the list record is one of a report, not of a package",
        make: || forge::with_list_record(|text| text.replace("\"kind\":\"package\"", "\"kind\":\"readiness\"")),
        says: &[
            Says(Package, 3, "the record of a package of this organization"),
            Says(Script, 3, "is not the record of a package of this organization"),
            Says(Outside, 3, "does not speak of this package"),
        ],
    },
    Row {
        name: "the list record belongs to another organization",
        make: || forge::with_list_record(|text| text.replace(support::ORGANIZATION, OTHER)),
        says: &[
            Says(Package, 3, "the record of a package of this organization"),
            Says(Script, 3, "is not the record of a package of this organization"),
            Says(Outside, 3, "belongs to another organization"),
        ],
    },
    Row {
        name: "two records name one object with two sizes, and the later one is right",
        make: || {
            let mut vault = Vault::small("two-sizes");
            let mut wrong = support::artifact("stdout", support::SSHD);
            wrong.size += 1;
            let right = support::artifact("stdout", support::SSHD);
            for named in [wrong, right] {
                vault.commit(vec![Record::of(support::evidence("linux/sshd", vec![named])).unwrap()], &[]);
            }
            Made::package(vault.package_of(&[0, 4, 5], &[support::SSHD], &[]))
        },
        says: &[Says(Package, 3, "another size"), Says(Outside, 3, "has another size than its record says")],
    },
];

fn edit_record(entries: &mut support::Entries) {
    replace(entries, RECORDS, "\"outcome\":\"complete\"", "\"outcome\":\"failed\"");
}

fn record_line(dataset: &str) -> String {
    String::from_utf8(Record::of(support::evidence(dataset, vec![])).unwrap().bytes().to_vec()).unwrap()
}

fn sshd() -> String {
    names::evidence_entry(&countersign_seal::digest::Digest::of(support::SSHD))
}

fn flip_hash(line: &str) -> String {
    let place = line.find("\"hash\":\"").unwrap() + 8;
    let other = if line.as_bytes()[place] == b'0' { "1" } else { "0" };
    format!("{}{other}{}", &line[..place], &line[place + 1..])
}
