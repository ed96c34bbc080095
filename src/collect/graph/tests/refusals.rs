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
