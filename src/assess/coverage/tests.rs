use std::collections::BTreeMap;

use super::{Breakdown, Tally, breakdown, coverage};
use crate::catalog::Catalog;

fn total(tally: &Tally) -> usize {
    tally.machine_proved + tally.partly + tally.supported + tally.person_proved + tally.not_covered
}

fn counted() -> (Catalog, BTreeMap<String, Breakdown>) {
    let catalog = Catalog::embedded().unwrap();
    let counted = catalog.frameworks.values().map(|one| (one.id.to_string(), breakdown(&catalog, one))).collect();
    (catalog, counted)
}

#[test]
fn what_each_framework_can_be_shown_by_changes_only_in_review() {
    let (_, counted) = counted();
    let now = serde_json::to_string_pretty(&counted).unwrap();
    let pinned = include_str!("../../../tests/fixtures/coverage.json");
    assert_eq!(now.trim(), pinned.trim(), "if this is meant, put this into tests/fixtures/coverage.json:\n{now}");
}

#[test]
fn every_control_is_counted_once_a_line_and_every_objective_once() {
    let (catalog, counted) = counted();
    for framework in catalog.frameworks.values() {
        let one = &counted[framework.id.as_str()];
        let apart = one.not_assessable + one.follow_from_parts;
        assert_eq!(total(&one.by_weakest) + apart, one.controls, "{}", framework.id);
        assert_eq!(total(&one.by_strongest) + apart, one.controls, "{}", framework.id);
        assert_eq!(total(&one.objectives), coverage(&catalog, framework).objectives, "{}", framework.id);
    }
}

#[test]
fn the_list_and_the_breakdown_tell_the_same_numbers() {
    let (catalog, counted) = counted();
    for framework in catalog.frameworks.values() {
        let listed = coverage(&catalog, framework);
        let one = counted[framework.id.as_str()].objectives;
        assert_eq!(one.machine_proved, listed.full, "{}", framework.id);
        assert_eq!(one.partly, listed.part, "{}", framework.id);
        assert_eq!(one.supported, listed.supporting, "{}", framework.id);
        assert_eq!(one.person_proved + one.not_covered, listed.person, "{}", framework.id);
    }
}
