//! `import files`: a folder as it is, whole or not at all.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::packages::unpack;
use crate::support::command::{Installation, ORG};

#[test]
fn a_folder_is_sealed_with_its_relative_paths_one_record_a_file_in_one_archive_and_one_step() {
    let installation = Installation::new();
    let files = [
        ("policies/access control.pdf", b"%PDF-1.7 fictional".as_slice()),
        ("policies/2026/backup.md", b"# Backups\n"),
        ("scan.csv", b"host,finding\r\n"),
        ("leer.txt", b""),
        ("Ünïcode/文書.txt", b"\xff\xfe not text"),
        ("twice.csv", b"host,finding\r\n"),
        (".hidden/secret.txt", b"hidden files are files"),
    ];
    for (name, bytes) in files {
        installation.file(&format!("inbox/{name}"), bytes);
    }
    let (commits, archives) = (installation.log_objects(), installation.archives());

    let report = installation.run(&["import", "files", "--org", ORG, "inbox", "--json"]).fine().json();

    assert_eq!((&report["files"], &report["records"]), (&7.into(), &7.into()), "{report:#}");
    let named: BTreeSet<&str> =
        report["datasets"].as_array().unwrap().iter().map(|line| line["path"].as_str().unwrap()).collect();
    assert_eq!(named, files.iter().map(|(name, _)| *name).collect(), "each line says which file it is");
    let new = |before: &[std::path::PathBuf], after: Vec<std::path::PathBuf>| -> Vec<_> {
        after.into_iter().filter(|path| !before.contains(path)).collect()
    };
    assert_eq!(new(&commits, installation.log_objects()).len(), 1, "one step");
    let [archive] = new(&archives, installation.archives()).try_into().expect("one archive");

    let entries = unpack(&std::fs::read(archive).unwrap());
    let records = &entries.iter().find(|(name, _)| name == "records.jsonl").unwrap().1;
    let records: Vec<Value> = records
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(records.len(), files.len(), "one record a file");
    let sealed: BTreeSet<(String, String)> = records
        .iter()
        .map(|record| {
            let [artifact] = record["artifacts"].as_array().unwrap().as_slice() else { panic!("{record:#}") };
            (artifact["name"].as_str().unwrap().to_owned(), artifact["sha256"].as_str().unwrap().to_owned())
        })
        .collect();
    let digest = |bytes: &[u8]| countersign_seal::digest::Digest::of(bytes).to_string();
    let expected = files.iter().map(|(name, bytes)| ((*name).to_owned(), digest(bytes))).collect();
    assert_eq!(sealed, expected);
    for (name, bytes) in files {
        let object = format!("objects/{}", digest(bytes));
        let kept = entries.iter().find(|(entry, _)| *entry == object);
        assert_eq!(kept.map(|(_, bytes)| bytes.as_slice()), Some(bytes), "{name}");
    }
    installation.run(&["verify"]).fine();
}

#[test]
fn links_and_special_files_are_all_named_and_then_nothing_is_sealed() {
    let installation = Installation::new();
    installation.file("outside.txt", "not yours");
    installation.file("inbox/good.txt", "good");
    installation.file("inbox/deep/good.txt", "good");
    let inbox = installation.beside("inbox");
    symlink(installation.beside("outside.txt"), inbox.join("link-to-file")).unwrap();
    symlink(installation.beside("."), inbox.join("deep/link-to-folder")).unwrap();
    symlink("nowhere", inbox.join("dangling")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(inbox.join("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(inbox.join("socket")).unwrap();
    let (commits, archives) = (installation.log_objects(), installation.archives());

    installation.run(&["import", "files", "--org", ORG, "inbox", "--json"]).refused(&[
        "link-to-file",
        "deep/link-to-folder",
        "dangling",
        "pipe",
        "socket",
        "nothing was imported",
    ]);

    assert_eq!((installation.log_objects(), installation.archives()), (commits, archives));
    let runs = installation.run(&["status", "--org", ORG, "--json"]).fine().json()["runs"].clone();
    assert_eq!(runs.as_array().unwrap().len(), 0, "{runs:#}");
}

#[test]
fn what_is_no_folder_of_files_is_an_error() {
    let installation = Installation::new();
    std::fs::create_dir_all(installation.beside("empty/only/folders")).unwrap();
    installation.file("file.txt", "a file");
    installation.run(&["import", "files", "--org", ORG, "empty"]).refused(&["empty", "no file"]);
    installation.run(&["import", "files", "--org", ORG, "nowhere"]).refused(&["nowhere"]);
    installation.run(&["import", "files", "--org", ORG, "file.txt"]).refused(&["file.txt", "not a folder"]);
}
