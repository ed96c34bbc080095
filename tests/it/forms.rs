//! Statements on forms, through the program as a stranger runs it: what they ask, how they count, and what is refused.

use std::path::Path;

use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::throttle::Throttle;
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use serde_json::Value;

use crate::support::command::{Installation, ORG, Told, countersign};
use crate::support::decisions::{NOT_VALIDATED, UNTESTED};
use crate::support::ssh::keygen;

const DANA: &str = "dana.example";

/// A day that is still to come whenever these stories are told: they run on the machine's clock.
const FAR_AWAY: &str = "2999-01-01";

/// An installation with Dana of internal IT, whose name has markup and turns direction.
fn with_dana() -> Installation {
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

/// The checks that fail, or were not seen, for a control: whoever lets something else stand in for it names them.
fn in_the_way(framework: &str, unit: &str) -> Vec<String> {
    let told = countersign(&["catalog", "show", framework, "--json"]).fine().json();
    let text = told.to_string();
    assert!(text.contains(unit), "{framework} has no {unit}");
    let checks = countersign(&["check", "list", "--json"]).fine().list();
    let bears = |check: &Value| !check["proves"][framework][unit].is_null();
    checks.iter().filter(|check| bears(check)).map(|check| check["id"].as_str().unwrap().to_owned()).collect()
}

const COMPENSATING: [&str; 7] = [
    "constraints=The booking partner cannot be invited otherwise.",
    "definition=Every invitation is looked through on the same day.",
    "objective=Only approved accounts exist.",
    "identified_risk=An account of nobody for a day.",
    "validation=Ten invitations of last month were looked at on 2026-03-02.",
    "maintenance=The service desk keeps the list.",
    "reviewed_on=2026-03-02",
];

const EXCEPTION: [&str; 6] = [
    "system=Milling machine 4, hall 2",
    "why_not_feasible=Its controller runs what the maker shipped.",
    "mitigations=Network of its own",
    "mitigations=Locked hall",
    "security_plan=Version 3, section 7",
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

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_a_compensating_control_and_an_exception_each_change_the_status_and_its_words() {
    let (installation, tenant) = collected().await;
    for (framework, control, unit, form, all, key, words) in [
        (
            "hipaa-security",
            "164.312(a)(2)(iv)",
            "164.312(a)(2)(iv)",
            "hipaa-addressable",
            [&ADDRESSABLE[..], &["decided_on=2026-03-02"]].concat(),
            "addressable",
            "an equivalent measure stands in its place",
        ),
        (
            "pci-dss-4.0.1",
            "8.2.4",
            "8.2.4",
            "pci-compensating-control",
            COMPENSATING.to_vec(),
            "findings",
            "a compensating control is in place",
        ),
        (
            "cmmc-l2",
            "AC.L2-3.1.2",
            "3.1.2[b]",
            "cmmc-enduring-exception",
            EXCEPTION.to_vec(),
            "findings",
            "an enduring exception in the security plan, which counts as met",
        ),
    ] {
        let before = found(&installation, framework, "findings", control);
        assert_eq!(before["status"], "not_met", "{before:#}");

        // A statement that names no check changes nothing: the check still fails.
        let mut arguments = answers(form, &all);
        arguments.extend(["--file", "plan.pdf"]);
        attest(&installation, framework, unit, &arguments).fine();
        let told = found(&installation, framework, "findings", control);
        assert_eq!(told["status"], "not_met", "{told:#}");
        assert!(told["because"].as_str().unwrap().ends_with(", but the check fails."), "{told:#}");

        let checks = in_the_way(framework, unit);
        for check in &checks {
            arguments.extend(["--addresses", check]);
        }
        arguments.extend(["--target", tenant.tenant_id()]);
        attest(&installation, framework, unit, &arguments).fine();
        let after = found(&installation, framework, "findings", control);
        if framework != "cmmc-l2" {
            assert_eq!(after["status"], "met", "{after:#}");
            assert!(after["because"].as_str().unwrap().contains(words), "{after:#}");
            assert!(after["because"].as_str().unwrap().contains("It speaks to the check"), "{after:#}");
        }
        match key {
            "addressable" => {
                let decided = found(&installation, framework, key, control);
                assert_eq!(decided["state"], "alternative", "{decided:#}");
                assert_eq!(decided["paragraph"], "45 CFR 164.306(d)(3)(ii)(B)");
            }
            _ if framework == "pci-dss-4.0.1" => {
                assert_eq!(after["finding"]["word"], "In Place");
                assert_eq!(after["finding"]["compensating_control"], true);
                let words = installation.run(&["findings", framework, "--org", ORG]).fine().stdout;
                assert!(words.contains("In Place, compensating control used"), "{words}");
            }
            _ => {
                assert_ne!(after["status"], "not_met", "the other objective is not shown yet: {after:#}");
                let score = installation.run(&["score", framework, "--org", ORG, "--json"]).fine().json();
                let exception = &score["exceptions"][0];
                assert_eq!((exception["objective"].as_str(), exception["finding"].as_str()), (Some(unit), Some("MET")));
                assert_eq!(exception["by"], "enduring exception");
                assert!(exception["because"].as_str().unwrap().contains(words), "{exception:#}");
                let shown = installation.run(&["score", framework, "--org", ORG]).fine().stdout;
                assert!(shown.contains("3.1.2[b] is met by: enduring exception"), "{shown}");
                assert!(!shown.contains('\u{202e}'), "a name turned the terminal: {shown:?}");
            }
        }
    }
    installation.run(&["verify"]).fine();
}

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
fn targeted_risk_analyses_are_listed_with_the_frequency_that_was_stated_and_those_that_are_missing() {
    let installation = with_dana();
    let analysed = [
        "assets=Servers without a virus scanner",
        "threats=Malware",
        "factors=They reach no network of others.",
        "frequency=Every three <b>months\u{202e}, because they change rarely.",
        "kept=Looked at on 2026-01-05.",
        "analysed_on=2026-02-10",
    ];
    let mut arguments = answers("pci-targeted-risk-analysis", &analysed);
    arguments.extend(["--file", "plan.pdf"]);
    attest(&installation, "pci-dss-4.0.1", "5.2.3.1", &arguments).fine();
    let told = installation.run(&["findings", "pci-dss-4.0.1", "--org", ORG, "--json"]).fine().json();
    let all = told["risk_analyses"].as_array().unwrap();
    assert_eq!(all.len(), 9, "{all:#?}");
    let of = |control: &str| all.iter().find(|one| one["control"] == control).unwrap();
    let own = of("5.2.3.1");
    assert!(own["frequency"].as_str().unwrap().starts_with("Every three <b>months"), "{own:#}");
    assert_eq!((own["made_on"].as_str(), own["review_by"].as_str()), (Some("2026-02-10"), Some("2027-02-10")));
    assert_eq!(
        (of("11.6.1")["state"].as_str(), of("11.6.1")["to_be_confirmed"].as_bool()),
        (Some("missing"), Some(true))
    );
    let words = installation.run(&["findings", "pci-dss-4.0.1", "--org", ORG]).fine().stdout;
    assert!(
        words.contains("Targeted risk analysis for 5.2.3.1 (PCI DSS 12.3.1, to be confirmed): made 2026-02-10"),
        "{words}"
    );
    assert!(words.contains("for 11.6.1 (PCI DSS 12.3.1, to be confirmed): none is on file"), "{words}");
    assert!(!words.contains('\u{202e}'), "an answer turned the terminal");
    let kept = installation.run(&["retention", "show", "--org", ORG]).fine().stdout;
    assert!(!kept.contains("plan.pdf"), "no clock runs for it: {kept}");
    attest(&installation, "hipaa-security", "164.308(a)(2)", &["--file", "plan.pdf"]).fine();
    let kept = installation.run(&["retention", "show", "--org", ORG]).fine().stdout;
    assert!(kept.contains("plan.pdf") && kept.contains("still in effect: no end yet"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_for_some_users_costs_three_points_only_while_no_check_of_administrators_is_open() {
    let (installation, _tenant) = collected().await;
    let all = [
        "way=remote_and_privileged",
        "privileged=A key for each administrator",
        "remote=The same over the gateway",
        "without=Everybody at the desk",
        "seen=Export of the policies",
        "security_plan=Version 3, section 5",
    ];
    let mut arguments = answers("cmmc-partial", &all);
    arguments.extend(["--file", "plan.pdf"]);
    let value = |installation: &Installation| {
        let score = installation.run(&["score", "cmmc-l2", "--org", ORG, "--json"]).fine().json();
        let all = score["deductions"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["control"] == "3.5.3").unwrap()
    };
    attest(&installation, "cmmc-l2", "3.5.3", &arguments).fine();
    let silent = value(&installation);
    assert_eq!((silent["value"].as_u64(), silent["status"].as_str()), (Some(5), Some("not_met")));
    let why = silent["why"].as_str().unwrap();
    assert!(why.contains("That does not count: it says nothing about the supporting check"), "{why}");

    // Whether an exempt account is an administrator's could not be read: that may be what the statement denies.
    let named = ["m365/conditional_access_exclusions_known", "m365/legacy_authentication_blocked"];
    let with_names = [&arguments[..], &["--addresses", named[0], "--addresses", named[1]]].concat();
    attest(&installation, "cmmc-l2", "3.5.3", &with_names).fine();
    let open = value(&installation);
    assert_eq!(open["value"], 5, "{open:#}");
    assert!(open["why"].as_str().unwrap().contains("somebody with a privileged role was not read in full"), "{open:#}");

    let installation = with_dana();
    assert_eq!(value(&installation)["value"], 5);
    attest(&installation, "cmmc-l2", "3.5.3", &arguments).fine();
    let alone = value(&installation);
    assert_eq!((alone["value"].as_u64(), alone["status"].as_str()), (Some(3), Some("undetermined")), "{alone:#}");
    let score = installation.run(&["score", "cmmc-l2", "--org", ORG, "--json"]).fine().json();
    let refused = score["poam_refused"].as_array().unwrap().iter().find(|one| one["control"] == "3.5.3").unwrap();
    assert!(refused["because"].as_str().unwrap().contains("worth 3 points"), "{refused:#}");
    installation.run(&["verify"]).fine();
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
    arguments.extend(["--file", "plan.pdf", "--valid-from", "2026-03-01"]);
    let told = attest(&installation, "hipaa-security", "164.312(a)(2)(i)", &arguments).fine();
    assert!(!told.stderr.contains("note:"), "{}", told.stderr);
    let listed = installation.run(&["attest", "list", "--org", ORG, "--json"]).fine().json();
    assert!(listed[1]["valid_until"].as_str().unwrap().starts_with("2026-06-01"), "{listed:#}");
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
fn level_1_is_stated_by_the_objectives_of_its_mapped_requirements_and_not_by_statements_about_level_2() {
    let installation = with_dana();
    for objective in ["3.1.2[a]", "3.1.2[b]"] {
        attest(&installation, "cmmc-l2", objective, &[]).fine();
    }
    let level_2 = found(&installation, "cmmc-l2", "findings", "AC.L2-3.1.2");
    let level_1 = found(&installation, "cmmc-l1", "findings", "AC.L1-b.1.ii");
    assert_eq!((level_2["finding"].as_str(), level_1["finding"].as_str()), (Some("MET"), Some("Not yet determined")));
    for objective in ["3.1.2[a]", "3.1.2[b]"] {
        attest(&installation, "cmmc-l1", objective, &[]).fine();
    }
    assert_eq!(found(&installation, "cmmc-l1", "findings", "AC.L1-b.1.ii")["finding"], "MET");
}

#[test]
fn a_signature_counts_only_with_the_persons_own_key_over_these_very_bytes() {
    let installation = with_dana();
    let key = installation.beside("key");
    if keygen(&["-q", "-t", "ed25519", "-N", "", "-f", key.to_str().unwrap()]).is_none() {
        return;
    }
    let sign = |bytes: &str, namespace: &str| {
        let message = installation.file("message.json", bytes);
        let signature = installation.beside("message.json.sig");
        std::fs::remove_file(&signature).ok();
        keygen(&["-Y", "sign", "-q", "-n", namespace, "-f", key.to_str().unwrap(), message.to_str().unwrap()]).unwrap();
        signature
    };
    let signed = |statement: &str, signature: &Path| {
        let signature = signature.to_str().unwrap();
        let arguments = ["--valid-until", FAR_AWAY, "--signature", signature];
        let first = ["attest", "cmmc-l2", "3.1.2[a]", "--org", ORG, "--by", DANA, "--statement", statement];
        installation.run(&[&first[..], &arguments].concat())
    };
    let bytes = attest(&installation, "cmmc-l2", "3.1.2[a]", &["--valid-until", FAR_AWAY, "--print"]).fine().stdout;
    assert!(bytes.contains("\"countersign.statement/1\"") && !bytes.ends_with('\n'), "{bytes}");
    let signature = sign(&bytes, "countersign-attestation");
    signed("So it is.", &signature).refused(&["no public key of `dana.example` is known"]);
    let public = installation.beside("key.pub");
    let change = ["person", "change", DANA, "--org", ORG, "--ssh-key-file", public.to_str().unwrap()];
    installation.run(&change).fine();

    signed("So it was.", &signature).refused(&["the signature is not over these bytes"]);
    let elsewhere = sign(&bytes, "git");
    signed("So it is.", &elsewhere).refused(&["made for another purpose"]);
    let signature = sign(&bytes, "countersign-attestation");
    signed("So it is.", &signature).fine();
    let listed = installation.run(&["attest", "list", "--org", ORG, "--json"]).fine().json();
    let names: Vec<&str> =
        listed[0]["artifacts"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["signed.json", "signature.sshsig"]);
    installation.run(&["verify"]).fine();
}

#[test]
fn service_providers_are_kept_with_what_falls_due_and_what_cmmc_asks_of_them() {
    let installation = with_dana();
    let provider = |arguments: &[&str]| {
        let command = ["provider", "add", "card-host", "--org", ORG, "--by", DANA];
        installation.run(&[&command[..], arguments].concat())
    };
    provider(&["--agreement", FAR_AWAY, "--document-until", FAR_AWAY, "--service", "\u{7}"]).refused(&[
        "its name (--name) is missing",
        "which party looks after it (--managed-by) is missing",
        "what it does must have",
        "the day of the agreement is still to come",
        "no document is given",
    ]);
    let name = "Card Host <i>\u{202e}GmbH";
    provider(&["--name", name, "--service", "Web shop", "--managed-by", "provider", "--cloud", "--handles", "cui"])
        .fine();
    provider(&["--checked", "2026-03-01", "--document", "matrix.pdf", "--document-until", FAR_AWAY]).fine();
    let listed = installation.run(&["provider", "list", "--org", ORG, "--json"]).fine().list();
    let [one] = listed.as_slice() else { panic!("{listed:#?}") };
    assert_eq!((one["name"].as_str(), one["document"]["name"].as_str()), (Some(name), Some("matrix.pdf")));
    assert!(one["cmmc"].as_str().unwrap().contains("FedRAMP"), "{one:#}");
    let due: Vec<(&str, &Value)> =
        one["due"].as_array().unwrap().iter().map(|due| (due["paragraph"].as_str().unwrap(), &due["on"])).collect();
    assert!(due.contains(&("PCI DSS 12.8.2", &Value::Null)), "{due:?}");
    assert!(due.contains(&("PCI DSS 12.8.4", &"2027-03-01".into())), "{due:?}");
    let words = installation.run(&["provider", "list", "--org", ORG]).fine().stdout;
    assert!(words.contains("missing: Card Host") && !words.contains('\u{202e}'), "{words:?}");

    let remove = ["provider", "remove", "card-host", "--org", ORG, "--by", DANA, "--because", "Moved."];
    installation.run(&remove).fine();
    installation.run(&remove).refused(&["there is no provider `card-host`"]);
    assert!(installation.run(&["provider", "list", "--org", ORG, "--json"]).fine().list().is_empty());
    assert_eq!(installation.run(&["provider", "list", "--all", "--org", ORG, "--json"]).fine().list().len(), 1);
    installation.run(&["verify"]).fine();
}

#[test]
fn the_dates_of_a_status_are_told_with_what_is_only_recalled() {
    let score = |framework: &str, further: &[&str]| {
        let installation = crate::support::command::scratch();
        let file = installation.path().join("findings.json");
        std::fs::write(&file, "{}").unwrap();
        let all = [&["score", framework, "--statuses", file.to_str().unwrap(), "--status-date", "2026-03-02"], further];
        countersign(&all.concat())
    };
    let conditional = score("cmmc-l2", &["--conditional", "--json"]).fine().json();
    assert_eq!(conditional["calendar"]["closeout_by"], "2026-08-29");
    let closed = score("cmmc-l2", &["--closed-out", "2026-06-01", "--json"]).fine().json();
    assert_eq!(
        (closed["calendar"]["ends"].as_str(), closed["calendar"]["closeout_by"].as_str()),
        (Some("2029-03-02"), None)
    );
    assert_eq!(closed["calendar"]["keep_until"], "2032-03-02");
    score("cmmc-l2", &["--closed-out", "2026-10-01"]).refused(&["2026-08-29", "170.21(b)"]);
    score("cmmc-l1", &["--conditional"]).refused(&["Level 1 has no conditional status"]);
    let words = score("cmmc-l1", &[]).fine().stdout;
    assert!(words.contains("The status ends: 2027-03-02") && words.contains("to be confirmed"), "{words}");

    let installation = Installation::new();
    let told = installation.run(&["retention", "show", "--org", ORG, "--status-date", "2026-03-02"]).fine().stdout;
    assert!(told.contains("with that status date: until 2032-03-02"), "{told}");
}
