//! A package as it should be, and with files too many or too few; what else can be done to one is in `tamper`.

use std::io::Cursor;

use countersign_seal::verify::{self, PackageReport, TrustedKey, Verdict};

use crate::support::{Entries, Folder, Vault, key, pack, run_script, unfold, unpack};

fn check(zip: &[u8]) -> PackageReport {
    verify::package_from(Cursor::new(zip), "package.zip", None).unwrap()
}

#[test]
fn an_unaltered_package_is_internally_consistent_and_nothing_more() {
    let report = check(&Vault::filled("unaltered").package());
    assert_eq!(report.faults, vec![]);
    assert_eq!(report.verdict, Verdict::InternallyConsistent);
    assert_eq!((report.records, report.records_left_out), (3, 2));
    assert_eq!((report.objects, report.objects_left_out), (2, 1));
    assert!(report.not_proved.iter().any(|text| text.contains("not compared")));
}

#[test]
fn a_key_that_was_named_is_compared() {
    let zip = Vault::filled("compared").package();
    let right: TrustedKey = key(7).verifying_key().fingerprint().parse().unwrap();
    let wrong: TrustedKey = key(8).verifying_key().vkey().parse().unwrap();
    let with = |key| verify::package_from(Cursor::new(&zip), "package.zip", Some(key)).unwrap();
    assert_eq!(with(&right).verdict, Verdict::SignedByTheGivenKey);
    assert_eq!(with(&wrong).verdict, Verdict::Altered);
}

#[test]
fn the_script_accepts_an_unaltered_package_in_every_shell_there_is() {
    let folder = Folder::new("script");
    unfold(&unpack(&Vault::filled("script-vault").package()), &folder.0);
    for shell in ["sh", "bash"] {
        let Some(plain) = run_script(&folder.0, shell, &[]) else { return };
        let said = String::from_utf8_lossy(&plain.stdout).into_owned() + &String::from_utf8_lossy(&plain.stderr);
        assert_eq!(plain.status.code(), Some(0), "{said}");
        assert!(said.contains("internally consistent, key not compared") && !said.contains("authentic"), "{said}");
        let fingerprint = key(7).verifying_key().fingerprint();
        let named = run_script(&folder.0, shell, &["--key", &fingerprint]).unwrap();
        assert_eq!(named.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&named.stdout).contains("by the key you named"));
        let other = run_script(&folder.0, shell, &["--key", &key(8).verifying_key().fingerprint()]).unwrap();
        assert_eq!(other.status.code(), Some(3));
    }
}

#[test]
fn the_script_accepts_a_key_whatever_letters_its_base64_has() {
    let keys: Vec<u8> = (1..=60).collect();
    let letters = |seed: u8| key(seed).verifying_key().vkey().rsplit("+AV").next().unwrap_or_default().to_owned();
    let plus = keys.iter().find(|seed| key(**seed).verifying_key().vkey().matches('+').count() > 2).unwrap();
    let slash = keys.iter().find(|seed| letters(**seed).contains('/')).unwrap();
    for seed in [*plus, *slash] {
        let folder = Folder::new("letters");
        unfold(&unpack(&Vault::filled_by("letters-vault", key(seed)).package()), &folder.0);
        let Some(output) = run_script(&folder.0, "sh", &[]) else { return };
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{}\n{said}", key(seed).verifying_key().vkey());
    }
}

/// Both verifiers refuse these entries.
fn refused(what: &str, entries: &Entries, by_script: bool) {
    let report = check(&pack(entries));
    assert_eq!(report.exit_code(), 3, "countersign-verify accepted: {what}");
    assert!(!report.faults.is_empty());
    if by_script {
        refused_by_script(what, entries);
    }
}

fn refused_by_script(what: &str, entries: &Entries) {
    let folder = Folder::new("refused");
    unfold(entries, &folder.0);
    if let Some(output) = run_script(&folder.0, "sh", &[]) {
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "verify.sh accepted or gave up: {what}\n{said}");
        assert!(said.contains("ALTERED"), "{said}");
    }
}

#[test]
fn a_removed_added_renamed_or_doubled_entry_is_refused() {
    let original = unpack(&Vault::filled("entries").package());
    for index in 0..original.len() {
        let name = original[index].0.clone();
        let mut entries = original.clone();
        entries.remove(index);
        refused(&format!("{name} removed"), &entries, name != "SHA256SUMS");
        let mut entries = original.clone();
        entries[index].0 = format!("{name}x");
        refused(&format!("{name} renamed"), &entries, name != "SHA256SUMS");
    }
    for added in ["extra.txt", "evidence/extra", "reports/other.html", ".hidden", "keys/ledger.vkey.bak", "a b"] {
        let mut entries = original.clone();
        entries.push((added.to_owned(), b"more".to_vec()));
        refused(&format!("{added} added"), &entries, true);
    }
    let mut entries = original.clone();
    entries.push(("reports/empty".to_owned(), vec![]));
    refused("an empty file added", &entries, true);
}
