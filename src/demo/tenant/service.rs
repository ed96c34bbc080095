//! One Graph request from its headers to its answer, in the order the real service decides: gateway faults, method, token,
//! throttling, path, query, permission, licence, rows.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Content, Exchange};
use super::batch;
use super::cache::Key;
use super::endpoint::{Endpoint, Licence, Service, Shape, find};
use super::fault::FaultKind;
use super::firm::TenantIdentity;
use super::page::{Binding, Place, cut};
use super::print::{self, Question, is_collection_in_beta};
use super::query::{Query, parse};
use super::refuse;
use super::rows::{has_licence, rows};
use super::spoil;
use super::state::State;
use super::table::{Row, Table};
use super::token::Worth;

/// What is fixed while the tenant runs.
#[derive(Debug)]
pub(super) struct Site {
    pub identity: TenantIdentity,
    pub login_url: String,
    pub graph_url: String,
    pub page_cap: Option<usize>,
    pub empty_pages: bool,
}

/// A Graph request as far as it matters.
#[derive(Debug)]
pub(super) struct Request<'request> {
    pub method: &'request str,
    pub path: &'request str,
    pub query: &'request str,
    pub bearer: Option<&'request str>,
    pub consistency_level: Option<&'request str>,
    pub prefer: Option<&'request str>,
}

impl Request<'_> {
    /// Version and the path below it.
    pub(super) fn split(&self) -> Option<(&str, &str)> {
        let rest = self.path.strip_prefix('/')?;
        rest.split_at_checked(rest.find('/')?)
    }

    /// Whether members that an enumeration was given later may be sent.
    fn takes_new_members(&self) -> bool {
        let mut preferences = self.prefer.unwrap_or_default().split(',').map(str::trim);
        preferences.any(|one| one.eq_ignore_ascii_case("include-unknown-enum-members"))
    }
}

