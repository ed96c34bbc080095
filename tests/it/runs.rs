//! What runs leave behind, day by day, on a simulated tenant: gaps with their history, and what was known on which day.

use chrono::Duration;
use countersign::collect::graph::{GraphLimits, GraphPool};
use countersign::model::control::ControlState;
use countersign::model::evidence::{CollectionOutcome, Source, was_ended_early};
use countersign::model::finding::FindingOutcome;
use countersign::model::gap::GapState;
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::collecting::Progress;
use countersign::pipeline::standing::Standing;
use countersign::pipeline::{self, DatasetLine, RunFault, RunReport, RunRequest};
use countersign::store::{CollectorState, NewConnection, TargetLease};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::databases;
use crate::support::story::{REGISTER, Story};

async fn outcome_as_of(story: &Story, as_of: Timestamp) -> Option<FindingOutcome> {
    let standing = Standing::known(&story.app.app, &story.organization, as_of).await.unwrap();
    let judged = standing.results.iter().find(|judged| judged.result.check.as_str() == REGISTER);
    judged.map(|judged| judged.result.outcome)
}

#[tokio::test]
async fn a_gap_opens_waits_closes_and_comes_back_with_its_history() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;

        story.collect().await;
        let opened = story.gap().await;
        assert_eq!(opened.state, GapState::Open, "{kind:?}");
        assert!(!opened.controls.is_empty() && !opened.remediation.is_empty(), "{kind:?}");

        // Consent is withdrawn: the fault can no longer be seen, so the gap neither closes nor accuses anew.
        story.tenant.revoke("Policy.Read.All");
        let blind = story.next_day().await;
        assert!(blind.datasets.iter().any(|line| line.reason.contains("Policy.Read.All")), "{kind:?}");
        let waiting = story.gap().await;
        assert_eq!((waiting.state, &waiting.because), (GapState::AwaitingEvidence, &opened.because), "{kind:?}");

        story.tenant.grant("Policy.Read.All");
        story.may_register_apps(false);
        assert!(story.next_day().await.gaps_closed >= 1, "{kind:?}");
        assert_eq!(story.gap().await.state, GapState::Closed, "{kind:?}");

        story.may_register_apps(true);
        story.next_day().await;
        let back = story.gap().await;
        assert_eq!((back.id, back.state, back.reopened), (opened.id, GapState::Open, 1), "{kind:?}");
        assert_eq!(back.opened_at, opened.opened_at, "{kind:?}: the history begins with the first time");
        let events = story.app.app.store.gap_events_until(&story.scope, story.app.clock.now()).await.unwrap();
        let told: Vec<&str> = events[&opened.id].iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(told, ["opened", "awaiting_evidence", "closed", "reopened"], "{kind:?}");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn a_run_that_could_not_be_sealed_says_that_it_was_cut_off_and_the_next_one_ends() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.collect().await;
        let archives = story.app.vault_folder().join(story.scope.id().to_string()).join("archives");
        let aside = archives.with_extension("aside");
        std::fs::rename(&archives, &aside).unwrap();
        std::fs::write(&archives, "no folder").unwrap();
        story.app.clock.advance(Duration::hours(1));
        let request = RunRequest { cause: "collect".to_owned(), ..RunRequest::default() };
        let cut_off = pipeline::run(&story.app.app, &story.organization, &request, &|_| {}).await;
        assert!(cut_off.is_err(), "{kind:?}: it was sealed in a file that is no folder");
        std::fs::remove_file(&archives).unwrap();
        std::fs::rename(&aside, &archives).unwrap();

        story.next_day().await;
        let runs = story.app.app.store.latest_runs(&story.scope, story.app.clock.now(), 5).await.unwrap();
        let states: Vec<&str> = runs.iter().map(|run| run.state.as_str()).collect();
        assert_eq!(states, ["ended", "interrupted", "ended"], "{kind:?}");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn answers_that_wait_in_files_are_judged_and_sealed_like_those_in_memory_and_leave_nothing_behind() {
    let Some(database) = databases().await.into_iter().next() else { return };
    let mut story = Story::begin(database).await;
    let in_memory = story.collect().await;
    let limits = GraphLimits { memory_bytes: 0, ..GraphLimits::for_loopback() };
    story.app.app.graph = GraphPool::with_limits(limits);
    let in_files = story.next_day().await;
    let told = |report: &RunReport| {
        let line = |line: &DatasetLine| (line.dataset.clone(), line.outcome, line.rows);
        report.datasets.iter().map(line).collect::<Vec<_>>()
    };
    assert!(in_files.datasets.iter().any(|line| line.rows > 0));
    assert_eq!((told(&in_files), &in_files.findings), (told(&in_memory), &in_memory.findings));
    let left: Vec<_> = std::fs::read_dir(story.app.app.data.staging_folder()).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    story.tenant.shutdown().await;
}

#[tokio::test]
async fn what_was_known_on_an_earlier_day_stays_what_it_was() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let before = story.app.clock.now().plus(Duration::hours(-1));
        story.collect().await;
        let first_day = story.app.clock.now();
        story.may_register_apps(false);
        story.next_day().await;
        let second_day = story.app.clock.now();

        assert_eq!(outcome_as_of(&story, before).await, None, "{kind:?}: nothing was known yet");
        assert_eq!(outcome_as_of(&story, first_day).await, Some(FindingOutcome::Fail), "{kind:?}");
        assert_eq!(outcome_as_of(&story, second_day).await, Some(FindingOutcome::Pass), "{kind:?}");
        let then = Standing::known(&story.app.app, &story.organization, first_day).await.unwrap();
        let gap = then.gaps.iter().find(|gap| gap.check.as_str() == REGISTER).unwrap();
        assert_eq!(gap.state, GapState::Open, "{kind:?}: it was open on that day");
        story.tenant.shutdown().await;
    }
}

