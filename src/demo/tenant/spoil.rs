//! What ordered faults do to a Graph request: to what the tenant remembers, to the answer as a whole, to its JSON. Faults of
//! the bytes on the wire are [`super::answer`]'s.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Exchange};
use super::fault::FaultKind;
use super::refuse;
use super::service::{Request, Site};
use super::state::State;

/// Applies the faults that come before everything else. Some of them answer.
pub(super) fn first(
    site: &Site,
    state: &mut State,
    request: &Request<'_>,
    path: &str,
    exchange: &Exchange,
    faults: &[FaultKind],
    now: Instant,
) -> Option<Answer> {
    for fault in faults {
        match fault {
            FaultKind::Html502 => return Some(Answer::html(502)),
            FaultKind::Html(status) => return Some(Answer::html(*status)),
            FaultKind::Echo(status) => {
                let text = format!("The token '{}' was not accepted.", request.bearer.unwrap_or_default());
                return Some(Answer::error(exchange, *status, "UnknownError", &text));
            }
            FaultKind::Status(status, body) => return Some(Answer::ordered(*status, body)),
            FaultKind::RetryAfter(text) => {
                state.gate.tell_to_wait(path, Some(text), now);
                return Some(Answer::throttled(exchange, Some(text.clone())));
            }
            FaultKind::NotPremium => return Some(refuse::not_premium(exchange)),
            FaultKind::ExpireTokens => state.tokens.expire_all(now),
            FaultKind::ExpirePageTokens => state.page_session += 1,
            FaultKind::LoseConsent(permission) => {
                state.permissions.remove(permission);
            }
            FaultKind::ClaimsChallenge => {
                state.tokens.expire_all(now);
                return Some(refuse::claims_challenge(&site.login_url, &refuse::claims(exchange), exchange));
            }
            FaultKind::ClaimsRequired => {
                state.tokens.expire_all(now);
                state.claims = Some(refuse::claims(exchange));
            }
            _ => {}
        }
    }
    None
}

/// Whether a fault changes the JSON, so that it must not be remembered as the answer to this question.
pub(super) fn touches_json(faults: &[FaultKind]) -> bool {
    faults.iter().any(|fault| {
        matches!(
            fault,
            FaultKind::ForeignNextLink
                | FaultKind::LoopingNextLink
                | FaultKind::RepeatedPage
                | FaultKind::NumbersAsStrings
                | FaultKind::WrappedInValue
        )
    })
}

/// Spoils the body of a good answer.
pub(super) fn json(mut body: Map<String, Value>, site: &Site, request: &Request<'_>, faults: &[FaultKind]) -> Value {
    let address = format!("{}{}", site.graph_url, request.path);
    for fault in faults {
        match fault {
            FaultKind::ForeignNextLink => {
                let link = format!("https://graph.foreign.example{}?$skiptoken=stolen", request.path);
                body.insert("@odata.nextLink".to_owned(), json!(link));
            }
            FaultKind::LoopingNextLink => {
                let link =
                    if request.query.is_empty() { address.clone() } else { format!("{address}?{}", request.query) };
                body.insert("@odata.nextLink".to_owned(), json!(link));
            }
            FaultKind::NumbersAsStrings => body.values_mut().for_each(number_to_text),
            FaultKind::WrappedInValue => {
                let context = body.remove("@odata.context");
                let inner = std::mem::take(&mut body);
                body.extend(context.map(|context| ("@odata.context".to_owned(), context)));
                body.insert("value".to_owned(), Value::Object(inner));
            }
            _ => {}
        }
    }
    Value::Object(body)
}

fn number_to_text(value: &mut Value) {
    match value {
        Value::Number(number) => *value = Value::String(number.to_string()),
        Value::Array(items) => items.iter_mut().for_each(number_to_text),
        Value::Object(fields) => fields.values_mut().for_each(number_to_text),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
