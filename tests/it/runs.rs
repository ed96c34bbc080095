//! What runs leave behind, day by day, on a simulated tenant: gaps with their history, and what was known on which day.

use chrono::Duration;
use countersign::collect::graph::{GraphLimits, GraphPool};
use countersign::model::finding::FindingOutcome;
use countersign::model::gap::GapState;
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::standing::Standing;
use countersign::pipeline::{DatasetLine, RunReport};

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
        let events = story.app.app.store.gap_events(&story.scope, opened.id).await.unwrap();
        let told: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(told, ["opened", "awaiting_evidence", "closed", "reopened"], "{kind:?}");
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
