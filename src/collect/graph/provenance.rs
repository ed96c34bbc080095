//! What is written down about how a dataset was read. Bounded in size, whatever the number of pages, and without
//! anything secret: no `Authorization`, no page token, no redirect target.

use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

use super::connection::GraphConnection;
use super::http::{Answer, USER_AGENT};
use super::token_errors::TokenFailure;
use crate::catalog::collector::{CollectorDefinition, GraphRequest};
use crate::model::time::Timestamp;

/// Answers described one by one; a record must stay small. Later ones are counted, and the last is always kept.
const DESCRIBED: usize = 40;

/// Gathers provenance while a dataset is read.
#[derive(Debug, Default)]
pub(super) struct Journal {
    answers: Vec<Value>,
    last: Option<Value>,
    requests: u64,
    answered: u64,
    throttled: u64,
    token_renewals: u64,
    restarts: u64,
    items: Vec<Value>,
    items_answered: u64,
    roles: Vec<String>,
    first_date: Option<Timestamp>,
    headers: Map<String, Value>,
    trace_id: Option<String>,
}

impl Journal {
    pub(super) fn request_sent(&mut self) {
        self.requests += 1;
    }

    pub(super) fn token_renewed(&mut self) {
        self.token_renewals += 1;
    }

    /// The service lost its place, so the dataset is read from its beginning.
    pub(super) fn restarted(&mut self) {
        self.restarts += 1;
    }

    /// One item of a batch was answered.
    pub(super) fn item_answered(&mut self, status: u16, request_id: Option<&str>) {
        self.items_answered += 1;
        self.throttled += u64::from(matches!(status, 429 | 509));
        if self.items.len() < DESCRIBED {
            let id = request_id.map(|id| id.chars().take(64).collect::<String>());
            self.items.push(match id {
                Some(id) => json!({"status": status, "request_id": id}),
                None => json!({"status": status}),
            });
        }
    }

    pub(super) fn token_used(&mut self, roles: &[String]) {
        if self.roles.is_empty() {
            roles.clone_into(&mut self.roles);
        }
    }

    pub(super) fn token_failed(&mut self, failure: &TokenFailure) {
        self.trace_id.clone_from(&failure.trace_id);
    }

    pub(super) fn answered(&mut self, answer: &Answer, request_id: Uuid) {
        self.answered += 1;
        self.throttled += u64::from(matches!(answer.status, 429 | 509));
        self.first_date = self.first_date.or_else(|| answer.date());
        let mut entry = Map::new();
        entry.insert("status".to_owned(), json!(answer.status));
        entry.insert("client_request_id".to_owned(), json!(request_id.to_string()));
        for (key, header) in [("request_id", "request-id"), ("date", "date"), ("retry_after", "retry-after")] {
            if let Some(text) = answer.header(header) {
                entry.insert(key.to_owned(), json!(text));
            }
        }
        if self.answers.len() < DESCRIBED {
            self.answers.push(Value::Object(entry));
        } else {
            self.last = Some(Value::Object(entry));
        }
        let once = [
            ("content_type", "content-type"),
            ("odata_version", "odata-version"),
            ("server_diagnostic", "x-ms-ags-diagnostic"),
            ("throttle_scope", "x-ms-throttle-scope"),
            ("deprecation", "deprecation"),
            ("sunset", "sunset"),
            ("link", "link"),
        ];
        for (key, header) in once {
            if let (false, Some(text)) = (self.headers.contains_key(key), answer.header(header)) {
                self.headers.insert(key.to_owned(), json!(text));
            }
        }
    }

    /// The server's clock in the first answer.
    pub(super) fn source_clock(&self) -> Option<Timestamp> {
        self.first_date
    }

    pub(super) fn into_map(
        mut self,
        connection: &GraphConnection,
        definition: &CollectorDefinition,
        request: Option<&GraphRequest>,
        url: Option<&Url>,
        pages: usize,
    ) -> Map<String, Value> {
        self.answers.extend(self.last.take());
        let left_out = self.answered.saturating_sub(self.answers.len() as u64);
        let mut map = self.headers;
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        put("cloud", json!(connection.cloud()));
        put("tenant", json!(connection.tenant()));
        put("client_id", json!(connection.client_id().to_string()));
        put("user_agent", json!(USER_AGENT));
        put("pages", json!(pages));
        put("requests", json!(self.requests));
        put("throttled", json!(self.throttled));
        put("token_renewals", json!(self.token_renewals));
        put("answers", Value::Array(self.answers));
        if left_out > 0 {
            put("answers_left_out", json!(left_out));
        }
        if self.restarts > 0 {
            put("restarts", json!(self.restarts));
        }
        if self.items_answered > 0 {
            let left_out = self.items_answered.saturating_sub(self.items.len() as u64);
            put("batch_items", Value::Array(self.items));
            if left_out > 0 {
                put("batch_items_left_out", json!(left_out));
            }
        }
        if let Some(request) = request {
            put("method", json!(if request.each.is_some() { "GET, batched with POST $batch" } else { "GET" }));
            put("api_version", json!(request.version));
        }
        if let Some(url) = url {
            put("url", json!(url.as_str()));
        }
        if let Some(permission) = &definition.permission {
            put("permission", json!(permission));
        }
        if !self.roles.is_empty() {
            put("granted_roles", json!(self.roles));
        }
        if let Some(trace_id) = self.trace_id {
            put("sign_in_trace_id", json!(trace_id));
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::Journal;
    use crate::collect::graph::http::{Answer, Ending};
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderValue};
    use uuid::Uuid;

    #[test]
    fn a_thousand_pages_do_not_make_the_record_too_large() {
        let mut headers = HeaderMap::new();
        for name in ["request-id", "date", "x-ms-ags-diagnostic", "authorization", "location"] {
            headers.insert(name, HeaderValue::from_static("0123456789012345678901234567890123456789"));
        }
        let answer = Answer { status: 200, headers, body: Bytes::new(), ending: Ending::Whole };
        let mut journal = Journal::default();
        for _ in 0..1_000 {
            journal.answered(&answer, Uuid::now_v7());
            journal.item_answered(200, Some("0123456789012345678901234567890123456789"));
        }
        let definition = crate::collect::graph::tests::definition("m365/users", "/users", true);
        let connection = crate::collect::graph::tests::connection("http://127.0.0.1:1");
        let map = journal.into_map(&connection, &definition, definition.request.as_ref(), None, 1_000);
        assert!(serde_json::to_vec(&map).unwrap().len() < 16_000);
        assert_eq!(map["answers_left_out"], 959);
        assert!(!map.contains_key("authorization") && !map.contains_key("location"));
    }
}
