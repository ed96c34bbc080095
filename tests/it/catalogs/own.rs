//! A framework of a user's own with all that belongs to it, and everything that can be wrong with it.

use crate::support::catalog_folder::{Folder, shipped};

const FRAMEWORK: &str = r#"id: bakery
title: Bakery Rules
version: "3"
publisher: Example Guild of Bakers
source: example.com/bakery
vocabulary: {met: Done, not_met: Not done, not_applicable: Not needed, undetermined: Not shown}
files: [ovens.yaml]
"#;

const CONTROLS: &str = r#"- id: BK-1
  title: Ovens are watched
  family: Ovens
  objectives:
    - {id: "BK-1[a]", title: somebody watches}
    - {id: "BK-1[b]", title: the clock is right}
- id: BK-2
  title: Flour is locked away
  family: Stores
"#;

const CROSSWALK: &str = r"from_framework,from,to_framework,to,confidence,detail
bakery,BK-2,cmmc-l2,AC.L2-3.1.1,medium,our own reading
";

const CHECK: &str = "controls/checks/linux/the_oven_clock";

fn template(model: &str) -> String {
    format!(
        "framework: bakery\nmodel: {model}\nfamilies:\n  Ovens: {{kind: internal, accountable: internal, internal_tasks: Watches.}}\n  Stores: {{kind: provider, accountable: provider, provider_tasks: Locks.}}\n"
    )
}

fn collector() -> String {
    shipped("collectors/linux/sysctl/collector.yaml").replace("id: linux/sysctl", "id: linux/oven")
}

/// A rule over the user's own dataset that bears on the user's own framework.
fn rule(proves: &str) -> String {
    format!(
        r#"# METADATA
# title: The oven's clock is right
# description: The oven says that its clock is right.
# custom:
#   severity: low
#   requires: [linux/oven]
#   proves:
#     bakery:
#       {proves}
#   remediation:
#     provider: Set the clock.
#     internal: Say when it is wrong.
package checks.linux.the_oven_clock

import data.lib.datasets

rows := datasets.rows("linux/oven")

findings contains {{"resource": "oven", "outcome": "pass", "because": "The clock is right"}} if {{
	some row in rows
	row.name == "clock"
	row.value == "right"
}}

findings contains {{"resource": "oven", "outcome": "fail", "because": "The clock is wrong"}} if {{
	some row in rows
	row.name == "clock"
	row.value == "wrong"
}}
"#
    )
}

