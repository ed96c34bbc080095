//! One exchange over HTTP: the client, the body read whole or up to a limit, and what the headers say about time.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response};
use url::Url;

use super::connection::{ConnectionError, GraphConnection};
use super::limits::GraphLimits;
use crate::model::time::Timestamp;

/// More than this of an error answer or of an oversized body is not kept.
pub(super) const EXCERPT: usize = 256 * 1024;

/// `User-Agent` in the form Microsoft asks of independent vendors.
pub(super) const USER_AGENT: &str = concat!("ISV|Countersign|Countersign/", env!("CARGO_PKG_VERSION"));

/// What tells HTTP clients apart; connections that agree in it share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ClientKind {
    https_only: bool,
    is_local: bool,
    connect_timeout: Duration,
    idle_timeout: Duration,
}

impl ClientKind {
    pub(super) fn of(connection: &GraphConnection, limits: &GraphLimits) -> Self {
        Self {
            https_only: connection.is_https_only(),
            is_local: connection.is_local(),
            connect_timeout: limits.connect_timeout,
            idle_timeout: limits.idle_timeout,
        }
    }

    fn builder(self) -> ClientBuilder {
        // Redirects are never followed: a token must not travel on.
        let builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.idle_timeout)
            .https_only(self.https_only);
        if self.is_local { builder.no_proxy() } else { builder }
    }
}

/// The HTTP clients of one kind of connection.
#[derive(Debug)]
pub(super) struct Clients {
    kind: ClientKind,
    usual: Client,
    /// Keeps no connection open. Made when it is first needed.
    anew: OnceLock<Client>,
}

impl Clients {
    pub(super) fn new(kind: ClientKind) -> Result<Self, ConnectionError> {
        let usual = kind.builder().build().map_err(ConnectionError::Client)?;
        Ok(Self { kind, usual, anew: OnceLock::new() })
    }

    pub(super) fn usual(&self) -> &Client {
        &self.usual
    }

    /// A client that makes a new connection for every request: behind the old one may stand a machine that is down.
    pub(super) fn anew(&self) -> &Client {
        self.anew.get_or_init(|| {
            // The same settings were good before.
            self.kind.builder().pool_max_idle_per_host(0).build().unwrap_or_else(|_| self.usual.clone())
        })
    }
}

/// How the body of an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// The connection broke before the announced end.
    CutOff,
    /// More than the limit; only the beginning is here.
    TooLarge,
}

/// An answer with its body after transport decompression.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) ending: Ending,
}

impl Answer {
    /// Reads the body, at most `limit` bytes of it; of an error answer at most [`EXCERPT`]. No more memory than the limit
    /// is ever asked for.
    pub(super) async fn read(mut response: Response, limit: u64) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let limit = if status == 200 { limit } else { limit.min(EXCERPT) };
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        // Reading on would only waste the line: the end is known to be out of reach.
        let hopeless = announced.is_some_and(|length| length > limit);
        let limit = if hopeless { limit.min(EXCERPT) } else { limit };
        let mut body = Vec::new();
        make_room(&mut body, announced.unwrap_or(0).min(limit), limit);
        let ending = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let fitting = chunk.get(..limit - body.len()).unwrap_or(&chunk);
                    make_room(&mut body, fitting.len(), limit);
                    body.extend_from_slice(fitting);
                    if fitting.len() < chunk.len() {
                        break Ending::TooLarge;
                    }
                }
                Ok(None) => break Ending::Whole,
                Err(_) => break Ending::CutOff,
            }
        };
        let ending = if hopeless { Ending::TooLarge } else { ending };
        Self { status, headers, body: Bytes::from(body), ending }
    }

    /// A header's text, shortened; none when absent or not ASCII.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let text = self.headers.get(name)?.to_str().ok()?;
        Some(text.chars().take(400).collect())
    }

    /// The media type in lower case without parameters; empty when there is none.
    pub(super) fn media_type(&self) -> String {
        let text = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    pub(super) fn is_json(&self) -> bool {
        let media_type = self.media_type();
        media_type == "application/json" || media_type.ends_with("+json")
    }

    /// What the server's clock said.
    pub(super) fn date(&self) -> Option<Timestamp> {
        http_date(self.headers.get(DATE)?.to_str().ok()?)
    }

    /// How long the service asked to wait: seconds, also with a fraction, or a date.
    pub(super) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?;
        pause_in(text, self.date().unwrap_or(now))
    }
}

/// The pause that a `Retry-After` asks for, by the clock of the service.
pub(super) fn pause_in(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    http_date(text)?.since(now).to_std().ok()
}

/// Room for `more` bytes, doubled as it grows, but never beyond `limit`.
fn make_room(body: &mut Vec<u8>, more: usize, limit: usize) {
    let needed = body.len().saturating_add(more).min(limit);
    if needed > body.capacity() {
        let wanted = body.capacity().saturating_mul(2).clamp(needed, limit.max(needed));
        body.reserve_exact(wanted - body.len());
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc2822(text).ok().map(|time| Timestamp::from(time.to_utc()))
}

/// One sentence on why no answer came; names the host, never a header or query.
pub(super) fn why_no_answer(url: &Url, error: reqwest::Error) -> String {
    let host = url.host_str().unwrap_or("the service");
    if error.is_timeout() {
        return format!("{host} did not answer in time: check the network and any proxy between here and there");
    }
    let error = error.without_url();
    let mut cause = error.source();
    let mut innermost = error.to_string();
    while let Some(deeper) = cause {
        innermost = deeper.to_string();
        cause = deeper.source();
    }
    let innermost: String = innermost.chars().take(200).collect();
    format!("no connection to {host} could be made ({innermost}): check the network, any proxy and the host name")
}

#[cfg(test)]
mod tests {
    use super::{Answer, Ending, make_room};
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use std::time::Duration;

    fn answer(headers: &[(&'static str, &'static str)]) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect::<HeaderMap>();
        Answer { status: 429, headers, body: Bytes::new(), ending: Ending::Whole }
    }

    #[test]
    fn retry_after_may_be_a_fraction_or_a_date_and_nonsense_is_ignored() {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        let asked = |text| answer(&[("retry-after", text)]).retry_after(now);
        assert_eq!(asked("2.128"), Some(Duration::from_secs_f64(2.128)));
        assert_eq!(asked("3"), Some(Duration::from_secs(3)));
        assert_eq!(asked("Mon, 23 Nov 2026 10:00:07 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(asked("-1"), None);
        assert_eq!(asked("NaN"), None);
        assert_eq!(asked("soon"), None);
    }

    #[test]
    fn room_for_a_body_never_grows_beyond_its_limit() {
        let mut body = Vec::new();
        for _ in 0..100 {
            make_room(&mut body, 777, 50_000);
            body.extend_from_slice(&[0; 777][..777.min(50_000 - body.len())]);
            assert!(body.capacity() <= 50_000, "{}", body.capacity());
        }
        assert_eq!(body.len(), 50_000);
    }

    #[test]
    fn a_retry_date_is_read_against_the_servers_own_clock() {
        let answer =
            answer(&[("date", "Mon, 23 Nov 2026 11:00:00 GMT"), ("retry-after", "Mon, 23 Nov 2026 11:00:05 GMT")]);
        assert_eq!(answer.retry_after("2026-11-23T10:00:00Z".parse().unwrap()), Some(Duration::from_secs(5)));
    }
}
