//! From a collector's request to what is sent: reads below the connection's own Graph root, and batches of such reads.
//! Nothing else can be asked; the token request is [`super::token`]'s own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::connection::{GraphConnection, below};
use super::gates::cost;
use super::token::AccessToken;
use crate::catalog::collector::GraphRequest;

/// Without it new enumeration members arrive as a placeholder.
const KEEP_UNKNOWN_MEMBERS: &str = "include-unknown-enum-members";

/// What one address is asked, as a collector's file says it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address<'a> {
    pub(super) version: &'a str,
    pub(super) path: &'a str,
    pub(super) select: &'a [String],
    pub(super) query: &'a BTreeMap<String, String>,
}

impl<'a> Address<'a> {
    /// What a dataset asks; with `each` the list that is read first.
    pub(super) fn first(request: &'a GraphRequest) -> Self {
        let version = request.version.as_str();
        match &request.each {
            Some(each) => Self { version, path: &each.path, select: &each.select, query: &each.query },
            None => Self::item(request),
        }
    }

    /// What is asked about one object; its path holds `{id}`.
    pub(super) fn item(request: &'a GraphRequest) -> Self {
        Self { version: &request.version, path: &request.path, select: &request.select, query: &request.query }
    }

    /// Directory queries of the advanced kind are refused without the header that this asks for.
    pub(super) fn is_advanced(self) -> bool {
        self.query.contains_key("$count") || self.query.contains_key("$search")
    }

    /// The query as it is sent; empty when there is none.
    pub(super) fn query_text(self) -> String {
        let mut query = String::new();
        if !self.select.is_empty() {
            append(&mut query, "$select", &self.select.join(","));
        }
        for (name, value) in self.query {
            append(&mut query, name, value);
        }
        query
    }

    fn check(self, path: &str) -> Result<(), String> {
        let Self { version, path: written, .. } = self;
        if !matches!(version, "v1.0" | "beta") {
            return Err(format!("its version is `{version}`; only v1.0 and beta exist"));
        }
        let is_plain_path = path.starts_with('/')
            && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-()='$,%".contains(&byte))
            && path.split('/').skip(1).all(|segment| !segment.is_empty() && segment != "." && segment != "..");
        if is_plain_path && !written.contains('%') {
            return Ok(());
        }
        Err(format!("its path `{written}` is not a plain path that begins with / and holds no host and no query"))
    }
}

/// One question to Microsoft Graph. There are two kinds and no third: a read, and a batch of reads.
#[derive(Debug, Clone)]
pub(super) struct Question {
    kind: Kind,
    /// Below the API version; decides which limits hold.
    pub(super) path: String,
    /// What it costs where resource units are counted.
    pub(super) units: u32,
    /// Requests it holds.
    pub(super) requests: u32,
    is_advanced: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Read(Url),
    Batch(Url, Bytes),
}

impl Question {
    /// The first question of a dataset.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the collector's file.
    pub(super) fn first(connection: &GraphConnection, address: Address<'_>) -> Result<Self, String> {
        address.check(address.path)?;
        let mut url = below(connection.graph_url(), &format!("{}{}", address.version, address.path));
        let query = address.query_text();
        url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
        Ok(Self {
            kind: Kind::Read(url),
            path: address.path.to_owned(),
            units: cost(address.path, &query),
            requests: 1,
            is_advanced: address.is_advanced(),
        })
    }

    /// The next page of what was asked. Whoever calls has made sure that the link is this connection's own.
    pub(super) fn page(&self, link: Url) -> Self {
        Self { kind: Kind::Read(link), ..self.clone() }
    }

    /// A batch of reads, all of them below one path.
    pub(super) fn batch(connection: &GraphConnection, address: Address<'_>, items: &[Item]) -> Self {
        let headers = if address.is_advanced() {
            json!({"Prefer": KEEP_UNKNOWN_MEMBERS, "ConsistencyLevel": "eventual"})
        } else {
            json!({"Prefer": KEEP_UNKNOWN_MEMBERS})
        };
        let requests: Vec<_> = items
            .iter()
            .map(|item| json!({"id": item.name, "method": "GET", "url": item.url, "headers": headers}))
            .collect();
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        Self {
            kind: Kind::Batch(
                connection.batch_url(address.version),
                Bytes::from(json!({"requests": requests}).to_string()),
            ),
            path: address.path.to_owned(),
            units: count.saturating_mul(cost(address.path, &address.query_text())),
            requests: count.saturating_add(1),
            is_advanced: false,
        }
    }

    pub(super) fn url(&self) -> &Url {
        match &self.kind {
            Kind::Read(url) | Kind::Batch(url, _) => url,
        }
    }

    /// The request, ready to be sent.
    pub(super) fn with(&self, client: &Client, token: &AccessToken, request_id: Uuid) -> RequestBuilder {
        let headers = headers(self.is_advanced, token, request_id);
        match &self.kind {
            Kind::Read(url) => client.get(url.clone()).headers(headers),
            Kind::Batch(url, body) => client
                .post(url.clone())
                .headers(headers)
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(body.clone()),
        }
    }
}

/// One read inside a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// The object's id; of its further pages `<id>/2`, `<id>/3`.
    pub(super) name: String,
    /// Below the API version.
    pub(super) url: String,
}

