//! `check run`: raw bodies in files, judged without any database.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::command::{Told, countersign, scratch};

const POLICIES: &str = "m365/conditional_access_policies";
const DEFAULTS: &str = "m365/security_defaults";
const AUTHORIZATION: &str = "m365/authorization_policy";
const DEVICES: &str = "m365/managed_devices";

const EMERGENCY: &str = "11111111-1111-4111-8111-111111111111";

/// Names of datasets and raw bodies.
type Bodies = Vec<(&'static str, String)>;

/// Files somebody has, and a check to run on them.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(scratch())
    }

    /// Lays a file on the desk; gives `NAME=FILE`.
    fn lay(&self, dataset: &str, body: &str) -> String {
        let number = std::fs::read_dir(self.0.path()).unwrap().count();
        let path = self.0.path().join(format!("{number}.json"));
        std::fs::write(&path, body).unwrap();
        format!("{dataset}={}", path.display())
    }

    fn file(&self, content: &Value) -> String {
        let path = self.0.path().join("settings.json");
        std::fs::write(&path, content.to_string()).unwrap();
        path.display().to_string()
    }
}

fn run(check: &str, datasets: &[String], further: &[&str]) -> Told {
    let mut arguments = vec!["check", "run", check, "--json"];
    for one in datasets {
        arguments.extend(["--dataset", one]);
    }
    arguments.extend(further);
    countersign(&arguments)
}

/// Lays out bodies, runs the check, looks at the shape of the answer.
fn judged(check: &str, bodies: &[(&str, String)]) -> Value {
    let desk = Desk::new();
    let datasets: Vec<String> = bodies.iter().map(|(dataset, body)| desk.lay(dataset, body)).collect();
    let answer = run(check, &datasets, &[]).fine().json();
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["because", "check", "outcome", "resources"], "{answer}");
    assert_eq!(answer["check"], check);
    assert_ne!(answer["because"], "", "{answer}");
    for resource in answer["resources"].as_array().unwrap() {
        let keys: Vec<&String> = resource.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["because", "outcome", "resource"], "{answer}");
    }
    answer
}

fn authorization(invites: &str, guest_role: &str, apps: Value) -> String {
    json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#policies/authorizationPolicy/$entity",
        "id": "authorizationPolicy",
        "allowInvitesFrom": invites,
        "guestUserRoleId": guest_role,
        "defaultUserRolePermissions": { "allowedToCreateApps": apps },
    })
    .to_string()
}

fn good_authorization() -> String {
    authorization("adminsAndGuestInviters", "2af84b1e-32c8-42b7-82bc-daa82404023b", json!(false))
}

fn bad_authorization() -> String {
    authorization("everyone", "a0b1b346-4d3e-4e8b-98f8-753987be4970", json!(true))
}

fn defaults(on: bool) -> String {
    json!({ "id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults", "isEnabled": on })
        .to_string()
}

fn collection(rows: &[Value]) -> String {
    json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x", "value": rows }).to_string()
}

/// A policy for everybody and every application.
fn policy(name: &str, clients: &[&str], control: &str, exempt: &[&str]) -> Value {
    json!({
        "id": name, "displayName": name, "state": "enabled", "sessionControls": null,
        "conditions": {
            "userRiskLevels": [], "signInRiskLevels": [], "servicePrincipalRiskLevels": [], "insiderRiskLevels": null,
            "clientAppTypes": clients, "platforms": null, "locations": null, "devices": null,
            "clientApplications": null, "authenticationFlows": null,
            "applications": {
                "includeApplications": ["All"], "excludeApplications": [], "includeUserActions": [],
                "includeAuthenticationContextClassReferences": [], "applicationFilter": null,
            },
            "users": {
                "includeUsers": ["All"], "excludeUsers": exempt, "includeGroups": [], "excludeGroups": [],
                "includeRoles": [], "excludeRoles": [],
                "includeGuestsOrExternalUsers": null, "excludeGuestsOrExternalUsers": null,
            },
        },
        "grantControls": {
            "operator": "OR", "builtInControls": [control], "customAuthenticationFactors": [], "termsOfUse": [],
            "authenticationStrength": null,
        },
    })
}

