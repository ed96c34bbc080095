//! The same through the command: what it prints, its exit code, and what must not alarm anybody.

use sea_orm::{Database, DatabaseConnection};

use super::{drop_the_guards, run};
use crate::support::command::{Installation, ORG, copy, entries};

/// Two imports on top of the beginning.
fn with_imports() -> Installation {
    let installation = Installation::new();
    for name in ["first", "second"] {
        import(&installation, name);
    }
    installation
}

fn import(installation: &Installation, name: &str) {
    installation.file(&format!("{name}/{name}.txt"), format!("the {name} document\n").repeat(100));
    installation.run(&["import", "files", "--org", ORG, name]).fine();
}

/// Puts the files of a vault in the place of an installation's.
fn put_vault(installation: &Installation, from: &std::path::Path) {
    let vault = installation.data().join("vault");
    std::fs::remove_dir_all(&vault).unwrap();
    copy(from, &vault);
}

async fn opened(installation: &Installation) -> DatabaseConnection {
    let file = installation.data().join("countersign.db");
    Database::connect(format!("sqlite://{}?mode=rw", file.display())).await.unwrap()
}

/// Each fault as place, what was expected and what was found.
fn faults(installation: &Installation) -> Vec<String> {
    let report = installation.run(&["verify", "--json"]).ends(3).json();
    assert_eq!(report["verified"], false);
    assert!(!report["proved"].to_string().contains("the database"), "what differs is said to be proved: {report:#}");
    report["faults"].as_array().unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_command_names_what_was_changed_and_ends_with_3() {
    for (change, words) in [
        ("UPDATE evidence SET target = 'elsewhere' WHERE leaf = (SELECT max(leaf) FROM evidence)", "target: elsewhere"),
        ("UPDATE organization SET name = 'Somebody else'", "name: Somebody else"),
        ("DELETE FROM evidence WHERE leaf = (SELECT max(leaf) FROM evidence)", "nothing of it"),
        ("DELETE FROM ledger_leaf WHERE leaf = (SELECT max(leaf) FROM ledger_leaf)", "no such record"),
        ("DELETE FROM organization", "no such organization"),
    ] {
        let installation = with_imports();
        let raw = opened(&installation).await;
        drop_the_guards(&raw).await;
        assert!(run(&raw, change).await > 0, "{change}");
        raw.close().await.unwrap();
        let found = faults(&installation);
        assert!(found.iter().any(|fault| fault.contains(words)), "{change}: {found:#?}");
        let told = installation.run(&["verify"]).ends(3).stdout;
        assert!(told.contains("ALTERED") && told.contains(words), "{change}: {told}");
    }
}

#[test]
fn what_was_compared_and_what_was_not_is_said() {
    let report = with_imports().run(&["verify", "--json"]).fine().json();
    let (proved, not_proved) = (report["proved"].to_string(), report["not_proved"].to_string());
    for word in ["findings", "statuses", "gaps", "requests", "responsibilities", "reports", "signing keys", "evidence"]
    {
        assert!(proved.contains(word), "{word}: {proved}");
    }
    assert!(not_proved.contains("collector states") && not_proved.contains("counts of rows"), "{not_proved}");
}

#[test]
fn another_history_of_the_same_key_in_the_vault_is_told_from_the_one_the_database_knows() {
    let installation = with_imports();
    let before = installation.beside("before");
    copy(&installation.data(), &before);
    import(&installation, "fork");
    let fork = installation.beside("fork-vault");
    copy(&installation.data().join("vault"), &fork);
    std::fs::remove_dir_all(installation.data()).unwrap();
    copy(&before, &installation.data());
    import(&installation, "third");
    installation.run(&["verify"]).fine();
    put_vault(&installation, &fork);

    let found = faults(&installation);

    assert!(found.iter().any(|fault| fault.contains("log object 4") && fault.contains("checkpoint")), "{found:#?}");
}

#[test]
fn a_log_object_that_another_came_in_the_place_of_is_found() {
    let installation = with_imports();
    let objects = installation.log_objects();
    std::fs::copy(&objects[1], &objects[2]).unwrap();
    faults(&installation);
}

#[test]
fn what_must_not_alarm_anybody_does_not() {
    let installation = with_imports();
    let before = installation.beside("before");
    copy(&installation.data(), &before);
    import(&installation, "third");
    // The database is behind the vault: it is as it was before the third import.
    for path in entries(&installation.data()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("countersign.db") {
            std::fs::remove_file(&path).unwrap();
        }
    }
    for path in entries(&before) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("countersign.db") {
            std::fs::copy(&path, installation.data().join(name)).unwrap();
        }
    }
    installation.run(&["verify"]).fine();
    // It catches up, and is compared whole.
    import(&installation, "fourth");
    installation.run(&["verify"]).fine();
    installation.run(&["rebuild"]).ends(2);
    for path in entries(&installation.data()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("countersign.db") {
            std::fs::remove_file(&path).unwrap();
        }
    }
    installation.run(&["rebuild"]).fine();
    installation.run(&["verify"]).fine();
}
