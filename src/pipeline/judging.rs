//! Sealed datasets -> findings -> statuses -> gaps and requests, and one commit that seals all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::commit::{self, Committed};
use super::fault::{CommitFault, blocking};
use super::reading::Shelf;
use super::records::{self, JudgementParts};
use super::standing::{Standing, judged_with};
use super::{RunFault, SealedDataset, decisions, outcome_lines};
use crate::app::App;
use crate::assess::{self, Results};
use crate::dataset::{self, Dataset};
use crate::evaluate::{Inputs, Subject};
use crate::model::change::Changes;
use crate::model::evidence::{SealedEvidence, Source};
use crate::model::finding::{CheckResult, FindingOutcome};
use crate::model::id::{DatasetId, RunId};
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::store::{GapEvent, GapWrite, IndexRows, JudgedResult, OrgScope, StatusChange};
use crate::track::gaps::{GapChange, GapRules, TrackedGap};
use crate::track::owner::Owners;

/// What judging came to.
#[derive(Debug, Clone, Default)]
pub struct JudgingReport {
    pub records: u64,
    pub findings: BTreeMap<FindingOutcome, u64>,
    pub gaps_opened: u64,
    pub gaps_closed: u64,
    pub ledger_size: u64,
}

/// A target with its newest datasets and the leaves they came from.
struct TargetData {
    target: String,
    source: Source,
    datasets: BTreeMap<DatasetId, Dataset>,
    evidence: BTreeMap<DatasetId, u64>,
}

/// Judges the targets a run has touched, follows up gaps and requests, and seals the whole judgement.
pub async fn judge_and_track(
    app: &App,
    organization: &Organization,
    run: RunId,
    sealed: Vec<SealedDataset>,
) -> Result<JudgingReport, RunFault> {
    let scope = OrgScope::of(organization);
    let now = app.clock.now();
    // It may have been changed, and a target disconnected, since the run began.
    let organization = &app.store.organization_of(&scope).await?;
    let sight = Sight::of(app, &scope).await?;
    let data = with_older(app, &scope, sealed, &sight, now).await?;
    let settings = app.store.settings(&scope).await?;
    let seen = seen_at(&data);
    let documents = documents(&data);
    let results = judge(app, organization, data, &settings, now);

    let before = Standing::known(app, organization, now).await?;
    let mut all = Results::new(before.results.iter().cloned());
    for result in &results {
        all.add(judged_with(result.clone(), now, &seen));
    }
    let statuses = before.statuses(&all, now);
    let owners = Owners::new(before.matrices.values().map(|(matrix, _)| matrix));
    let rules = GapRules { catalog: &app.catalog, frameworks: &organization.frameworks, owners: &owners, now };
    let tracked = crate::track::gaps::follow_up(&rules, before.all_gaps(), &results);
    let requests = crate::track::requests::follow_up(&owners, &before.requests, &statuses, now);
    let changes = status_changes(app, &scope, organization, run, &statuses, now).await?;

    let mut sealing = parts(app, run, now, &results, documents);
    sealing.outcome = outcome_lines::artifacts(&changes, &tracked, &requests)?;
    let mut entrants = vec![records::judgement(&scope, sealing)?];
    let mut events = Vec::new();
    for one in &tracked {
        if let Some(change) = one.change {
            entrants.push(records::gap_change(&scope, &one.gap, change.as_str(), now)?);
            events.push(one.gap.id);
        }
    }
    let index = |committed: &Committed| {
        let judgement = committed.admitted.first().map_or(0, |admitted| admitted.leaf);
        IndexRows {
            results: results
                .iter()
                .map(|result| JudgedResult { run, judged_at: now, recorded_leaf: judgement, result: result.clone() })
                .collect(),
            statuses: changes.clone(),
            gaps: gap_writes(&tracked, committed.admitted.iter().skip(1).map(|admitted| admitted.leaf), now),
            requests: requests.clone(),
            ..IndexRows::default()
        }
    };
    let committed = commit::commit(app, &scope, entrants, index).await?;
    let mut findings: BTreeMap<FindingOutcome, u64> = BTreeMap::new();
    for result in &results {
        *findings.entry(result.outcome).or_default() += 1;
    }
    let count = |wanted: &[GapChange]| {
        let in_use = tracked.iter().filter(|one| !one.gap.controls.is_empty());
        in_use.filter(|one| one.change.is_some_and(|change| wanted.contains(&change))).count() as u64
    };
    Ok(JudgingReport {
        records: committed.admitted.len() as u64,
        findings,
        gaps_opened: count(&[GapChange::Opened, GapChange::Reopened]),
        gaps_closed: count(&[GapChange::Closed]),
        ledger_size: committed.signed.checkpoint.size,
    })
}

