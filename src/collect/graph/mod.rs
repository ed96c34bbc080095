//! Microsoft Graph, app-only: one application in one tenant, read and never written.
//!
//! A token goes to the connection's own Graph host and nowhere else: redirects and foreign page links are not followed.
//! No token or secret is ever part of evidence, a log line or an error. Start with [`GraphPool`], which all runs of a
//! process share, and [`GraphTarget`]; one dataset's way is `walk`, one question's is `fetch`, what an error answer means is
//! [`crate::catalog::graph_errors`].

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::fetch::Inquiry;
use self::gates::Gates;
use self::http::Clients;
use self::kept::Kept;
use self::provenance::Journal;
use self::report::Report;
use self::request::{Address, Question};
use self::setback::Setback;
use self::token::{TokenRequest, TokenSource};
use self::walk::{Seen, Walk};
use super::redact::Redactor;
use super::{Target, Workplace};
use crate::catalog::collector::{Cloud, CollectorDefinition, GraphRequest};
use crate::model::evidence::{CollectionOutcome, RawEvidence, Source};
use crate::model::time::Clock;

mod assertion;
mod batch;
mod batch_answer;
mod certificate;
mod connection;
mod der;
mod federated;
mod fetch;
mod gate;
mod gates;
mod http;
mod kept;
mod limits;
mod page;
mod pool;
mod probe;
mod profile;
mod provenance;
mod report;
mod request;
mod setback;
mod skim;
#[cfg(test)]
mod tests;
mod token;
mod token_errors;
mod walk;

pub use assertion::ClientCertificate;
pub use certificate::{CertificateFacts, NewCertificate, create as create_certificate};
pub use connection::{ConnectionError, Credential, GraphConnection, sign_in_url, tenant_name};
pub use federated::FederatedToken;
pub use gate::Allowance;
pub use gates::{GateRule, Sharing};
pub use limits::GraphLimits;
pub use pool::GraphPool;
pub use probe::{ClockSeen, Granted, Probe, Region};
pub use token_errors::TokenFailure;

/// One tenant, ready to be read once. What it shares with other runs is its pool's; what it learns, such as that its
/// tokens are refused for good, is its own.
pub struct GraphTarget {
    connection: GraphConnection,
    limits: GraphLimits,
    clients: Arc<Clients>,
    tokens: Arc<TokenSource>,
    gates: Gates,
    /// Older tokens may not know of a consent that was given since.
    since: Instant,
    /// Cancelled when nothing of this tenant can be read any more.
    stopped: CancellationToken,
    /// Why.
    stopped_by: OnceLock<(CollectionOutcome, String)>,
}

impl fmt::Debug for GraphTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "GraphTarget({} in {:?})", self.connection.tenant(), self.connection.cloud())
    }
}

impl GraphTarget {
    /// A target that shares nothing with others. Sends nothing yet.
    ///
    /// # Errors
    /// [`ConnectionError::Client`] when the machine's trust store or proxy settings cannot be used.
    pub fn new(connection: GraphConnection, limits: GraphLimits) -> Result<Self, ConnectionError> {
        GraphPool::with_limits(limits).target(connection)
    }

    fn assembled(
        connection: GraphConnection,
        limits: GraphLimits,
        clients: Arc<Clients>,
        tokens: Arc<TokenSource>,
        gates: Gates,
    ) -> Self {
        let (stopped, stopped_by) = (CancellationToken::new(), OnceLock::new());
        Self { connection, limits, clients, tokens, gates, since: Instant::now(), stopped, stopped_by }
    }

    #[must_use]
    pub fn connection(&self) -> &GraphConnection {
        &self.connection
    }

    #[must_use]
    pub fn limits(&self) -> &GraphLimits {
        &self.limits
    }

    /// Signs in and tells which application permissions the token says were granted, sorted. An empty list means
    /// that the token could not be read, not that nothing was granted.
    ///
    /// # Errors
    /// [`TokenFailure`] says in one sentence why sign-in failed and what fixes it.
    pub async fn check_access(&self, clock: &dyn Clock) -> Result<Vec<String>, TokenFailure> {
        let token = self.tokens.current(self.token_request(clock)).await?;
        Ok(token.roles.clone())
    }

