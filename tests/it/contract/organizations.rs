//! `init`, `org`, the lists, and what is the same for every command.

use std::path::Path;

use serde_json::json;

use crate::support::command::{Installation, ORG, countersign, program, scratch, told};

#[test]
fn init_makes_an_installation_once_and_never_again() {
    let folder = scratch();
    let data = folder.path().join("data");
    let path = data.to_str().unwrap();

    let made = countersign(&["init", "--json", "--data", path]).fine().json();
    let key = std::fs::read(data.join("secret.key")).unwrap();

    assert_eq!(made["data"], json!(path));
    for key in ["data", "settings", "secret_key"] {
        assert!(Path::new(made[key].as_str().unwrap()).exists(), "{key}");
    }
    countersign(&["init", "--data", path]).refused(&[path, "already"]);
    assert_eq!(std::fs::read(data.join("secret.key")).unwrap(), key, "the key was replaced");
}

#[test]
fn what_holds_keys_and_evidence_is_closed_to_other_users() {
    use std::os::unix::fs::PermissionsExt as _;
    let installation = Installation::new();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&installation.data()), 0o700);
    assert_eq!(mode(&installation.data().join("secret.key")), 0o600);
}

#[test]
fn archives_are_closed_to_other_users_wherever_the_vault_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let installation = Installation::new();
    for path in [installation.archives(), installation.log_objects()].concat() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

