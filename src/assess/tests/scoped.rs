//! What counts for a framework: targets, resources, and the controls of a questionnaire.

use super::*;
use crate::assess::rollup::outside;
use crate::assess::scope::left_out;
use crate::catalog::framework::Questionnaire;
use crate::model::control::ControlState::NotApplicable as DoesNotApply;
use crate::model::finding::ResourceFinding;
use crate::model::scope::{QuestionnaireChoice, ScopeCategory, ScopeDecision};

fn decided(target: &str, resource: Option<&str>, category: ScopeCategory, hours: i64) -> ScopeDecision {
    ScopeDecision {
        leaf: 1,
        framework: "f".parse().unwrap(),
        target: target.to_owned(),
        resource: resource.map(str::to_owned),
        category,
        because: "A test bench without data.".to_owned(),
        by: dana(),
        at: hours_ago(hours),
    }
}

/// A result with one finding a resource, worst first.
fn found(target: &str, findings: &[(&str, FindingOutcome)]) -> Judged {
    let mut one = fresh("linux/a", target, FindingOutcome::worst(findings.iter().map(|(_, outcome)| *outcome)));
    one.result.resources = findings
        .iter()
        .map(|(resource, outcome)| ResourceFinding {
            resource: (*resource).to_owned(),
            outcome: *outcome,
            because: format!("{resource} is {}.", outcome.as_str()),
        })
        .collect();
    one
}

fn scoped(proof: Proof, results: &[Judged], decisions: &[ScopeDecision]) -> World {
    let mut world = World::new(&single(proof), &targets(&[], &["h1", "h2"]), results);
    world.decisions.scope = decisions.to_vec();
    world
}

#[test]
fn a_target_that_is_out_of_scope_is_not_asked_and_who_decided_it_is_told() {
    let results = [fresh("linux/a", "h1", Pass), fresh("linux/a", "h2", Fail)];
    let out = decided("h2", None, ScopeCategory::Out, 2);
    assert_eq!(scoped(Proof::Full, &results, &[]).states(), [NotMet]);
    let world = scoped(Proof::Full, &results, std::slice::from_ref(&out));
    assert_eq!(world.first(), (Met, "Proved by machine on the one result in scope.".to_owned()));
    assert_eq!(left_out(&world.decisions, &"f".parse().unwrap(), now()), [&out]);
    assert!(left_out(&world.decisions, &"g".parse().unwrap(), now()).is_empty(), "another framework's scope");
    assert!(left_out(&world.decisions, &"f".parse().unwrap(), hours_ago(3)).is_empty(), "before the decision");
    let all = [out, decided("h1", None, ScopeCategory::SpecializedAsset, 2)];
    let (state, because) = scoped(Proof::Full, &results, &all).first();
    assert_eq!(state, Undetermined);
    assert!(because.starts_with("Everything that could show this is out of scope"), "{because}");
}

#[test]
fn the_newest_decision_about_a_target_counts_and_one_for_later_does_not_yet() {
    let results = [fresh("linux/a", "h1", Pass), fresh("linux/a", "h2", Fail)];
    let out = decided("h2", None, ScopeCategory::Out, 9);
    let back = decided("h2", None, ScopeCategory::CuiAsset, 2);
    assert_eq!(scoped(Proof::Full, &results, &[out.clone(), back]).states(), [NotMet]);
    let later = decided("h2", None, ScopeCategory::In, -2);
    assert_eq!(scoped(Proof::Full, &results, &[out, later]).states(), [Met]);
}

#[test]
fn a_resource_out_of_scope_takes_its_findings_with_it_and_the_reason_follows_from_the_rest() {
    let results = [found("h1", &[("lab", Fail), ("web", Fail), ("db", Pass)]), found("h2", &[("web", Pass)])];
    let lab = decided("h1", Some("lab"), ScopeCategory::Out, 2);
    let web = decided("h1", Some("web"), ScopeCategory::Out, 2);
    let first = scoped(Proof::Full, &results, std::slice::from_ref(&lab)).first();
    assert_eq!(first, (NotMet, "web is fail.".to_owned()));
    assert_eq!(scoped(Proof::Full, &results, &[lab.clone(), web.clone()]).states(), [Met]);
    let elsewhere = decided("h2", Some("lab"), ScopeCategory::Out, 2);
    assert_eq!(scoped(Proof::Full, &results, &[elsewhere, web.clone()]).states(), [NotMet], "the lab of another host");
    let all = [lab, web, decided("h1", Some("db"), ScopeCategory::Out, 2)];
    let world = scoped(Proof::Full, &results, &all);
    assert_eq!(world.states(), [Undetermined], "what is not looked at proves nothing");
    let bearings = &world.statuses("f")[0].objectives[0].bearings;
    let gone = bearings.iter().find(|bearing| bearing.target == "h1").unwrap();
    assert_eq!(gone.outcome, NotApplicable);
    assert_eq!(gone.because, "Nothing that this looks at on h1 is in scope for this framework.");
}

