//! A tenant that answers wrongly, partly, late or not at all: what is said, and what is never concluded from it.

use countersign::demo::tenant::fault::{Fault, FaultKind, TOKEN_PATH};
use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::throttle::{Refusal, Throttle};
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use serde_json::Value;

use crate::support::command::{Installation, ORG};

async fn connected(throttle: Throttle) -> (Installation, RunningTenant) {
    let options = TenantOptions { throttle, ..TenantOptions::default() };
    let tenant = Tenant::start(Firm::load_embedded("larkspur").unwrap(), options).await.unwrap();
    let installation = Installation::new();
    installation.connect(&tenant).fine();
    (installation, tenant)
}

/// Collects these and gives their lines in the same order.
fn collect<const N: usize>(installation: &Installation, datasets: [&str; N]) -> [Value; N] {
    let arguments: Vec<&str> = ["collect", "--org", ORG, "--json"].into_iter().chain(datasets).collect();
    let report = installation.run(&arguments).fine().json();
    datasets.map(|dataset| {
        let lines = report["datasets"].as_array().unwrap();
        lines.iter().find(|line| line["dataset"] == dataset).unwrap_or_else(|| panic!("{dataset}: {report:#}")).clone()
    })
}

#[track_caller]
fn assert_line(line: &Value, outcome: &str, words: &[&str]) {
    assert_eq!(line["outcome"], outcome, "{line:#}");
    for word in words {
        assert!(line["reason"].as_str().unwrap().contains(word), "`{word}` is not said: {line:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_fails_with_the_reason_and_what_passes_by_is_tried_again() {
    let (installation, tenant) = connected(Throttle::Off).await;
    let html = || FaultKind::Status(200, "<html><body>Please sign in to the network</body></html>".into());
    tenant.inject(Fault::on("/organization", 1, FaultKind::TruncatedBody));
    tenant.inject(Fault::on("/domains", 1, html()));
    tenant.inject(Fault::on("/subscribedSkus", 1, FaultKind::Html502));
    tenant.inject(Fault::on("/policies/authorizationPolicy", 1, FaultKind::ResetMidBody));
    tenant.inject(Fault::on("/groups", 1, FaultKind::Status(302, String::new())));

    let [organization, domains, skus, authorization, groups] = collect(
        &installation,
        ["m365/organization", "m365/domains", "m365/subscribed_skus", "m365/authorization_policy", "m365/groups"],
    );

    assert_line(&organization, "failed", &["JSON"]);
    assert_line(&domains, "failed", &["web page"]);
    assert_line(&skus, "complete", &[]);
    assert_line(&authorization, "complete", &[]);
    assert_line(&groups, "failed", &["302"]);
    installation.run(&["verify"]).fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_link_that_leads_away_is_not_followed_and_what_was_read_is_partial() {
    let (installation, tenant) = connected(Throttle::Off).await;
    tenant.inject(Fault::on("/users", 1, FaultKind::ForeignNextLink));
    tenant.inject(Fault::on("/deviceManagement/managedDevices", 1, FaultKind::LoopingNextLink));

    let [users, devices] = collect(&installation, ["m365/users", "m365/managed_devices"]);

    assert_line(&users, "partial", &["graph.foreign.example"]);
    assert!(users["rows"].as_u64().unwrap() > 0);
    assert_line(&devices, "partial", &["page"]);
    // What was seen of the devices is a fault all the same.
    let gaps = installation.run(&["gap", "list", "--org", ORG, "--json"]).fine().list();
    assert!(gaps.iter().any(|gap| gap["check"] == "m365/managed_devices_encrypted"), "{gaps:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_in_the_middle_is_renewed_and_lost_consent_is_said() {
    let (installation, tenant) = connected(Throttle::Off).await;
    tenant.inject(Fault::on("/users", 2, FaultKind::ExpireTokens));
    let lost = FaultKind::LoseConsent("DeviceManagementManagedDevices.Read.All".into());
    tenant.inject(Fault::on("/deviceManagement/managedDevices", 2, lost));

    let [users] = collect(&installation, ["m365/users"]);
    assert_line(&users, "complete", &[]);
    assert!(tenant.stats().tokens_issued >= 2);

    tenant.inject(Fault::on("/domains", 1, FaultKind::ClaimsChallenge));
    let [domains] = collect(&installation, ["m365/domains"]);
    assert_line(&domains, "complete", &[]);

    let [devices] = collect(&installation, ["m365/managed_devices"]);
    assert_line(&devices, "partial", &["DeviceManagementManagedDevices.Read.All"]);

    let [devices] = collect(&installation, ["m365/managed_devices"]);
    assert_line(&devices, "denied", &["DeviceManagementManagedDevices.Read.All", "administrator"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_lost_after_a_pass_is_unknown_and_not_still_a_pass() {
    let (installation, tenant) = connected(Throttle::Off).await;
    let findings = |datasets: &[&str]| {
        let arguments: Vec<&str> = ["collect", "--org", ORG, "--json"].iter().chain(datasets).copied().collect();
        installation.run(&arguments).fine().json()["findings"].clone()
    };
    let before = findings(&["m365/authorization_policy"]);
    assert!(before["pass"].as_u64() >= Some(1), "guest rights are restricted: {before}");
    tenant.revoke("Policy.Read.All");
    let after = findings(&["m365/authorization_policy"]);
    assert_eq!((&after["pass"], &after["fail"]), (&Value::Null, &Value::Null), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_without_a_word_on_when_is_waited_out_or_said() {
    let refuse = |path: &str, times| Refusal { path: path.into(), first: 1, times, retry_after: None };
    let scripted = vec![refuse("/users", 2), refuse("/groups", 10_000)];
    let (installation, tenant) = connected(Throttle::Scripted(scripted)).await;

    let [users, groups] = collect(&installation, ["m365/users", "m365/groups"]);

    assert_line(&users, "complete", &[]);
    assert_line(&groups, "throttled", &["slow down"]);
    assert!(tenant.stats().by_path["/groups"] < 20, "it went on asking");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_refused_says_why_and_ends_every_dataset_alike() {
    let (installation, tenant) = connected(Throttle::Off).await;
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired.","error_codes":[7000222]}"#;
    for number in 1..=20 {
        tenant.inject(Fault::on(TOKEN_PATH, number, FaultKind::Status(401, body.into())));
    }
    let [users, domains] = collect(&installation, ["m365/users", "m365/domains"]);
    assert_line(&users, "denied", &["secret"]);
    assert_line(&domains, "denied", &["secret"]);
}
