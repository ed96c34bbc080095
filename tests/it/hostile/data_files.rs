//! Broken data files and settings in a configured folder: every fault of every file at once, each with its line.

use std::path::Path;

use crate::support::catalog_folder::{Folder, shipped};
use crate::support::command::countersign;

#[test]
fn what_is_shipped_has_no_fault_and_a_good_folder_adds_to_it() {
    let counts = countersign(&["catalog", "lint", "--json"]).fine().json();
    let check = shipped("controls/checks/m365/users_may_not_register_apps/check.rego");
    let mut folder = Folder::new()
        .with("controls/checks/m365/our_own/check.rego", check.replace("users_may_not_register_apps", "our_own"));
    for case in ["pass_users_cannot", "fail_users_can", "unknown_missing"] {
        let body = shipped(&format!("controls/checks/m365/users_may_not_register_apps/cases/{case}.json"));
        folder = folder.with(&format!("controls/checks/m365/our_own/cases/{case}.json"), body);
    }
    let added = folder.run(&["catalog", "lint", "--json"]).fine().json();
    assert_eq!(added["checks"].as_u64(), counts["checks"].as_u64().map(|many| many + 1));
    assert_ne!(added["digest"], counts["digest"]);
    let listed = folder.run(&["check", "list", "--json"]).fine().list();
    assert!(listed.iter().any(|check| check["id"] == "m365/our_own"));
}

#[test]
fn every_fault_of_every_file_is_told_at_once_with_file_and_line() {
    let collector = shipped("collectors/m365/users/collector.yaml");
    let folder = Folder::new()
        .with(
            "collectors/m365/typo/collector.yaml",
            collector.replace("m365/users", "m365/typo").replace("title:", "titel:"),
        )
        .with(
            "collectors/m365/abroad/collector.yaml",
            collector.replace("m365/users", "m365/abroad").replace("path: /users", "path: //evil.example/users"),
        )
        .with("collectors/m365/empty/collector.yaml", "")
        .with("collectors/m365/bytes/collector.yaml", b"\xff\xfe\x00")
        .with("collectors/linux/bomb/collector.yaml", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n")
        .with("controls/checks/m365/broken/check.rego", "package checks.m365.broken\n\nfindings contains {\n")
        .with(
            "controls/checks/m365/asks_the_clock/check.rego",
            shipped("controls/checks/m365/users_may_not_register_apps/check.rego")
                .replace("users_may_not_register_apps", "asks_the_clock")
                .replace(
                    "findings contains object.union(finding",
                    "now := time.now_ns()\n\nfindings contains object.union(finding",
                ),
        )
        .with("controls/ours/framework.yaml", "id: ours\ntitle: [not, a, text]\n")
        .with("controls/responsibilities/co-managed/ours.yaml", "framework: nowhere\nmodel: co-managed\nfamilies: {}\n")
        .with("controls/crosswalk/broken.csv", "one,two\n1\n");

    let told = folder.lint().refused(&[]);

    for place in [
        "collectors/m365/typo/collector.yaml:",
        "collectors/m365/abroad/collector.yaml:",
        "collectors/m365/empty/collector.yaml",
        "collectors/m365/bytes/collector.yaml",
        "collectors/linux/bomb/collector.yaml:",
        "controls/checks/m365/broken/check.rego:",
        "controls/checks/m365/asks_the_clock/check.rego:",
        "controls/ours/framework.yaml:",
        "controls/responsibilities/co-managed/ours.yaml",
        "controls/crosswalk/broken.csv",
    ] {
        let shown = folder.path("extra").join(place);
        let shown = shown.to_str().unwrap();
        let said: Vec<&str> = told.stderr.lines().filter_map(|line| line.trim().strip_prefix(shown)).collect();
        assert!(!said.is_empty(), "nothing is said of {place}:\n{}", told.stderr);
        if place.ends_with(':') {
            let line = |said: &&str| said.split(':').next().and_then(|number| number.parse::<u64>().ok());
            assert!(said.iter().filter_map(line).any(|line| line >= 1), "no line number: {place} {said:#?}");
        }
    }
    assert!(told.stderr.contains("titel") && told.stderr.contains("time.now_ns"), "{}", told.stderr);
}

#[test]
fn no_command_works_on_broken_data_files() {
    let folder = Folder::new().with("collectors/m365/empty/collector.yaml", "id: [");
    let data = folder.path("data");
    let data = data.to_str().unwrap();
    for arguments in [
        &["check", "list"] as &[&str],
        &["collector", "list"],
        &["catalog", "list"],
        &["check", "test"],
        &["init", "--data", data],
        &["demo", "--no-serve", "--data", data],
    ] {
        folder.run(arguments).refused(&["collectors/m365/empty/collector.yaml:1"]);
    }
    assert!(!Path::new(data).exists());
}

#[test]
fn a_file_that_takes_the_place_of_a_shipped_one_says_so_or_is_refused() {
    let path = "collectors/m365/users/collector.yaml";
    let folder = Folder::new().with(path, shipped(path));
    folder.lint().refused(&[path, "# override:"]);
    folder.with(path, format!("# override: we read more\n{}", shipped(path))).lint().fine();
}

#[test]
fn links_and_missing_folders_are_faults() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("extra/collectors/m365/link")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path("extra/collectors/m365/link/collector.yaml")).unwrap();
    let told = folder.lint().refused(&["collectors/m365/link/collector.yaml", "link"]);
    assert!(!told.stderr.contains("root:"), "a file from elsewhere was read: {}", told.stderr);
    folder.settings("[catalog]\nfolders = [\"/no/such/folder\"]\n");
    folder.lint().refused(&["/no/such/folder"]);
}

#[test]
fn settings_that_are_wrong_are_refused_with_the_line_or_the_name() {
    let folder = Folder::new();
    for (text, words) in [
        ("[serve]\nlissten = \"127.0.0.1:1\"\n", &["countersign.toml", "line 2", "lissten"] as &[&str]),
        ("[serve\n", &["countersign.toml", "line 1"]),
        ("[serve]\nlisten = \"0.0.0.0:80\"\n", &["loopback"]),
        ("[collect]\ntargets_at_once = 0\n", &["targets_at_once", "1 and 64"]),
        ("[database]\nurl = \"postgres://a:hunter2@db.example/c\"\n", &["file:PATH"]),
        ("[catalog]\nfolders = \"not a list\"\n", &["countersign.toml", "line 2"]),
    ] {
        folder.settings(text);
        let told = folder.lint().refused(words);
        assert!(!told.stderr.contains("hunter2"), "{}", told.stderr);
    }
    std::fs::write(folder.path("countersign.toml"), b"\xff\xfe").unwrap();
    folder.lint().refused(&["countersign.toml"]);
    std::fs::remove_file(folder.path("countersign.toml")).unwrap();
    folder.lint().refused(&["countersign.toml", "does not exist"]);
}
