//! `collect`: a simulated tenant read over real HTTP, and what the command says about it.

use std::collections::BTreeMap;

use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::throttle::Throttle;
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use serde_json::Value;

use crate::support::command::{Installation, ORG};

/// Larkspur's tenant, connected to a fresh installation.
async fn connected() -> (Installation, RunningTenant) {
    let options = TenantOptions { throttle: Throttle::Off, ..TenantOptions::default() };
    let tenant = Tenant::start(Firm::load_embedded("larkspur").unwrap(), options).await.unwrap();
    let installation = Installation::new();
    installation.connect(&tenant).fine();
    (installation, tenant)
}

fn line<'a>(report: &'a Value, dataset: &str) -> &'a Value {
    let lines = report["datasets"].as_array().unwrap();
    lines.iter().find(|line| line["dataset"] == dataset).unwrap_or_else(|| panic!("{dataset}: {report:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dataset_has_a_line_and_a_denied_one_names_the_permission_and_fails_nothing() {
    let (installation, tenant) = connected().await;

    let report = installation.run(&["collect", "--org", ORG, "--source", "graph", "--json"]).fine().json();

    assert!(report["run"].is_string());
    let lines = report["datasets"].as_array().unwrap();
    assert!(lines.len() >= 6, "{report:#}");
    let mut leaves = Vec::new();
    for line in lines {
        let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["dataset", "evidence", "leaves_unknown", "outcome", "reason", "rows", "target"], "{line}");
        assert_eq!(line["target"], tenant.tenant_id());
        assert!(line["dataset"].as_str().unwrap().starts_with("m365/"));
        let (outcome, reason) = (line["outcome"].as_str().unwrap(), line["reason"].as_str().unwrap());
        assert!(
            [
                "complete",
                "empty",
                "partial",
                "denied",
                "unlicensed",
                "not_offered",
                "unreachable",
                "throttled",
                "failed"
            ]
            .contains(&outcome)
        );
        assert_eq!(outcome == "complete", reason.is_empty(), "{line}");
        leaves.push(line["evidence"].as_u64().unwrap());
    }
    leaves.sort_unstable();
    leaves.dedup();
    assert_eq!(leaves.len(), lines.len(), "two datasets share a record");

    let denied = line(&report, "m365/role_assignments");
    assert_eq!(denied["outcome"], "denied");
    assert!(denied["reason"].as_str().unwrap().contains("RoleManagement.Read.Directory"), "{denied}");
    assert_eq!(denied["rows"], 0);
    let users = line(&report, "m365/users");
    assert_eq!(users["outcome"], "complete");
    assert!(users["rows"].as_u64().unwrap() > 50, "one page is not all: {users}");
    installation.run(&["verify"]).fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_consent_is_answered_with_one_piece_of_advice_and_plain_lines_of_progress() {
    let (installation, tenant) = connected().await;
    for permission in ["Policy.Read.All", "User.Read.All", "Application.Read.All"] {
        tenant.revoke(permission);
    }

    let told = installation.run(&["collect", "--org", ORG, "--source", "graph", "--json"]).fine();
    let report = told.json();
    let advice = report["advice"].as_array().unwrap();
    let refused: Vec<&Value> = advice.iter().filter(|one| one["outcome"] == "denied").collect();
    let [consent] = refused.as_slice() else { panic!("one cause, told once: {advice:#?}") };
    let listed = consent["permissions"].as_array().unwrap();
    for permission in ["Policy.Read.All", "User.Read.All", "Application.Read.All", "RoleManagement.Read.Directory"] {
        assert!(listed.contains(&permission.into()), "{permission}: {consent:#}");
    }
    assert!(consent["datasets"].as_array().unwrap().len() >= 5, "{consent:#}");
    let link = consent["link"].as_str().unwrap();
    assert!(link.starts_with(tenant.login_url()) && link.contains(tenant.client_id()), "{link}");
    assert!(consent["who"].as_str().unwrap().contains("administrator of the tenant"), "{consent:#}");
    let unknown = &line(&report, "m365/conditional_access_policies")["leaves_unknown"];
    assert!(!unknown["cmmc-l2"].as_array().unwrap().is_empty(), "{unknown:#}");
    assert_eq!(line(&report, "m365/domains")["leaves_unknown"], Value::Object(serde_json::Map::new()));

    let told = installation.run(&["collect", "--org", ORG, "--source", "graph"]).fine();
    for words in ["Permissions: ", "Next: Add them to the app registration", "Where: http", "Who: an administrator"] {
        assert!(told.stdout.contains(words), "{words}: {}", told.stdout);
    }
    assert_eq!(told.stdout.matches("application permissions have not been granted").count(), 1, "{}", told.stdout);
    assert!(told.stdout.contains("1 control of CMMC Level 2 (IA.L2-3.5.3)"), "{}", told.stdout);
    let (whole, all) = (report["datasets"].as_array().unwrap().iter(), report["datasets"].as_array().unwrap().len());
    let whole = whole.filter(|line| ["complete", "empty"].contains(&line["outcome"].as_str().unwrap())).count();
    let done = format!("{}: {whole} of {all} datasets seen whole", tenant.tenant_id());
    assert!(told.stderr.contains(&done), "{done}: {}", told.stderr);
    assert!(told.stderr.contains("m365/users of") && told.stderr.contains("refused: "), "{}", told.stderr);
    assert!(!told.stderr.contains(['\u{1b}', '\r']), "a pipe is no terminal: {:?}", told.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn collecting_one_dataset_leaves_the_verdicts_on_the_others() {
    let (installation, tenant) = connected().await;
    installation.run(&["collect", "--org", ORG, "--source", "graph", "--json"]).fine();
    let standing = || {
        let gaps = installation.run(&["gap", "list", "--org", ORG, "--json"]).fine().list();
        let gaps: BTreeMap<String, String> = gaps
            .iter()
            .map(|gap| (gap["check"].as_str().unwrap().to_owned(), format!("{} {}", gap["state"], gap["because"])))
            .collect();
        let status = installation.run(&["status", "--org", ORG, "--json"]).fine().json();
        let counts: Vec<Value> =
            status["frameworks"].as_array().unwrap().iter().map(|one| one["controls"].clone()).collect();
        (gaps, counts)
    };
    let before = standing();
    assert!(before.0.contains_key("m365/guest_invites_restricted"), "{before:?}");

    tenant.revoke("Policy.Read.All");
    tenant.revoke("DeviceManagementManagedDevices.Read.All");
    let report = installation.run(&["collect", "--org", ORG, "m365/users", "--json"]).fine().json();

    assert_eq!(report["datasets"].as_array().unwrap().len(), 1);
    assert_eq!((&report["gaps_opened"], &report["gaps_closed"]), (&0.into(), &0.into()), "{report:#}");
    assert_eq!(standing(), before);

    let report = installation.run(&["collect", "--org", ORG, "m365/authorization_policy", "--json"]).fine().json();
    assert_eq!(line(&report, "m365/authorization_policy")["outcome"], "denied");
    let (gaps, _) = standing();
    assert!(gaps["m365/guest_invites_restricted"].contains("awaiting_evidence"), "{gaps:#?}");
    assert!(gaps["m365/managed_devices_encrypted"].contains("open"), "{gaps:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strict_ends_with_1_where_gaps_are_and_nowhere_else() {
    let (installation, _tenant) = connected().await;
    installation.run(&["status", "--org", ORG, "--strict"]).fine();
    installation.run(&["gap", "list", "--org", ORG, "--strict"]).fine();
    installation.run(&["collect", "--org", ORG, "m365/authorization_policy", "--strict"]).ends(1);
    installation.run(&["collect", "--org", ORG, "m365/authorization_policy"]).fine();
    installation.run(&["status", "--org", ORG, "--strict"]).ends(1);
    installation.run(&["gap", "list", "--org", ORG, "--strict"]).ends(1);
    installation.run(&["gap", "list", "--org", ORG]).fine();
    installation.run(&["gap", "list", "--org", ORG, "--party", "vendor", "--strict"]).fine();
}

#[test]
fn with_nothing_connected_this_machine_is_read() {
    let installation = Installation::new();
    let told = installation.run(&["collect", "--org", ORG, "--json"]).fine();
    let report = told.json();
    let datasets = report["datasets"].as_array().unwrap();
    assert!(datasets.len() >= 6, "{report:#}");
    assert!(datasets.iter().all(|line| line["dataset"].as_str().unwrap().starts_with("linux/")), "{report:#}");
    assert!(told.stderr.contains("connecting this machine"), "{}", told.stderr);
    assert!(datasets.iter().any(|line| line["outcome"] == "complete"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_does_not_answer_is_unreachable_and_the_host_beside_it_is_read() {
    let (installation, tenant) = connected().await;
    tenant.shutdown().await;
    installation.run(&["connect", "host", "--org", ORG]).fine();
    let collectors = ["collect", "--org", ORG, "m365/users", "linux/accounts", "--json"];
    let report = installation.run(&collectors).fine().json();
    assert_eq!(line(&report, "m365/users")["outcome"], "unreachable");
    assert_eq!(line(&report, "linux/accounts")["outcome"], "complete");
}

#[test]
fn what_cannot_be_collected_is_an_error_before_anything_is_sealed() {
    let installation = Installation::new();
    let before = installation.log_objects().len();
    installation.run(&["collect", "--org", ORG, "--source", "graph"]).refused(&["connect m365"]);
    installation
        .run(&["collect", "--org", ORG, "m365/no_such_dataset"])
        .refused(&["m365/no_such_dataset", "collector list"]);
    installation.run(&["collect", "--org", ORG, "--source", "smoke"]).refused(&["smoke", "graph"]);
    assert_eq!(installation.log_objects().len(), before);
}

#[test]
fn a_collector_that_nothing_connected_can_answer_is_an_error_before_anything_is_sealed() {
    let installation = Installation::new();
    installation.run(&["connect", "host", "--org", ORG]).fine();
    let before = installation.log_objects().len();
    installation.run(&["collect", "--org", ORG, "m365/users"]).refused(&["connect m365"]);
    installation.run(&["collect", "--org", ORG, "import/files"]).refused(&["import files"]);
    assert_eq!(installation.log_objects().len(), before);
}
