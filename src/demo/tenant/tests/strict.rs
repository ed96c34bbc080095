//! Everything Graph refuses, and how it counts.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::firm::Firm;
use super::super::throttle::{Limit, Limits, Refusal, Throttle};
use super::super::{TenantOptions, fault};
use super::{error_code, larkspur, options, visit, visit_larkspur};

#[tokio::test]
async fn without_a_token_the_answer_is_a_challenge() {
    let visit = visit_larkspur().await;
    let response = visit.http.get(format!("{}/v1.0/users", visit.tenant.graph_url())).send().await.unwrap();
    assert_eq!(response.status(), 401);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.starts_with("Bearer ") && challenge.contains("authorization_uri="), "{challenge}");
    let body: Value = response.json().await.unwrap();
    assert_eq!(error_code(&body), "InvalidAuthenticationToken");
}

#[tokio::test]
async fn a_made_up_token_is_refused() {
    let mut visit = visit_larkspur().await;
    visit.token = "eyJhbGciOiJub25lIn0.e30.".to_owned();
    assert_eq!(visit.get("/v1.0/users").await.0, 401);
}

#[tokio::test]
async fn anything_but_get_is_refused_and_counted_as_an_attempt_to_write() {
    let visit = visit_larkspur().await;
    let url = format!("{}/v1.0/users", visit.tenant.graph_url());
    for request in [visit.http.post(&url), visit.http.patch(&url), visit.http.delete(&url), visit.http.head(&url)] {
        let response = request.bearer_auth(&visit.token).send().await.unwrap();
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "GET");
    }
    visit.http.put(&url).send().await.unwrap();
    assert_eq!(visit.tenant.stats().refused_writes, 5);
}

#[tokio::test]
async fn a_missing_permission_is_a_403_in_the_spelling_of_the_service() {
    let visit = visit_larkspur().await;
    let (status, body) = visit.get("/v1.0/roleManagement/directory/roleAssignments").await;
    assert_eq!((status, error_code(&body)), (403, "Authorization_RequestDenied"));
    visit.tenant.revoke("DeviceManagementManagedDevices.Read.All");
    let (status, body) = visit.get("/v1.0/deviceManagement/managedDevices").await;
    assert_eq!((status, error_code(&body)), (403, "Forbidden"));
    let inner: Value = serde_json::from_str(body["error"]["message"].as_str().unwrap()).unwrap();
    assert!(inner["Message"].as_str().unwrap().contains("DeviceManagementManagedDevices.Read.All"), "{inner}");
}

#[tokio::test]
async fn each_service_spells_a_missing_consent_in_its_own_way() {
    let visit = visit(Firm::load_embedded("hollowmere").unwrap(), options()).await;
    for (permission, path, code) in [
        ("Policy.Read.All", "/identity/conditionalAccess/policies", "AccessDenied"),
        ("Policy.Read.All", "/policies/authorizationPolicy", "Authorization_RequestDenied"),
        ("IdentityRiskyUser.Read.All", "/identityProtection/riskyUsers", "Forbidden"),
        (
            "AuditLog.Read.All",
            "/reports/authenticationMethods/userRegistrationDetails",
            "Authentication_MSGraphPermissionMissing",
        ),
        ("AuditLog.Read.All", "/users?$select=id,signInActivity", "Authentication_MSGraphPermissionMissing"),
        ("SharePointTenantSettings.Read.All", "/admin/sharepoint/settings", "accessDenied"),
        ("DeviceManagementConfiguration.Read.All", "/deviceManagement/deviceCompliancePolicies", "Forbidden"),
    ] {
        visit.tenant.revoke(permission);
        let (status, body) = visit.get(&format!("/v1.0{path}")).await;
        assert_eq!((status, error_code(&body)), (403, code), "{path}");
    }
}

#[tokio::test]
async fn consent_given_later_needs_a_new_token() {
    let mut visit = visit_larkspur().await;
    visit.tenant.grant("RoleManagement.Read.Directory");
    let path = "/v1.0/roleManagement/directory/roleAssignments";
    assert_eq!(visit.get(path).await.0, 403);
    visit.sign_in().await;
    assert_eq!(visit.get(path).await.0, 200);
}

