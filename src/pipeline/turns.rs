//! Whose turn a target is: what a run reads from which target, and the right to read it, which one run has at a time.
//!
//! The right is kept until what was seen is noted in the database, so that whoever comes next knows what it need not read
//! again. Start with [`Turns::take`].

use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;

use super::RunRequest;
use super::lease::Lease;
use crate::app::App;
use crate::catalog::collector::CollectorDefinition;
use crate::collect::Target;
use crate::collect::host::local_host_name;
use crate::model::evidence::Source;
use crate::model::id::DatasetId;
use crate::model::time::Timestamp;
use crate::store::{OrgScope, StoreFault, TargetLease};

/// A dataset of a target that the schedule wants, and when it was last tried as far as the schedule knew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub source: Source,
    pub target: String,
    pub dataset: DatasetId,
    pub last_started: Option<Timestamp>,
}

/// A target that was left alone, because another run reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BusyTarget {
    pub source: Source,
    pub target: String,
    /// Which command of which process on which machine.
    pub read_by: String,
    pub since: Timestamp,
}

impl BusyTarget {
    /// One sentence without its full stop.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} is being read by {} since {}", self.target, self.read_by, self.since.for_people())
    }
}

impl From<TargetLease> for BusyTarget {
    fn from(lease: TargetLease) -> Self {
        Self { source: lease.source, target: lease.target, read_by: lease.who, since: lease.taken_at }
    }
}

/// What is read from one target.
pub struct Turn<'a> {
    pub target: &'a dyn Target,
    pub definitions: Vec<&'a CollectorDefinition>,
}

/// The targets a run may read now. Give them back with [`Turns::release`].
pub struct Turns<'a> {
    pub held: Vec<Turn<'a>>,
    pub leases: Vec<Lease<'a>>,
    pub busy: Vec<BusyTarget>,
}

impl<'a> Turns<'a> {
    /// Takes every target that one of the definitions can be read from; waits for those that are being read as long as
    /// the request has patience.
    pub async fn take(
        app: &'a App,
        scope: &'a OrgScope,
        request: &RunRequest,
        targets: &'a [Box<dyn Target>],
        definitions: &[&'a CollectorDefinition],
    ) -> Result<Self, StoreFault> {
        let who = who(&request.cause);
        let all = targets.iter().filter_map(|target| {
            let target = target.as_ref();
            let fits = |one: &&&CollectorDefinition| one.source == target.source() && request.wants(target, &one.id);
            let definitions: Vec<_> = definitions.iter().filter(fits).copied().collect();
            (!definitions.is_empty()).then_some(Turn { target, definitions })
        });
        let taken = all.map(|turn| async {
            let lease = Lease::of_target(app, scope, turn.target, &who, request.patience).await;
            (turn, lease)
        });
        let mut turns = Self { held: Vec::new(), leases: Vec::new(), busy: Vec::new() };
        let mut broken = None;
        for (turn, lease) in join_all(taken).await {
            match lease {
                Ok(lease) => {
                    turns.held.push(turn);
                    turns.leases.push(lease);
                }
                Err(StoreFault::TargetBusy(lease)) => turns.busy.push((*lease).into()),
                Err(fault) => broken = Some(fault),
            }
        }
        let ready = match broken {
            Some(fault) => Err(fault),
            None => turns.leave_out_what_is_done(app, scope, request).await,
        };
        match ready {
            Ok(()) => Ok(turns),
            Err(fault) => {
                turns.release().await;
                Err(fault)
            }
        }
    }

    /// Datasets that somebody has tried since the schedule looked are done: with two schedules on one database both see
    /// what is due, and one of them comes second.
    async fn leave_out_what_is_done(
        &mut self,
        app: &App,
        scope: &OrgScope,
        request: &RunRequest,
    ) -> Result<(), StoreFault> {
        let Some(wanted) = &request.wanted else { return Ok(()) };
        let states = app.store.collector_states(scope).await?;
        for turn in &mut self.held {
            let (source, target) = (turn.target.source(), turn.target.name());
            turn.definitions.retain(|definition| {
                let of_this =
                    |one: &&Wanted| one.source == source && one.target == target && one.dataset == definition.id;
                let state = states
                    .iter()
                    .find(|state| state.source == source && state.target == target && state.dataset == definition.id);
                let tried = state.map(|state| state.last_started_at);
                wanted.iter().find(of_this).is_some_and(|one| one.last_started == tried)
            });
        }
        self.held.retain(|turn| !turn.definitions.is_empty());
        Ok(())
    }

    pub async fn release(self) {
        for lease in self.leases {
            lease.release().await;
        }
    }
}

impl RunRequest {
    /// How long a person who asks for a run waits for another run that reads the same target.
    pub const A_MOMENT: Duration = Duration::from_secs(5);

    fn wants(&self, target: &dyn Target, dataset: &DatasetId) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| {
            wanted
                .iter()
                .any(|one| one.source == target.source() && one.target == target.name() && one.dataset == *dataset)
        })
    }
}

/// Who reads, for people at another machine too.
fn who(cause: &str) -> String {
    let command = match cause {
        "schedule" => "the schedule of `countersign serve`".to_owned(),
        other => format!("`countersign {other}`"),
    };
    format!("{command} (process {} on {})", std::process::id(), local_host_name())
}
