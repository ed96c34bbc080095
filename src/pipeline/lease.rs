//! Rights that one holder has at a time: to append to an organization's ledger, and to read one of its targets. Taken
//! before the work, kept up while it goes on, given back.
//!
//! They spare work. What keeps history whole is the log object, which only one writer can create. Nobody ever has to
//! remove a lease by hand: a holder that died on this machine is noticed at once, one elsewhere after it expired. Start
//! with [`Lease::take`] and [`Lease::of_target`].

use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::join_all;

use super::fault::CommitFault;
use crate::app::App;
use crate::collect::Target;
use crate::model::evidence::Source;
use crate::model::time::Timestamp;
use crate::store::{OrgScope, StoreFault, TargetLease};

/// How long a holder may hold without a sign of life before others may take over.
const LASTS: i64 = 120;
/// How often a holder shows that it lives.
const RENEWED: Duration = Duration::from_secs(40);
/// How long to wait for a writer that lives.
const PATIENCE: Duration = Duration::from_mins(10);
/// Longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// What a lease gives the right to.
enum Right {
    /// Appending to the ledger, which has so many leaves as far as the holder knows.
    Append { expected_size: u64 },
    /// Reading a target.
    Read { source: Source, target: String, who: String, taken_at: Timestamp },
}

/// A held lease. Give it back with [`Lease::release`]; dropped, it expires.
pub struct Lease<'a> {
    app: &'a App,
    scope: &'a OrgScope,
    holder: String,
    right: Right,
}

impl<'a> Lease<'a> {
    /// Waits for the ledger and takes it.
    pub async fn take(app: &'a App, scope: &'a OrgScope, expected_size: u64) -> Result<Self, CommitFault> {
        Ok(Self::wait(app, scope, Right::Append { expected_size }, PATIENCE).await?)
    }

    /// Takes the right to read a target, waiting at most `patience` for another run that reads it. `who` tells others
    /// who has it.
    ///
    /// # Errors
    /// [`StoreFault::TargetBusy`] when somebody else still has it.
    pub async fn of_target(
        app: &'a App,
        scope: &'a OrgScope,
        target: &dyn Target,
        who: &str,
        patience: Duration,
    ) -> Result<Self, StoreFault> {
        let (source, target, who) = (target.source(), target.name().to_owned(), who.to_owned());
        let taken_at = app.clock.now();
        Self::wait(app, scope, Right::Read { source, target, who, taken_at }, patience).await
    }

    async fn wait(app: &'a App, scope: &'a OrgScope, right: Right, patience: Duration) -> Result<Self, StoreFault> {
        // One name for each piece of work, so that two of one process also wait for each other.
        let holder = format!("{}/{}", app.presence.id(), uuid::Uuid::now_v7());
        let lease = Self { app, scope, holder, right };
        // Before it is asked for: an answer that is lost may have been a yes.
        app.presence.takes();
        let since = tokio::time::Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            let fault = match lease.renew().await {
                Ok(()) => return Ok(lease),
                Err(fault) => fault,
            };
            let Some(other) = holder_of(&fault) else { return Err(fault) };
            // Or of this very process, where giving it back has failed.
            let process = other.split('/').next().unwrap_or_default();
            if app.presence.is_gone(process) || app.presence.has_left(other) {
                tracing::info!(organization = %scope.id(), "Took over from a holder that is gone: {}", lease.right.words());
                lease.give_back(other).await?;
            } else if since.elapsed() < patience {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE);
            } else {
                // It was refused, so there is nothing to give back.
                app.presence.gave_back();
                return Err(fault);
            }
        }
    }

    #[must_use]
    pub fn app(&self) -> &'a App {
        self.app
    }

    #[must_use]
    pub fn scope(&self) -> &'a OrgScope {
        self.scope
    }

    /// Carries out work and keeps the lease up meanwhile.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            never = self.keep_up() => match never {},
        }
    }

    /// Carries out work and keeps all these leases up meanwhile.
    pub async fn during_all<T>(leases: &[Self], work: impl Future<Output = T>) -> T {
        let keep_up = async {
            join_all(leases.iter().map(Self::keep_up)).await;
            // Nothing to keep up is no reason to end the work.
            std::future::pending::<Infallible>().await
        };
        tokio::select! {
            done = work => done,
            never = keep_up => match never {},
        }
    }

    async fn keep_up(&self) -> Infallible {
        loop {
            tokio::time::sleep(RENEWED).await;
            // A lease that was lost costs the work at most another try, or a target a second reading.
            if let Err(fault) = self.renew().await {
                tracing::warn!(organization = %self.scope.id(), "{} could not be renewed: {fault}", self.right.words());
            }
        }
    }

    /// Gives it back. Whatever was done under it stands, also when nobody can be told that it is free: then it is free
    /// once this process has ended, or it expires.
    pub async fn release(self) {
        match self.give_back(&self.holder).await {
            Ok(()) => self.app.presence.gave_back(),
            Err(fault) => {
                self.app.presence.leaves(&self.holder);
                tracing::warn!(organization = %self.scope.id(), "{} could not be given back: {fault}", self.right.words());
            }
        }
    }

    async fn give_back(&self, holder: &str) -> Result<(), StoreFault> {
        match &self.right {
            Right::Append { .. } => self.app.store.release_ledger_lease(self.scope, holder).await,
            Right::Read { source, target, .. } => {
                self.app.store.release_target_lease(self.scope, *source, target, holder).await
            }
        }
    }

    async fn renew(&self) -> Result<(), StoreFault> {
        let now: Timestamp = self.app.clock.now();
        let expires_at = now.plus(chrono::Duration::seconds(LASTS));
        match &self.right {
            Right::Append { expected_size } => {
                self.app.store.take_ledger_lease(self.scope, &self.holder, *expected_size, now, expires_at).await
            }
            Right::Read { source, target, who, taken_at } => {
                let wanted = TargetLease {
                    source: *source,
                    target: target.clone(),
                    holder: self.holder.clone(),
                    who: who.clone(),
                    taken_at: *taken_at,
                    expires_at,
                };
                self.app.store.take_target_lease(self.scope, &wanted, now).await
            }
        }
    }
}

impl Right {
    fn words(&self) -> String {
        match self {
            Self::Append { .. } => "the right to append".to_owned(),
            Self::Read { target, .. } => format!("the right to read {target}"),
        }
    }
}

/// Who holds what was asked for; none for other faults.
fn holder_of(fault: &StoreFault) -> Option<&str> {
    match fault {
        StoreFault::LedgerBusy { holder } => Some(holder),
        StoreFault::TargetBusy(lease) => Some(&lease.holder),
        _ => None,
    }
}