#[tokio::test]
async fn a_missing_licence_is_refused_with_the_documented_bodies() {
    let visit = visit(Firm::load_embedded("tarnbrook").unwrap(), options()).await;
    for (path, status, code, message) in [
        ("/v1.0/deviceManagement/managedDevices", 400, "BadRequest", "Request not applicable to target tenant."),
        (
            "/v1.0/users?$select=id,signInActivity",
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        ),
        (
            "/v1.0/reports/authenticationMethods/userRegistrationDetails",
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        ),
        (
            "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances",
            400,
            "AadPremiumLicenseRequired",
            "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
        ),
        (
            "/v1.0/deviceManagement/deviceCompliancePolicies",
            400,
            "BadRequest",
            "Request not applicable to target tenant.",
        ),
        ("/v1.0/deviceManagement", 400, "BadRequest", "Request not applicable to target tenant."),
        ("/v1.0/identityProtection/riskyUsers", 403, "Forbidden", "Your tenant is not licensed for this feature."),
    ] {
        let (got, body) = visit.get(path).await;
        assert_eq!((got, error_code(&body), &body["error"]["message"]), (status, code, &json!(message)));
    }
}

#[tokio::test]
async fn what_the_query_does_not_know_is_a_400() {
    let visit = visit_larkspur().await;
    for path in [
        "/v1.0/users?$select=id,isAdmin",
        "/v1.0/users?$top=1000",
        "/v1.0/users?$top=many",
        "/v1.0/users?foo=bar",
        "/v1.0/users?$filter=startswith(displayName,'A')",
        "/v1.0/users?$count=true",
        "/v1.0/users?$expand=manager",
        "/v1.0/deviceManagement/managedDevices?$top=1001",
        "/v1.0/domains?$top=5",
        "/v1.0/secretSauce",
        "/v2.0/users",
    ] {
        assert_eq!(visit.get(path).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn a_group_that_does_not_exist_is_a_404() {
    let visit = visit_larkspur().await;
    let (status, body) = visit.get("/v1.0/groups/00000000-0000-4000-8000-000000000000/transitiveMembers").await;
    assert_eq!((status, error_code(&body)), (404, "Request_ResourceNotFound"));
}

#[tokio::test]
async fn pages_hold_every_user_once_and_one_in_the_middle_is_empty() {
    let visit = visit_larkspur().await;
    let pages = visit.walk("/v1.0/users?$select=id,userPrincipalName&$top=999").await;
    assert!(pages.len() >= 4 && pages[1].is_empty() && !pages[2].is_empty(), "{}", pages.len());
    let mut ids: Vec<String> = pages.concat().iter().map(|user| user["id"].to_string()).collect();
    assert_eq!(ids.len(), 120);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 120);
}

#[tokio::test]
async fn without_a_cap_the_documented_page_sizes_hold() {
    let visit = visit(larkspur(), TenantOptions { page_cap: None, empty_pages: false, ..options() }).await;
    let sizes: Vec<usize> = visit.walk("/v1.0/users").await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 20]);
    assert_eq!(visit.walk("/v1.0/users?$top=999").await.len(), 1);
}