#[test]
fn every_option_of_org_add_arrives() {
    let installation = Installation::new();
    let settings = installation.file("settings.json", r#"{"break_glass_accounts": ["emergency@fabrikam.example"]}"#);
    let added = installation
        .run(&[
            "org",
            "add",
            "fabrikam",
            "--name",
            "Fabrikam Ärzte 🩺",
            "--model",
            "fully-managed",
            "--frameworks",
            "hipaa-security,cmmc-l1",
            "--time-zone",
            "Europe/Berlin",
            "--settings",
            settings.to_str().unwrap(),
            "--json",
        ])
        .fine()
        .json();

    assert_eq!(added["id"], "fabrikam");
    assert_eq!(added["name"], "Fabrikam Ärzte 🩺");
    assert_eq!(added["model"], "fully-managed");
    assert_eq!(added["frameworks"], json!(["hipaa-security", "cmmc-l1"]));
    assert_eq!(added["time_zone"], "Europe/Berlin");
    assert!(added["key_fingerprint"].as_str().unwrap().starts_with("SHA256:"));

    let listed = installation.run(&["org", "list", "--json"]).fine().list();
    assert_eq!(listed.iter().map(|one| &one["id"]).collect::<Vec<_>>(), ["fabrikam", ORG]);
    let responsibilities = installation.run(&["responsibility", "list", "--org", "fabrikam", "--json"]).fine().list();
    let frameworks: std::collections::BTreeSet<_> =
        responsibilities.iter().map(|row| row["framework"].as_str().unwrap()).collect();
    assert_eq!(frameworks.into_iter().collect::<Vec<_>>(), ["cmmc-l1", "hipaa-security"]);
    assert!(responsibilities.iter().all(|row| row["state"] == "proposed_by_template"), "{:?}", responsibilities[0]);
}

#[test]
fn without_options_an_organization_is_co_managed_and_has_every_framework() {
    let listed = Installation::new().run(&["org", "list", "--json"]).fine().list();
    assert_eq!(listed[0]["model"], "co-managed");
    let all = countersign(&["catalog", "list", "--json"]).fine().list();
    assert_eq!(listed[0]["frameworks"].as_array().unwrap().len(), all.len());
}

#[test]
fn an_organization_that_cannot_be_is_refused_and_leaves_nothing() {
    let installation = Installation::new();
    let before = installation.log_objects().len();
    for (arguments, words) in [
        (&["org", "add", ORG] as &[&str], [ORG, "already"]),
        (&["org", "add", "Not A Slug"], ["Not A Slug", "lower-case"]),
        (&["org", "add", "../escape"], ["../escape", "lower-case"]),
        (&["org", "add", "fabrikam", "--frameworks", "iso-27001"], ["iso-27001", "catalog list"]),
        (&["org", "add", "fabrikam", "--time-zone", "Mars/Olympus"], ["Mars/Olympus", "Europe/Berlin"]),
        (&["org", "add", "fabrikam", "--model", "outsourced"], ["outsourced", "co-managed"]),
        (&["org", "add", "fabrikam", "--settings", "nowhere.json"], ["nowhere.json", "cannot read"]),
    ] {
        installation.run(arguments).refused(&words);
    }
    assert_eq!(installation.run(&["org", "list", "--json"]).fine().list().len(), 1);
    assert_eq!(installation.log_objects().len(), before);
}

#[test]
fn an_unknown_organization_is_an_error_of_every_command_that_takes_one() {
    let installation = Installation::new();
    for arguments in [
        &["status"] as &[&str],
        &["collect"],
        &["report"],
        &["package", "--framework", "cmmc-l2"],
        &["gap", "list"],
        &["responsibility", "list"],
        &["import", "files", "."],
        &["connect", "host"],
    ] {
        let all: Vec<&str> = arguments.iter().copied().chain(["--org", "nobody", "--json"]).collect();
        installation.run(&all).refused(&["nobody"]);
    }
}

#[test]
fn lists_print_arrays_of_objects_with_an_id() {
    let installation = Installation::new();
    for (arguments, many) in [
        (&["check", "list"] as &[&str], 12),
        (&["collector", "list"], 13),
        (&["catalog", "list"], 6),
        (&["org", "list"], 1),
        (&["responsibility", "list", "--org", ORG], 500),
        (&["gap", "list", "--org", ORG], 0),
    ] {
        let all: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let listed = installation.run(&all).fine().list();
        assert!(listed.len() >= many, "{arguments:?}: {}", listed.len());
    }
}

#[test]
fn the_check_ids_that_were_promised_are_there() {
    let ids: Vec<String> = countersign(&["check", "list", "--json"])
        .fine()
        .list()
        .iter()
        .map(|check| check["id"].as_str().unwrap().to_owned())
        .collect();
    for promised in [
        "m365/legacy_authentication_blocked",
        "m365/mfa_for_all_users",
        "m365/users_may_not_register_apps",
        "m365/guest_rights_restricted",
        "m365/guest_invites_restricted",
        "m365/managed_devices_encrypted",
    ] {
        assert!(ids.iter().any(|id| id == promised), "{promised} is missing");
    }
}

#[test]
fn every_check_holds_on_its_own_cases() {
    let tested = countersign(&["check", "test", "--json"]).fine().list();
    assert!(tested.iter().all(|check| check["ok"] == true && check["cases"].as_u64().unwrap() >= 3), "{tested:#?}");
}

#[test]
fn the_data_folder_may_come_from_the_environment_and_printed_paths_are_absolute() {
    let folder = scratch();
    let run = |arguments: &[&str]| {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        told(command.args(arguments).current_dir(folder.path()).env("COUNTERSIGN_DATA", "some/data"))
    };
    let made = run(&["init", "--json"]).fine().json();
    assert_eq!(made["data"], json!(folder.path().join("some/data")));
    run(&["org", "add", "fabrikam", "--frameworks", "cmmc-l1"]).fine();
    for out in [&[] as &[&str], &["--out", "elsewhere"]] {
        let arguments: Vec<&str> = ["report", "--org", "fabrikam", "--json"].iter().chain(out).copied().collect();
        for report in run(&arguments).fine().list() {
            let path = Path::new(report["path"].as_str().unwrap());
            assert!(path.is_absolute() && path.is_file(), "{}", path.display());
        }
    }
    let told = run(&["package", "--org", "fabrikam", "--framework", "cmmc-l1", "--out", "./p.zip"]).fine();
    assert_eq!(told.stdout.trim(), folder.path().join("p.zip").to_str().unwrap());
}

#[test]
fn relative_data_folders_print_absolute_paths() {
    let folder = scratch();
    let mut command = program(env!("CARGO_BIN_EXE_countersign"));
    let made = told(command.args(["init", "--json", "--data", "./here"]).current_dir(folder.path())).fine().json();
    for key in ["data", "settings", "secret_key"] {
        assert!(made[key].as_str().unwrap().starts_with(folder.path().join("here").to_str().unwrap()), "{made}");
    }
}

#[test]
fn a_command_without_a_data_folder_says_how_to_name_one_and_one_without_data_how_to_make_it() {
    countersign(&["org", "list"]).refused(&["--data", "COUNTERSIGN_DATA"]);
    let folder = scratch();
    let path = folder.path().join("nothing").to_str().unwrap().to_owned();
    countersign(&["org", "list", "--data", &path]).refused(&[&path, "countersign init"]);
    assert!(!Path::new(&path).exists(), "looking made a folder");
}

#[test]
fn wrong_usage_is_an_error_and_help_is_an_answer() {
    countersign(&["frobnicate"]).refused(&["frobnicate"]);
    countersign::<&str>(&[]).ends(2);
    countersign(&["check", "run"]).refused(&["<ID>"]);
    let help = countersign(&["--help"]).fine();
    for command in [
        "init",
        "demo",
        "serve",
        "org",
        "connect",
        "collect",
        "import",
        "status",
        "gap",
        "responsibility",
        "report",
        "package",
        "verify",
        "check",
        "collector",
        "catalog",
    ] {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command} is not in the help");
    }
    assert!(help.stdout.contains("COUNTERSIGN_DATA") && help.stdout.contains("Exit codes"), "{}", help.stdout);
    assert_eq!(help.stderr, "");
}

