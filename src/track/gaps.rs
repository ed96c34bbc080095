//! Gaps open by themselves, close only on evidence, wait when sight is lost, and come back with their history.

use std::collections::{BTreeMap, BTreeSet};

use super::owner::Owners;
use crate::catalog::Catalog;
use crate::catalog::check::CheckDefinition;
use crate::model::finding::{CheckResult, FindingOutcome};
use crate::model::gap::{ControlRef, Gap, GapState};
use crate::model::id::{CheckId, FrameworkId, GapId};
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;

/// Something that happened to a gap and is worth a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapChange {
    Opened,
    Reopened,
    Closed,
    AwaitingEvidence,
    /// Sight is back and the fault is still there.
    SeenAgain,
}

impl GapChange {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Closed => "closed",
            Self::AwaitingEvidence => "awaiting_evidence",
            Self::SeenAgain => "seen_again",
        }
    }

    /// The change with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [Self::Opened, Self::Reopened, Self::Closed, Self::AwaitingEvidence, Self::SeenAgain];
        all.into_iter().find(|change| change.as_str() == word)
    }

    /// In words for people.
    #[must_use]
    pub fn for_people(self) -> &'static str {
        match self {
            Self::Opened => "first seen",
            Self::Reopened => "came back",
            Self::Closed => "seen to be mended",
            Self::AwaitingEvidence => "could no longer be seen",
            Self::SeenAgain => "seen again",
        }
    }
}

/// A gap as it is after looking at the results; `change` is none when only details moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedGap {
    pub gap: Gap,
    pub change: Option<GapChange>,
}

/// What the rules look at.
#[derive(Clone, Copy)]
pub struct GapRules<'a> {
    pub catalog: &'a Catalog,
    pub frameworks: &'a [FrameworkId],
    pub owners: &'a Owners<'a>,
    pub now: Timestamp,
}

/// Follows up every result of a run. Gaps of checks and targets that were not judged stay as they are.
#[must_use]
pub fn follow_up<'a>(
    rules: &GapRules<'_>,
    known: impl IntoIterator<Item = &'a Gap>,
    results: &[CheckResult],
) -> Vec<TrackedGap> {
    let mut by_identity: BTreeMap<(&CheckId, &str), &Gap> = BTreeMap::new();
    for gap in known {
        by_identity.insert((&gap.check, gap.target.as_str()), gap);
    }
    results
        .iter()
        .filter_map(|result| {
            let definition = rules.catalog.checks.get(&result.check)?;
            let known = by_identity.get(&(&result.check, result.target.as_str())).copied();
            follow(rules, definition, known, result)
        })
        .collect()
}

fn follow(
    rules: &GapRules<'_>,
    definition: &CheckDefinition,
    known: Option<&Gap>,
    result: &CheckResult,
) -> Option<TrackedGap> {
    match (result.outcome, known) {
        (FindingOutcome::Fail, None) => {
            let gap = fresh(rules, definition, result);
            Some(TrackedGap { gap, change: Some(GapChange::Opened) })
        }
        (FindingOutcome::Fail, Some(gap)) => {
            let change = match gap.state {
                GapState::Closed => Some(GapChange::Reopened),
                GapState::AwaitingEvidence => Some(GapChange::SeenAgain),
                GapState::Open => None,
            };
            let fresh = fresh(rules, definition, result);
            let reopened = gap.reopened + u32::from(gap.state == GapState::Closed);
            let gap = Gap { id: gap.id, opened_at: gap.opened_at, reopened, ..fresh };
            Some(TrackedGap { gap, change })
        }
        (FindingOutcome::Pass | FindingOutcome::NotApplicable, Some(gap))
            if gap.state != GapState::Closed && was_looked_at(definition, result) =>
        {
            let gap = Gap {
                state: GapState::Closed,
                closed_at: Some(rules.now),
                because: result.because.clone(),
                resources: Vec::new(),
                evidence: result.evidence.clone(),
                ..gap.clone()
            };
            Some(TrackedGap { gap, change: Some(GapChange::Closed) })
        }
        (FindingOutcome::Unknown | FindingOutcome::NotApplicable, Some(gap)) if gap.state == GapState::Open => {
            // The last known failure stays readable; only the state says that it can no longer be seen.
            let gap = Gap { state: GapState::AwaitingEvidence, ..gap.clone() };
            Some(TrackedGap { gap, change: Some(GapChange::AwaitingEvidence) })
        }
        _ => None,
    }
}

/// Open gaps of which nothing can be seen any more, because their target was disconnected: they wait.
#[must_use]
pub fn out_of_sight<'a>(known: impl IntoIterator<Item = &'a Gap>, is_gone: impl Fn(&Gap) -> bool) -> Vec<TrackedGap> {
    let gone = known.into_iter().filter(|gap| gap.state == GapState::Open && is_gone(gap));
    let waits = |gap: &Gap| TrackedGap {
        gap: Gap { state: GapState::AwaitingEvidence, ..gap.clone() },
        change: Some(GapChange::AwaitingEvidence),
    };
    gone.map(waits).collect()
}

/// False when a check does not apply only because the source no longer offers its data: that a fault cannot be looked
/// for is no evidence that it is gone. Such findings are about datasets, those of a rule about what is in them.
fn was_looked_at(definition: &CheckDefinition, result: &CheckResult) -> bool {
    let datasets = definition.datasets();
    result.outcome == FindingOutcome::Pass
        || result.resources.iter().any(|one| !datasets.iter().any(|id| id.as_str() == one.resource))
}

fn fresh(rules: &GapRules<'_>, definition: &CheckDefinition, result: &CheckResult) -> Gap {
    let wanted: BTreeSet<&FrameworkId> = rules.frameworks.iter().collect();
    let controls: Vec<ControlRef> = rules
        .catalog
        .controls_of_check(&definition.id)
        .iter()
        .filter(|held| wanted.contains(&held.framework))
        .cloned()
        .collect();
    let party = rules.owners.of_fault(rules.catalog, &definition.id, &controls);
    let failing = result.resources.iter().filter(|one| one.outcome == FindingOutcome::Fail);
    Gap {
        id: GapId::fresh(),
        check: definition.id.clone(),
        target: result.target.clone(),
        title: definition.title.clone(),
        severity: definition.metadata.severity.as_str().to_owned(),
        state: GapState::Open,
        party,
        because: result.because.clone(),
        remediation: remediation(definition, party),
        resources: failing.map(|one| one.resource.clone()).collect(),
        controls,
        opened_at: rules.now,
        last_seen_at: rules.now,
        closed_at: None,
        reopened: 0,
        evidence: result.evidence.clone(),
    }
}

/// What this party should do; when the check has no text for it, what the other one would do.
pub(super) fn remediation(definition: &CheckDefinition, party: Party) -> String {
    let texts = &definition.metadata.remediation;
    texts.get(&party).or_else(|| texts.values().next()).cloned().unwrap_or_default()
}
