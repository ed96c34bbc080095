//! Findings + catalog -> where every control stands. Pure: no database, no network, no clock.
//!
//! Nothing is over-claimed: a failing check makes an objective not met; a full proof on every in-scope target, or a
//! person's statement that nothing contradicts, makes it met; everything else is undetermined with the reason in words.
//! Start with [`rollup::framework_statuses`].

mod answers;
pub mod cmmc;
pub mod coverage;
pub mod hipaa;
pub mod kept;
mod objective;
mod outline;
pub mod pci;
pub mod rollup;
pub mod scope;
mod statement;
pub mod unknown;
pub mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::catalog::check::CheckDefinition;
use crate::model::decision::Decisions;
use crate::model::evidence::Source;
use crate::model::finding::CheckResult;
use crate::model::id::{CheckId, FrameworkId};
use crate::model::responsibility::{MatrixState, ResponsibilityMatrix};
use crate::model::time::Timestamp;

/// A check's newest result on a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub result: CheckResult,
    pub judged_at: Timestamp,
    /// When the oldest data it rests on was collected: this grows old, not the judgement.
    pub seen_at: Timestamp,
}

/// What an organization has: all its targets, by kind of source.
pub type Targets = BTreeMap<Source, BTreeSet<String>>;

/// The split in force of each framework.
pub type Matrices = BTreeMap<FrameworkId, (ResponsibilityMatrix, MatrixState)>;

/// Everything the roll-up reads. What was not known yet is not in it: whoever asks what was known at a moment leaves out
/// what was recorded later.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    pub catalog: &'a Catalog,
    pub targets: &'a Targets,
    pub results: &'a Results,
    pub decisions: &'a Decisions,
    pub matrices: &'a Matrices,
    /// The moment asked about: by it data is old, statements are in date and decisions count.
    pub now: Timestamp,
}

/// The newest result of every check on every target.
#[derive(Debug, Clone, Default)]
pub struct Results(BTreeMap<CheckId, BTreeMap<String, Judged>>);

impl Results {
    #[must_use]
    pub fn new(all: impl IntoIterator<Item = Judged>) -> Self {
        let mut results = Self::default();
        for judged in all {
            results.add(judged);
        }
        results
    }

    /// Adds a result unless a newer one is there.
    pub fn add(&mut self, judged: Judged) {
        let by_target = self.0.entry(judged.result.check.clone()).or_default();
        let known = by_target.get(&judged.result.target);
        if known.is_none_or(|known| known.judged_at <= judged.judged_at) {
            by_target.insert(judged.result.target.clone(), judged);
        }
    }

    #[must_use]
    pub fn get(&self, check: &CheckId, target: &str) -> Option<&Judged> {
        self.0.get(check)?.get(target)
    }

    /// Everything one check said, by target.
    fn of(&self, check: &CheckId) -> Option<&BTreeMap<String, Judged>> {
        self.0.get(check)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Judged> {
        self.0.values().flat_map(BTreeMap::values)
    }
}

/// The kinds of source a check reads from; a check is asked of every target of these kinds.
#[must_use]
pub fn sources_of(catalog: &Catalog, check: &CheckDefinition) -> BTreeSet<Source> {
    check.datasets().into_iter().filter_map(|id| catalog.collectors.get(id)).map(|collector| collector.source).collect()
}

/// The hours after which a result no longer says anything: the shortest time to live of what the check reads.
#[must_use]
pub fn hours_to_live(catalog: &Catalog, check: &CheckDefinition) -> Option<u32> {
    check
        .datasets()
        .into_iter()
        .filter_map(|id| catalog.collectors.get(id))
        .map(|collector| collector.time_to_live_hours)
        .min()
}

#[cfg(test)]
mod tests;
