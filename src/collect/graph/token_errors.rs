//! What the token endpoint's error numbers mean, as advice.

use serde_json::Value;

use crate::model::evidence::CollectionOutcome;

/// Why there is no token. Never holds a secret: the answer's own text is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct TokenFailure {
    pub outcome: CollectionOutcome,
    /// One sentence with the next step.
    pub reason: String,
    /// `trace_id` of the answer, for a support case.
    pub trace_id: Option<String>,
}

impl TokenFailure {
    pub(super) fn new(outcome: CollectionOutcome, reason: &str) -> Self {
        Self { outcome, reason: reason.to_owned(), trace_id: None }
    }
}

const ADVICE: [(u64, &str); 14] = [
    (700_016, "the application is not in this tenant: an administrator of the tenant must give admin consent first"),
    (700_011, "the application is not in this tenant: an administrator of the tenant must give admin consent first"),
    (7_000_215, "the client secret is wrong: give the secret's value (not its id), or make a new secret"),
    (7_000_222, "the client secret has expired: make a new one in the app registration and connect again"),
    (7_000_112, "the application is disabled in this tenant: an administrator must enable its enterprise application"),
    (700_027, "the certificate is not known to the app registration: upload its public part there"),
    (700_024, "the signed statement is outside its time: set this machine's clock"),
    (90_002, "there is no such tenant in this cloud: check the tenant id and the cloud"),
    (900_023, "there is no such tenant in this cloud: check the tenant id and the cloud"),
    (53_003, "a conditional access policy for workload identities stopped the application: allow it from this address"),
    (500_011, "this cloud has no such service for the tenant: check the cloud of the connection"),
    (900_382, "the application belongs to another cloud: register it in the cloud of this tenant"),
    (70_011, "the scope asked for is not valid in this cloud: check the cloud and the Graph URL"),
    (700_213, "the federated credential does not match: check issuer and subject in the app registration"),
];

/// Reads an error answer of the token endpoint.
pub(super) fn failure_of(status: u16, body: &[u8]) -> TokenFailure {
    let parsed = serde_json::from_slice::<Value>(body).unwrap_or(Value::Null);
    let trace_id = parsed.get("trace_id").and_then(Value::as_str).map(|id| id.chars().take(64).collect());
    let failure = |outcome, reason: String| TokenFailure { outcome, reason, trace_id };
    let number = number_of(&parsed);
    let advice = number.and_then(|number| ADVICE.iter().find(|(known, _)| *known == number));
    match (advice, number, status) {
        (Some((number, advice)), ..) => {
            failure(CollectionOutcome::Denied, format!("no sign-in: {advice} (AADSTS{number})"))
        }
        (None, _, 429 | 509) => failure(
            CollectionOutcome::Throttled,
            "the sign-in service asked to slow down and gave no token in time: collect again later".to_owned(),
        ),
        (None, _, 502..=504) => failure(
            CollectionOutcome::Unreachable,
            format!("the sign-in service was not available (status {status}): collect again later"),
        ),
        (None, Some(number), _) => failure(
            CollectionOutcome::Denied,
            format!("no sign-in: the sign-in service refused the application with AADSTS{number}, look that number up"),
        ),
        (None, None, 300..=399) => failure(
            CollectionOutcome::Failed,
            format!(
                "the sign-in service answered with a redirect (status {status}), which is not followed: check the login URL"
            ),
        ),
        (None, None, _) => failure(
            CollectionOutcome::Failed,
            format!(
                "the sign-in service answered with status {status} and no error number: check the login URL and the tenant"
            ),
        ),
    }
}

fn number_of(body: &Value) -> Option<u64> {
    let listed = body.get("error_codes").and_then(|codes| codes.get(0)).and_then(Value::as_u64);
    listed.or_else(|| {
        let text = body.get("error_description").and_then(Value::as_str)?;
        let digits: String = text.strip_prefix("AADSTS")?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::failure_of;
    use crate::model::evidence::CollectionOutcome;

    #[test]
    fn a_wrong_and_an_expired_secret_are_told_apart() {
        let reason = |number: u64| {
            let body =
                format!(r#"{{"error":"invalid_client","error_description":"AADSTS{number}: secret is s3cret"}}"#);
            let failure = failure_of(401, body.as_bytes());
            assert_eq!(failure.outcome, CollectionOutcome::Denied);
            assert!(!failure.reason.contains("s3cret"));
            failure.reason
        };
        assert!(reason(7_000_215).contains("secret is wrong"));
        assert!(reason(7_000_222).contains("expired"));
        assert!(reason(700_016).contains("admin consent"));
        assert!(reason(123_456).contains("AADSTS123456"));
    }

    #[test]
    fn an_answer_that_says_nothing_is_failed_and_not_denied() {
        for body in [b"".as_slice(), b"<html>", b"{}", b"[]"] {
            assert_eq!(failure_of(400, body).outcome, CollectionOutcome::Failed);
        }
        assert_eq!(failure_of(503, b"").outcome, CollectionOutcome::Unreachable);
        assert_eq!(failure_of(429, b"").outcome, CollectionOutcome::Throttled);
    }
}
