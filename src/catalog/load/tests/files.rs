//! Files that no catalog may be made of: hostile YAML, links, files that are too large or there twice.

use super::{CONTROLS, FRAMEWORK, assert_fault, demo, demo_with, faults};
use crate::catalog::files::FileSet;

#[test]
fn a_key_given_twice_is_refused() {
    assert_fault(
        &demo_with("controls/demo/framework.yaml", FRAMEWORK.replace("title: Demo", "title: Demo\ntitle: Other")),
        "controls/demo/framework.yaml:4",
        "duplicate",
    );
}

#[test]
fn a_tab_for_indentation_is_refused() {
    assert_fault(
        &demo_with("controls/demo/all.yaml", "- id: \"1\"\n\ttitle: One\n\tfamily: F\n"),
        "controls/demo/all.yaml:",
        "",
    );
}

#[test]
fn an_alias_bomb_is_refused_quickly() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (previous, next) in "abcdefghi".chars().zip("bcdefghij".chars()) {
        let list = vec![format!("*{previous}"); 9].join(", ");
        bomb.extend([format!("{next}: &{next} [{list}]\n")]);
    }
    bomb.push_str("facts: *j\n");
    let started = std::time::Instant::now();
    let controls = format!(
        "- id: \"1\"\n  title: One\n  family: F\n  facts:\n{}",
        bomb.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
    );
    assert_fault(&demo_with("controls/demo/all.yaml", controls), "controls/demo/all.yaml", "");
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
}

#[test]
fn a_deeply_nested_file_is_refused() {
    let deep = format!(
        "- id: \"1\"\n  title: One\n  family: F\n  facts: {{a: {}{}}}\n",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    assert_fault(&demo_with("controls/demo/all.yaml", deep), "controls/demo/all.yaml", "");
}

#[test]
fn a_huge_file_is_refused() {
    let huge = format!("{CONTROLS}# {}\n", "x".repeat(2 * 1024 * 1024));
    assert_fault(&demo_with("controls/demo/all.yaml", huge), "controls/demo/all.yaml", "larger");
}

#[test]
fn a_second_file_of_the_same_name_must_say_that_it_overrides() {
    assert_fault(&demo().with_file("controls/demo/all.yaml", CONTROLS), "controls/demo/all.yaml:1", "exists already");
    assert_eq!(faults(&demo_with("controls/demo/all.yaml", CONTROLS)), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_link_in_a_users_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("controls/own")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("controls/own/framework.yaml")).unwrap();
    let found = faults(&FileSet::default().with_folder(folder.path()));
    assert!(found.iter().any(|fault| fault.contains("copy here instead of a link")), "{found:#?}");
}
