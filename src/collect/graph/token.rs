//! Access tokens: fetched once, shared, renewed some minutes before they expire. A token is never parsed to decide
//! anything; its `roles` are shown as a diagnosis only.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_seal::digest::Digest;
use reqwest::Client;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::connection::{Credential, GraphConnection};
use super::http::{Answer, Ending, why_no_answer};
use super::limits::{GraphLimits, Patience};
use super::token_errors::{TokenFailure, failure_of};
use crate::model::evidence::CollectionOutcome;
use crate::model::time::Clock;

/// Longer answers of the token endpoint are not tokens.
const LARGEST_ANSWER: u64 = 256 * 1024;
/// How long before its end a token is replaced; a shorter token is replaced after two thirds of its life.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// One token, ready to send. `Debug` does not show it.
#[derive(Debug)]
pub(super) struct AccessToken {
    /// The whole `Authorization` value, marked sensitive.
    pub(super) authorization: HeaderValue,
    /// Permissions the token says were granted; empty when the token cannot be read.
    pub(super) roles: Vec<String>,
    /// What a claims challenge asked it to carry.
    claims: Option<String>,
    pub(super) fetched_at: Instant,
    renew_at: Instant,
}

#[derive(Debug, Default)]
enum Cached {
    #[default]
    Nothing,
    Token(Arc<AccessToken>),
    Refused(Refused),
}

#[derive(Debug)]
struct Refused {
    failure: TokenFailure,
    at: Instant,
    remembered_until: Instant,
}

impl Refused {
    /// Whether somebody who came at `asked_at` is told the same: it is remembered, or they waited for this very answer.
    fn tells(&self, asked_at: Instant) -> bool {
        asked_at <= self.at || Instant::now() < self.remembered_until
    }
}

/// What a token is good for; connections that agree in all of it share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TokenKey {
    token_url: String,
    scope: String,
    client_id: Uuid,
    credential: Digest,
}

impl TokenKey {
    pub(super) fn of(connection: &GraphConnection) -> Self {
        Self {
            token_url: connection.token_url().to_string(),
            scope: connection.scope(),
            client_id: connection.client_id(),
            credential: connection.credential().fingerprint(),
        }
    }
}

/// Gives tokens of one application in one tenant. Whoever comes while one is being fetched waits for that one.
#[derive(Debug, Default)]
pub(super) struct TokenSource(Mutex<Cached>);

/// What a token request needs besides the cache.
#[derive(Clone, Copy)]
pub(super) struct TokenRequest<'a> {
    pub(super) client: &'a Client,
    pub(super) connection: &'a GraphConnection,
    pub(super) limits: &'a GraphLimits,
    pub(super) clock: &'a dyn Clock,
}

impl AccessToken {
    /// The token alone, to be taken out of whatever repeats it.
    pub(super) fn text(&self) -> &str {
        let text = self.authorization.to_str().unwrap_or_default();
        text.strip_prefix("Bearer ").unwrap_or(text)
    }
}

impl TokenSource {
    /// The cached token, or a new one.
    pub(super) async fn current(&self, request: TokenRequest<'_>) -> Result<Arc<AccessToken>, TokenFailure> {
        let asked_at = Instant::now();
        let mut cached = self.0.lock().await;
        match &*cached {
            Cached::Token(token) if Instant::now() < token.renew_at => return Ok(Arc::clone(token)),
            Cached::Refused(refused) if refused.tells(asked_at) => return Err(refused.failure.clone()),
            Cached::Token(_) | Cached::Refused(_) | Cached::Nothing => {}
        }
        replace(&mut cached, request, None).await
    }

    /// A token other than `refused`: the one that somebody else fetched meanwhile, or a new one. `claims` is what a
    /// claims challenge asked for.
    pub(super) async fn instead_of(
        &self,
        refused: &Arc<AccessToken>,
        claims: Option<&str>,
        request: TokenRequest<'_>,
    ) -> Result<Arc<AccessToken>, TokenFailure> {
        let asked_at = Instant::now();
        let mut cached = self.0.lock().await;
        match &*cached {
            Cached::Token(token) if !Arc::ptr_eq(token, refused) && token.answers(claims) => {
                return Ok(Arc::clone(token));
            }
            Cached::Refused(refused) if refused.tells(asked_at) => return Err(refused.failure.clone()),
            Cached::Token(_) | Cached::Refused(_) | Cached::Nothing => {}
        }
        replace(&mut cached, request, claims).await
    }
}

impl AccessToken {
    /// Whether it can be used now where these claims were asked for.
    fn answers(&self, claims: Option<&str>) -> bool {
        Instant::now() < self.renew_at && (claims.is_none() || self.claims.as_deref() == claims)
    }
}

async fn replace(
    cached: &mut Cached,
    request: TokenRequest<'_>,
    claims: Option<&str>,
) -> Result<Arc<AccessToken>, TokenFailure> {
    *cached = Cached::Nothing;
    match fetch(request, claims).await {
        Ok(token) => {
            let token = Arc::new(token);
            *cached = Cached::Token(Arc::clone(&token));
            Ok(token)
        }
        Err(failure) => {
            let at = Instant::now();
            let remembered_until = at + request.limits.refusal_memory;
            *cached = Cached::Refused(Refused { failure: failure.clone(), at, remembered_until });
            Err(failure)
        }
    }
}

