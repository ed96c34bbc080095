//! What the roll-up may never do, on small frameworks made by hand, and as laws over random results.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use countersign_seal::digest::Digest;
use proptest::prelude::*;
use serde_json::json;

use super::rollup::framework_statuses;
use super::{Judged, Results, Situation, Targets};
use crate::catalog::Catalog;
use crate::catalog::check::{CheckDefinition, RegoModule};
use crate::catalog::collector::CollectorDefinition;
use crate::catalog::framework::{Control, Framework, Objective};
use crate::model::control::ControlState::{self, Met, NotMet, Undetermined};
use crate::model::control::{ControlStatus, Proof};
use crate::model::evidence::Source;
use crate::model::finding::{CheckResult, FindingOutcome};
use crate::model::time::Timestamp;

/// Hours that the data of the collectors here counts.
const HOURS: i64 = 48;

fn now() -> Timestamp {
    "2026-03-31T09:00:00Z".parse().unwrap()
}

fn hours_ago(hours: i64) -> Timestamp {
    now().plus(-Duration::hours(hours))
}

/// A check `<source>/<name>` that reads the one dataset of its source.
fn check(id: &str, proves: &[(&str, &str, Proof)]) -> CheckDefinition {
    let mut by_framework: BTreeMap<&str, BTreeMap<&str, Proof>> = BTreeMap::new();
    for (framework, unit, proof) in proves {
        by_framework.entry(framework).or_default().insert(unit, *proof);
    }
    let source = id.split('/').next().unwrap();
    let metadata = json!({"severity": "high", "requires": [format!("{source}/things")], "proves": by_framework,
        "remediation": {"provider": "Mend it."}});
    CheckDefinition {
        id: id.parse().unwrap(),
        title: format!("Title of {id}"),
        description: String::new(),
        references: Vec::new(),
        metadata: serde_json::from_value(metadata).unwrap(),
        rego: RegoModule { file: id.to_owned(), text: String::new() },
        cases: Vec::new(),
        digest: Digest::empty(),
    }
}

fn collectors() -> Vec<CollectorDefinition> {
    [("m365/things", "graph"), ("linux/things", "host")]
        .map(|(id, source)| {
            serde_json::from_value(json!({"id": id, "title": id, "source": source, "schedule": "0 5 * * *",
                "timeout_seconds": 1, "max_bytes": 1, "time_to_live_hours": HOURS, "parser": "file/1",
                "proves": "Things."}))
            .unwrap()
        })
        .into()
}

fn control(id: &str, parent: Option<&str>, objectives: &[&str]) -> Control {
    let objective = |id: &&str| Objective { id: id.parse().unwrap(), title: (*id).to_owned() };
    Control {
        id: id.parse().unwrap(),
        aliases: Vec::new(),
        title: id.to_owned(),
        family: "A".to_owned(),
        parent: parent.map(|parent| parent.parse().unwrap()),
        assessable: true,
        objectives: objectives.iter().map(objective).collect(),
        facts: BTreeMap::new(),
        guidance: None,
        official: None,
    }
}

fn framework(id: &str, controls: Vec<Control>) -> Framework {
    Framework {
        id: id.parse().unwrap(),
        title: id.to_owned(),
        version: "1".to_owned(),
        publisher: String::new(),
        source: String::new(),
        vocabulary: BTreeMap::new(),
        judged_by: None,
        controls,
    }
}

fn judged(check: &str, target: &str, outcome: FindingOutcome, judged_at: Timestamp) -> Judged {
    let result = CheckResult {
        check: check.parse().unwrap(),
        version: Digest::empty(),
        target: target.to_owned(),
        outcome,
        because: format!("{check} says {} of {target}", outcome.as_str()),
        resources: Vec::new(),
        evidence: vec![1],
    };
    Judged { result, judged_at, seen_at: judged_at }
}

fn fresh(check: &str, target: &str, outcome: FindingOutcome) -> Judged {
    judged(check, target, outcome, hours_ago(1))
}

fn targets(tenants: &[&str], hosts: &[&str]) -> Targets {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    Targets::from([(Source::Graph, set(tenants)), (Source::Host, set(hosts))])
}

fn statuses(catalog: &Catalog, targets: &Targets, results: &[Judged], framework: &str) -> Vec<ControlStatus> {
    let results = Results::new(results.iter().cloned());
    let situation = Situation { catalog, targets, results: &results, now: now() };
    framework_statuses(&situation, catalog.framework(framework).unwrap())
}

