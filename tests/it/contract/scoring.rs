//! `score` on a file of findings, without any installation, and of an organization, with what each figure rests on.

use serde_json::{Value, json};

use crate::support::command::{Told, countersign, scratch};
use crate::support::demo::Demo;

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

/// `score` of the demo's client.
fn of_the_demo(further: &[&str]) -> Told {
    let data = Demo::shared().data.display().to_string();
    countersign(&[&["score", "cmmc-l2", "--org", "larkspur", "--data", &data], further].concat())
}

fn lines<'a>(answer: &'a Value, key: &str) -> &'a [Value] {
    answer[key].as_array().unwrap_or_else(|| panic!("{key}: {answer:#}"))
}

fn leaves(line: &Value) -> Vec<u64> {
    line["evidence"].as_array().unwrap_or_else(|| panic!("{line}")).iter().map(|leaf| leaf.as_u64().unwrap()).collect()
}

#[test]
fn each_deduction_names_the_evidence_it_rests_on_and_each_step_the_party_that_walks_it() {
    let answer = of_the_demo(&["--json"]).fine().json();
    let deductions = lines(&answer, "deductions");
    let lost: i64 = deductions.iter().map(|one| one["value"].as_i64().unwrap()).sum();
    assert_eq!(answer["points"].as_i64().unwrap(), 110 - lost);
    for one in deductions {
        assert!(one["status"] != "met" && one["why"].as_str().is_some_and(|why| !why.is_empty()), "{one:#}");
        assert!(one["status"] != "not_met" || !leaves(one).is_empty(), "a failure that nothing shows: {one:#}");
    }
    let failed = deductions.iter().find(|one| one["status"] == "not_met").expect("the demo has failures");
    let (data, leaf) = (Demo::shared().data.display().to_string(), leaves(failed)[0].to_string());
    let proof = countersign(&["prove", "--org", "larkspur", "--leaf", &leaf, "--json", "--data", &data]).fine().json();
    let record: Value = serde_json::from_str(proof["record"].as_str().unwrap()).unwrap();
    assert_eq!(record["type"], "evidence/1", "{record:#}");
    let all: Vec<&str> = lines(&answer, "to_final").iter().map(|step| step["control"].as_str().unwrap()).collect();
    for step in lines(&answer, "to_conditional").iter().chain(lines(&answer, "to_final")) {
        assert!(["provider", "internal", "vendor"].contains(&step["party"].as_str().unwrap()), "{step:#}");
        let what = if step["status"] == "not_met" { "mend" } else { "show" };
        assert_eq!(step["what"], what, "{step:#}");
        assert!(all.contains(&step["control"].as_str().unwrap()));
    }
    let told = of_the_demo(&[]).fine().stdout;
    for words in ["Points are lost for:", "To a conditional status, in this order:", "To all points, in this order:"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(told.lines().any(|line| line.starts_with(failed["control"].as_str().unwrap()) && line.contains(&leaf)));
}

#[test]
fn walking_the_whole_way_leads_to_the_points_it_promises() {
    let answer = of_the_demo(&["--json"]).fine().json();
    for (way, least, possible) in [("to_conditional", 88, "conditional_possible"), ("to_final", 110, "final_possible")]
    {
        assert_eq!(answer[possible], false);
        let mut walked = vec!["--json", "--if-met"];
        walked.extend(lines(&answer, way).iter().map(|step| step["control"].as_str().unwrap()));
        let there = of_the_demo(&walked).fine().json();
        assert!(there["score"].as_i64().unwrap() >= least, "{way}: {}", there["score"]);
        assert_eq!(there[possible], true, "{way}");
        walked.pop();
        let almost = of_the_demo(&walked).fine().json();
        assert_eq!(almost[possible], false, "{way}: a step less is not enough");
    }
    of_the_demo(&["--if-met", "3.1.99"]).refused(&["cmmc-l2 has no requirement `3.1.99`"]);
}

#[test]
fn before_anything_was_seen_no_deduction_rests_on_evidence() {
    let answer = of_the_demo(&["--as-of", "2020-01-01", "--json"]).fine().json();
    assert_eq!(answer["points"], -203);
    for one in lines(&answer, "deductions") {
        assert_eq!((&one["status"], leaves(one).len()), (&json!("undetermined"), 0), "{one:#}");
    }
}
