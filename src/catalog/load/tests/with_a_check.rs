//! What a check names, held against the catalog that was loaded.

use countersign_seal::digest::Digest;

use super::{embedded, id};
use crate::catalog::Catalog;
use crate::catalog::check::{CheckDefinition, RegoModule};
use crate::catalog::fault::Faults;
use crate::catalog::files::FileSet;
use crate::catalog::load::{collectors, frameworks, references};
use crate::model::control::Proof;
use crate::model::id::CheckId;

fn definition(proves: &serde_json::Value, requires: &serde_json::Value) -> CheckDefinition {
    let metadata = serde_json::json!({"severity": "low", "requires": requires, "proves": proves, "remediation": {}});
    CheckDefinition {
        id: "m365/example".parse().unwrap(),
        title: "Example".into(),
        description: String::new(),
        references: Vec::new(),
        metadata: serde_json::from_value(metadata).unwrap(),
        rego: RegoModule { file: "check.rego".into(), text: "# METADATA\n# 164.400\n# m365/moods\n".into() },
        cases: Vec::new(),
        digest: Digest::empty(),
    }
}

#[test]
fn a_check_that_names_what_does_not_exist_or_is_not_judged_is_refused() {
    let proves = serde_json::json!({
        "hipaa-breach": {"164.400": "part"},
        "hipaa-security": {"164.308(a)(1)": "part", "164.308(a)(8)": "part"},
        "cmmc-l2": {"3.1.1[z]": "full", "3.1.1[a]": "full"},
        "soc2": {"CC6.1": "full"},
    });
    let check = definition(&proves, &serde_json::json!(["m365/moods", {"any_of": ["m365/feelings"]}]));
    let mut faults = Faults::default();
    let frameworks = frameworks::load(&FileSet::embedded(), &mut faults);
    let collectors = collectors::load(&FileSet::default(), &mut faults);
    references::checks(&[(check.id.clone(), check)].into(), &frameworks, &collectors, &mut faults);
    let mut found: Vec<String> = faults.0.iter().map(ToString::to_string).collect();
    found.sort();
    assert_eq!(
        found,
        [
            "check.rego: `proves` names `164.308(a)(1)`, whose status comes from its children; name one of those",
            "check.rego: `proves` names `3.1.1[z]`, which `cmmc-l2` has neither as a control nor as an objective",
            "check.rego: `proves` names the framework `soc2`, which does not exist",
            "check.rego: no collector fetches the dataset `m365/feelings`",
            "check.rego:2: `proves` names `164.400`, which only states scope and is never judged",
            "check.rego:3: no collector fetches the dataset `m365/moods`",
        ]
    );
}

fn catalog(framework: &str, name: &str, proof: Proof) -> (Catalog, CheckId) {
    let definition = definition(&serde_json::json!({framework: {name: proof}}), &serde_json::json!([]));
    let check = definition.id.clone();
    let frameworks = embedded().frameworks.values().cloned().collect();
    (Catalog::of(frameworks, vec![definition], Vec::new()), check)
}

#[test]
fn a_level_2_objective_that_is_proved_counts_for_level_1_too() {
    let (catalog, check) = catalog("cmmc-l2", "3.1.1[d]", Proof::Part);
    for framework in ["cmmc-l2", "cmmc-l1"] {
        assert_eq!(catalog.checks_for_objective(&id(framework), "3.1.1[d]"), [(check.clone(), Proof::Part)]);
    }
    assert!(catalog.checks_for_objective(&id("cmmc-l2"), "3.1.1[a]").is_empty());
    let controls: Vec<_> = catalog.controls_of_check(&check).iter().map(|found| found.control.as_str()).collect();
    assert_eq!(controls, ["AC.L1-b.1.i", "AC.L2-3.1.1"]);
}

#[test]
fn a_check_that_names_a_whole_control_bears_on_each_of_its_objectives() {
    let (catalog, check) = catalog("cmmc-l2", "3.5.3", Proof::Supporting);
    for objective in ["3.5.3[a]", "3.5.3[d]"] {
        assert_eq!(catalog.checks_for_objective(&id("cmmc-l2"), objective), [(check.clone(), Proof::Supporting)]);
    }
}

#[test]
fn a_control_that_is_judged_as_one_is_its_own_objective() {
    let (catalog, check) = catalog("pci-dss-4.0.1", "8.4.2", Proof::Full);
    assert_eq!(catalog.checks_for_objective(&id("pci-dss-4.0.1"), "8.4.2"), [(check, Proof::Full)]);
}
