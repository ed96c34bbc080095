//! Everything that changes while the tenant runs; behind one lock.

use std::collections::{BTreeSet, VecDeque};

use super::cache::Cache;
use super::credentials::Credentials;
use super::endpoint::find;
use super::fault::{FaultKind, Pending};
use super::firm::Directory;
use super::stats::{LOG_LENGTH, SeenRequest, SimulatorStats};
use super::throttle::Gate;
use super::token::Tokens;

#[derive(Debug)]
pub(super) struct State {
    pub directory: Directory,
    /// What is consented to now.
    pub permissions: BTreeSet<String>,
    pub tokens: Tokens,
    pub credentials: Credentials,
    /// Whether conditional access stops the application's sign-in.
    pub is_blocked: bool,
    /// What a token must be asked for with, after a challenge.
    pub claims: Option<String>,
    pub bodies: Cache,
    /// Page tokens of an older session are refused.
    pub page_session: u64,
    pub faults: Pending,
    pub gate: Gate,
    pub stats: SimulatorStats,
    pub log: VecDeque<SeenRequest>,
    pub serial: u64,
}

impl State {
    /// Counts a request below the version and gives the faults that strike it.
    pub(super) fn strike(&mut self, path: &str) -> Vec<FaultKind> {
        self.faults.strike(path, find(path).map_or(path, |(endpoint, _)| endpoint.path))
    }

    pub(super) fn record(&mut self, path: &str, seen: SeenRequest) {
        *self.stats.by_path.entry(path.to_owned()).or_default() += 1;
        *self.stats.by_status.entry(seen.status).or_default() += 1;
        self.stats.throttled += u64::from(seen.status == 429);
        if self.log.len() == LOG_LENGTH {
            self.log.pop_front();
        }
        self.log.push_back(seen);
    }
}
