//! One Graph request from its headers to its answer, in the order the real service decides: gateway faults, method, token,
//! throttling, path, query, permission, licence, rows.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Exchange};
use super::endpoint::{Endpoint, Licence, Service, Shape, find};
use super::fault::FaultKind;
use super::firm::TenantIdentity;
use super::page::{Binding, Place, cut};
use super::print::{self, Question, is_collection_in_beta};
use super::query::{Query, parse};
use super::refuse;
use super::rows::{has_licence, rows};
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
}

impl Request<'_> {
    /// Version and the path below it.
    pub(super) fn split(&self) -> Option<(&str, &str)> {
        let rest = self.path.strip_prefix('/')?;
        rest.split_at_checked(rest.find('/')?)
    }
}

type Refused = Answer;

/// Answers one request. Faults of the body are left to whoever sends it.
pub(super) fn answer(
    site: &Site,
    state: &mut State,
    request: &Request<'_>,
    exchange: &Exchange,
    faults: &[FaultKind],
) -> Answer {
    let now = Instant::now();
    let path = request.split().map_or(request.path, |(_, path)| path);
    let path = find(path).map_or(path, |(endpoint, _)| endpoint.path);
    for fault in faults {
        match fault {
            FaultKind::Html502 => return Answer::html_502(),
            FaultKind::Status(status, body) => {
                return Answer { body: body.clone().into_bytes(), ..Answer::json(*status, &Value::Null) };
            }
            FaultKind::RetryAfter(text) => {
                state.gate.tell_to_wait(path, Some(text), now);
                return Answer::throttled(exchange, Some(text.clone()));
            }
            FaultKind::ExpireTokens => state.tokens.expire_all(now),
            FaultKind::ExpirePageTokens => state.page_session += 1,
            FaultKind::LoseConsent(permission) => {
                state.permissions.remove(permission);
            }
            FaultKind::ClaimsChallenge => {
                state.tokens.expire_all(now);
                return refuse::claims_challenge(&site.login_url, &refuse::claims(exchange), exchange);
            }
            _ => {}
        }
    }
    decide(site, state, request, exchange, faults, now).unwrap_or_else(|refused| refused)
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
    if let Err(refused) = state.gate.admit(endpoint, endpoint.path, cost, now) {
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
    let rows = rows(&state.directory, endpoint, id, query.filter).ok_or_else(|| {
        let message = format!(
            "Resource '{}' does not exist or one of its queried reference-property objects are not present.",
            id.unwrap_or_default()
        );
        Answer::error(exchange, 404, "Request_ResourceNotFound", &message)
    })?;
    let question = Question { endpoint, query: &query, version, path, graph_url: &site.graph_url };
    let body = if endpoint.shape == Shape::Single && !is_collection_in_beta(endpoint, version) {
        single(site, state, &question, &rows, exchange)?
    } else {
        page(site, state, &question, &rows, request, exchange)?
    };
    let body = Value::Object(spoil_link(body, site, request, faults));
    let answer = Answer::json(200, &body);
    Ok(if endpoint.service == Service::Directory {
        answer.with("x-ms-resource-unit", cost.to_string())
    } else {
        answer
    })
}

fn authenticate(
    site: &Site,
    state: &State,
    request: &Request<'_>,
    exchange: &Exchange,
    now: Instant,
) -> Result<BTreeSet<String>, Refused> {
    let message = match request.bearer.map(|token| state.tokens.judge(token, now)) {
        Some(Worth::Good(permissions)) => return Ok(permissions),
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
    let (range, next) = cut(rows.len(), place, length, site.empty_pages);
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

fn spoil_link(
    mut body: Map<String, Value>,
    site: &Site,
    request: &Request<'_>,
    faults: &[FaultKind],
) -> Map<String, Value> {
    let link = faults.iter().find_map(|fault| match fault {
        FaultKind::ForeignNextLink => Some(format!("https://graph.foreign.example{}?$skiptoken=stolen", request.path)),
        FaultKind::LoopingNextLink if request.query.is_empty() => Some(format!("{}{}", site.graph_url, request.path)),
        FaultKind::LoopingNextLink => Some(format!("{}{}?{}", site.graph_url, request.path, request.query)),
        _ => None,
    });
    if let Some(link) = link {
        body.insert("@odata.nextLink".to_owned(), json!(link));
    }
    body
}