/// Who holds a target in these stories, and until when.
fn held_elsewhere(story: &Story, source: Source, target: &str) -> TargetLease {
    let now = story.app.clock.now();
    TargetLease {
        source,
        target: target.to_owned(),
        holder: format!("{}/{}", uuid::Uuid::now_v7(), uuid::Uuid::now_v7()),
        who: "`countersign collect` (process 4711 on another-machine)".to_owned(),
        taken_at: now,
        expires_at: now.plus(Duration::seconds(120)),
    }
}

#[tokio::test]
async fn a_target_that_another_machine_reads_is_left_alone_until_it_is_free_or_that_machine_is_silent() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let store = &story.app.app.store;
        let host = NewConnection {
            source: Source::Host,
            target: "ws-01.example".to_owned(),
            settings: json!({}),
            secret: None,
        };
        store.add_connection(&story.scope, &host, story.app.clock.now()).await.unwrap();
        let lease = held_elsewhere(&story, Source::Graph, story.tenant.tenant_id());
        store.take_target_lease(&story.scope, &lease, story.app.clock.now()).await.unwrap();

        let beside = story.collect().await;
        assert!(beside.datasets.iter().all(|line| line.target == "ws-01.example"), "{kind:?}: {beside:?}");
        let [busy] = beside.busy.as_slice() else { panic!("{kind:?}: {beside:?}") };
        assert!(busy.words().contains("4711 on another-machine"), "{kind:?}: {busy:?}");
        let before = store.head(&story.scope).await.unwrap();
        let only = RunRequest { source: Some(Source::Graph), cause: "collect".to_owned(), ..RunRequest::default() };
        let refused = pipeline::run(&story.app.app, &story.organization, &only, &|_| {}).await;
        assert!(matches!(refused, Err(RunFault::Busy(_))), "{kind:?}: {refused:?}");
        assert_eq!(store.head(&story.scope).await.unwrap(), before, "{kind:?}: something was sealed");

        story.app.clock.advance(Duration::seconds(120));
        let after = story.collect().await;
        assert!(after.busy.is_empty(), "{kind:?}: {after:?}");
        assert!(after.datasets.iter().any(|line| line.dataset.as_str() == "m365/users"), "{kind:?}");
        assert!(store.target_leases(&story.scope).await.unwrap().is_empty(), "{kind:?}: given back");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn a_run_that_is_ended_early_takes_nothing_from_what_was_known_and_leaves_the_rest_due() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.collect().await;
        let store = &story.app.app.store;
        let (before, gap) = (statuses(&story).await, story.gap().await);
        let tried = store.collector_states(&story.scope).await.unwrap();
        story.app.clock.advance(Duration::hours(1));

        let stop = CancellationToken::new();
        let request = RunRequest { cause: "collect".to_owned(), stop: stop.clone(), ..RunRequest::default() };
        let early = |progress: Progress<'_>| {
            if matches!(progress, Progress::Finished { .. }) {
                stop.cancel();
            }
        };
        let report = pipeline::run(&story.app.app, &story.organization, &request, &early).await.unwrap();

        assert!(report.ended_early, "{kind:?}");
        let (cut, read): (Vec<_>, Vec<_>) =
            report.datasets.iter().partition(|line| was_ended_early(line.outcome, &line.reason));
        assert!(!cut.is_empty() && !read.is_empty(), "{kind:?}: {report:?}");
        assert!(cut.iter().all(|line| line.outcome == CollectionOutcome::Failed && line.rows == 0), "{kind:?}");
        let run = store.latest_runs(&story.scope, story.app.clock.now(), 1).await.unwrap().remove(0);
        assert_eq!((run.state.as_str(), run.ended_at.is_some()), ("ended_early", true), "{kind:?}");
        assert_eq!(statuses(&story).await, before, "{kind:?}: a control lost its status");
        assert_eq!(story.gap().await.state, gap.state, "{kind:?}: a gap waits for evidence that is there");
        let states = store.collector_states(&story.scope).await.unwrap();
        for line in cut {
            let of = |all: &[CollectorState]| all.iter().find(|one| one.dataset == line.dataset).cloned();
            assert_eq!(of(&states), of(&tried), "{kind:?}: {} is due no more", line.dataset);
        }

        // Nor does a later run that collects something else.
        let one = RunRequest {
            collectors: vec!["m365/users".parse().unwrap()],
            cause: "collect".to_owned(),
            ..RunRequest::default()
        };
        pipeline::run(&story.app.app, &story.organization, &one, &|_| {}).await.unwrap();
        assert_eq!(statuses(&story).await, before, "{kind:?}");
        assert_eq!(story.gap().await.state, gap.state, "{kind:?}");
        story.tenant.shutdown().await;
    }
}

/// Every control with its state.
async fn statuses(story: &Story) -> Vec<(String, ControlState)> {
    let now = story.app.clock.now();
    let standing = Standing::known(&story.app.app, &story.organization, now).await.unwrap();
    let all = standing.statuses_now(now);
    all.into_iter().map(|status| (format!("{} {}", status.framework, status.control), status.state)).collect()
}