/// What was disconnected and what is connected: what was seen of a target before it was disconnected no longer counts.
struct Sight {
    changes: Changes,
    connected: BTreeSet<(Source, String)>,
}

impl Sight {
    async fn of(app: &App, scope: &OrgScope) -> Result<Self, RunFault> {
        let connections = app.store.connections(scope).await?;
        let connected = connections.into_iter().map(|one| (one.source, one.target)).collect();
        Ok(Self { changes: decisions::changes(app, scope).await?, connected })
    }

    fn has(&self, seen: &SealedEvidence) -> bool {
        let gone = self.changes.last_disconnected(seen.source, &seen.target, Timestamp::LATEST);
        gone.is_none_or(|gone| {
            gone.at < seen.collected_at && self.connected.contains(&(seen.source, seen.target.clone()))
        })
    }
}

/// The run's datasets, completed by the newest older ones of the same targets, so that collecting one dataset never
/// makes the others unknown, nor does a run that was ended early. What is too old is left to the judge, who says so.
async fn with_older(
    app: &App,
    scope: &OrgScope,
    sealed: Vec<SealedDataset>,
    sight: &Sight,
    now: Timestamp,
) -> Result<Vec<TargetData>, RunFault> {
    let mut data: BTreeMap<(Source, String), TargetData> = BTreeMap::new();
    let counts = |one: &SealedDataset| !one.evidence.was_ended_early() && sight.has(&one.evidence);
    for one in sealed.into_iter().filter(counts) {
        let key = (one.evidence.source, one.evidence.target.clone());
        let entry = data.entry(key).or_insert_with(|| TargetData {
            target: one.evidence.target.clone(),
            source: one.evidence.source,
            datasets: BTreeMap::new(),
            evidence: BTreeMap::new(),
        });
        entry.datasets.insert(one.evidence.dataset.clone(), one.dataset);
        entry.evidence.insert(one.evidence.dataset, one.evidence.leaf);
    }
    let mut older = app.store.latest_evidence(scope, now).await?;
    older.retain(|row| {
        let key = (row.sealed.source, row.sealed.target.clone());
        data.get(&key).is_some_and(|known| !known.datasets.contains_key(&row.sealed.dataset))
    });
    older.retain(|row| app.catalog.collectors.contains_key(&row.sealed.dataset) && sight.has(&row.sealed));
    let digests: BTreeSet<_> =
        older.iter().flat_map(|row| row.sealed.artifacts.iter().map(|artifact| artifact.sha256)).collect();
    let shelf = Shelf::find(app, scope, digests.into_iter().collect()).await?;
    let catalog = Arc::clone(&app.catalog);
    let derived = blocking(move || {
        let mut derived = Vec::with_capacity(older.len());
        for row in older {
            let sealed = row.sealed;
            let Some(definition) = catalog.collectors.get(&sealed.dataset) else { continue };
            let artifacts = shelf.artifacts(&sealed.artifacts);
            let (outcome, at) = (sealed.outcome, sealed.collected_at);
            let dataset = dataset::derive_from(definition, &artifacts, outcome, &sealed.reason, at);
            derived.push((sealed, dataset));
        }
        shelf.done().map(|()| derived)
    });
    for (sealed, dataset) in derived.await? {
        if let Some(entry) = data.get_mut(&(sealed.source, sealed.target.clone())) {
            entry.evidence.insert(sealed.dataset.clone(), sealed.leaf);
            entry.datasets.insert(sealed.dataset, dataset);
        }
    }
    Ok(data.into_values().collect())
}

/// When the evidence behind each leaf was collected.
fn seen_at(data: &[TargetData]) -> BTreeMap<u64, Timestamp> {
    data.iter()
        .flat_map(|one| {
            one.evidence
                .iter()
                .filter_map(|(id, leaf)| one.datasets.get(id).map(|dataset| (*leaf, dataset.collected_at)))
        })
        .collect()
}