#[test]
fn a_finding_about_a_whole_target_or_about_reading_it_goes_only_with_the_target() {
    for resource in ["host", "tenant", "linux/a", "linux/things"] {
        let results = [found("h1", &[(resource, Unknown), ("web", Pass)]), fresh("linux/a", "h2", Pass)];
        let out = decided("h1", Some(resource), ScopeCategory::Out, 2);
        assert_eq!(scoped(Proof::Full, &results, &[out]).states(), [Undetermined], "{resource}");
    }
}

#[test]
fn a_list_of_findings_that_was_cut_never_turns_a_failure_into_a_pass() {
    let names: Vec<String> = (0..CheckResult::MAX_RESOURCES).map(|number| format!("r{number:05}")).collect();
    let all_out: Vec<_> = names.iter().map(|name| decided("h1", Some(name), ScopeCategory::Out, 2)).collect();
    let listed = |last: FindingOutcome| {
        let findings: Vec<_> = names.iter().map(|name| (name.as_str(), Fail)).collect();
        let mut findings = findings;
        findings.last_mut().unwrap().1 = last;
        [found("h1", &findings), fresh("linux/a", "h2", Pass)]
    };
    for last in [Fail, Unknown] {
        let (state, because) = scoped(Proof::Full, &listed(last), &all_out).first();
        assert_eq!(state, Undetermined);
        assert!(because.contains("more findings than are kept"), "{because}");
        let stated = scoped(Proof::Part, &listed(last), &all_out).state(stated(7, "C", Claim::Met));
        assert_eq!(stated.states(), [Undetermined], "nor does a statement");
    }
    assert_eq!(scoped(Proof::Full, &listed(Pass), &all_out).states(), [Met], "no failure is hidden behind a pass");
    assert_eq!(scoped(Proof::Full, &listed(Fail), &all_out[1..]).states(), [NotMet]);
}

/// `f` with the questionnaire `short`, whose controls say under `S` whether they are part of it.
fn asked(controls: &[(&str, Option<&str>, &str)]) -> World {
    let with = |(id, parent, fact): &(&str, Option<&str>, &str)| {
        let facts = BTreeMap::from([("saqs".to_owned(), json!({"S": fact}))]);
        Control { facts, ..control(id, *parent, &[]) }
    };
    asked_of(controls.iter().map(with).collect())
}

/// The same of whole controls.
fn asked_of(controls: Vec<Control>) -> World {
    let mut framework = framework("f", controls);
    framework.questionnaires = vec![Questionnaire {
        id: "short".parse().unwrap(),
        title: "Short".to_owned(),
        key: "S".to_owned(),
        leaves_out: vec!["others".to_owned()],
    }];
    let mut world = World::new(&Catalog::of(vec![framework], Vec::new(), collectors()), &targets(&[], &[]), &[]);
    world.decisions.questionnaires.push(QuestionnaireChoice {
        leaf: 1,
        framework: "f".parse().unwrap(),
        questionnaire: Some("short".parse().unwrap()),
        because: "No shop.".to_owned(),
        by: dana(),
        at: hours_ago(2),
    });
    world
}

fn judged_and_outside(world: &World) -> (String, String) {
    let judged: Vec<_> = world.statuses("f").iter().map(|status| status.control.to_string()).collect();
    let outside = world.ask("f", |situation, framework| {
        outside(situation, framework).iter().map(|control| control.id.to_string()).collect::<Vec<_>>().join(" ")
    });
    (judged.join(" "), outside)
}

