//! Answers in the service's own form: headers of every answer, the nested error body, the gateway's page.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

use super::fault::FaultKind;
use crate::model::time::Timestamp;

pub(super) const JSON: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// What identifies one exchange.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub request_id: String,
    pub client_request_id: Option<String>,
    pub now: Timestamp,
}

/// An answer before it is put on the wire.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), content_type: JSON, body: body.to_string().into_bytes() }
    }

    /// An error with `code` and `message` in the nested form.
    pub(super) fn error(exchange: &Exchange, status: u16, code: &str, message: &str) -> Self {
        let client = exchange.client_request_id.as_ref().unwrap_or(&exchange.request_id);
        let body = json!({"error": {"code": code, "message": message, "innerError": {
            "date": exchange.now.as_datetime().format("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": exchange.request_id,
            "client-request-id": client,
        }}});
        let mut answer = Self::json(status, &body);
        answer.content_type = "application/json";
        answer
    }

    pub(super) fn throttled(exchange: &Exchange, retry_after: Option<String>) -> Self {
        let mut answer = Self::error(exchange, 429, "TooManyRequests", "Please retry again later.");
        answer.headers.extend(retry_after.map(|text| ("retry-after", text)));
        answer
    }

    /// The gateway's own page, not the service's.
    pub(super) fn html_502() -> Self {
        let body = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>\
                    <body><h2>Our services aren't available right now</h2></body></html>";
        Self { status: 502, headers: Vec::new(), content_type: "text/html", body: body.into() }
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Puts the answer on the wire; `fault` spoils the body on its way.
    pub(super) fn send(self, exchange: &Exchange, serial: u64, fault: Option<&FaultKind>) -> Response {
        let length = self.body.len();
        let (body, length) = spoil(Bytes::from(self.body), length, fault);
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let diagnostic = json!({"ServerInfo": {"DataCenter": "Simulated East", "Slice": "E", "Ring": "5",
            "ScaleUnit": "000", "RoleInstance": format!("SIM{serial:08}")}});
        let client = exchange.client_request_id.clone().unwrap_or_else(|| exchange.request_id.clone());
        let date = exchange.now.as_datetime().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let common = [
            ("content-type", self.content_type.to_owned()),
            ("date", date),
            ("request-id", exchange.request_id.clone()),
            ("client-request-id", client),
            ("x-ms-ags-diagnostic", diagnostic.to_string()),
            ("odata-version", "4.0".to_owned()),
            ("cache-control", "no-cache".to_owned()),
        ];
        let headers = response.headers_mut();
        for (name, value) in common.into_iter().chain(self.headers) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        response
    }
}

/// The body as it arrives, and the length that is announced; none leaves it open.
fn spoil(bytes: Bytes, length: usize, fault: Option<&FaultKind>) -> (Body, Option<usize>) {
    let half = bytes.slice(..length / 2);
    let rest = bytes.slice(length / 2..);
    match fault {
        Some(FaultKind::TruncatedBody) => {
            let announced = half.len();
            (Body::from(half), Some(announced))
        }
        Some(FaultKind::ResetMidBody) => {
            let broken = stream::once(async {
                // Long enough for the first half to leave.
                tokio::time::sleep(Duration::from_millis(30)).await;
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            });
            (Body::from_stream(stream::once(async { Ok(half) }).chain(broken)), Some(length))
        }
        Some(FaultKind::Stall(silence)) => {
            let silence = *silence;
            let late = stream::once(async move {
                tokio::time::sleep(silence).await;
                Ok::<_, io::Error>(rest)
            });
            (Body::from_stream(stream::once(async { Ok(half) }).chain(late)), Some(length))
        }
        Some(FaultKind::OversizedBody(size)) => (pad(&bytes, *size), None),
        _ => (Body::from(bytes), Some(length)),
    }
}

/// The same JSON object with one more property that brings it to `size` bytes; made while it is sent.
fn pad(bytes: &Bytes, size: u64) -> Body {
    const CHUNK: usize = 64 * 1024;
    let start = bytes.strip_suffix(b"}").unwrap_or(bytes).to_vec();
    let mut opening = start;
    opening.extend_from_slice(b",\"@simulator.padding\":\"");
    let chunks = size.div_ceil(CHUNK as u64);
    let filler = Bytes::from(vec![b'x'; CHUNK]);
    let chunks = stream::unfold((0, filler), move |(sent, filler)| async move {
        (sent < chunks).then(|| (filler.clone(), (sent + 1, filler)))
    });
    let whole = stream::once(async { Bytes::from(opening) })
        .chain(chunks)
        .chain(stream::once(async { Bytes::from_static(b"\"}") }));
    Body::from_stream(whole.map(Ok::<_, io::Error>))
}
