//! Reads a rule's answer and makes the check's result of it.
//!
//! Trusts no rule: an answer that is not a set of `{resource, outcome, because}` is `unknown`, never guessed at. Start
//! with [`findings`] and [`result`].

use std::cmp::Reverse;

use regorus::Value;

use crate::catalog::check::CheckDefinition;
use crate::model::finding::{CheckResult, FindingOutcome, ResourceFinding};

use super::inputs::Inputs;

/// Reads the `findings` set. Nothing found is `unknown`.
pub(super) fn findings(check: &CheckDefinition, value: &Value) -> Vec<ResourceFinding> {
    let items: Vec<&Value> = match value {
        Value::Set(set) => set.iter().collect(),
        Value::Undefined => Vec::new(),
        other => return broken(check, &format!("answered with {}, not with a set of findings", kind(other))),
    };
    if items.is_empty() {
        return vec![unknown(check, format!("the rule of `{}` found nothing to say about this data", check.id))];
    }
    items
        .into_iter()
        .map(|item| finding(item).unwrap_or_else(|fault| unknown(check, format!("the rule of `{}` {fault}", check.id))))
        .collect()
}

/// The rule could not be asked or broke off.
pub(super) fn broken(check: &CheckDefinition, why: &str) -> Vec<ResourceFinding> {
    vec![unknown(check, format!("the rule of `{}` {why}", check.id))]
}

/// An engine error in one line, without the source listing.
pub(super) fn first_words(error: &impl ToString) -> String {
    let text = error.to_string();
    if text.contains("time limit") {
        return "ran out of time and was stopped".to_owned();
    }
    let line = text.lines().rev().find_map(|line| line.trim().strip_prefix("error: ")).unwrap_or(text.trim());
    let line: String = line.chars().take(300).collect();
    format!("ended in an error: {line}")
}

/// Sorts the findings and says the worst in one sentence.
pub(super) fn result(check: &CheckDefinition, inputs: &Inputs, mut resources: Vec<ResourceFinding>) -> CheckResult {
    resources.sort_by(|a, b| (rank(a), &a.resource, &a.because).cmp(&(rank(b), &b.resource, &b.because)));
    resources.dedup();
    let (outcome, because) = ResourceFinding::summary(resources.iter());
    resources.truncate(CheckResult::MAX_RESOURCES);
    let evidence = check.datasets().into_iter().filter_map(|id| inputs.get(id)?.evidence).collect();
    CheckResult {
        check: check.id.clone(),
        version: check.digest,
        target: inputs.target.clone(),
        outcome,
        because,
        resources,
        evidence,
    }
}

/// Worst first; of equally bad ones those about the target as a whole, whose words come first.
fn rank(finding: &ResourceFinding) -> (Reverse<FindingOutcome>, bool) {
    (Reverse(finding.outcome), !finding.is_about_the_whole_target())
}

fn unknown(check: &CheckDefinition, because: String) -> ResourceFinding {
    ResourceFinding { resource: check.id.to_string(), outcome: FindingOutcome::Unknown, because }
}

fn finding(item: &Value) -> Result<ResourceFinding, String> {
    let object = item.as_object().map_err(|_| format!("gave {} where a finding is expected", kind(item)))?;
    if object.len() != 3 {
        return Err("gave a finding that does not have exactly `resource`, `outcome` and `because`".to_owned());
    }
    let text = |key: &str| {
        let value = object.get(&Value::from(key)).and_then(|value| value.as_string().ok());
        value
            .filter(|text| !text.trim().is_empty())
            .map(ToString::to_string)
            .ok_or_else(|| format!("gave a finding whose `{key}` is not a text"))
    };
    let outcome = text("outcome")?.parse().map_err(|fault| format!("gave an outcome that does not exist: {fault}"))?;
    Ok(ResourceFinding { resource: text("resource")?, outcome, because: text("because")? })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
        Value::Undefined => "nothing",
    }
}