/// Asks every check of every target it reads from. A target's rows are let go as they are converted, so that they are not in
/// memory twice.
fn judge(
    app: &App,
    organization: &Organization,
    data: Vec<TargetData>,
    settings: &serde_json::Value,
    now: Timestamp,
) -> Vec<CheckResult> {
    let time_to_live = |id: &DatasetId| app.catalog.collectors.get(id).map(|one| one.time_to_live_hours);
    let prepared: Vec<(Source, Inputs)> = data
        .into_iter()
        .map(|one| {
            let subject = Subject { organization: organization.slug.as_str(), target: &one.target, now };
            (one.source, Inputs::prepare(subject, one.datasets, settings, &one.evidence, &time_to_live))
        })
        .collect();
    let mut by_target: Vec<Vec<CheckResult>> = prepared.iter().map(|_| Vec::new()).collect();
    for check in app.catalog.checks.values() {
        let sources = assess::sources_of(&app.catalog, check);
        if !prepared.iter().any(|(source, _)| sources.contains(source)) {
            continue;
        }
        for ((source, inputs), results) in prepared.iter().zip(&mut by_target) {
            if sources.contains(source) {
                results.push(app.judge.judge(check, inputs));
            }
        }
    }
    by_target.into_iter().flatten().collect()
}

/// Derived datasets as they are sealed beside the findings, by `target/dataset`.
fn documents(data: &[TargetData]) -> Vec<(String, Vec<u8>)> {
    let of = |one: &TargetData| {
        let target = one.target.clone();
        one.datasets
            .iter()
            .filter_map(|(id, dataset)| Some((format!("{target}/{id}"), serde_json::to_vec(dataset).ok()?)))
            .collect::<Vec<_>>()
    };
    data.iter().flat_map(of).collect()
}

fn parts<'a>(
    app: &App,
    run: RunId,
    at: Timestamp,
    results: &'a [CheckResult],
    datasets: Vec<(String, Vec<u8>)>,
) -> JudgementParts<'a> {
    let judged: BTreeSet<_> = results.iter().map(|result| &result.check).collect();
    let rules = app.catalog.checks.values().filter(|check| judged.contains(&check.id)).map(|check| &check.rego);
    let bundle = rules.chain(&app.catalog.library).map(|rule| (rule.file.clone(), rule.text.clone())).collect();
    JudgementParts { run, at, catalog: app.catalog.digest, results, bundle, datasets, outcome: Vec::new() }
}

/// Only what differs from what was known before: a status that stays is not written again.
async fn status_changes(
    app: &App,
    scope: &OrgScope,
    organization: &Organization,
    run: RunId,
    statuses: &[crate::model::control::ControlStatus],
    now: Timestamp,
) -> Result<Vec<StatusChange>, CommitFault> {
    let mut changes = Vec::new();
    for framework in &organization.frameworks {
        let known = app.store.statuses_as_of(scope, framework, now).await?;
        let known: BTreeMap<_, _> = known.iter().map(|one| (&one.control, one)).collect();
        for status in statuses.iter().filter(|status| status.framework == *framework) {
            let same = known
                .get(&status.control)
                .is_some_and(|one| one.state == status.state && one.because == status.because);
            if !same {
                changes.push(StatusChange {
                    framework: status.framework.clone(),
                    control: status.control.clone(),
                    run,
                    state: status.state,
                    because: status.because.clone(),
                    valid_from: status.as_of,
                    recorded_at: now,
                });
            }
        }
    }
    Ok(changes)
}

/// Gap rows with their events, whose records are these leaves.
pub(super) fn gap_writes(
    tracked: &[TrackedGap],
    mut leaves: impl Iterator<Item = u64>,
    now: Timestamp,
) -> Vec<GapWrite> {
    tracked
        .iter()
        .map(|one| {
            let event = one.change.and_then(|change| {
                Some(GapEvent {
                    gap: one.gap.id,
                    kind: change.as_str().to_owned(),
                    body: outcome_lines::event_body(&one.gap),
                    at: now,
                    leaf: leaves.next()?,
                })
            });
            GapWrite { gap: one.gap.clone(), event }
        })
        .collect()
}
