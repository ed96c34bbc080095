//! What an error body of Microsoft Graph means: one class, one collection outcome, one sentence with the next step.
//!
//! Decides by status and `error.code`. Messages are read only where Microsoft uses one code for two meanings (a
//! missing Intune or Entra licence). Pure; never fetches, never retries. Shared by the client and by the parsers that
//! are given an error body as a file. Start with [`classify`].

use serde_json::Value;

use crate::model::evidence::CollectionOutcome;

/// What kind of refusal an error answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The application permission was not granted by an administrator.
    NoConsent,
    /// The tenant has not bought or set up the feature.
    NoLicence,
    /// The access token was not accepted.
    TokenRefused,
    /// A conditional access policy for workload identities stopped the application.
    BlockedByPolicy,
    /// The thing asked for does not exist in this tenant; for a single object: it was never configured.
    NotConfigured,
    /// The request itself is wrong: a fault of the collector, not of the tenant.
    BadRequest,
    /// The answer's state expired on the server; only reading the dataset again helps.
    Restart,
    /// Too many requests.
    SlowDown,
    /// The service is down for the moment.
    Unavailable,
    /// The service broke while answering.
    Broken,
    /// None of these.
    Unclear,
}

/// What the collector needs, so that a reason can name it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Needs<'a> {
    pub permission: Option<&'a str>,
    pub licence: Option<&'a str>,
}

/// An error answer of Microsoft Graph, classified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphError {
    pub class: ErrorClass,
    pub status: Option<u16>,
    /// `error.code` as sent; empty when the body has none.
    pub code: String,
    /// `error.message` on one line and shortened; empty when the body has none.
    pub message: String,
}

impl GraphError {
    /// The outcome this error gives a dataset. A client that knows the thing is one object which may be unconfigured
    /// may call [`ErrorClass::NotConfigured`] with status 404 `Empty`; on its own an error body is never `Empty`.
    #[must_use]
    pub fn outcome(&self) -> CollectionOutcome {
        match self.class {
            ErrorClass::NoConsent | ErrorClass::TokenRefused | ErrorClass::BlockedByPolicy => CollectionOutcome::Denied,
            ErrorClass::NoLicence => CollectionOutcome::Unlicensed,
            ErrorClass::SlowDown => CollectionOutcome::Throttled,
            ErrorClass::Unavailable => CollectionOutcome::Unreachable,
            ErrorClass::NotConfigured
            | ErrorClass::BadRequest
            | ErrorClass::Restart
            | ErrorClass::Broken
            | ErrorClass::Unclear => CollectionOutcome::Failed,
        }
    }

    /// One sentence for people: what happened and which step fixes it. Ends with status and code in brackets.
    #[must_use]
    pub fn reason(&self, needs: Needs<'_>) -> String {
        let text = match self.class {
            ErrorClass::NoConsent => match needs.permission {
                Some(permission) => format!(
                    "the application permission {permission} has not been granted: an administrator of the tenant must \
                     add it to the application and give admin consent, which can take some minutes to take effect"
                ),
                None => "a permission that this request needs has not been granted: an administrator of the tenant \
                         must give admin consent"
                    .to_owned(),
            },
            ErrorClass::NoLicence => match needs.licence {
                Some(licence) => format!(
                    "the tenant has no active {licence} licence, without which Microsoft does not answer: assign the \
                     licence, or record how this safeguard is covered without it"
                ),
                None => "the tenant is not licensed or not set up for this feature: assign the licence, or record how \
                         this safeguard is covered without it"
                    .to_owned(),
            },
            ErrorClass::TokenRefused => "Microsoft Graph did not accept the access token: check that the application \
                                         still exists and is enabled in the tenant, and connect it again"
                .to_owned(),
            ErrorClass::BlockedByPolicy => "a conditional access policy for workload identities stopped the \
                                            application: allow it from the address of this machine"
                .to_owned(),
            ErrorClass::NotConfigured => "Microsoft Graph knows no such object in this tenant".to_owned(),
            ErrorClass::BadRequest => {
                format!("Microsoft Graph did not understand the request of this collector{}", self.quoted_message())
            }
            ErrorClass::Restart => {
                "Microsoft Graph lost its place while the dataset was read: collect it again".to_owned()
            }
            ErrorClass::SlowDown => {
                "Microsoft Graph asked to slow down and did not answer in time: collect again later, or less often"
                    .to_owned()
            }
            ErrorClass::Unavailable => {
                "Microsoft Graph was not available: collect again later, and look at the service health page".to_owned()
            }
            ErrorClass::Broken => {
                format!("Microsoft Graph broke while answering{}: collect again later", self.quoted_message())
            }
            ErrorClass::Unclear => {
                format!("Microsoft Graph answered with an error that says too little{}", self.quoted_message())
            }
        };
        match (self.status, self.code.as_str()) {
            (Some(status), "") => format!("{text} (status {status})"),
            (Some(status), code) => format!("{text} (status {status}, {code})"),
            (None, "") => text,
            (None, code) => format!("{text} ({code})"),
        }
    }

