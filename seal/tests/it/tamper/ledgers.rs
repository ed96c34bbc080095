//! Rows about the ledger a vault holds: cut, rewritten, mixed with another, or with records and keys that may not be.

use std::fs;

use countersign_seal::names;
use countersign_seal::note::{self, SigningKey};
use countersign_seal::record::{Attestation, Claim, KeyEvent, Record, Signer, Uuid};

use super::Who::Vault as Whole;
use super::forge::{self, OTHER};
use super::{Made, Outside, Row, Says};
use crate::support::{self, SSHD, Vault, artifact, evidence, key, key_record, organization, time};

pub const ROWS: &[Row] = &[
    // --- The ledger as a whole.
    Row {
        name: "the tail was cut, which nobody sees from the vault alone",
        make: || Made::vault(cut()),
        says: &[Says(Whole, 0, "belongs to no commit"), Says(Outside, 0, "internally consistent")],
    },
    Row {
        name: "the tail was cut, and the reader kept a checkpoint",
        make: || {
            let vault = cut();
            let kept = vault.signed[1].note.clone();
            Made::vault(vault).since(&kept)
        },
        says: &[
            Says(Whole, 3, "the ledger was rolled back"),
            Says(Outside, 3, "does not continue the checkpoint kept elsewhere"),
        ],
    },
    Row {
        name: "the ledger was rewritten with the right key, which nobody sees from the vault alone",
        make: || Made::vault(forge::another_history()),
        says: &[Says(Whole, 0, "internally consistent"), Says(Outside, 0, "internally consistent")],
    },
    Row {
        name: "the ledger was rewritten with the right key, and the reader kept a checkpoint",
        make: || Made::vault(forge::another_history()).since(&Vault::small("kept").signed[0].note),
        says: &[
            Says(Whole, 3, "the ledger was rewritten"),
            Says(Outside, 3, "does not continue the checkpoint kept elsewhere"),
        ],
    },
    Row {
        name: "the whole ledger is gone, and the reader kept a checkpoint",
        make: || {
            let vault = Vault::small("gone");
            let kept = vault.signed[0].note.clone();
            fs::remove_dir_all(vault.home()).unwrap();
            Made::vault(vault).since(&kept)
        },
        says: &[Says(Whole, 3, "no such ledger"), Says(Outside, 3, "there is no ledger here")],
    },
    Row {
        name: "a record of another organization was committed with the right key",
        make: || {
            let mut vault = Vault::small("slipped-in");
            let record = Record::of(evidence("linux/other", vec![])).unwrap();
            let other = String::from_utf8(record.bytes().to_vec()).unwrap().replace(support::ORGANIZATION, OTHER);
            vault.commit(vec![Record::parse(other.as_bytes()).unwrap()], &[]);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "a record of this organization"), Says(Outside, 3, "belongs to another organization")],
    },
    Row {
        name: "a record names an object that only another organization keeps",
        make: || {
            let mut vault = Vault::small("borrowed");
            let theirs = b"of the other organization".as_slice();
            beside(&vault, theirs);
            vault.commit(vec![Record::of(evidence("linux/x", vec![artifact("stdout", theirs)])).unwrap()], &[]);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "in an archive; found nothing"), Says(Outside, 3, "is missing")],
    },
    Row {
        name: "two organizations, nothing was done",
        make: || {
            let vault = Vault::small("two");
            beside(&vault, b"theirs");
            Made::vault(vault)
        },
        says: &[Says(Whole, 0, "internally consistent"), Says(Outside, 0, "internally consistent")],
    },
    Row {
        name: "an archive and its log object were moved to another organization",
        make: || {
            let vault = Vault::small("moved");
            beside(&vault, b"theirs");
            let other = vault.folder.0.join(OTHER);
            for (from, to) in [
                ("archives/run-1.zip", "archives/run-7.zip"),
                ("log/0000000000000001.json", "log/0000000000000002.json"),
            ] {
                fs::copy(vault.home().join(from), other.join(to)).unwrap();
            }
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "expected this organization"), Says(Outside, 3, "belongs elsewhere")],
    },
    Row {
        name: "evidence of one organization was moved under the name of another",
        make: || {
            let vault = Vault::small("renamed");
            fs::rename(vault.home(), vault.folder.0.join(OTHER)).unwrap();
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "expected this organization"), Says(Outside, 3, "belongs elsewhere")],
    },
    // --- Keys and records.
    Row {
        name: "a head was signed with a key that no record brought in",
        make: || {
            let mut vault = Vault::small("intruder");
            vault.key = key(10);
            vault.commit(vec![Record::of(evidence("linux/intruder", vec![])).unwrap()], &[]);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "a head signed by"), Says(Outside, 3, "is signed by another key")],
    },
    Row {
        name: "a rotated key signed the commit that brings it in",
        make: || {
            let mut vault = Vault::small("too-early");
            vault.key = key(9);
            vault.commit(vec![key_record(&key(9), KeyEvent::Rotated)], &[]);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "a head signed by"), Says(Outside, 3, "is signed by another key")],
    },
    Row {
        name: "a second key was introduced",
        make: || {
            let mut vault = Vault::small("second");
            vault.commit(vec![key_record(&key(9), KeyEvent::Introduced)], &[]);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "a second introduction"), Says(Outside, 3, "a second key is introduced")],
    },
    Row {
        name: "the first key was rotated in, not introduced",
        make: || {
            let mut vault = Vault::new("rotated-first");
            vault.commit(vec![key_record(&key(7), KeyEvent::Rotated)], &[]);
            Made::vault(vault)
        },
        says: &[
            Says(Whole, 3, "the introduction of the key that signs heads"),
            Says(Outside, 3, "one rotated before the first"),
        ],
    },
    Row {
        name: "the first commit brings two keys and is signed by the second",
        make: || {
            let mut vault = Vault::new("two-keys");
            vault.key = key(9);
            vault.commit(vec![key_record(&key(7), KeyEvent::Introduced), key_record(&key(9), KeyEvent::Rotated)], &[]);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "a head signed by"), Says(Outside, 3, "is signed by another key")],
    },
    Row {
        name: "the ledger does not begin with a key",
        make: || {
            let mut vault = Vault::new("keyless");
            vault.commit(vec![Record::of(evidence("linux/x", vec![])).unwrap()], &[]);
            Made::vault(vault)
        },
        says: &[
            Says(Whole, 3, "the key/1 record of the signing key"),
            Says(Outside, 3, "leaf 0 does not introduce a key"),
        ],
    },
    Row {
        name: "a record has a member that is null",
        make: || committed_text(|text| text.replace("\"started\":", "\"source_clock\":null,\"started\":")),
        says: &[Says(Whole, 3, "what its type says"), Says(Outside, 3, "null")],
    },
    Row {
        name: "a record has a member that its type does not know",
        make: || committed_text(|text| text.replace("\"started\":", "\"spare\":1,\"started\":")),
        says: &[Says(Whole, 3, "what its type says"), Says(Outside, 3, "missing or unknown members")],
    },
    Row {
        name: "a record has an outcome that does not exist",
        make: || committed_text(|text| text.replace("\"complete\"", "\"perfect\"")),
        says: &[Says(Whole, 3, "unknown variant `perfect`"), Says(Outside, 3, "unknown outcome")],
    },
    Row {
        name: "a record has a time that does not exist",
        make: || committed_text(|text| text.replace("\"started\":\"2026-03-31", "\"started\":\"2026-02-29")),
        says: &[Says(Whole, 3, "what its type says"), Says(Outside, 3, "`started`")],
    },
    Row {
        name: "a record is nested 64 deep",
        make: || committed_text(|text| nested(&text, 62)),
        says: &[Says(Whole, 0, "internally consistent"), Says(Outside, 0, "internally consistent")],
    },
    Row {
        name: "a record is nested 65 deep",
        make: || {
            forge::archive(2, true, true, |entries| {
                forge::lines(entries, names::RECORDS, |lines| lines[0] = nested(&lines[0], 63));
            })
        },
        says: &[Says(Whole, 3, "nested more than 64 deep"), Says(Outside, 3, "nested too deeply")],
    },
    Row {
        name: "a record attests something that nobody can claim",
        make: || attested(|text| text.replace("\"claim\":\"met\"", "\"claim\":\"nearly\"")),
        says: &[Says(Whole, 3, "what its type says"), Says(Outside, 3, "unknown claim")],
    },
    Row {
        name: "a record attests that a control is met",
        make: || attested(|text| text.replace("Seen.", "Seen and heard.")),
        says: &[Says(Whole, 0, "internally consistent"), Says(Outside, 0, "internally consistent")],
    },
    Row {
        name: "a record attests that a control was left out untested",
        make: || attested(|text| text.replace("\"claim\":\"met\"", "\"claim\":\"not_tested\"")),
        says: &[Says(Whole, 0, "internally consistent"), Says(Outside, 0, "internally consistent")],
    },
    Row {
        name: "a record attests on a form that some of a control is there",
        make: || {
            attested(|text| {
                let text = text.replace("\"claim\":\"met\"", "\"claim\":\"partial\"");
                text.replace(
                    "\"framework\"",
                    "\"form\":{\"id\":\"own\",\"targets\":[\"h1\"],\"way\":\"a\"},\"framework\"",
                )
            })
        },
        says: &[Says(Whole, 0, "internally consistent"), Says(Outside, 0, "internally consistent")],
    },
    Row {
        name: "a record attests on a form for targets that it does not name",
        make: || {
            attested(|text| text.replace("\"framework\"", "\"form\":{\"id\":\"own\",\"targets\":[7]},\"framework\""))
        },
        says: &[Says(Whole, 3, "what its type says"), Says(Outside, 3, "names nothing")],
    },
    Row {
        name: "an attestation replaces null",
        make: || attested(|text| text.replace("\"statement\"", "\"replaces\":null,\"statement\"")),
        says: &[Says(Whole, 3, "what its type says"), Says(Outside, 3, "null")],
    },
    Row {
        name: "a record of a type that no reader knows yet is a leaf like any other",
        make: || committed_text(|text| text.replace("evidence/1", "evidence/7")),
        says: &[Says(Whole, 0, "internally consistent"), Says(Outside, 0, "internally consistent")],
    },
    Row {
        name: "a record names an object with another size",
        make: || {
            let mut vault = Vault::small("size");
            let mut named = artifact("stdout", SSHD);
            named.size += 1;
            vault.commit(vec![Record::of(evidence("linux/x", vec![named])).unwrap()], &[]);
            Made::vault(vault)
        },
        says: &[Says(Whole, 3, "of 20 bytes; found 19"), Says(Outside, 3, "has another size")],
    },
];

