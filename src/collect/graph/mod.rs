//! Microsoft Graph, app-only: one application in one tenant, read and never written.
//!
//! A token goes to the connection's own Graph host and nowhere else: redirects and foreign page links are not followed.
//! No token or secret is ever part of evidence, a log line or an error. Start with [`GraphTarget`]; one dataset's way
//! is `walk`, what an error answer means is [`crate::catalog::graph_errors`].

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::Client;
use tokio::time::Instant;

use self::http::Answer;
use self::limits::Gates;
use self::provenance::Journal;
use self::token::{TokenRequest, TokenSource};
use self::walk::{Setback, Walk};
use super::redact::Redactor;
use super::{Target, Workplace};
use crate::catalog::collector::{Cloud, CollectorDefinition, GraphRequest};
use crate::model::evidence::{CollectionOutcome, RawArtifact, RawEvidence, Redaction, Source};
use crate::model::time::{Clock, Timestamp};

mod assertion;
mod connection;
mod http;
mod limits;
mod page;
mod provenance;
mod request;
#[cfg(test)]
mod tests;
mod token;
mod token_errors;
mod walk;

pub use assertion::ClientCertificate;
pub use connection::{ConnectionError, Credential, GraphConnection};
pub use limits::{GateRule, GraphLimits};
pub use token_errors::TokenFailure;

/// One tenant, ready to be read. Shares its HTTP connections, its token and its gates among all datasets.
pub struct GraphTarget {
    connection: GraphConnection,
    limits: GraphLimits,
    client: Client,
    tokens: TokenSource,
    gates: Gates,
}

impl fmt::Debug for GraphTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "GraphTarget({} in {:?})", self.connection.tenant(), self.connection.cloud())
    }
}

impl GraphTarget {
    /// Sends nothing yet.
    ///
    /// # Errors
    /// [`ConnectionError::Client`] when the machine's trust store or proxy settings cannot be used.
    pub fn new(connection: GraphConnection, limits: GraphLimits) -> Result<Self, ConnectionError> {
        let client = http::client(&connection, &limits)?;
        let gates = Gates::new(&limits.gates);
        Ok(Self { connection, limits, client, tokens: TokenSource::default(), gates })
    }

    #[must_use]
    pub fn connection(&self) -> &GraphConnection {
        &self.connection
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
        TokenRequest { client: &self.client, connection: &self.connection, limits: &self.limits, clock }
    }

    /// True unless the collector names its clouds and this is none of them. What a custom cloud offers is not known
    /// beforehand, so it is asked.
    fn offers(&self, definition: &CollectorDefinition) -> bool {
        let cloud = self.connection.cloud();
        cloud == Cloud::Custom || definition.clouds.is_empty() || definition.clouds.contains(&cloud)
    }
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
        let clock = place.clock;
        let report = Report { target: self, definition, clock, started: clock.now() };
        let redactor = match Redactor::new(&definition.redact) {
            Ok(redactor) => redactor,
            Err(fault) => return report.without_request(Setback::failed(format!("nothing was asked: {fault}"))),
        };
        let Some(request) = &definition.request else {
            return report.without_request(Setback::failed("the collector's file holds no Microsoft Graph request"));
        };
        if !self.offers(definition) {
            let reason =
                format!("{} is not offered in this Microsoft cloud, so it was not asked for", definition.title);
            return report.without_request(Setback { outcome: CollectionOutcome::NotOffered, reason, answer: None });
        }
        let first = match request::first_url(&self.connection, request) {
            Ok(url) => url,
            Err(fault) => {
                return report.without_request(Setback::failed(format!("the collector's file is wrong: {fault}")));
            }
        };
        let mut walk = Walk {
            target: self,
            definition,
            request,
            clock,
            journal: Journal::default(),
            pages: Vec::new(),
            rows: 0,
            bytes: 0,
            holds_cut_lists: false,
            trouble: None,
        };
        let limit = Duration::from_secs(definition.timeout_seconds);
        let deadline = Instant::now() + limit.min(Duration::from_hours(24));
        let ended = match tokio::time::timeout_at(deadline, walk.run(first.clone())).await {
            Ok(ended) => ended,
            Err(_) => Err(out_of_time(definition, walk.trouble.take())),
        };
        report.of(walk, &first, request, &redactor, ended)
    }
}

