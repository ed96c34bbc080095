//! Laws over random results, statements and scope.

use proptest::prelude::*;

use super::*;
use crate::model::finding::ResourceFinding;
use crate::model::scope::{ScopeCategory, ScopeDecision};

/// Two objectives, a parent, a control that machines only support, and checks of every strength over three targets of two kinds.
fn laws() -> (Catalog, Targets) {
    let controls = vec![
        control("P", None, &[]),
        control("C1", Some("P"), &["C1[a]", "C1[b]"]),
        control("C2", Some("P"), &[]),
        control("C3", None, &[]),
    ];
    let checks = vec![
        check("linux/a", &[("f", "C1[a]", Proof::Full), ("f", "C2", Proof::Part)]),
        check("linux/b", &[("f", "C1[b]", Proof::Full), ("f", "C1[a]", Proof::Supporting)]),
        check("m365/c", &[("f", "C2", Proof::Full), ("f", "C1[b]", Proof::Part)]),
        check("m365/d", &[("f", "C3", Proof::Supporting)]),
    ];
    (Catalog::of(vec![framework("f", controls)], checks, collectors()), targets(&["t1"], &["h1", "h2"]))
}

/// Every question there is: check and target.
pub(super) const ASKED: [(&str, &str); 6] =
    [("linux/a", "h1"), ("linux/a", "h2"), ("linux/b", "h1"), ("linux/b", "h2"), ("m365/c", "t1"), ("m365/d", "t1")];

/// Findings about `r0`, `r1`, …, and how many hours ago they were made.
pub(super) type Answer = (Vec<FindingOutcome>, i64);

/// Per question: no result, or findings and their age. Mostly passes, so that `met` occurs.
fn answers() -> impl Strategy<Value = Vec<Option<Answer>>> {
    let outcome = prop_oneof![12 => Just(Pass), 1 => Just(Fail), 1 => Just(Unknown), 1 => Just(NotApplicable)];
    let age = prop_oneof![8 => 0..=HOURS, 1 => HOURS + 1..200];
    let answer = (prop::collection::vec(outcome, 1..=2), age);
    prop::collection::vec(prop::option::weighted(0.95, answer), ASKED.len())
}

fn result_of(check: &str, target: &str, (outcomes, age): &Answer) -> Judged {
    let mut resources: Vec<ResourceFinding> = outcomes
        .iter()
        .enumerate()
        .map(|(number, outcome)| ResourceFinding {
            resource: format!("r{number}"),
            outcome: *outcome,
            because: format!("r{number} is {}", outcome.as_str()),
        })
        .collect();
    resources.sort_by_key(|finding| std::cmp::Reverse(finding.outcome));
    let mut one = judged(check, target, FindingOutcome::worst(outcomes.iter().copied()), hours_ago(*age));
    one.result.resources = resources;
    one
}

pub(super) fn results_of(answers: &[Option<Answer>]) -> Vec<Judged> {
    let given = ASKED.iter().zip(answers).filter_map(|(asked, answer)| answer.as_ref().map(|answer| (asked, answer)));
    given.map(|((check, target), answer)| result_of(check, target, answer)).collect()
}

/// Statements about any control or objective: in date or not, with a document or not, one taking another's place.
fn statements() -> impl Strategy<Value = Vec<Attestation>> {
    let unit = prop::sample::select(vec![
        ("P", None),
        ("C1", None),
        ("C1", Some("C1[a]")),
        ("C1", Some("C1[b]")),
        ("C2", None),
        ("C3", None),
    ]);
    let claim = prop_oneof![4 => Just(Claim::Met), 2 => Just(Claim::NotApplicable), 1 => Just(Claim::Withdrawn)];
    let days = (prop_oneof![5 => -30_i64..=0, 1 => 1_i64..9], prop_oneof![6 => 10_i64..90, 1 => -9_i64..=0]);
    let names = prop::collection::vec(prop::sample::select(vec!["linux/a", "linux/b", "m365/c", "m365/d"]), 0..=2);
    let one = (unit, claim, days, names, any::<bool>(), prop::option::weighted(0.2, 1_u64..5));
    prop::collection::vec(one, 0..=5).prop_map(|all| {
        all.into_iter()
            .zip(1..)
            .map(|(((control, objective), claim, (from, until), names, has_document, replaces), leaf)| {
                let mut one = stated(leaf, control, claim);
                one.objective = objective.map(|objective: &str| objective.parse().unwrap());
                one.valid_from = now().plus(Duration::days(from));
                one.valid_until = Some(now().plus(Duration::days(until)));
                one.addresses = names.iter().map(|name| name.parse().unwrap()).collect();
                one.replaces = replaces;
                let document =
                    json!({"name": "a.pdf", "sha256": Digest::empty(), "size": 1, "media_type": "application/pdf"});
                one.artifacts = has_document.then(|| serde_json::from_value(document).unwrap()).into_iter().collect();
                one
            })
            .collect()
    })
}

