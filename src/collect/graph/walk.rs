//! Reading one dataset: page after page, with retries, until it is whole or something stops it.
//!
//! What was read before a stop stays in the [`Walk`], so that a time limit from outside loses nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use url::Url;
use uuid::Uuid;

use super::GraphTarget;
use super::http::{Answer, Ending, why_no_answer};
use super::limits::Patience;
use super::provenance::Journal;
use super::token::AccessToken;
use super::token_errors::TokenFailure;
use super::{page, request};
use crate::catalog::collector::{CollectorDefinition, GraphRequest};
use crate::catalog::graph_errors::{ErrorClass, GraphError, Needs, classify};
use crate::model::evidence::CollectionOutcome;
use crate::model::time::Clock;

/// A licence refusal is believed after this many: Microsoft reports it now and then for licensed tenants.
const LICENCE_TRIES: u32 = 3;
const FLAPPING_LICENCE_CODE: &str = "Authentication_RequestFromNonPremiumTenantOrB2CTenant";

/// What stopped a walk.
#[derive(Debug, Clone)]
pub(super) struct Setback {
    pub(super) outcome: CollectionOutcome,
    pub(super) reason: String,
    /// The answer that is to be kept as an artifact.
    pub(super) answer: Option<Box<Answer>>,
}

impl Setback {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self { outcome: CollectionOutcome::Failed, reason: reason.into(), answer: None }
    }

    fn keeping(self, answer: Answer) -> Self {
        Self { answer: Some(Box::new(answer)), ..self }
    }
}

impl From<TokenFailure> for Setback {
    fn from(failure: TokenFailure) -> Self {
        Self { outcome: failure.outcome, reason: failure.reason, answer: None }
    }
}

/// What to do about an answer.
enum Verdict {
    Good(Answer),
    /// Ask again with another token, bound to these claims if the service named some.
    RenewToken(Option<String>, Setback),
    /// Ask again after a pause: at most so many times, at least so long.
    Again(Setback, u32, Option<Duration>),
    Stop(Setback),
}

/// One dataset being read.
pub(super) struct Walk<'a> {
    pub(super) target: &'a GraphTarget,
    pub(super) definition: &'a CollectorDefinition,
    pub(super) request: &'a GraphRequest,
    pub(super) clock: &'a dyn Clock,
    pub(super) journal: Journal,
    pub(super) pages: Vec<Bytes>,
    pub(super) rows: usize,
    pub(super) bytes: u64,
    pub(super) holds_cut_lists: bool,
    /// The trouble that is being waited out, if the time limit strikes now.
    pub(super) trouble: Option<Setback>,
}