fn mfa(exempt: &[&str]) -> Value {
    policy("MFA for everyone", &["all"], "mfa", exempt)
}

fn legacy_block() -> Value {
    policy("No legacy", &["exchangeActiveSync", "other"], "block", &[])
}

fn device(name: &str, encrypted: Value) -> Value {
    json!({
        "id": name, "deviceName": name, "operatingSystem": "Windows", "osVersion": "10.0.26100.1",
        "isEncrypted": encrypted, "lastSyncDateTime": "2026-11-20T08:00:00Z", "complianceState": "compliant",
    })
}

/// As Graph refuses a permission that was not consented to.
fn refusal() -> String {
    json!({"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges to complete the operation."}})
        .to_string()
}

#[test]
fn each_promised_check_tells_pass_fail_and_unknown_apart() {
    // Check, outcome, dataset bodies, a word of the answer.
    let table: Vec<(&str, &str, Bodies, &str)> = vec![
        ("users_may_not_register_apps", "pass", vec![(AUTHORIZATION, good_authorization())], "cannot register"),
        ("users_may_not_register_apps", "fail", vec![(AUTHORIZATION, bad_authorization())], "register applications"),
        ("users_may_not_register_apps", "unknown", vec![(AUTHORIZATION, refusal())], "Authorization_RequestDenied"),
        ("guest_rights_restricted", "pass", vec![(AUTHORIZATION, good_authorization())], "guest role"),
        ("guest_rights_restricted", "fail", vec![(AUTHORIZATION, bad_authorization())], "same rights as members"),
        ("guest_rights_restricted", "unknown", vec![], "not collected"),
        ("guest_invites_restricted", "pass", vec![(AUTHORIZATION, good_authorization())], "guest inviters"),
        ("guest_invites_restricted", "fail", vec![(AUTHORIZATION, bad_authorization())], "Everybody"),
        ("guest_invites_restricted", "unknown", vec![(AUTHORIZATION, "{}".into())], "authorization"),
        ("managed_devices_encrypted", "pass", vec![(DEVICES, collection(&[device("PC-1", json!(true))]))], "PC-1"),
        (
            "managed_devices_encrypted",
            "fail",
            vec![(DEVICES, collection(&[device("PC-1", json!(true)), device("PC-2", json!(false))]))],
            "PC-2",
        ),
        ("managed_devices_encrypted", "unknown", vec![(DEVICES, collection(&[device("PC-3", json!(null))]))], "PC-3"),
        (
            "mfa_for_all_users",
            "pass",
            vec![(POLICIES, collection(&[mfa(&[])])), (DEFAULTS, defaults(false))],
            "everybody",
        ),
        ("mfa_for_all_users", "pass", vec![(DEFAULTS, defaults(true))], "Security defaults"),
        (
            "mfa_for_all_users",
            "fail",
            vec![(POLICIES, collection(&[legacy_block()])), (DEFAULTS, defaults(false))],
            "No Conditional Access policy",
        ),
        ("mfa_for_all_users", "unknown", vec![(POLICIES, refusal()), (DEFAULTS, defaults(false))], "not read"),
        (
            "legacy_authentication_blocked",
            "pass",
            vec![(POLICIES, collection(&[legacy_block()])), (DEFAULTS, defaults(false))],
            "No legacy",
        ),
        (
            "legacy_authentication_blocked",
            "fail",
            vec![(POLICIES, collection(&[mfa(&[])])), (DEFAULTS, defaults(false))],
            "legacy",
        ),
        ("legacy_authentication_blocked", "unknown", vec![(POLICIES, collection(&[mfa(&[])]))], "security defaults"),
    ];
    for (name, outcome, bodies, word) in table {
        let answer = judged(&format!("m365/{name}"), &bodies);
        assert_eq!(answer["outcome"], outcome, "{answer:#}");
        assert!(answer.to_string().contains(word), "`{word}` is not said: {answer:#}");
    }
}

