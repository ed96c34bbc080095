//! A vault, whole and damaged; single ways to tamper are in `tamper`.

use std::fs;
use std::path::PathBuf;

use countersign_seal::names;
use countersign_seal::record::{KeyEvent, Record};
use countersign_seal::verify::{self, DirectoryVault, TrustedKey, VaultOptions, VaultReport, Verdict};

use crate::support::{ORGANIZATION, Vault, artifact, evidence, key, key_record};

fn check(vault: &Vault, options: &VaultOptions) -> VaultReport {
    verify::vault(&DirectoryVault::new(&vault.folder.0), options).unwrap()
}

fn home(vault: &Vault) -> PathBuf {
    vault.folder.0.join(ORGANIZATION)
}

fn files(vault: &Vault) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in [names::ARCHIVES, names::LOG] {
        files.extend(fs::read_dir(home(vault).join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    files
}

#[test]
fn a_whole_vault_has_no_faults_and_says_what_it_did_not_prove() {
    let mut vault = Vault::filled("whole");
    let _ = vault.package();
    let report = check(&vault, &VaultOptions::default());
    assert_eq!(report.faults, vec![]);
    assert_eq!(report.verdict, Verdict::InternallyConsistent);
    assert_eq!(report.organizations[0].records, 7);
    assert_eq!(report.organizations[0].commits, 5);
    let options = VaultOptions {
        key: Some(vault.key.verifying_key().fingerprint().parse().unwrap()),
        since: vault.signed.iter().map(|signed| signed.note.clone()).collect(),
        ..VaultOptions::default()
    };
    assert_eq!(check(&vault, &options).verdict, Verdict::SignedByTheGivenKey);
}

#[test]
fn one_changed_byte_in_any_file_is_reported_with_the_file_it_is_in() {
    let vault = Vault::filled("bytes");
    for path in files(&vault) {
        let original = fs::read(&path).unwrap();
        for step in 0..40 {
            let mut bytes = original.clone();
            let place = step * (bytes.len() - 1) / 39;
            bytes[place] ^= 0x01;
            fs::write(&path, bytes).unwrap();
            let report = check(&vault, &VaultOptions::default());
            assert_eq!(report.exit_code(), 3, "byte {place} of {}", path.display());
            let name = path.file_name().unwrap().to_str().unwrap();
            let named = report.faults.iter().any(|fault| fault.place.contains(name) || fault.expected.contains(name));
            assert!(named, "byte {place} of {}: {:?}", path.display(), report.faults);
        }
        fs::write(&path, original).unwrap();
    }
}

#[test]
fn a_lost_file_a_cut_tail_and_a_hole_are_found() {
    let vault = Vault::filled("lost");
    for path in files(&vault) {
        let original = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let last = path.ends_with(names::log_file(3));
        let report = check(&vault, &VaultOptions::default());
        if last {
            // A cut tail is a valid older ledger: only a checkpoint kept elsewhere can tell.
            assert_eq!(report.faults, vec![]);
            assert!(!report.organizations[0].notes.is_empty());
            let kept = VaultOptions { since: vec![vault.signed[2].note.clone()], ..VaultOptions::default() };
            let report = check(&vault, &kept);
            assert!(report.faults.iter().any(|fault| fault.found.contains("rolled back")), "{:?}", report.faults);
        } else {
            assert_eq!(report.exit_code(), 3, "{} was lost", path.display());
        }
        fs::write(&path, original).unwrap();
    }
}

#[test]
fn a_rotated_key_signs_from_the_next_commit_on_and_an_intruders_key_never() {
    let mut vault = Vault::filled("rotated");
    let next = key(9);
    vault.commit(vec![key_record(&next, KeyEvent::Rotated)], &[]);
    vault.key = next;
    vault.commit(vec![Record::of(evidence("linux/after", vec![])).unwrap()], &[]);
    assert_eq!(check(&vault, &VaultOptions::default()).faults, vec![]);
    vault.key = key(10);
    vault.commit(vec![Record::of(evidence("linux/intruder", vec![])).unwrap()], &[]);
    assert_eq!(check(&vault, &VaultOptions::default()).exit_code(), 3);
}

#[test]
fn naming_a_trusted_key_in_a_record_does_not_make_a_vault_trusted() {
    let mut vault = Vault::filled("claimed");
    vault.commit(vec![key_record(&key(9), KeyEvent::Rotated)], &[]);
    let trusted: TrustedKey = key(9).verifying_key().vkey().parse().unwrap();
    let options = VaultOptions { key: Some(trusted), ..VaultOptions::default() };
    assert_eq!(check(&vault, &options).verdict, Verdict::Altered);
}

#[test]
fn a_record_that_names_bytes_nobody_kept_is_found() {
    let mut vault = Vault::filled("absent");
    vault.commit(vec![Record::of(evidence("linux/x", vec![artifact("stdout", b"never stored")])).unwrap()], &[]);
    let report = check(&vault, &VaultOptions::default());
    assert!(report.faults.iter().any(|fault| fault.place.contains("leaf 5, artifact `stdout`")), "{:?}", report.faults);
}
