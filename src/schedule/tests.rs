//! The loop over a real database, vault and host; the installation here also serves the tests of pages.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::runner::Runner;
use super::{alarms, next_times, serve};
use crate::app::App;
use crate::catalog::Catalog;
use crate::catalog::collector::{CollectorDefinition, HostCommand};
use crate::config::Config;
use crate::config::data_folder::DataFolder;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::id::FrameworkId;
use crate::model::organization::Organization;
use crate::model::responsibility::EngagementModel;
use crate::model::time::{Clock, Timestamp};
use crate::pipeline::enrol::{OrganizationRequest, add_organization};
use crate::store::{NewConnection, OrgScope, Run, TargetLease};

/// A clock that is set by hand.
pub(crate) struct SetClock(Mutex<Timestamp>);

impl SetClock {
    pub(crate) fn set(&self, text: &str) {
        *self.0.lock().unwrap() = text.parse().unwrap();
    }
}

impl Clock for SetClock {
    /// As with a real clock, no two answers are the same.
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        let told = *now;
        *now = told.plus(chrono::Duration::microseconds(1));
        told
    }
}

/// A new installation with an empty organization, at noon of 23 November 2026.
pub(crate) struct Installation {
    pub app: Arc<App>,
    pub clock: Arc<SetClock>,
    pub organization: Organization,
    _folder: tempfile::TempDir,
}

impl Installation {
    pub(crate) async fn of(catalog: Catalog, frameworks: Vec<FrameworkId>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock(Mutex::new("2026-11-23T12:00:00Z".parse().unwrap())));
        let data = DataFolder::at(&folder.path().join("data")).unwrap();
        let shared: Arc<dyn Clock> = clock.clone();
        let app = App::init(data, Config::default(), Arc::new(catalog), shared).await.unwrap();
        let request = OrganizationRequest {
            slug: "pine-hill-clinic".parse().unwrap(),
            name: "Pine Hill Clinic".to_owned(),
            model: EngagementModel::CoManaged,
            frameworks,
            time_zone: "America/New_York".to_owned(),
            settings: serde_json::json!({}),
        };
        let organization = add_organization(&app, request).await.unwrap();
        Self { app: Arc::new(app), clock, organization, _folder: folder }
    }

    /// With one collector, which works on every Linux host, and this machine to read.
    async fn with_a_host() -> Self {
        Self::with_a_host_where(|_| {}).await
    }

    async fn with_a_host_where(change: impl FnOnce(&mut HostCommand)) -> Self {
        let all = Catalog::embedded().unwrap();
        let mut quick = all.collectors.get(&"linux/host_identity".parse().unwrap()).unwrap().clone();
        quick.timeout_seconds = 60;
        change(quick.command.as_mut().unwrap());
        let installation = Self::of(Catalog::of(vec![], vec![], vec![quick]), vec![]).await;
        installation.connect(Source::Host, "ws-01.example", serde_json::json!({})).await;
        installation
    }

    pub(crate) async fn connect(&self, source: Source, target: &str, settings: serde_json::Value) {
        let new = NewConnection { source, target: target.to_owned(), settings, secret: None };
        self.app.store.add_connection(&self.scope(), &new, self.clock.now()).await.unwrap();
    }

    pub(crate) fn scope(&self) -> OrgScope {
        OrgScope::of(&self.organization)
    }

    async fn runs(&self) -> Vec<Run> {
        self.app.store.latest_runs(&self.scope(), "2100-01-01".parse().unwrap(), 10).await.unwrap()
    }

    /// One turn of the loop: what is due is started and waited for. Answers whether anything ran.
    async fn turn(&self, runner: &mut Runner) -> bool {
        let before = self.runs().await.len();
        runner.start_what_is_due().await;
        if runner.is_busy() {
            runner.next_end().await;
        }
        self.runs().await.len() > before
    }
}

#[tokio::test]
async fn a_collector_runs_when_it_is_due_and_not_before() {
    let here = Installation::with_a_host().await;
    let mut runner = Runner::new(here.app.clone());

    assert!(here.turn(&mut runner).await, "what was never collected is due at once");
    assert!(!here.turn(&mut runner).await, "nothing is due after that");
    let planned = next_times(&here.app, &here.organization, here.clock.now()).await.unwrap();
    // 05:05 in New York.
    assert_eq!(planned[0].next, Some("2026-11-24T10:05:00Z".parse().unwrap()));

    here.clock.set("2026-11-24T10:04:59Z");
    assert!(!here.turn(&mut runner).await);
    here.clock.set("2026-11-24T10:05:00Z");
    assert!(here.turn(&mut runner).await);
    let runs = here.runs().await;
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run.cause == "schedule" && run.ended_at.is_some()), "{runs:?}");
}

