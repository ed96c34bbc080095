//! Statements on forms, through the program as a stranger runs it: what they ask, how they count, and what is refused.

mod counting;
mod signatures;

use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::throttle::Throttle;
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use serde_json::Value;

use crate::support::command::{Installation, ORG, Told, countersign};
use crate::support::decisions::{NOT_VALIDATED, UNTESTED};

pub const DANA: &str = "dana.example";

/// A day that is still to come whenever these stories are told: they run on the machine's clock.
pub const FAR_AWAY: &str = "2999-01-01";

/// An installation with Dana of internal IT, whose name has markup and turns direction.
pub fn with_dana() -> Installation {
    let installation = Installation::new();
    let name = "Dana <b>\u{202e}Example";
    let add = ["person", "add", DANA, "--org", ORG, "--party", "internal", "--name", name];
    installation.run(&add).fine();
    installation.file("plan.pdf", b"%PDF-1.7 the plan");
    installation.file("matrix.pdf", b"%PDF-1.7 the matrix");
    installation
}

/// The same with everything of a simulated tenant collected.
async fn collected() -> (Installation, RunningTenant) {
    let options = TenantOptions { throttle: Throttle::Off, ..TenantOptions::default() };
    let tenant = Tenant::start(Firm::load_embedded("larkspur").unwrap(), options).await.unwrap();
    let installation = with_dana();
    installation.connect(&tenant).fine();
    installation.run(&["collect", "--org", ORG, "--source", "graph"]);
    (installation, tenant)
}

/// Dana's statement, with further arguments.
fn attest(installation: &Installation, framework: &str, control: &str, further: &[&str]) -> Told {
    let statement = ["attest", framework, control, "--org", ORG, "--by", DANA, "--statement", "So it is."];
    installation.run(&[&statement, further].concat())
}

fn answers<'a>(form: &'a str, all: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["--form", form];
    for one in all {
        arguments.extend(["--answer", one]);
    }
    arguments
}

/// What `findings` says of one control: its entry, found under this key.
fn found(installation: &Installation, framework: &str, key: &str, control: &str) -> Value {
    let told = installation.run(&["findings", framework, "--org", ORG, "--json"]).fine().json();
    let all = told[key].as_array().unwrap();
    all.iter().find(|one| one["control"] == control).cloned().unwrap_or_else(|| panic!("{control}: {told:#}"))
}

const COMPENSATING: [&str; 7] = [
    "constraints=The scanner of the branch cannot ask for a second factor.",
    "definition=Its account can send mail to one address only, from one address only.",
    "objective=A stolen password alone opens nothing.",
    "identified_risk=Somebody sends mail as the scanner.",
    "validation=Signing in from elsewhere was tried on 2026-03-02 and refused.",
    "maintenance=The service desk reads the sign-in log weekly.",
    "reviewed_on=2026-03-02",
];

const ADDRESSABLE: [&str; 9] = [
    "way=alternative",
    "size=Twelve people, one site",
    "infrastructure=Two instruments run an old system",
    "cost=New instruments cost more than a year's rent",
    "risk=Low: they hold names for a day, see risk 14",
    "alternative=The instruments stand in a locked room without network",
    "equivalent=Nobody can take the disk or reach it",
    "why_not=The maker's system cannot encrypt",
    "decided_by=Kim Example, security official",
];

#[test]
fn every_fault_of_a_statement_is_told_at_once_and_nothing_is_sealed() {
    let installation = with_dana();
    let before = installation.log_objects().len();
    installation.file("draft plan.docx", b"PK");
    let mut arguments = answers("pci-customized-approach", &["approved_on=soon", "nonsense=\u{1b}[2J", "objective=x"]);
    arguments.extend(["--file", "draft plan.docx", "--file", "missing.pdf"]);
    arguments.extend(["--valid-from", "2026-01-01", "--valid-until", "2029-01-01", "--target", "elsewhere.example"]);
    attest(&installation, "pci-dss-4.0.1", "8.4.2", &arguments).refused(&[
        "the statement on the form `pci-customized-approach` cannot be sealed",
        "`elsewhere.example` is not connected",
        "it may stand 12 months at most",
        "`approved_on` is `soon`, which is no day",
        "`controls` is missing",
        "`approved_by` is missing",
        "the form has no field `nonsense`",
        "calls itself a draft",
        "missing.pdf cannot be read",
    ]);
    let all = answers("hipaa-addressable", &ADDRESSABLE);
    attest(&installation, "hipaa-security", "164.312(a)(2)(i)", &all).refused(&[
        "the form is not for 164.312(a)(2)(i) of hipaa-security; what is: hipaa-required",
        "`decided_on` is missing",
    ]);
    let few = answers("pci-compensating-control", &COMPENSATING);
    attest(&installation, "pci-dss-4.0.1", "8.2.4", &few).refused(&["it needs at least 1 document in final form"]);
    attest(&installation, "pci-dss-4.0.1", "8.2.4", &answers("no-such-form", &[])).refused(&["there is no form"]);
    let mut away = answers("cmmc-met", &[]);
    away.push("--not-applicable");
    attest(&installation, "cmmc-l2", "3.1.2[b]", &away).refused(&["--not-applicable says otherwise"]);
    assert_eq!(installation.log_objects().len(), before);
}