fn case(value: &str) -> String {
    let row = format!(r#"{{"name": "clock", "value": "{value}"}}"#);
    format!(
        r#"{{"datasets": {{"linux/oven": {{"outcome": "complete", "rows": [{row}]}}}}, "now": "2026-03-31T09:00:00Z"}}"#
    )
}

fn bakery() -> Folder {
    let mut folder = Folder::new()
        .with("controls/bakery/framework.yaml", FRAMEWORK)
        .with("controls/bakery/ovens.yaml", CONTROLS)
        .with("controls/crosswalk/bakery.csv", CROSSWALK)
        .with("collectors/linux/oven/collector.yaml", collector())
        .with(&format!("{CHECK}/check.rego"), rule("\"BK-1[b]\": part"))
        .with(&format!("{CHECK}/cases/pass_right.json"), case("right"))
        .with(&format!("{CHECK}/cases/fail_wrong.json"), case("wrong"))
        .with(&format!("{CHECK}/cases/unknown_nothing_said.json"), case("not said"));
    for model in ["in-house", "co-managed", "fully-managed"] {
        folder = folder.with(&format!("controls/responsibilities/{model}/bakery.yaml"), template(model));
    }
    folder
}

/// Every fault that is told, without the folder before it: `controls/bakery/ovens.yaml:3: …`.
fn faults(folder: &Folder) -> Vec<String> {
    let told = folder.lint().refused(&["the data files have"]);
    let before = format!("{}/", folder.path("extra").display());
    let faults: Vec<String> =
        told.stderr.lines().filter_map(|line| line.trim().strip_prefix(before.as_str())).map(str::to_owned).collect();
    assert_eq!(told.stderr.lines().filter(|line| line.starts_with("  ")).count(), faults.len(), "{}", told.stderr);
    faults
}

/// With this one file in place of ours, this and nothing else is told.
#[track_caller]
fn only_fault(path: &str, bytes: impl AsRef<[u8]>, place: &str, words: &str) {
    let faults = faults(&bakery().with(path, bytes));
    let [fault] = faults.as_slice() else { panic!("one fault at {place} with {words:?}: {faults:#?}") };
    assert!(fault.starts_with(place) && fault.contains(words), "{place} {words:?}: {fault}");
}

#[test]
fn a_whole_framework_of_ones_own_is_used_like_a_shipped_one() {
    let folder = bakery();
    let shipped = Folder::new().run(&["catalog", "lint", "--json"]).fine().json();
    let counts = folder.run(&["catalog", "lint", "--json"]).fine().json();
    for (what, more) in
        [("frameworks", 1), ("controls", 2), ("checks", 1), ("collectors", 1), ("templates", 3), ("crosswalk_rows", 1)]
    {
        assert_eq!(counts[what].as_u64(), shipped[what].as_u64().map(|many| many + more), "{what}");
    }
    let listed = folder.run(&["catalog", "list", "--json"]).fine().list();
    let bakery = listed.iter().find(|framework| framework["id"] == "bakery").unwrap();
    assert_eq!((&bakery["controls"], &bakery["objectives"]), (&2.into(), &2.into()));
    let shown = folder.run(&["catalog", "show", "bakery", "BK-1", "--json"]).fine().json();
    assert_eq!(shown["checks"][0]["check"], "linux/the_oven_clock", "{shown:#}");
    assert_eq!(shown["checks"][0]["objective"], "BK-1[b]");
    let helped = folder.run(&["catalog", "crosswalk", "BK-2", "--json"]).fine().json();
    assert_eq!(helped[0]["to"], "AC.L2-3.1.1", "{helped:#}");
    let tried = folder.run(&["check", "test", "linux/the_oven_clock"]).fine();
    assert!(tried.stdout.contains('3'), "{}", tried.stdout);
}

#[test]
fn an_id_that_is_taken_is_a_fault_wherever_it_is_taken() {
    let twice = format!("{CONTROLS}- {{id: BK-1, title: Again, family: Ovens}}\n");
    only_fault("controls/bakery/ovens.yaml", twice, "controls/bakery/ovens.yaml:10: ", "`BK-1` is a duplicate");
    let twice = CONTROLS.replace("BK-1[b]", "BK-1[a]").replace("the clock", "another");
    let folder = bakery()
        .with("controls/bakery/ovens.yaml", twice)
        .with(&format!("{CHECK}/check.rego"), rule("\"BK-1[a]\": part"));
    let [fault] = faults(&folder).try_into().unwrap();
    assert!(fault.contains("the objective `BK-1[a]` is a duplicate"), "{fault}");
    let taken = FRAMEWORK.replace("id: bakery", "id: cmmc-l2");
    let path = "controls/cmmc-l2/framework.yaml";
    only_fault(path, taken, "controls/cmmc-l2/framework.yaml:1: ", "exists already");
    let path = "collectors/linux/sysctl/collector.yaml";
    only_fault(path, collector(), "collectors/linux/sysctl/collector.yaml:1: ", "exists already");
}

#[test]
fn a_crosswalk_that_names_nothing_that_exists_is_a_fault_with_its_line() {
    let path = "controls/crosswalk/bakery.csv";
    for (row, words) in [
        ("bakery,BK-9,cmmc-l2,AC.L2-3.1.1,medium,", "`bakery` has no control `BK-9`"),
        ("bakery,BK-1,cmmc-l2,AC.L2-3.1.99,medium,", "`cmmc-l2` has no control `AC.L2-3.1.99`"),
        ("bakery,BK-1[a],cmmc-l2,AC.L2-3.1.1,medium,", "`bakery` has no control `BK-1[a]`"),
        ("bakery,BK-1,soc-2,CC6.1,medium,", "there is no framework `soc-2`"),
        ("bakery,BK-2,cmmc-l2,AC.L2-3.1.1,high,twice", "the pair is a duplicate"),
        ("bakery,BK-1,cmmc-l2,AC.L2-3.1.1,certain,", "`certain` is not a confidence"),
    ] {
        only_fault(path, format!("{CROSSWALK}{row}\n"), "controls/crosswalk/bakery.csv:3: ", words);
    }
}

#[test]
fn a_mapping_that_was_cut_is_a_fault_wherever_it_was_cut() {
    let path = "controls/crosswalk/bakery.csv";
    let row = "bakery,BK-1,cmmc-l2,AC.L2-3.1.1,medium,\"our own, careful reading\"";
    for end in [1, 6, 7, 20, 34, 35, 40, row.len() - 1, row.len()] {
        let found = faults(&bakery().with(path, format!("{CROSSWALK}{}", row.get(..end).unwrap())));
        assert!(found.iter().any(|fault| fault.starts_with("controls/crosswalk/bakery.csv:3: ")), "{end}: {found:#?}");
    }
    only_fault(path, "from_framework,from,to_fra\n", "controls/crosswalk/bakery.csv:1: ", "the first line must be");
}

#[test]
fn a_check_that_dangles_is_a_fault_at_the_line_that_names_it() {
    let path = format!("{CHECK}/check.rego");
    let place = format!("{path}:9: ");
    for (proves, words) in [
        ("BK-9: part", "`BK-9`, which `bakery` has neither as a control nor as an objective"),
        ("\"BK-1[c]\": part", "`BK-1[c]`, which `bakery` has neither"),
        ("BK-2[a]: part", "`BK-2[a]`, which `bakery` has neither"),
    ] {
        only_fault(&path, rule(proves), &place, words);
    }
    let elsewhere = rule("BK-2: part").replace("bakery:", "brewery:");
    only_fault(&path, elsewhere, &format!("{path}:8: "), "the framework `brewery`, which does not exist");
    let unread = rule("BK-2: part").replace("requires: [linux/oven]", "requires: [linux/oven, linux/oven_two]");
    only_fault(&path, unread, &format!("{path}:6: "), "no collector fetches the dataset `linux/oven_two`");
}

#[test]
fn a_check_without_cases_is_a_fault() {
    let folder = bakery();
    std::fs::remove_dir_all(folder.path(&format!("extra/{CHECK}/cases"))).unwrap();
    let found = faults(&folder);
    assert_eq!(found.len(), 3, "{found:#?}");
    for (fault, outcome) in found.iter().zip(["fail_", "pass_", "unknown_"]) {
        assert!(fault.starts_with(&format!("{CHECK}/check.rego: ")) && fault.contains(outcome), "{fault}");
    }
    let orphan = bakery();
    std::fs::remove_file(orphan.path(&format!("extra/{CHECK}/check.rego"))).unwrap();
    let [fault] = faults(&orphan).try_into().unwrap();
    assert!(fault.contains("has cases but no check.rego"), "{fault}");
}

#[test]
fn a_control_that_nobody_owns_is_a_fault_of_the_template() {
    let path = "controls/responsibilities/co-managed/bakery.yaml";
    let lines: Vec<String> = template("co-managed").lines().map(str::to_owned).collect();
    let without = lines.iter().filter(|line| !line.contains("Stores")).cloned().collect::<Vec<_>>().join("\n");
    only_fault(path, &without, "controls/responsibilities/co-managed/bakery.yaml:3: ", "nobody owns BK-2");
    let row = "\nrows:\n  - {control: BK-7, kind: internal, accountable: internal, internal_tasks: Works.}\n";
    let found = faults(&bakery().with(path, without + row));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[1].starts_with("controls/responsibilities/co-managed/bakery.yaml:6: "), "{found:#?}");
    assert!(found[1].contains("no control `BK-7`"), "{found:#?}");
    let folder = bakery();
    std::fs::remove_file(folder.path(&format!("extra/{path}"))).unwrap();
    let [fault] = faults(&folder).try_into().unwrap();
    assert!(fault.contains("under the engagement model `co-managed`"), "{fault}");
}

