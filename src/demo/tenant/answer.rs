//! Answers in the service's own form: headers of every answer, the nested error body, the gateway's page, gzip when asked.

use std::io::{self, Write as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

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

/// A body, and its compressed form once somebody asked for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    plain: Bytes,
    packed: Arc<OnceLock<Bytes>>,
}

impl Content {
    pub(super) fn plain(&self) -> &Bytes {
        &self.plain
    }

    pub(super) fn len(&self) -> usize {
        self.plain.len()
    }

    fn packed(&self) -> Bytes {
        let pack = || {
            let mut encoder = GzEncoder::new(Vec::with_capacity(self.plain.len() / 4), Compression::fast());
            // Writing to memory does not fail.
            let written = encoder.write_all(&self.plain).and_then(|()| encoder.finish());
            Bytes::from(written.unwrap_or_default())
        };
        self.packed.get_or_init(pack).clone()
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self { plain: Bytes::from(bytes), packed: Arc::default() }
    }
}

/// An answer before it is put on the wire.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub content_type: &'static str,
    pub body: Content,
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::json_text(status, body.to_string())
    }

    pub(super) fn json_text(status: u16, text: String) -> Self {
        Self::content(status, text.into_bytes().into())
    }

    pub(super) fn content(status: u16, body: Content) -> Self {
        Self { status, headers: Vec::new(), content_type: JSON, body }
    }

    /// What somebody wants sent, whatever it is.
    pub(super) fn ordered(status: u16, body: &str) -> Self {
        Self::json_text(status, body.to_owned())
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

    /// A refusal to answer now; its inner error says the same again, as the service's does.
    pub(super) fn throttled(exchange: &Exchange, retry_after: Option<String>) -> Self {
        let message = "Please retry again later.";
        let body = json!({"error": {"code": "TooManyRequests", "message": message, "innerError": {
            "code": "429",
            "date": exchange.now.as_datetime().format("%Y-%m-%dT%H:%M:%S").to_string(),
            "message": message,
            "request-id": exchange.request_id,
            "status": "429",
        }}});
        let mut answer = Self::json(429, &body);
        answer.content_type = "application/json";
        answer.headers.extend(retry_after.map(|text| ("retry-after", text)));
        answer
    }

    /// The gateway's own page, not the service's.
    pub(super) fn html(status: u16) -> Self {
        let body = format!(
            "<!DOCTYPE html><html><head><title>{status}</title></head>\
             <body><h2>Our services aren't available right now</h2></body></html>"
        );
        Self { content_type: "text/html", ..Self::json_text(status, body) }
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Puts the answer on the wire; `fault` spoils the body on its way, and then it is not compressed.
    pub(super) fn send(mut self, exchange: &Exchange, serial: u64, gzip: bool, fault: Option<&FaultKind>) -> Response {
        let content_type = match fault {
            Some(FaultKind::ContentType(other)) => other.clone(),
            _ => self.content_type.to_owned(),
        };
        let packs = match fault {
            Some(FaultKind::OversizedGzip(_)) => true,
            Some(fault) if touches_bytes(fault) => false,
            _ => gzip && self.body.len() >= LEAST_PACKED,
        };
        let (body, length) = match fault {
            Some(FaultKind::OversizedGzip(size)) => (Body::from(packed_filler(*size)), None),
            _ if packs => {
                let bytes = self.body.packed();
                let length = bytes.len();
                (Body::from(bytes), Some(length))
            }
            _ => spoil(self.body.plain.clone(), self.body.len(), fault),
        };
        if packs {
            self.headers.push(("content-encoding", "gzip".to_owned()));
        }
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let diagnostic = json!({"ServerInfo": {"DataCenter": "Simulated East", "Slice": "E", "Ring": "5",
            "ScaleUnit": "000", "RoleInstance": format!("SIM{serial:08}")}});
        let client = exchange.client_request_id.clone().unwrap_or_else(|| exchange.request_id.clone());
        let date = exchange.now.as_datetime().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let common = [
            ("content-type", content_type),
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

/// Shorter bodies are not worth compressing.
const LEAST_PACKED: usize = 200;

/// Whether a fault spoils the bytes, not only what is said about them.
pub(super) fn touches_bytes(fault: &FaultKind) -> bool {
    matches!(
        fault,
        FaultKind::TruncatedBody
            | FaultKind::ResetMidBody
            | FaultKind::OversizedBody(_)
            | FaultKind::OversizedGzip(_)
            | FaultKind::Stall(_)
    )
}

/// A small body that becomes a valid answer of `size` bytes when it is unpacked.
fn packed_filler(size: u64) -> Bytes {
    const CHUNK: usize = 64 * 1024;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let filler = vec![b'x'; CHUNK];
    // Writing to memory does not fail.
    let written = encoder.write_all(b"{\"value\":[],\"@simulator.padding\":\"").and_then(|()| {
        (0..size.div_ceil(CHUNK as u64)).try_for_each(|_| encoder.write_all(&filler))?;
        encoder.write_all(b"\"}")?;
        encoder.finish()
    });
    Bytes::from(written.unwrap_or_default())
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