/// A vault whose last log object is gone; its archive is still there.
fn cut() -> Vault {
    let vault = Vault::small("cut");
    fs::remove_file(vault.home().join(names::log_file(2))).unwrap();
    vault
}

/// The record with its provenance so many lists deep; the record and its provenance are two levels more.
fn nested(record: &str, lists: usize) -> String {
    let inner = format!("\"provenance\":{{\"deep\":{}{}}}", "[".repeat(lists), "]".repeat(lists));
    let start = record.find("\"provenance\":{").unwrap();
    let end = start + record[start..].find('}').unwrap() + 1;
    record[..start].to_owned() + &inner + &record[end..]
}

/// A vault with an attestation, edited before it was committed.
fn attested(edit: fn(String) -> String) -> Made {
    let mut vault = Vault::small("attested");
    let attestation = Attestation {
        organization: organization(),
        at: time(),
        by: Signer { party: None, name: "Jordan Example".to_owned(), handle: None },
        framework: "soc2-2017".to_owned(),
        control: "CC6.2".to_owned(),
        objective: None,
        claim: Claim::Met,
        statement: "Seen.".to_owned(),
        addresses: Vec::new(),
        valid_from: time(),
        valid_until: None,
        replaces: None,
        form: None,
        artifacts: vec![],
        artifact_list: None,
    };
    let text = String::from_utf8(Record::of(attestation).unwrap().bytes().to_vec()).unwrap();
    let edited = edit(text.clone());
    assert_ne!(text, edited, "nothing was edited");
    vault.commit(vec![Record::parse(edited.as_bytes()).unwrap()], &[]);
    Made::vault(vault)
}

