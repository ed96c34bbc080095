//! Statements that leave a control open on purpose: left out untested, or there in part.

use proptest::prelude::*;

use super::laws::{ASKED, Answer, results_of, states_of_all, worlds};
use super::*;
use crate::assess::cmmc::{self, Finding};
use crate::assess::pci::{Document, Word, finding};
use crate::catalog::form::Form;
use crate::model::attestation::FormUse;
use crate::model::control::OpenAs;

const PCI: &str = "pci-dss-4.0.1";

/// A form with one way for every control and one for a control that is not there; `linux/b` says nothing of either.
fn partial_form() -> Form {
    let way = |id: &str, only: &[&str]| {
        json!({"id": id, "title": "T", "says": "that some of it is there (Rule 2)", "only": only,
            "says_nothing_of": ["linux/b"]})
    };
    let value = json!({"id": "partial", "title": "T", "frameworks": ["f"], "claim": "partial", "rests_on": "Rule 2",
        "names": "N", "ways": [way("some", &[]), way("elsewhere", &["D"])]});
    serde_json::from_value(value).unwrap()
}

fn partial(leaf: u64, control: &str, way: &str) -> Attestation {
    let form = FormUse { id: "partial".parse().unwrap(), way: Some(way.to_owned()), targets: Vec::new() };
    Attestation { form: Some(form), ..stated(leaf, control, Claim::Partial) }
}

fn with_partial_value(mut control: Control) -> Control {
    control.facts.extend([("weight".to_owned(), json!(5)), ("weight_partial".to_owned(), json!(3))]);
    control
}

/// One control of two objectives with a partial value. `linux/a` proves a part of the first, `linux/b` of both; `linux/c`
/// supports the second.
fn two_objectives(a: FindingOutcome, b: FindingOutcome, c: FindingOutcome) -> World {
    let checks = vec![
        check("linux/a", &[("f", "C[a]", Proof::Part)]),
        check("linux/b", &[("f", "C[a]", Proof::Part), ("f", "C[b]", Proof::Part)]),
        check("linux/c", &[("f", "C[b]", Proof::Supporting)]),
    ];
    let control = with_partial_value(control("C", None, &["C[a]", "C[b]"]));
    let catalog = Catalog::of(vec![framework("f", vec![control])], checks, collectors());
    let results = [fresh("linux/a", "h1", a), fresh("linux/b", "h1", b), fresh("linux/c", "h1", c)];
    let mut world = World::new(&catalog, &targets(&[], &["h1"]), &results);
    let form = partial_form();
    world.catalog.forms.insert(form.id.clone(), form);
    world
}

fn found(world: &World, control: &str) -> Finding {
    let statuses = world.statuses("f");
    cmmc::findings(world.catalog.framework("f").unwrap(), &statuses)[&control.parse().unwrap()]
}

#[test]
fn what_is_there_in_part_is_never_met_and_a_failure_that_was_to_be_expected_does_not_speak_against_it() {
    let fine = two_objectives(Pass, Pass, Pass).state(partial(7, "C", "some"));
    let (state, because) = fine.first();
    assert_eq!((state, found(&fine, "C")), (Undetermined, Finding::Partial), "{because}");
    assert!(because.contains("that some of it is there (Rule 2). It counts until"), "{because}");
    let failing = two_objectives(Pass, Fail, Pass).state(partial(7, "C", "some"));
    let (state, because) = failing.first();
    assert_eq!((state, found(&failing, "C")), (NotMet, Finding::Partial), "{because}");
    assert!(because.ends_with("(Rule 2), which that does not contradict."), "{because}");
    assert_eq!(failing.statuses("f")[0].objectives[1].attestation, Some(7));
    assert_eq!(found(&two_objectives(Pass, Fail, Pass), "C"), Finding::NotMet, "nobody stated anything");
    let unseen = two_objectives(Pass, Unknown, Pass).state(partial(7, "C", "some"));
    assert_eq!(found(&unseen, "C"), Finding::Partial, "it says nothing of it unseen either");
}

#[test]
fn a_check_of_any_objective_that_speaks_against_it_or_was_not_seen_leaves_the_whole_value_lost() {
    for (world, words) in [
        (two_objectives(Fail, Pass, Pass), "the check linux/a speaks against it: linux/a says fail of h1."),
        (two_objectives(Fail, Fail, Pass), "the check linux/a speaks against it: linux/a says fail of h1."),
        (two_objectives(Unknown, Pass, Pass), "1 result is missing. linux/a says unknown of h1"),
        (two_objectives(Pass, Pass, Fail), "it says nothing about the supporting check linux/c, which fails"),
        (two_objectives(Pass, Pass, Unknown), "1 result is missing. linux/c says unknown of h1"),
    ] {
        let world = world.state(partial(7, "C", "some"));
        assert_eq!(found(&world, "C"), Finding::NotMet, "{words}");
        for objective in &world.statuses("f")[0].objectives {
            assert!(objective.because.contains(words), "{words}: {}", objective.because);
            assert_eq!((objective.attestation, objective.set_aside), (None, Some(7)));
        }
    }
    let named = Attestation { addresses: vec!["linux/c".parse().unwrap()], ..partial(7, "C", "some") };
    assert_eq!(found(&two_objectives(Pass, Pass, Fail).state(named), "C"), Finding::Partial);
}

