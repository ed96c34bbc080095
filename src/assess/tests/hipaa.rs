//! Addressable specifications of the shipped catalog, as statements decide them.

use std::sync::LazyLock;

use super::{now, stated};
use crate::assess::hipaa::{AddressableState, addressable, evaluation};
use crate::assess::rollup::framework_statuses;
use crate::assess::{Matrices, Results, Situation, Targets};
use crate::catalog::Catalog;
use crate::model::attestation::{Attestation, Claim, FormUse};
use crate::model::control::ControlState;
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::organization::tests::in_zone;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

fn on_form(control: &str, form: Option<(&str, Option<&str>)>) -> Attestation {
    let form =
        form.map(|(id, way)| FormUse { id: id.parse().unwrap(), way: way.map(str::to_owned), targets: Vec::new() });
    Attestation { framework: "hipaa-security".parse().unwrap(), form, ..stated(7, control, Claim::Met) }
}

/// State of the status, state of the decision, and the words.
fn judged(statement: Attestation) -> (ControlState, AddressableState, String) {
    let (targets, results, matrices) = (Targets::new(), Results::default(), Matrices::new());
    let control = statement.control.clone();
    let decisions = Decisions { attestations: vec![statement], ..Decisions::default() };
    let situation = Situation {
        catalog: &CATALOG,
        targets: &targets,
        results: &results,
        decisions: &decisions,
        matrices: &matrices,
        now: now(),
    };
    let framework = CATALOG.framework("hipaa-security").unwrap();
    let statuses = framework_statuses(&situation, framework);
    let all = addressable(framework, &statuses, &decisions);
    assert_eq!(all.len(), 22);
    let one = all.into_iter().find(|one| one.control == control).unwrap();
    assert_eq!(one.attestation.is_some(), one.state != AddressableState::Undecided);
    let status = statuses.into_iter().find(|status| status.control == control).unwrap();
    (status.state, one.state, one.because)
}

const LOGOFF: &str = "164.312(a)(2)(iii)";

#[test]
fn a_documented_decision_is_met_and_says_in_words_what_was_decided() {
    for (way, state, words) in [
        ("implemented", AddressableState::Implemented, "is implemented (45 CFR 164.306(d)(3)(ii)(A))"),
        ("alternative", AddressableState::Alternative, "an equivalent measure stands in its place"),
        ("not_reasonable", AddressableState::NotReasonable, "neither it nor another measure is reasonable"),
    ] {
        let told = judged(on_form(LOGOFF, Some(("hipaa-addressable", Some(way)))));
        assert_eq!((told.0, told.1), (ControlState::Met, state));
        assert!(told.2.contains(words), "{}", told.2);
    }
}

#[test]
fn a_plain_statement_means_implemented_and_nothing_makes_a_specification_not_apply() {
    for form in [None, Some(("hipaa-required", None))] {
        let told = judged(on_form(LOGOFF, form));
        assert_eq!((told.0, told.1), (ControlState::Met, AddressableState::Implemented));
    }
    let away = Attestation { claim: Claim::NotApplicable, ..on_form(LOGOFF, None) };
    let told = judged(away);
    assert_eq!((told.0, told.1), (ControlState::Undetermined, AddressableState::Undecided));
    assert!(told.2.contains("hipaa-security has no form by which this would not apply"), "{}", told.2);
    let old = Attestation { valid_until: Some(now()), ..on_form(LOGOFF, None) };
    assert_eq!(judged(old).1, AddressableState::Undecided);
}

#[test]
fn the_next_evaluation_is_due_within_a_year_of_the_last_and_at_once_without_one() {
    let framework = CATALOG.framework("hipaa-security").unwrap();
    let none = evaluation(framework, &Decisions::default(), now(), LocalDays::UTC);
    assert_eq!((none.last, none.due), (None, None));
    let told = Attestation { valid_until: None, ..on_form("164.308(a)(8)", None) };
    let last = told.valid_from.as_datetime().date_naive();
    let decisions = Decisions { attestations: vec![told.clone()], ..Decisions::default() };
    let next = evaluation(framework, &decisions, now(), LocalDays::UTC);
    assert_eq!((next.last, next.due), (Some(last), last.checked_add_months(chrono::Months::new(12))));
    let sooner = Attestation { valid_until: Some(now().plus(chrono::Duration::days(9))), ..told };
    let decisions = Decisions { attestations: vec![sooner], ..Decisions::default() };
    assert_eq!(evaluation(framework, &decisions, now(), LocalDays::UTC).due.unwrap().to_string(), "2026-04-09");
}

#[test]
fn the_days_of_an_evaluation_are_those_of_the_organization() {
    let framework = CATALOG.framework("hipaa-security").unwrap();
    let told = Attestation {
        valid_from: "2026-01-11T03:00:00Z".parse().unwrap(),
        valid_until: Some("2026-07-01T03:59:59.999999Z".parse().unwrap()),
        ..on_form("164.308(a)(8)", None)
    };
    let decisions = Decisions { attestations: vec![told], ..Decisions::default() };
    let next = evaluation(framework, &decisions, now(), in_zone("America/New_York").days());
    let day = |text: &str| Some(text.parse().unwrap());
    assert_eq!((next.last, next.due), (day("2026-01-10"), day("2026-06-30")));
}

#[test]
fn an_evaluation_whose_statement_has_ended_is_still_the_last_one() {
    let framework = CATALOG.framework("hipaa-security").unwrap();
    let told =
        Attestation { valid_until: Some("2026-03-20T12:00:00Z".parse().unwrap()), ..on_form("164.308(a)(8)", None) };
    let next = |attestations: &[Attestation]| {
        let decisions = Decisions { attestations: attestations.to_vec(), ..Decisions::default() };
        let next = evaluation(framework, &decisions, now(), LocalDays::UTC);
        [next.last, next.due].map(|day| day.map_or_else(|| "-".to_owned(), |day| day.to_string()))
    };
    assert_eq!(next(std::slice::from_ref(&told)), ["2026-03-01", "2026-03-20"]);
    let away = Attestation { claim: Claim::NotApplicable, leaf: 8, ..told.clone() };
    assert_eq!(next(&[away]), ["-", "-"], "only one that took place counts");
    let withdrawn = Attestation { claim: Claim::Withdrawn, leaf: 9, replaces: Some(7), ..told.clone() };
    assert_eq!(next(&[told.clone(), withdrawn]), ["-", "-"], "what was withdrawn never took place");
    let whole = Attestation { leaf: 5, valid_until: None, ..told.clone() };
    let part = Attestation { objective: Some("164.308(a)(8)[a]".parse().unwrap()), ..told };
    assert_eq!(next(&[whole, part]), ["2026-03-01", "2027-03-01"], "one in force goes before one that ended");
}
