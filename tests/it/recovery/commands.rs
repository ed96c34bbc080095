//! The commands as a stranger runs them.

use crate::support::command::{Installation, ORG, copy, countersign, damage, entries};

fn with_import() -> Installation {
    let installation = Installation::new();
    installation.file("documents/policy.txt", "a policy");
    installation.run(&["import", "files", "--org", ORG, "documents"]).fine();
    installation
}

#[test]
fn a_lost_database_is_made_anew_and_the_ledger_goes_on() {
    let installation = with_import();
    let database = installation.data().join("countersign.db");
    installation.run(&["rebuild"]).refused(&["--replace"]);
    std::fs::remove_file(&database).unwrap();
    // The first command after the loss refuses to go on, and says what to do.
    installation.run(&["status", "--org", ORG]).refused(&["countersign rebuild", "countersign restore"]);

    let told = installation.run(&["rebuild", "--json"]).fine().json();

    assert_eq!(told["organizations"][0]["id"], ORG, "{told}");
    let whats: Vec<&str> =
        told["not_restored"].as_array().unwrap().iter().map(|loss| loss["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["installation_id", "connections", "run_causes"], "{told}");
    installation.file("more/more.txt", "another");
    installation.run(&["import", "files", "--org", ORG, "more"]).fine();
    let report = installation.run(&["verify", "--json"]).fine().json();
    assert_eq!((&report["verified"], &report["database_compared"]), (&true.into(), &true.into()), "{report}");
    let words = installation.run(&["rebuild", "--replace"]).fine().stdout;
    assert!(words.contains("before-rebuild-") && words.contains("Not restored:"), "{words}");
}

#[test]
fn an_altered_vault_makes_no_database_and_ends_with_3() {
    let installation = with_import();
    std::fs::remove_file(installation.data().join("countersign.db")).unwrap();
    damage(&installation.archives()[1]);
    let told = installation.run(&["rebuild"]).ends(3);
    assert!(told.stdout.contains("ALTERED") && told.stderr.contains("no database was made"), "{told:?}");
    assert!(!installation.data().join("countersign.db").exists());
}

#[test]
fn a_backup_is_private_whole_and_never_written_over() {
    let installation = with_import();
    let file = installation.beside("backup.zip");
    let path = file.to_str().unwrap();
    let told = installation.run(&["backup", path, "--json"]).fine();
    assert_eq!((&told.json()["with_key"], &told.json()["organizations"]), (&false.into(), &1.into()));
    assert!(told.stderr.contains(told.json()["secret_key_id"].as_str().unwrap()), "{told:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let mut zip = zip::ZipArchive::new(std::fs::File::open(&file).unwrap()).unwrap();
    assert!(zip.by_name("secret.key").is_err(), "the key is in a backup that should not have it");
    assert!(zip.file_names().any(|name| name.unwrap().starts_with("keys/")), "the sealed seeds are missing");
    installation.run(&["backup", path]).refused(&["there already"]);
    let other = installation.beside("with-key.zip");
    let told = installation.run(&["backup", other.to_str().unwrap(), "--with-key"]).fine();
    assert!(told.stderr.contains("WARNING"), "{told:?}");
}

#[test]
fn an_installation_moves_to_another_folder_by_backup_and_vault() {
    let installation = with_import();
    let file = installation.beside("backup.zip");
    installation.run(&["backup", file.to_str().unwrap(), "--with-key"]).fine();
    let new = installation.beside("new");
    let arguments = ["restore", file.to_str().unwrap(), "--data", new.to_str().unwrap()];
    countersign(&arguments).refused(&["holds no vault"]);
    copy(&installation.data().join("vault"), &new.join("vault"));

    let told = countersign(&arguments).fine();

    assert!(told.stdout.contains(ORG), "{told:?}");
    let listed = countersign(&["org", "list", "--json", "--data", new.to_str().unwrap()]).fine();
    assert_eq!(listed.json(), installation.run(&["org", "list", "--json"]).fine().json());
    countersign(&["verify", "--data", new.to_str().unwrap()]).fine();
    countersign(&arguments).refused(&["holds an installation already"]);
    assert_eq!(
        std::fs::read(new.join("countersign.toml")).unwrap(),
        std::fs::read(installation.data().join("countersign.toml")).unwrap()
    );
    assert!(entries(&new).iter().all(|path| !path.to_string_lossy().contains("rebuilding")), "{:?}", entries(&new));
}

#[test]
fn a_backup_on_a_vault_that_was_rolled_back_ends_with_3_and_restores_nothing() {
    let installation = with_import();
    let file = installation.beside("backup.zip");
    installation.run(&["backup", file.to_str().unwrap(), "--with-key"]).fine();
    let new = installation.beside("new");
    copy(&installation.data().join("vault"), &new.join("vault"));
    let organization = entries(&new.join("vault")).remove(0);
    std::fs::remove_file(entries(&organization.join("log")).pop().unwrap()).unwrap();

    let told = countersign(&["restore", file.to_str().unwrap(), "--data", new.to_str().unwrap()]).ends(3);

    assert!(told.stderr.contains("nothing was restored"), "{told:?}");
    assert_eq!(entries(&new), [new.join("vault")]);
}

#[test]
fn a_second_organization_of_the_same_name_leaves_no_seed_behind() {
    let installation = Installation::new();
    let seeds = || crate::support::command::files_below(&installation.data().join("keys"));
    let before = seeds();
    assert_eq!(before.len(), 1);
    installation.run(&["org", "add", ORG]).refused(&["exists already"]);
    assert_eq!(seeds(), before);
    assert_eq!(entries(&installation.data().join("keys")).len(), 1, "an empty folder is left");
}
