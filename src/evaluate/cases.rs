//! Tests of the checks themselves: worked examples, and the proof that no pass survives the loss of what it rests on.
//!
//! Used by `check test` and by the test suite. Start with [`test_check`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::catalog::check::{CaseInput, CheckCase, CheckDefinition};
use crate::dataset::Dataset;
use crate::model::finding::{CheckResult, FindingOutcome};
use crate::model::id::DatasetId;

use super::Judge;
use super::inputs::{Inputs, Subject};

/// Hours that a case's data counts; cases that try old data are older than this.
pub const CASE_TIME_TO_LIVE_HOURS: u32 = 48;

/// How one worked example went.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseReport {
    pub case: String,
    pub expected: FindingOutcome,
    pub result: CheckResult,
}

impl CaseReport {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.expected == self.result.outcome
    }
}

/// A pass that stayed a pass although a property it should rest on was gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyViolation {
    pub case: String,
    pub dataset: DatasetId,
    pub row: usize,
    /// Dotted path below the row; places in lists are not part of it.
    pub property: String,
    pub change: PropertyChange,
}

/// What was done to the property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyChange {
    Deleted,
    SetToNull,
}

impl std::fmt::Display for PropertyViolation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let change = match self.change {
            PropertyChange::Deleted => "deleted",
            PropertyChange::SetToNull => "null",
        };
        write!(
            formatter,
            "case {}: still `pass` with `{}` of row {} of {} {change}; make the rule look at it or declare it irrelevant",
            self.case, self.property, self.row, self.dataset
        )
    }
}

/// Everything that testing a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    pub cases: Vec<CaseReport>,
    pub violations: Vec<PropertyViolation>,
    /// Names of cases that cannot be read.
    pub unreadable: Vec<String>,
}

impl CheckReport {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations.is_empty() && self.unreadable.is_empty() && self.cases.iter().all(CaseReport::holds)
    }
}

/// Runs all worked examples of a check, then the property test on each that is expected to pass.
#[must_use]
pub fn test_check(judge: &Judge, check: &CheckDefinition) -> CheckReport {
    let cases = check.cases.iter().filter_map(|case| test_case(judge, check, case)).collect();
    let unreadable = check.cases.iter().filter(|case| case.input().is_err()).map(|case| case.name.clone()).collect();
    CheckReport { cases, violations: property_violations(judge, check), unreadable }
}

/// Judges one worked example. None if its text is not one: [`test_check`] names it.
#[must_use]
pub fn test_case(judge: &Judge, check: &CheckDefinition, case: &CheckCase) -> Option<CaseReport> {
    let input = case.input().ok()?;
    let result = judge_input(judge, check, &input);
    Some(CaseReport { case: case.name.clone(), expected: case.expected, result })
}

/// For each pass case, deletes every property of every row, and sets it to null, one at a time: lists those after which
/// the check still passes although the property is not declared irrelevant.
#[must_use]
pub fn property_violations(judge: &Judge, check: &CheckDefinition) -> Vec<PropertyViolation> {
    let passing = check.cases.iter().filter(|case| case.expected == FindingOutcome::Pass);
    let mut violations = Vec::new();
    for case in passing {
        let Ok(input) = case.input() else { continue };
        for stake in stakes(check, &input) {
            for change in [PropertyChange::Deleted, PropertyChange::SetToNull] {
                if change == PropertyChange::SetToNull && stake.is_null {
                    continue;
                }
                let changed = with_change(&input, &stake, change);
                if judge_input(judge, check, &changed).outcome == FindingOutcome::Pass {
                    violations.push(PropertyViolation {
                        case: case.name.clone(),
                        dataset: stake.dataset.clone(),
                        row: stake.row,
                        property: stake.pointer.dotted(),
                        change,
                    });
                }
            }
        }
    }
    violations
}

/// A property that a pass must rest on, unless it is declared otherwise.
struct Stake {
    dataset: DatasetId,
    row: usize,
    pointer: Pointer,
    is_null: bool,
}

