//! The token endpoint.

use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use super::super::TenantOptions;
use super::super::fault::{Fault, FaultKind, TOKEN_PATH};
use super::super::token::Worth;
use super::{Visit, larkspur, options, visit, visit_larkspur};

pub(super) fn assert_refused((status, body): &(u16, Value), expected: u16, error: &str, code: u32) {
    assert_eq!((*status, &body["error"], &body["error_codes"]), (expected, &json!(error), &json!([code])), "{body}");
    let description = body["error_description"].as_str().unwrap();
    assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    for part in ["Trace ID: ", "Correlation ID: ", "Timestamp: "] {
        assert!(description.contains(part), "{description}");
    }
    for field in ["timestamp", "trace_id", "correlation_id"] {
        assert!(body[field].is_string(), "{body}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_refused_with_its_own_code() {
    let visit = visit_larkspur().await;
    let answer = visit.ask_for_token(&[("client_secret", "guess")]).await;
    assert_refused(&answer, 401, "invalid_client", 7_000_215);
}

#[tokio::test]
async fn an_unknown_application_is_refused_with_its_own_code() {
    let visit = visit_larkspur().await;
    let answer = visit.ask_for_token(&[("client_id", "00000000-1111-2222-3333-444444444444")]).await;
    assert_refused(&answer, 400, "unauthorized_client", 700_016);
}

#[tokio::test]
async fn a_scope_of_the_real_service_or_of_single_permissions_is_refused() {
    let visit = visit_larkspur().await;
    let single = format!("{}/User.Read.All", visit.tenant.graph_url());
    let trailing = format!("{}//.default", visit.tenant.graph_url());
    for scope in ["https://foo.example/.default", &single, &trailing] {
        assert_refused(&visit.ask_for_token(&[("scope", scope)]).await, 400, "invalid_scope", 70011);
    }
    for cloud in ["https://graph.microsoft.com/.default", "https://graph.microsoft.us/.default"] {
        assert_refused(&visit.ask_for_token(&[("scope", cloud)]).await, 400, "invalid_resource", 500_011);
    }
}

#[tokio::test]
async fn another_grant_a_missing_field_and_an_assertion_are_refused() {
    let visit = visit_larkspur().await;
    assert_refused(&visit.ask_for_token(&[("grant_type", "password")]).await, 400, "unsupported_grant_type", 70003);
    assert_refused(&visit.ask_for_token(&[("grant_type", "")]).await, 400, "invalid_request", 900_144);
    assert_refused(&visit.ask_for_token(&[("client_secret", "")]).await, 401, "invalid_client", 7_000_218);
    assert_refused(&visit.ask_for_token(&[("client_assertion", "e30.e30.")]).await, 400, "invalid_request", 900_144);
}

#[tokio::test]
async fn a_secret_that_is_over_and_a_policy_that_stops_the_application_have_their_own_codes() {
    let visit = visit_larkspur().await;
    visit.tenant.block_sign_in(true);
    assert_refused(&visit.ask_for_token(&[]).await, 400, "invalid_grant", 53_003);
    visit.tenant.block_sign_in(false);
    assert_eq!(visit.ask_for_token(&[]).await.0, 200);
    visit.tenant.expire_secret();
    assert_refused(&visit.ask_for_token(&[]).await, 401, "invalid_client", 7_000_222);
    visit.tenant.inject(Fault::on(TOKEN_PATH, 1, FaultKind::Aadsts(700_016)));
    assert_refused(&visit.ask_for_token(&[]).await, 400, "unauthorized_client", 700_016);
}

#[tokio::test]
async fn after_a_strict_challenge_only_a_token_asked_for_with_its_claims_is_accepted() {
    let mut visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/organization", 1, FaultKind::ClaimsRequired));
    let response = visit.send("/v1.0/organization").await;
    assert_eq!(response.status(), 401);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
    visit.sign_in().await;
    assert_eq!(visit.send("/v1.0/organization").await.status(), 401, "asked for without the claims");
    let claims = challenge.split("claims=\"").nth(1).unwrap().split('"').next().unwrap();
    let claims = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(claims).unwrap()).unwrap();
    let (status, body) = visit.ask_for_token(&[("claims", &claims)]).await;
    assert_eq!(status, 200);
    visit.token = body["access_token"].as_str().unwrap().to_owned();
    assert_eq!(visit.send("/v1.0/organization").await.status(), 200);
}

#[tokio::test]
async fn an_unknown_tenant_and_the_common_one_are_refused() {
    let visit = visit_larkspur().await;
    for tenant in ["common", "nobody.example"] {
        let url = format!("{}/{tenant}/oauth2/v2.0/token", visit.tenant.login_url());
        let response = visit.http.post(url).form(&[("a", "b")]).send().await.unwrap();
        let answer = (response.status().as_u16(), response.json().await.unwrap());
        assert_refused(&answer, 400, "invalid_request", 90002);
    }
}

#[tokio::test]
async fn a_json_body_and_a_get_are_no_token_request() {
    let visit = visit_larkspur().await;
    let url = format!("{}/{}/oauth2/v2.0/token", visit.tenant.login_url(), visit.tenant.tenant_id());
    let json = visit.http.post(&url).json(&json!({"grant_type": "client_credentials"})).send().await.unwrap();
    assert_eq!(json.status(), 400);
    assert_eq!(visit.http.get(&url).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn the_domain_names_the_tenant_as_well_as_its_id() {
    let visit = visit_larkspur().await;
    let url = format!("{}/larkspurdental.example/oauth2/v2.0/token", visit.tenant.login_url());
    let scope = format!("{}/.default", visit.tenant.graph_url());
    let form = [("grant_type", "client_credentials"), ("scope", scope.as_str())];
    // HTTP Basic carries the same pair.
    let request = visit.http.post(url).basic_auth(visit.tenant.client_id(), Some(visit.tenant.client_secret()));
    let body: Value = request.form(&form).send().await.unwrap().json().await.unwrap();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3599)), "{body}");
}

