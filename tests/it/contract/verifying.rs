//! `verify`: everything from bytes, trusting neither database nor index.

use std::path::PathBuf;

use crate::support::command::{Installation, ORG, damage};

/// An installation with three commits: the beginning, and two imports.
fn with_imports() -> Installation {
    let installation = Installation::new();
    for name in ["first", "second"] {
        installation.file(&format!("{name}/{name}.txt"), format!("the {name} document\n").repeat(100));
        installation.run(&["import", "files", "--org", ORG, name]).fine();
    }
    installation
}

fn database_files(installation: &Installation) -> Vec<PathBuf> {
    let all = crate::support::command::entries(&installation.data());
    all.into_iter().filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("countersign.db")).collect()
}

#[test]
fn an_untouched_installation_is_fine_and_says_what_that_does_not_prove() {
    let installation = with_imports();
    let report = installation.run(&["verify", "--json"]).fine().json();
    assert_eq!(report["verified"], true);
    assert_eq!(report["database_compared"], true);
    assert_eq!(report["faults"], serde_json::json!([]));
    assert_eq!(report["organizations"][0]["commits"], 3);
    let fingerprint = report["organizations"][0]["key_fingerprint"].as_str().unwrap();
    let words = installation.run(&["verify"]).fine().stdout;
    assert!(
        words.contains("NOT proved") && words.contains("key not compared") && !words.contains("authentic"),
        "{words}"
    );
    let words = installation.run(&["verify", "--key", fingerprint]).fine().stdout;
    assert!(words.contains("by the key you named"), "{words}");
    let other = format!("SHA256:{}", "A".repeat(43));
    installation.run(&["verify", "--key", &other]).ends(3);
    installation.run(&["verify", "--key", "nonsense"]).refused(&["nonsense"]);
}

#[test]
fn one_changed_byte_in_any_archive_or_log_object_is_altered_evidence() {
    let installation = with_imports();
    for path in [installation.archives(), installation.log_objects()].concat() {
        let before = std::fs::read(&path).unwrap();
        damage(&path);
        let told = installation.run(&["verify"]).ends(3);
        assert!(told.stdout.contains("ALTERED"), "{}: {}", path.display(), told.stdout);
        let report = installation.run(&["verify", "--json"]).ends(3).json();
        assert_eq!(report["verified"], false);
        std::fs::write(&path, before).unwrap();
    }
    installation.run(&["verify"]).fine();
}

#[test]
fn a_missing_archive_or_log_object_is_altered_evidence() {
    let installation = with_imports();
    for path in [installation.archives(), installation.log_objects()].concat() {
        let aside = installation.beside("aside");
        std::fs::rename(&path, &aside).unwrap();
        let told = installation.run(&["verify"]).ends(3);
        assert!(told.stdout.contains("ALTERED"), "{}: {}", path.display(), told.stdout);
        std::fs::rename(&aside, &path).unwrap();
    }
}

#[test]
fn a_vault_alone_rolled_back_is_found() {
    let installation = with_imports();
    roll_the_vault_back(&installation);

    let told = installation.run(&["verify"]).ends(3);

    assert!(told.stdout.contains(ORG) && told.stdout.contains("rolled back"), "{}", told.stdout);
    installation.file("third/third.txt", "third");
    installation.run(&["import", "files", "--org", ORG, "third"]);
    installation.run(&["verify"]).ends(3);
}

#[test]
fn a_vault_that_was_rolled_back_takes_no_further_evidence() {
    let installation = with_imports();
    roll_the_vault_back(&installation);
    let (commits, archives) = (installation.log_objects(), installation.archives());
    installation.file("third/third.txt", "third");
    installation.run(&["import", "files", "--org", ORG, "third"]).refused(&["vault", "verify"]);
    assert_eq!((installation.log_objects(), installation.archives()), (commits, archives));
}

/// Removes the newest commit: its log object and its archive.
fn roll_the_vault_back(installation: &Installation) {
    let newest = installation.log_objects().pop().unwrap();
    let log: serde_json::Value = serde_json::from_slice(&std::fs::read(&newest).unwrap()).unwrap();
    let name = log["archive"]["name"].as_str().unwrap().to_owned();
    let archive = installation.archives().into_iter().find(|path| path.to_string_lossy().contains(&name)).unwrap();
    std::fs::remove_file(newest).unwrap();
    std::fs::remove_file(archive).unwrap();
}

#[test]
fn a_database_that_is_only_behind_is_fine_and_catches_up() {
    let installation = with_imports();
    let before: Vec<(PathBuf, Vec<u8>)> =
        database_files(&installation).into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    let size = |told: &serde_json::Value| told["ledger"]["size"].as_u64().unwrap();
    installation.file("third/third.txt", "the third document");
    installation.run(&["import", "files", "--org", ORG, "third"]).fine();
    let newest = size(&installation.run(&["status", "--org", ORG, "--json"]).fine().json());

    for path in database_files(&installation) {
        std::fs::remove_file(path).unwrap();
    }
    for (path, bytes) in before {
        std::fs::write(path, bytes).unwrap();
    }
    installation.run(&["verify"]).fine();

    installation.file("fourth/fourth.txt", "the fourth document");
    let report = installation.run(&["import", "files", "--org", ORG, "fourth", "--json"]).fine().json();
    assert_eq!(report["ledger_size"].as_u64().unwrap(), newest + 1, "what the vault knew was lost: {report:#}");
    installation.run(&["verify"]).fine();
}

#[test]
fn a_checkpoint_kept_elsewhere_finds_vault_and_database_rolled_back_together() {
    let installation = with_imports();
    let kept = installation.beside("kept");
    crate::support::command::copy(&installation.data(), &kept);
    installation.file("third/third.txt", "the third document");
    installation.run(&["import", "files", "--org", ORG, "third"]).fine();
    let newest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(installation.log_objects().pop().unwrap()).unwrap()).unwrap();
    let checkpoint = installation.file("checkpoint", newest["checkpoint"].as_str().unwrap());
    let since = ["verify", "--since", checkpoint.to_str().unwrap()];
    installation.run(&since).fine();

    std::fs::remove_dir_all(installation.data()).unwrap();
    crate::support::command::copy(&kept, &installation.data());

    installation.run(&["verify"]).fine();
    installation.run(&since).ends(3);
}

#[test]
fn what_cannot_be_opened_is_an_error_and_not_an_alarm() {
    let installation = Installation::new();
    installation.file("letter.zip", "a letter that somebody sent by mistake");
    installation.file("empty.zip", "");
    installation.run(&["verify", "letter.zip"]).refused(&["letter.zip", "not a zip"]);
    installation.run(&["verify", "empty.zip"]).refused(&["empty.zip", "not a zip"]);
    installation.run(&["verify", "nowhere.zip"]).refused(&["nowhere.zip"]);
    std::fs::remove_dir_all(installation.data().join("vault")).unwrap();
    installation.run(&["verify"]).refused(&["no vault"]);
}
