//! The right to append to an organization's ledger: taken before a head is signed, kept up while work goes on, given back.
//!
//! It spares work; it is not what keeps history whole: that is the log object, which only one writer can create. Nobody
//! ever has to remove a lease by hand: a holder that died on this machine is noticed at once, one elsewhere after it expired.

use std::convert::Infallible;
use std::time::Duration;

use super::fault::CommitFault;
use crate::app::App;
use crate::model::time::Timestamp;
use crate::store::{OrgScope, StoreFault};

/// How long a writer may hold the ledger without a sign of life before others may take it.
const LASTS: i64 = 120;
/// How often a holder shows that it lives.
const RENEWED: Duration = Duration::from_secs(40);
/// How long to wait for a writer that lives.
const PATIENCE: Duration = Duration::from_mins(10);
/// Longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// A held lease. Give it back with [`Lease::release`]; dropped, it expires.
pub struct Lease<'a> {
    app: &'a App,
    scope: &'a OrgScope,
    holder: String,
    expected_size: u64,
}

impl<'a> Lease<'a> {
    /// Waits for the ledger and takes it.
    pub async fn take(app: &'a App, scope: &'a OrgScope, expected_size: u64) -> Result<Self, CommitFault> {
        // One name for each commit, so that two of one process also wait for each other.
        let holder = format!("{}/{}", app.presence.id(), uuid::Uuid::now_v7());
        let lease = Self { app, scope, holder, expected_size };
        // Before it is asked for: an answer that is lost may have been a yes.
        app.presence.takes();
        let since = tokio::time::Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            match lease.renew().await {
                Err(StoreFault::LedgerBusy { holder, .. }) if since.elapsed() < PATIENCE => {
                    let process = holder.split('/').next().unwrap_or_default();
                    // Or from this very process, where giving it back has failed.
                    if app.presence.is_gone(process) || app.presence.has_left(&holder) {
                        tracing::info!(organization = %scope.id(), "Took the ledger over from a holder that is gone");
                        app.store.release_ledger_lease(scope, &holder).await?;
                        continue;
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE);
                }
                taken => return Ok(taken.map(|()| lease)?),
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

    async fn keep_up(&self) -> Infallible {
        loop {
            tokio::time::sleep(RENEWED).await;
            // A lease that was lost costs the work at most another try: see the module's text.
            if let Err(fault) = self.renew().await {
                tracing::warn!(organization = %self.scope.id(), "The right to append could not be renewed: {fault}");
            }
        }
    }

    /// Gives the ledger back. Whatever was done under it stands, also when nobody can be told that it is free: then it is
    /// free once this process has ended, or it expires.
    pub async fn release(self) {
        match self.app.store.release_ledger_lease(self.scope, &self.holder).await {
            Ok(()) => self.app.presence.gave_back(),
            Err(fault) => {
                self.app.presence.leaves(&self.holder);
                tracing::warn!(organization = %self.scope.id(), "The right to append could not be given back: {fault}");
            }
        }
    }

    async fn renew(&self) -> Result<(), StoreFault> {
        let now: Timestamp = self.app.clock.now();
        let until = now.plus(chrono::Duration::seconds(LASTS));
        self.app.store.take_ledger_lease(self.scope, &self.holder, self.expected_size, now, until).await
    }
}