fn states(catalog: &Catalog, targets: &Targets, results: &[Judged]) -> Vec<ControlState> {
    statuses(catalog, targets, results, "f").iter().map(|status| status.state).collect()
}

use FindingOutcome::{Fail, NotApplicable, Pass, Unknown};

/// One control `C` and one check with this proof.
fn single(proof: Proof) -> Catalog {
    let frameworks = vec![framework("f", vec![control("C", None, &[])])];
    Catalog::of(frameworks, vec![check("linux/a", &[("f", "C", proof)])], collectors())
}

#[test]
fn a_result_on_one_of_two_targets_never_proves_an_objective() {
    let (catalog, two) = (single(Proof::Full), targets(&[], &["h1", "h2"]));
    let one = [fresh("linux/a", "h1", Pass)];
    assert_eq!(states(&catalog, &two, &one), [Undetermined]);
    let status = &statuses(&catalog, &two, &one, "f")[0];
    assert!(status.because.starts_with("1 result is missing."), "{}", status.because);
    assert_eq!(states(&catalog, &two, &[one[0].clone(), fresh("linux/a", "h2", Pass)]), [Met]);
    assert_eq!(states(&catalog, &two, &[one[0].clone(), fresh("linux/a", "h3", Pass)]), [Undetermined]);
    assert_eq!(states(&catalog, &targets(&[], &[]), &one), [Undetermined], "nothing is in scope");
}

#[test]
fn not_applicable_never_gives_met() {
    let catalog = single(Proof::Full);
    let results = [fresh("linux/a", "h1", NotApplicable)];
    assert_eq!(states(&catalog, &targets(&[], &["h1"]), &results), [Undetermined]);
    let results = [fresh("linux/a", "h1", NotApplicable), fresh("linux/a", "h2", Pass)];
    assert_eq!(states(&catalog, &targets(&[], &["h1", "h2"]), &results), [Undetermined]);
}

#[test]
fn a_result_older_than_its_data_counts_neither_for_nor_against() {
    let (catalog, one) = (single(Proof::Full), targets(&[], &["h1"]));
    for outcome in [Pass, Fail] {
        let on_the_edge = [judged("linux/a", "h1", outcome, hours_ago(HOURS))];
        assert_ne!(states(&catalog, &one, &on_the_edge), [Undetermined]);
        let stale = [judged("linux/a", "h1", outcome, hours_ago(HOURS + 1))];
        assert_eq!(states(&catalog, &one, &stale), [Undetermined]);
        assert!(statuses(&catalog, &one, &stale, "f")[0].because.contains("no longer counts"));
    }
    let again = [judged("linux/a", "h1", Pass, hours_ago(HOURS + 1)), fresh("linux/a", "h1", Fail)];
    assert_eq!(states(&catalog, &one, &again), [NotMet]);
}

#[test]
fn a_part_proves_nothing_alone_and_its_failure_counts_while_a_supporting_one_does_not() {
    let one = targets(&[], &["h1"]);
    assert_eq!(states(&single(Proof::Part), &one, &[fresh("linux/a", "h1", Pass)]), [Undetermined]);
    assert_eq!(states(&single(Proof::Supporting), &one, &[fresh("linux/a", "h1", Pass)]), [Undetermined]);
    assert_eq!(states(&single(Proof::Part), &one, &[fresh("linux/a", "h1", Fail)]), [NotMet]);
    assert_eq!(states(&single(Proof::Supporting), &one, &[fresh("linux/a", "h1", Fail)]), [Undetermined]);
}

#[test]
fn full_proofs_of_two_kinds_of_target_must_both_be_shown() {
    let checks = vec![check("linux/a", &[("f", "C", Proof::Full)]), check("m365/b", &[("f", "C", Proof::Full)])];
    let catalog = Catalog::of(vec![framework("f", vec![control("C", None, &[])])], checks, collectors());
    let both = targets(&["t1"], &["h1"]);
    assert_eq!(states(&catalog, &both, &[fresh("linux/a", "h1", Pass)]), [Undetermined]);
    assert_eq!(states(&catalog, &both, &[fresh("linux/a", "h1", Pass), fresh("m365/b", "t1", Pass)]), [Met]);
    assert_eq!(states(&catalog, &targets(&[], &["h1"]), &[fresh("linux/a", "h1", Pass)]), [Met], "no tenant in scope");
}