#[tokio::test]
async fn a_page_token_belongs_to_its_query_its_tenant_and_its_session() {
    let ours = visit_larkspur().await;
    let (_, first) = ours.get("/v1.0/users?$select=id").await;
    let link = first["@odata.nextLink"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/v1.0/users?$select=id&$skiptoken=", ours.tenant.graph_url())), "{link}");
    let token = link.split("$skiptoken=").nth(1).unwrap();
    for path in [
        format!("/v1.0/users?$select=id,displayName&$skiptoken={token}"),
        format!("/v1.0/groups?$skiptoken={token}"),
        format!("/v1.0/users?$select=id&$skiptoken={}", token.to_uppercase()),
        "/v1.0/users?$skiptoken=50".to_owned(),
    ] {
        assert_eq!(ours.get(&path).await.0, 400, "{path}");
    }
    let other_text = Firm::embedded_text("larkspur").unwrap().replace("5b3c1f64-8a0d", "5b3c1f64-8a0e");
    let theirs = visit(Firm::parse(&other_text).unwrap(), options()).await;
    assert_eq!(theirs.get(&format!("/v1.0/users?$select=id&$skiptoken={token}")).await.0, 400);
    let again = format!("/v1.0/users?$select=id&$skiptoken={token}");
    assert_eq!(ours.get(&again).await.0, 200);
    ours.tenant.inject(fault::Fault::on("/users", 1, fault::FaultKind::ExpirePageTokens));
    assert_eq!(ours.get(&again).await.0, 400);
}

/// The documented limits with a window that is over for no test, however slowly it goes; that the documented ones slide by
/// the second is told by [`super::super::throttle`] itself, at instants of its own.
fn for_an_hour(limit: Limit) -> Limit {
    Limit { window: Duration::from_hours(1), ..limit }
}

#[tokio::test]
async fn conditional_access_refuses_the_second_request_of_a_window_without_saying_when_to_return() {
    let documented = Limits::documented(120);
    assert_eq!(TenantOptions::default().throttle, Throttle::Documented);
    assert_eq!(
        (documented.conditional_access.units, documented.conditional_access.window),
        (1, Duration::from_secs(1))
    );
    let limits = Limits { conditional_access: for_an_hour(documented.conditional_access), ..documented };
    let visit =
        visit(larkspur(), TenantOptions { throttle: Throttle::Limits(limits), ..TenantOptions::default() }).await;
    assert_eq!(visit.get("/v1.0/identity/conditionalAccess/policies").await.0, 200);
    let second = visit.send("/v1.0/identity/conditionalAccess/namedLocations").await;
    assert_eq!(second.status(), 429);
    assert!(second.headers().get("retry-after").is_none());
    let stats = visit.tenant.stats();
    assert_eq!((stats.throttled, stats.avoidable_429), (1, 1));
}

#[tokio::test]
async fn conditional_access_answers_again_in_the_next_second() {
    let visit = visit(larkspur(), TenantOptions::default()).await;
    assert_eq!(visit.get("/v1.0/identity/conditionalAccess/policies").await.0, 200);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(visit.get("/v1.0/identity/conditionalAccess/namedLocations").await.0, 200);
}

#[tokio::test]
async fn a_scripted_refusal_is_not_the_clients_fault_but_ignoring_its_time_is() {
    let refusal =
        |path: &str, wait: &str| Refusal { path: path.into(), first: 1, times: 1, retry_after: Some(wait.into()) };
    let script = Throttle::Scripted(vec![refusal("/users", "3600"), refusal("/groups", "0.4")]);
    let visit = visit(larkspur(), TenantOptions { throttle: script, ..options() }).await;
    let refused = visit.send("/v1.0/users").await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "3600"));
    assert_eq!(visit.tenant.stats().avoidable_429, 0);
    assert_eq!(visit.send("/v1.0/users").await.status(), 429);
    assert_eq!(visit.tenant.stats().avoidable_429, 1);

    let refused = visit.send("/v1.0/groups").await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "0.4"));
    tokio::time::sleep(Duration::from_millis(450)).await;
    assert_eq!(visit.send("/v1.0/groups").await.status(), 200, "who waits as long as was said is let in");
    assert_eq!(visit.tenant.stats().avoidable_429, 1);
}

#[tokio::test]
async fn documented_directory_limits_say_when_to_return() {
    let limit = Limits::documented(120);
    assert_eq!(limit.directory.window, Duration::from_secs(10));
    let small = Limits { directory: Limit { units: 3, ..for_an_hour(limit.directory) }, ..limit };
    let visit = visit(larkspur(), TenantOptions { throttle: Throttle::Limits(small), ..options() }).await;
    // Two units without $select, one with it: three fit.
    let begin = Instant::now();
    assert_eq!(visit.send("/v1.0/users").await.headers()["x-ms-resource-unit"], "2");
    assert_eq!(visit.send("/v1.0/users?$select=id").await.headers()["x-ms-resource-unit"], "1");
    let refused = visit.send("/v1.0/organization").await;
    assert_eq!(refused.status(), 429);
    let wait: f64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    // What is left of the window since the first of them, to the millisecond.
    let passed = begin.elapsed().as_secs_f64();
    assert!(wait <= 3600.0 && wait > 3600.0 - passed - 0.001, "{wait} after {passed}");
}

#[tokio::test]
async fn every_answer_carries_the_headers_evidence_needs() {
    let visit = visit_larkspur().await;
    let url = format!("{}/v1.0/organization", visit.tenant.graph_url());
    let request = visit.http.get(url).bearer_auth(&visit.token).header("client-request-id", "7e57");
    let response = request.send().await.unwrap();
    let headers = response.headers();
    assert_eq!(headers["client-request-id"], "7e57");
    assert_eq!(headers["odata-version"], "4.0");
    assert_eq!(
        headers["content-type"],
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    );
    assert!(headers.contains_key("request-id") && headers.contains_key("date"));
    let diagnostic: Value = serde_json::from_str(headers["x-ms-ags-diagnostic"].to_str().unwrap()).unwrap();
    assert!(diagnostic["ServerInfo"]["DataCenter"].is_string());
}
