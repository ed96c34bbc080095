//! What was not looked at: every dataset that was refused, cut short, out of date or never asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::data::dataset_title;
use crate::catalog::Catalog;
use crate::catalog::check::CheckDefinition;
use crate::model::evidence::{CollectionOutcome, SealedEvidence};
use crate::model::id::{ControlId, DatasetId, FrameworkId};
use crate::model::time::Timestamp;

/// One dataset that was not seen whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotSeenLine {
    pub dataset: DatasetId,
    pub title: String,
    /// None when no target was ever asked.
    pub target: Option<String>,
    /// None when no target was ever asked.
    pub outcome: Option<CollectionOutcome>,
    /// The outcome for people: `denied`, `out of date`, `never asked for`.
    pub words: String,
    pub reason: String,
    pub collected_at: Option<Timestamp>,
    pub leaf: Option<u64>,
    /// Undetermined controls of this framework that a check over this dataset bears on.
    pub controls: Vec<ControlId>,
}

/// The newest record of each dataset and target.
pub(super) fn newest(evidence: &[SealedEvidence]) -> BTreeMap<(&DatasetId, &str), &SealedEvidence> {
    let mut newest: BTreeMap<_, &SealedEvidence> = BTreeMap::new();
    for record in evidence {
        let last = newest.entry((&record.dataset, record.target.as_str())).or_insert(record);
        if record.leaf > last.leaf {
            *last = record;
        }
    }
    newest
}

/// True when a record is older than its collector allows at `as_of`. Data without a collector never grows old.
#[must_use]
pub fn is_stale(record: &SealedEvidence, catalog: &Catalog, as_of: Timestamp) -> bool {
    catalog.collectors.get(&record.dataset).is_some_and(|collector| {
        let limit = chrono::Duration::hours(i64::from(collector.time_to_live_hours));
        as_of.since(record.collected_at) > limit
    })
}

/// Everything that was not seen, attempted datasets first. `waiting` names, per dataset, the undetermined controls
/// that a check over it bears on.
pub(super) fn not_seen(
    evidence: &[SealedEvidence],
    catalog: &Catalog,
    framework: &FrameworkId,
    waiting: &HashMap<&DatasetId, Vec<ControlId>>,
    as_of: Timestamp,
) -> Vec<NotSeenLine> {
    let newest = newest(evidence);
    let controls = |dataset: &DatasetId| waiting.get(dataset).cloned().unwrap_or_default();
    let mut lines = Vec::new();
    for record in newest.values() {
        let stale = is_stale(record, catalog, as_of);
        if record.outcome.is_seen_whole() && !stale {
            continue;
        }
        let (words, reason) = if record.outcome.is_seen_whole() {
            ("out of date".to_owned(), "It was read, but longer ago than this data may be relied on.".to_owned())
        } else {
            (record.outcome.as_str().replace('_', " "), record.reason.clone())
        };
        lines.push(NotSeenLine {
            dataset: record.dataset.clone(),
            title: dataset_title(catalog, &record.dataset),
            target: Some(record.target.clone()),
            outcome: Some(record.outcome),
            words,
            reason,
            collected_at: Some(record.collected_at),
            leaf: Some(record.leaf),
            // What this target does not have keeps no control waiting: checks judge without it.
            controls: if record.outcome == CollectionOutcome::NotOffered {
                Vec::new()
            } else {
                controls(&record.dataset)
            },
        });
    }
    let attempted: HashSet<_> = newest.keys().map(|(dataset, _)| *dataset).collect();
    let wanted: BTreeSet<_> = catalog.checks_of_framework(framework).flat_map(CheckDefinition::datasets).collect();
    for dataset in wanted.into_iter().filter(|dataset| !attempted.contains(dataset)) {
        lines.push(NotSeenLine {
            dataset: dataset.clone(),
            title: dataset_title(catalog, dataset),
            target: None,
            outcome: None,
            words: "never asked for".to_owned(),
            reason: "No target that could answer is connected, or it has not been collected yet.".to_owned(),
            collected_at: None,
            leaf: None,
            controls: controls(dataset),
        });
    }
    lines
}