#[test]
fn a_framework_that_another_judges_must_name_objectives_that_the_other_has() {
    let head = "controls/bakery/framework.yaml";
    let judged = format!("{FRAMEWORK}judged_by: cmmc-l2\n");
    let found = faults(&bakery().with(head, &judged));
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("controls/bakery/ovens.yaml:1: ") && found[0].contains("the objective `BK-1[a]`"));
    assert!(found[1].contains("the objective `BK-1[b]`, which `cmmc-l2` does not have"), "{found:#?}");
    assert!(found[2].starts_with("controls/bakery/ovens.yaml:7: ") && found[2].contains("`BK-2` has no objectives"));
    for (judge, words) in [
        ("nowhere", "`nowhere`, which is no other framework"),
        ("bakery", "`bakery`, which is no other framework"),
        ("cmmc-l1", "`cmmc-l1`, which is itself judged by another"),
    ] {
        let found = faults(&bakery().with(head, format!("{FRAMEWORK}judged_by: {judge}\n")));
        let told =
            found.iter().any(|fault| fault.starts_with("controls/bakery/framework.yaml:8: ") && fault.contains(words));
        assert!(told, "{judge}: {found:#?}");
    }
}

#[test]
fn a_fact_that_is_to_be_confirmed_must_be_one_of_the_controls() {
    let facts = "  facts:\n    oven_size: large\n    to_be_confirmed: [oven_size, oven_colour]\n";
    let path = "controls/bakery/ovens.yaml";
    only_fault(
        path,
        format!("{CONTROLS}{facts}"),
        "controls/bakery/ovens.yaml:12: ",
        "`oven_colour`, which is no fact",
    );
    let folder = bakery().with(path, format!("{CONTROLS}{}", facts.replace(", oven_colour", "")));
    let shown = folder.run(&["catalog", "show", "bakery", "BK-2"]).fine();
    assert!(shown.stdout.contains("large (to be confirmed)"), "{}", shown.stdout);
}