    fn quoted_message(&self) -> String {
        if self.message.is_empty() { String::new() } else { format!(": \"{}\"", self.message) }
    }
}

/// Classifies an error answer by its status, where there is one, and its body, which may be anything.
#[must_use]
pub fn classify(status: Option<u16>, body: &[u8]) -> GraphError {
    let parsed = serde_json::from_slice::<Value>(body).unwrap_or(Value::Null);
    let (code, message) = code_and_message(&parsed);
    let looks_like_a_web_page = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    let class = if looks_like_a_web_page { class_of_a_gateway(status) } else { class_of(status, &code, &message) };
    GraphError { class, status, code, message }
}

/// True for `{"error": …}` without a `value` beside it: a refusal, not data.
#[must_use]
pub fn is_error_body(body: &Value) -> bool {
    body.get("error").is_some_and(|error| error.is_object() || error.is_string()) && body.get("value").is_none()
}

fn class_of(status: Option<u16>, code: &str, message: &str) -> ErrorClass {
    let code = code.to_ascii_lowercase();
    let message = message.to_ascii_lowercase();
    let status_is = |number: u16| status == Some(number);
    let status_may_be = |number: u16| status.is_none_or(|status| status == number);
    match code.as_str() {
        "authorization_requestdenied" | "authentication_msgraphpermissionmissing" => return ErrorClass::NoConsent,
        "authentication_requestfromnonpremiumtenantorb2ctenant" | "aadpremiumlicenserequired" => {
            return ErrorClass::NoLicence;
        }
        "badrequest" if status_may_be(400) && message.contains("not applicable to target tenant") => {
            return ErrorClass::NoLicence;
        }
        "forbidden" | "accessdenied" | "unknownerror" if status_may_be(403) && message.contains("not licensed") => {
            return ErrorClass::NoLicence;
        }
        "insufficient_claims" | "interaction_required" => return ErrorClass::BlockedByPolicy,
        "invalidauthenticationtoken" | "invalid_client" | "unauthorized_client" | "invalid_grant" => {
            return ErrorClass::TokenRefused;
        }
        // The place in a list that a page's link named is no longer kept.
        "directory_expiredpagetoken" | "expiredpagetoken" | "syncstatenotfound" | "resyncrequired" => {
            return ErrorClass::Restart;
        }
        "request_resourcenotfound" | "resourcenotfound" | "itemnotfound" | "mailboxnotenabledforrestapi"
            if status_may_be(404) =>
        {
            return ErrorClass::NotConfigured;
        }
        "forbidden" | "accessdenied" if status.is_none() => return ErrorClass::NoConsent,
        "toomanyrequests" | "activitylimitreached" if status.is_none() => return ErrorClass::SlowDown,
        "serviceunavailable" | "servicenotavailable" | "gatewaytimeout" if status.is_none() => {
            return ErrorClass::Unavailable;
        }
        _ => {}
    }
    match status {
        Some(402) => ErrorClass::NoLicence,
        Some(401) => ErrorClass::TokenRefused,
        Some(403) => ErrorClass::NoConsent,
        Some(429 | 509) => ErrorClass::SlowDown,
        Some(502..=504) => ErrorClass::Unavailable,
        Some(410 | 412 | 423 | 424) => ErrorClass::Restart,
        _ if status_is(400) || code == "badrequest" || code.starts_with("request_") => ErrorClass::BadRequest,
        Some(500..=599) => ErrorClass::Broken,
        _ => ErrorClass::Unclear,
    }
}

/// A web page instead of JSON comes from something in between: it says nothing about consent or licences.
fn class_of_a_gateway(status: Option<u16>) -> ErrorClass {
    match status {
        Some(429 | 509) => ErrorClass::SlowDown,
        Some(502..=504) => ErrorClass::Unavailable,
        Some(500..=599) => ErrorClass::Broken,
        _ => ErrorClass::Unclear,
    }
}

fn code_and_message(body: &Value) -> (String, String) {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    match body.get("error") {
        // The shape of the token endpoint.
        Some(Value::String(code)) => (on_one_line(code), on_one_line(&text(body.get("error_description")))),
        Some(error) => {
            let inner = error.get("innerError").or_else(|| error.get("innererror"));
            let mut code = text(error.get("code"));
            if code.is_empty() {
                code = text(inner.and_then(|inner| inner.get("code")));
            }
            (on_one_line(&code), on_one_line(&unwrapped_message(&text(error.get("message")))))
        }
        None => (String::new(), String::new()),
    }
}

/// Intune puts a JSON document into the message; its `Message` is the sentence.
fn unwrapped_message(message: &str) -> String {
    let nested = serde_json::from_str::<Value>(message).ok();
    let sentence = nested.as_ref().and_then(|nested| nested.get("Message")).and_then(Value::as_str);
    sentence.unwrap_or(message).to_owned()
}

