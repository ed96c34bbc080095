//! What a statement may not do by the law of its framework, in the shipped catalog: leave out what always applies, or call a
//! standard met by reasons why nothing is done.

use std::sync::LazyLock;

use super::*;
use crate::model::attestation::FormUse;
use crate::model::control::ControlState::NotApplicable as DoesNotApply;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

fn of(framework: &str, leaf: u64, control: &str, claim: Claim) -> Attestation {
    Attestation { framework: framework.parse().unwrap(), ..stated(leaf, control, claim) }
}

fn on_form(one: Attestation, form: &str, way: Option<&str>) -> Attestation {
    let form = FormUse { id: form.parse().unwrap(), way: way.map(str::to_owned), targets: Vec::new() };
    Attestation { form: Some(form), ..one }
}

/// The statuses of a shipped framework by these statements, where nothing is connected.
fn by_statements(framework: &str, attestations: Vec<Attestation>) -> BTreeMap<String, ControlStatus> {
    let (targets, results, matrices) = (Targets::new(), Results::default(), Matrices::new());
    let decisions = Decisions { attestations, ..Decisions::default() };
    let situation = Situation {
        catalog: &CATALOG,
        targets: &targets,
        results: &results,
        decisions: &decisions,
        matrices: &matrices,
        now: now(),
    };
    let statuses = framework_statuses(&situation, CATALOG.framework(framework).unwrap());
    statuses.into_iter().map(|status| (status.control.to_string(), status)).collect()
}

#[test]
fn nothing_makes_a_security_plan_not_applicable_neither_as_a_whole_nor_by_its_objectives() {
    let whole = of("cmmc-l2", 7, "CA.L2-3.12.4", Claim::NotApplicable);
    let part = Attestation { objective: Some("3.12.4[a]".parse().unwrap()), leaf: 8, ..whole.clone() };
    let plan = &by_statements("cmmc-l2", vec![whole, part])["CA.L2-3.12.4"];
    assert_eq!(plan.state, Undetermined, "{}", plan.because);
    let objectives: Vec<_> = plan.objectives.iter().map(|one| (one.state, one.attestation, one.set_aside)).collect();
    assert_eq!(objectives[0], (Undetermined, None, Some(8)));
    assert!(objectives[1..].iter().all(|one| *one == (Undetermined, None, Some(7))), "{objectives:?}");
    assert!(plan.because.contains("cmmc-l2 has no form by which this would not apply"), "{}", plan.because);
    let wireless = of("cmmc-l2", 7, "AC.L2-3.1.16", Claim::NotApplicable);
    assert_eq!(by_statements("cmmc-l2", vec![wireless])["AC.L2-3.1.16"].state, DoesNotApply);
}

#[test]
fn a_required_specification_is_never_left_out_and_its_standard_is_not_met_without_it() {
    let parts = ["164.308(a)(1)(ii)(A)", "164.308(a)(1)(ii)(B)", "164.308(a)(1)(ii)(C)", "164.308(a)(1)(ii)(D)"];
    let with = |claim: Claim| {
        let last = of("hipaa-security", 10, parts[3], claim);
        let met = (7..).zip(&parts[..3]).map(|(leaf, part)| of("hipaa-security", leaf, part, Claim::Met));
        let all = by_statements("hipaa-security", met.chain([last]).collect());
        (all["164.308(a)(1)"].state, all[parts[3]].state)
    };
    assert_eq!(with(Claim::Met), (Met, Met));
    assert_eq!(with(Claim::NotApplicable), (Undetermined, Undetermined));
    let role = of("hipaa-security", 7, "164.308(a)(4)(ii)(A)", Claim::NotApplicable);
    assert_eq!(by_statements("hipaa-security", vec![role])["164.308(a)(4)(ii)(A)"].state, DoesNotApply);
}

