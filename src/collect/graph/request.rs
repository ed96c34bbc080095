//! From a collector's request to a URL and headers. Only GET exists, and only below the connection's own Graph root.

use std::fmt::Write as _;

use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use url::Url;
use uuid::Uuid;

use super::connection::{GraphConnection, below};
use super::token::AccessToken;
use crate::catalog::collector::GraphRequest;

/// The first URL of a dataset.
///
/// # Errors
/// A sentence that says what is wrong with the collector's file.
pub(super) fn first_url(connection: &GraphConnection, request: &GraphRequest) -> Result<Url, String> {
    if !matches!(request.version.as_str(), "v1.0" | "beta") {
        return Err(format!("its version is `{}`; only v1.0 and beta exist", request.version));
    }
    let path = &request.path;
    let is_plain_path = path.starts_with('/')
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-()='$".contains(&byte))
        && path.split('/').skip(1).all(|segment| !segment.is_empty() && segment != "." && segment != "..");
    if !is_plain_path {
        return Err(format!("its path `{path}` is not a plain path that begins with / and holds no host and no query"));
    }
    let mut url = below(connection.graph_url(), &format!("{}{path}", request.version));
    let mut query = String::new();
    if !request.select.is_empty() {
        append(&mut query, "$select", &request.select.join(","));
    }
    for (name, value) in &request.query {
        append(&mut query, name, value);
    }
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    Ok(url)
}

/// Headers of one request. `request_id` is what Microsoft's support can find the request by.
pub(super) fn headers(request: &GraphRequest, token: &AccessToken, request_id: Uuid) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(reqwest::header::AUTHORIZATION, token.authorization.clone());
    headers.insert(ACCEPT, HeaderValue::from_static("application/json;odata.metadata=minimal"));
    let fixed = [
        ("return-client-request-id", "true"),
        // Without it new enumeration members arrive as a placeholder.
        ("prefer", "include-unknown-enum-members"),
        // People at work come before a scheduled reader.
        ("x-ms-throttle-priority", "low"),
    ];
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(HeaderName::from_static("client-request-id"), value);
    }
    // Directory queries of the advanced kind are refused without it.
    if request.query.contains_key("$count") || request.query.contains_key("$search") {
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
    use super::first_url;
    use crate::catalog::collector::{Cloud, GraphRequest};
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

    #[test]
    fn the_url_holds_exactly_what_the_collector_says() {
        let url = first_url(&connection(), &request("v1.0", "/users")).unwrap();
        assert_eq!(
            url.as_str(),
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
            assert!(first_url(&connection(), &request("v1.0", path)).is_err(), "{path}");
        }
        assert!(first_url(&connection(), &request("v2.0", "/users")).is_err());
    }
}
