//! The loop that keeps the times: looks what is due, starts it, sleeps until the next time.
//!
//! Within this process an organization has one run at a time, and organizations run side by side up to a limit. Against
//! other processes only the ledger's lease protects: `countersign collect` beside it can read the same target twice,
//! which costs time and harms nothing. What fails is logged once and tried again later, and never stops the loop.
//! Start with [`serve`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error as StdError;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use super::timetable::{self, Planned};
use crate::app::App;
use crate::model::evidence::Source;
use crate::model::id::{DatasetId, OrgId, OrgSlug};
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::collecting::Progress;
use crate::pipeline::{self, RunFault, RunReport, RunRequest};
use crate::store::{InstanceScope, OrgScope, StoreFault};

/// The longest sleep: new organizations, connections and clock changes are noticed after that.
const LONGEST_SLEEP: Duration = Duration::seconds(60);

/// Organizations that are collected from side by side.
const RUNS_AT_ONCE: usize = 4;

/// How long a source that failed as a whole is left alone, doubling up to the second figure.
const FIRST_REST: Duration = Duration::minutes(1);
const LONGEST_REST: Duration = Duration::hours(1);

/// Runs what is due, for all organizations, until `stop` is ready.
///
/// Then nothing new begins. A run that is still reading is given up, which leaves nothing behind; one that is sealing
/// or judging is finished. Returns when nothing is running any more.
pub async fn serve(app: Arc<App>, stop: impl Future<Output = ()> + Send) {
    let mut stop = pin!(stop);
    let mut runner = Runner::new(app);
    runner.mark_interrupted().await;
    loop {
        let sleep = runner.start_what_is_due().await.to_std().unwrap_or_default();
        tokio::select! {
            () = &mut stop => break,
            () = runner.next_end() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
    runner.shut_down().await;
}

/// What one organization's sources came to; none where the run was given up.
type Results = Vec<(Source, Option<Result<RunReport, RunFault>>)>;

/// The loop's memory. Everything in it can be lost: what was done is in the database.
pub(super) struct Runner {
    app: Arc<App>,
    runs: JoinSet<Results>,
    running: HashMap<Id, (OrgId, OrgSlug)>,
    troubled: HashMap<(OrgId, Source), Trouble>,
    /// Sentences that are in the log already.
    said: BTreeSet<String>,
    stopping: watch::Sender<bool>,
}

/// A source that could not be collected from at all.
struct Trouble {
    message: String,
    rest: Duration,
    until: Timestamp,
}

impl Runner {
    pub(super) fn new(app: Arc<App>) -> Self {
        Self {
            app,
            runs: JoinSet::new(),
            running: HashMap::new(),
            troubled: HashMap::new(),
            said: BTreeSet::new(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Runs that a crash or a restart cut off are named so; those of a process that is still at it say otherwise when
    /// they end.
    async fn mark_interrupted(&mut self) {
        let now = self.app.clock.now();
        for organization in self.organizations().await {
            match self.app.store.mark_interrupted_runs(&OrgScope::of(&organization), now).await {
                Ok(0) => {}
                Ok(many) => tracing::warn!(organization = %organization.slug, many, "Found runs that had been cut off"),
                Err(fault) => self.say(&organization.slug, &causes(&fault)),
            }
        }
    }

    /// Starts the runs that are due and can start now; answers how long to sleep.
    pub(super) async fn start_what_is_due(&mut self) -> Duration {
        let mut sleep = LONGEST_SLEEP;
        let mut alarms = BTreeSet::new();
        for organization in self.organizations().await {
            let now = self.app.clock.now();
            let planned = match self.look(&organization, &mut alarms, now).await {
                Ok(planned) => planned,
                Err(fault) => {
                    self.say(&organization.slug, &causes(&fault));
                    continue;
                }
            };
            let is_running = self.running.values().any(|(id, _)| *id == organization.id);
            let due = self.due(&organization, &planned, now);
            if !due.is_empty() && !is_running && self.running.len() < RUNS_AT_ONCE {
                self.start(organization, due);
                continue;
            }
            // What is due and waits for a place is started when a run ends.
            let ahead = planned.iter().filter_map(|one| one.next).filter(|next| *next > now);
            sleep = ahead.map(|next| next.since(now)).fold(sleep, Duration::min);
        }
        for (slug, alarm) in &alarms {
            self.say(slug, alarm);
        }
        sleep
    }

    /// The organization's times; what is alarming about them is added to `alarms`.
    async fn look(
        &self,
        organization: &Organization,
        alarms: &mut BTreeSet<(OrgSlug, String)>,
        now: Timestamp,
    ) -> Result<Vec<Planned>, StoreFault> {
        let planned = timetable::next_times(&self.app, organization).await?;
        let mut new = timetable::alarming(organization, &planned, now);
        new.extend(timetable::credential_alarms(&self.app, organization, now).await?);
        alarms.extend(new.into_iter().map(|alarm| (organization.slug.clone(), alarm)));
        Ok(planned)
    }

    /// What is due by source, without the sources that are left alone after a failure.
    fn due(
        &self,
        organization: &Organization,
        planned: &[Planned],
        now: Timestamp,
    ) -> BTreeMap<Source, Vec<DatasetId>> {
        let mut due: BTreeMap<Source, BTreeSet<DatasetId>> = BTreeMap::new();
        for one in planned.iter().filter(|one| one.is_due(now)) {
            let trouble = self.troubled.get(&(organization.id, one.source));
            if trouble.is_none_or(|trouble| trouble.until <= now) {
                due.entry(one.source).or_default().insert(one.dataset.clone());
            }
        }
        due.into_iter().map(|(source, datasets)| (source, datasets.into_iter().collect())).collect()
    }

    fn start(&mut self, organization: Organization, due: BTreeMap<Source, Vec<DatasetId>>) {
        let identity = (organization.id, organization.slug.clone());
        let (app, stopping) = (Arc::clone(&self.app), self.stopping.subscribe());
        // A thread of its own: judging computes for seconds, and pages must answer meanwhile.
        let here = Handle::current();
        let handle = self.runs.spawn_blocking(move || here.block_on(run_sources(&app, &organization, due, &stopping)));
        self.running.insert(handle.id(), identity);
    }

    /// Waits until a run ends and notes what came of it; waits forever while nothing runs.
    pub(super) async fn next_end(&mut self) {
        match self.runs.join_next_with_id().await {
            Some(Ok((task, results))) => self.note(task, results),
            Some(Err(fault)) => self.note_broken(&fault),
            None => std::future::pending().await,
        }
    }

    /// True while a run goes on.
    pub(super) fn is_busy(&self) -> bool {
        !self.runs.is_empty()
    }

    async fn shut_down(mut self) {
        self.stopping.send_replace(true);
        while self.is_busy() {
            self.next_end().await;
        }
    }

    fn note(&mut self, task: Id, results: Results) {
        let Some((organization, slug)) = self.running.remove(&task) else { return };
        for (source, result) in results {
            match result {
                Some(Ok(report)) => {
                    self.troubled.remove(&(organization, source));
                    tracing::info!(
                        organization = %slug,
                        run = %report.run,
                        datasets = report.datasets.len(),
                        records = report.records,
                        "Collected from {} on schedule",
                        source.as_str()
                    );
                }
                Some(Err(fault)) => self.trouble(organization, &slug, source, causes(&fault)),
                None => tracing::info!(organization = %slug, "Gave up a run that was still reading, to stop"),
            }
        }
    }

    /// A run that broke down without an answer. Which source it was at is not known, so all of them rest.
    fn note_broken(&mut self, fault: &JoinError) {
        let Some((organization, slug)) = self.running.remove(&fault.id()) else { return };
        let message = format!("a run broke down, which is a fault of this program: {fault}");
        for source in [Source::Graph, Source::Host, Source::Osquery, Source::Dns] {
            self.trouble(organization, &slug, source, message.clone());
        }
    }

    fn trouble(&mut self, organization: OrgId, slug: &OrgSlug, source: Source, message: String) {
        let before = self.troubled.remove(&(organization, source));
        let rest = before.as_ref().map_or(FIRST_REST, |before| (before.rest * 2).min(LONGEST_REST));
        if before.is_none_or(|before| before.message != message) {
            tracing::error!(
                organization = %slug,
                fault = %message,
                "Could not collect from {} on schedule; it is tried again, first after a minute, then ever more rarely",
                source.as_str()
            );
        }
        let until = self.app.clock.now().plus(rest);
        self.troubled.insert((organization, source), Trouble { message, rest, until });
    }

    async fn organizations(&mut self) -> Vec<Organization> {
        match self.app.store.organizations(InstanceScope::of_this_installation()).await {
            Ok(all) => all,
            Err(fault) => {
                if self.said.insert(causes(&fault)) {
                    tracing::error!(fault = %causes(&fault), "The schedule cannot be read; it is tried again every minute");
                }
                Vec::new()
            }
        }
    }

    /// Logs a sentence about an organization once.
    fn say(&mut self, slug: &OrgSlug, sentence: &str) {
        if self.said.insert(format!("{slug} {sentence}")) {
            tracing::warn!(organization = %slug, "{sentence}");
        }
    }
}

/// One run for each source, so that a tenant that cannot be signed in to never keeps a host from being looked at.
async fn run_sources(
    app: &App,
    organization: &Organization,
    due: BTreeMap<Source, Vec<DatasetId>>,
    stopping: &watch::Receiver<bool>,
) -> Results {
    let mut results = Vec::with_capacity(due.len());
    for (source, collectors) in due {
        let request = RunRequest { source: Some(source), collectors, cause: "schedule".to_owned() };
        let result = run_until_stopped(app, organization, &request, stopping.clone()).await;
        let is_over = result.is_none();
        results.push((source, result));
        if is_over {
            break;
        }
    }
    results
}

/// Carries out one run, or none of it when stopping comes before anything is written.
async fn run_until_stopped(
    app: &App,
    organization: &Organization,
    request: &RunRequest,
    mut stopping: watch::Receiver<bool>,
) -> Option<Result<RunReport, RunFault>> {
    let is_sealing = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&is_sealing);
    let watcher = move |progress: Progress<'_>| {
        if matches!(progress, Progress::Sealing) {
            noted.store(true, Ordering::Relaxed);
        }
    };
    let mut run = pin!(pipeline::run(app, organization, request, &watcher));
    // A closed channel means that the loop itself is gone, which is no different.
    let told_to_stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
    tokio::select! {
        biased;
        () = told_to_stop => {
            if is_sealing.load(Ordering::Relaxed) { Some(run.await) } else { None }
        }
        result = &mut run => Some(result),
    }
}

/// A fault with all its causes, in one line.
pub(super) fn causes(fault: &(dyn StdError + 'static)) -> String {
    let mut text = fault.to_string();
    let mut next = fault.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