/// A vault with a record that no writer of ours makes, committed and signed like any other.
fn committed_text(edit: fn(String) -> String) -> Made {
    let mut vault = Vault::small("text");
    let record = Record::of(evidence("linux/x", vec![])).unwrap();
    let text = String::from_utf8(record.bytes().to_vec()).unwrap();
    let edited = edit(text.clone());
    assert_ne!(text, edited, "nothing was edited");
    vault.commit(vec![Record::parse(edited.as_bytes()).unwrap()], &[]);
    Made::vault(vault)
}

/// A ledger of another organization in the same vault, which keeps some bytes.
fn beside(vault: &Vault, bytes: &[u8]) {
    let organization: Uuid = OTHER.parse().unwrap();
    let signer = SigningKey::from_seed(&note::origin(&organization), [11; 32]).unwrap();
    let theirs = |record: Record| {
        let text = String::from_utf8(record.bytes().to_vec()).unwrap().replace(support::ORGANIZATION, OTHER);
        Record::parse(text.as_bytes()).unwrap()
    };
    let introduced = theirs(key_record(&signer, KeyEvent::Introduced));
    let seen = theirs(Record::of(evidence("linux/theirs", vec![artifact("stdout", bytes)])).unwrap());
    let mut other = Vault::of("beside", organization, signer);
    other.commit(vec![introduced, seen], &[bytes]);
    fs::rename(other.home(), vault.folder.0.join(OTHER)).unwrap();
}
