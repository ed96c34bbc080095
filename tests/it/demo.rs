//! One command, no account: the demo runs the whole job twice on a fictional client and tells what came of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign::demo::tenant::firm::Firm;
use serde_json::{Value, json};

use crate::support::command::{countersign, program, scratch, told};
use crate::support::demo::Demo;

fn counts(value: &Value) -> BTreeMap<String, i64> {
    serde_json::from_value(value.clone()).unwrap_or_else(|fault| panic!("{fault}: {value}"))
}

fn gap<'a>(gaps: &'a [Value], check: &str) -> &'a Value {
    gaps.iter().find(|gap| gap["check"] == check).unwrap_or_else(|| panic!("no gap of {check}"))
}

fn gaps(demo: &Demo) -> Vec<Value> {
    let data = demo.data.to_str().unwrap();
    countersign(&["gap", "list", "--org", "larkspur", "--json", "--all", "--data", data]).fine().list()
}

#[test]
fn the_demo_says_everything_it_promised_to_say() {
    let report = &Demo::shared().report;
    assert_eq!(report["organization"], "larkspur");
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    for run in runs {
        let datasets = counts(&run["datasets"]);
        assert!(datasets["complete"] >= 12, "{run:#}");
        assert!(datasets["denied"] >= 1, "one permission was never consented to: {run:#}");
        assert!(run["records"].as_i64().unwrap() > datasets.values().sum(), "{run:#}");
        let findings = counts(&run["findings"]);
        for outcome in ["pass", "fail", "unknown"] {
            assert!(findings[outcome] >= 1, "{run:#}");
        }
        assert!(findings.values().sum::<i64>() >= 12, "{run:#}");
    }
    let frameworks = report["frameworks"].as_array().unwrap();
    assert_eq!(frameworks.len(), 6);
    for framework in frameworks {
        let controls = counts(&framework["controls"]);
        for state in ["met", "not_met", "not_applicable", "undetermined"] {
            assert!(controls.contains_key(state), "{framework:#}");
        }
    }
    let level_two = frameworks.iter().find(|one| one["id"] == "cmmc-l2").unwrap();
    assert_eq!(counts(&level_two["controls"]).values().sum::<i64>(), 110);
    for number in ["open", "opened_in_second_run", "closed_in_second_run"] {
        assert!(report["gaps"][number].as_u64().unwrap() >= 1, "{number}: {:#}", report["gaps"]);
    }
    assert_eq!(report["verified"], true);
}

#[test]
fn the_files_the_demo_names_are_there_and_absolute() {
    let report = &Demo::shared().report;
    let reports: Vec<PathBuf> = serde_json::from_value(report["reports"].clone()).unwrap();
    for path in reports.iter().chain([&Demo::shared().package()]) {
        assert!(path.is_absolute(), "{}", path.display());
        assert!(std::fs::metadata(path).unwrap().len() > 200, "{}", path.display());
    }
    for ending in ["-readiness.html", "-responsibilities.html", "-responsibilities.csv"] {
        assert!(reports.iter().any(|path| path.to_string_lossy().ends_with(ending)), "{ending}: {reports:?}");
    }
}

#[test]
fn the_fault_that_was_fixed_is_closed_and_the_one_that_appeared_is_open() {
    let demo = Demo::shared();
    let gaps = gaps(demo);
    let fixed = gap(&gaps, "m365/users_may_not_register_apps");
    assert_eq!(fixed["state"], "closed", "{fixed:#}");
    assert!(fixed["closed_at"].is_string());
    let appeared = gap(&gaps, "m365/guest_rights_restricted");
    assert_eq!(appeared["state"], "open", "{appeared:#}");
    assert!(appeared["opened_at"].as_str() > fixed["opened_at"].as_str(), "it appeared in the second run");
    assert!(!appeared["controls"].as_array().unwrap().is_empty());
    let open = gaps.iter().filter(|gap| gap["state"] != "closed").count();
    assert_eq!(json!(open), demo.report["gaps"]["open"]);
}

#[test]
fn the_demo_tells_on_stderr_what_it_does_and_that_nothing_of_it_is_real() {
    let told = &Demo::shared().told;
    for words in ["fictional", "simulated", "this machine is real", "Second run", "app registration"] {
        assert!(told.stderr.contains(words), "{words}: {}", told.stderr);
    }
}

#[test]
fn status_and_the_demo_say_the_same() {
    let demo = Demo::shared();
    let data = demo.data.to_str().unwrap();
    let status = countersign(&["status", "--org", "larkspur", "--json", "--data", data]).fine().json();
    let by_id = |value: &Value| -> BTreeMap<String, Value> {
        let frameworks = value["frameworks"].as_array().unwrap();
        frameworks.iter().map(|one| (one["id"].as_str().unwrap().to_owned(), one["controls"].clone())).collect()
    };
    assert_eq!(by_id(&status), by_id(&demo.report));
    assert_eq!(status["gaps"]["open"], demo.report["gaps"]["open"]);
}

