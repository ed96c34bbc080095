//! What the law of a framework does not let anybody state, through the program as a stranger runs it.

use crate::support::command::{Installation, ORG, Told, countersign};

const DANA: &str = "dana.example";

fn with_dana() -> Installation {
    let installation = Installation::new();
    let add = ["person", "add", DANA, "--org", ORG, "--party", "internal", "--name", "Dana Example"];
    installation.run(&add).fine();
    installation
}

/// Dana's statement, with further arguments.
fn attest(installation: &Installation, framework: &str, control: &str, further: &[&str]) -> Told {
    let statement = ["attest", framework, control, "--org", ORG, "--by", DANA, "--statement", "So it is."];
    installation.run(&[&statement, further].concat())
}

#[test]
fn nothing_is_stated_not_applicable_that_always_applies_and_a_plan_that_does_not_apply_gives_no_score() {
    let installation = with_dana();
    let before = installation.log_objects().len();
    attest(&installation, "cmmc-l2", "3.12.4", &["--not-applicable"])
        .refused(&["cmmc-l2 has no form by which CA.L2-3.12.4 would not apply", "Forms for it: cmmc-met"]);
    attest(&installation, "hipaa-security", "164.308(a)(1)(ii)(A)", &["--not-applicable"])
        .refused(&["Forms for it: hipaa-required"]);
    attest(&installation, "hipaa-security", "164.312(a)(2)(iii)", &["--not-applicable"])
        .refused(&["Forms for it: hipaa-addressable, hipaa-required"]);
    assert_eq!(installation.log_objects().len(), before);
    attest(&installation, "cmmc-l2", "3.1.16", &["--not-applicable"]).fine();
    let score = installation.run(&["score", "cmmc-l2", "--org", ORG]).fine().stdout;
    assert!(score.contains("No score: 3.12.4 is not met"), "{score}");

    let file = installation.file("findings.json", b"{\n\"3.12.4\": \"not_applicable\"\n}");
    let file = file.to_str().unwrap();
    countersign(&["score", "cmmc-l2", "--statuses", file]).refused(&[
        "findings.json:2",
        "CA.L2-3.12.4 always applies",
        "170.24(c)(2)(i)(B)(5)",
    ]);
}

#[test]
fn a_decision_that_nothing_is_done_is_not_called_implemented_and_its_standard_is_stated_itself() {
    let installation = with_dana();
    let form = |way: &str| {
        let answers = [
            way,
            "size=s",
            "infrastructure=i",
            "cost=c",
            "risk=r",
            "why_not=w",
            "why_no_alternative=n",
            "decided_by=d",
            "decided_on=2026-01-02",
        ];
        let mut all = vec!["--form".to_owned(), "hipaa-addressable".to_owned()];
        all.extend(answers.iter().flat_map(|one| ["--answer".to_owned(), (*one).to_owned()]));
        all
    };
    let reasons = form("way=not_reasonable");
    let reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
    for specification in ["164.312(e)(2)(i)", "164.312(e)(2)(ii)"] {
        attest(&installation, "hipaa-security", specification, &reasons).fine();
    }
    let status = |control: &str| {
        let told = installation.run(&["status", "--org", ORG, "--framework", "hipaa-security", "--json"]).fine().json();
        let all = told["frameworks"][0]["statuses"].as_array().unwrap().clone();
        let one = all.into_iter().find(|one| one["id"] == control).unwrap();
        (one["status"].as_str().unwrap().to_owned(), one["word"].as_str().unwrap().to_owned())
    };
    assert_eq!(status("164.312(e)(2)(i)"), ("met".to_owned(), "Not reasonable here, documented".to_owned()));
    assert_eq!(status("164.312(e)(1)").0, "undetermined");
    let found = installation.run(&["findings", "hipaa-security", "--org", ORG, "--json"]).fine().json();
    let one =
        found["findings"].as_array().unwrap().iter().find(|one| one["control"] == "164.312(e)(2)(i)").unwrap().clone();
    assert_eq!(one["finding"], "Not reasonable here, documented");
    attest(&installation, "hipaa-security", "164.312(e)(1)", &[]).fine();
    assert_eq!(status("164.312(e)(1)"), ("met".to_owned(), "Implemented".to_owned()));
}
