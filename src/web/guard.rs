//! What every request must pass before any page is made: method, host, access; and what every answer carries.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Site, pages};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// Lets a request through, or answers it; both ways the answer carries the protecting headers.
pub(super) async fn check(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut answer = match refuse(&site, &request) {
        Some(answer) => answer,
        None => next.run(request).await,
    };
    protect(answer.headers_mut());
    answer
}

fn refuse(site: &Site, request: &Request) -> Option<Response> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Some((StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")], "Only GET and HEAD.\n").into_response());
    }
    if !names_this_host(request.headers(), request.uri(), site.host) {
        let text = "This address is not served here. Use the link that was printed at start.\n";
        return Some((StatusCode::MISDIRECTED_REQUEST, text).into_response());
    }
    let path = request.uri().path();
    // The refusal page below wants its stylesheet; assets hold nothing of any organization.
    if path.starts_with("/assets/") || session(request.headers(), site.host).any(|value| site.token.knows(value)) {
        return (path == "/" && token(request.uri()).is_some()).then(to_start);
    }
    match token(request.uri()) {
        // A HEAD request, as link previews send it, must not use the link up.
        Some(token) if path == "/" && request.method() == Method::GET => Some(let_in(site, token)),
        _ => Some(pages::no_access(site)),
    }
}

fn let_in(site: &Site, token: &str) -> Response {
    match site.token.exchange(token) {
        Ok(Some(session)) => {
            let cookie = format!("{}={session}; Path=/; HttpOnly; SameSite=Strict", cookie_name(site.host));
            let mut answer = to_start();
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                answer.headers_mut().insert(SET_COOKIE, cookie);
            }
            answer
        }
        Ok(None) => pages::no_access(site),
        Err(fault) => pages::failed(site, &fault),
    }
}

/// To the start page without the token, so that it stays out of the browser's address bar and history.
fn to_start() -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, "/")]).into_response()
}

/// Cookies are shared between all ports of a host, so the name carries the port.
fn cookie_name(host: SocketAddr) -> String {
    format!("countersign_{}", host.port())
}

fn session(headers: &HeaderMap, host: SocketAddr) -> impl Iterator<Item = &str> {
    let name = cookie_name(host);
    let pairs =
        headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|all| all.split(';'));
    pairs.filter_map(move |pair| pair.trim().strip_prefix(name.as_str())?.strip_prefix('='))
}

fn token(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

/// True when exactly one host is named and it is this one. A page of another site that resolves its own name to this
/// machine (DNS rebinding) names itself and is refused.
fn names_this_host(headers: &HeaderMap, uri: &Uri, host: SocketAddr) -> bool {
    let port = host.port();
    let ours = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|ip| name == format!("{ip}:{port}") || (port == 80 && name == *ip))
            // Any other loopback address that is really listened on.
            || name == host.to_string()
    };
    let mut named = headers.get_all(HOST).into_iter();
    let header = matches!((named.next(), named.next()), (Some(only), None) if only.to_str().is_ok_and(ours));
    header && uri.authority().is_none_or(|authority| ours(authority.as_str()))
}

fn protect(headers: &mut HeaderMap) {
    let fixed: [(HeaderName, &'static str); 7] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