#[test]
fn what_follows_from_its_parts_is_not_stated_itself_and_claims_that_leave_open_keep_their_limits() {
    let installation = with_dana();
    let before = installation.log_objects().len();
    attest(&installation, "hipaa-security", "164.312(a)(1)", &[]).refused(&[
        "164.312(a)(1) follows from its parts",
        "164.312(a)(2)(i), 164.312(a)(2)(ii), 164.312(a)(2)(iii), 164.312(a)(2)(iv)",
        "countersign attest hipaa-security '164.312(a)(2)(i)'",
    ]);
    let partial = |control: &str, way: &'static str| {
        let mut all = NOT_VALIDATED;
        all[0] = way;
        let mut arguments = answers("cmmc-partial", &all);
        arguments.extend(["--file", "plan.pdf"]);
        attest(&installation, "cmmc-l2", control, &arguments)
    };
    partial("3.13.8", "way=not_validated").refused(&["the form is not for SC.L2-3.13.8 of cmmc-l2"]);
    partial("3.5.3", "way=not_validated")
        .refused(&["the way `not_validated` is not for IA.L2-3.5.3; what is: remote_and"]);
    partial("3.13.11[a]", "way=not_validated").refused(&["only the requirement as a whole has a partial value"]);
    let untested = answers("pci-not-tested", &UNTESTED);
    attest(&installation, "hipaa-security", "164.308(a)(2)", &untested).refused(&["the form is not for 164.308(a)(2)"]);
    let longer = [&untested[..], &["--valid-from", "2026-01-01", "--valid-until", "2027-06-01"]].concat();
    attest(&installation, "pci-dss-4.0.1", "9.2.1", &longer).refused(&["it may stand 12 months at most"]);
    attest(&installation, "pci-dss-4.0.1", "9.2.1", &[&untested[..], &["--not-applicable"]].concat())
        .refused(&["the form states that it is not tested, and --not-applicable says otherwise"]);
    assert_eq!(installation.log_objects().len(), before);
    let told = attest(&installation, "pci-dss-4.0.1", "9.2.1", &untested).fine();
    assert!(told.stderr.contains("only SAQ D"), "{}", told.stderr);
    let listed = installation.run(&["attest", "list", "--org", ORG]).fine().stdout;
    assert!(listed.contains("not tested"), "{listed}");
    let words = installation.run(&["findings", "pci-dss-4.0.1", "--org", ORG, "--json"]).fine().json();
    let one = words["findings"].as_array().unwrap().iter().find(|one| one["control"] == "9.2.1").unwrap();
    assert_eq!((one["finding"]["word"].as_str(), one["status"].as_str()), (Some("Not Tested"), Some("undetermined")));
}

#[test]
fn a_template_is_filled_in_and_sealed_with_the_digest_of_its_form() {
    let installation = with_dana();
    let template = countersign(&["attest", "template", "cmmc-met"]).fine().stdout;
    let filled = template
        .replace("what_is_done: \"\"", "what_is_done: \"<script>\u{202e}alert</script> \u{1f512}\"")
        .replace("security_plan: \"\"", "security_plan: Version 3")
        .replace("examine: []", "examine: [plan.pdf]")
        .replace("interview: []", "interview:\n  - Kim Example");
    installation.file("answers.yaml", filled);
    let arguments = ["--form", "cmmc-met", "--answers", "answers.yaml", "--file", "plan.pdf"];
    attest(&installation, "cmmc-l2", "3.1.2[a]", &arguments).fine();
    let listed = installation.run(&["attest", "list", "--org", ORG, "--json"]).fine().json();
    assert_eq!(listed[0]["form"]["id"], "cmmc-met");
    let names: Vec<&str> =
        listed[0]["artifacts"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["plan.pdf", "form.json"]);
    assert!(!installation.run(&["attest", "list", "--org", ORG]).fine().stdout.contains('\u{202e}'));
    installation.run(&["verify"]).fine();
}

