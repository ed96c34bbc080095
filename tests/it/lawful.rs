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

/// Findings of a framework in which everything is met but these.
fn findings(framework: &str, open: &[&str]) -> (tempfile::TempDir, String) {
    let folder = crate::support::command::scratch();
    let shown = countersign(&["catalog", "show", framework, "--json"]).fine().json();
    let controls = shown["controls"].as_array().unwrap();
    let all: serde_json::Map<String, serde_json::Value> = controls
        .iter()
        .filter(|control| control["assessable"] != false)
        .map(|control| control["id"].as_str().unwrap())
        .filter(|id| !open.iter().any(|open| id.ends_with(&format!("-{open}"))))
        .map(|id| (id.to_owned(), "met".into()))
        .collect();
    let file = folder.path().join("findings.json");
    std::fs::write(&file, serde_json::Value::from(all).to_string()).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (folder, file)
}

#[test]
fn level_3_is_final_only_once_level_2_is_and_what_may_wait_is_told_with_the_reason() {
    let (_folder, all) = findings("cmmc-l3", &[]);
    let words = countersign(&["score", "cmmc-l3", "--statuses", &all]).fine().stdout;
    assert!(words.contains("Score: 24"), "{words}");
    assert!(words.contains("Needs a Final Level 2 (C3PAO) status first") && words.contains("170.18(a)"), "{words}");
    assert!(words.contains("Final status possible: yes, once Level 2 is final"), "{words}");
    let (_folder, open) = findings("cmmc-l3", &["3.1.2e", "3.6.1e"]);
    let words = countersign(&["score", "cmmc-l3", "--statuses", &open]).fine().stdout;
    assert!(words.contains("may wait on a POA&M: 3.1.2e (1)"), "{words}");
    assert!(words.contains("3.6.1e may not be on a POA&M: 32 CFR 170.21(a)(3)(ii)"), "{words}");
    let (_folder, open) = findings("cmmc-l2", &["3.1.3", "3.1.20"]);
    let words = countersign(&["score", "cmmc-l2", "--statuses", &open]).fine().stdout;
    assert!(words.contains("may wait on a POA&M: 3.1.3 (1)"), "{words}");
    assert!(words.contains("3.1.20 may not be on a POA&M: 32 CFR 170.21(a)(2)(iii)"), "{words}");
}

#[test]
fn a_conditional_status_ends_with_its_closeout_and_is_said_to_have_lapsed_after_it() {
    let installation = with_dana();
    let asked = |as_of: &str| {
        let given =
            ["score", "cmmc-l2", "--org", ORG, "--status-date", "2026-05-31", "--conditional", "--as-of", as_of];
        installation.run(&given).fine().stdout
    };
    let (last, over) = (asked("2026-11-27"), asked("2026-11-28"));
    assert!(last.contains("The status ends: 2026-11-27") && last.contains("On 2026-11-27 the status stands"), "{last}");
    assert!(last.contains("Affirmations: 2026-05-31\n"), "{last}");
    assert!(
        last.contains(
            "If closed out by then: affirmations at the closeout, 2027-05-31, 2028-05-31; the status ends: 2029-05-31"
        ),
        "{last}"
    );
    assert!(over.contains("On 2026-11-28 the status is gone") && over.contains("170.21(b)"), "{over}");
}

#[test]
fn a_day_that_its_field_does_not_take_is_refused_with_the_limit_and_said_before() {
    let installation = with_dana();
    let before = installation.log_objects().len();
    let on = |form: &'static str, answers: &[&'static str]| {
        let mut all = vec!["--form", form];
        all.extend(answers.iter().flat_map(|one| ["--answer", *one]));
        all
    };
    let period = on("breach-none", &["from=2998-01-01", "to=2997-12-31", "looked_at=l"]);
    attest(&installation, "hipaa-breach", "164.404(b)", &period).refused(&[
        "`from` is 2998-01-01, which is after today",
        "`to` is 2997-12-31, which is after today",
        "`to` is 2997-12-31, which is before `from`, 2998-01-01",
    ]);
    let all =
        ["what_is_done=w", "assets=a", "threats=t", "factors=f", "frequency=f", "kept=k", "analysed_on=2019-01-01"];
    attest(&installation, "pci-dss-4.0.1", "5.2.3.1", &on("pci-targeted-risk-analysis", &all))
        .refused(&["`analysed_on` is 2019-01-01, older than 12 months"]);
    assert_eq!(installation.log_objects().len(), before);
    let words = countersign(&["attest", "forms", "hipaa-breach", "164.404(b)"]).fine().stdout;
    assert!(words.contains("Not after today; not before the day of `from`."), "{words}");
}
