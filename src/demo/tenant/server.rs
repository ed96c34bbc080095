//! The two listeners: HTTP in, [`super::service`] and [`super::token`] decide, HTTP out.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request as HttpRequest, State as Extracted};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Shared;
use super::answer::{Answer, Exchange, touches_bytes};
use super::batch;
use super::fault::{FaultKind, TOKEN_PATH};
use super::firm::guid;
use super::service::{self, Request};
use super::state::State;
use super::stats::SeenRequest;
use super::token::{self, Issuer, Refusal, TokenRequest};
use crate::model::time::Timestamp;

/// No token request is longer.
const LONGEST_FORM: usize = 64 * 1024;

/// No batch of twenty short requests is longer.
const LONGEST_BATCH: usize = 4 * 1024 * 1024;

pub(super) fn spawn(
    listener: TcpListener,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<io::Result<()>> {
    tokio::spawn(async move {
        let stopped = async move {
            // An error means that the tenant was dropped: stop as well.
            let _ended = stop.wait_for(|stopped| *stopped).await;
        };
        axum::serve(listener, router).with_graceful_shutdown(stopped).await
    })
}

pub(super) fn login(shared: Arc<Shared>) -> Router {
    Router::new().fallback(answer_login).with_state(shared)
}

pub(super) fn graph(shared: Arc<Shared>) -> Router {
    Router::new().fallback(answer_graph).with_state(shared)
}

fn text<'headers>(headers: &'headers HeaderMap, name: &str) -> Option<&'headers str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn exchange(shared: &Shared, state: &mut State, headers: &HeaderMap) -> Exchange {
    state.serial += 1;
    Exchange {
        request_id: guid(&format!("{}/request/{}", shared.site.graph_url, state.serial)),
        client_request_id: text(headers, "client-request-id").map(str::to_owned),
        now: shared.clock.now(),
    }
}

struct Outline {
    method: String,
    path: String,
    query: String,
    user_agent: Option<String>,
}

impl Outline {
    fn of(request: &HttpRequest) -> Self {
        Self {
            method: request.method().as_str().to_owned(),
            path: service::decode(request.uri().path()),
            query: request.uri().query().unwrap_or_default().to_owned(),
            user_agent: text(request.headers(), header::USER_AGENT.as_str()).map(str::to_owned),
        }
    }

    fn seen(&self, status: u16, exchange: &Exchange) -> SeenRequest {
        SeenRequest {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            status,
            request_id: exchange.request_id.clone(),
            client_request_id: exchange.client_request_id.clone(),
            user_agent: self.user_agent.clone(),
            in_batch: false,
        }
    }
}

async fn answer_graph(Extracted(shared): Extracted<Arc<Shared>>, http: HttpRequest) -> Response {
    let outline = Outline::of(&http);
    let (parts, body) = http.into_parts();
    let headers = &parts.headers;
    let request = Request {
        method: &outline.method,
        path: &outline.path,
        query: &outline.query,
        bearer: text(headers, "authorization").and_then(|value| value.strip_prefix("Bearer ")),
        consistency_level: text(headers, "consistencylevel"),
        prefer: text(headers, "prefer"),
    };
    let below_version = request.split().map_or(request.path, |(_, path)| path).to_owned();
    let is_batch = outline.method == "POST" && below_version == batch::PATH;
    let body = if is_batch { to_bytes(body, LONGEST_BATCH).await.unwrap_or_default() } else { Bytes::new() };

    let (answer, exchange, serial, faults) = {
        let mut state = shared.state();
        let state = &mut *state;
        let mut exchange = exchange(&shared, state, headers);
        state.stats.requests += 1;
        let faults = state.strike(&below_version);
        shift(&mut exchange, &faults);
        let serial = state.serial;
        let answer = if is_batch {
            service::answer_batch(&shared.site, state, &request, &body, &exchange, &faults)
        } else {
            service::answer(&shared.site, state, &request, &exchange, &faults)
        };
        state.record(&below_version, outline.seen(answer.status, &exchange));
        (answer, exchange, serial, faults)
    };
    answer.send(&exchange, serial, takes_gzip(headers), body_fault(&faults))
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = text(headers, header::ACCEPT_ENCODING.as_str()).unwrap_or_default();
    accepted.split(',').any(|one| one.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("gzip"))
}

/// A clock that goes wrong for one answer.
fn shift(exchange: &mut Exchange, faults: &[FaultKind]) {
    for fault in faults {
        if let FaultKind::WrongDate(seconds) = fault
            && let Some(by) = chrono::Duration::try_seconds(*seconds)
            && let Some(wrong) = exchange.now.as_datetime().checked_add_signed(by)
        {
            exchange.now = Timestamp::from(wrong);
        }
    }
}

async fn answer_login(Extracted(shared): Extracted<Arc<Shared>>, http: HttpRequest) -> Response {
    let outline = Outline::of(&http);
    let (parts, body) = http.into_parts();
    let body = to_bytes(body, LONGEST_FORM).await.unwrap_or_default();
    let mut state = shared.state();
    let state = &mut *state;
    let mut exchange = exchange(&shared, state, &parts.headers);
    let tenant =
        outline.path.strip_prefix('/').and_then(|path| path.strip_suffix(TOKEN_PATH)).unwrap_or_default().to_owned();
    if tenant.is_empty() || tenant.contains('/') {
        state.record(&outline.path.clone(), outline.seen(404, &exchange));
        return Answer::html(404).send(&exchange, state.serial, false, None);
    }
    state.stats.token_requests += 1;
    let faults = state.strike(TOKEN_PATH);
    shift(&mut exchange, &faults);
    let ordered = faults.iter().find_map(|fault| match fault {
        FaultKind::Html502 => Some(Answer::html(502)),
        FaultKind::Html(status) => Some(Answer::html(*status)),
        FaultKind::Echo(status) => {
            let text = format!("AADSTS50000: refused: {}", String::from_utf8_lossy(&body));
            let body = serde_json::json!({"error": "server_error", "error_description": text, "error_codes": [50000]});
            Some(Answer::json(*status, &body))
        }
        FaultKind::Status(status, body) => Some(Answer::ordered(*status, body)),
        FaultKind::RetryAfter(text) => Some(Answer::throttled(&exchange, Some(text.clone()))),
        FaultKind::Aadsts(code) => Some(token::refuse(&Refusal::numbered(*code, &shared.site.identity), &exchange)),
        _ => None,
    });
    let answer = ordered.unwrap_or_else(|| {
        let request = TokenRequest {
            method: &outline.method,
            tenant: &tenant,
            content_type: text(&parts.headers, "content-type").unwrap_or_default(),
            authorization: text(&parts.headers, "authorization"),
            body: &body,
        };
        let mut issuer = Issuer {
            identity: &shared.site.identity,
            graph_url: &shared.site.graph_url,
            login_url: &shared.site.login_url,
            lifetime: shared.token_lifetime,
            permissions: &state.permissions,
            tokens: &mut state.tokens,
            credentials: &mut state.credentials,
            is_blocked: state.is_blocked,
            instance: &shared.site.graph_url,
        };
        let (answer, was_issued) = issuer.answer(&request, &exchange, Instant::now());
        state.stats.tokens_issued += u64::from(was_issued);
        answer
    });
    state.record(TOKEN_PATH, outline.seen(answer.status, &exchange));
    answer.send(&exchange, state.serial, takes_gzip(&parts.headers), body_fault(&faults))
}

fn body_fault(faults: &[FaultKind]) -> Option<&FaultKind> {
    faults.iter().find(|fault| touches_bytes(fault) || matches!(fault, FaultKind::ContentType(_)))
}
