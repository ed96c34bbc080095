//! How statements on forms count: what becomes of a status, of points and of lists.

use serde_json::Value;

use super::{ADDRESSABLE, COMPENSATING, answers, attest, collected, found, with_dana};
use crate::support::command::{Installation, ORG, countersign};

const EXCEPTION: [&str; 6] = [
    "system=Milling machine 4, hall 2",
    "why_not_feasible=Its controller runs what the maker shipped.",
    "mitigations=Network of its own",
    "mitigations=Locked hall",
    "security_plan=Version 3, section 7",
    "reviewed_on=2026-03-02",
];

/// The checks that fail, or were not seen, for a control: whoever lets something else stand in for it names them.
fn in_the_way(framework: &str, unit: &str) -> Vec<String> {
    let told = countersign(&["catalog", "show", framework, "--json"]).fine().json();
    let text = told.to_string();
    assert!(text.contains(unit), "{framework} has no {unit}");
    let checks = countersign(&["check", "list", "--json"]).fine().list();
    let bears = |check: &Value| !check["proves"][framework][unit].is_null();
    checks.iter().filter(|check| bears(check)).map(|check| check["id"].as_str().unwrap().to_owned()).collect()
}

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
            "8.5.1",
            "8.5.1",
            "pci-compensating-control",
            COMPENSATING.to_vec(),
            "findings",
            "a compensating control is in place",
        ),
        (
            "cmmc-l2",
            "AC.L2-3.1.19",
            "3.1.19[b]",
            "cmmc-enduring-exception",
            EXCEPTION.to_vec(),
            "findings",
            "an enduring exception in the security plan or, at Level 1, the document in its place, which counts as met",
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
                assert!(shown.contains("3.1.19[b] is met by: enduring exception"), "{shown}");
                assert!(!shown.contains('\u{202e}'), "a name turned the terminal: {shown:?}");
            }
        }
    }
    installation.run(&["verify"]).fine();
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
fn targeted_risk_analyses_are_listed_with_the_frequency_that_was_stated_and_those_that_are_missing() {
    let installation = with_dana();
    let made = chrono::Utc::now().date_naive() - chrono::Days::new(100);
    let again = (made + chrono::Months::new(12)).to_string();
    let (made, made_on) = (made.to_string(), format!("analysed_on={made}"));
    let analysed = [
        "what_is_done=The servers run what their maker signed, and nothing else starts.",
        "assets=Servers without a virus scanner",
        "threats=Malware",
        "factors=They reach no network of others.",
        "frequency=Every three <b>months\u{202e}, because they change rarely.",
        "kept=Looked at on 2026-01-05.",
        &made_on,
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
    assert_eq!((own["made_on"].as_str(), own["review_by"].as_str()), (Some(made.as_str()), Some(again.as_str())));
    assert_eq!(
        (of("11.6.1")["state"].as_str(), of("11.6.1")["to_be_confirmed"].as_bool()),
        (Some("missing"), Some(true))
    );
    let words = installation.run(&["findings", "pci-dss-4.0.1", "--org", ORG]).fine().stdout;
    assert!(
        words.contains(&format!("Targeted risk analysis for 5.2.3.1 (PCI DSS 12.3.1, to be confirmed): made {made}")),
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
