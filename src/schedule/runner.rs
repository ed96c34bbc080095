//! The loop that keeps the times: looks what is due, starts it, sleeps until the next time.
//!
//! Within this process an organization has one run at a time, and organizations run side by side up to a limit. No target
//! is read twice at once, whatever processes there are: a run takes a lease for each (`pipeline/turns.rs`), and one that
//! somebody else reads is left out and looked at again. What fails is logged once and tried again later, and never stops
//! the loop. Start with [`serve`].

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;

use chrono::Duration;
use tokio::runtime::Handle;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::timetable::{self, Planned};
use crate::app::App;
use crate::model::fault::causes;
use crate::model::id::{OrgId, OrgSlug};
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::turns::Wanted;
use crate::pipeline::{self, RunFault, RunReport, RunRequest};
use crate::store::{InstanceScope, OrgScope, StoreFault};

/// The longest sleep: new organizations, connections and clock changes are noticed after that.
const LONGEST_SLEEP: Duration = Duration::seconds(60);

/// Organizations that are collected from side by side.
const RUNS_AT_ONCE: usize = 4;

/// How long an organization whose run failed as a whole is left alone, doubling up to the second figure.
const FIRST_REST: Duration = Duration::minutes(1);
const LONGEST_REST: Duration = Duration::hours(1);

/// Runs what is due, for all organizations, until `stop` is ready.
///
/// Then nothing new begins. A run that is still reading ends early: what it reads has a few seconds to end, what was read
/// is sealed and judged, and the rest stays due. One that is sealing or judging is finished. Returns when nothing is
/// running any more.
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

/// What an organization's run came to.
type Outcome = Result<RunReport, RunFault>;

/// The loop's memory. Everything in it can be lost: what was done is in the database.
pub(super) struct Runner {
    app: Arc<App>,
    runs: JoinSet<Outcome>,
    running: HashMap<Id, (OrgId, OrgSlug)>,
    troubled: HashMap<OrgId, Trouble>,
    /// Sentences that are in the log already.
    said: BTreeSet<String>,
    stop: CancellationToken,
}

/// A run that could not be carried out at all.
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
            stop: CancellationToken::new(),
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
        let planned = timetable::next_times(&self.app, organization, now).await?;
        let mut new = timetable::alarming(organization, &planned, now);
        new.extend(timetable::credential_alarms(&self.app, organization, now).await?);
        alarms.extend(new.into_iter().map(|alarm| (organization.slug.clone(), alarm)));
        Ok(planned)
    }

    /// What is due; nothing while the organization is left alone after a failure.
    fn due(&self, organization: &Organization, planned: &[Planned], now: Timestamp) -> Vec<Wanted> {
        if self.troubled.get(&organization.id).is_some_and(|trouble| trouble.until > now) {
            return Vec::new();
        }
        let due = planned.iter().filter(|one| one.is_due(now));
        due.map(|one| Wanted {
            source: one.source,
            target: one.target.clone(),
            dataset: one.dataset.clone(),
            last_started: one.last_started,
        })
        .collect()
    }

    fn start(&mut self, organization: Organization, due: Vec<Wanted>) {
        let identity = (organization.id, organization.slug.clone());
        let app = Arc::clone(&self.app);
        let request = RunRequest {
            cause: "schedule".to_owned(),
            wanted: Some(due),
            stop: self.stop.clone(),
            ..RunRequest::default()
        };
        // A thread of its own: judging computes for seconds, and pages must answer meanwhile.
        let here = Handle::current();
        let handle =
            self.runs.spawn_blocking(move || here.block_on(pipeline::run(&app, &organization, &request, &|_| {})));
        self.running.insert(handle.id(), identity);
    }

    /// Waits until a run ends and notes what came of it; waits forever while nothing runs.
    pub(super) async fn next_end(&mut self) {
        match self.runs.join_next_with_id().await {
            Some(Ok((task, outcome))) => self.note(task, outcome),
            Some(Err(fault)) => self.note_broken(&fault),
            None => std::future::pending().await,
        }
    }

    /// True while a run goes on.
    pub(super) fn is_busy(&self) -> bool {
        !self.runs.is_empty()
    }

    async fn shut_down(mut self) {
        self.stop.cancel();
        while self.is_busy() {
            self.next_end().await;
        }
    }

    fn note(&mut self, task: Id, outcome: Outcome) {
        let Some((organization, slug)) = self.running.remove(&task) else { return };
        match outcome {
            Ok(report) => {
                self.troubled.remove(&organization);
                tracing::info!(
                    organization = %slug,
                    run = %report.run,
                    datasets = report.datasets.len(),
                    records = report.records,
                    ended_early = report.ended_early,
                    "Collected on schedule"
                );
                for busy in &report.busy {
                    tracing::info!(organization = %slug, "Left out for now: {}", busy.words());
                }
            }
            Err(RunFault::Busy(busy)) => {
                for one in &busy {
                    tracing::info!(organization = %slug, "Left out for now: {}", one.words());
                }
                let until = self.app.clock.now().plus(FIRST_REST);
                self.troubled.insert(organization, Trouble { message: String::new(), rest: FIRST_REST, until });
            }
            // Another schedule on the same database was first.
            Err(RunFault::Overtaken) => {}
            Err(fault) => self.trouble(organization, &slug, causes(&fault)),
        }
    }

    /// A run that broke down without an answer.
    fn note_broken(&mut self, fault: &JoinError) {
        let Some((organization, slug)) = self.running.remove(&fault.id()) else { return };
        self.trouble(organization, &slug, format!("a run broke down, which is a fault of this program: {fault}"));
    }

    fn trouble(&mut self, organization: OrgId, slug: &OrgSlug, message: String) {
        let before = self.troubled.remove(&organization);
        let rest = before.as_ref().map_or(FIRST_REST, |before| (before.rest * 2).min(LONGEST_REST));
        if before.is_none_or(|before| before.message != message) {
            tracing::error!(
                organization = %slug,
                fault = %message,
                "Could not collect on schedule; it is tried again, first after a minute, then ever more rarely"
            );
        }
        let until = self.app.clock.now().plus(rest);
        self.troubled.insert(organization, Trouble { message, rest, until });
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