#[test]
fn losing_sight_of_a_failure_proves_nothing() {
    let checks = vec![check("linux/a", &[("f", "C", Proof::Part)]), check("m365/b", &[("f", "C", Proof::Full)])];
    let catalog = Catalog::of(vec![framework("f", vec![control("C", None, &[])])], checks, collectors());
    let both = targets(&["t1"], &["h1"]);
    let with = |part: Option<Judged>| {
        let results: Vec<_> = part.into_iter().chain([fresh("m365/b", "t1", Pass)]).collect();
        states(&catalog, &both, &results)
    };
    assert_eq!(with(Some(fresh("linux/a", "h1", Fail))), [NotMet]);
    assert_eq!(with(Some(judged("linux/a", "h1", Fail, hours_ago(HOURS + 1)))), [Undetermined]);
    assert_eq!(with(Some(fresh("linux/a", "h1", Unknown))), [Undetermined]);
    assert_eq!(with(None), [Undetermined]);
    assert_eq!(with(Some(fresh("linux/a", "h1", Pass))), [Met]);
}

#[test]
fn a_parent_follows_from_its_parts_through_rows_that_only_group_them() {
    let group = Control { assessable: false, ..control("G", Some("P"), &[]) };
    let controls = vec![control("P", None, &[]), group, control("C1", Some("G"), &[]), control("C2", Some("P"), &[])];
    let checks = vec![check("linux/a", &[("f", "C1", Proof::Full)]), check("linux/b", &[("f", "C2", Proof::Full)])];
    let catalog = Catalog::of(vec![framework("f", controls)], checks, collectors());
    let one = targets(&[], &["h1"]);
    let results = |first| [fresh("linux/a", "h1", first), fresh("linux/b", "h1", Pass)];
    assert_eq!(states(&catalog, &one, &results(Pass)), [Met, Met, Met], "the group has no status");
    assert_eq!(states(&catalog, &one, &results(Fail)), [NotMet, NotMet, Met]);
    assert_eq!(states(&catalog, &one, &results(Unknown)), [Undetermined, Undetermined, Met]);
    let parent = &statuses(&catalog, &one, &results(Unknown), "f")[0];
    assert!(parent.objectives.is_empty(), "the parent asks for nothing its parts do not ask for");
}

#[test]
fn a_check_that_bears_on_a_parent_itself_and_fails_makes_it_not_met() {
    let controls = vec![control("P", None, &[]), control("C", Some("P"), &[])];
    let checks = vec![check("linux/a", &[("f", "C", Proof::Full)]), check("linux/b", &[("f", "P", Proof::Part)])];
    let catalog = Catalog::of(vec![framework("f", controls)], checks, collectors());
    let results = [fresh("linux/a", "h1", Pass), fresh("linux/b", "h1", Fail)];
    assert_eq!(states(&catalog, &targets(&[], &["h1"]), &results), [NotMet, Met]);
}

#[test]
fn objectives_that_a_parent_lists_itself_are_not_shown_by_its_parts() {
    let controls = vec![control("P", None, &["P[a]"]), control("C", Some("P"), &[])];
    let checks = vec![check("linux/a", &[("f", "C", Proof::Full)])];
    let catalog = Catalog::of(vec![framework("f", controls)], checks, collectors());
    assert_eq!(states(&catalog, &targets(&[], &["h1"]), &[fresh("linux/a", "h1", Pass)]), [Undetermined, Met]);
}

#[test]
fn a_framework_judged_by_another_takes_over_only_the_objectives_it_names() {
    let judge = framework("f", vec![control("C", None, &["C[a]", "C[b]"])]);
    let mut light = framework("g", vec![control("L", None, &["C[a]"])]);
    light.judged_by = Some("f".parse().unwrap());
    let checks = vec![check("linux/a", &[("f", "C[a]", Proof::Full)]), check("linux/b", &[("f", "C[b]", Proof::Full)])];
    let catalog = Catalog::of(vec![judge, light], checks, collectors());
    let one = targets(&[], &["h1"]);
    let results = [fresh("linux/a", "h1", Pass), fresh("linux/b", "h1", Fail)];
    assert_eq!(states(&catalog, &one, &results), [NotMet]);
    assert_eq!(statuses(&catalog, &one, &results, "g")[0].state, Met);
}

