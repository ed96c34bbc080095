//! Every way to change a package that both verifiers must refuse.

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