#[test]
fn settings_names_frameworks_and_connections_change_by_signed_decisions() {
    let installation = Installation::new();
    let sam = ["--by", "sam", "--because", "Agreed \u{202e}on <b>Monday</b>."];
    let run = |arguments: &[&str]| installation.run(&[arguments, &["--org", ORG]].concat());
    let by = |arguments: &[&str]| run(&[arguments, &sam].concat());
    run(&["person", "add", "sam", "--party", "internal", "--name", "Sam"]).fine();

    let file =
        installation.file("new.json", r#"{"expected_ports": [22], "administratos": ["a"], "\u202e": "\u001b[2J"}"#);
    let file = file.to_str().unwrap();
    run(&["org", "settings", "--set", file]).refused(&["--by", "--because", "--dry-run"]);
    let shown = run(&["org", "settings", "--set", file, "--dry-run"]).fine().stdout;
    assert!(shown.contains("expected_ports") && shown.contains("did you mean `administrators`?"), "{shown}");
    assert!(!shown.contains(['\u{202e}', '\u{1b}']), "a setting drives the terminal: {shown:?}");
    assert_eq!(run(&["org", "settings"]).fine().json(), json!({}), "looking changed something");
    let told = by(&["org", "settings", "--set", file, "--json"]).fine().json();
    assert_eq!(
        told["changes"][1],
        json!({ "setting": "expected_ports", "change": "added", "before": null, "after": [22] })
    );
    assert_eq!(run(&["org", "settings"]).fine().json()["expected_ports"], json!([22]));
    by(&["org", "settings", "--set", file]).refused(&["in force already"]);
    let twice = installation.file("twice.json", r#"{"a": 1, "a": 2}"#);
    by(&["org", "settings", "--set", twice.to_str().unwrap()]).refused(&["`a` is there twice"]);

    by(&["org", "change", "--model", "in-house"]).refused(&["responsibility import"]);
    by(&["org", "change", "--slug", "else"]).refused(&["never changed", "--name"]);
    by(&["org", "change"]).refused(&["nothing would change"]);
    let told = by(&["org", "change", "--name", "New \u{1f4e6}", "--remove-framework", "cmmc-l3,cmmc-l1", "--json"])
        .fine()
        .json();
    assert_eq!(told["after"]["name"], "New \u{1f4e6}");
    let listed = installation.run(&["org", "list", "--json"]).fine().list();
    assert_eq!(listed[0]["frameworks"], told["after"]["frameworks"]);
    assert!(!listed[0]["frameworks"].as_array().unwrap().contains(&json!("cmmc-l3")), "{listed:?}");

    let name = "files\u{202e}.example";
    run(&["connect", "host", "--name", name]).fine();
    by(&["connect", "remove", "else.example"]).refused(&["is not connected"]);
    by(&["connect", "remove", name, "--source", "graph"]).refused(&["is not connected"]);
    let said = by(&["connect", "remove", name]).fine().stdout;
    assert!(said.contains("no longer connected") && !said.contains('\u{202e}'), "{said:?}");
    run(&["connect", "host", "--name", name]).fine();
    let listed = run(&["connect", "list", "--json"]).fine().list();
    let states: Vec<_> =
        listed.iter().map(|one| (one["id"].as_str().unwrap(), one["state"].as_str().unwrap())).collect();
    assert_eq!(states, [(name, "connected"), (name, "removed")]);
    let listed = run(&["connect", "list"]).fine().stdout;
    assert!(listed.contains("by Sam: Agreed") && !listed.contains('\u{202e}'), "{listed:?}");
    installation.run(&["verify"]).fine();
}