#[test]
fn an_edited_tenant_file_moves_the_figures_as_it_should() {
    let text = Firm::embedded_text("larkspur").unwrap();
    let (device, apps) = ("deviceName: LDG-SPARE-02", "allowedToCreateApps: true");
    assert!(text.contains(device) && text.matches(apps).count() == 1);
    // One more machine without encryption; registration of applications switched off from the start.
    let extra = "      - { deviceName: LDG-EXTRA-09, operatingSystem: Windows, osVersion: 10.0.26100.1, isEncrypted: false, deviceEnrollmentType: windowsAutoEnrollment, manufacturer: Fabrikon, model: Slate 14, userPrincipalName: \"\" }\n";
    let line = text.lines().find(|line| line.contains(device)).unwrap();
    let edited = text.replace(line, &format!("{extra}{line}")).replace(apps, "allowedToCreateApps: false");
    // What is so already cannot be corrected later: the loader refuses a change that changes nothing.
    let correction = "  - why: Internal IT switched off app registration by users.\n    table: authorization_policy\n    set: { defaultUserRolePermissions.allowedToCreateApps: false }\n";
    assert!(edited.contains(correction));
    let edited = edited.replace(correction, "");
    let folder = scratch();
    let firm = folder.path().join("firm.yaml");
    std::fs::write(&firm, edited).unwrap();

    let original = Demo::shared();
    let moved = Demo::run(&folder.path().join("data"), &["--firm", firm.to_str().unwrap()]);

    let of = |demo: &Demo, run: usize, outcome: &str| counts(&demo.report["runs"][run]["findings"])[outcome];
    for (run, outcome, by) in [(0, "pass", 1), (0, "fail", -1), (1, "pass", 0), (1, "fail", 0)] {
        assert_eq!(of(&moved, run, outcome) - of(original, run, outcome), by, "run {run}: {outcome}");
    }
    let number = |demo: &Demo, key: &str| demo.report["gaps"][key].as_i64().unwrap();
    assert_eq!(number(&moved, "closed_in_second_run"), number(original, "closed_in_second_run") - 1);
    assert_eq!(number(&moved, "opened_in_second_run"), number(original, "opened_in_second_run"));
    assert_eq!(number(&moved, "open"), number(original, "open"), "the same checks fail at the end");
    let devices = |demo: &Demo| -> Vec<String> {
        let gaps = gaps(demo);
        serde_json::from_value(gap(&gaps, "m365/managed_devices_encrypted")["resources"].clone()).unwrap()
    };
    let (before, after) = (devices(original), devices(&moved));
    assert_eq!(after.len(), before.len() + 1, "{after:?}");
    assert!(after.iter().any(|name| name == "LDG-EXTRA-09") && !before.iter().any(|name| name == "LDG-EXTRA-09"));
}

#[test]
fn a_fresh_folder_is_made_when_none_is_named_and_twice_in_a_row_works() {
    let folder = scratch();
    let run = || {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        command.args(["demo", "--no-serve", "--json"]).env("TMPDIR", folder.path()).current_dir(folder.path());
        PathBuf::from(told(&mut command).fine().json()["data"].as_str().unwrap())
    };
    let (first, second) = (run(), run());
    assert_ne!(first, second);
    for data in [&first, &second] {
        assert!(data.starts_with(folder.path()) && data.join("vault").is_dir(), "{}", data.display());
    }
}

#[test]
fn a_folder_that_is_in_use_is_not_taken_and_a_firm_that_cannot_be_read_is_refused() {
    let data = Demo::copied();
    let path = data.path().to_str().unwrap();
    countersign(&["demo", "--no-serve", "--data", path]).refused(&[path, "already"]);
    let folder = scratch();
    let firm = folder.path().join("firm.yaml");
    let fresh = folder.path().join("data").to_str().unwrap().to_owned();
    let text = Firm::embedded_text("larkspur").unwrap().replace("isEncrypted: true", "isEncryptd: true");
    std::fs::write(&firm, text).unwrap();
    let path = firm.to_str().unwrap();
    countersign(&["demo", "--no-serve", "--data", &fresh, "--firm", path]).refused(&[path, "line ", "isEncryptd"]);
    countersign(&["demo", "--no-serve", "--data", &fresh, "--firm", "nowhere.yaml"]).refused(&["nowhere.yaml"]);
    assert!(!Path::new(&fresh).exists());
}

/// Copies the program alone to another place and runs it there, with a home of its own.
fn alone(arguments: &[&str]) -> crate::support::command::Told {
    let folder = scratch();
    let binary = folder.path().join("countersign");
    std::fs::copy(env!("CARGO_BIN_EXE_countersign"), &binary).unwrap();
    let elsewhere = folder.path().join("empty");
    std::fs::create_dir(&elsewhere).unwrap();
    let mut command = program(&binary);
    told(command.args(arguments).current_dir(&elsewhere).env("HOME", &elsewhere).env("TMPDIR", &elsewhere))
}

/// A debug build reads its data files from the source folder, so away from it this says little; a release build has
/// them inside, and the same story then also shows that no path of the build machine is needed.
#[test]
fn the_program_copied_alone_lists_checks_and_catalogs() {
    assert!(alone(&["check", "list", "--json"]).fine().list().len() >= 12);
    assert_eq!(alone(&["catalog", "list", "--json"]).fine().list().len(), 6);
}

#[cfg(not(debug_assertions))]
#[test]
fn the_released_program_copied_alone_runs_the_demo_and_carries_its_data_files() {
    let report = alone(&["demo", "--no-serve", "--json"]).fine().json();
    assert_eq!(report["verified"], true);
    let binary = std::fs::read(env!("CARGO_BIN_EXE_countersign")).unwrap();
    assert!(crate::support::command::holds(&binary, b"package checks.m365.mfa_for_all_users"), "read from a folder");
}
