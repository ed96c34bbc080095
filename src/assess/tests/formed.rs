//! Statements on forms: what stands in for a control as written, and what it may and may not excuse.

use proptest::prelude::*;

use super::laws::{ASKED, results_of, states_of_all, worlds};
use super::*;
use crate::catalog::form::Form;
use crate::model::attestation::FormUse;

fn form(id: &str, departs: bool) -> Form {
    let value = json!({"id": id, "title": "T", "frameworks": ["f"], "claim": "met", "rests_on": "Rule 1",
        "names": "N", "says": "that something else protects it (Rule 1)", "departs": departs});
    serde_json::from_value(value).unwrap()
}

/// One control with a check of this strength over two hosts, the second of which fails; two forms.
fn world(proof: Proof) -> World {
    let results = [fresh("linux/a", "h1", Pass), fresh("linux/a", "h2", Fail)];
    let mut world = World::new(&single(proof), &targets(&[], &["h1", "h2"]), &results);
    for one in [form("plain", false), form("instead", true)] {
        world.catalog.forms.insert(one.id.clone(), one);
    }
    world
}

fn on(form: &str, names: &[&str], targets: &[&str]) -> Attestation {
    let form = FormUse {
        id: form.parse().unwrap(),
        way: None,
        targets: targets.iter().map(|target| (*target).to_owned()).collect(),
    };
    let addresses = names.iter().map(|name| name.parse().unwrap()).collect();
    Attestation { form: Some(form), addresses, ..stated(7, "C", Claim::Met) }
}

#[test]
fn a_failing_check_is_excused_only_by_a_form_that_stands_in_and_names_it() {
    for proof in [Proof::Part, Proof::Full] {
        let (state, because) = world(proof).state(on("instead", &["linux/a"], &[])).first();
        assert_eq!(state, Met, "{because}");
        assert_eq!(
            because,
            "Dana Reyes (Internal IT) stated on 2026-03-02 09:00 UTC that something else protects it (Rule 1). It counts \
             until 2027-03-01 09:00 UTC. It speaks to the check linux/a, which fails: linux/a says fail of h2."
        );
        assert_eq!(world(proof).state(on("instead", &[], &[])).states(), [NotMet], "it names no check");
        assert_eq!(world(proof).state(on("plain", &["linux/a"], &[])).states(), [NotMet], "it says that it is met");
        assert_eq!(world(proof).state(on("gone", &["linux/a"], &[])).states(), [NotMet], "a form nobody knows");
        let named = Attestation { form: None, ..on("instead", &["linux/a"], &[]) };
        assert_eq!(world(proof).state(named).states(), [NotMet], "on no form");
        let away = Attestation { claim: Claim::NotApplicable, ..on("instead", &["linux/a"], &[]) };
        assert_eq!(world(proof).state(away).states(), [NotMet], "another claim");
    }
}

#[test]
fn what_is_met_by_an_exception_names_the_statement_although_the_check_passes_elsewhere() {
    let status = world(Proof::Full).state(on("instead", &["linux/a"], &[])).statuses("f").remove(0);
    let objective = &status.objectives[0];
    assert!(objective.bearings.iter().any(|bearing| bearing.proof == Proof::Full && bearing.outcome == Pass));
    assert_eq!((objective.state, objective.attestation), (Met, Some(7)));
}

#[test]
fn an_exception_for_one_host_excuses_no_other() {
    let world = world(Proof::Part);
    assert_eq!(world.clone().state(on("instead", &["linux/a"], &["h2"])).states(), [Met]);
    assert_eq!(world.clone().state(on("instead", &["linux/a"], &["h1"])).states(), [NotMet]);
    let both = [fresh("linux/a", "h1", Fail), fresh("linux/a", "h2", Fail)];
    let stated = world.with_results(&both).state(on("instead", &["linux/a"], &["h2"]));
    assert_eq!(stated.states(), [NotMet], "the other host fails as well");
    let unseen = world.with_results(&[fresh("linux/a", "h2", Fail)]).state(on("instead", &["linux/a"], &["h2"]));
    assert_eq!(unseen.states(), [Undetermined], "the other host was not seen");
}

#[test]
fn an_exception_ends_with_its_time_and_the_failure_counts_again() {
    let mut old = on("instead", &["linux/a"], &[]);
    old.valid_until = Some(now());
    assert_eq!(world(Proof::Part).state(old).states(), [NotMet]);
    let mut taken_back = on("instead", &["linux/a"], &[]);
    (taken_back.leaf, taken_back.replaces, taken_back.claim) = (9, Some(7), Claim::Withdrawn);
    let world = world(Proof::Part).state(on("instead", &["linux/a"], &[])).state(taken_back);
    assert_eq!(world.states(), [NotMet]);
}

#[test]
fn a_form_does_not_make_a_plain_statement_stronger() {
    let unseen = world(Proof::Part).with_results(&[fresh("linux/a", "h1", Pass)]);
    assert_eq!(unseen.state(on("plain", &["linux/a"], &[])).states(), [Undetermined]);
    let fine = world(Proof::Part).with_results(&[fresh("linux/a", "h1", Pass), fresh("linux/a", "h2", Pass)]);
    let (state, because) = fine.state(on("plain", &[], &[])).first();
    assert_eq!(state, Met);
    assert!(because.contains("that something else protects it (Rule 1)"), "{because}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn losing_sight_leads_to_undetermined_also_where_something_stands_in_for_a_control(
        (answers, mut world) in worlds(),
        stands_in in prop::collection::vec(prop::option::weighted(0.7, prop::option::of(0..ASKED.len())), 5),
        gone in 0..ASKED.len(), forgets in any::<bool>(),
    ) {
        let instead = form("instead", true);
        world.catalog.forms.insert(instead.id.clone(), instead);
        for (one, how) in world.decisions.attestations.iter_mut().zip(stands_in) {
            let Some(only) = how else { continue };
            let targets: Vec<&str> = only.map(|at| ASKED[at].1).into_iter().collect();
            one.form = on("instead", &[], &targets).form;
        }
        let before = states_of_all(&world);
        let mut fewer = answers;
        fewer[gone] = fewer[gone].take().filter(|_| !forgets).map(|(outcomes, age)| (vec![Unknown; outcomes.len()], age));
        let after = states_of_all(&world.with_results(&results_of(&fewer)));
        for (before, after) in before.into_iter().zip(after) {
            prop_assert!(after == before || after == Undetermined, "{before:?} became {after:?}");
        }
    }
}