#[test]
fn a_control_that_is_not_in_the_questionnaire_has_no_status_and_an_unknown_one_stays() {
    let world = asked(&[("C1", None, "yes"), ("C2", None, "no"), ("C3", None, "unknown"), ("C4", None, "sometimes")])
        .state(stated(7, "C2", Claim::Met));
    assert_eq!(judged_and_outside(&world), ("C1 C3 C4".to_owned(), "C2".to_owned()));
    let mut before = world.clone();
    before.now = hours_ago(3);
    assert_eq!(judged_and_outside(&before), ("C1 C2 C3 C4".to_owned(), String::new()), "before it was chosen");
    let mut other = world;
    other.decisions.questionnaires[0].questionnaire = Some("long".parse().unwrap());
    assert_eq!(judged_and_outside(&other).1, "", "a questionnaire that the framework does not know takes nothing out");
}

#[test]
fn a_control_for_firms_that_cannot_answer_the_questionnaire_is_outside_unless_its_own_fact_says_yes() {
    let of = |(id, fact, whom): (&str, &str, &str)| Control {
        facts: BTreeMap::from([("saqs".to_owned(), json!({"S": fact})), ("applies_to".to_owned(), json!(whom))]),
        ..control(id, None, &[])
    };
    let rows = [("C1", "unknown", "others"), ("C2", "yes", "others"), ("C3", "unknown", "all"), ("C4", "no", "all")];
    let world = asked_of(rows.map(of).into());
    assert_eq!(judged_and_outside(&world), ("C2 C3".to_owned(), "C1 C4".to_owned()));
}

#[test]
fn a_parent_whose_parts_are_all_outside_is_outside_and_else_follows_from_those_that_are_left() {
    let rows =
        |last| asked(&[("G", None, "yes"), ("P", Some("G"), "yes"), ("C1", Some("P"), "no"), ("C2", Some("P"), last)]);
    assert_eq!(judged_and_outside(&rows("no")), (String::new(), "G P C1 C2".to_owned()));
    let world = rows("yes").state(stated(7, "C2", Claim::Met));
    assert_eq!(judged_and_outside(&world), ("G P C2".to_owned(), "C1".to_owned()));
    assert_eq!(world.states(), [Met; 3], "what is outside holds nothing back");
    let skipped = asked(&[("G", None, "yes"), ("P", Some("G"), "no"), ("C", Some("P"), "yes")]).state(stated(
        7,
        "C",
        Claim::NotApplicable,
    ));
    assert_eq!(judged_and_outside(&skipped), ("G C".to_owned(), "P".to_owned()));
    assert_eq!(skipped.states(), [DoesNotApply; 2]);
}

#[test]
fn each_shipped_questionnaire_leaves_out_only_what_its_controls_say_no_to() {
    let catalog = Catalog::embedded().unwrap();
    let framework = catalog.framework("pci-dss-4.0.1").unwrap();
    let out = |id: &str| {
        let questionnaire = framework.questionnaire(&id.parse().unwrap()).unwrap();
        framework.controls.iter().filter(|control| control.is_outside(questionnaire)).count()
    };
    assert_eq!(framework.questionnaires.len(), 9);
    assert_eq!([out("saq-a"), out("saq-d-merchant"), out("saq-d-service-provider")], [253, 45, 20]);
    for merchant in ["saq-a-ep", "saq-b", "saq-b-ip", "saq-c", "saq-c-vt", "saq-p2pe"] {
        assert_eq!(out(merchant), 45, "{merchant}: no merchant is a service provider or a designated entity");
    }
}

#[test]
fn a_fault_counts_where_its_target_and_something_wrong_on_it_count() {
    let catalog = single(Proof::Full);
    let check = catalog.checks.values().next();
    let results = [found("h1", &[("a.example", Fail), ("b.example", Pass)])];
    let holds = |decisions: &[ScopeDecision]| {
        let world = scoped(Proof::Full, &results, decisions);
        let scope = crate::assess::scope::Scope::of(&world.decisions, &"f".parse().unwrap(), now());
        scope.holds_fault(check, "h1", Some(&results[0].result))
    };
    assert!(holds(&[]));
    assert!(holds(&[decided("h1", Some("b.example"), ScopeCategory::Out, 2)]), "what is wrong still counts");
    assert!(!holds(&[decided("h1", Some("a.example"), ScopeCategory::Out, 2)]));
    assert!(!holds(&[decided("h1", None, ScopeCategory::Out, 2)]));
    let back = [decided("h1", None, ScopeCategory::Out, 3), decided("h1", None, ScopeCategory::In, 2)];
    assert!(holds(&back), "the newest decision counts");
}