#[test]
fn an_older_result_never_takes_the_place_of_a_newer_one() {
    let (newer, older) = (fresh("linux/a", "h1", Fail), judged("linux/a", "h1", Pass, hours_ago(5)));
    for order in [[newer.clone(), older.clone()], [older, newer]] {
        assert_eq!(Results::new(order).get(&"linux/a".parse().unwrap(), "h1").unwrap().result.outcome, Fail);
    }
}

/// Two objectives, a parent and three checks of every strength over three targets of two kinds.
fn laws() -> (Catalog, Targets) {
    let controls =
        vec![control("P", None, &[]), control("C1", Some("P"), &["C1[a]", "C1[b]"]), control("C2", Some("P"), &[])];
    let checks = vec![
        check("linux/a", &[("f", "C1[a]", Proof::Full), ("f", "C2", Proof::Part)]),
        check("linux/b", &[("f", "C1[b]", Proof::Full), ("f", "C1[a]", Proof::Supporting)]),
        check("m365/c", &[("f", "C2", Proof::Full), ("f", "C1[b]", Proof::Part)]),
    ];
    (Catalog::of(vec![framework("f", controls)], checks, collectors()), targets(&["t1"], &["h1", "h2"]))
}

/// Every question there is: check and target.
const ASKED: [(&str, &str); 5] =
    [("linux/a", "h1"), ("linux/a", "h2"), ("linux/b", "h1"), ("linux/b", "h2"), ("m365/c", "t1")];

/// Per question: no result, or an outcome and its age. Mostly passes, so that `met` occurs.
fn answers() -> impl Strategy<Value = Vec<Option<(FindingOutcome, i64)>>> {
    let outcome = prop_oneof![12 => Just(Pass), 1 => Just(Fail), 1 => Just(Unknown), 1 => Just(NotApplicable)];
    let age = prop_oneof![8 => 0..=HOURS, 1 => HOURS + 1..200];
    prop::collection::vec(prop::option::weighted(0.95, (outcome, age)), ASKED.len())
}

fn results_of(answers: &[Option<(FindingOutcome, i64)>]) -> Vec<Judged> {
    let given = ASKED.iter().zip(answers).filter_map(|(asked, answer)| answer.map(|answer| (asked, answer)));
    given.map(|((check, target), (outcome, age))| judged(check, target, outcome, hours_ago(age))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn taking_results_away_never_makes_a_control_met(answers in answers(), gone in 0..ASKED.len()) {
        let (catalog, targets) = laws();
        let before = states(&catalog, &targets, &results_of(&answers));
        let mut fewer = answers;
        fewer[gone] = None;
        let after = states(&catalog, &targets, &results_of(&fewer));
        for (before, after) in before.into_iter().zip(after) {
            prop_assert!(after != Met || before == Met);
        }
    }

    #[test]
    fn a_control_leaves_not_met_only_when_the_failing_result_does(answers in answers(), more in answers()) {
        let (catalog, targets) = laws();
        let known = results_of(&answers);
        let mut both = results_of(&more);
        // What is known stays; only questions without an answer get one.
        both.retain(|new| !known.iter().any(|old| old.result.check == new.result.check && old.result.target == new.result.target));
        both.extend(known.iter().cloned());
        let before = states(&catalog, &targets, &known);
        let after = states(&catalog, &targets, &both);
        for (before, after) in before.into_iter().zip(after) {
            prop_assert!(before != NotMet || after == NotMet);
        }
    }

    #[test]
    fn what_is_met_has_a_fresh_pass_of_a_full_proof_on_every_target_in_scope(answers in answers()) {
        let (catalog, targets) = laws();
        let is_shown = |index: usize| matches!(answers[index], Some((Pass, age)) if age <= HOURS);
        let states = states(&catalog, &targets, &results_of(&answers));
        let (first, second) = ((0..4).all(is_shown), is_shown(4));
        prop_assert!(states[1] != Met || first);
        prop_assert!(states[2] != Met || second);
        prop_assert!(states[0] != Met || (first && second));
    }

    #[test]
    fn growing_old_only_ever_leads_to_undetermined(answers in answers(), older in 0..ASKED.len()) {
        let (catalog, targets) = laws();
        let before = states(&catalog, &targets, &results_of(&answers));
        let mut aged = answers;
        if let Some((_, age)) = &mut aged[older] {
            *age = HOURS + 1;
        }
        let after = states(&catalog, &targets, &results_of(&aged));
        for (before, after) in before.into_iter().zip(after) {
            prop_assert!(after == before || after == Undetermined);
        }
    }
}
