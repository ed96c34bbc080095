//! The token endpoint: client credentials, Entra's errors, opaque tokens. What an application may prove itself with is in
//! [`super::credentials`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_seal::digest::Digest;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::answer::{Answer, Exchange};
use super::credentials::{Credentials, Measure, Proof};
use super::firm::TenantIdentity;

/// What the token endpoint needs of a request.
#[derive(Debug)]
pub(super) struct TokenRequest<'request> {
    pub method: &'request str,
    /// The path segment before `/oauth2`.
    pub tenant: &'request str,
    pub content_type: &'request str,
    pub authorization: Option<&'request str>,
    pub body: &'request [u8],
}

/// Tokens that were issued and still count.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    issued: BTreeMap<String, Issued>,
    serial: u64,
}

#[derive(Debug)]
struct Issued {
    expires: Instant,
    permissions: BTreeSet<String>,
    /// The claims it was asked for with.
    claims: String,
}

/// What a bearer token is worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Good(BTreeSet<String>),
    /// Good, had it been asked for with the claims that are wanted now.
    Unclaimed,
    Expired,
    /// Never issued here: made up, or of another tenant.
    Unknown,
}

impl Tokens {
    pub(super) fn judge(&self, token: &str, wanted: Option<&str>, now: Instant) -> Worth {
        match self.issued.get(token) {
            None => Worth::Unknown,
            Some(issued) if issued.expires <= now => Worth::Expired,
            Some(issued) if wanted.is_some_and(|wanted| since(&issued.claims) != since(wanted)) => Worth::Unclaimed,
            Some(issued) => Worth::Good(issued.permissions.clone()),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.issued.keys()
    }

    pub(super) fn expire_all(&mut self, now: Instant) {
        self.issued.values_mut().for_each(|issued| issued.expires = now);
    }

    /// A text that means nothing to its bearer; `unguessable` keeps two tenants' tokens apart.
    fn issue(&mut self, permissions: &BTreeSet<String>, claims: &str, expires: Instant, unguessable: &str) -> String {
        self.serial += 1;
        let seed = format!("{unguessable}/{}", self.serial);
        let parts = ["a", "b", "c"]
            .map(|part| URL_SAFE_NO_PAD.encode(Digest::of(format!("{seed}/{part}").as_bytes()).as_bytes()));
        let token = format!("sim.{}", parts.concat());
        self.issued
            .insert(token.clone(), Issued { expires, permissions: permissions.clone(), claims: claims.to_owned() });
        token
    }
}

/// Since when a token must have been issued, in claims that may hold more than that.
fn since(claims: &str) -> Option<String> {
    let claims: Value = serde_json::from_str(claims).ok()?;
    claims.pointer("/access_token/nbf/value")?.as_str().map(str::to_owned)
}

/// The server's side of a token exchange.
pub(super) struct Issuer<'state> {
    pub identity: &'state TenantIdentity,
    pub graph_url: &'state str,
    pub login_url: &'state str,
    pub lifetime: Duration,
    pub permissions: &'state BTreeSet<String>,
    pub tokens: &'state mut Tokens,
    pub credentials: &'state mut Credentials,
    /// Whether a conditional access policy for workload identities stops the application.
    pub is_blocked: bool,
    /// Differs between two starts of the same firm.
    pub instance: &'state str,
}

/// Why no token is issued.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    error: &'static str,
    code: u32,
    text: String,
}

impl Issuer<'_> {
    /// Answers a token request. True when a token was issued.
    pub(super) fn answer(&mut self, request: &TokenRequest<'_>, exchange: &Exchange, now: Instant) -> (Answer, bool) {
        match self.grant(request, exchange, now) {
            Ok(token) => {
                let seconds = self.lifetime.as_secs();
                let body = json!({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
                    "access_token": token});
                let mut answer = Answer::json(200, &body).with("cache-control", "no-store, no-cache".to_owned());
                answer.content_type = "application/json; charset=utf-8";
                (answer, true)
            }
            Err(refusal) => (refuse(&refusal, exchange), false),
        }
    }

    fn grant(&mut self, request: &TokenRequest<'_>, exchange: &Exchange, now: Instant) -> Result<String, Refusal> {
        let known = [&self.identity.id, &self.identity.domain, &self.identity.initial_domain];
        if request.method != "POST" {
            let text = format!("The endpoint only accepts POST requests. Received a {} request.", request.method);
            return Err(Refusal::new(405, "invalid_request", 900_561, text));
        }
        if !known.iter().any(|name| name.eq_ignore_ascii_case(request.tenant)) {
            let text = format!("Tenant '{}' not found. Check the tenant ID and the cloud.", request.tenant);
            return Err(Refusal::new(400, "invalid_request", 90002, text));
        }
        let form = read_form(request)?;
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("grant_type") != "client_credentials" {
            let text = format!("The app requested an unsupported grant type '{}'.", field("grant_type"));
            return Err(Refusal::new(400, "unsupported_grant_type", 70003, text));
        }
        if !field("client_id").eq_ignore_ascii_case(&self.identity.client_id) {
            let (id, domain) = (field("client_id"), &self.identity.domain);
            let text = format!("Application with identifier '{id}' was not found in the directory '{domain}'.");
            return Err(Refusal::new(400, "unauthorized_client", 700_016, text));
        }
        let scope = field("scope");
        if let Some(host) = scope.strip_suffix("/.default").filter(|host| OTHER_CLOUDS.contains(host)) {
            let domain = &self.identity.domain;
            let text = format!("The resource principal named {host} was not found in the tenant named {domain}.");
            return Err(Refusal::new(400, "invalid_resource", 500_011, text));
        }
        if scope.strip_suffix("/.default") != Some(self.graph_url) {
            let text = format!(
                "The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
            );
            return Err(Refusal::new(400, "invalid_scope", 70011, text));
        }
        let proof = Proof {
            client_id: &self.identity.client_id,
            secret: field("client_secret"),
            assertion_kind: field("client_assertion_type"),
            assertion: field("client_assertion"),
        };
        let audiences = known.map(|name| format!("{}/{name}/oauth2/v2.0/token", self.login_url));
        let by = Measure { secret: &self.identity.client_secret, audiences: &audiences, now: exchange.now };
        self.credentials.check(proof, by)?;
        if self.is_blocked {
            return Err(Refusal::numbered(53_003, self.identity));
        }
        let seed = format!("{}/{}/{}", self.instance, self.identity.id, self.identity.client_id);
        let expires = now.checked_add(self.lifetime).unwrap_or(now);
        Ok(self.tokens.issue(self.permissions, field("claims"), expires, &seed))
    }
}