fn on_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|letter| !letter.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::{ErrorClass, Needs, classify, is_error_body};
    use crate::model::evidence::CollectionOutcome;
    use serde_json::json;

    fn body(code: &str, message: &str) -> Vec<u8> {
        json!({"error": {"code": code, "message": message, "innerError": {"request-id": "r"}}}).to_string().into_bytes()
    }

    #[test]
    fn each_documented_error_has_its_class() {
        let expected = [
            (Some(401), "InvalidAuthenticationToken", "Access token has expired.", ErrorClass::TokenRefused),
            (Some(403), "Authorization_RequestDenied", "Insufficient privileges", ErrorClass::NoConsent),
            (Some(403), "Forbidden", "Missing application roles", ErrorClass::NoConsent),
            (Some(403), "UnknownError", "", ErrorClass::NoConsent),
            (Some(403), "accessDenied", "", ErrorClass::NoConsent),
            (Some(403), "Authentication_MSGraphPermissionMissing", "", ErrorClass::NoConsent),
            (Some(403), "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "x", ErrorClass::NoLicence),
            (Some(403), "Forbidden", "Your tenant is not licensed for this feature.", ErrorClass::NoLicence),
            (Some(400), "AadPremiumLicenseRequired", "x", ErrorClass::NoLicence),
            (Some(400), "BadRequest", "Request not applicable to target tenant.", ErrorClass::NoLicence),
            (Some(402), "PaymentRequired", "", ErrorClass::NoLicence),
            (Some(404), "Request_ResourceNotFound", "", ErrorClass::NotConfigured),
            (Some(404), "itemNotFound", "", ErrorClass::NotConfigured),
            (Some(404), "NoSuchThing", "", ErrorClass::Unclear),
            (Some(400), "Request_UnsupportedQuery", "", ErrorClass::BadRequest),
            (Some(400), "BadRequest", "Resource not found for the segment", ErrorClass::BadRequest),
            (Some(403), "insufficient_claims", "", ErrorClass::BlockedByPolicy),
            (Some(410), "syncStateNotFound", "", ErrorClass::Restart),
            (Some(400), "Directory_ExpiredPageToken", "", ErrorClass::Restart),
            (Some(404), "MailboxNotEnabledForRESTAPI", "", ErrorClass::NotConfigured),
            (Some(429), "TooManyRequests", "", ErrorClass::SlowDown),
            (Some(503), "serviceNotAvailable", "", ErrorClass::Unavailable),
            (Some(500), "InternalServerError", "", ErrorClass::Broken),
            (None, "Authorization_RequestDenied", "", ErrorClass::NoConsent),
            (None, "BadRequest", "Request not applicable to target tenant.", ErrorClass::NoLicence),
            (None, "TooManyRequests", "", ErrorClass::SlowDown),
        ];
        for (status, code, message, class) in expected {
            assert_eq!(classify(status, &body(code, message)).class, class, "{status:?} {code} {message}");
        }
    }

    #[test]
    fn no_error_body_ever_counts_as_something_seen() {
        for status in (400..600).map(Some).chain([None]) {
            for code in ["Request_ResourceNotFound", "BadRequest", "Forbidden", "", "anything"] {
                let error = classify(status, &body(code, ""));
                assert!(!error.outcome().is_seen_whole(), "{status:?} {code}");
                assert!(!error.reason(Needs::default()).is_empty());
            }
        }
    }

    #[test]
    fn a_web_page_with_status_403_is_not_taken_for_missing_consent() {
        let error = classify(Some(403), b"  <html><body>Blocked by proxy</body></html>");
        assert_eq!(error.outcome(), CollectionOutcome::Failed);
    }

    #[test]
    fn the_reason_names_the_permission_or_the_licence() {
        let needs = Needs { permission: Some("Policy.Read.All"), licence: Some("Microsoft Entra ID P1") };
        let consent = classify(Some(403), &body("Authorization_RequestDenied", "")).reason(needs);
        assert!(consent.contains("Policy.Read.All") && consent.contains("admin consent"), "{consent}");
        let licence = classify(Some(400), &body("AadPremiumLicenseRequired", "")).reason(needs);
        assert!(licence.contains("Microsoft Entra ID P1"), "{licence}");
    }

    #[test]
    fn a_message_that_is_itself_json_is_read() {
        let message = json!({"_version": 3, "Message": "Request not applicable to target tenant.", "ErrorCode": 1});
        assert_eq!(classify(Some(400), &body("BadRequest", &message.to_string())).class, ErrorClass::NoLicence);
    }

    #[test]
    fn a_code_found_only_in_the_inner_error_is_used() {
        let bytes = json!({"error": {"innererror": {"code": "Authorization_RequestDenied"}}}).to_string();
        assert_eq!(classify(None, bytes.as_bytes()).class, ErrorClass::NoConsent);
    }

    #[test]
    fn data_that_has_a_field_named_error_is_not_an_error_body() {
        assert!(is_error_body(&json!({"error": {"code": "x"}})));
        assert!(!is_error_body(&json!({"value": [], "error": {"code": "x"}})));
        assert!(!is_error_body(&json!({"error": null, "id": "1"})));
    }
}
