//! Which targets and resources count for a framework, by the signed decisions in force. What nobody decided counts.
//!
//! A decision about a resource removes findings about it and changes what a check comes to on that target. Findings about
//! the target as a whole, about a dataset (it was read only in part) or in the check's own name (its rule broke off) can
//! only go with the whole target. Start with [`left_out`]; the roll-up asks [`Scope`].

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::check::CheckDefinition;
use crate::model::decision::Decisions;
use crate::model::finding::{CheckResult, FindingOutcome, ResourceFinding};
use crate::model::id::FrameworkId;
use crate::model::scope::ScopeDecision;
use crate::model::time::Timestamp;

/// What does not count for a framework at a moment, one decision a target or resource: who decided it, and why. By
/// target, then resource; a whole target comes before its resources.
#[must_use]
pub fn left_out<'a>(decisions: &'a Decisions, framework: &FrameworkId, now: Timestamp) -> Vec<&'a ScopeDecision> {
    let mut newest: BTreeMap<(&str, Option<&str>), &ScopeDecision> = BTreeMap::new();
    for one in decisions.scope.iter().filter(|one| one.framework == *framework && one.at <= now) {
        newest.insert((&one.target, one.resource.as_deref()), one);
    }
    newest.into_values().filter(|one| !one.category.counts()).collect()
}

/// What does not count for one framework.
#[derive(Debug, Default)]
pub struct Scope<'a> {
    targets: BTreeSet<&'a str>,
    resources: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Scope<'a> {
    /// By the decisions in force at a moment.
    #[must_use]
    pub fn of(decisions: &'a Decisions, framework: &FrameworkId, now: Timestamp) -> Self {
        let mut scope = Self::default();
        for one in left_out(decisions, framework, now) {
            match &one.resource {
                None => {
                    scope.targets.insert(&one.target);
                }
                Some(resource) => {
                    scope.resources.entry(&one.target).or_default().insert(resource);
                }
            }
        }
        scope
    }

    pub(super) fn leaves_out(&self, target: &str) -> bool {
        self.targets.contains(target)
    }

    /// Whether a fault of a check on a target counts: the target does, and so does something that its newest result finds
    /// wrong. What cannot be said any more counts as long as its target does.
    #[must_use]
    pub fn holds_fault(&self, check: Option<&CheckDefinition>, target: &str, result: Option<&CheckResult>) -> bool {
        if self.leaves_out(target) {
            return false;
        }
        let (Some(check), Some(result)) = (check, result.filter(|one| one.outcome == FindingOutcome::Fail)) else {
            return true;
        };
        self.without(check, result)
            .is_none_or(|(outcome, _)| matches!(outcome, FindingOutcome::Fail | FindingOutcome::Unknown))
    }

    /// What a result comes to without the resources that do not count; none: nothing of it goes.
    pub(super) fn without(&self, check: &CheckDefinition, result: &CheckResult) -> Option<(FindingOutcome, String)> {
        let gone = self.resources.get(result.target.as_str())?;
        let datasets = check.datasets();
        let counts = |finding: &&ResourceFinding| {
            let resource = finding.resource.as_str();
            !gone.contains(resource)
                || finding.is_about_the_whole_target()
                || resource == check.id.as_str()
                || datasets.iter().any(|id| id.as_str() == resource)
        };
        let left = result.resources.iter().filter(counts);
        if left.clone().count() == result.resources.len() {
            return None;
        }
        // Findings that a long list does not name are at most as bad as the last one it names.
        let is_cut = result.resources.len() >= CheckResult::MAX_RESOURCES;
        let hidden = result.resources.last().map(|last| last.outcome).filter(|_| is_cut);
        let (outcome, because) = ResourceFinding::summary(left.clone());
        match hidden {
            Some(FindingOutcome::Fail | FindingOutcome::Unknown) if outcome != FindingOutcome::Fail => {
                let because = format!(
                    "{} has more findings than are kept; whether one of the others counts for this framework cannot be \
                     said.",
                    result.target
                );
                Some((FindingOutcome::Unknown, because))
            }
            Some(FindingOutcome::Pass) if left.clone().next().is_none() => Some((
                FindingOutcome::Pass,
                format!("What counts of {} for this framework is in order.", result.target),
            )),
            _ if left.clone().next().is_none() => {
                let because =
                    format!("Nothing that this looks at on {} is in scope for this framework.", result.target);
                Some((FindingOutcome::NotApplicable, because))
            }
            _ => Some((outcome, because)),
        }
    }
}
