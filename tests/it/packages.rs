//! The demo's package in an auditor's hands: both verifiers accept it, and refuse it after any change.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use countersign_seal::verify::{self, PackageReport, TrustedKey, Verdict};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::support::command::{countersign, damage, scratch, told};
use crate::support::demo::Demo;
use crate::support::skip;

/// What somebody does to a package.
type Change = Box<dyn Fn(&mut Entries)>;

/// Names and bytes in the order of the zip.
pub type Entries = Vec<(String, Vec<u8>)>;

pub fn unpack(zip: &[u8]) -> Entries {
    let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
    let many = archive.len();
    let read = |index: usize| {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    };
    (0..many).map(read).collect()
}

fn pack(entries: &Entries, method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn original() -> &'static Entries {
    static ENTRIES: OnceLock<Entries> = OnceLock::new();
    ENTRIES.get_or_init(|| unpack(&std::fs::read(Demo::shared().package()).unwrap()))
}

fn by_library(entries: &Entries, key: Option<&TrustedKey>) -> PackageReport {
    let zip = pack(entries, CompressionMethod::Stored);
    verify::package_from(Cursor::new(zip), "package.zip", key).unwrap()
}

fn key_fingerprint() -> &'static str {
    Demo::shared().report["key_fingerprint"].as_str().unwrap()
}

/// Another key than the one that signed.
fn other_fingerprint() -> String {
    format!("SHA256:{}", "A".repeat(43))
}

/// Runs the package's own script in the folder where it was unpacked. None where a tool it needs is missing.
fn by_script(folder: &Path, further: &[&str]) -> Option<crate::support::command::Told> {
    static MISSING: OnceLock<Option<String>> = OnceLock::new();
    let missing = MISSING.get_or_init(|| {
        let runs = |tool: &&str| {
            Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().unwrap().status.success()
        };
        ["openssl", "ssh-keygen", "sha256sum", "awk", "base64"].into_iter().find(|tool| !runs(tool)).map(str::to_owned)
    });
    if let Some(tool) = missing {
        skip("verify.sh on the demo's package", &format!("{tool} is not installed"));
        return None;
    }
    Some(told(Command::new("sh").arg("verify.sh").args(further).current_dir(folder)))
}

