//! What the service will not give, and the words for it.

use super::*;

#[tokio::test]
async fn missing_consent_and_missing_licence_are_told_apart_and_named() {
    let (evidence, _) =
        collect(vec![refusal("403 Forbidden", "Authorization_RequestDenied", "Insufficient privileges")]).await;
    assert_eq!(evidence.outcome, Outcome::Denied);
    assert!(evidence.reason.contains("Things.Read.All"), "{}", evidence.reason);
    assert_eq!(names(&evidence), ["error-0001.json"]);

    let flapping = "Authentication_RequestFromNonPremiumTenantOrB2CTenant";
    let (evidence, script) = collect((0..9).map(|_| refusal("403 Forbidden", flapping, "x")).collect()).await;
    assert_eq!(evidence.outcome, Outcome::Unlicensed);
    assert!(evidence.reason.contains("Thing Plan 2"), "{}", evidence.reason);
    assert_eq!(script.seen("GET").len(), 3, "a licence refusal is believed after the third time");

    let intune = refusal("400 Bad Request", "BadRequest", "Request not applicable to target tenant.");
    let (evidence, _) = collect(vec![intune]).await;
    assert_eq!(evidence.outcome, Outcome::Unlicensed);
}

#[tokio::test]
async fn an_object_that_was_never_configured_is_empty_but_a_missing_collection_is_failed() {
    let missing = || refusal("404 Not Found", "Request_ResourceNotFound", "Resource does not exist");
    let script = Script::play(vec![token("token-1")], vec![missing()]).await;
    let evidence = collect_with(&script, &definition("m365/branding", "/branding", false)).await;
    assert_eq!(evidence.outcome, Outcome::Empty, "{}", evidence.reason);
    let (evidence, _) = collect(vec![missing()]).await;
    assert_eq!(evidence.outcome, Outcome::Failed);
    let (evidence, _) = collect(vec![page(&[], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Empty);
}

#[tokio::test]
async fn what_a_cloud_does_not_offer_is_not_asked_for() {
    let secret = Credential::Secret(SecretString::from(SECRET.to_owned()));
    let connection = GraphConnection::new(Cloud::GccHigh, TENANT, CLIENT, secret, None, None).unwrap();
    let target = GraphTarget::new(connection, GraphLimits::default()).unwrap();
    let mut definition = users();
    definition.clouds = vec![Cloud::Global];
    let clock = FixedClock(SystemClock.now());
    let evidence = target.collect(&definition, Place::default().at(&clock)).await;
    assert_eq!(evidence.outcome, Outcome::NotOffered);
    assert_eq!(evidence.provenance["requests"], 0);
    assert_eq!(evidence.started, evidence.finished);
}

/// Every row of what Microsoft documents and others report, as it arrives on the line: status, code, message, and how often
/// the service is asked before it is believed.
#[tokio::test]
async fn each_known_refusal_gives_its_outcome_after_as_many_tries_as_make_sense() {
    let intune =
        json!({"_version": 3, "Message": "Request not applicable to target tenant.", "ErrorCode": 1}).to_string();
    let premium = "Authentication_RequestFromNonPremiumTenantOrB2CTenant";
    let table = [
        ("401 Unauthorized", "InvalidAuthenticationToken", "CompactToken parsing failed", Outcome::Denied, 2),
        ("403 Forbidden", "Authorization_RequestDenied", "Insufficient privileges", Outcome::Denied, 1),
        ("403 Forbidden", "Forbidden", "Missing application roles", Outcome::Denied, 1),
        ("403 Forbidden", "AccessDenied", "", Outcome::Denied, 1),
        ("403 Forbidden", "accessDenied", "", Outcome::Denied, 1),
        ("403 Forbidden", "UnknownError", "", Outcome::Denied, 1),
        ("403 Forbidden", "Authentication_MSGraphPermissionMissing", "", Outcome::Denied, 1),
        ("403 Forbidden", premium, "no premium license", Outcome::Unlicensed, 3),
        ("400 Bad Request", "AadPremiumLicenseRequired", "needs Premium P2", Outcome::Unlicensed, 1),
        ("403 Forbidden", "Forbidden", "Your tenant is not licensed for this feature.", Outcome::Unlicensed, 1),
        ("400 Bad Request", "BadRequest", "Request not applicable to target tenant.", Outcome::Unlicensed, 1),
        ("400 Bad Request", "BadRequest", intune.as_str(), Outcome::Unlicensed, 1),
        ("402 Payment Required", "PaymentRequired", "", Outcome::Unlicensed, 1),
        ("404 Not Found", "Request_ResourceNotFound", "", Outcome::Failed, 1),
        ("404 Not Found", "itemNotFound", "", Outcome::Failed, 1),
        ("400 Bad Request", "Request_UnsupportedQuery", "", Outcome::Failed, 1),
        ("400 Bad Request", "Request_BadRequest", "", Outcome::Failed, 1),
        ("403 Forbidden", "insufficient_claims", "", Outcome::Denied, 1),
        ("400 Bad Request", "interaction_required", "", Outcome::Denied, 1),
        ("410 Gone", "resyncRequired", "", Outcome::Failed, 2),
        ("412 Precondition Failed", "", "", Outcome::Failed, 2),
        ("423 Locked", "", "", Outcome::Failed, 2),
        ("424 Failed Dependency", "", "", Outcome::Failed, 2),
        ("429 Too Many Requests", "TooManyRequests", "", Outcome::Throttled, 6),
        ("509 Bandwidth Limit Exceeded", "", "", Outcome::Throttled, 6),
        ("500 Internal Server Error", "generalException", "", Outcome::Failed, 6),
        ("502 Bad Gateway", "", "", Outcome::Unreachable, 6),
        ("503 Service Unavailable", "serviceNotAvailable", "", Outcome::Unreachable, 6),
        ("504 Gateway Timeout", "", "", Outcome::Unreachable, 6),
    ];
    for (status, code, message, outcome, tries) in table {
        let (evidence, script) = collect((0..9).map(|_| refusal(status, code, message)).collect()).await;
        assert_eq!(evidence.outcome, outcome, "{status} {code}: {}", evidence.reason);
        assert_eq!(script.seen("GET").len(), tries, "{status} {code}");
        assert!(code.is_empty() || evidence.reason.contains(code), "{status} {code}: {}", evidence.reason);
        assert_eq!(names(&evidence), ["error-0001.json"], "{status} {code}");
    }
}

#[tokio::test]
async fn a_licence_refusal_that_passes_is_not_believed() {
    let flapping = || refusal("403 Forbidden", "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "x");
    let (evidence, _) = collect(vec![flapping(), flapping(), page(&["1"], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
}

#[tokio::test]
async fn bodies_of_gateways_and_empty_ones_are_classed_by_their_status_alone() {
    for (status, body, outcome) in [
        ("403 Forbidden", "<html>blocked</html>", Outcome::Failed),
        ("403 Forbidden", "", Outcome::Denied),
        ("404 Not Found", "", Outcome::Failed),
        ("503 Service Unavailable", "", Outcome::Unreachable),
        ("400 Bad Request", "{\"error\": \"unexpected\"", Outcome::Failed),
    ] {
        let (evidence, _) = collect((0..9).map(|_| http(status, "", body)).collect()).await;
        assert_eq!(evidence.outcome, outcome, "{status} {body}: {}", evidence.reason);
    }
}
