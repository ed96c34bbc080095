//! `POST /$batch`: up to twenty requests in one. The outer answer says nothing about the inner ones; each of those is
//! authenticated, throttled, spoilt and counted on its own, and they come back in an order nobody may rely on.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_seal::digest::Digest;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Exchange};
use super::firm::guid;
use super::service::{self, Request, Site};
use super::state::State;
use super::stats::SeenRequest;

/// The path below the version.
pub(super) const PATH: &str = "/$batch";

const MOST_ITEMS: usize = 20;

#[derive(Debug, Deserialize)]
struct Envelope {
    requests: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    id: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default, rename = "body")]
    _body: Value,
    #[serde(default, rename = "dependsOn")]
    depends_on: Vec<String>,
}

impl Item {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Answers the whole batch, whose bearer was found good.
pub(super) fn answer(
    site: &Site,
    state: &mut State,
    outer: &Request<'_>,
    version: &str,
    body: &[u8],
    exchange: &Exchange,
) -> Answer {
    let bad = |message: &str| Answer::error(exchange, 400, "BadRequest", message);
    let Ok(Envelope { requests }) = serde_json::from_slice(body) else {
        return bad("Invalid batch payload format.");
    };
    if requests.is_empty() {
        return bad("The batch holds no requests.");
    }
    if requests.len() > MOST_ITEMS {
        return bad("Number of batch request steps exceeds the maximum value of 20.");
    }
    if let Some(fault) = fault(&requests) {
        return bad(&fault);
    }
    let mut statuses = BTreeMap::<String, u16>::new();
    let mut parts = Vec::new();
    let mut waiting = requests;
    while !waiting.is_empty() {
        let is_ready = |item: &Item| item.depends_on.iter().all(|id| statuses.contains_key(id));
        let (ready, rest): (Vec<Item>, Vec<Item>) = waiting.into_iter().partition(is_ready);
        if ready.is_empty() {
            return bad("The requests depend on each other in a circle.");
        }
        waiting = rest;
        for item in ready {
            let has_failed = item.depends_on.iter().any(|id| statuses.get(id).is_some_and(|status| *status >= 400));
            let (inner, answer) = one(site, state, outer, version, &item, exchange, has_failed);
            statuses.insert(item.id.clone(), answer.status);
            let order = Digest::of(format!("{}/{}", exchange.request_id, item.id).as_bytes());
            parts.push((order.to_string(), print(&item.id, &inner, &answer)));
        }
    }
    parts.sort();
    let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
    Answer::json_text(200, format!("{{\"responses\":[{}]}}", parts.join(",")))
}

/// What is wrong with the batch itself.
fn fault(items: &[Item]) -> Option<String> {
    let mut ids = BTreeSet::new();
    for item in items {
        if item.id.is_empty() {
            return Some("Request Id may not be empty.".to_owned());
        }
        if !ids.insert(item.id.as_str()) {
            return Some(format!("Request Id {} is not unique.", item.id));
        }
        if !item.url.starts_with('/') {
            return Some(format!("Request {}: the url must be relative and begin with a slash.", item.id));
        }
        if item.header("authorization").is_some() {
            return Some(format!("Request {}: the batch's own token is used.", item.id));
        }
    }
    let unknown = items.iter().flat_map(|item| &item.depends_on).find(|id| !ids.contains(id.as_str()))?;
    Some(format!("DependsOn names the request {unknown}, which is not in the batch."))
}

fn one(
    site: &Site,
    state: &mut State,
    outer: &Request<'_>,
    version: &str,
    item: &Item,
    exchange: &Exchange,
    has_failed_dependency: bool,
) -> (Exchange, Answer) {
    state.serial += 1;
    let inner = Exchange {
        request_id: guid(&format!("{}/request/{}", site.graph_url, state.serial)),
        client_request_id: item.header("client-request-id").map(str::to_owned),
        now: exchange.now,
    };
    let (path, query) = item.url.split_once('?').unwrap_or((&item.url, ""));
    let path = format!("/{version}{}", service::decode(path));
    let request = Request {
        method: &item.method,
        path: &path,
        query,
        bearer: outer.bearer,
        consistency_level: item.header("consistencylevel"),
        prefer: item.header("prefer"),
    };
    let below_version = path.strip_prefix(&format!("/{version}")).unwrap_or(&path).to_owned();
    let answer = if has_failed_dependency {
        Answer::error(&inner, 424, "FailedDependency", "A request that this one depends on has failed.")
    } else {
        let faults = state.strike(&below_version);
        service::answer(site, state, &request, &inner, &faults)
    };
    state.stats.batch_items += 1;
    let seen = SeenRequest {
        method: item.method.clone(),
        path,
        query: query.to_owned(),
        status: answer.status,
        request_id: inner.request_id.clone(),
        client_request_id: inner.client_request_id.clone(),
        user_agent: None,
        in_batch: true,
    };
    state.record(&below_version, seen);
    (inner, answer)
}

/// One inner answer; what is not JSON is sent as Base64, as the service does.
fn print(id: &str, exchange: &Exchange, answer: &Answer) -> String {
    let mut headers = Map::from_iter([
        ("Content-Type".to_owned(), json!(answer.content_type)),
        ("OData-Version".to_owned(), json!("4.0")),
        ("Cache-Control".to_owned(), json!("no-cache")),
        ("request-id".to_owned(), json!(exchange.request_id)),
    ]);
    headers.extend(exchange.client_request_id.iter().map(|id| ("client-request-id".to_owned(), json!(id))));
    for (name, value) in &answer.headers {
        let name = if *name == "retry-after" { "Retry-After" } else { name };
        headers.insert(name.to_owned(), json!(value));
    }
    let bytes = answer.body.plain();
    let is_json = answer.content_type.contains("json") && serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    let body = match std::str::from_utf8(bytes) {
        Ok(text) if is_json => text.to_owned(),
        _ => json!(STANDARD.encode(bytes)).to_string(),
    };
    let (id, headers) = (json!(id), Value::Object(headers));
    format!("{{\"id\":{id},\"status\":{},\"headers\":{headers},\"body\":{body}}}", answer.status)
}