impl Item {
    /// The first question about an object; none when its id could lead to another address.
    pub(super) fn about(address: Address<'_>, id: &str) -> Option<Self> {
        let is_plain = !id.is_empty() && id.len() <= 200 && id != "." && id != "..";
        // An id with a slash could not be told from a further page.
        if !is_plain || id.contains(['/', '\\']) || id.chars().any(char::is_control) {
            return None;
        }
        let mut encoded = String::new();
        encode_segment(&mut encoded, id);
        let path = address.path.replace("{id}", &encoded);
        address.check(&path).ok()?;
        let query = address.query_text();
        let url = if query.is_empty() { path } else { format!("{path}?{query}") };
        Some(Self { name: id.to_owned(), url })
    }
}

/// Headers of one request. `request_id` is what Microsoft's support can find the request by.
fn headers(is_advanced: bool, token: &AccessToken, request_id: Uuid) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(reqwest::header::AUTHORIZATION, token.authorization.clone());
    headers.insert(ACCEPT, HeaderValue::from_static("application/json;odata.metadata=minimal"));
    let fixed = [
        ("return-client-request-id", "true"),
        ("prefer", KEEP_UNKNOWN_MEMBERS),
        // People at work come before a scheduled reader.
        ("x-ms-throttle-priority", "low"),
    ];
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(HeaderName::from_static("client-request-id"), value);
    }
    if is_advanced {
        headers.insert(HeaderName::from_static("consistencylevel"), HeaderValue::from_static("eventual"));
    }
    headers
}

/// Appends `name=value`; leaves readable what the query syntax allows, so that provenance can be read.
fn append(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    encode(query, name);
    query.push('=');
    encode(query, value);
}

/// A name inside a path.
fn encode_segment(path: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

fn encode(query: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$(),:;/@*!".contains(&byte) {
            query.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(query, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Item, Question};
    use crate::catalog::collector::{Cloud, GraphEach, GraphRequest};
    use crate::collect::graph::connection::{Credential, GraphConnection};
    use secrecy::SecretString;

    fn connection() -> GraphConnection {
        let secret = Credential::Secret(SecretString::from("s".to_owned()));
        let client = "11111111-2222-3333-4444-555555555555";
        GraphConnection::new(Cloud::Global, "a.example", client, secret, None, None).unwrap()
    }

    fn request(version: &str, path: &str) -> GraphRequest {
        let query = [("$top".to_owned(), "999".to_owned()), ("$filter".to_owned(), "a eq 'b c' & x".to_owned())];
        GraphRequest {
            version: version.to_owned(),
            path: path.to_owned(),
            select: vec!["id".to_owned(), "displayName".to_owned()],
            query: query.into(),
            paged: true,
            each: None,
        }
    }

    fn question(version: &str, path: &str) -> Result<Question, String> {
        Question::first(&connection(), Address::first(&request(version, path)))
    }

    fn members() -> GraphRequest {
        let ids = vec!["id".to_owned()];
        let each = GraphEach { path: "/groups".to_owned(), select: ids.clone(), query: [].into(), ids };
        let query = [("$top".to_owned(), "999".to_owned())].into();
        GraphRequest { each: Some(each), query, ..request("v1.0", "/groups/{id}/members") }
    }

    #[test]
    fn a_batch_holds_nothing_but_reads_below_the_version() {
        let members = members();
        let address = Address::item(&members);
        let items = [Item::about(address, "a-1").unwrap(), Item::about(address, "x'(y) ?#&").unwrap()];
        let question = Question::batch(&connection(), address, &items);
        assert_eq!(question.url().as_str(), "https://graph.microsoft.com/v1.0/$batch");
        let super::Kind::Batch(_, body) = &question.kind else { panic!("a batch") };
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let query = "$select=id,displayName&$top=999";
        let headers = serde_json::json!({"Prefer": "include-unknown-enum-members"});
        let expected = serde_json::json!({"requests": [
            {"id": "a-1", "method": "GET", "url": format!("/groups/a-1/members?{query}"), "headers": headers},
            {"id": "x'(y) ?#&", "method": "GET", "headers": headers,
             "url": format!("/groups/x%27%28y%29%20%3F%23%26/members?{query}")},
        ]});
        assert_eq!(body, expected);
        assert_eq!((question.units, question.requests), (4, 3));
        let list = Question::first(&connection(), Address::first(&members)).unwrap();
        assert_eq!(list.url().as_str(), "https://graph.microsoft.com/v1.0/groups?$select=id");
    }

    #[test]
    fn an_id_that_could_lead_elsewhere_is_not_asked_about() {
        let members = members();
        let too_long = "a".repeat(201);
        for id in ["", ".", "..", "a/b", "a\\b", "a\nb", too_long.as_str()] {
            assert_eq!(Item::about(Address::item(&members), id), None, "{id}");
        }
    }

    #[test]
    fn the_url_holds_exactly_what_the_collector_says() {
        let url = question("v1.0", "/users").unwrap();
        assert_eq!(
            url.url().as_str(),
            "https://graph.microsoft.com/v1.0/users?$select=id,displayName&$filter=a%20eq%20%27b%20c%27%20%26%20x&$top=999"
        );
    }

    #[test]
    fn a_request_that_could_leave_the_graph_root_is_refused() {
        for path in [
            "users",
            "//evil.example/users",
            "/../x",
            "/a/../b",
            "/users?x=1",
            "/users#x",
            "/a\\b",
            "/a%2f",
            "/",
            "/u{id}",
            "/a b",
            "/@evil.example",
        ] {
            assert!(question("v1.0", path).is_err(), "{path}");
        }
        assert!(question("v2.0", "/users").is_err());
    }
}