fn out_of_time(definition: &CollectorDefinition, trouble: Option<Setback>) -> Setback {
    let seconds = definition.timeout_seconds;
    match trouble {
        Some(trouble) => {
            let reason = format!("the time limit of {seconds} seconds passed while waiting: {}", trouble.reason);
            Setback { reason, ..trouble }
        }
        None => Setback {
            outcome: CollectionOutcome::Unreachable,
            reason: format!(
                "the time limit of {seconds} seconds passed before the dataset was read: collect it again, or raise timeout_seconds"
            ),
            answer: None,
        },
    }
}

/// Makes evidence out of a walk.
struct Report<'a> {
    target: &'a GraphTarget,
    definition: &'a CollectorDefinition,
    clock: &'a dyn Clock,
    started: Timestamp,
}

impl Report<'_> {
    fn without_request(&self, setback: Setback) -> RawEvidence {
        let provenance = Journal::default().into_map(
            &self.target.connection,
            self.definition,
            self.definition.request.as_ref(),
            None,
            0,
        );
        RawEvidence { provenance, ..self.evidence(setback.outcome, setback.reason) }
    }

    fn of(
        &self,
        walk: Walk<'_>,
        first: &url::Url,
        request: &GraphRequest,
        redactor: &Redactor,
        ended: Result<(), Setback>,
    ) -> RawEvidence {
        let (outcome, reason, answer) = verdict(&walk, ended);
        let mut kept = Kept { redactor, artifacts: Vec::new(), redactions: Vec::new() };
        let pages = walk.pages.len();
        for (index, page) in walk.pages.into_iter().enumerate() {
            kept.add(&format!("page-{:04}.json", index + 1), "application/json", page);
        }
        if let Some(answer) = answer.filter(|answer| !answer.body.is_empty()) {
            let (extension, media_type) = kind_of(&answer);
            kept.add(&format!("error-0001.{extension}"), media_type, answer.body);
        }
        RawEvidence {
            source_clock: walk.journal.source_clock(),
            provenance: walk.journal.into_map(
                &self.target.connection,
                self.definition,
                Some(request),
                Some(first),
                pages,
            ),
            redactions: kept.redactions,
            artifacts: kept.artifacts,
            ..self.evidence(outcome, reason)
        }
    }

    fn evidence(&self, outcome: CollectionOutcome, reason: String) -> RawEvidence {
        RawEvidence {
            dataset: self.definition.id.clone(),
            collector_digest: self.definition.digest,
            target: self.target.connection.tenant().to_owned(),
            source: Source::Graph,
            started: self.started,
            finished: self.clock.now(),
            source_clock: None,
            outcome,
            reason,
            provenance: serde_json::Map::new(),
            redactions: Vec::new(),
            artifacts: Vec::new(),
        }
    }
}

/// Outcome, reason and the answer to keep. Pages that were read before a setback make it partial.
fn verdict(walk: &Walk<'_>, ended: Result<(), Setback>) -> (CollectionOutcome, String, Option<Box<Answer>>) {
    let read = format!("{} with {}", counted(walk.pages.len(), "page"), counted(walk.rows, "row"));
    match ended {
        Err(setback) if walk.pages.is_empty() => (setback.outcome, setback.reason, setback.answer),
        Err(setback) => {
            let reason = format!("only {read} could be read: {}", setback.reason);
            (CollectionOutcome::Partial, reason, setback.answer)
        }
        Ok(()) if walk.holds_cut_lists => {
            let reason = format!("{read} could be read, but Microsoft Graph cut lists inside some rows short");
            (CollectionOutcome::Partial, reason, None)
        }
        Ok(()) if walk.rows == 0 => {
            (CollectionOutcome::Empty, "Microsoft Graph answered that there are none".to_owned(), None)
        }
        Ok(()) => (CollectionOutcome::Complete, String::new(), None),
    }
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// File extension and media type of an error answer, from its bytes and header; whatever it claims, it is only stored.
fn kind_of(answer: &Answer) -> (&'static str, &'static str) {
    if serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body).is_ok() {
        ("json", "application/json")
    } else if answer.media_type() == "text/html" {
        ("bin", "text/html")
    } else {
        ("bin", "application/octet-stream")
    }
}

struct Kept<'a> {
    redactor: &'a Redactor,
    artifacts: Vec<RawArtifact>,
    redactions: Vec<Redaction>,
}

impl Kept<'_> {
    fn add(&mut self, name: &str, media_type: &str, bytes: Bytes) {
        let (bytes, redactions) = self.redactor.apply(name, bytes);
        self.artifacts.push(RawArtifact::in_memory(name, media_type, bytes));
        self.redactions.extend(redactions);
    }
}
