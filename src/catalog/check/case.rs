//! Worked examples of a check: `cases/<outcome>_<what>.json`.
//!
//! Reads and validates one file; never judges it. Start with [`read`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CheckCase, Compiling};
use crate::catalog::fault::Faults;
use crate::model::evidence::CollectionOutcome;
use crate::model::finding::FindingOutcome;
use crate::model::id::DatasetId;
use crate::model::time::Timestamp;

/// The content of a case file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseInput {
    /// A dataset that is left out was not collected.
    pub datasets: BTreeMap<DatasetId, CaseDataset>,
    #[serde(default)]
    pub settings: Map<String, Value>,
    pub now: Timestamp,
}

/// One dataset of a case, as a collector and its parser would have left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseDataset {
    pub outcome: CollectionOutcome,
    #[serde(default)]
    pub reason: String,
    /// When it was collected; the case's `now` if left out.
    #[serde(default)]
    pub collected_at: Option<Timestamp>,
    #[serde(default)]
    pub rows: Vec<Value>,
    #[serde(default)]
    pub meta: Map<String, Value>,
}

const OUTCOMES: [FindingOutcome; 4] =
    [FindingOutcome::NotApplicable, FindingOutcome::Unknown, FindingOutcome::Pass, FindingOutcome::Fail];

/// Reads one case; every dataset it names must be one that the check may read.
pub(super) fn read(
    file: &str,
    file_name: &str,
    bytes: Cow<'static, [u8]>,
    known: Option<&[DatasetId]>,
    compiling: Compiling,
    faults: &mut Faults,
) -> Option<CheckCase> {
    let name = file_name.strip_suffix(".json");
    if name.is_none() {
        faults.add(file, None, "a case is a .json file; rename it or move it out of `cases`");
    }
    let name = name?;
    let expected = OUTCOMES.into_iter().find(|outcome| {
        name.strip_prefix(outcome.as_str()).is_some_and(|rest| rest.starts_with('_') && rest.len() > 1)
    });
    if expected.is_none() {
        let message = format!(
            "the name `{name}` does not say which outcome is expected; begin it with pass_, fail_, unknown_ or not_applicable_"
        );
        faults.add(file, None, message);
    }
    let case = CheckCase { name: name.to_owned(), expected: expected?, bytes };
    if compiling == Compiling::WhenJudging {
        return Some(case);
    }
    let input = match case.input() {
        Ok(input) => input,
        Err(error) => {
            let text = error.to_string();
            let text = text.split(" at line ").next().unwrap_or_default();
            faults.add(file, Some(error.line() as u64), format!("the case cannot be read: {text}"));
            return None;
        }
    };
    for dataset in input.datasets.keys() {
        if known.is_some_and(|known| !known.contains(dataset)) {
            let message = format!("the case gives `{dataset}`, which the check neither requires nor uses");
            faults.add(file, None, message);
        }
    }
    Some(case)
}