#[tokio::test]
async fn graph_does_not_sign_in_and_the_login_host_is_not_graph() {
    let visit = visit_larkspur().await;
    let token = format!("{}/{}/oauth2/v2.0/token", visit.tenant.graph_url(), visit.tenant.tenant_id());
    assert_eq!(visit.http.post(token).form(&[("a", "b")]).send().await.unwrap().status(), 401);
    let users = format!("{}/v1.0/users", visit.tenant.login_url());
    assert_eq!(visit.http.get(users).bearer_auth(&visit.token).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let lifetime = Duration::from_mins(10);
    let mut visit = visit(larkspur(), TenantOptions { token_lifetime: lifetime, ..options() }).await;
    let before = Instant::now();
    visit.sign_in().await;
    let after = Instant::now();
    assert_eq!(visit.get("/v1.0/organization").await.0, 200);
    let worth = |visit: &Visit, at: Instant| visit.tenant.shared.state().tokens.judge(&visit.token, None, at);
    assert!(matches!(worth(&visit, before + Duration::from_millis(599_999)), Worth::Good(_)));
    assert_eq!(worth(&visit, after + lifetime), Worth::Expired);

    visit.tenant.shared.state().tokens.expire_all(Instant::now());
    let (status, body) = visit.get("/v1.0/organization").await;
    assert_eq!((status, super::error_code(&body)), (401, "InvalidAuthenticationToken"));
    visit.sign_in().await;
    assert_eq!(visit.get("/v1.0/organization").await.0, 200);
}

#[tokio::test]
async fn a_brief_token_has_ended_after_its_time() {
    let brief = TenantOptions { token_lifetime: Duration::from_millis(20), ..options() };
    let visit = visit(larkspur(), brief).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let (status, body) = visit.get("/v1.0/organization").await;
    assert_eq!((status, super::error_code(&body)), (401, "InvalidAuthenticationToken"));
}

#[tokio::test]
async fn a_token_of_another_tenant_is_worth_nothing() {
    let ours = visit_larkspur().await;
    let theirs = visit(super::Firm::load_embedded("tarnbrook").unwrap(), options()).await;
    let url = format!("{}/v1.0/organization", ours.tenant.graph_url());
    let response = ours.http.get(url).bearer_auth(&theirs.token).send().await.unwrap();
    assert_eq!(response.status(), 401);
}
