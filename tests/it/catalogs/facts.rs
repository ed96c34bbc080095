//! What `catalog show` says of the shipped frameworks beside our own texts: every fact that bears on a status.

use serde_json::{Value, json};

use crate::support::command::countersign;

fn control(framework: &str, name: &str) -> Value {
    countersign(&["catalog", "show", framework, name, "--json"]).fine().json()
}

#[test]
fn frameworks_are_listed_with_their_counts() {
    let listed = countersign(&["catalog", "list", "--json"]).fine().list();
    let counts: Vec<(&str, u64, u64)> = listed
        .iter()
        .map(|one| {
            assert!(one["title"].is_string() && one["version"].is_string(), "{one}");
            (one["id"].as_str().unwrap(), one["controls"].as_u64().unwrap(), one["objectives"].as_u64().unwrap())
        })
        .collect();
    let expected = [
        ("cmmc-l1", 15, 59),
        ("cmmc-l2", 110, 320),
        ("cmmc-l3", 24, 0),
        ("hipaa-breach", 27, 0),
        ("hipaa-security", 68, 0),
        ("pci-dss-4.0.1", 280, 0),
    ];
    assert_eq!(counts, expected);
}

#[test]
fn every_requirement_of_cmmc_says_whether_it_may_wait_and_by_which_paragraph() {
    for (framework, paragraph) in [("cmmc-l1", "(a)(1)"), ("cmmc-l2", "(a)(2)(i"), ("cmmc-l3", "(a)(3)(ii)")] {
        let shown = countersign(&["catalog", "show", framework, "--json"]).fine().json();
        for control in shown["controls"].as_array().unwrap() {
            let facts = &control["facts"];
            assert!(facts["poam_allowed"].is_string(), "{control:#}");
            let rule = facts["poam_rule"].as_str().unwrap_or_default();
            assert!(rule.starts_with(&format!("32 CFR 170.21{paragraph}")), "{control:#}");
        }
    }
    let encryption = control("cmmc-l2", "3.13.11")["facts"].clone();
    assert_eq!((&encryption["weight"], &encryption["weight_partial"]), (&json!(5), &json!(3)));
    assert_eq!(encryption["poam_allowed"], "conditional");
    assert_eq!(control("cmmc-l2", "3.1.20")["facts"]["poam_rule"], "32 CFR 170.21(a)(2)(iii)");
    assert_eq!(control("cmmc-l2", "3.12.4")["facts"]["weight"], Value::Null);
    assert_eq!(countersign(&["catalog", "show", "cmmc-l1", "--json"]).fine().json()["judged_by"], "cmmc-l2");
}

#[test]
fn hipaa_and_pci_show_what_decides_about_them() {
    let addressable = control("hipaa-security", "164.308(a)(3)(ii)(B)")["facts"].clone();
    assert_eq!(addressable["required_or_addressable"], "addressable");
    assert_eq!(addressable["cfr_cite"], "45 CFR 164.308(a)(3)(ii)(B)");
    assert_eq!(control("hipaa-breach", "164.404(b)")["facts"]["time_limit"], "60 calendar days from discovery");
    let scripts = control("pci-dss-4.0.1", "6.4.3")["facts"].clone();
    assert_eq!((&scripts["future_dated"], &scripts["mandatory_since"]), (&json!(true), &json!("2025-03-31")));
    assert_eq!(scripts["saqs"], control("pci-dss-4.0.1", "6.4.2")["facts"]["saqs"]);
    assert_eq!((&scripts["saqs"]["A"], &scripts["saqs"]["C"]), (&json!("no"), &json!("unknown")));
    let shown = countersign(&["catalog", "show", "pci-dss-4.0.1", "--json"]).fine().json();
    assert_eq!(shown["questionnaires"].as_array().unwrap().len(), 9);
}

/// Facts that the code reads to come to a status, a score or a set of questions.
const DECISIVE: [&str; 3] = ["weight", "weight_partial", "saqs"];

#[test]
fn what_is_only_remembered_is_marked_wherever_it_is_shown_and_decides_nothing() {
    let mut marked = 0;
    for framework in ["cmmc-l1", "cmmc-l2", "cmmc-l3", "hipaa-breach", "hipaa-security", "pci-dss-4.0.1"] {
        let shown = countersign(&["catalog", "show", framework, "--json"]).fine().json();
        for control in shown["controls"].as_array().unwrap() {
            let unconfirmed = control["facts"]["to_be_confirmed"].as_array().into_iter().flatten();
            for name in unconfirmed.map(|name| name.as_str().unwrap()) {
                assert!(!DECISIVE.contains(&name), "{framework} {}: {name} decides", control["id"]);
                marked += 1;
            }
        }
    }
    assert!(marked > 0);
    for (framework, control, line) in [
        ("pci-dss-4.0.1", "12.3.1", "Mandatory since 2025-03-31 (to be confirmed)"),
        ("hipaa-breach", "164.410(b)", "45 CFR 164.410(b) (to be confirmed)"),
        ("pci-dss-4.0.1", "6.4.1", "Superseded by 6.4.2 (to be confirmed)"),
        ("pci-dss-4.0.1", "8.3.10", "Superseded since 2025-03-31 (to be confirmed)"),
        ("pci-dss-4.0.1", "10.7.1", "Superseded by 10.7.2 (to be confirmed)"),
    ] {
        let told = words_of(framework, control);
        assert!(told.contains(line), "{line}: {told}");
    }
    for (framework, control, line) in
        [("hipaa-breach", "164.404(b)", "45 CFR 164.404(b)"), ("pci-dss-4.0.1", "6.3.2", "Mandatory since 2025-03-31")]
    {
        let sure = words_of(framework, control);
        assert!(sure.contains(line) && !sure.contains("to be confirmed"), "{sure}");
    }
}

/// What is printed of a control, however wide its tables are.
fn words_of(framework: &str, control: &str) -> String {
    let printed = countersign(&["catalog", "show", framework, control]).fine().stdout;
    printed.split_whitespace().collect::<Vec<_>>().join(" ")
}