#[test]
fn a_partial_claim_that_no_rule_or_form_knows_counts_for_nothing() {
    let fine = || two_objectives(Pass, Pass, Pass);
    let no_form = stated(7, "C", Claim::Partial);
    let of_one = Attestation { objective: Some("C[a]".parse().unwrap()), ..partial(7, "C", "some") };
    for (one, words) in [
        (no_form, "no form known here"),
        (partial(7, "C", "elsewhere"), "no form known here"),
        (partial(7, "C", "gone"), "no form known here"),
        (of_one, "only the requirement as a whole has a partial value"),
    ] {
        let world = fine().state(one);
        assert_eq!(found(&world, "C"), Finding::NotMet, "{words}");
        assert!(world.statuses("f")[0].objectives[0].because.contains(words), "{words}: {:?}", world.first());
    }
    let mut without_value = fine();
    without_value.catalog.frameworks.get_mut(&"f".parse().unwrap()).unwrap().controls[0].facts.clear();
    let without_value = without_value.state(partial(7, "C", "some"));
    assert_eq!(found(&without_value, "C"), Finding::NotMet);
    assert!(without_value.first().1.contains("the framework gives it no partial value"), "{:?}", without_value.first());
    let mut ended = partial(7, "C", "some");
    ended.valid_until = Some(now());
    assert_eq!(found(&fine().state(ended), "C"), Finding::NotMet, "its time is over");
}

/// One control of PCI DSS with a check of this strength.
fn pci(proof: Proof, outcome: FindingOutcome) -> World {
    let frameworks = vec![framework(PCI, vec![control("C", None, &[])])];
    let catalog = Catalog::of(frameworks, vec![check("linux/a", &[(PCI, "C", proof)])], collectors());
    World::new(&catalog, &targets(&[], &["h1"]), &[fresh("linux/a", "h1", outcome)])
}

fn untested() -> Attestation {
    Attestation { framework: PCI.parse().unwrap(), ..stated(7, "C", Claim::NotTested) }
}

#[test]
fn what_was_left_out_untested_is_undetermined_whatever_passes_and_not_in_place_when_a_check_fails() {
    for (proof, outcome, state, word) in [
        (Proof::Full, Pass, Undetermined, Some(Word::NotTested)),
        (Proof::Part, Unknown, Undetermined, Some(Word::NotTested)),
        (Proof::Supporting, Fail, Undetermined, Some(Word::NotTested)),
        (Proof::Part, Fail, NotMet, Some(Word::NotInPlace)),
        (Proof::Full, Fail, NotMet, Some(Word::NotInPlace)),
    ] {
        let world = pci(proof, outcome).state(untested());
        let status = world.statuses(PCI).remove(0);
        let told = finding(Document::Roc, &status, &world.decisions);
        assert_eq!((status.state, told.word, told.as_it_stands), (state, word, word.unwrap()), "{}", status.because);
        assert_eq!(status.is_left_out_untested(), state == Undetermined);
    }
    let (saq_d, saq_c) = ("saq-d-merchant".parse().unwrap(), "saq-c".parse().unwrap());
    let world = pci(Proof::Part, Pass).state(untested());
    let status = world.statuses(PCI).remove(0);
    assert!(status.because.contains("left out untested. It counts until"), "{}", status.because);
    for (questionnaire, words) in [(&saq_d, "this questionnaire may say Not Tested"), (&saq_c, "only SAQ D")] {
        let told = finding(Document::Saq(questionnaire), &status, &world.decisions);
        assert_eq!(told.word, Some(Word::NotTested), "what is only recalled refuses nothing");
        assert!(told.notes.iter().any(|note| note.contains(words) && note.contains("to be confirmed")), "{told:?}");
    }
}

