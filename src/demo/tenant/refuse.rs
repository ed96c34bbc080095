//! Refusals in the spelling of the service that refuses: no token, no consent, no licence.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::answer::{Answer, Exchange};
use super::endpoint::{Endpoint, Licence, Service};

/// Who is told to sign in, and where.
fn challenge(login_url: &str) -> String {
    format!("Bearer realm=\"\", authorization_uri=\"{login_url}/common/oauth2/authorize\"")
}

/// The token is missing, over or made up.
pub(super) fn no_token(login_url: &str, message: &str, exchange: &Exchange) -> Answer {
    let challenge = format!("{}, client_id=\"00000003-0000-0000-c000-000000000000\"", challenge(login_url));
    Answer::error(exchange, 401, "InvalidAuthenticationToken", message).with("www-authenticate", challenge)
}

/// The claims a new token must be asked with, as they stand in the challenge before encoding.
pub(super) fn claims(exchange: &Exchange) -> String {
    let since = exchange.now.as_datetime().timestamp().to_string();
    json!({"access_token": {"nbf": {"essential": true, "value": since}}}).to_string()
}

/// The token is good no longer, and the new one must be asked for with these claims.
pub(super) fn claims_challenge(login_url: &str, claims: &str, exchange: &Exchange) -> Answer {
    let encoded = STANDARD.encode(claims);
    let challenge = format!("{}, error=\"insufficient_claims\", claims=\"{encoded}\"", challenge(login_url));
    let message = "Continuous access evaluation resulted in challenge with result: InteractionRequired";
    Answer::error(exchange, 401, "InvalidAuthenticationToken", message).with("www-authenticate", challenge)
}

/// No administrator has consented to any permission that would do.
pub(super) fn no_consent(endpoint: &Endpoint, exchange: &Exchange) -> Answer {
    let scopes_missing = "You cannot perform the requested operation, required scopes are missing in the token.";
    match endpoint.service {
        Service::Intune | Service::IntuneConfiguration => {
            let inner = json!({
                "_version": 3,
                "Message": format!("Application is not authorized to perform this operation. Application must have one of the following scopes: {} - Operation ID (for customer support): {}", endpoint.permissions.join(", "), exchange.request_id),
                "CustomApiErrorPhrase": "", "RetryAfter": null, "ErrorSourceService": "", "HttpHeaders": "{}",
            });
            Answer::error(exchange, 403, "Forbidden", &inner.to_string())
        }
        Service::Reports => no_audit_permission(exchange),
        Service::ConditionalAccess => Answer::error(exchange, 403, "AccessDenied", scopes_missing),
        Service::IdentityProtection => Answer::error(exchange, 403, "Forbidden", scopes_missing),
        Service::Sharepoint => {
            Answer::error(exchange, 403, "accessDenied", "Caller does not have required permissions for this API")
        }
        Service::Directory => Answer::error(
            exchange,
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ),
    }
}

/// Reports, and the sign-in activity of users, want a permission of their own.
pub(super) fn no_audit_permission(exchange: &Exchange) -> Answer {
    let message =
        "The principal does not have required Microsoft Graph permission(s): AuditLog.Read.All to call this API.";
    Answer::error(exchange, 403, "Authentication_MSGraphPermissionMissing", message)
}

/// The tenant has not bought what the path needs.
pub(super) fn no_licence(licence: Licence, service: Service, exchange: &Exchange) -> Answer {
    match (licence, service) {
        (Licence::Intune, _) => Answer::error(exchange, 400, "BadRequest", "Request not applicable to target tenant."),
        (Licence::EntraP1, _) => not_premium(exchange),
        (Licence::EntraP2, Service::IdentityProtection) => {
            Answer::error(exchange, 403, "Forbidden", "Your tenant is not licensed for this feature.")
        }
        (Licence::EntraP2, _) => Answer::error(
            exchange,
            400,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
        ),
    }
}

/// Also sent now and then to tenants that have the licence.
pub(super) fn not_premium(exchange: &Exchange) -> Answer {
    let message = "Neither tenant is B2C or tenant doesn't have premium license";
    Answer::error(exchange, 403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", message)
}
