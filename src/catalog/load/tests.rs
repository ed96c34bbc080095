//! A small catalog to break, and what is said of it; by subject in the files beside.

mod collectors;
mod controls;
mod files;
mod shipped;
mod with_a_check;

use std::path::Path;

use crate::catalog::Catalog;
use crate::catalog::fault::Faults;
use crate::catalog::files::FileSet;
use crate::model::id::FrameworkId;
use crate::model::responsibility::EngagementModel;

const MODELS: [EngagementModel; 3] =
    [EngagementModel::InHouse, EngagementModel::CoManaged, EngagementModel::FullyManaged];

const FRAMEWORK: &str = "id: demo\ntitle: Demo\nversion: \"1\"\npublisher: Example\nsource: example.com\nvocabulary: {met: Done, not_met: Not done, not_applicable: Not needed, undetermined: Unknown}\nfiles: [all.yaml]\n";
const CONTROLS: &str = "- id: \"1\"\n  title: One\n  family: F\n\n- id: \"2\"\n  title: Two\n  family: F\n";
const COLLECTOR: &str = "id: m365/users\ntitle: Users\nsource: graph\nrequest:\n  version: v1.0\n  path: /users\n  paged: true\npermission: User.Read.All\nclouds: [global]\nschedule: 15 3 * * *\ntimeout_seconds: 60\nmax_bytes: 1000000\ntime_to_live_hours: 48\nparser: graph-collection/1\nproves: Which users there are.\n";

fn template(model: &str) -> String {
    format!(
        "framework: demo\nmodel: {model}\nfamilies:\n  F:\n    kind: internal\n    accountable: internal\n    internal_tasks: Does it.\n"
    )
}

/// A small catalog without a fault.
fn demo() -> FileSet {
    let set = FileSet::default()
        .with_file("controls/demo/framework.yaml", FRAMEWORK)
        .with_file("controls/demo/all.yaml", CONTROLS)
        .with_file("collectors/m365/users/collector.yaml", COLLECTOR);
    MODELS.iter().fold(set, |set, model| {
        set.with_file(&format!("controls/responsibilities/{}/demo.yaml", model.as_str()), template(model.as_str()))
    })
}

/// The small catalog with one file in place of another.
pub(super) fn demo_with(path: &str, bytes: impl Into<Vec<u8>>) -> FileSet {
    let bytes = bytes.into();
    let marked = [b"# override: test\n".as_slice(), &bytes].concat();
    demo().with_file(path, marked)
}

pub(super) fn faults(set: &FileSet) -> Vec<String> {
    match Catalog::load(set) {
        Ok(_) => Vec::new(),
        Err(Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
pub(super) fn assert_fault(set: &FileSet, place: &str, words: &str) {
    let found = faults(set);
    assert!(
        found.iter().any(|fault| fault.starts_with(place) && fault.contains(words)),
        "no fault at {place} with {words:?} in {found:#?}"
    );
}

fn embedded() -> &'static Catalog {
    static CATALOG: std::sync::OnceLock<Catalog> = std::sync::OnceLock::new();
    CATALOG.get_or_init(|| Catalog::embedded().unwrap_or_else(|faults| panic!("{faults}")))
}

fn id(text: &str) -> FrameworkId {
    text.parse().unwrap()
}

#[test]
fn the_small_catalog_has_no_fault() {
    assert_eq!(faults(&demo()), Vec::<String>::new());
}

#[test]
fn many_broken_files_report_all_their_faults_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("controls/demo/framework.yaml", FRAMEWORK.as_bytes());
    write(
        "controls/demo/all.yaml",
        b"- id: \"1\"\n  title: One\n  family: F\n- id: \"1\"\n  title: Again\n  family: F\n- id: \"3\"\n  titel: Typo\n  family: F\n- id: \"4\"\n  title: 4\n  family: F\n  assessable: perhaps\n- id: \"5\"\n  title: Five\n  family: F\n  parent: \"5\"\n",
    );
    write(
        "collectors/m365/users/collector.yaml",
        COLLECTOR
            .replace("path: /users", "path: //evil.example/users")
            .replace("15 3", "75 3")
            .replace("graph-collection/1", "guess/1")
            .as_bytes(),
    );
    write("collectors/m365/groups/collector.yaml", b"\xff\xfe");
    write("collectors/m365/devices/collector.yaml", b"");
    write(
        "collectors/m365/sites/collector.yaml",
        format!("{}colour: red\n", COLLECTOR.replace("timeout_seconds: 60", "timeout_seconds: soon")).as_bytes(),
    );
    write(
        "controls/crosswalk/x.csv",
        b"from_framework,from,to_framework,to,confidence,detail\ndemo,1,demo,9,sure,\ndemo,1\n",
    );
    let found = faults(&FileSet::default().with_folder(folder.path()));
    let has = |path: &str, words: &str| {
        let path = Path::new(path).to_string_lossy().into_owned();
        found.iter().any(|fault| fault.contains(&path) && fault.contains(words))
    };
    for (path, words) in [
        ("controls/demo/all.yaml:4:", "duplicate"),
        ("controls/demo/all.yaml:8:", "titel"),
        ("controls/demo/all.yaml:13:", ""),
        ("controls/demo/all.yaml:14:", "its own ancestor"),
        ("collectors/m365/users/collector.yaml:6:", "path"),
        ("collectors/m365/users/collector.yaml:10:", "schedule"),
        ("collectors/m365/users/collector.yaml:14:", "parser"),
        ("collectors/m365/groups/collector.yaml:1:", "UTF-8"),
        ("collectors/m365/devices/collector.yaml:", "empty"),
        ("collectors/m365/sites/collector.yaml:11:", ""),
        ("collectors/m365/sites/collector.yaml:16:", "colour"),
        ("controls/crosswalk/x.csv:2:", "sure"),
        ("controls/crosswalk/x.csv:2:", "no control `9`"),
        ("controls/crosswalk/x.csv:3:", "cells"),
        ("controls/demo/framework.yaml:", "co-managed"),
    ] {
        assert!(has(path, words), "{path} {words} in {found:#?}");
    }
}

#[test]
fn the_digest_changes_with_any_file_that_bears_on_a_judgement() {
    let digest = |set: &FileSet| Catalog::load(set).unwrap().digest;
    assert_eq!(digest(&demo()), digest(&demo()));
    assert_ne!(digest(&demo()), digest(&demo_with("controls/demo/all.yaml", CONTROLS)));
    assert_eq!(digest(&demo()), digest(&demo().with_file("controls/README.md", "Words.")));
}
