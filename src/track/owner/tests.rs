use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use serde_json::json;

use super::super::responsibilities::lint::tests::{framework, matrix, row};
use super::Owners;
use crate::catalog::Catalog;
use crate::catalog::check::{CheckDefinition, RegoModule};
use crate::model::gap::ControlRef;
use crate::model::responsibility::Party::{self, Internal, Provider};

/// A check of each kind: about one objective, about the control as a whole.
fn catalog() -> Catalog {
    let check = |id: &str, about: &str| {
        let proves = BTreeMap::from([(about, "part")]);
        let metadata = json!({"severity": "high", "requires": ["m365/users"], "proves": {"f": proves},
            "remediation": {"provider": "a", "internal": "b"}});
        CheckDefinition {
            id: id.parse().unwrap(),
            title: "A".to_owned(),
            description: String::new(),
            references: Vec::new(),
            metadata: serde_json::from_value(metadata).unwrap(),
            rego: RegoModule { file: String::new(), text: String::new() },
            cases: Vec::new(),
            digest: Digest::empty(),
        }
    };
    Catalog::of(vec![framework()], vec![check("m365/part", "C3[b]"), check("m365/whole", "C3")], Vec::new())
}

#[test]
fn a_check_about_one_objective_follows_that_objectives_row_and_one_about_the_control_does_not() {
    let catalog = catalog();
    let lands = |rows: &[(&str, Party)], check: &str| {
        let matrix = matrix(rows.iter().map(|(name, party)| row(name, "shared", *party, "a", "b")).collect());
        let check = check.parse().unwrap();
        let held = ControlRef { framework: "f".parse().unwrap(), control: "C3".parse().unwrap() };
        assert_eq!(catalog.controls_of_check(&check), std::slice::from_ref(&held));
        Owners::new([&matrix]).of_fault(&catalog, &check, &[held])
    };
    let whole = [("C3", Provider)];
    assert_eq!([lands(&whole, "m365/part"), lands(&whole, "m365/whole")], [Provider, Provider]);
    let own = [("C3", Provider), ("C3[b]", Internal)];
    assert_eq!([lands(&own, "m365/part"), lands(&own, "m365/whole")], [Internal, Provider]);
    let other = [("C3", Provider), ("C3[a]", Internal)];
    assert_eq!([lands(&other, "m365/part"), lands(&other, "m365/whole")], [Provider, Provider]);
    let parts = [("C3[a]", Internal), ("C3[b]", Internal)];
    assert_eq!([lands(&parts, "m365/part"), lands(&parts, "m365/whole")], [Internal, Internal]);
    let matrix = matrix(vec![row("C3[a]", "internal", Internal, "", "b")]);
    let control = "C3".parse().unwrap();
    assert_eq!(Owners::new([&matrix]).acting(&"f".parse().unwrap(), &control), Some(Internal));
}
