//! A firm with a year of history on SQLite: one real run at the beginning and one at the end, and between them a day's records
//! for every day, made of the first run's findings and sealed as a run seals them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::Duration;
use countersign::app::{App, connection_purpose};
use countersign::catalog::Catalog;
use countersign::config::data_folder::DataFolder;
use countersign::config::{Config, GraphPace};
use countersign::demo::settings_for;
use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use countersign::model::control::ControlState;
use countersign::model::evidence::{RawArtifact, RawEvidence, SealedEvidence, Source};
use countersign::model::gap::{Gap, GapState};
use countersign::model::id::RunId;
use countersign::model::organization::Organization;
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::commit::{Committed, commit};
use countersign::pipeline::enrol::{OrganizationRequest, add_organization};
use countersign::pipeline::records::{self, JudgementParts};
use countersign::pipeline::{DatasetLine, RunRequest, run};
use countersign::store::{
    EvidenceRow, GapEvent, GapWrite, IndexRows, JudgedResult, NewConnection, OrgScope, RunEnd, RunState, StatusChange,
};
use countersign_seal::digest::Digest;
use serde_json::{Map, json};

pub const DAYS: i64 = 365;

/// A clock that stands still until the year goes on.
struct Calendar(Mutex<Timestamp>);

impl Clock for Calendar {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The firm after its year.
pub struct Year {
    pub app: Arc<App>,
    pub organization: Organization,
}

impl Year {
    pub async fn live(folder: &Path) -> Self {
        let calendar = Arc::new(Calendar(Mutex::new("2026-01-05T06:00:00Z".parse().unwrap())));
        let clock = Arc::clone(&calendar) as Arc<dyn Clock>;
        let mut config = Config::default();
        config.collect.graph_pace = GraphPace::Unlimited;
        let catalog = Catalog::embedded().unwrap_or_else(|faults| panic!("{faults}"));
        let app =
            App::init(DataFolder::at(folder).unwrap(), config, Arc::new(catalog), Arc::clone(&clock)).await.unwrap();
        let firm = Firm::load_embedded("larkspur").unwrap();
        let request = OrganizationRequest {
            slug: firm.slug.parse().unwrap(),
            name: firm.client.clone(),
            model: firm.engagement,
            frameworks: Vec::new(),
            time_zone: "UTC".to_owned(),
            settings: json!({ "break_glass_accounts": firm.break_glass }),
        };
        let organization = add_organization(&app, request).await.unwrap();
        let tenant = Tenant::start(firm, TenantOptions { clock, ..TenantOptions::unhindered() }).await.unwrap();
        let year = Self { app: Arc::new(app), organization };
        year.connect(&tenant).await;
        year.collect().await;
        let first = Day::of(&year).await;
        for day in 1..DAYS {
            let now = calendar.now();
            *calendar.0.lock().unwrap() = now.plus(Duration::days(1));
            if day + 1 == DAYS {
                year.collect().await;
            } else {
                year.repeat(&first, day).await;
            }
        }
        tenant.shutdown().await;
        year
    }

    fn scope(&self) -> OrgScope {
        OrgScope::of(&self.organization)
    }

    async fn connect(&self, tenant: &RunningTenant) {
        let scope = self.scope();
        let settings = settings_for(tenant);
        let target = tenant.tenant_id().to_owned();
        let purpose = connection_purpose(&scope, &target);
        let sealed = self.app.secret_key.seal(&purpose, tenant.client_secret().as_bytes()).unwrap();
        let host = countersign::collect::host::local_host_name();
        for connection in [
            NewConnection { source: Source::Graph, target, settings: json!(settings), secret: Some(sealed) },
            NewConnection { source: Source::Host, target: host, settings: json!({}), secret: None },
        ] {
            self.app.store.add_connection(&scope, &connection, self.app.clock.now()).await.unwrap();
        }
    }

    async fn collect(&self) {
        let request = RunRequest { cause: "schedule".to_owned(), ..RunRequest::default() };
        run(&self.app, &self.organization, &request, &|_| {}).await.unwrap();
    }