#[test]
fn without_a_form_its_limits_are_advice_and_with_one_it_stands_no_longer_than_it_may() {
    let installation = with_dana();
    let told = attest(&installation, "hipaa-security", "164.312(a)(2)(i)", &[]).fine();
    for words in ["it may stand 3 months at most", "at least 1 document", "countersign attest template hipaa-required"]
    {
        assert!(told.stderr.contains(words), "{words}: {}", told.stderr);
    }
    let met = ["what_is_done=d", "covers=c", "responsible=r", "procedure=p", "last_looked_at=2026-03-02"];
    let mut arguments = answers("hipaa-required", &met);
    arguments.extend(["--file", "plan.pdf", "--valid-from", "2998-03-01"]);
    let told = attest(&installation, "hipaa-security", "164.312(a)(2)(i)", &arguments).fine();
    assert!(!told.stderr.contains("note:"), "{}", told.stderr);
    let listed = installation.run(&["attest", "list", "--org", ORG, "--json"]).fine().json();
    assert!(listed[1]["valid_until"].as_str().unwrap().starts_with("2998-06-01"), "{listed:#}");
}

#[test]
fn forms_are_listed_by_what_they_fit_and_tell_what_they_ask() {
    let all = countersign(&["attest", "forms", "--json"]).fine().list();
    assert!(all.len() >= 18, "{}", all.len());
    let ids = |framework: &str, control: &str| -> Vec<String> {
        let told = countersign(&["attest", "forms", framework, control, "--json"]).fine().list();
        told.iter().map(|form| form["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("hipaa-security", "164.312(a)(2)(iii)"), ["hipaa-addressable", "hipaa-required"]);
    assert_eq!(ids("hipaa-security", "164.312(a)(2)(i)"), ["hipaa-required"]);
    assert!(ids("cmmc-l2", "3.13.11").contains(&"cmmc-partial".to_owned()));
    assert!(!ids("cmmc-l2", "3.13.8").contains(&"cmmc-partial".to_owned()));
    let words = countersign(&["attest", "forms", "cmmc-l2", "3.13.11"]).fine().stdout;
    assert!(words.contains("way=not_validated") && !words.contains("remote_and_privileged"), "{words}");
    countersign(&["attest", "forms", "hipaa-security", "164.312(a)(1)"])
        .refused(&["164.312(a)(1) follows from its parts", "164.312(a)(2)(i), 164.312(a)(2)(ii)"]);
    assert!(!ids("cmmc-l2", "3.12.4").contains(&"cmmc-enduring-exception".to_owned()));
    let words = countersign(&["attest", "forms", "pci-dss-4.0.1", "8.4.2"]).fine().stdout;
    for part in ["constraints (text)", "12.3.2", "to be confirmed", "Documents, at least 2"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    countersign(&["attest", "forms", "cmmc-l9"]).refused(&["there is no framework cmmc-l9"]);
    countersign(&["attest", "template", "nothing"]).refused(&["there is no form `nothing`"]);
}

#[test]
fn a_date_of_a_statement_is_a_whole_day_where_the_organization_is() {
    let installation = with_dana();
    let zone =
        ["org", "change", "--org", ORG, "--time-zone", "America/New_York", "--by", DANA, "--because", "We moved."];
    installation.run(&zone).fine();
    // A year at most, and the same day of the next year is a year.
    let untested = |dates: &[&str]| {
        let stated = [&answers("pci-not-tested", &UNTESTED)[..], dates].concat();
        attest(&installation, "pci-dss-4.0.1", "9.2.1", &stated)
    };
    untested(&["--valid-from", "2998-01-31", "--valid-until", "2999-02-01"])
        .refused(&["it may stand 12 months at most"]);
    untested(&["--valid-from", "2998-01-31", "--valid-until", "2999-01-31"]).fine();
    let listed = installation.run(&["attest", "list", "--org", ORG, "--json"]).fine().json();
    assert_eq!(listed[0]["valid_from"], "2998-01-31T05:00:00.000000Z");
    assert_eq!(listed[0]["valid_until"], "2999-02-01T04:59:59.999999Z");
}