impl Walk<'_> {
    /// Reads from `first` on until no page is left.
    pub(super) async fn run(&mut self, first: Url) -> Result<(), Setback> {
        let mut visited = HashSet::new();
        let mut next = Some(first);
        while let Some(url) = next {
            if self.pages.len() >= self.target.limits.max_pages {
                let most = self.target.limits.max_pages;
                return Err(Setback::failed(format!(
                    "there are more than {most} pages, which is the limit of one dataset"
                )));
            }
            let answer = self.fetch(&url).await?;
            visited.insert(url);
            next = self.take(answer, &visited)?;
        }
        Ok(())
    }

    /// Keeps a page and says where the next one is.
    fn take(&mut self, answer: Answer, visited: &HashSet<Url>) -> Result<Option<Url>, Setback> {
        if !answer.is_json() && !answer.media_type().is_empty() && !looks_like_a_web_page(&answer.body) {
            let media_type = answer.media_type();
            return Err(Setback::failed(format!("the answer is of type {media_type} and not JSON")).keeping(answer));
        }
        let page = match page::read(&answer.body, self.request.paged) {
            Ok(page) => page,
            Err(reason) => return Err(Setback::failed(reason).keeping(answer)),
        };
        self.bytes += answer.body.len() as u64;
        self.rows += page.rows;
        self.holds_cut_lists |= page.holds_cut_lists;
        self.pages.push(answer.body);
        let Some(link) = page.next_link else { return Ok(None) };
        let url = Url::parse(&link)
            .map_err(|_| Setback::failed("the link to the next page is not an absolute URL, so it was not followed"))?;
        if !self.target.connection.owns(&url) {
            let host = url.host_str().unwrap_or("another place").chars().take(100).collect::<String>();
            return Err(Setback::failed(format!(
                "the link to the next page leads to {host}, which is not this connection's Microsoft Graph: it was not \
                 followed and no token was sent there; have the network and any proxy looked at"
            )));
        }
        if visited.contains(&url) {
            return Err(Setback::failed("the link to the next page leads back to a page that was read already"));
        }
        Ok(Some(url))
    }

    /// One page, with one token renewal and as many tries as the limits allow.
    async fn fetch(&mut self, url: &Url) -> Result<Answer, Setback> {
        let mut patience = Patience::new(&self.target.limits);
        let token = self.target.tokens.current(self.target.token_request(self.clock)).await;
        let mut token = self.noted(token)?;
        let mut may_renew = true;
        loop {
            match self.once(url, &token).await {
                Verdict::Good(answer) => {
                    self.trouble = None;
                    return Ok(answer);
                }
                Verdict::RenewToken(claims, _) if may_renew => {
                    may_renew = false;
                    self.journal.token_renewed();
                    let renewed = self
                        .target
                        .tokens
                        .instead_of(&token, claims.as_deref(), self.target.token_request(self.clock))
                        .await;
                    token = self.noted(renewed)?;
                }
                Verdict::Stop(setback) | Verdict::RenewToken(_, setback) => return Err(setback),
                Verdict::Again(setback, tries, asked) => {
                    let Some(pause) = patience.next_pause(tries, asked) else { return Err(setback) };
                    self.trouble = Some(setback);
                    self.target.gates.hold(&self.request.path, pause);
                    tokio::time::sleep(pause).await;
                    // A long pause may have outlived the token.
                    let current = self.target.tokens.current(self.target.token_request(self.clock)).await;
                    token = self.noted(current)?;
                }
            }
        }
    }

    async fn once(&mut self, url: &Url, token: &Arc<AccessToken>) -> Verdict {
        self.target.gates.pass(&self.request.path).await;
        let request_id = Uuid::now_v7();
        let headers = request::headers(self.request, token, request_id);
        self.journal.request_sent();
        let limits = &self.target.limits;
        let response = match self.target.client.get(url.clone()).headers(headers).send().await {
            Ok(response) => response,
            Err(error) => {
                let reason = why_no_answer(url, error);
                let setback = Setback { outcome: CollectionOutcome::Unreachable, reason, answer: None };
                return Verdict::Again(setback, limits.max_connection_tries, None);
            }
        };
        let room = self.definition.max_bytes.saturating_sub(self.bytes);
        let answer = Answer::read(response, room).await;
        self.journal.answered(&answer, request_id);
        self.verdict(answer)
    }

    fn verdict(&self, answer: Answer) -> Verdict {
        let limits = &self.target.limits;
        match (answer.status, &answer.ending) {
            (200, Ending::Whole) => Verdict::Good(answer),
            (200, Ending::CutOff) => {
                let read = answer.body.len();
                let setback = Setback::failed(format!("the answer broke off after {read} bytes: collect it again"));
                Verdict::Again(setback.keeping(answer), limits.max_tries, None)
            }
            (200, Ending::TooLarge) => {
                let limit = self.definition.max_bytes;
                Verdict::Stop(Setback::failed(format!(
                    "the dataset is larger than its collector allows ({limit} bytes): raise max_bytes if that is right"
                )).keeping(shortened(answer)))
            }
            (201..=399, _) => {
                let status = answer.status;
                let reason = format!(
                    "Microsoft Graph answered with status {status} where data was expected, and redirects are not followed"
                );
                Verdict::Stop(Setback::failed(reason).keeping(answer))
            }
            _ => self.refusal(answer),
        }
    }

    fn refusal(&self, answer: Answer) -> Verdict {
        let limits = &self.target.limits;
        let error = classify(Some(answer.status), &answer.body);
        let asked = answer.retry_after(self.clock.now());
        let claims = claims_challenge(&answer);
        let setback = self.setback_of(&error).keeping(answer);
        match error.class {
            ErrorClass::TokenRefused if error.status == Some(401) => Verdict::RenewToken(claims, setback),
            ErrorClass::SlowDown | ErrorClass::Unavailable | ErrorClass::Broken => {
                Verdict::Again(setback, limits.max_tries, asked)
            }
            ErrorClass::NoLicence if error.code == FLAPPING_LICENCE_CODE => {
                Verdict::Again(setback, LICENCE_TRIES.min(limits.max_tries), asked)
            }
            _ => Verdict::Stop(setback),
        }
    }

    fn setback_of(&self, error: &GraphError) -> Setback {
        let needs =
            Needs { permission: self.definition.permission.as_deref(), licence: self.definition.licence.as_deref() };
        let is_unconfigured_object =
            error.class == ErrorClass::NotConfigured && error.status == Some(404) && !self.request.paged;
        if is_unconfigured_object {
            let reason = format!("nothing is configured here: Microsoft Graph knows no such object ({})", error.code);
            return Setback { outcome: CollectionOutcome::Empty, reason, answer: None };
        }
        Setback { outcome: error.outcome(), reason: error.reason(needs), answer: None }
    }

    fn noted(&mut self, token: Result<Arc<AccessToken>, TokenFailure>) -> Result<Arc<AccessToken>, Setback> {
        match token {
            Ok(token) => {
                self.journal.token_used(&token.roles);
                Ok(token)
            }
            Err(failure) => {
                self.journal.token_failed(&failure);
                Err(failure.into())
            }
        }
    }
}

/// The claims that a challenge asks the next token to carry, decoded.
fn claims_challenge(answer: &Answer) -> Option<String> {
    let header = answer.headers.get(reqwest::header::WWW_AUTHENTICATE)?.to_str().ok()?;
    let (_, rest) = header.split_once("claims=\"")?;
    let (encoded, _) = rest.split_once('"')?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    String::from_utf8(decoded).ok().filter(|claims| claims.starts_with('{'))
}

fn looks_like_a_web_page(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// An oversized answer without most of its body.
fn shortened(mut answer: Answer) -> Answer {
    answer.body = Bytes::copy_from_slice(answer.body.get(..super::http::EXCERPT).unwrap_or(&answer.body));
    answer
}
