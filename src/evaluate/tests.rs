//! Every check of the catalog against its cases, and the judge against the contract.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::cases::test_check;
use super::{Inputs, Judge, Subject};
use crate::catalog::check::{CheckDefinition, RegoModule, lint_library, load_check};
use crate::catalog::fault::Faults;
use crate::dataset::Dataset;
use crate::model::evidence::CollectionOutcome::{self, Complete, Denied, NotOffered, Partial, Unlicensed};
use crate::model::finding::{CheckResult, FindingOutcome};
use crate::model::id::DatasetId;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("controls/checks")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap().to_owned()
}

fn shipped() -> (Vec<CheckDefinition>, Vec<RegoModule>) {
    let mut faults = Faults::default();
    let library: Vec<RegoModule> = entries(&folder().join("lib"))
        .iter()
        .map(|path| RegoModule { file: name(path), text: std::fs::read_to_string(path).unwrap() })
        .collect();
    for module in &library {
        lint_library(module, &mut faults);
    }
    let mut checks = Vec::new();
    for source in entries(&folder()).into_iter().filter(|path| !path.ends_with("lib")) {
        for check in entries(&source) {
            let rule = check.join("check.rego");
            let text = std::fs::read_to_string(&rule).unwrap();
            let cases: Vec<_> = entries(&check.join("cases"))
                .iter()
                .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
                .collect();
            checks.extend(load_check(&name(&rule), &text, &cases, &library, &mut faults));
        }
    }
    assert!(faults.is_empty(), "{faults}");
    (checks, library)
}

#[test]
fn every_shipped_check_answers_its_cases_and_no_pass_survives_a_lost_property() {
    let (checks, library) = shipped();
    assert!(checks.len() >= 16, "only {} checks", checks.len());
    let judge = Judge::of(&checks, &library);
    let mut wrong = Vec::new();
    for check in &checks {
        let report = test_check(&judge, check);
        for case in report.cases.iter().filter(|case| !case.holds()) {
            let result = &case.result;
            wrong.push(format!("{} {}: {:?}: {}", check.id, case.case, result.outcome, result.because));
        }
        wrong.extend(report.violations.iter().map(|violation| format!("{} {violation}", check.id)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
