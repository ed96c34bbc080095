//! `countersign-verify` as an auditor runs it: words and exit codes.

use std::fs;
use std::process::{Command, Output};

use crate::support::{Folder, Vault, key};

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_countersign-verify")).args(arguments).output().unwrap();
    (status.code(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
}

#[test]
fn exit_codes_and_words_tell_fine_altered_and_unreadable_apart() {
    let mut vault = Vault::filled("command");
    let folder = Folder::new("command-package");
    let path = folder.0.join("package.zip");
    let package = path.to_str().unwrap();
    let bytes = vault.package();
    fs::write(&path, &bytes).unwrap();
    let fingerprint = key(7).verifying_key().fingerprint();

    let (code, said) = run(&[package]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("key not compared") && said.contains("NOT proved:") && said.contains(&fingerprint), "{said}");
    assert!(!said.contains("authentic"), "{said}");
    let (code, said) = run(&["--key", &fingerprint, package]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("signed by the key you named"), "{said}");
    assert_eq!(run(&["--key", &key(8).verifying_key().vkey(), package]).0, Some(3));
    let (code, said) = run(&["--json", package]);
    assert_eq!(code, Some(0));
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["verdict"], "internally_consistent");

    let root = vault.folder.0.to_str().unwrap().to_owned();
    assert_eq!(run(&["--vault", &root]).0, Some(0));
    assert_eq!(run(&["--vault", &root, "--key", &fingerprint]).0, Some(0));

    let nothing = Folder::new("command-nothing");
    let (code, said) = run(&["--vault", nothing.0.to_str().unwrap()]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("there is no ledger"), "{said}");

    for (place, what) in [(0, "first byte"), (bytes.len() / 2, "a middle byte"), (bytes.len() - 1, "last byte")] {
        let mut changed = bytes.clone();
        changed[place] ^= 0x55;
        fs::write(&path, changed).unwrap();
        let (code, said) = run(&[package]);
        assert_eq!(code, Some(3), "{what}: {said}");
        assert!(said.contains("ALTERED"), "{what}: {said}");
    }
    fs::write(&path, b"a letter, not a zip, that somebody sent by mistake").unwrap();
    assert_eq!(run(&[package]).0, Some(2));
    assert_eq!(run(&["/nonexistent.zip"]).0, Some(2));
    assert_eq!(run(&[]).0, Some(2));
    assert_eq!(run(&["--key", "nonsense", package]).0, Some(2));
    assert_eq!(run(&["--help"]).0, Some(0));
}
