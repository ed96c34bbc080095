//! What the roll-up may never do, on small frameworks made by hand. Statements of people are in `tests/stated.rs`, scope and
//! questionnaires in `tests/scoped.rs`, forms in `tests/formed.rs`, what is left open in `tests/open.rs`, laws over random results and decisions in `tests/laws.rs`.

mod binding;
mod formed;
mod hipaa;
mod kept;
mod laws;
mod open;
mod pci;
mod scoped;
mod stated;

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use countersign_seal::digest::Digest;
use serde_json::json;

use super::rollup::framework_statuses;
use super::{Judged, Matrices, Results, Situation, Targets};
use crate::catalog::Catalog;
use crate::catalog::check::{CheckDefinition, RegoModule};
use crate::catalog::collector::CollectorDefinition;
use crate::catalog::framework::{Control, Framework, Objective};
use crate::model::attestation::{Attestation, Claim};
use crate::model::control::ControlState::{self, Met, NotMet, Undetermined};
use crate::model::control::{ControlStatus, Proof};
use crate::model::decision::Decisions;
use crate::model::evidence::Source;
use crate::model::finding::{CheckResult, FindingOutcome};
use crate::model::person::Signatory;
use crate::model::responsibility::{MatrixState, Party};
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
        questionnaires: Vec::new(),
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

/// An organization's situation, owned.
#[derive(Debug, Clone)]
struct World {
    catalog: Catalog,
    targets: Targets,
    results: Vec<Judged>,
    decisions: Decisions,
    matrices: Matrices,
    now: Timestamp,
}

impl World {
    fn new(catalog: &Catalog, targets: &Targets, results: &[Judged]) -> Self {
        Self {
            catalog: catalog.clone(),
            targets: targets.clone(),
            results: results.to_vec(),
            decisions: Decisions::default(),
            matrices: Matrices::new(),
            now: now(),
        }
    }

    fn ask<T>(&self, framework: &str, question: impl Fn(&Situation<'_>, &Framework) -> T) -> T {
        let results = Results::new(self.results.iter().cloned());
        let situation = Situation {
            catalog: &self.catalog,
            targets: &self.targets,
            results: &results,
            decisions: &self.decisions,
            matrices: &self.matrices,
            now: self.now,
        };
        question(&situation, self.catalog.framework(framework).unwrap())
    }

    fn statuses(&self, framework: &str) -> Vec<ControlStatus> {
        self.ask(framework, framework_statuses)
    }

    fn states(&self) -> Vec<ControlState> {
        self.statuses("f").iter().map(|status| status.state).collect()
    }

    /// State and reason of the first control of `f`.
    fn first(&self) -> (ControlState, String) {
        let first = self.statuses("f").remove(0);
        (first.state, first.because)
    }

    fn with_results(&self, results: &[Judged]) -> Self {
        Self { results: results.to_vec(), ..self.clone() }
    }

    fn state(mut self, stated: Attestation) -> Self {
        self.decisions.attestations.push(stated);
        self
    }

    /// The first control's row says that a vendor does it, shown by this document.
    fn inherited(mut self, document: Option<&str>) -> Self {
        let control = &self.catalog.framework("f").unwrap().controls[0].id;
        let matrix = json!({"format": "countersign.responsibilities/1", "framework": "f", "version": 1,
            "model": "co-managed", "rows": [{"control": control, "kind": "inherited", "accountable": "vendor",
            "document": document}]});
        let matrix = serde_json::from_value(matrix).unwrap();
        self.matrices.insert("f".parse().unwrap(), (matrix, MatrixState::ProposedByTemplate));
        self
    }
}

fn dana() -> Signatory {
    Signatory { party: Some(Party::Internal), name: "Dana Reyes".to_owned(), handle: None }
}

/// Dana's statement about a control of `f`, good for a year from 30 days before now.
fn stated(leaf: u64, control: &str, claim: Claim) -> Attestation {
    let day = |days: i64| now().plus(Duration::days(days));
    Attestation {
        leaf,
        framework: "f".parse().unwrap(),
        control: control.parse().unwrap(),
        objective: None,
        claim,
        by: dana(),
        statement: "So it is.".to_owned(),
        addresses: Vec::new(),
        valid_from: day(-30),
        valid_until: Some(day(335)),
        replaces: None,
        form: None,
        recorded_at: day(-29),
        artifacts: Vec::new(),
    }
}

fn statuses(catalog: &Catalog, targets: &Targets, results: &[Judged], framework: &str) -> Vec<ControlStatus> {
    World::new(catalog, targets, results).statuses(framework)
}

fn states(catalog: &Catalog, targets: &Targets, results: &[Judged]) -> Vec<ControlState> {
    World::new(catalog, targets, results).states()
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
