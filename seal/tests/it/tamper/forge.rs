//! What an attacker does: edits files, makes lists again, signs again where the key was stolen.

use std::fs;

use countersign_seal::digest::Digest;
use countersign_seal::ledger::Tree;
use countersign_seal::note::SignedCheckpoint;
use countersign_seal::proof::{Consistency, Inclusion};
use countersign_seal::record::{Head, Record};
use countersign_seal::sums::Sums;
use countersign_seal::{log, names};

use super::Made;
use crate::support::{Entries, Vault, artifact, key, list_record, pack, unpack};

/// Another organization.
pub const OTHER: &str = "0192f0c1-2345-7abc-8def-ffffffffffff";

/// How far the attacker goes after an edit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum After {
    Nothing,
    /// `SHA256SUMS` is made again.
    List,
    /// And the list sealed again, by somebody who has the signing key.
    Seal,
}

/// A package with edited files.
pub fn package(after: After, edit: impl FnOnce(&mut Entries)) -> Made {
    let (vault, mut entries) = original();
    edit(&mut entries);
    if after != After::Nothing {
        list_again(&mut entries, &names::UNLISTED);
    }
    if after == After::Seal {
        let sums = bytes(&entries, names::SUMS).clone();
        seal(&vault, &mut entries, list_record(head(&vault), artifact(names::SUMS, &sums)).bytes().to_vec());
    }
    Made::package(pack(&entries))
}

/// A package whose list record is another one, in a ledger that has that record, signed with the right key.
pub fn with_list_record(edit: impl FnOnce(String) -> String) -> Made {
    let (vault, mut entries) = original();
    let record = String::from_utf8(bytes(&entries, names::LIST_RECORD).clone()).unwrap();
    let edited = edit(record.clone());
    assert_ne!(record, edited, "nothing was edited");
    seal(&vault, &mut entries, edited.into_bytes());
    Made::package(pack(&entries))
}

/// The package all rows begin with, and its vault.
pub fn original() -> (Vault, Entries) {
    let mut vault = Vault::small("tampered-vault");
    // The list of artifacts is here; one of the files it names is left out. Leaf 2 is left out too.
    let (_, list) = crate::support::listed_import();
    let [first, second] = crate::support::FILES;
    vault.commit(vec![Record::of(crate::support::evidence("linux/late", vec![])).unwrap()], &[]);
    let zip = vault.package_of(&[0, 1, 3], &[crate::support::SSHD, first, &list], &[Digest::of(second)]);
    (vault, unpack(&zip))
}

/// The head the package was made from: two later commits of one record each follow it.
pub fn head(vault: &Vault) -> Head {
    let size = vault.tree.size() - 2;
    Head { size, root: vault.tree.root_at(size).unwrap() }
}

fn seal(vault: &Vault, entries: &mut Entries, record: Vec<u8>) {
    let mut tree = Tree::default();
    let leaf = vault.tree.size() - 1;
    tree.extend((0..leaf).map(|leaf| vault.tree.leaf(leaf).unwrap()));
    tree.push(countersign_seal::ledger::leaf_hash(&record));
    let head = head(vault);
    let signed = vault.key.sign_checkpoint(tree.size(), tree.root());
    put_checkpoint(entries, &signed);
    *bytes_mut(entries, names::LIST_RECORD) = record;
    let proof = Inclusion { leaf, size: tree.size(), path: tree.inclusion(leaf, tree.size()).unwrap() };
    *bytes_mut(entries, names::LIST_PROOF) = proof.encode().into_bytes();
    let path = tree.consistency(head.size, tree.size()).unwrap();
    let proof = Consistency { from: head.size, to: tree.size(), path };
    *bytes_mut(entries, names::LIST_CONSISTENCY) = proof.encode().into_bytes();
}

/// Puts another signed head into a package, in all its forms.
pub fn put_checkpoint(entries: &mut Entries, signed: &SignedCheckpoint) {
    *bytes_mut(entries, names::CHECKPOINT) = signed.note.clone().into_bytes();
    *bytes_mut(entries, names::CHECKPOINT_BODY) = signed.body.clone().into_bytes();
    *bytes_mut(entries, names::CHECKPOINT_SIG) = signed.signature.to_vec();
    *bytes_mut(entries, names::CHECKPOINT_SSHSIG) = signed.ssh_signature.clone().into_bytes();
}