fn stakes(check: &CheckDefinition, input: &CaseInput) -> Vec<Stake> {
    let metadata = &check.metadata;
    let rows = input
        .datasets
        .iter()
        .flat_map(|(dataset, given)| given.rows.iter().enumerate().map(move |(row, value)| (dataset, row, value)));
    rows.flat_map(|(dataset, row, value)| {
        properties(value).into_iter().filter_map(move |pointer| {
            let property = pointer.dotted();
            let old = value.pointer(&pointer.text())?;
            let is_excused = is_declared(&metadata.irrelevant, dataset, &property)
                || (is_unset(old) && is_declared(&metadata.optional, dataset, &property));
            (!is_excused).then(|| Stake { dataset: dataset.clone(), row, pointer, is_null: old.is_null() })
        })
    })
    .collect()
}

fn judge_input(judge: &Judge, check: &CheckDefinition, input: &CaseInput) -> CheckResult {
    let datasets: BTreeMap<DatasetId, Dataset> = input
        .datasets
        .iter()
        .map(|(id, given)| {
            let dataset = Dataset {
                id: id.clone(),
                outcome: given.outcome,
                reason: given.reason.clone(),
                collected_at: given.collected_at.unwrap_or(input.now),
                rows: given.rows.clone(),
                meta: given.meta.clone(),
            };
            (id.clone(), dataset)
        })
        .collect();
    let subject = Subject { organization: "case", target: "case", now: input.now };
    let settings = Value::Object(input.settings.clone());
    let inputs = Inputs::prepare(subject, datasets, &settings, &BTreeMap::new(), &|_| Some(CASE_TIME_TO_LIVE_HOURS));
    judge.judge(check, &inputs)
}

/// Where a property is inside a row.
#[derive(Debug, Clone)]
struct Pointer(Vec<Step>);

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Index(usize),
}

impl Pointer {
    /// As a JSON pointer (RFC 6901).
    fn text(&self) -> String {
        Self::join(&self.0)
    }

    fn join(steps: &[Step]) -> String {
        steps
            .iter()
            .map(|step| match step {
                Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => format!("/{index}"),
            })
            .collect()
    }

    fn dotted(&self) -> String {
        let keys: Vec<&str> = self
            .0
            .iter()
            .filter_map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                Step::Index(_) => None,
            })
            .collect();
        keys.join(".")
    }
}

/// Every object member below `row`, at any depth.
fn properties(row: &Value) -> Vec<Pointer> {
    fn walk(value: &Value, path: &mut Vec<Step>, found: &mut Vec<Pointer>) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    path.push(Step::Key(key.clone()));
                    found.push(Pointer(path.clone()));
                    walk(member, path, found);
                    path.pop();
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(Step::Index(index));
                    walk(item, path, found);
                    path.pop();
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(row, &mut Vec::new(), &mut found);
    found
}

fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// True when the property, or one that it is part of, is declared; `*` declares all.
fn is_declared(declared: &BTreeMap<DatasetId, Vec<String>>, dataset: &DatasetId, property: &str) -> bool {
    declared.get(dataset).is_some_and(|paths| {
        paths.iter().any(|path| {
            path == "*"
                || property.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    })
}

fn with_change(input: &CaseInput, stake: &Stake, change: PropertyChange) -> CaseInput {
    let mut changed = input.clone();
    let row = changed.datasets.get_mut(&stake.dataset).and_then(|given| given.rows.get_mut(stake.row));
    if let (Some(row), Some((Step::Key(key), parents))) = (row, stake.pointer.0.split_last()) {
        let parent: Option<&mut Map<String, Value>> =
            row.pointer_mut(&Pointer::join(parents)).and_then(Value::as_object_mut);
        match (parent, change) {
            (Some(parent), PropertyChange::Deleted) => {
                parent.remove(key);
            }
            (Some(parent), PropertyChange::SetToNull) => {
                parent.insert(key.clone(), Value::Null);
            }
            (None, _) => {}
        }
    }
    changed
}