#[test]
fn bombs_huge_files_and_bytes_that_are_no_text_are_faults_and_quickly_told() {
    let path = "controls/bakery/ovens.yaml";
    let mut bomb = String::from("    a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (previous, next) in "abcdefghi".chars().zip("bcdefghij".chars()) {
        let nine = vec![format!("*{previous}"); 9].join(", ");
        bomb.extend([format!("    {next}: &{next} [{nine}]\n")]);
    }
    let bomb = format!("{CONTROLS}  facts:\n{bomb}");
    let huge = format!("{CONTROLS}# {}\n", "x".repeat(2 * 1024 * 1024));
    let nested = format!("{CONTROLS}  facts: {{a: {}{}}}\n", "[".repeat(20_000), "]".repeat(20_000));
    let cut = CONTROLS.get(..CONTROLS.len() - 12).unwrap();
    let cut_in_a_quote = CONTROLS.get(..CONTROLS.find("[a]").unwrap()).unwrap();
    for (bytes, place) in [
        (bomb.as_bytes(), "controls/bakery/ovens.yaml:"),
        (huge.as_bytes(), "controls/bakery/ovens.yaml: the file is larger than 1048576 bytes"),
        (nested.as_bytes(), "controls/bakery/ovens.yaml:"),
        (&[CONTROLS.as_bytes(), b"# \xff\xfe"].concat(), "controls/bakery/ovens.yaml:10: the file is not UTF-8"),
        (cut.as_bytes(), "controls/bakery/ovens.yaml:"),
        (cut_in_a_quote.as_bytes(), "controls/bakery/ovens.yaml:5: "),
        (b"", "controls/bakery/ovens.yaml: the file is empty"),
        (b"- \x00\x01", "controls/bakery/ovens.yaml:1: "),
    ] {
        let found = faults(&bakery().with(path, bytes));
        assert!(found.iter().any(|fault| fault.starts_with(place)), "{place}: {found:#?}");
        let blames = |fault: &String| !fault.starts_with("controls/bakery/");
        assert!(!found.iter().any(blames), "nobody else is blamed: {found:#?}");
    }
}

#[test]
fn nothing_of_a_folder_with_a_fault_is_used() {
    let folder = bakery().with("controls/crosswalk/bakery.csv", format!("{CROSSWALK}x\n"));
    for arguments in [
        &["catalog", "list"] as &[&str],
        &["catalog", "show", "bakery"],
        &["catalog", "show", "cmmc-l2", "3.1.1"],
        &["check", "test", "linux/the_oven_clock"],
        &["collector", "list"],
    ] {
        folder.run(arguments).refused(&["controls/crosswalk/bakery.csv:3: "]);
    }
}

#[test]
fn words_of_a_file_that_would_drive_the_terminal_are_told_without_what_drives_it() {
    let path = "controls/bakery/ovens.yaml";
    let hostile = CONTROLS.replace("family: Stores", "family: \"\\e[2J\\u202eStores\"");
    let found = faults(&bakery().with(path, hostile)).join("\n");
    assert!(found.contains("Stores") && !found.contains(['\u{1b}', '\u{202e}']), "{found:?}");
}