fn unfold(entries: &Entries, folder: &Path) {
    for (name, bytes) in entries {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[test]
fn the_package_is_accepted_and_never_called_authentic_without_a_key() {
    let package = Demo::shared().package();
    let package = package.to_str().unwrap();

    let words = countersign(&["verify", package]).fine().stdout;
    assert!(words.contains("internally consistent, key not compared") && !words.contains("authentic"), "{words}");
    let report = countersign(&["verify", package, "--json"]).fine().json();
    assert_eq!((&report["verified"], &report["key_compared"]), (&true.into(), &false.into()));
    assert_eq!(report["key_fingerprint"], key_fingerprint());
    for number in ["files", "records", "objects"] {
        assert!(report[number].as_u64().unwrap() > 10, "{number}: {report:#}");
    }

    let folder = scratch();
    unfold(original(), folder.path());
    let Some(told) = by_script(folder.path(), &[]) else { return };
    let said = told.fine().stdout;
    assert!(said.contains("internally consistent, key not compared") && !said.contains("authentic"), "{said}");
}

#[test]
fn the_right_key_is_said_to_be_the_one_and_a_wrong_one_is_altered_evidence() {
    let package = Demo::shared().package();
    let package = package.to_str().unwrap();
    let folder = scratch();
    unfold(original(), folder.path());
    let right_file = folder.path().join("keys/ledger.vkey");
    let right_file = right_file.to_str().unwrap();
    for right in [key_fingerprint(), right_file] {
        let words = countersign(&["verify", package, "--key", right]).fine().stdout;
        assert!(words.contains("by the key you named"), "{right}: {words}");
        let Some(told) = by_script(folder.path(), &["--key", right]) else { return };
        assert!(told.fine().stdout.contains("by the key you named"), "{right}");
    }
    let words = countersign(&["verify", package, "--key", &other_fingerprint()]).ends(3).stdout;
    assert!(words.contains("ALTERED"), "{words}");
    by_script(folder.path(), &["--key", &other_fingerprint()]).unwrap().ends(3);
    countersign(&["verify", package, "--key", "nonsense"]).refused(&["nonsense"]);
}

#[test]
fn another_order_and_another_compression_are_the_same_package() {
    let mut entries = original().clone();
    entries.reverse();
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let report = verify::package_from(Cursor::new(pack(&entries, method)), "package.zip", None).unwrap();
        assert_eq!(report.faults, vec![], "{method}");
        assert_eq!(report.verdict, Verdict::InternallyConsistent);
    }
}

#[test]
fn one_changed_byte_in_any_entry_is_refused_by_the_verifier() {
    let key: TrustedKey = key_fingerprint().parse().unwrap();
    assert_eq!(by_library(original(), Some(&key)).verdict, Verdict::SignedByTheGivenKey);
    for index in 0..original().len() {
        let mut entries = original().clone();
        let (name, bytes) = &mut entries[index];
        let Some(place) = bytes.len().checked_sub(1).map(|last| last / 2) else { continue };
        bytes[place] ^= 0x01;
        let name = name.clone();
        let report = by_library(&entries, None);
        assert_eq!(report.verdict, Verdict::Altered, "byte {place} of {name}");
        assert!(!report.faults.is_empty());
        if name.starts_with("evidence/objects/") || name.starts_with("reports/") {
            assert!(report.faults.iter().any(|fault| fault.place.contains(&name)), "{name}: {:?}", report.faults);
        }
    }
}

#[test]
fn one_changed_byte_in_any_entry_is_refused_by_the_script() {
    let folder = scratch();
    unfold(original(), folder.path());
    // The script reads itself; whether a changed script tells the truth nobody can promise. See evidence-format.md.
    let all = original().iter().filter(|(name, bytes)| name != "verify.sh" && !bytes.is_empty());
    for (name, bytes) in all {
        let path = folder.path().join(name);
        damage(&path);
        let Some(told) = by_script(folder.path(), &[]) else { return };
        let told = told.ends(3);
        assert!(told.stderr.contains("ALTERED"), "{name}: {told:?}");
        std::fs::write(&path, bytes).unwrap();
    }
    by_script(folder.path(), &[]).unwrap().fine();
}

#[test]
fn an_added_a_missing_and_a_swapped_file_are_refused_by_both() {
    let folder = scratch();
    unfold(original(), folder.path());
    let object = original().iter().position(|(name, _)| name.starts_with("evidence/objects/")).unwrap();
    let cases: BTreeMap<&str, Change> = BTreeMap::from([
        ("added", Box::new(|entries: &mut Entries| entries.push(("reports/more.html".into(), b"more".to_vec()))) as _),
        ("hidden", Box::new(|entries: &mut Entries| entries.push((".more".into(), b"more".to_vec()))) as _),
        ("missing object", Box::new(move |entries: &mut Entries| drop(entries.remove(object))) as _),
        (
            "missing report",
            Box::new(|entries: &mut Entries| entries.retain(|(name, _)| !name.ends_with("-readiness.html"))) as _,
        ),
        ("missing checkpoint", Box::new(|entries: &mut Entries| entries.retain(|(name, _)| name != "checkpoint")) as _),
        (
            "swapped",
            Box::new(move |entries: &mut Entries| {
                let (one, other) = (entries[object].1.clone(), entries[object + 1].1.clone());
                (entries[object].1, entries[object + 1].1) = (other, one);
            }) as _,
        ),
    ]);
    for (what, change) in cases {
        let mut entries = original().clone();
        change(&mut entries);
        let report = by_library(&entries, None);
        assert_eq!(report.verdict, Verdict::Altered, "{what}");
        let folder = scratch();
        unfold(&entries, folder.path());
        let Some(told) = by_script(folder.path(), &[]) else { return };
        assert!(told.ends(3).stderr.contains("ALTERED"), "{what}");
    }
}

#[test]
fn the_command_ends_with_3_for_what_is_altered_and_2_for_what_cannot_be_opened() {
    let folder = scratch();
    let path = folder.path().join("package.zip");
    let run = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        countersign(&["verify", path.to_str().unwrap(), "--json"])
    };
    let bytes = std::fs::read(Demo::shared().package()).unwrap();
    for place in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        let told = run(&changed).ends(3);
        assert_eq!(told.json()["verified"], false, "byte {place}");
    }
    run(&bytes[..bytes.len() - 100]).ends(3);
    run(b"neither a package nor a zip").refused(&["not a zip"]);
    let elsewhere =
        pack(&vec![("letter.txt".to_owned(), b"a zip of somebody else".to_vec())], CompressionMethod::Stored);
    run(&elsewhere).ends(3);
}
