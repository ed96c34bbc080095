//! What rolling up one organization under all frameworks costs: `cargo bench --bench rolling_up`. `-- RESULTS` changes how
//! many check results there are; 5,000 without it.
//!
//! One tenant and as many hosts as are needed are asked every shipped check; most pass, some fail, some are unknown. People
//! state every third control, and a few targets and resources are out of scope. Measured are whole processes, side by side
//! in one run, as medians: children that put the situation together, and then roll it up, or write its results as JSON, many
//! times. Needs GNU time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark may stop at the first surprise, as a test may, and rounds its figures"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use common::measure::{installed, median, run};
use countersign::assess::rollup::framework_statuses;
use countersign::assess::{Judged, Matrices, Results, Situation, Targets, sources_of};
use countersign::catalog::Catalog;
use countersign::model::attestation::{Attestation, Claim};
use countersign::model::decision::Decisions;
use countersign::model::evidence::Source;
use countersign::model::finding::{CheckResult, FindingOutcome, ResourceFinding};
use countersign::model::person::Signatory;
use countersign::model::responsibility::{EngagementModel, MatrixState, Party};
use countersign::model::scope::{ScopeCategory, ScopeDecision};
use countersign::model::time::Timestamp;

const ROUNDS: usize = 7;
/// How often a child does its work, so that what it costs once can be told from what starting costs.
const TIMES: u32 = 50;
/// Tell the child what to do.
const CHILD: &str = "child";
const NOTHING: &str = "nothing";
const WRITE: &str = "write";
const ROLL_UP: &str = "roll-up";

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let results = words.iter().find_map(|word| word.parse().ok()).unwrap_or(5_000);
    if words.iter().any(|word| word == CHILD) {
        work(words.last().unwrap(), results);
        return;
    }
    assert!(installed("time"), "time (Debian package) is needed");
    let own = std::env::current_exe().unwrap().display().to_string();
    let many = results.to_string();
    let mut measured: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for round in 0..ROUNDS {
        for what in [NOTHING, WRITE, ROLL_UP] {
            measured.entry(what).or_default().push(run(&own, &[CHILD, &many, what]));
        }
        eprintln!("round {} of {ROUNDS} done", round + 1);
    }
    let starting = median(&measured[NOTHING]).cpu;
    let each = |what| (median(&measured[what]).cpu - starting) / f64::from(TIMES) * 1e3;
    println!("{results} results, all frameworks, {ROUNDS} rounds of {TIMES}");
    let base = each(WRITE);
    for (name, what) in [("writing the results as JSON", WRITE), ("rolling up", ROLL_UP)] {
        println!("{name:<30} {:>7.2} ms CPU {:>6.2} times", each(what), each(what) / base);
    }
}

fn work(what: &str, results: usize) {
    let world = World::new(results);
    for _ in 0..TIMES {
        match what {
            WRITE => {
                let results: Vec<_> = world.results.iter().map(|one| &one.result).collect();
                std::hint::black_box(serde_json::to_vec(&results).unwrap());
            }
            ROLL_UP => {
                let situation = world.situation();
                for framework in world.catalog.frameworks.values() {
                    std::hint::black_box(framework_statuses(&situation, framework));
                }
            }
            _ => return,
        }
    }
}

struct World {
    catalog: Catalog,
    targets: Targets,
    results: Results,
    decisions: Decisions,
    matrices: Matrices,
}

impl World {
    fn new(results: usize) -> Self {
        let catalog = Catalog::embedded().unwrap_or_else(|faults| panic!("{faults}"));
        let asked_of =
            |source| catalog.checks.values().filter(|one| sources_of(&catalog, one).contains(&source)).count();
        let hosts = results.saturating_sub(asked_of(Source::Graph)).div_ceil(asked_of(Source::Host).max(1));
        let hosts: BTreeSet<String> = (0..hosts).map(|number| format!("host-{number:04}.contoso.example")).collect();
        let targets =
            Targets::from([(Source::Graph, BTreeSet::from(["contoso.example".to_owned()])), (Source::Host, hosts)]);
        let mut world = Self {
            results: Results::new(answers(&catalog, &targets)),
            decisions: decisions(&catalog),
            matrices: Matrices::new(),
            targets,
            catalog,
        };
        for id in world.catalog.frameworks.keys() {
            let matrix = world.catalog.matrix(id, EngagementModel::CoManaged).unwrap();
            world.matrices.insert(id.clone(), (matrix, MatrixState::Countersigned));
        }
        world
    }

    fn situation(&self) -> Situation<'_> {
        Situation {
            catalog: &self.catalog,
            targets: &self.targets,
            results: &self.results,
            decisions: &self.decisions,
            matrices: &self.matrices,
            now: now(),
        }
    }
}

fn now() -> Timestamp {
    "2026-03-31T09:00:00Z".parse().unwrap()
}

/// Of a hundred answers three fail and two are unknown.
fn answers(catalog: &Catalog, targets: &Targets) -> Vec<Judged> {
    let mut all = Vec::new();
    for check in catalog.checks.values() {
        for target in sources_of(catalog, check).iter().filter_map(|source| targets.get(source)).flatten() {
            let outcome = match all.len() % 100 {
                17 | 50 | 83 => FindingOutcome::Fail,
                33 | 66 => FindingOutcome::Unknown,
                _ => FindingOutcome::Pass,
            };
            let because = format!("{} on {target} is as the rule `{}` says", check.title, check.id);
            let finding = ResourceFinding { resource: format!("{target}/thing"), outcome, because: because.clone() };
            let result = CheckResult {
                check: check.id.clone(),
                version: check.digest,
                target: target.clone(),
                outcome,
                because,
                resources: vec![finding],
                evidence: vec![all.len() as u64, all.len() as u64 + 1],
            };
            let at = now().plus(-Duration::hours(1));
            all.push(Judged { result, judged_at: at, seen_at: at });
        }
    }
    all
}

/// Every third control is stated; one host is out of scope everywhere, and one resource of another.
fn decisions(catalog: &Catalog) -> Decisions {
    let by = Signatory { party: Some(Party::Internal), name: "Dana Reyes".to_owned(), handle: None };
    let at = now().plus(-Duration::days(30));
    let mut decisions = Decisions::default();
    for framework in catalog.frameworks.values() {
        for control in framework.controls.iter().step_by(3) {
            decisions.attestations.push(Attestation {
                leaf: decisions.attestations.len() as u64,
                framework: framework.id.clone(),
                control: control.id.clone(),
                objective: None,
                claim: Claim::Met,
                by: by.clone(),
                statement: "Written down and reviewed every year.".to_owned(),
                addresses: Vec::new(),
                valid_from: at,
                valid_until: Some(now().plus(Duration::days(335))),
                replaces: None,
                recorded_at: at,
                artifacts: Vec::new(),
            });
        }
        for (host, resource) in [(1, None), (2, Some("host-0002.contoso.example/thing"))] {
            decisions.scope.push(ScopeDecision {
                leaf: 0,
                framework: framework.id.clone(),
                target: format!("host-{host:04}.contoso.example"),
                resource: resource.map(str::to_owned),
                category: ScopeCategory::Out,
                because: "A test bench without data.".to_owned(),
                by: by.clone(),
                at,
            });
        }
    }
    decisions
}
