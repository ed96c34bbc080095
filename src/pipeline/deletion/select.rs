//! Which bytes may go: those that only old evidence records name.
//!
//! Everything that any other record names stays: younger evidence, judgements, matrices, attestations, reports, lists.
//! Also what the next judgement reads: the newest evidence of a dataset and target, within its time to live.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use countersign_seal::digest::Digest;
use countersign_seal::record::{Record, Statement, parse_artifact_line};

use crate::app::App;
use crate::model::id::DatasetId;
use crate::model::retention::Days;
use crate::model::time::Timestamp;
use crate::pipeline::fault::CommitFault;
use crate::pipeline::objects::read_objects;
use crate::pipeline::retention::{Hold, Holds, intact};
use crate::store::OrgScope;

/// What somebody wants to be rid of.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Evidence whose collection finished before this.
    pub before: Timestamp,
    /// Only of this dataset.
    pub dataset: Option<DatasetId>,
}

/// Bytes that may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Evidence records that lose bytes.
    pub records: u64,
    /// Objects with their sizes.
    pub objects: BTreeMap<Digest, u64>,
    /// Legal holds in force.
    pub holds: Vec<Hold>,
    /// Records that were looked at.
    pub size: u64,
}

impl Selection {
    /// How many bytes go, before compression.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.objects.values().sum()
    }
}

/// How many records are read at once.
const PAGE: u64 = 1000;

/// Who names which bytes.
#[derive(Default)]
struct Named {
    /// By old evidence records, with the leaves.
    old: BTreeMap<Digest, Vec<u64>>,
    /// By anything else.
    kept: BTreeSet<Digest>,
    /// Artifact lists of old evidence, with the leaf.
    old_lists: Vec<(Digest, u64)>,
    kept_lists: BTreeSet<Digest>,
}

/// Looks through the whole ledger. Evidence whose collection finished on one of the days in `kept` stays.
pub async fn select(app: &App, scope: &OrgScope, limits: &Limits, kept: &[Days]) -> Result<Selection, CommitFault> {
    let now = app.clock.now();
    let counts = still_counts(app, scope, now).await?;
    let size = app.store.head(scope).await?.map_or(0, |head| head.size);
    let mut named = Named::default();
    let mut holds = Holds::default();
    let mut next = 0;
    while next < size {
        let leaves = app.store.leaves(scope, next, PAGE.min(size - next)).await?;
        let Some(last) = leaves.last() else { break };
        next = last.leaf + 1;
        for stored in &leaves {
            let record = intact(stored)?;
            holds.heed(stored.leaf, &record)?;
            let old = !counts.contains(&stored.leaf) && is_old(&record, limits, kept)?;
            named.take(stored.leaf, &record, old);
        }
    }
    named.read_lists(app, scope).await?;
    let wanted: Vec<Digest> = named.old.keys().filter(|digest| !named.kept.contains(digest)).copied().collect();
    let there = app.store.object_locations(scope, &wanted).await?;
    let objects: BTreeMap<Digest, u64> = there.into_iter().map(|(digest, location)| (digest, location.size)).collect();
    let records: BTreeSet<u64> = objects.keys().filter_map(|digest| named.old.get(digest)).flatten().copied().collect();
    Ok(Selection { records: records.len() as u64, objects, holds: holds.in_force(), size })
}

/// What records from `first` on name, and the holds they place: to see that nothing came in between.
pub(super) async fn named_since(
    app: &App,
    scope: &OrgScope,
    first: u64,
) -> Result<(BTreeSet<Digest>, Vec<Hold>), CommitFault> {
    let mut named = Named::default();
    let mut holds = Holds::default();
    let mut next = first;
    loop {
        let leaves = app.store.leaves(scope, next, PAGE).await?;
        let Some(last) = leaves.last() else { break };
        next = last.leaf + 1;
        for stored in &leaves {
            let record = intact(stored)?;
            holds.heed(stored.leaf, &record)?;
            named.take(stored.leaf, &record, false);
        }
    }
    named.read_lists(app, scope).await?;
    Ok((named.kept, holds.in_force()))
}

impl Named {
    fn take(&mut self, leaf: u64, record: &Record, old: bool) {
        for artifact in record.artifacts() {
            if old {
                self.old.entry(artifact.sha256).or_default().push(leaf);
            } else {
                self.kept.insert(artifact.sha256);
            }
        }
        if let Some(list) = record.artifact_list() {
            // Names and hashes outlive the bytes.
            self.kept.insert(list.sha256);
            if old {
                self.old_lists.push((list.sha256, leaf));
            } else {
                self.kept_lists.insert(list.sha256);
            }
        }
    }

    async fn read_lists(&mut self, app: &App, scope: &OrgScope) -> Result<(), CommitFault> {
        let lists: BTreeSet<Digest> =
            self.old_lists.iter().map(|(list, _)| *list).chain(self.kept_lists.iter().copied()).collect();
        for list in lists {
            let read = read_objects(app, scope, [list]).await?;
            let lines = read.get(&list).map(bytes::Bytes::as_ref).unwrap_or_default();
            let of_old: Vec<u64> =
                self.old_lists.iter().filter(|(one, _)| *one == list).map(|(_, leaf)| *leaf).collect();
            for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let artifact = parse_artifact_line(line)?;
                if self.kept_lists.contains(&list) {
                    self.kept.insert(artifact.sha256);
                }
                self.old.entry(artifact.sha256).or_default().extend(&of_old);
            }
        }
        Ok(())
    }
}

fn is_old(record: &Record, limits: &Limits, kept: &[Days]) -> Result<bool, CommitFault> {
    let Some(Statement::Evidence(evidence)) = record.statement()? else { return Ok(false) };
    let finished = evidence.finished.as_str().parse::<Timestamp>();
    let of_dataset = limits.dataset.as_ref().is_none_or(|wanted| wanted.as_str() == evidence.dataset);
    let may_go = |finished: Timestamp| finished < limits.before && !kept.iter().any(|days| days.hold(finished));
    Ok(of_dataset && finished.is_ok_and(may_go))
}

/// Leaves of evidence that the next judgement reads.
async fn still_counts(app: &App, scope: &OrgScope, now: Timestamp) -> Result<BTreeSet<u64>, CommitFault> {
    let latest = app.store.latest_evidence(scope, now).await?;
    let fresh = |dataset: &DatasetId, collected_at: Timestamp| {
        app.catalog
            .collectors
            .get(dataset)
            .is_some_and(|one| now.since(collected_at) <= Duration::hours(i64::from(one.time_to_live_hours)))
    };
    Ok(latest
        .into_iter()
        .filter(|row| fresh(&row.sealed.dataset, row.sealed.collected_at))
        .map(|row| row.sealed.leaf)
        .collect())
}