#[test]
fn what_always_applies_is_what_no_form_of_the_framework_leaves_out() {
    let bound = |framework: &str| {
        let known = CATALOG.framework(framework).unwrap();
        let judged = known.controls.iter().filter(|control| control.assessable);
        let bound = judged.filter(|control| CATALOG.always_applies(&known.id, control));
        bound.map(|control| control.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(bound("cmmc-l2"), ["CA.L2-3.12.4"]);
    assert!(bound("cmmc-l1").is_empty() && bound("cmmc-l3").is_empty() && bound("pci-dss-4.0.1").is_empty());
    // Seven items are for kinds of organization; all other rows of the rule bind everybody.
    let rows =
        CATALOG.framework("hipaa-security").unwrap().controls.iter().filter(|control| control.assessable).count();
    assert_eq!(bound("hipaa-security").len(), rows - 7);
    assert!(bound("hipaa-breach").contains(&"164.414(b)".to_owned()), "the burden of proof");
}

/// The one standard whose specifications are these two, both addressable.
const STANDARD: &str = "164.312(e)(1)";
const SPECIFICATIONS: [&str; 2] = ["164.312(e)(2)(i)", "164.312(e)(2)(ii)"];

fn decided(leaf: u64, control: &str, way: &str) -> Attestation {
    on_form(of("hipaa-security", leaf, control, Claim::Met), "hipaa-addressable", Some(way))
}

#[test]
fn a_standard_none_of_whose_parts_is_done_is_met_only_by_a_statement_about_itself() {
    let reasons = || SPECIFICATIONS.iter().zip(7..).map(|(one, leaf)| decided(leaf, one, "not_reasonable"));
    let all = by_statements("hipaa-security", reasons().collect());
    let (standard, part) = (&all[STANDARD], &all[SPECIFICATIONS[0]]);
    assert_eq!((standard.state, part.state), (Undetermined, Met));
    assert_eq!(
        standard.because,
        "Nothing is done by any of its 2 parts, for reasons on file. 164.312(e)(1) itself has to be met all the same (45 CFR \
         164.306(d)(3)): somebody has to state how."
    );
    assert_eq!(standard.objectives.len(), 1, "it is asked for itself");
    let itself = of("hipaa-security", 9, STANDARD, Claim::Met);
    let stated = &by_statements("hipaa-security", reasons().chain([itself.clone()]).collect())[STANDARD];
    assert_eq!((stated.state, stated.objectives[0].attestation), (Met, Some(9)), "{}", stated.because);
    let away = Attestation { claim: Claim::NotApplicable, ..itself.clone() };
    assert_eq!(by_statements("hipaa-security", reasons().chain([away]).collect())[STANDARD].state, Undetermined);
    for way in ["implemented", "alternative"] {
        let one_done = vec![decided(7, SPECIFICATIONS[0], way), decided(8, SPECIFICATIONS[1], "not_reasonable")];
        assert_eq!(by_statements("hipaa-security", one_done)[STANDARD].state, Met, "{way}");
    }
    let open = vec![decided(7, SPECIFICATIONS[0], "not_reasonable"), itself];
    assert_eq!(by_statements("hipaa-security", open)[STANDARD].state, Undetermined, "an open part is no reason");
}

#[test]
fn only_what_is_done_is_called_implemented() {
    let framework = CATALOG.framework("hipaa-security").unwrap();
    let named = |attestations: Vec<Attestation>| {
        let status = by_statements("hipaa-security", attestations.clone()).remove(SPECIFICATIONS[0]).unwrap();
        let decisions = Decisions { attestations, ..Decisions::default() };
        crate::assess::verdict::word(framework, &status, &decisions, &CATALOG.forms)
    };
    let by_way = |way| named(vec![decided(7, SPECIFICATIONS[0], way)]);
    assert_eq!(by_way("not_reasonable"), "Not reasonable here, documented");
    assert_eq!([by_way("alternative"), by_way("implemented")], ["Implemented", "Implemented"]);
    assert_eq!(named(Vec::new()), "Not yet shown");
}

#[test]
fn a_parent_is_stated_only_where_each_of_its_parts_may_be_left_undone() {
    let framework = CATALOG.framework("hipaa-security").unwrap();
    let of = |id: &str| CATALOG.control(&framework.id, id).unwrap();
    let stated_itself: Vec<&str> = framework
        .controls
        .iter()
        .filter(|control| !framework.parts_of(control).is_empty())
        .filter(|control| CATALOG.only_its_parts(&framework.id, control).is_empty())
        .map(|control| control.id.as_str())
        .collect();
    assert_eq!(stated_itself, ["164.308(a)(3)", "164.308(a)(5)", "164.310(a)(1)", "164.312(c)(1)", "164.312(e)(1)"]);
    assert_eq!(CATALOG.only_its_parts(&framework.id, of("164.312(a)(1)")).len(), 4);
}
