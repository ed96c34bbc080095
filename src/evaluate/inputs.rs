//! What a rule sees of one target: datasets, settings, time, organization.
//!
//! Converts each dataset once, however many checks read it. A dataset that was not seen, or is too old, is shown
//! without `rows`, so that a rule cannot mistake it for an empty one. Start with [`Inputs::prepare`].

use std::collections::BTreeMap;

use chrono::Duration;
use regorus::Value;
use serde::Deserialize as _;
use serde_json::json;

use crate::catalog::check::{CheckDefinition, UnlicensedMeaning};
use crate::dataset::Dataset;
use crate::model::evidence::CollectionOutcome;
use crate::model::id::DatasetId;
use crate::model::time::Timestamp;

/// Whose data is judged, and as of when.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The organization's short name.
    pub organization: &'a str,
    /// Tenant id, host name or file drop.
    pub target: &'a str,
    pub now: Timestamp,
}

/// One dataset as the judge knows it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub outcome: CollectionOutcome,
    pub reason: String,
    /// Set when it is older than the collector's time to live: how old it may be, in hours.
    pub too_old: Option<u32>,
    pub collected_at: Timestamp,
    pub evidence: Option<u64>,
    document: Value,
}

/// Everything that rules are asked about for one target, prepared once.
#[derive(Debug)]
pub struct Inputs {
    pub(super) target: String,
    organization: Value,
    now: Value,
    settings: Value,
    datasets: BTreeMap<DatasetId, Seen>,
}

impl Inputs {
    /// Converts a target's datasets, and lets each row go once it is converted. `settings` are the organization's; `evidence` names the ledger leaf each dataset
    /// came from, where there is a ledger; `time_to_live` answers with hours, none meaning that data never grows old.
    #[must_use]
    pub fn prepare(
        subject: Subject<'_>,
        datasets: BTreeMap<DatasetId, Dataset>,
        settings: &serde_json::Value,
        evidence: &BTreeMap<DatasetId, u64>,
        time_to_live: &dyn Fn(&DatasetId) -> Option<u32>,
    ) -> Self {
        let seen = datasets.into_iter().map(|(id, dataset)| {
            let age = subject.now.since(dataset.collected_at);
            let too_old = time_to_live(&id).filter(|hours| age > Duration::hours(i64::from(*hours)));
            let seen = Seen {
                outcome: dataset.outcome,
                reason: dataset.reason.clone(),
                too_old,
                collected_at: dataset.collected_at,
                evidence: evidence.get(&id).copied(),
                document: document(dataset, too_old.is_none()),
            };
            (id, seen)
        });
        Self {
            target: subject.target.to_owned(),
            organization: Value::from(subject.organization),
            now: Value::from(subject.now.to_string()),
            settings: if settings.is_object() { value_of(settings) } else { Value::new_object() },
            datasets: seen.collect(),
        }
    }

    pub(super) fn get(&self, id: &DatasetId) -> Option<&Seen> {
        self.datasets.get(id)
    }

    /// The input of one rule: only the datasets it names, without those in `hidden`.
    pub(super) fn for_rule(&self, check: &CheckDefinition, hidden: &[&DatasetId]) -> Value {
        let datasets: BTreeMap<Value, Value> = check
            .datasets()
            .into_iter()
            .filter(|id| !hidden.contains(id))
            .filter_map(|id| self.datasets.get(id).map(|seen| (id, seen)))
            .map(|(id, seen)| (Value::from(id.as_str()), seen.shown(check.metadata.unlicensed.get(id).copied())))
            .collect();
        let input: BTreeMap<Value, Value> = [
            ("datasets", Value::from(datasets)),
            ("settings", self.settings.clone()),
            ("now", self.now.clone()),
            ("organization", self.organization.clone()),
        ]
        .into_iter()
        .map(|(key, value)| (Value::from(key), value))
        .collect();
        Value::from(input)
    }
}

impl Seen {
    /// True when the rule is shown rows: all there are, or those that were read.
    pub fn has_rows(&self) -> bool {
        self.too_old.is_none() && (self.outcome.is_seen_whole() || self.outcome == CollectionOutcome::Partial)
    }

    fn shown(&self, unlicensed: Option<UnlicensedMeaning>) -> Value {
        let absent =
            self.outcome == CollectionOutcome::Unlicensed && unlicensed == Some(UnlicensedMeaning::FeatureAbsent);
        let mut document = self.document.clone();
        if absent
            && self.too_old.is_none()
            && let Ok(object) = document.as_object_mut()
        {
            object.insert(Value::from("rows"), Value::new_array());
        }
        document
    }
}

fn document(dataset: Dataset, fresh: bool) -> Value {
    let has_rows = fresh && (dataset.outcome.is_seen_whole() || dataset.outcome == CollectionOutcome::Partial);
    let mut document = value_of(&json!({
        "outcome": dataset.outcome,
        "reason": dataset.reason,
        "collected_at": dataset.collected_at,
        "meta": dataset.meta,
    }));
    if has_rows && let Ok(object) = document.as_object_mut() {
        let rows: Vec<Value> = dataset.rows.into_iter().map(|row| value_of(&row)).collect();
        object.insert(Value::from("rows"), Value::from(rows));
    }
    document
}

/// JSON as Rego sees it. A number that JSON allows and Rego does not becomes null, which no rule takes for a value.
fn value_of(json: &serde_json::Value) -> Value {
    Value::deserialize(json).unwrap_or(Value::Null)
}