#[test]
fn strict_ends_with_1_on_a_fail_only() {
    let desk = Desk::new();
    let check = "m365/users_may_not_register_apps";
    for (body, code) in [(good_authorization(), 0), (bad_authorization(), 1), (refusal(), 0)] {
        let dataset = [desk.lay(AUTHORIZATION, &body)];
        run(check, &dataset, &["--strict"]).ends(code);
        run(check, &dataset, &[]).fine();
    }
}

#[test]
fn a_list_of_page_bodies_is_one_dataset() {
    let pages = json!([
        { "value": [device("PC-1", json!(true))], "@odata.nextLink": "https://graph.microsoft.com/v1.0/next" },
        { "value": [] , "@odata.nextLink": "https://graph.microsoft.com/v1.0/last" },
        { "value": [device("PC-2", json!(false))] },
    ]);
    let answer = judged("m365/managed_devices_encrypted", &[(DEVICES, pages.to_string())]);
    assert_eq!(answer["outcome"], "fail");
    let resources: Vec<&Value> = answer["resources"].as_array().unwrap().iter().map(|one| &one["resource"]).collect();
    assert!(resources.contains(&&json!("PC-1")) && resources.contains(&&json!("PC-2")), "{answer:#}");
}

#[test]
fn a_page_that_names_a_next_one_which_is_not_there_cannot_pass() {
    let body =
        json!({ "value": [device("PC-1", json!(true))], "@odata.nextLink": "https://graph.microsoft.com/v1.0/next" });
    assert_eq!(judged("m365/managed_devices_encrypted", &[(DEVICES, body.to_string())])["outcome"], "unknown");
    let body =
        json!({ "value": [device("PC-1", json!(false))], "@odata.nextLink": "https://graph.microsoft.com/v1.0/next" });
    assert_eq!(judged("m365/managed_devices_encrypted", &[(DEVICES, body.to_string())])["outcome"], "fail");
}

#[test]
fn what_is_no_answer_of_graph_is_not_collected_and_never_a_crash() {
    for body in [
        "",
        " ",
        "<html><body>502 Bad Gateway</body></html>",
        "{\"value\": [{\"id\": \"1\"",
        "null",
        "42",
        "\"text\"",
        "[]",
        "[[]]",
        "{\"value\": 7}",
        "{\"value\": [null, 3]}",
        "{\"error\": {}}",
        "{\"error\": \"no\"}",
    ] {
        let answer = judged("m365/managed_devices_encrypted", &[(DEVICES, body.to_owned())]);
        assert_eq!(answer["outcome"], "unknown", "{body:?}: {answer:#}");
    }
}

#[test]
fn a_byte_order_mark_that_a_tool_put_before_the_body_does_no_harm() {
    let body = format!("\u{feff}{}", collection(&[device("PC-1", json!(true))]));
    assert_eq!(judged("m365/managed_devices_encrypted", &[(DEVICES, body)])["outcome"], "pass");
}

#[test]
fn an_error_body_among_the_pages_does_not_let_the_rest_pass() {
    let pages = json!([
        { "value": [device("PC-1", json!(true))] },
        { "error": { "code": "TooManyRequests", "message": "slow down" } },
    ]);
    assert_eq!(judged("m365/managed_devices_encrypted", &[(DEVICES, pages.to_string())])["outcome"], "unknown");
}

#[test]
fn the_conditional_access_checks_need_neither_users_nor_groups_and_are_sharpened_by_them() {
    let policies = collection(&[mfa(&[EMERGENCY])]);
    let desk = Desk::new();
    let base = vec![desk.lay(POLICIES, &policies), desk.lay(DEFAULTS, &defaults(false))];
    let check = "m365/mfa_for_all_users";
    let plain = run(check, &base, &[]).fine().json();
    assert_eq!(plain["outcome"], "fail", "an exempt account nobody declared: {plain:#}");
    assert!(plain["because"].as_str().unwrap().contains(EMERGENCY), "{plain:#}");

    let by_id = desk.file(&json!({ "break_glass_accounts": [EMERGENCY] }));
    assert_eq!(run(check, &base, &["--settings", &by_id]).fine().json()["outcome"], "pass");

    let by_name = desk.file(&json!({ "break_glass_accounts": ["emergency@northwind.example"] }));
    let unresolved = run(check, &base, &["--settings", &by_name]).fine().json();
    assert_ne!(unresolved["outcome"], "pass", "nobody said that this name is that id: {unresolved:#}");
    let users = collection(&[json!({ "id": EMERGENCY, "userPrincipalName": "Emergency@northwind.example" })]);
    let all = [base, vec![desk.lay("m365/users", &users)]].concat();
    assert_eq!(run(check, &all, &["--settings", &by_name]).fine().json()["outcome"], "pass");
}

