//! Fixed inputs and outputs, made with other tools (python, openssl, ssh-keygen) than the ones under test.
//!
//! If one of these has to change, the format has changed and needs a new version.

use std::io::Cursor;

use countersign_seal::archive::ArchiveWriter;
use countersign_seal::canonical;
use countersign_seal::deleted::{self, Deleted};
use countersign_seal::digest::Digest;
use countersign_seal::ledger::{self, Tree};
use countersign_seal::note::{self, SigningKey, VerifyingKey};
use countersign_seal::record::Record;
use countersign_seal::ssh;
use serde_json::Value;

use crate::support::unpack;

macro_rules! vectors {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../vectors/", $name))).unwrap()
    };
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn digests(value: &Value) -> Vec<Digest> {
    list(value).iter().map(|digest| text(digest).parse().unwrap()).collect()
}

#[test]
fn canonical_bytes_are_the_published_ones() {
    let vectors = vectors!("canonical.json");
    for case in list(&vectors["accepted"]) {
        let expected = text(&case["canonical"]);
        assert_eq!(String::from_utf8(canonical::to_bytes(&case["value"]).unwrap()).unwrap(), expected);
        assert_eq!(canonical::parse(expected.as_bytes()).unwrap(), case["value"]);
    }
    for case in list(&vectors["refused"]) {
        assert!(canonical::parse(text(case).as_bytes()).is_err(), "accepted: {case}");
    }
}

#[test]
fn roots_and_proofs_are_those_of_certificate_transparency() {
    let vectors = vectors!("ledger.json");
    let leaves: Vec<Digest> =
        list(&vectors["inputs"]).iter().map(|input| ledger::leaf_hash(&hex::decode(text(input)).unwrap())).collect();
    assert_eq!(leaves, digests(&vectors["leaf_hashes"]));
    assert_eq!(ledger::root(&[]), text(&vectors["empty_root"]).parse().unwrap());
    let tree = Tree::from_leaves(&leaves);
    for (index, root) in digests(&vectors["roots"]).iter().enumerate() {
        assert_eq!(ledger::root(&leaves[..=index]), *root);
        assert_eq!(tree.root_at(index as u64 + 1).unwrap(), *root);
    }
    for case in list(&vectors["inclusion"]) {
        let (leaf, size) = (case["leaf"].as_u64().unwrap(), case["size"].as_u64().unwrap());
        assert_eq!(tree.inclusion(leaf, size).unwrap(), digests(&case["path"]));
    }
    for case in list(&vectors["consistency"]) {
        let (from, to) = (case["from"].as_u64().unwrap(), case["to"].as_u64().unwrap());
        assert_eq!(tree.consistency(from, to).unwrap(), digests(&case["path"]));
    }
}

#[test]
fn checkpoint_and_keys_are_those_of_openssl_and_openssh() {
    let vectors = vectors!("checkpoint.json");
    let seed: [u8; 32] = hex::decode(text(&vectors["seed"])).unwrap().try_into().unwrap();
    let key = SigningKey::from_seed(text(&vectors["name"]), seed).unwrap();
    let public = key.verifying_key();
    assert_eq!(hex::encode(public.as_bytes()), text(&vectors["public"]));
    assert_eq!(hex::encode(public.id()), text(&vectors["key_id"]));
    assert_eq!(public.vkey(), text(&vectors["vkey"]));
    assert_eq!(public.pem(), text(&vectors["pem"]));
    assert_eq!(public.fingerprint(), text(&vectors["fingerprint"]));
    assert_eq!(VerifyingKey::parse(text(&vectors["vkey"])).unwrap(), public);
    let signed = key.sign_checkpoint(vectors["size"].as_u64().unwrap(), text(&vectors["root"]).parse().unwrap());
    assert_eq!(signed.body, text(&vectors["body"]));
    assert_eq!(hex::encode(signed.signature), text(&vectors["signature"]));
    assert_eq!(signed.note, text(&vectors["note"]));
    assert_eq!(signed.ssh_signature, text(&vectors["ssh_signature"]));
    assert!(ssh::verify(&public, signed.body.as_bytes(), text(&vectors["ssh_signature"])));
    assert_eq!(note::open(text(&vectors["note"]), &public).unwrap().checkpoint, signed.checkpoint);
    let other = ssh_key::SshSig::from_pem(signed.ssh_signature.as_bytes()).unwrap();
    let other_key = ssh_key::PublicKey::from_openssh(&ssh::public_key(public.as_bytes())).unwrap();
    other_key.verify(ssh::NAMESPACE, signed.body.as_bytes(), &other).unwrap();
}