#[test]
fn leaving_out_untested_ends_with_its_time_and_is_known_to_pci_alone() {
    let ended = Attestation { valid_until: Some(now()), ..untested() };
    let world = pci(Proof::Part, Pass).state(ended);
    let status = world.statuses(PCI).remove(0);
    assert!(!status.is_left_out_untested(), "it is asked for again");
    assert_eq!(finding(Document::Roc, &status, &world.decisions).word, None);
    let elsewhere = two_objectives(Pass, Pass, Pass).state(stated(7, "C", Claim::NotTested));
    let status = elsewhere.statuses("f").remove(0);
    assert_eq!((status.state, status.is_left_out_untested()), (Undetermined, false));
    assert!(status.because.contains("only PCI DSS knows"), "{}", status.because);
}

/// How good a finding is.
fn rank(finding: Finding) -> u8 {
    match finding {
        Finding::NotMet => 0,
        Finding::Partial => 1,
        Finding::Met | Finding::NotApplicable => 2,
    }
}

/// A world of the laws in which every control has a partial value, and a statement that leaves one open.
fn with_open(mut world: World, control: &str, objective: Option<&str>, claim: Claim, names: &[&str]) -> World {
    for control in &mut world.catalog.frameworks.get_mut(&"f".parse().unwrap()).unwrap().controls {
        *control = with_partial_value(control.clone());
    }
    let form = partial_form();
    world.catalog.forms.insert(form.id.clone(), form);
    let mut one = if claim == Claim::Partial { partial(99, control, "some") } else { stated(99, control, claim) };
    one.objective = objective.map(|objective| objective.parse().unwrap());
    one.addresses = names.iter().map(|name| name.parse().unwrap()).collect();
    world.state(one)
}

/// What a statement may be about, which of the two claims, and the checks it names.
fn opened() -> impl Strategy<Value = (&'static str, Option<&'static str>, Claim, Vec<&'static str>)> {
    let unit = prop::sample::select(vec![("C1", None), ("C1", Some("C1[a]")), ("C2", None), ("C3", None), ("P", None)]);
    let claim = prop_oneof![3 => Just(Claim::Partial), 1 => Just(Claim::NotTested)];
    let names = prop::collection::vec(prop::sample::select(vec!["linux/a", "linux/b", "m365/c", "m365/d"]), 0..=2);
    (unit, claim, names).prop_map(|((control, objective), claim, names)| (control, objective, claim, names))
}

fn findings_of(world: &World) -> Vec<Finding> {
    cmmc::findings(world.catalog.framework("f").unwrap(), &world.statuses("f")).into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_statement_that_leaves_a_control_open_makes_nothing_met_or_not_applicable(
        (_, world) in worlds(), (control, objective, claim, names) in opened(),
    ) {
        let before = states_of_all(&world);
        let after = states_of_all(&with_open(world, control, objective, claim, &names));
        for (before, after) in before.into_iter().zip(after) {
            prop_assert!(after == before || after == Undetermined, "{before:?} became {after:?}");
        }
    }

    #[test]
    fn losing_sight_of_anything_never_makes_a_finding_better_beside_such_a_statement(
        (answers, world) in worlds(), (control, objective, claim, names) in opened(),
        gone in 0..ASKED.len(), how in 0..3,
    ) {
        let world = with_open(world, control, objective, claim, &names);
        let (states, findings) = (states_of_all(&world), findings_of(&world));
        let mut fewer: Vec<Option<Answer>> = answers;
        fewer[gone] = match (how, fewer[gone].take()) {
            (1, Some((outcomes, age))) => Some((vec![Unknown; outcomes.len()], age)),
            (2, Some((outcomes, _))) => Some((outcomes, HOURS + 1)),
            _ => None,
        };
        let after = world.with_results(&results_of(&fewer));
        for (before, after) in states.into_iter().zip(states_of_all(&after)) {
            prop_assert!(after == before || after == Undetermined, "{before:?} became {after:?}");
        }
        for (before, after) in findings.into_iter().zip(findings_of(&after)) {
            prop_assert!(rank(after) <= rank(before), "{before:?} became {after:?}");
        }
    }

    #[test]
    fn what_is_open_on_purpose_names_the_statement_that_says_so((_, world) in worlds(), given in opened()) {
        let (control, objective, claim, names) = given;
        for status in with_open(world, control, objective, claim, &names).statuses("f") {
            for one in &status.objectives {
                let is_so = one.open_as.is_none()
                    || (one.open_as == Some(OpenAs::Partial) && one.attestation == Some(99) && one.state != Met);
                prop_assert!(is_so, "{one:?}");
            }
        }
    }
}

#[test]
fn what_a_vendor_does_is_there_in_part_or_left_out_like_anything_else_and_never_met_by_it() {
    let vendor = two_objectives(Pass, Pass, Pass).inherited(Some("Their report")).state(partial(7, "C", "some"));
    assert_eq!((found(&vendor, "C"), vendor.states()), (Finding::Partial, vec![Undetermined]));
}
