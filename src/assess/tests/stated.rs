//! What people state, and what it is worth beside what machines see.

use super::*;
use crate::model::control::ControlState::NotApplicable as DoesNotApply;
use crate::model::evidence::SealedArtifact;

/// One control `C`, one check with this proof, one host with this result.
fn world(proof: Proof, outcome: Option<FindingOutcome>) -> World {
    let results: Vec<_> = outcome.map(|outcome| fresh("linux/a", "h1", outcome)).into_iter().collect();
    World::new(&single(proof), &targets(&[], &["h1"]), &results)
}

fn document(name: &str) -> SealedArtifact {
    let value = json!({"name": name, "sha256": Digest::empty(), "size": 1, "media_type": "application/pdf"});
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_part_that_passes_and_a_statement_in_date_are_met_and_the_words_name_who_stated_it() {
    let world = world(Proof::Part, Some(Pass)).state(stated(7, "C", Claim::Met));
    let (state, because) = world.first();
    assert_eq!(state, Met);
    assert_eq!(
        because,
        "Dana Reyes (Internal IT) stated on 2026-03-02 09:00 UTC that it is met. It counts until 2027-03-01 09:00 UTC. \
         What machines can see is in order."
    );
    let objective = &world.statuses("f")[0].objectives[0];
    assert_eq!((objective.attestation, objective.set_aside), (Some(7), None));
    assert_eq!(world.statuses("f")[0].as_of, Some(now().plus(-Duration::days(30))), "the statement is the oldest");
}

#[test]
fn a_failing_check_beats_every_statement_and_the_words_tell_of_both() {
    for (proof, claim) in [Proof::Part, Proof::Full].into_iter().zip([Claim::Met, Claim::NotApplicable]) {
        let mut stated = stated(7, "C", claim);
        stated.addresses = vec!["linux/a".parse().unwrap()];
        let world = world(proof, Some(Fail)).state(stated);
        let (state, because) = world.first();
        assert_eq!(state, NotMet);
        assert!(because.starts_with("linux/a says fail of h1. Dana Reyes (Internal IT) stated on"), "{because}");
        assert!(because.ends_with(", but the check fails."), "{because}");
        assert_eq!(world.statuses("f")[0].objectives[0].set_aside, Some(7));
    }
}

#[test]
fn a_statement_waits_while_a_check_that_could_contradict_it_is_not_seen() {
    let stale = judged("linux/a", "h1", Fail, hours_ago(HOURS + 1));
    for proof in [Proof::Part, Proof::Full, Proof::Supporting] {
        let stated = world(proof, None).state(stated(7, "C", Claim::Met));
        for results in [vec![], vec![fresh("linux/a", "h1", Unknown)], vec![stale.clone()]] {
            let (state, because) = stated.with_results(&results).first();
            assert_eq!(state, Undetermined, "{proof:?}");
            assert!(because.contains("That does not count yet: 1 result is missing."), "{because}");
        }
        assert_eq!(stated.with_results(&[fresh("linux/a", "h1", Pass)]).first().0, Met);
        assert_eq!(stated.with_results(&[fresh("linux/a", "h1", NotApplicable)]).first().0, Met);
    }
}

#[test]
fn where_no_machine_looks_a_person_may_state_it() {
    let nothing_connected = World::new(&single(Proof::Full), &targets(&[], &[]), &[]);
    let uncovered = Catalog::of(vec![framework("f", vec![control("C", None, &[])])], Vec::new(), collectors());
    let uncovered = World::new(&uncovered, &targets(&[], &["h1"]), &[]);
    for world in [nothing_connected, uncovered] {
        assert_eq!(world.states(), [Undetermined]);
        assert_eq!(world.clone().state(stated(7, "C", Claim::Met)).states(), [Met]);
        assert_eq!(world.state(stated(7, "C", Claim::NotApplicable)).states(), [DoesNotApply]);
    }
}

#[test]
fn a_supporting_check_that_fails_or_is_not_seen_blocks_a_statement_that_does_not_name_it() {
    for (outcome, says) in
        [(Fail, "it says nothing about the supporting check linux/a"), (Unknown, "1 result is missing")]
    {
        for claim in [Claim::Met, Claim::NotApplicable] {
            let silent = world(Proof::Supporting, Some(outcome)).state(stated(7, "C", claim));
            let (state, because) = silent.first();
            assert_eq!(state, Undetermined);
            assert!(because.contains(says), "{because}");
            let mut speaks = stated(7, "C", claim);
            speaks.addresses = vec!["linux/a".parse().unwrap()];
            let expected = if claim == Claim::Met { Met } else { DoesNotApply };
            assert_eq!(world(Proof::Supporting, Some(outcome)).state(speaks).states(), [expected]);
        }
    }
}

#[test]
fn a_statement_that_ran_out_counts_no_more_and_the_words_say_who_made_it_and_when_it_ended() {
    let mut old = stated(7, "C", Claim::Met);
    let end = old.valid_until.unwrap();
    let mut world = world(Proof::Part, None).state(old.clone());
    let passing = |at| [judged("linux/a", "h1", Pass, at)];
    world.now = end.plus(-Duration::microseconds(1));
    assert_eq!(world.with_results(&passing(world.now)).states(), [Met]);
    world.now = end;
    let world = world.with_results(&passing(end));
    let (state, because) = world.first();
    assert_eq!(state, Undetermined);
    assert!(because.contains("stated on 2026-03-02 09:00 UTC that it is met; that ended on 2027-03-01"), "{because}");
    assert_eq!(world.statuses("f")[0].objectives[0].set_aside, Some(7));
    old.valid_from = end.plus(Duration::hours(1));
    let mut early = world.clone();
    early.decisions.attestations = vec![old];
    assert_eq!(early.states(), [Undetermined], "one that does not count yet");
}

#[test]
fn what_takes_the_place_of_a_statement_ends_it_from_its_own_beginning_and_for_good() {
    let base = || world(Proof::Part, Some(Pass)).state(stated(7, "C", Claim::Met));
    let newer = |claim, from: i64, until: i64| Attestation {
        replaces: Some(7),
        valid_from: now().plus(Duration::days(from)),
        valid_until: Some(now().plus(Duration::days(until))),
        ..stated(9, "C", claim)
    };
    assert_eq!(base().state(newer(Claim::NotApplicable, -1, 9)).states(), [DoesNotApply]);
    assert_eq!(base().state(newer(Claim::NotApplicable, 1, 9)).states(), [Met], "not yet");
    assert_eq!(base().state(newer(Claim::Met, -9, -1)).states(), [Undetermined], "the older does not come back");
    assert_eq!(base().state(newer(Claim::Withdrawn, -1, 9)).states(), [Undetermined]);
    assert_eq!(base().state(newer(Claim::Withdrawn, -9, -1)).states(), [Undetermined], "withdrawn is withdrawn");
    let nameless = Attestation { replaces: None, ..newer(Claim::Withdrawn, -1, 9) };
    assert_eq!(base().state(nameless.clone()).states(), [Undetermined]);
    assert_eq!(base().state(nameless).state(stated(11, "C", Claim::Met)).states(), [Met], "stated anew");
    assert_eq!(base().state(stated(9, "C", Claim::NotApplicable)).states(), [DoesNotApply], "the newest counts");
}

#[test]
fn a_statement_about_a_control_speaks_for_each_objective_and_one_about_an_objective_goes_before_it() {
    let catalog =
        Catalog::of(vec![framework("f", vec![control("C", None, &["C[a]", "C[b]"])])], Vec::new(), collectors());
    let world = World::new(&catalog, &targets(&[], &[]), &[]).state(stated(7, "C", Claim::Met));
    assert_eq!(world.first(), (Met, "All 2 objectives are shown, each by a person's statement.".to_owned()));
    let own = Attestation { objective: Some("C[b]".parse().unwrap()), ..stated(5, "C", Claim::NotApplicable) };
    let both = world.state(own.clone());
    let objectives = &both.statuses("f")[0].objectives;
    assert_eq!(objectives.iter().map(|one| one.attestation).collect::<Vec<_>>(), [Some(7), Some(5)]);
    assert_eq!((objectives[1].state, both.states()), (DoesNotApply, vec![Met]));
    let alone = World::new(&catalog, &targets(&[], &[]), &[]).state(own);
    assert_eq!(alone.states(), [Undetermined], "the other objective is open");
}

#[test]
fn a_statement_about_one_framework_says_nothing_about_another_that_is_judged_by_it() {
    let judge = framework("f", vec![control("C", None, &["C[a]"])]);
    let mut light = framework("g", vec![control("L", None, &["C[a]"])]);
    light.judged_by = Some("f".parse().unwrap());
    let catalog = Catalog::of(vec![judge, light], Vec::new(), collectors());
    let world = World::new(&catalog, &targets(&[], &[]), &[]).state(stated(7, "C", Claim::Met));
    assert_eq!(world.states(), [Met]);
    assert_eq!(world.statuses("g")[0].state, Undetermined);
}

#[test]
fn what_is_inherited_is_met_only_by_the_vendors_document_in_date() {
    let named = Some("Attestation of compliance 2026");
    let passing = || world(Proof::Full, Some(Pass));
    let (state, because) = passing().inherited(named).first();
    assert_eq!(state, Undetermined, "no machine shows what a vendor does");
    assert!(because.contains("\"Attestation of compliance 2026\""), "{because}");
    assert!(passing().inherited(None).first().1.contains("do not name yet"));

    let with = |change: fn(&mut Attestation)| {
        let mut stated = stated(7, "C", Claim::Met);
        stated.artifacts = vec![document("aoc.pdf")];
        change(&mut stated);
        passing().inherited(named).state(stated)
    };
    assert_eq!(with(|_| ()).states(), [Met]);
    for change in [|one: &mut Attestation| one.artifacts.clear(), |one: &mut Attestation| one.valid_until = None] {
        let world = with(change);
        let (state, because) = world.first();
        assert_eq!(state, Undetermined);
        assert!(because.contains("\"Attestation of compliance 2026\" has to show it, and"), "{because}");
        assert_eq!(world.statuses("f")[0].objectives[0].set_aside, Some(7));
    }
    let ran_out = with(|one| one.valid_until = Some(now()));
    assert!(ran_out.first().1.contains("that ended on"), "{}", ran_out.first().1);
    assert_eq!(with(|_| ()).with_results(&[fresh("linux/a", "h1", Fail)]).states(), [NotMet]);
    assert_eq!(with(|_| ()).with_results(&[]).states(), [Undetermined]);
    let not_here = passing().inherited(named).state(stated(7, "C", Claim::NotApplicable));
    assert_eq!(not_here.states(), [DoesNotApply]);
}

#[test]
fn a_row_that_says_not_applicable_decides_nothing_without_a_signed_statement() {
    let mut world = world(Proof::Full, None).inherited(None);
    for (matrix, _) in world.matrices.values_mut() {
        matrix.rows[0].kind = crate::model::responsibility::ResponsibilityKind::NotApplicable;
    }
    assert_eq!(world.states(), [Undetermined]);
    assert_eq!(world.with_results(&[fresh("linux/a", "h1", Pass)]).states(), [Met]);
}

#[test]
fn a_statement_about_a_parent_decides_nothing() {
    let controls = vec![control("P", None, &[]), control("C1", Some("P"), &[]), control("C2", Some("P"), &[])];
    let catalog = Catalog::of(vec![framework("f", controls)], Vec::new(), collectors());
    let world = World::new(&catalog, &targets(&[], &[]), &[]);
    assert_eq!(world.clone().state(stated(7, "P", Claim::Met)).states(), [Undetermined; 3]);
    let both = world.state(stated(7, "C1", Claim::Met)).state(stated(8, "C2", Claim::NotApplicable));
    assert_eq!(both.states(), [Met, Met, DoesNotApply]);
}

#[test]
fn what_does_not_apply_is_counted_apart_from_what_is_met() {
    let objectives = ["C[a]", "C[b]", "C[c]", "C[d]", "C[e]"];
    let catalog = Catalog::of(vec![framework("f", vec![control("C", None, &objectives)])], Vec::new(), collectors());
    let on = |leaf: u64, objective: &str, claim| Attestation {
        objective: Some(objective.parse().unwrap()),
        ..stated(leaf, "C", claim)
    };
    let world = World::new(&catalog, &targets(&[], &[]), &[]).state(stated(1, "C", Claim::Met));
    let one = world.state(on(2, "C[a]", Claim::NotApplicable));
    let words = "4 of 5 objectives are shown, each by a person's statement; the other one does not apply.";
    assert_eq!(one.first(), (Met, words.to_owned()));
    let most = ["C[b]", "C[c]", "C[d]"]
        .iter()
        .zip(3..)
        .fold(one, |world, (objective, leaf)| world.state(on(leaf, objective, Claim::NotApplicable)));
    let words = "1 of 5 objectives is shown by a person's statement; the other 4 do not apply.";
    assert_eq!(most.first(), (Met, words.to_owned()));

    let parts = ["P.1", "P.2", "P.3", "P.4", "P.5"];
    let controls = std::iter::once(control("P", None, &[])).chain(parts.map(|id| control(id, Some("P"), &[])));
    let catalog = Catalog::of(vec![framework("f", controls.collect())], Vec::new(), collectors());
    let world = |away: usize| {
        let world = World::new(&catalog, &targets(&[], &[]), &[]);
        parts.iter().enumerate().fold(world, |world, (at, part)| {
            let claim = if at < away { Claim::NotApplicable } else { Claim::Met };
            world.state(stated(u64::try_from(at).unwrap(), part, claim))
        })
    };
    for (away, words) in [
        (0, "All 5 parts are met."),
        (1, "4 of 5 parts are met; the other one does not apply."),
        (2, "3 of 5 parts are met; the other 2 do not apply."),
        (4, "1 of 5 parts is met; the other 4 do not apply."),
    ] {
        assert_eq!(world(away).first(), (Met, words.to_owned()));
    }
    assert_eq!(world(5).first(), (DoesNotApply, "None of the 5 parts applies.".to_owned()));
}