fn scope() -> impl Strategy<Value = Vec<ScopeDecision>> {
    let target = prop::sample::select(vec!["h1", "h2", "t1"]);
    let resource = prop::option::of(prop::sample::select(vec!["r0", "r1"]));
    let category = prop::sample::select(vec![ScopeCategory::In, ScopeCategory::Out, ScopeCategory::SpecializedAsset]);
    prop::collection::vec((target, resource, category, -1_i64..9), 0..=4).prop_map(|all| {
        all.into_iter()
            .map(|(target, resource, category, hours)| ScopeDecision {
                leaf: 1,
                framework: "f".parse().unwrap(),
                target: target.to_owned(),
                resource: resource.map(str::to_owned),
                category,
                because: String::new(),
                by: dana(),
                at: hours_ago(hours),
            })
            .collect()
    })
}

/// A whole situation; in some the first judged control is inherited.
pub(super) fn worlds() -> impl Strategy<Value = (Vec<Option<Answer>>, World)> {
    (answers(), statements(), scope(), prop::bool::weighted(0.2)).prop_map(
        |(answers, statements, scope, is_inherited)| {
            let (catalog, targets) = laws();
            let mut world = World::new(&catalog, &targets, &results_of(&answers));
            if is_inherited {
                world = world.inherited(Some("A document"));
                for (matrix, _) in world.matrices.values_mut() {
                    matrix.rows[0].control = "C2".parse().unwrap();
                }
            }
            world.decisions.attestations = statements;
            world.decisions.scope = scope;
            (answers, world)
        },
    )
}

/// Where every control and each of its objectives stands.
pub(super) fn states_of_all(world: &World) -> Vec<ControlState> {
    let statuses = world.statuses("f");
    let objectives = statuses.iter().flat_map(|status| status.objectives.iter().map(|one| one.state));
    statuses.iter().map(|status| status.state).chain(objectives).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn losing_sight_of_anything_only_ever_leads_to_undetermined(
        (answers, world) in worlds(), gone in 0..ASKED.len(), how in 0..3,
    ) {
        let before = states_of_all(&world);
        let mut fewer = answers;
        fewer[gone] = match (how, fewer[gone].take()) {
            (1, Some((outcomes, age))) => Some((vec![Unknown; outcomes.len()], age)),
            (2, Some((outcomes, _))) => Some((outcomes, HOURS + 1)),
            _ => None,
        };
        let after = states_of_all(&world.with_results(&results_of(&fewer)));
        prop_assert_eq!(before.len(), after.len());
        for (before, after) in before.into_iter().zip(after) {
            prop_assert!(after == before || after == Undetermined, "{before:?} became {after:?}");
        }
    }

    #[test]
    fn a_control_leaves_not_met_only_when_the_failing_result_does(
        (answers, world) in worlds(), more in answers(), stated_too in statements(),
    ) {
        // What is known stays; only questions without an answer get one.
        let both: Vec<_> = answers.into_iter().zip(more).map(|(known, new)| known.or(new)).collect();
        let mut richer = world.with_results(&results_of(&both));
        richer.decisions.attestations.extend(stated_too);
        for (before, after) in world.states().into_iter().zip(richer.states()) {
            prop_assert!(before != NotMet || after == NotMet);
        }
    }

    #[test]
    fn what_is_met_by_machine_has_a_fresh_pass_of_a_full_proof_on_every_target(answers in answers()) {
        let (catalog, targets) = laws();
        let is_pass = |outcomes: &[FindingOutcome]| FindingOutcome::worst(outcomes.iter().copied()) == Pass;
        let is_shown = |index: usize| {
            answers[index].as_ref().is_some_and(|(outcomes, age)| *age <= HOURS && is_pass(outcomes))
        };
        let states = states(&catalog, &targets, &results_of(&answers));
        let (first, second) = ((0..4).all(is_shown), is_shown(4));
        prop_assert!(states[1] != Met || first);
        prop_assert!(states[2] != Met || second);
        prop_assert!(states[3] != Met);
        prop_assert!(states[0] != Met || (first && second));
    }

    #[test]
    fn what_stands_by_statement_stands_by_one_in_date_that_nothing_contradicts((_, world) in worlds()) {
        let decisions = &world.decisions.attestations;
        for status in world.statuses("f") {
            for objective in &status.objectives {
                let Some(leaf) = objective.attestation else {
                    prop_assert!(objective.state != ControlState::NotApplicable, "only a person says so");
                    continue;
                };
                let one = decisions.iter().find(|one| one.leaf == leaf).unwrap();
                prop_assert!(one.is_in_date(world.now) && one.claim != Claim::Withdrawn);
                prop_assert_eq!(&one.control, &status.control);
                for bearing in &objective.bearings {
                    let is_named = bearing.proof == Proof::Supporting && one.addresses.contains(&bearing.check);
                    prop_assert!(is_named || !matches!(bearing.outcome, Fail | Unknown), "{bearing:?}");
                }
            }
        }
    }
}