pub fn bytes<'a>(entries: &'a Entries, name: &str) -> &'a Vec<u8> {
    &entries.iter().find(|(entry, _)| entry == name).unwrap_or_else(|| panic!("no {name}")).1
}

pub fn bytes_mut<'a>(entries: &'a mut Entries, name: &str) -> &'a mut Vec<u8> {
    &mut entries.iter_mut().find(|(entry, _)| entry == name).unwrap_or_else(|| panic!("no {name}")).1
}

/// Replaces text in a file, once; the file must have it.
pub fn replace(entries: &mut Entries, name: &str, from: &str, to: &str) {
    let content = bytes_mut(entries, name);
    let text = String::from_utf8(content.clone()).unwrap();
    assert!(text.contains(from), "{name} has no `{from}`");
    *content = text.replacen(from, to, 1).into_bytes();
}

/// Changes a file's lines.
pub fn lines(entries: &mut Entries, name: &str, edit: impl FnOnce(&mut Vec<String>)) {
    let content = bytes_mut(entries, name);
    let mut lines: Vec<String> = String::from_utf8(content.clone()).unwrap().lines().map(str::to_owned).collect();
    edit(&mut lines);
    *content = lines.into_iter().flat_map(|line| (line + "\n").into_bytes()).collect();
}

pub fn list_again(entries: &mut Entries, unlisted: &[&str]) {
    let mut sums = Sums::default();
    for (name, content) in entries.iter().filter(|(name, _)| !unlisted.contains(&name.as_str())) {
        assert!(sums.insert(name, Digest::of(content)), "{name} is there twice");
    }
    *bytes_mut(entries, names::SUMS) = sums.encode();
}

/// Changes the entries of a commit's archive; then the list, and the digest in the log object, as told.
pub fn archive(sequence: u64, list: bool, log: bool, edit: impl FnOnce(&mut Entries)) -> Made {
    let vault = Vault::small("archive");
    let path = vault.home().join(format!("archives/run-{sequence}.zip"));
    let mut entries = unpack(&fs::read(&path).unwrap());
    edit(&mut entries);
    if list {
        list_again(&mut entries, &[names::SUMS, names::CHECKPOINT]);
    }
    let zip = pack(&entries);
    if log {
        log_object(&vault, sequence, |entry| {
            entry.archive.sha256 = Digest::of(&zip);
            entry.archive.size = zip.len() as u64;
        });
    }
    fs::write(path, zip).unwrap();
    Made::vault(vault)
}

/// Changes what a log object says.
pub fn log_object(vault: &Vault, sequence: u64, edit: impl FnOnce(&mut log::Entry)) {
    let path = vault.home().join(names::log_file(sequence));
    let mut entry = log::Entry::decode(&fs::read(&path).unwrap()).unwrap();
    edit(&mut entry);
    fs::write(path, entry.encode().unwrap()).unwrap();
}

/// Changes a log object's text.
pub fn log_text(sequence: u64, edit: impl FnOnce(String) -> String) -> Made {
    let vault = Vault::small("log-text");
    let path = vault.home().join(names::log_file(sequence));
    let text = fs::read_to_string(&path).unwrap();
    let edited = edit(text.clone());
    assert_ne!(text, edited, "nothing was edited");
    fs::write(path, edited).unwrap();
    Made::vault(vault)
}

/// A ledger of the same organization under the same key with other records.
pub fn another_history() -> Vault {
    let mut other = Vault::new("another-history");
    other.commit(vec![crate::support::key_record(&other.key, countersign_seal::record::KeyEvent::Introduced)], &[]);
    for number in 0..6 {
        let record = Record::of(crate::support::evidence(&format!("linux/{number}"), vec![])).unwrap();
        other.commit(vec![record], &[]);
    }
    other
}

pub fn fingerprint(seed: u8) -> String {
    key(seed).verifying_key().fingerprint()
}
