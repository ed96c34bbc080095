use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use base64::Engine as _;
use serde_json::json;

use super::{ImportError, ImportFolder, RawEvidence};
use crate::catalog::collector::CollectorDefinition;
use crate::model::evidence::{Body, CollectionOutcome};
use crate::model::time::FixedClock;

fn definition() -> CollectorDefinition {
    serde_saphyr::from_str(include_str!("../../../collectors/import/files/collector.yaml")).unwrap()
}

fn import(folder: &Path) -> Result<Vec<RawEvidence>, ImportError> {
    let clock = FixedClock("2026-11-23T09:00:00Z".parse().unwrap());
    let definition = definition();
    let batches: Result<Vec<_>, _> = ImportFolder::survey(folder, &definition, &clock)?.batches(&clock).collect();
    Ok(batches?.concat())
}

fn names(evidence: &[RawEvidence]) -> Vec<&str> {
    evidence.iter().map(|evidence| evidence.artifacts[0].name.as_str()).collect()
}

#[test]
fn every_file_is_one_record_under_its_relative_path_and_stays_on_disk() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("handed-over");
    fs::create_dir_all(root.join("policies/old")).unwrap();
    fs::write(root.join("scan.csv"), "a,b\n").unwrap();
    fs::write(root.join("policies/access.pdf"), "%PDF").unwrap();
    fs::write(root.join("policies/old/.hidden"), "").unwrap();

    let evidence = import(&root).unwrap();

    assert_eq!(names(&evidence), ["policies/access.pdf", "policies/old/.hidden", "scan.csv"]);
    let first = &evidence[0];
    assert_eq!((first.target.as_str(), first.outcome), ("handed-over", CollectionOutcome::Complete));
    assert_eq!(first.artifacts[0].media_type, "application/pdf");
    assert_eq!(first.provenance["path"], json!("policies/access.pdf"));
    assert_eq!(first.provenance["size"], json!(4));
    assert!(first.provenance["modified"].as_str().unwrap().ends_with('Z'));
    let Body::File(path) = &first.artifacts[0].body else { panic!("bytes must stay on disk") };
    assert!(path.is_absolute() && path.ends_with("policies/access.pdf"));
}

#[test]
fn all_links_and_special_files_are_refused_together_and_nothing_is_taken() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    fs::write(root.join("good.txt"), "fine").unwrap();
    fs::create_dir(root.join("sub")).unwrap();
    symlink("/etc", root.join("sub/folder-link")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    symlink("good.txt", root.join("link-inside")).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();

    let ImportError::Refused { offenders, .. } = import(root).unwrap_err() else { panic!("must be refused") };

    let paths: Vec<_> = offenders.iter().map(|offender| offender.path.as_str()).collect();
    assert_eq!(paths, ["dangling", "link-inside", "socket", "sub/folder-link"]);
    assert!(offenders[2].why.contains("socket"));
    let message = import(root).unwrap_err().to_string();
    assert!(message.contains("`sub/folder-link`: it is a symbolic link"), "{message}");
}

#[test]
fn a_name_that_is_not_utf_8_keeps_its_bytes_in_the_provenance() {
    let scratch = tempfile::tempdir().unwrap();
    let name = b"100%\xff.txt";
    fs::write(scratch.path().join(OsStr::from_bytes(name)), "x").unwrap();
    fs::write(scratch.path().join("two\nlines.txt"), "x").unwrap();

    let evidence = import(scratch.path()).unwrap();

    assert_eq!(names(&evidence), ["100%25%FF.txt", "two%0Alines.txt"]);
    let encoded = evidence[0].provenance["path"]["b64"].as_str().unwrap();
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap(), name);
    assert_eq!(evidence[1].provenance["path"], json!("two\nlines.txt"));
}

#[test]
fn a_file_over_the_limit_is_refused_with_both_numbers() {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("large.bin"), [0; 11]).unwrap();
    let definition = CollectorDefinition { max_bytes: 10, ..definition() };
    let clock = FixedClock("2026-11-23T09:00:00Z".parse().unwrap());
    let fault = ImportFolder::survey(scratch.path(), &definition, &clock).unwrap_err();
    assert!(fault.to_string().contains("11 bytes, 10 are allowed"), "{fault}");
}

#[test]
fn a_missing_folder_a_file_and_an_empty_folder_each_have_their_own_words() {
    let scratch = tempfile::tempdir().unwrap();
    assert!(matches!(import(&scratch.path().join("missing")), Err(ImportError::Unreadable { .. })));
    assert!(matches!(import(scratch.path()), Err(ImportError::Empty(_))));
    let file = scratch.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(import(&file), Err(ImportError::NotAFolder(_))));
}

#[test]
fn paths_come_in_byte_order_also_where_a_folder_and_a_file_begin_alike() {
    let scratch = tempfile::tempdir().unwrap();
    for name in ["a/z", "a-b", "a.txt", "a0", "b"] {
        fs::create_dir_all(scratch.path().join(name).parent().unwrap()).unwrap();
        fs::write(scratch.path().join(name), name).unwrap();
    }
    assert_eq!(names(&import(scratch.path()).unwrap()), ["a-b", "a.txt", "a/z", "a0", "b"]);
}

#[test]
fn what_turns_up_after_the_first_look_and_cannot_be_taken_ends_the_import_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("a"), "a").unwrap();
    let clock = FixedClock("2026-11-23T09:00:00Z".parse().unwrap());
    let definition = definition();
    let folder = ImportFolder::survey(scratch.path(), &definition, &clock).unwrap();
    symlink("/etc/passwd", scratch.path().join("b")).unwrap();
    let mut batches = folder.batches(&clock);
    let fault = batches.next().unwrap().unwrap_err();
    assert!(fault.to_string().contains("`b`: it is a symbolic link"), "{fault}");
    assert!(batches.next().is_none());
}
