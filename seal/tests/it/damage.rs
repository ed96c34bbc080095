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
fn one_changed_byte_in_any_entry_is_refused_by_both_verifiers() {
    let original = unpack(&Vault::filled("flip").package());
    assert_eq!(check(&pack(&original)).faults, vec![]);
    for index in 0..original.len() {
        let (name, bytes) = &original[index];
        let length = bytes.len();
        let spread = (0..12).map(|step| step * length / 12);
        let mut places: Vec<usize> = [0, 1, length / 2, length - 2, length - 1].into_iter().chain(spread).collect();
        places.sort_unstable();
        places.dedup();
        for (position, place) in places.iter().enumerate() {
            for bit in [0x01, 0x20, 0x80] {
                let mut entries = original.clone();
                entries[index].1[*place] ^= bit;
                let what = format!("bit {bit:#x} of byte {place} of {name}");
                refused(&what, &entries, bit == 0x01 && position % 6 == 0 || *place == length - 1 && bit == 0x20);
            }
        }
        for (what, change) in [("shortened", None), ("lengthened", Some(b'\n')), ("lengthened by NUL", Some(0))] {
            let mut entries = original.clone();
            match change {
                None => drop(entries[index].1.pop()),
                Some(byte) => entries[index].1.push(byte),
            }
            refused(&format!("{name} {what}"), &entries, true);
        }
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

/// Renames an entry in the raw zip, in both headers, to a name of the same length.
fn rename(zip: &mut [u8], from: &str, to: &str) {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    assert_eq!(from.len(), to.len());
    for place in 0..zip.len() - from.len() {
        if zip[place..].starts_with(from) {
            zip[place..place + from.len()].copy_from_slice(to);
        }
    }
}

#[test]
fn a_zip_that_two_readers_could_understand_differently_is_refused() {
    let original = unpack(&Vault::filled("tricks").package());
    let with = |name: &str, bytes: &[u8]| {
        let mut entries = original.clone();
        entries.push((name.to_owned(), bytes.to_vec()));
        pack(&entries)
    };
    let refuse = |what: &str, zip: &[u8]| assert_eq!(check(zip).exit_code(), 3, "accepted: {what}");
    let mut twice = with("READMf.txt", b"another");
    rename(&mut twice, "READMf.txt", "README.txt");
    refuse("an entry twice", &twice);
    let mut cased = with("READMf.TXT", b"another");
    rename(&mut cased, "READMf.TXT", "README.TXT");
    refuse("an entry twice but for case", &cased);
    for (from, to) in [("aaxxxxx", "../xxxx"), ("axxxxxx", "/xxxxxx"), ("axxxxxx", "a\\..\\xx"), ("axxxxxx", "a//xxxx")]
    {
        let mut zip = with(from, b"escape");
        rename(&mut zip, from, to);
        refuse(to, &zip);
    }
    let good = pack(&original);
    let mut trailing = good.clone();
    trailing.push(0);
    refuse("a byte after the end", &trailing);
    let mut leading = vec![0];
    leading.extend(&good);
    refuse("a byte before the start", &leading);
    refuse("a second zip after the first", &[good.clone(), good.clone()].concat());
    refuse("cut short", &good[..good.len() - 30]);
    let mut gap = good.clone();
    let end = gap.len() - 22;
    gap.splice(end..end, [0; 4]);
    refuse("bytes between directory and end", &gap);
    assert!(verify::package_from(Cursor::new(b"not a zip at all, just some text"), "x", None).is_err());
}

#[test]
fn a_re_zipped_package_still_verifies() {
    let mut entries = unpack(&Vault::filled("again").package());
    entries.reverse();
    assert_eq!(check(&pack(&entries)).faults, vec![]);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_level(Some(9));
    zip.add_directory("evidence", options).unwrap();
    zip.add_directory("evidence/objects/", options).unwrap();
    for (name, bytes) in &entries {
        zip.start_file(name.as_str(), options.large_file(name.len() % 2 == 0)).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    }
    assert_eq!(check(&zip.finish().unwrap().into_inner()).faults, vec![]);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_directory("empty", options).unwrap();
    for (name, bytes) in &entries {
        zip.start_file(name.as_str(), options).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    }
    assert_eq!(check(&zip.finish().unwrap().into_inner()).exit_code(), 3);
}

#[test]
fn a_list_with_upper_case_doubles_or_a_missing_line_is_refused_by_both() {
    let original = unpack(&Vault::filled("lists").package());
    let index = original.iter().position(|(name, _)| name == "SHA256SUMS").unwrap();
    let list = String::from_utf8(original[index].1.clone()).unwrap();
    let lines: Vec<&str> = list.lines().collect();
    let upper = list.replacen(&lines[0][..64], &lines[0][..64].to_uppercase(), 1);
    let doubled = format!("{}\n{list}", lines[0]);
    let missing = lines[1..].join("\n") + "\n";
    let starred = list.replacen("  ", " *", 1);
    for (what, text) in [("upper case", upper), ("doubled", doubled), ("a missing line", missing), ("starred", starred)]
    {
        let mut entries = original.clone();
        entries[index].1 = text.into_bytes();
        refused(what, &entries, true);
    }
}

#[test]
fn a_package_of_another_key_or_a_newer_version_is_refused() {
    let original = unpack(&Vault::filled("swap").package());
    let at = |name: &str| original.iter().position(|(entry, _)| entry == name).unwrap();
    let other = key(8).verifying_key();
    let mut entries = original.clone();
    entries[at("keys/ledger.vkey")].1 = format!("{}\n", other.vkey()).into_bytes();
    entries[at("keys/ledger.pem")].1 = other.pem().into_bytes();
    refused("key swapped", &entries, true);
    let mut entries = original.clone();
    let newer = String::from_utf8(entries[at("package.json")].1.clone()).unwrap().replace("package/1", "package/2");
    entries[at("package.json")].1 = newer.into_bytes();
    let report = check(&pack(&entries));
    assert!(report.faults.iter().any(|fault| fault.expected.contains("newer verifier")), "{:?}", report.faults);
}
