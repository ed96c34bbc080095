use std::collections::BTreeMap;

use super::{LintKind, lint, orphans};
use crate::catalog::framework::{Control, Framework, Objective};
use crate::model::person::Person;
use crate::model::responsibility::{EngagementModel, Party, Responsibility, ResponsibilityMatrix};
use crate::model::time::Timestamp;

/// C1 to C5; C3 has two objectives, C4 is the parent of C5, C6 states scope only.
pub fn framework() -> Framework {
    let control = |id: &str| Control {
        id: id.parse().unwrap(),
        aliases: if id == "C1" { vec!["one".to_owned()] } else { Vec::new() },
        title: id.to_owned(),
        family: "A".to_owned(),
        parent: (id == "C5").then(|| "C4".parse().unwrap()),
        assessable: id != "C6",
        objectives: if id == "C3" {
            ["C3[a]", "C3[b]"].map(|id| Objective { id: id.parse().unwrap(), title: id.to_owned() }).to_vec()
        } else {
            Vec::new()
        },
        facts: BTreeMap::new(),
        guidance: None,
        official: None,
    };
    Framework {
        id: "f".parse().unwrap(),
        title: "F".to_owned(),
        version: "1".to_owned(),
        publisher: String::new(),
        source: String::new(),
        vocabulary: BTreeMap::new(),
        judged_by: None,
        questionnaires: Vec::new(),
        controls: ["C1", "C2", "C3", "C4", "C5", "C6"].iter().map(|id| control(id)).collect(),
    }
}

pub fn row(name: &str, kind: &str, accountable: Party, provider: &str, internal: &str) -> Responsibility {
    let (control, objective) = match name.split_once('[') {
        Some((control, _)) => (control, Some(name.parse().unwrap())),
        None => (name, None),
    };
    Responsibility {
        control: control.parse().unwrap(),
        objective,
        kind: kind.parse().unwrap(),
        accountable,
        provider_tasks: provider.to_owned(),
        internal_tasks: internal.to_owned(),
        vendor_tasks: None,
        document: None,
        provider_person: None,
        internal_person: None,
        clause: None,
    }
}

pub fn matrix(rows: Vec<Responsibility>) -> ResponsibilityMatrix {
    ResponsibilityMatrix {
        format: ResponsibilityMatrix::FORMAT.to_owned(),
        framework: "f".parse().unwrap(),
        version: 2,
        model: EngagementModel::CoManaged,
        effective_from: None,
        effective_until: None,
        rows,
    }
}

fn now() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn person(handle: &str, party: Party, until: Option<&str>) -> Person {
    Person {
        handle: handle.parse().unwrap(),
        party,
        name: handle.to_owned(),
        email: None,
        ssh_key: None,
        since: "2026-01-01T00:00:00Z".parse().unwrap(),
        until: until.map(|time| time.parse().unwrap()),
    }
}

fn people() -> Vec<Person> {
    vec![person("pat", Party::Provider, None), person("ines", Party::Internal, None)]
}

/// Kind and place of every fault.
fn told(rows: Vec<Responsibility>) -> Vec<(LintKind, String)> {
    let found = lint(&framework(), &matrix(rows), &people(), now());
    assert!(found.iter().all(|fault| !fault.what.is_empty() && !fault.next.is_empty()), "{found:#?}");
    found
        .into_iter()
        .map(|fault| (fault.kind, fault.place().to_owned()))
        .filter(|(kind, _)| *kind != LintKind::Orphan)
        .collect()
}