#[test]
fn a_hosts_answer_is_stdout_stderr_and_exit_code() {
    let shadow = |line: &str| json!({ "stdout": format!("{line}\n"), "stderr": "", "exit_code": 0 }).to_string();
    let check = "linux/no_empty_passwords";
    for (body, outcome) in [
        (shadow("amy:set:y:20454:0:90:7::"), "pass"),
        (shadow("amy:empty::20454:0:90:7::"), "fail"),
        (json!({ "stdout": "", "stderr": "permission denied", "exit_code": 1 }).to_string(), "unknown"),
        (json!({ "stdout": "amy\u{0}:::", "stderr": "", "exit_code": 0 }).to_string(), "unknown"),
        (json!({ "stdout": "amy:set:y:20454:0:90:7::\n" }).to_string(), "unknown"),
        ("amy:set:y:20454:0:90:7::".to_owned(), "unknown"),
    ] {
        let answer = judged(check, &[("linux/shadow_ages", body.clone())]);
        assert_eq!(answer["outcome"], outcome, "{body}: {answer:#}");
    }
}

#[test]
fn the_time_to_judge_as_of_is_the_one_that_was_named() {
    let desk = Desk::new();
    // Changed on 2026-01-01, to be changed within 90 days.
    let body = json!({ "stdout": "amy:set:y:20454:0:90:7::\n", "stderr": "", "exit_code": 0 }).to_string();
    let dataset = [desk.lay("linux/shadow_ages", &body)];
    let outcome =
        |time: &str| run("linux/password_ages", &dataset, &["--as-of", time]).fine().json()["outcome"].clone();
    assert_eq!(outcome("2026-02-01"), "pass");
    assert_eq!(outcome("2026-02-01T10:00:00+01:00"), "pass");
    assert_eq!(outcome("2026-07-01"), "fail");
    run("linux/password_ages", &dataset, &["--as-of", "yesterday"]).refused(&["yesterday", "2026-03-31"]);
}

#[test]
fn what_cannot_be_judged_as_asked_is_an_error() {
    let desk = Desk::new();
    let check = "m365/users_may_not_register_apps";
    let good = desk.lay(AUTHORIZATION, &good_authorization());
    let (list, text) = (desk.lay("x", "[]"), desk.lay("x", "not json"));
    let [list, text] = [&list, &text].map(|laid| laid.strip_prefix("x=").unwrap());
    run("m365/no_such_check", std::slice::from_ref(&good), &[]).refused(&["m365/no_such_check", "check list"]);
    run(check, &[good.replace("m365/", "m365/no_")], &[]).refused(&["m365/no_authorization_policy", "collector list"]);
    run(check, &[good.clone(), good.clone()], &[]).refused(&[AUTHORIZATION, "twice"]);
    run(check, &["m365/authorization_policy=/no/such/file".to_owned()], &[]).refused(&["/no/such/file"]);
    run(check, &["no-equals-sign".to_owned()], &[]).refused(&["no-equals-sign", "NAME=FILE"]);
    run(check, std::slice::from_ref(&good), &["--settings", "/no/such/file"]).refused(&["/no/such/file"]);
    run(check, std::slice::from_ref(&good), &["--settings", list]).refused(&["one JSON object"]);
    run(check, std::slice::from_ref(&good), &["--settings", text]).refused(&["not JSON"]);
    run(check, &[format!("{AUTHORIZATION}={}", desk.0.path().display())], &[]).refused(&["cannot read"]);
}