    fn token_request<'a>(&'a self, clock: &'a dyn Clock) -> TokenRequest<'a> {
        TokenRequest { client: self.clients.usual(), connection: &self.connection, limits: &self.limits, clock }
    }

    /// A fresh token was refused: nothing of this tenant can be read, and every dataset says so in the same words.
    fn stop(&self, setback: &Setback) {
        // The first reason stays.
        self.stopped_by.set((setback.outcome, setback.reason.clone())).ok();
        self.stopped.cancel();
    }

    fn stopped_setback(&self) -> Setback {
        match self.stopped_by.get() {
            Some((outcome, reason)) => Setback::new(*outcome, reason.clone()),
            None => Setback::run_ended(),
        }
    }

    /// True unless the collector names its clouds and this is none of them. What a custom cloud offers is not known
    /// beforehand, so it is asked.
    fn offers(&self, definition: &CollectorDefinition) -> bool {
        let cloud = self.connection.cloud();
        cloud == Cloud::Custom || definition.clouds.is_empty() || definition.clouds.contains(&cloud)
    }

    /// What a definition asks; or why nothing can be asked.
    fn question<'a>(&self, definition: &'a CollectorDefinition) -> Result<(&'a GraphRequest, Question), Setback> {
        let Some(request) = &definition.request else {
            return Err(Setback::failed("the collector's file holds no Microsoft Graph request"));
        };
        if !self.offers(definition) {
            let reason =
                format!("{} is not offered in this Microsoft cloud, so it was not asked for", definition.title);
            return Err(Setback::new(CollectionOutcome::NotOffered, reason));
        }
        let question = Question::first(&self.connection, Address::first(request))
            .map_err(|fault| Setback::failed(format!("the collector's file is wrong: {fault}")))?;
        Ok((request, question))
    }
}

/// What ended the reading of a dataset.
enum Ended {
    Walk(Result<(), Setback>),
    /// Its own time was over.
    Time,
    /// Somebody ended the run.
    Run,
    /// Nothing of the tenant can be read.
    Tenant,
}

#[async_trait]
impl Target for GraphTarget {
    fn name(&self) -> &str {
        self.connection.tenant()
    }

    fn source(&self) -> Source {
        Source::Graph
    }

    async fn collect(&self, definition: &CollectorDefinition, place: Workplace<'_>) -> RawEvidence {
        let Workplace { clock, folder, stop } = place;
        let report = Report { target: self, definition, clock, started: clock.now() };
        let redactor = match Redactor::new(&definition.redact) {
            Ok(redactor) => redactor,
            Err(fault) => return report.without_request(Setback::failed(format!("nothing was asked: {fault}"))),
        };
        let (request, first) = match self.question(definition) {
            Ok(asked) => asked,
            Err(setback) => return report.without_request(setback),
        };
        let journal = Journal::default();
        let mut walk = Walk {
            inquiry: Inquiry {
                target: self,
                definition,
                clock,
                journal,
                sent: Vec::new(),
                trouble: None,
                in_gate: false,
            },
            request,
            kept: Kept::new(redactor, folder, self.limits.memory_bytes),
            seen: Seen::default(),
        };
        let limit = Duration::from_secs(definition.timeout_seconds);
        let deadline = Instant::now() + limit.min(Duration::from_hours(24));
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Ended::Run,
            () = self.stopped.cancelled() => Ended::Tenant,
            ended = tokio::time::timeout_at(deadline, walk.run(&first)) => ended.map_or(Ended::Time, Ended::Walk),
        };
        let ended = match ended {
            Ended::Walk(ended) => ended,
            Ended::Time => Err(Setback::out_of_time(definition, walk.inquiry.trouble.take(), walk.inquiry.in_gate)),
            Ended::Run => Err(Setback::run_ended()),
            Ended::Tenant => Err(self.stopped_setback()),
        };
        report.of(walk, first.url(), ended)
    }
}