/// Graph in clouds that this tenant is not in.
const OTHER_CLOUDS: [&str; 4] = [
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
];

impl Refusal {
    pub(super) const fn new(status: u16, error: &'static str, code: u32, text: String) -> Self {
        Self { status, error, code, text }
    }

    /// A refusal by its number, as it would be if there were a reason for it.
    pub(super) fn numbered(code: u32, identity: &TenantIdentity) -> Self {
        let app = &identity.client_id;
        let (status, error, text) = match code {
            53_003 => (
                400,
                "invalid_grant",
                "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."
                    .to_owned(),
            ),
            90_002 => (400, "invalid_request", format!("Tenant '{}' not found.", identity.id)),
            500_011 => (400, "invalid_resource", "The resource principal was not found in the tenant.".to_owned()),
            700_016 => (400, "unauthorized_client", format!("Application with identifier '{app}' was not found.")),
            700_024 => (401, "invalid_client", "Client assertion is not within its valid time range.".to_owned()),
            7_000_112 => (401, "unauthorized_client", format!("Application '{app}' is disabled.")),
            7_000_215 => (401, "invalid_client", format!("Invalid client secret provided for app '{app}'.")),
            7_000_222 => {
                (401, "invalid_client", format!("The provided client secret keys for app '{app}' are expired."))
            }
            _ => (400, "invalid_request", "The request was refused.".to_owned()),
        };
        Self::new(status, error, code, text)
    }

    fn missing(parameter: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{parameter}'.");
        Self::new(400, "invalid_request", 900_144, text)
    }
}

/// The form's fields, with those of HTTP Basic where the form has none.
fn read_form(request: &TokenRequest<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    if !request.content_type.to_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Err(Refusal::missing("grant_type"));
    }
    let mut form = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(request.body) {
        if form.insert(name.to_string(), value.into_owned()).is_some() {
            let text = format!("The parameter '{name}' appears more than once.");
            return Err(Refusal::new(400, "invalid_request", 90014, text));
        }
    }
    if let Some((id, secret)) = request.authorization.and_then(basic) {
        form.entry("client_id".to_owned()).or_insert(id);
        form.entry("client_secret".to_owned()).or_insert(secret);
    }
    let is_missing = |name: &&str| form.get(*name).is_none_or(String::is_empty);
    ["grant_type", "client_id", "scope"]
        .into_iter()
        .find(is_missing)
        .map_or(Ok(()), |name| Err(Refusal::missing(name)))?;
    Ok(form)
}

fn basic(authorization: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(authorization.strip_prefix("Basic ")?).ok()?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let decode =
        |text: &str| form_urlencoded::parse(format!("x={text}").as_bytes()).next().map(|(_, value)| value.into_owned());
    Some((decode(id)?, decode(secret)?))
}

pub(super) fn refuse(refusal: &Refusal, exchange: &Exchange) -> Answer {
    let stamp = exchange.now.as_datetime().format("%Y-%m-%d %H:%M:%SZ").to_string();
    let trace = &exchange.request_id;
    let correlation = exchange.client_request_id.as_ref().unwrap_or(trace);
    let Refusal { status, error, code, text } = refusal;
    let body = json!({
        "error": error,
        "error_description":
            format!("AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"),
        "error_codes": [code],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("https://login.example/error?code={code}"),
    });
    let mut answer = Answer::json(*status, &body);
    answer.content_type = "application/json; charset=utf-8";
    answer
}
