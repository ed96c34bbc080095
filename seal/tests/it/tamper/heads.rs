//! Rows about the signed head of a package, the keys it may be signed with, and versions.

use countersign_seal::record::KeyEvent;
use countersign_seal::{names, proof};

use super::forge::{self, After, bytes, bytes_mut, lines, replace};
use super::{Made, Outside, Package, Row, Says, Script};
use crate::support::{self, Vault, key, key_record, pack, unpack};

pub const ROWS: &[Row] = &[
    // --- Checkpoints.
    Row {
        name: "an older signed checkpoint was put in",
        make: || {
            let (vault, mut entries) = forge::original();
            forge::put_checkpoint(&mut entries, &vault.signed[1]);
            Made::package(pack(&entries))
        },
        says: &[
            Says(Package, 3, "the way from the list record to the checkpoint"),
            Says(Script, 3, "list-proof leads to another checkpoint"),
            Says(Outside, 3, "list-proof"),
        ],
    },
    Row {
        name: "a checkpoint of another history under the same key was put in",
        make: || {
            let (_, mut entries) = forge::original();
            forge::put_checkpoint(&mut entries, forge::another_history().signed.last().unwrap());
            Made::package(pack(&entries))
        },
        says: &[
            Says(Package, 3, "the way from the list record to the checkpoint"),
            Says(Script, 3, "is not in the ledger of this checkpoint"),
            Says(Outside, 3, "list-proof"),
        ],
    },
    Row {
        name: "a whole package of another history under the same key: nobody can see that from a package",
        make: || Made::package(history_of_its_own(7)).key(forge::fingerprint(7)),
        says: &[
            Says(Package, 0, "signed by the key you named"),
            Says(Script, 0, "that there is no second ledger"),
            Says(Outside, 0, "key compared"),
        ],
    },
    Row {
        name: "the checkpoint lost its signature",
        make: || {
            forge::package(After::Nothing, |entries| {
                let body = bytes(entries, names::CHECKPOINT_BODY).clone();
                *bytes_mut(entries, names::CHECKPOINT) = body;
            })
        },
        says: &[
            Says(Package, 3, "the text is not a signed note"),
            Says(Script, 3, "checkpoint differs from checkpoint.body"),
            Says(Outside, 3, "is not a checkpoint with one signature"),
        ],
    },
    Row {
        name: "the checkpoint is signed twice",
        make: || {
            forge::package(After::Nothing, |entries| {
                let note = String::from_utf8(bytes(entries, names::CHECKPOINT).clone()).unwrap();
                let signature = note.lines().last().unwrap();
                *bytes_mut(entries, names::CHECKPOINT) = format!("{note}{signature}\n").into_bytes();
            })
        },
        says: &[
            Says(Package, 3, "checkpoint: expected"),
            Says(Script, 3, "checkpoint differs from checkpoint.body"),
            Says(Outside, 3, "is not a checkpoint with one signature"),
        ],
    },
    Row {
        name: "the signature of the checkpoint has S plus the order of the curve",
        make: || forge::package(After::Nothing, add_order),
        says: &[
            Says(Package, 3, "checkpoint: expected"),
            Says(Script, 3, "is not the signature"),
            Says(Outside, 3, "does not hold"),
        ],
    },
    Row {
        name: "the list's proof has a step more",
        make: || {
            forge::package(After::Nothing, |entries| {
                let mut proof = proof::Inclusion::parse(bytes(entries, names::LIST_PROOF)).unwrap();
                proof.path.push(proof.path[0]);
                *bytes_mut(entries, names::LIST_PROOF) = proof.encode().into_bytes();
            })
        },
        says: &[
            Says(Package, 3, "the way from the list record to the checkpoint"),
            Says(Script, 3, "list-proof is too long"),
            Says(Outside, 3, "a proof is too long"),
        ],
    },
    Row {
        name: "the consistency proof has a step less",
        make: || {
            forge::package(After::Nothing, |entries| lines(entries, names::LIST_CONSISTENCY, |lines| drop(lines.pop())))
        },
        says: &[
            Says(Package, 3, "the way from the package's head to the checkpoint"),
            Says(Script, 3, "does not continue the head"),
            Says(Outside, 3, "list-consistency does not hold"),
        ],
    },
    // --- Keys.
    Row {
        name: "all three key files were exchanged and the list sealed again",
        make: || forge::package(After::Seal, other_keys),
        says: &[
            Says(Package, 3, "a head signed by the package's key"),
            Says(Script, 3, "is not the signature of the key"),
            Says(Outside, 3, "is not the key of package.json"),
        ],
    },
    Row {
        name: "only the key for openssl was exchanged and the list sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                *bytes_mut(entries, names::KEY_PEM) = key(8).verifying_key().pem().into_bytes();
            })
        },
        says: &[
            Says(Package, 3, "the same key as keys/ledger.vkey"),
            Says(Script, 3, "keys/ledger.pem is another key"),
            Says(Outside, 3, "keys/ledger.pem is another key"),
        ],
    },
    Row {
        name: "only the key for ssh-keygen was exchanged and the list sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                let vault = Vault::new("signers");
                let own = countersign_seal::ssh::allowed_signer(&vault.key.verifying_key());
                let other = countersign_seal::ssh::allowed_signer(&key(8).verifying_key());
                replace(entries, names::KEY_ALLOWED_SIGNERS, &own, &other);
            })
        },
        says: &[
            Says(Package, 3, "the same key as keys/ledger.vkey"),
            Says(Script, 3, "keys/allowed_signers is another key"),
            Says(Outside, 3, "keys/allowed_signers is another key"),
        ],
    },
    Row {
        name: "a second signer was added for ssh-keygen and the list sealed again",
        make: || {
            forge::package(After::Seal, |entries| {
                let other = countersign_seal::ssh::allowed_signer(&key(8).verifying_key());
                bytes_mut(entries, names::KEY_ALLOWED_SIGNERS).extend(other.into_bytes());
            })
        },
        says: &[
            Says(Package, 3, "the same key as keys/ledger.vkey"),
            Says(Script, 3, "keys/allowed_signers is another key"),
            Says(Outside, 3, "keys/allowed_signers is another key"),
        ],
    },
    Row {
        name: "the key is a point of small order, under which one signature fits any text",
        make: || forge::package(After::Seal, |entries| small_order(entries, [0; 32])),
        says: &[
            Says(Package, 3, "keys/ledger.vkey: expected a verifier key"),
            Says(Script, 3, "is a key of small order"),
            Says(Outside, 3, "the key is of small order"),
        ],
    },
    Row {
        name: "the key is a point of small order, another one",
        make: || {
            forge::package(After::Seal, |entries| {
                let hex = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa";
                small_order(entries, hex::decode(hex).unwrap().try_into().unwrap());
            })
        },
        says: &[
            Says(Package, 3, "keys/ledger.vkey: expected a verifier key"),
            Says(Script, 3, "is a key of small order"),
            Says(Outside, 3, "the key is of small order"),
        ],
    },
    Row {
        name: "everything was made again with another key, which nobody sees who knows no key",
        make: || Made::package(history_of_its_own(8)),
        says: &[
            Says(Package, 0, "internally consistent, key not compared"),
            Says(Script, 0, "internally consistent, key not compared"),
            Says(Outside, 0, "internally consistent, key not compared"),
        ],
    },
    Row {
        name: "everything was made again with another key, and the reader knows the right one",
        make: || Made::package(history_of_its_own(8)).key(forge::fingerprint(7)),
        says: &[
            Says(Package, 3, "the key you named"),
            Says(Package, 3, "has rotated its key"),
            Says(Script, 3, "signed by another key"),
            Says(Script, 3, "has rotated its key"),
            Says(Outside, 3, "the key is not the one given with --key"),
        ],
    },
    Row {
        name: "a key that was replaced signed a package which holds the record of its successor",
        make: || {
            let mut vault = Vault::small("replaced");
            vault.commit(vec![key_record(&key(9), KeyEvent::Rotated)], &[]);
            Made::package(vault.package_of(&[0, 4], &[], &[]))
        },
        says: &[
            Says(Package, 3, "none of a later key"),
            Says(Script, 0, "internally consistent"),
            Says(Outside, 3, "the record of the signing key is missing"),
        ],
    },
    // --- Versions.
    Row {
        name: "package.json says a newer version",
        make: || forge::package(After::Nothing, |entries| replace(entries, names::MANIFEST, "package/1", "package/2")),
        says: &[
            Says(Package, 3, "a newer one needs a newer verifier"),
            Says(Script, 3, "package.json has other bytes than the list says"),
            Says(Outside, 3, "package.json was altered"),
        ],
    },
    Row {
        name: "a package of a newer version, sealed as it is",
        make: || forge::package(After::Seal, |entries| replace(entries, names::MANIFEST, "package/1", "package/2")),
        says: &[
            Says(Package, 2, "a newer verifier is needed"),
            Says(Script, 2, "a newer verifier is needed"),
            Says(Outside, 2, "a newer verifier is needed"),
        ],
    },
    Row {
        name: "a package of a newer version has more files, sealed as it is",
        make: || {
            forge::package(After::Seal, |entries| {
                replace(entries, names::MANIFEST, "package/1", "package/2");
                entries.push(("evidence/tiles".to_owned(), b"what later versions keep".to_vec()));
            })
        },
        says: &[Says(Package, 2, "a newer verifier is needed"), Says(Outside, 2, "a newer verifier is needed")],
    },
    Row {
        name: "a package of a newer version, sealed as it is, and a report edited since",
        make: || {
            let made =
                forge::package(After::Seal, |entries| replace(entries, names::MANIFEST, "package/1", "package/2"));
            let super::Evidence::Package(zip) = made.evidence else { panic!("no package") };
            let mut entries = unpack(&zip);
            replace(&mut entries, "reports/readiness.html", "ready", "READY");
            Made::package(pack(&entries))
        },
        says: &[
            Says(Package, 3, "reports/readiness.html: expected SHA-256"),
            Says(Script, 3, "has other bytes than the list says"),
            Says(Outside, 3, "was altered"),
        ],
    },
    Row {
        name: "package.json says a version before the first, sealed as it is",
        make: || forge::package(After::Seal, |entries| replace(entries, names::MANIFEST, "package/1", "package/0")),
        says: &[Says(Package, 3, "format countersign-package/1"), Says(Outside, 3, "this is no countersign-package/1")],
    },
];

