//! `score` on a file of findings: without any installation, and with every fault of the file named.

use serde_json::{Value, json};

use crate::support::command::{Told, countersign, scratch};

fn score(framework: &str, findings: &str, further: &[&str]) -> Told {
    let folder = scratch();
    let file = folder.path().join("findings.json");
    std::fs::write(&file, findings).unwrap();
    let file = file.display().to_string();
    countersign(&[&["score", framework, "--statuses", &file, "--json"], further].concat())
}

fn refused(answer: &Value, control: &str) -> String {
    let all = answer["poam_refused"].as_array().unwrap();
    let one =
        all.iter().find(|refusal| refusal["control"] == control).unwrap_or_else(|| panic!("{control}: {answer:#}"));
    one["because"].as_str().unwrap().to_owned()
}

#[test]
fn a_plain_file_of_findings_is_scored_without_an_installation() {
    let answer = score("cmmc-l2", r#"{"3.12.4": "met"}"#, &[]).fine().json();
    assert_eq!((&answer["score"], &answer["conditional_possible"]), (&json!(-203), &json!(false)));
    assert_eq!(answer["deductions"].as_array().unwrap().len(), 109);
    assert_eq!(answer["poam_allowed"].as_array().unwrap().len(), 46);
    assert_eq!(refused(&answer, "3.1.20"), "3.1.20 may not be on a POA&M: 32 CFR 170.21(a)(2)(iii)");
    assert!(refused(&answer, "3.1.1").contains("5 points"));
}

#[test]
fn without_a_security_plan_there_is_no_score_but_what_it_would_be_is_said() {
    let answer = score("cmmc-l2", "{}", &[]).fine().json();
    assert_eq!((&answer["score"], &answer["points"]), (&Value::Null, &json!(-203)));
    assert!(answer["no_score_because"].as_str().unwrap().contains("3.12.4"));
}

#[test]
fn what_if_some_more_were_met_is_answered() {
    let findings = r#"{"3.12.4": "met", "3.5.3": "partial", "3.13.11": "partial"}"#;
    let before = score("cmmc-l2", findings, &[]).fine().json();
    let after = score("cmmc-l2", findings, &["--if-met", "3.1.1", "IA.L2-3.5.3"]).fine().json();
    let points = |answer: &Value| answer["score"].as_i64().unwrap();
    assert_eq!((points(&before), points(&after)), (-199, -191));
    assert!(before["poam_allowed"].as_array().unwrap().contains(&json!("3.13.11")));
}

#[test]
fn level_1_is_met_or_not_and_level_3_is_counted() {
    let one = score("cmmc-l1", "{}", &[]).fine().json();
    assert_eq!((&one["score"], &one["final_possible"]), (&Value::Null, &json!(false)));
    assert_eq!(one["poam_refused"].as_array().unwrap().len(), 15);
    let three = score("cmmc-l3", r#"{"3.1.2e": "met"}"#, &[]).fine().json();
    assert_eq!(three["score"], 1);
    assert!(refused(&three, "3.6.1e").contains("170.21(a)(3)(ii)"));
}

#[test]
fn a_file_that_cannot_be_scored_is_refused_with_file_and_line() {
    for (findings, words) in [
        ("{\n\"3.1.99\": \"met\"}", "findings.json:2: cmmc-l2 has no requirement `3.1.99`"),
        ("{\n\n\"3.1.1\": \"fine\"}", "findings.json:3: `3.1.1` is `fine`"),
        ("[]", "findings.json:1: "),
        ("{\"3.1.1\": \"partial\"}", "AC.L2-3.1.1 has no partial value"),
    ] {
        let told = score("cmmc-l2", findings, &[]).ends(2);
        assert!(told.stderr.contains(words), "{words}: {}", told.stderr);
        assert_eq!(told.stdout, "");
    }
    assert!(score("hipaa-security", "{}", &[]).ends(2).stderr.contains("only CMMC has a score"));
}
