//! The shipped frameworks, as they are loaded: what they hold, who owns it, and what every check says.

use std::collections::BTreeMap;

use super::{MODELS, embedded, id};
use crate::model::id::ControlId;
use crate::model::responsibility::Party;

#[test]
fn every_framework_has_the_controls_and_objectives_it_should() {
    let counts: BTreeMap<&str, (usize, usize)> = embedded()
        .frameworks
        .values()
        .map(|framework| (framework.id.as_str(), (framework.controls.len(), framework.objective_count())))
        .collect();
    let expected = BTreeMap::from([
        ("cmmc-l1", (15, 59)),
        ("cmmc-l2", (110, 320)),
        ("cmmc-l3", (24, 0)),
        ("hipaa-breach", (27, 0)),
        ("hipaa-security", (68, 0)),
        ("pci-dss-4.0.1", (280, 0)),
    ]);
    assert_eq!(counts, expected);
}

#[test]
fn the_values_of_level_2_add_up_to_the_deductions_of_the_rule() {
    let framework = embedded().framework("cmmc-l2").unwrap();
    let mut by_value: BTreeMap<Option<u64>, usize> = BTreeMap::new();
    let mut variable = 0;
    for control in &framework.controls {
        let weight = control.facts.get("weight").unwrap().as_u64();
        if control.facts.contains_key("weight_partial") {
            variable += 1;
        } else {
            *by_value.entry(weight).or_default() += 1;
        }
    }
    assert_eq!(by_value, BTreeMap::from([(Some(5), 42), (Some(3), 14), (Some(1), 51), (None, 1)]));
    assert_eq!(variable, 2);
    let sum: u64 = framework.controls.iter().filter_map(|control| control.facts.get("weight")?.as_u64()).sum();
    assert_eq!(sum, 313);
}

#[test]
fn as_many_requirements_may_stand_on_a_plan_of_action_as_the_rule_allows() {
    let count = |framework: &str, word: &str| {
        let controls = &embedded().framework(framework).unwrap().controls;
        controls.iter().filter(|control| control.facts.get("poam_allowed").unwrap() == word).count()
    };
    assert_eq!(
        [count("cmmc-l2", "yes"), count("cmmc-l2", "conditional"), count("cmmc-l2", "no"), count("cmmc-l2", "never")],
        [46, 1, 57, 6]
    );
    assert_eq!(count("cmmc-l1", "no"), 15);
    assert_eq!(count("cmmc-l3", "never"), 7);
}

#[test]
fn the_security_rule_has_its_standards_and_specifications() {
    let controls = &embedded().framework("hipaa-security").unwrap().controls;
    let is = |key: &str, word: &str| controls.iter().filter(|control| control.facts.get(key).unwrap() == word).count();
    assert_eq!(is("kind", "standard"), 22);
    assert_eq!(is("kind", "implementation specification"), 46);
    assert_eq!(is("required_or_addressable", "addressable"), 22);
}

#[test]
fn pci_has_51_future_dated_requirements_and_unknown_stays_unknown() {
    let controls = &embedded().framework("pci-dss-4.0.1").unwrap().controls;
    assert_eq!(controls.iter().filter(|control| control.facts.get("future_dated").unwrap() == true).count(), 51);
    let saq = |name: &str, word: &str| controls.iter().filter(|control| control.facts["saqs"][name] == word).count();
    assert_eq!(saq("A", "yes"), 27);
    assert_eq!(saq("C", "unknown"), 280);
}

#[test]
fn a_control_is_found_by_its_id_and_by_the_number_people_type() {
    for name in ["AC.L2-3.1.1", "3.1.1"] {
        assert_eq!(embedded().control(&id("cmmc-l2"), name).unwrap().id.as_str(), "AC.L2-3.1.1");
    }
    assert!(embedded().control(&id("cmmc-l2"), "3.99.1").is_none());
}

#[test]
fn a_standard_with_specifications_lists_them_as_children() {
    let standard: ControlId = "164.308(a)(1)".parse().unwrap();
    let children: Vec<_> =
        embedded().children(&id("hipaa-security"), &standard).map(|child| child.title.as_str()).collect();
    assert_eq!(children, ["Risk analysis", "Risk management", "Sanction policy", "Information system activity review"]);
}

#[test]
fn every_control_has_exactly_one_owner_under_each_model() {
    for framework in embedded().frameworks.values() {
        for model in MODELS {
            let matrix = embedded().matrix(&framework.id, model).unwrap();
            assert_eq!(matrix.version, 1);
            for control in &framework.controls {
                let rows =
                    matrix.rows.iter().filter(|row| row.control == control.id && row.objective.is_none()).count();
                assert_eq!(rows, 1, "{} {} {}", framework.id, model.as_str(), control.id);
            }
        }
    }
}

#[test]
fn what_a_vendor_carries_is_the_same_in_every_engagement_model_and_has_its_document() {
    let carried = |framework: &str, model| {
        let matrix = embedded().matrix(&framework.parse().unwrap(), model).unwrap();
        let rows = matrix.rows.into_iter().filter(|row| row.vendor_tasks.is_some());
        let rows = rows.map(|row| (row.control.to_string(), row.vendor_tasks.unwrap(), row.document.unwrap()));
        rows.collect::<Vec<_>>()
    };
    for (framework, control) in [
        ("cmmc-l1", "PE.L1-b.1.viii"),
        ("cmmc-l2", "PE.L2-3.10.1"),
        ("hipaa-security", "164.310(a)(1)"),
        ("hipaa-breach", "164.410(a)(1)"),
    ] {
        let [one, two, three] = MODELS.map(|model| carried(framework, model));
        assert!(one.iter().any(|(id, ..)| id == control), "{framework} {control}");
        assert_eq!((&one, &one), (&two, &three), "{framework}");
    }
}

#[test]
fn a_crosswalk_row_that_finds_nothing_is_kept() {
    let none = embedded().crosswalk.iter().filter(|row| row.to.is_none()).count();
    assert_eq!((embedded().crosswalk.len(), none), (434, 25));
}

#[test]
fn every_objective_has_a_short_label_and_no_sentence() {
    for framework in embedded().frameworks.values() {
        for objective in framework.controls.iter().flat_map(|control| &control.objectives) {
            let title = &objective.title;
            assert!(title.len() <= 70 && !title.ends_with('.') && !title.contains('…'), "{} {title}", objective.id);
        }
    }
}

#[test]
fn every_check_tells_the_provider_and_internal_it_what_to_do() {
    for check in embedded().checks.values() {
        for party in [Party::Provider, Party::Internal] {
            let text = check.metadata.remediation.get(&party).map_or("", |text| text.trim());
            assert!(text.len() > 20, "{} does not tell {} what to do", check.id, party.title());
        }
    }
}