fn one(row: Responsibility) -> Vec<LintKind> {
    told(vec![row]).into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn a_control_without_an_owner_is_an_orphan_unless_each_of_its_objectives_has_one() {
    let named = |rows: Vec<Responsibility>| -> Vec<String> {
        orphans(&framework(), &matrix(rows)).into_iter().map(ToString::to_string).collect()
    };
    let owned = |name: &str| row(name, "shared", Party::Provider, "a", "b");
    // Neither the parent C4 nor C6, which states scope only.
    assert_eq!(named(Vec::new()), ["C1", "C2", "C3", "C5"]);
    assert_eq!(named(["C1", "C2", "C5", "C3[a]"].map(owned).to_vec()), ["C3"]);
    assert_eq!(named(["C1", "C2", "C5", "C3[a]", "C3[b]"].map(owned).to_vec()), Vec::<String>::new());
    assert_eq!(named(["C1", "C2", "C5", "C3"].map(owned).to_vec()), Vec::<String>::new());
}

#[test]
fn work_that_both_claim_or_that_the_wrong_one_answers_for_collides() {
    use LintKind::{Collision, MissingText};
    use Party::{Internal, Provider, Vendor};
    assert_eq!(one(row("C1", "shared", Provider, "patches", "approves")), []);
    assert_eq!(one(row("C1", "shared", Provider, "patches ", "patches")), [Collision]);
    assert_eq!(one(row("C1", "shared", Vendor, "patches", "approves")), [Collision]);
    assert_eq!(one(row("C1", "provider", Internal, "patches", "")), [Collision]);
    assert_eq!(one(row("C1", "internal", Provider, "", "approves")), [Collision]);
    assert_eq!(one(row("C1", "shared", Provider, " ", "")), [MissingText]);
    assert_eq!(one(row("C1", "shared", Provider, "", "approves")), [MissingText]);
    let with_vendor = |document: Option<&str>| Responsibility {
        vendor_tasks: Some("guards its data centers".to_owned()),
        document: document.map(str::to_owned),
        ..row("C1", "shared", Provider, "patches", "approves")
    };
    assert_eq!(one(with_vendor(None)), [MissingText], "nothing shows what the vendor does");
    assert_eq!(one(with_vendor(Some("the auditor's report"))), []);
    assert_eq!(one(row("C1", "shared", Provider, "patches", "")), [MissingText]);
    assert_eq!(one(row("C1", "inherited", Vendor, "", "")), [MissingText]);
    let proved = Responsibility { document: Some("SOC 2".to_owned()), ..row("C1", "inherited", Vendor, "", "") };
    assert_eq!(one(proved), []);
    let twice = vec![row("C1", "shared", Provider, "a", "b"), row("C1", "shared", Internal, "a", "b")];
    assert_eq!(told(twice), [(Collision, "C1".to_owned())]);
    let strange = vec![row("C9", "shared", Provider, "a", "b"), row("C3[z]", "shared", Provider, "a", "b")];
    assert_eq!(told(strange).len(), 2);
}

#[test]
fn a_person_who_is_unknown_of_the_other_party_or_gone_cannot_do_the_work() {
    let named = |provider: Option<&str>, internal: Option<&str>| Responsibility {
        provider_person: provider.map(|handle| handle.parse().unwrap()),
        internal_person: internal.map(|handle| handle.parse().unwrap()),
        ..row("C1", "shared", Party::Provider, "a", "b")
    };
    let mut all = people();
    all.push(person("lee", Party::Provider, Some("2026-02-01T00:00:00Z")));
    all.push(person("kim", Party::Provider, Some("2026-09-01T00:00:00Z")));
    let words = |row: Responsibility| -> Vec<String> {
        let found = lint(&framework(), &matrix(vec![row]), &all, now());
        found.into_iter().filter(|fault| fault.kind == LintKind::Person).map(|fault| fault.what).collect()
    };
    assert_eq!(words(named(Some("pat"), Some("ines"))), Vec::<String>::new());
    assert_eq!(words(named(Some("kim"), None)), Vec::<String>::new());
    assert!(words(named(Some("nobody"), None))[0].contains("is nobody of this organization"));
    assert!(words(named(Some("ines"), None))[0].contains("belongs to Internal IT"));
    assert!(words(named(Some("lee"), None))[0].contains("has left on 2026-02-01"));
    assert_eq!(words(named(Some("lee"), Some("pat"))).len(), 2);
}

#[test]
fn a_party_that_answers_for_something_and_has_nobody_is_told() {
    let rows = vec![row("C1", "internal", Party::Internal, "", "b"), row("C2", "inherited", Party::Vendor, "", "")];
    let found = lint(&framework(), &matrix(rows), &people()[..1], now());
    let alone: Vec<_> = found.iter().filter(|fault| fault.control.is_none()).collect();
    assert_eq!(alone.len(), 1, "{found:#?}");
    assert_eq!(alone[0].what, "Internal IT is accountable in 1 rows and has no person");
}