async fn fetch(request: TokenRequest<'_>, claims: Option<&str>) -> Result<AccessToken, TokenFailure> {
    let TokenRequest { limits, clock, .. } = request;
    let mut patience = Patience::new(limits);
    loop {
        let (failure, tries, asked) = match post(request, claims).await {
            Ok(answer) if answer.ending != Ending::Whole => {
                let reason = "the answer of the sign-in service broke off or was far too long: try again later";
                (TokenFailure::new(CollectionOutcome::Failed, reason), limits.max_tries, None)
            }
            Ok(answer) if matches!(answer.status, 429 | 500 | 502 | 503 | 504 | 509) => {
                let asked = answer.retry_after(clock.now());
                (failure_of(answer.status, &answer.body), limits.max_tries, asked)
            }
            Ok(answer) if answer.status == 200 => return token_of(&answer, claims),
            Ok(answer) => return Err(failure_of(answer.status, &answer.body)),
            Err(failure) if failure.outcome != CollectionOutcome::Unreachable => return Err(failure),
            Err(failure) => (failure, limits.max_connection_tries, None),
        };
        let Some(pause) = patience.next_pause(tries, asked) else { return Err(failure) };
        tokio::time::sleep(pause).await;
    }
}

async fn post(request: TokenRequest<'_>, claims: Option<&str>) -> Result<Answer, TokenFailure> {
    let TokenRequest { client, connection, clock, .. } = request;
    let url = connection.token_url();
    let (client_id, scope) = (connection.client_id().to_string(), connection.scope());
    let mut form =
        vec![("client_id", client_id.as_str()), ("scope", scope.as_str()), ("grant_type", "client_credentials")];
    if let Some(claims) = claims {
        form.push(("claims", claims));
    }
    let failed = |reason: &str| TokenFailure::new(CollectionOutcome::Failed, reason);
    let assertion = match connection.credential() {
        Credential::Secret(secret) => {
            form.push(("client_secret", secret.expose_secret()));
            None
        }
        Credential::Certificate(certificate) => Some(
            certificate
                .assertion(&url, connection.client_id(), clock.now())
                .ok_or_else(|| failed("the client certificate's key could not sign: connect again"))?,
        ),
        Credential::Federated(token) => {
            let token = token.clone();
            let read = tokio::task::spawn_blocking(move || token.read()).await;
            let read = read.unwrap_or_else(|_| Err("the federated token file could not be read".to_owned()));
            Some(read.map_err(|reason| failed(&format!("no sign-in: {reason}")))?)
        }
    };
    if let Some(assertion) = &assertion {
        form.push(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
        form.push(("client_assertion", assertion.expose_secret()));
    }
    let response = client
        .post(url.clone())
        .form(&form)
        .send()
        .await
        .map_err(|error| TokenFailure::new(CollectionOutcome::Unreachable, &why_no_answer(&url, error)))?;
    Ok(Answer::read(response, LARGEST_ANSWER).await)
}

#[derive(Deserialize)]
struct TokenAnswer {
    token_type: String,
    access_token: String,
    expires_in: Value,
}

fn token_of(answer: &Answer, claims: Option<&str>) -> Result<AccessToken, TokenFailure> {
    let unusable = |what: &str| {
        let reason = format!(
            "the sign-in service answered with {what}: check that the login URL is Microsoft's and that no proxy answers \
             in its place"
        );
        TokenFailure::new(CollectionOutcome::Failed, &reason)
    };
    // The parser's own words could repeat a part of the token.
    let token: TokenAnswer =
        serde_json::from_slice(&answer.body).map_err(|_| unusable("something that is not a token"))?;
    if !token.token_type.eq_ignore_ascii_case("bearer") {
        return Err(unusable("a token of an unknown kind"));
    }
    let seconds = match &token.expires_in {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let life = Duration::from_secs(seconds.ok_or_else(|| unusable("a token without an end"))?.min(24 * 3600));
    let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.access_token))
        .map_err(|_| unusable("a token that cannot be sent"))?;
    authorization.set_sensitive(true);
    Ok(AccessToken {
        authorization,
        roles: roles_of(&token.access_token),
        claims: claims.map(str::to_owned),
        fetched_at: Instant::now(),
        renew_at: Instant::now() + life.saturating_sub(RENEW_BEFORE.min(life / 3)),
    })
}

/// What a token says of itself, if it happens to be a readable JSON web token.
#[derive(Deserialize)]
pub(super) struct Claims {
    /// Whom it is for; null when it does not say.
    #[serde(default)]
    pub(super) aud: Value,
    #[serde(default)]
    pub(super) roles: Vec<String>,
}

pub(super) fn claims_of(token: &str) -> Option<Claims> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// The `roles` of a readable token; at most 100.
fn roles_of(token: &str) -> Vec<String> {
    let mut roles = claims_of(token).map(|claims| claims.roles).unwrap_or_default();
    roles.retain(|role| role.len() <= 100);
    roles.sort();
    roles.truncate(100);
    roles
}

#[cfg(test)]
mod tests {
    use super::{URL_SAFE_NO_PAD, roles_of};
    use base64::Engine as _;

    #[test]
    fn the_roles_of_a_token_are_read_if_they_can_be() {
        let payload = URL_SAFE_NO_PAD.encode(r#"{"roles": ["User.Read.All", "Policy.Read.All"]}"#);
        assert_eq!(roles_of(&format!("eyJ.{payload}.sig")), ["Policy.Read.All", "User.Read.All"]);
        for opaque in ["", "opaque", "a.b.c", "a.!!.c"] {
            assert!(roles_of(opaque).is_empty());
        }
    }
}