    /// One more day: every dataset again, every check judged again, now and then a gap that closes or comes back and
    /// controls that change their status.
    async fn repeat(&self, first: &Day, day: i64) {
        let (app, scope, now) = (&self.app, self.scope(), self.app.clock.now());
        let run = RunId::fresh();
        app.store.begin_run(&scope, run, "schedule", now).await.unwrap();
        let raw: Vec<RawEvidence> = first.evidence.iter().map(|seen| again(seen, now, day)).collect();
        let entrants = raw.iter().map(|one| records::evidence(&scope, run, one.clone()).unwrap()).collect();
        let rows = |committed: &Committed| IndexRows {
            evidence: committed
                .admitted
                .iter()
                .zip(&raw)
                .map(|(admitted, one)| EvidenceRow {
                    sealed: SealedEvidence {
                        leaf: admitted.leaf,
                        record_hash: admitted.record_hash,
                        run,
                        dataset: one.dataset.clone(),
                        target: one.target.clone(),
                        source: one.source,
                        collected_at: now,
                        outcome: one.outcome,
                        reason: one.reason.clone(),
                        artifacts: admitted.artifacts.clone(),
                    },
                    row_count: 1,
                })
                .collect(),
            ..IndexRows::default()
        };
        let committed = commit(app, &scope, entrants, rows).await.unwrap();
        let leaves: BTreeMap<u64, u64> =
            first.evidence.iter().zip(&committed.admitted).map(|(seen, new)| (seen.leaf, new.leaf)).collect();
        let mut results: Vec<_> = first.results.clone();
        for result in &mut results {
            result.evidence = result.evidence.iter().filter_map(|leaf| leaves.get(leaf).copied()).collect();
        }
        let moved = first.gaps.iter().enumerate().filter(|(number, _)| (*number as i64 + day) % 20 == 0);
        let moved: Vec<(Gap, &str)> = moved.map(|(number, gap)| moved_on(gap, number as i64 + day, now)).collect();
        let parts = JudgementParts {
            run,
            at: now,
            catalog: app.catalog.digest,
            results: &results,
            bundle: BTreeMap::new(),
            datasets: Vec::new(),
            outcome: Vec::new(),
        };
        let mut entrants = vec![records::judgement(&scope, parts).unwrap()];
        for (gap, kind) in &moved {
            entrants.push(records::gap_change(&scope, gap, kind, now).unwrap());
        }
        let statuses = first.statuses.iter().filter(|_| day % 7 == 0).map(|change| StatusChange {
            run,
            state: if day % 14 == 0 { change.state } else { ControlState::Undetermined },
            because: format!("{} (day {day})", change.because),
            recorded_at: now,
            ..change.clone()
        });
        let statuses: Vec<StatusChange> = statuses.collect();
        let rows = |committed: &Committed| IndexRows {
            results: results
                .iter()
                .map(|result| JudgedResult {
                    run,
                    judged_at: now,
                    recorded_leaf: committed.admitted[0].leaf,
                    result: result.clone(),
                })
                .collect(),
            statuses: statuses.clone(),
            gaps: moved
                .iter()
                .zip(&committed.admitted[1..])
                .map(|((gap, kind), admitted)| GapWrite {
                    gap: gap.clone(),
                    event: Some(GapEvent {
                        gap: gap.id,
                        kind: (*kind).to_owned(),
                        body: json!({ "because": gap.because, "evidence": gap.evidence, "closed": *kind == "closed" }),
                        at: now,
                        leaf: admitted.leaf,
                    }),
                })
                .collect(),
            ..IndexRows::default()
        };
        commit(app, &scope, entrants, rows).await.unwrap();
        let lines: Vec<DatasetLine> =
            raw.iter().zip(&committed.admitted).map(|(one, new)| line(one, new.leaf)).collect();
        let end = RunEnd { state: RunState::Ended, states: Vec::new(), summary: json!(lines) };
        app.store.end_run(&scope, run, end, now).await.unwrap();
    }
}

/// What the first run came to.
struct Day {
    evidence: Vec<SealedEvidence>,
    results: Vec<countersign::model::finding::CheckResult>,
    gaps: Vec<Gap>,
    statuses: Vec<StatusChange>,
}

impl Day {
    async fn of(year: &Year) -> Self {
        let (store, scope, now) = (&year.app.store, year.scope(), year.app.clock.now());
        let mut statuses = Vec::new();
        for framework in &year.organization.frameworks {
            let known = store.statuses_as_of(&scope, framework, now).await.unwrap();
            statuses.extend(known.into_iter().take(5));
        }
        Self {
            evidence: store.latest_evidence(&scope, now).await.unwrap().into_iter().map(|row| row.sealed).collect(),
            results: store.latest_results(&scope, now).await.unwrap().into_iter().map(|one| one.result).collect(),
            gaps: store.gaps(&scope).await.unwrap(),
            statuses,
        }
    }
}

fn again(seen: &SealedEvidence, now: Timestamp, day: i64) -> RawEvidence {
    let bytes = format!("{} of {} on day {day}", seen.dataset, seen.target);
    RawEvidence {
        dataset: seen.dataset.clone(),
        collector_digest: Digest::of(b"definition"),
        target: seen.target.clone(),
        source: seen.source,
        started: now,
        finished: now,
        source_clock: None,
        outcome: seen.outcome,
        reason: seen.reason.clone(),
        provenance: Map::new(),
        redactions: Vec::new(),
        artifacts: vec![RawArtifact::in_memory("page-0001.json", "application/json", bytes.into_bytes())],
    }
}

fn line(one: &RawEvidence, leaf: u64) -> DatasetLine {
    DatasetLine {
        dataset: one.dataset.clone(),
        target: one.target.clone(),
        outcome: one.outcome,
        reason: one.reason.clone(),
        rows: 1,
        evidence: leaf,
        path: None,
    }
}

/// A gap that closes every other time, and comes back in between.
fn moved_on(gap: &Gap, turn: i64, now: Timestamp) -> (Gap, &'static str) {
    let closes = (turn / 20) % 2 == 1;
    let state = if closes { GapState::Closed } else { GapState::Open };
    let reopened = u32::try_from(turn / 40).unwrap_or_default();
    let gap = Gap { state, closed_at: closes.then_some(now), reopened, ..gap.clone() };
    (gap, if closes { "closed" } else { "reopened" })
}