fn other_keys(entries: &mut support::Entries) {
    let other = key(8).verifying_key();
    *bytes_mut(entries, names::KEY_VKEY) = format!("{}\n", other.vkey()).into_bytes();
    *bytes_mut(entries, names::KEY_PEM) = other.pem().into_bytes();
    *bytes_mut(entries, names::KEY_ALLOWED_SIGNERS) = countersign_seal::ssh::allowed_signer(&other).into_bytes();
}

/// A package from a vault made from nothing, consistent in itself.
fn history_of_its_own(seed: u8) -> Vec<u8> {
    let zip = Vault::filled_by("own-history", key(seed)).package();
    assert!(!unpack(&zip).is_empty());
    zip
}

/// The same signature, written with S + L, which careless verifiers take for good.
fn add_order(entries: &mut support::Entries) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut signature = bytes(entries, names::CHECKPOINT_SIG).clone();
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = ((sum & 0xff) as u8, sum >> 8);
    }
    let id = key(7).verifying_key().id();
    let packed = STANDARD.encode([id.as_slice(), &signature].concat());
    let note = String::from_utf8(bytes(entries, names::CHECKPOINT).clone()).unwrap();
    let old = note.trim_end().rsplit(' ').next().unwrap().to_owned();
    *bytes_mut(entries, names::CHECKPOINT) = note.replace(&old, &packed).into_bytes();
    *bytes_mut(entries, names::CHECKPOINT_SIG) = signature;
}

/// A verifier key that no writer of ours makes, wherever a package names its key.
fn small_order(entries: &mut support::Entries, public: [u8; 32]) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let own = key(7).verifying_key();
    let id = countersign_seal::digest::Digest::of(&[own.name().as_bytes(), b"\n\x01", &public].concat()).to_string();
    let vkey = format!("{}+{}+{}", own.name(), &id[..8], STANDARD.encode([&[1], public.as_slice()].concat()));
    replace(entries, names::KEY_VKEY, &own.vkey(), &vkey);
    replace(entries, names::MANIFEST, &own.vkey(), &vkey);
}
