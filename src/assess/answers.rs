//! What every check of a framework comes to on every target, once a framework, before objectives are looked at: only
//! targets and findings in scope, and nothing that is too old.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::Duration;

use super::scope::Scope;
use super::{Situation, hours_to_live, sources_of};
use crate::catalog::check::CheckDefinition;
use crate::model::change::Disconnection;
use crate::model::finding::FindingOutcome;
use crate::model::id::{CheckId, FrameworkId};
use crate::model::time::Timestamp;

/// What a check says about a target that is in scope. A target it was never asked about is `unknown`.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub target: &'a str,
    pub outcome: FindingOutcome,
    pub because: Cow<'a, str>,
    pub evidence: &'a [u64],
}

/// What one check says about all targets that are in scope.
#[derive(Debug, Default)]
pub(super) struct Answers<'a> {
    pub all: Vec<Answer<'a>>,
    pub passed: usize,
    /// Targets without a usable answer.
    pub open: usize,
    pub not_applicable: usize,
    /// Targets that would be asked if they were in scope.
    pub left_out: usize,
    /// The last target that would be asked if it had not been disconnected.
    pub disconnected: Option<&'a Disconnection>,
    /// When the oldest data behind an answer was collected.
    pub oldest: Option<Timestamp>,
}

/// The answers of every check that bears on a framework.
#[must_use]
pub(super) fn of_framework<'a>(
    situation: &Situation<'a>,
    framework: &'a FrameworkId,
) -> BTreeMap<&'a CheckId, Answers<'a>> {
    let scope = Scope::of(situation.decisions, framework, situation.now);
    let checks = situation.catalog.checks_of_framework(framework);
    checks.map(|check| (&check.id, of_check(situation, &scope, check))).collect()
}

fn of_check<'a>(situation: &Situation<'a>, scope: &Scope<'_>, check: &'a CheckDefinition) -> Answers<'a> {
    let mut answers = Answers::default();
    let limit = hours_to_live(situation.catalog, check).map(|hours| (hours, Duration::hours(i64::from(hours))));
    let results = situation.results.of(&check.id);
    let sources = sources_of(situation.catalog, check);
    let disconnected = situation.decisions.changes.disconnections.iter().rev();
    answers.disconnected = disconnected.filter(|one| one.at <= situation.now).find(|one| {
        let connected = situation.targets.get(&one.source);
        sources.contains(&one.source) && connected.is_none_or(|targets| !targets.contains(&one.target))
    });
    for target in sources.iter().filter_map(|source| situation.targets.get(source)).flatten() {
        if scope.leaves_out(target) {
            answers.left_out += 1;
            continue;
        }
        let Some(judged) = results.and_then(|by_target| by_target.get(target)) else {
            answers.add(Answer {
                target,
                outcome: FindingOutcome::Unknown,
                because: format!("{target} was not looked at for \"{}\".", check.title).into(),
                evidence: &[],
            });
            continue;
        };
        answers.oldest = Some(answers.oldest.map_or(judged.seen_at, |known| known.min(judged.seen_at)));
        let result = &judged.result;
        let (outcome, because): (_, Cow<'_, str>) = match limit {
            Some((hours, limit)) if situation.now.since(judged.seen_at) > limit => {
                let seen = judged.seen_at.for_people();
                let because =
                    format!("{target} was last looked at on {seen}; after {hours} hours that no longer counts.");
                (FindingOutcome::Unknown, because.into())
            }
            _ => match scope.without(check, result) {
                Some((outcome, because)) => (outcome, because.into()),
                None => (result.outcome, result.because.as_str().into()),
            },
        };
        answers.add(Answer { target, outcome, because, evidence: &result.evidence });
    }
    answers
}

impl<'a> Answers<'a> {
    fn add(&mut self, answer: Answer<'a>) {
        match answer.outcome {
            FindingOutcome::Pass => self.passed += 1,
            FindingOutcome::Unknown => self.open += 1,
            FindingOutcome::NotApplicable => self.not_applicable += 1,
            FindingOutcome::Fail => {}
        }
        self.all.push(answer);
    }
}