#[tokio::test]
async fn a_month_of_missed_runs_is_made_good_by_one() {
    let here = Installation::with_a_host().await;
    let mut runner = Runner::new(here.app.clone());
    here.turn(&mut runner).await;

    here.clock.set("2026-12-23T12:00:00Z");
    let silent = alarms(&here.app, &here.organization, here.clock.now()).await.unwrap();
    assert!(silent[0].contains("ws-01.example has gone silent"), "{silent:?}");
    assert!(here.turn(&mut runner).await);
    assert!(!here.turn(&mut runner).await);
    assert!(alarms(&here.app, &here.organization, here.clock.now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_connection_that_cannot_be_used_is_said_and_keeps_no_other_from_being_read() {
    let here = Installation::of(Catalog::of(vec![], vec![], host_and_users()), vec![]).await;
    here.connect(Source::Graph, "pinehill.example", serde_json::json!({"broken": true})).await;
    here.connect(Source::Host, "ws-01.example", serde_json::json!({})).await;
    let mut runner = Runner::new(here.app.clone());

    assert!(here.turn(&mut runner).await);
    let states = here.app.store.collector_states(&here.scope()).await.unwrap();
    let outcomes: Vec<_> = states.iter().map(|state| (state.source, state.last_outcome)).collect();
    assert_eq!(outcomes, [(Source::Host, CollectionOutcome::Complete), (Source::Graph, CollectionOutcome::Failed)]);
    let told = here.runs().await[0].summary.to_string();
    assert!(told.contains("the connection to pinehill.example cannot be used"), "{told}");
    runner.start_what_is_due().await;
    assert!(!runner.is_busy(), "it is tried again at its next time");
}

fn host_and_users() -> Vec<CollectorDefinition> {
    let all = Catalog::embedded().unwrap();
    ["linux/host_identity", "m365/users"].map(|id| all.collectors.get(&id.parse().unwrap()).unwrap().clone()).to_vec()
}

#[tokio::test]
async fn an_organization_without_any_usable_connection_is_not_tried_without_pause() {
    let here = Installation::of(Catalog::of(vec![], vec![], host_and_users()), vec![]).await;
    here.connect(Source::Graph, "pinehill.example", serde_json::json!({"broken": true})).await;
    let mut runner = Runner::new(here.app.clone());

    assert!(!here.turn(&mut runner).await, "there is nothing to read");
    runner.start_what_is_due().await;
    assert!(!runner.is_busy(), "it rests");
    here.clock.set("2026-11-23T12:01:01Z");
    runner.start_what_is_due().await;
    assert!(runner.is_busy(), "it is tried again after a minute");
    runner.next_end().await;
    here.clock.set("2026-11-23T12:02:30Z");
    runner.start_what_is_due().await;
    assert!(!runner.is_busy(), "and then after two");
}

#[tokio::test]
async fn a_target_that_another_process_reads_is_left_out_and_looked_at_again() {
    let here = Installation::with_a_host().await;
    let mut runner = Runner::new(here.app.clone());
    let lease = TargetLease {
        source: Source::Host,
        target: "ws-01.example".to_owned(),
        holder: "somebody elsewhere".to_owned(),
        who: "`countersign collect`".to_owned(),
        taken_at: here.clock.now(),
        expires_at: "2026-11-23T13:00:00Z".parse().unwrap(),
    };
    here.app.store.take_target_lease(&here.scope(), &lease, here.clock.now()).await.unwrap();

    assert!(!here.turn(&mut runner).await, "nothing is read, and nothing is sealed");
    runner.start_what_is_due().await;
    assert!(!runner.is_busy(), "it does not ask without pause");
    here.app.store.release_target_lease(&here.scope(), Source::Host, "ws-01.example", &lease.holder).await.unwrap();
    here.clock.set("2026-11-23T12:01:01Z");
    assert!(here.turn(&mut runner).await);
}

#[tokio::test]
async fn two_schedules_that_see_the_same_collector_due_read_it_once() {
    let here = Installation::with_a_host().await;
    let (mut one, mut other) = (Runner::new(here.app.clone()), Runner::new(here.app.clone()));
    one.start_what_is_due().await;
    other.start_what_is_due().await;
    assert!(one.is_busy() && other.is_busy(), "both have seen it");
    one.next_end().await;
    other.next_end().await;
    assert_eq!(here.runs().await.len(), 1);
    here.clock.set("2026-11-23T12:01:01Z");
    assert!(!here.turn(&mut other).await, "it was read, so it is due no more");
}

#[tokio::test]
async fn serving_marks_what_was_cut_off_collects_and_ends_when_told() {
    let here = Installation::with_a_host().await;
    let cut_off = crate::model::id::RunId::fresh();
    let before = "2026-11-23T11:00:00Z".parse().unwrap();
    here.app.store.begin_run(&here.scope(), cut_off, "schedule", before).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(here.app.clone(), async { drop(stopped.await) }));

    let done = async {
        while !here.runs().await.iter().any(|run| run.ended_at.is_some()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(()).unwrap();
        serving.await.unwrap();
    };
    tokio::time::timeout(Duration::from_mins(1), done).await.unwrap();

    let runs = here.runs().await;
    let old = runs.iter().find(|run| run.id == cut_off).unwrap();
    assert_eq!(old.state, "interrupted");
}

#[tokio::test]
async fn stopping_ends_a_run_that_is_still_reading_seals_that_and_leaves_the_rest_due() {
    let here = Installation::with_a_host_where(|command| command.shell = "sleep 50".to_owned()).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(here.app.clone(), async { drop(stopped.await) }));

    let done = async {
        while here.runs().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(()).unwrap();
        serving.await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.unwrap();

    let run = here.runs().await.remove(0);
    assert_eq!(run.state, "ended_early");
    assert!(run.summary.to_string().contains("The run was ended early"), "{}", run.summary);
    let planned = next_times(&here.app, &here.organization, here.clock.now()).await.unwrap();
    assert!(planned[0].is_due(here.clock.now()), "the next start makes good for it");
}