/// A path with its `%xx` resolved; what is no text afterwards stays as it is.
pub(super) fn decode(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.split_at_checked(2).and_then(|(code, rest)| Some((u8::from_str_radix(code, 16).ok()?, rest)));
        match code {
            Some((byte, rest)) => {
                bytes.push(byte);
                bytes.extend_from_slice(rest.as_bytes());
            }
            None => return path.to_owned(),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

type Refused = Answer;

/// Answers one request. Faults of the bytes are left to whoever sends it.
pub(super) fn answer(
    site: &Site,
    state: &mut State,
    request: &Request<'_>,
    exchange: &Exchange,
    faults: &[FaultKind],
) -> Answer {
    let now = Instant::now();
    let path = request.split().map_or(request.path, |(_, path)| path);
    spoil::first(site, state, request, path, exchange, faults, now)
        .unwrap_or_else(|| decide(site, state, request, exchange, faults, now).unwrap_or_else(|refused| refused))
}

/// Answers a batch whose body was read.
pub(super) fn answer_batch(
    site: &Site,
    state: &mut State,
    request: &Request<'_>,
    body: &[u8],
    exchange: &Exchange,
    faults: &[FaultKind],
) -> Answer {
    let now = Instant::now();
    if let Some(answer) = spoil::first(site, state, request, batch::PATH, exchange, faults, now) {
        return answer;
    }
    if let Err(refused) = authenticate(site, state, request, exchange, now) {
        return refused;
    }
    match request.split() {
        Some((version @ ("v1.0" | "beta"), _)) => batch::answer(site, state, request, version, body, exchange),
        _ => Answer::error(exchange, 400, "BadRequest", "Invalid version."),
    }
}

fn decide(
    site: &Site,
    state: &mut State,
    request: &Request<'_>,
    exchange: &Exchange,
    faults: &[FaultKind],
    now: Instant,
) -> Result<Answer, Refused> {
    if request.method != "GET" {
        state.stats.refused_writes += 1;
    }
    let granted = authenticate(site, state, request, exchange, now)?;
    if request.method != "GET" {
        let message = "Specified HTTP method is not allowed for the request target.";
        return Err(Answer::error(exchange, 405, "Request_BadRequest", message).with("allow", "GET".to_owned()));
    }
    let (version, path) = request
        .split()
        .filter(|(version, _)| matches!(*version, "v1.0" | "beta"))
        .ok_or_else(|| Answer::error(exchange, 400, "BadRequest", "Invalid version."))?;
    let Some((endpoint, id)) = find(path) else {
        let segment = path.rsplit('/').next().unwrap_or_default();
        let message = format!("Resource not found for the segment '{segment}'.");
        return Err(Answer::error(exchange, 400, "BadRequest", &message));
    };
    let parsed = parse(endpoint, request.query);
    let cost = parsed.as_ref().map_or(endpoint.cost, |query| units(endpoint, query));
    if let Err(refused) = state.gate.admit(endpoint, path, cost, now) {
        state.stats.avoidable_429 += u64::from(refused.avoidable);
        let scope = format!("{:?}/Read/{}/{}", refused.scope, site.identity.client_id, site.identity.id);
        return Err(Answer::throttled(exchange, refused.retry_after).with("x-ms-throttle-scope", scope));
    }
    let query = parsed.map_err(|bad| Answer::error(exchange, 400, bad.code, &bad.message))?;
    permit(state, endpoint, &query, &granted, exchange)?;
    if query.count && endpoint.service == Service::Directory && request.consistency_level != Some("eventual") {
        let message = "$count is not currently supported without ConsistencyLevel: eventual.";
        return Err(Answer::error(exchange, 400, "Request_UnsupportedQuery", message));
    }
    let new_members = request.takes_new_members();
    let (page_session, version, path) = (state.page_session, version.to_owned(), path.to_owned());
    let key = Key { version, path, query: request.query.to_owned(), page_session, new_members };
    let is_plain = !spoil::touches_json(faults);
    let body = if let Some(body) = state.bodies.get(&key).filter(|_| is_plain) {
        body
    } else {
        let question = Question {
            endpoint,
            query: &query,
            version: &key.version,
            path: &key.path,
            graph_url: &site.graph_url,
            new_members,
        };
        let repeats = faults.contains(&FaultKind::RepeatedPage);
        let body = body(site, state, &question, id, request, exchange, repeats)?;
        let body = Content::from(spoil::json(body, site, request, faults).to_string().into_bytes());
        if is_plain {
            state.bodies.put(key, &body);
        }
        body
    };
    let answer = Answer::content(200, body);
    Ok(if endpoint.service == Service::Directory {
        answer.with("x-ms-resource-unit", cost.to_string())
    } else {
        answer
    })
}

fn body(
    site: &Site,
    state: &State,
    question: &Question<'_>,
    id: Option<&str>,
    request: &Request<'_>,
    exchange: &Exchange,
    repeats: bool,
) -> Result<Map<String, Value>, Refused> {
    let rows = rows(&state.directory, question.endpoint, id, question.query.filter).ok_or_else(|| {
        let message = format!(
            "Resource '{}' does not exist or one of its queried reference-property objects are not present.",
            id.unwrap_or_default()
        );
        Answer::error(exchange, 404, "Request_ResourceNotFound", &message)
    })?;
    if question.endpoint.shape == Shape::Single && !is_collection_in_beta(question.endpoint, question.version) {
        single(site, state, question, &rows, exchange)
    } else {
        page(site, state, question, &rows, request, exchange, repeats)
    }
}

fn authenticate(
    site: &Site,
    state: &State,
    request: &Request<'_>,
    exchange: &Exchange,
    now: Instant,
) -> Result<BTreeSet<String>, Refused> {
    let message = match request.bearer.map(|token| state.tokens.judge(token, state.claims.as_deref(), now)) {
        Some(Worth::Good(permissions)) => return Ok(permissions),
        Some(Worth::Unclaimed) => {
            let claims = state.claims.as_deref().unwrap_or_default();
            return Err(refuse::claims_challenge(&site.login_url, claims, exchange));
        }
        Some(Worth::Expired) if state.claims.is_some() => {
            let claims = state.claims.as_deref().unwrap_or_default();
            return Err(refuse::claims_challenge(&site.login_url, claims, exchange));
        }
        Some(Worth::Expired) => "Lifetime validation failed, the token is expired.",
        Some(Worth::Unknown) => "CompactToken parsing failed with error code: 80049217",
        None => "Access token is empty.",
    };
    Err(refuse::no_token(&site.login_url, message, exchange))
}

/// Resource units: the path's own cost, cheaper with `$select` or a small page, dearer with `$expand`.
fn units(endpoint: &Endpoint, query: &Query) -> u64 {
    if endpoint.service != Service::Directory {
        return 1;
    }
    let dearer = u64::from(!query.expand.is_empty());
    let cheaper = u64::from(!query.select.is_empty()) + u64::from(query.top.is_some_and(|top| top < 20));
    (endpoint.cost + dearer).saturating_sub(cheaper).max(1)
}

/// Consent first, then licence. A permission counts when the token carries it and it was not withdrawn since.
fn permit(
    state: &State,
    endpoint: &Endpoint,
    query: &Query,
    granted: &BTreeSet<String>,
    exchange: &Exchange,
) -> Result<(), Refused> {
    let holds = |permission: &str| granted.contains(permission) && state.permissions.contains(permission);
    if !endpoint.permissions.iter().any(|permission| holds(permission)) {
        return Err(refuse::no_consent(endpoint, exchange));
    }
    if let Some(licence) = endpoint.licence.filter(|licence| !has_licence(&state.directory, *licence)) {
        return Err(refuse::no_licence(licence, endpoint.service, exchange));
    }
    if endpoint.table == Table::Users && query.select.iter().any(|name| name == "signInActivity") {
        if !holds("AuditLog.Read.All") {
            return Err(refuse::no_audit_permission(exchange));
        }
        if !has_licence(&state.directory, Licence::EntraP1) {
            return Err(refuse::not_premium(exchange));
        }
    }
    Ok(())
}

fn context(site: &Site, question: &Question<'_>) -> String {
    let select = &question.query.select;
    let chosen = if select.is_empty() { String::new() } else { format!("({})", select.join(",")) };
    format!("{}/{}/$metadata#{}{chosen}", site.graph_url, question.version, question.endpoint.context(question.path))
}

fn single(
    site: &Site,
    state: &State,
    question: &Question<'_>,
    rows: &[&Row],
    exchange: &Exchange,
) -> Result<Map<String, Value>, Refused> {
    let Some(row) = rows.first() else {
        return Err(Answer::error(exchange, 404, "ResourceNotFound", "The resource is not configured."));
    };
    let context = format!("{}/$entity", context(site, question));
    let mut body = Map::from_iter([("@odata.context".to_owned(), json!(context))]);
    body.extend(print::row(&state.directory, question, &question.endpoint.table.properties(), row));
    Ok(body)
}

fn page(
    site: &Site,
    state: &State,
    question: &Question<'_>,
    rows: &[&Row],
    request: &Request<'_>,
    exchange: &Exchange,
    repeats: bool,
) -> Result<Map<String, Value>, Refused> {
    let Question { endpoint, query, version, path, .. } = *question;
    let binding = Binding::new(&site.identity.id, state.page_session, path, query);
    let place = match &query.skip_token {
        None => Place::default(),
        Some(token) => binding.place(token).ok_or_else(|| {
            let message = "The specified page token value is no longer valid or malformed.";
            Answer::error(exchange, 400, "Directory_ExpiredPageToken", message)
        })?,
    };
    let length = endpoint.page.map_or(usize::MAX, |limits| {
        let asked = query.top.unwrap_or(limits.default);
        site.page_cap.map_or(asked, |cap| asked.min(cap.max(1)))
    });
    let (range, mut next) = cut(rows.len(), place, length, site.empty_pages);
    if repeats {
        next = Some(Place { offset: place.offset, page: place.page + 1 });
    }
    let mut body = Map::from_iter([("@odata.context".to_owned(), json!(context(site, question)))]);
    if query.count {
        body.insert("@odata.count".to_owned(), json!(rows.len()));
    }
    let properties = endpoint.table.properties();
    let value = rows.get(range).unwrap_or_default().iter();
    let value = value.map(|row| Value::Object(print::row(&state.directory, question, &properties, row))).collect();
    body.insert("value".to_owned(), Value::Array(value));
    if let Some(next) = next {
        let mut options: Vec<&str> =
            request.query.split('&').filter(|option| !option.is_empty() && !is_skip_token(option)).collect();
        let token = format!("$skiptoken={}", binding.token(next));
        options.push(&token);
        let link = format!("{}/{version}{path}?{}", site.graph_url, options.join("&"));
        body.insert("@odata.nextLink".to_owned(), json!(link));
    }
    Ok(body)
}

fn is_skip_token(option: &str) -> bool {
    let name = option.split('=').next().unwrap_or_default().to_lowercase();
    name == "$skiptoken" || name == "%24skiptoken"
}