#[test]
fn a_note_key_of_another_implementation_is_understood() {
    use base64::Engine as _;
    let vectors = vectors!("checkpoint.json");
    let foreign = &vectors["foreign"];
    let key = VerifyingKey::parse(text(&foreign["vkey"])).unwrap();
    let line = base64::engine::general_purpose::STANDARD.decode(text(&foreign["signature_line"])).unwrap();
    assert_eq!(line[..4], key.id());
    assert!(key.verify_raw(text(&foreign["text"]).as_bytes(), line[4..].try_into().unwrap()));
    let seed: [u8; 32] = hex::decode(text(&foreign["seed"])).unwrap().try_into().unwrap();
    let signer = SigningKey::from_seed(text(&foreign["name"]), seed).unwrap();
    assert_eq!(signer.sign_raw(text(&foreign["text"]).as_bytes()), line[4..]);
}

#[test]
fn records_and_their_leaf_hashes_are_the_published_ones() {
    for case in list(&vectors!("records.json")) {
        let bytes = text(&case["record"]).as_bytes();
        let record = Record::parse(bytes).unwrap();
        assert_eq!(record.leaf_hash(), text(&case["leaf_hash"]).parse().unwrap());
        let statement = record.statement().unwrap();
        assert_eq!(statement.is_some(), case["known"] == true, "{}", record.kind());
        if let Some(statement) = statement {
            assert_eq!(Record::of(statement).unwrap().bytes(), bytes);
        }
    }
}

#[test]
fn an_archive_has_exactly_the_published_entries() {
    let vectors = vectors!("archive.json");
    let write = || {
        let mut archive = ArchiveWriter::new(Cursor::new(Vec::new()), 2);
        for object in list(&vectors["objects"]) {
            archive.add_bytes(text(object).as_bytes()).unwrap();
        }
        let records: Vec<Record> =
            list(&vectors["records"]).iter().map(|line| Record::parse(text(line).as_bytes()).unwrap()).collect();
        archive.finish(&records, text(&vectors["checkpoint"])).unwrap().0.into_inner()
    };
    let zip = write();
    assert_eq!(zip, write());
    let entries = unpack(&zip);
    let expected = vectors["entries"].as_object().unwrap();
    assert_eq!(entries.len(), expected.len());
    for (name, bytes) in entries {
        assert_eq!(Digest::of(&bytes).to_string(), text(&expected[&name]), "{name}");
    }
}

#[test]
fn the_list_of_a_deletion_is_the_published_one_and_no_other_form_of_it_is_read() {
    let objects = [b"one".as_slice(), b"three", b"one"]
        .map(|bytes| Deleted { sha256: Digest::of(bytes), size: bytes.len() as u64 });
    let bytes = deleted::list(&objects).unwrap();
    let vectors = vectors!("records.json");
    let record = list(&vectors).iter().map(|case| Record::parse(text(&case["record"]).as_bytes()).unwrap());
    let record = record.into_iter().find(|record| record.kind().as_str() == "deletion/1").unwrap();
    assert_eq!(record.artifacts(), [deleted::artifact(&bytes)]);
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.iter().map(|line| Deleted::parse(line).unwrap()).collect::<Vec<_>>(), {
        let mut sorted = objects[..2].to_vec();
        sorted.sort();
        sorted
    });
    for other in [lines[0].to_ascii_uppercase(), [lines[0], b" "].concat(), b"{}".to_vec()] {
        assert!(Deleted::parse(&other).is_err());
    }
}

#[test]
fn a_deletion_with_another_artifact_and_an_attestation_that_claims_more_are_refused() {
    for case in list(&vectors!("records.json")) {
        let line = text(&case["record"]);
        let edited = match &line {
            line if line.contains("\"claim\":\"met\"") => line.replace("\"claim\":\"met\"", "\"claim\":\"exceeded\""),
            line if line.contains("deletion/1") => {
                let (start, rest) = line.split_once("\"artifacts\":[").unwrap();
                let (one, end) = rest.split_once(']').unwrap();
                format!("{start}\"artifacts\":[{one},{one}]{end}")
            }
            _ => continue,
        };
        assert!(Record::parse(edited.as_bytes()).unwrap().statement().is_err(), "accepted: {edited}");
    }
}
