//! Faults on order, seen from the wire.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::fault::{Fault, FaultKind, TOKEN_PATH};
use super::super::firm::Firm;
use super::{error_code, options, visit, visit_larkspur};

#[tokio::test]
async fn a_gateway_page_is_html_and_strikes_once() {
    let visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/organization", 2, FaultKind::Html502));
    assert_eq!(visit.get("/v1.0/organization").await.0, 200);
    let page = visit.send("/v1.0/organization").await;
    assert_eq!((page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()), (502, "text/html"));
    assert!(page.text().await.unwrap().contains("<html>"));
    assert_eq!(visit.get("/v1.0/organization").await.0, 200);
}

#[tokio::test]
async fn a_truncated_body_is_whole_http_and_broken_json() {
    let visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/users", 1, FaultKind::TruncatedBody));
    let response = visit.send("/v1.0/users").await;
    assert_eq!(response.status(), 200);
    let body = response.bytes().await.unwrap();
    assert!(!body.is_empty() && serde_json::from_slice::<Value>(&body).is_err());
}

#[tokio::test]
async fn a_reset_ends_the_connection_before_the_announced_length() {
    let visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/users", 1, FaultKind::ResetMidBody));
    let host = visit.tenant.graph_url().strip_prefix("http://").unwrap();
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET /v1.0/users HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\r\n", visit.token);
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // The end may be a reset or a plain close; both leave the body short.
    let _ended = socket.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let announced: usize = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert!(body.len() == announced / 2, "{} of {announced}", body.len());
    assert!(visit.send("/v1.0/users").await.bytes().await.is_ok());
}

#[tokio::test]
async fn an_oversized_body_is_valid_and_as_large_as_ordered() {
    let visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/organization", 1, FaultKind::OversizedBody(3_000_000)));
    let response = visit.send("/v1.0/organization").await;
    assert!(response.headers().get("content-length").is_none());
    let body = response.bytes().await.unwrap();
    assert!(body.len() > 3_000_000);
    assert!(serde_json::from_slice::<Value>(&body).unwrap()["value"].is_array());
}

#[tokio::test]
async fn a_stalled_body_arrives_late_but_whole() {
    let visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/organization", 1, FaultKind::Stall(Duration::from_millis(300))));
    let before = std::time::Instant::now();
    assert_eq!(visit.get("/v1.0/organization").await.0, 200);
    assert!(before.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn next_links_lead_abroad_or_in_circles_when_ordered() {
    let visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/users", 1, FaultKind::ForeignNextLink));
    let (_, body) = visit.get("/v1.0/users?$top=10").await;
    assert!(body["@odata.nextLink"].as_str().unwrap().starts_with("https://graph.foreign.example/"));
    visit.tenant.inject(Fault::on("/users", 1, FaultKind::LoopingNextLink));
    let (_, body) = visit.get("/v1.0/users?$top=10").await;
    assert_eq!(body["@odata.nextLink"], format!("{}/v1.0/users?$top=10", visit.tenant.graph_url()));
}

#[tokio::test]
async fn any_status_with_any_body_can_be_ordered_also_at_the_token_endpoint() {
    let visit = visit_larkspur().await;
    let kind = FaultKind::Status(503, "{\"error\":{\"code\":\"serviceNotAvailable\"}}".into());
    visit.tenant.inject(Fault::on("/organization", 1, kind.clone()));
    visit.tenant.inject(Fault::on(TOKEN_PATH, 1, kind));
    let (status, body) = visit.get("/v1.0/organization").await;
    assert_eq!((status, error_code(&body)), (503, "serviceNotAvailable"));
    assert_eq!(visit.ask_for_token(&[]).await.0, 503);
    assert_eq!(visit.ask_for_token(&[]).await.0, 200);
}

#[tokio::test]
async fn tokens_expire_in_the_middle_of_a_walk_and_a_new_one_carries_on() {
    let mut visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/users", 2, FaultKind::ExpireTokens));
    let (_, first) = visit.get("/v1.0/users").await;
    let link = first["@odata.nextLink"].as_str().unwrap().replace(visit.tenant.graph_url(), "");
    let (status, body) = visit.get(&link).await;
    assert_eq!((status, error_code(&body)), (401, "InvalidAuthenticationToken"));
    visit.sign_in().await;
    assert_eq!(visit.get(&link).await.0, 200);
}

#[tokio::test]
async fn a_claims_challenge_is_answered_by_a_new_token() {
    let mut visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/users", 1, FaultKind::ClaimsChallenge));
    let response = visit.send("/v1.0/users").await;
    assert_eq!(response.status(), 401);
    assert!(response.headers()["www-authenticate"].to_str().unwrap().contains("claims=\""));
    assert_eq!(visit.get("/v1.0/users").await.0, 401);
    visit.sign_in().await;
    assert_eq!(visit.get("/v1.0/users").await.0, 200);
}

#[tokio::test]
async fn consent_lost_in_the_middle_of_a_walk_is_a_403_from_then_on() {
    let mut visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/users", 2, FaultKind::LoseConsent("User.Read.All".into())));
    assert_eq!(visit.get("/v1.0/users").await.0, 200);
    assert_eq!(visit.get("/v1.0/users").await.0, 403);
    visit.sign_in().await;
    assert_eq!(visit.get("/v1.0/users").await.0, 403);
    assert_eq!(visit.get("/v1.0/organization").await.0, 200);
}

#[tokio::test]
async fn an_odd_retry_after_is_sent_as_ordered() {
    let visit = visit_larkspur().await;
    for odd in ["2.128", "Wed, 21 Oct 2026 07:28:00 GMT", "soon"] {
        visit.tenant.inject(Fault::on("/domains", 1, FaultKind::RetryAfter(odd.into())));
    }
    // Three faults wait for the same request; the first ordered wins.
    assert_eq!(visit.send("/v1.0/domains").await.headers()["retry-after"], "2.128");
}

#[tokio::test]
async fn a_body_is_compressed_when_asked_for_and_says_the_same() {
    let visit = visit_larkspur().await;
    let plain = visit.send("/v1.0/users").await;
    assert!(plain.headers().get("content-encoding").is_none(), "the plain client did not ask");
    let plain = plain.bytes().await.unwrap();
    let url = format!("{}/v1.0/users", visit.tenant.graph_url());
    let asked = visit.http.get(&url).bearer_auth(&visit.token).header("accept-encoding", "deflate, gzip;q=0.9");
    let packed = asked.send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let packed = packed.bytes().await.unwrap();
    assert!(packed.len() < plain.len() / 3, "{} of {}", packed.len(), plain.len());
    let mut unpacked = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut unpacked).unwrap();
    assert_eq!(unpacked.as_bytes(), &plain[..]);
}

#[tokio::test]
async fn a_small_compressed_body_can_hide_a_large_one() {
    let visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/users", 1, FaultKind::OversizedGzip(20_000_000)));
    let response = visit.send("/v1.0/users").await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let packed = response.bytes().await.unwrap();
    assert!(packed.len() < 400_000, "{}", packed.len());
    let unpacked = std::io::copy(&mut flate2::read::GzDecoder::new(&packed[..]), &mut std::io::sink()).unwrap();
    assert!(unpacked > 20_000_000);
}

#[tokio::test]
async fn a_repeated_page_has_a_link_of_its_own_and_no_row_is_lost_behind_it() {
    let visit = visit_larkspur().await;
    visit.tenant.inject(Fault::on("/users", 1, FaultKind::RepeatedPage));
    let pages = visit.walk("/v1.0/users?$select=id&$top=40").await;
    assert_eq!(pages.concat().len(), 160, "forty came twice");
    let mut ids: Vec<String> = pages.concat().iter().map(|user| user["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 120);
}

#[tokio::test]
async fn numbers_arrive_as_texts_when_ordered_and_settings_within_value() {
    let visit = visit_larkspur().await;
    for path in ["/subscribedSkus", "/admin/sharepoint/settings"] {
        visit.tenant.inject(Fault::on(path, 1, FaultKind::NumbersAsStrings));
    }
    visit.tenant.inject(Fault::on("/admin/sharepoint/settings", 1, FaultKind::WrappedInValue));
    let (_, skus) = visit.get("/v1.0/subscribedSkus").await;
    assert_eq!(
        (&skus["value"][0]["consumedUnits"], &skus["value"][0]["prepaidUnits"]["enabled"]),
        (&json!("100"), &json!("115"))
    );
    assert_eq!(visit.get("/v1.0/subscribedSkus").await.1["value"][0]["consumedUnits"], json!(100), "only once");
    let (_, settings) = visit.get("/v1.0/admin/sharepoint/settings").await;
    assert_eq!(settings["value"]["deletedUserPersonalSiteRetentionPeriodInDays"], json!("30"));
    assert!(visit.get("/v1.0/admin/sharepoint/settings").await.1["sharingCapability"].is_string());
}

#[tokio::test]
async fn a_member_that_an_enumeration_was_given_later_is_told_to_those_who_ask() {
    let visit = visit(Firm::load_embedded("hollowmere").unwrap(), options()).await;
    let (_, plain) = visit.get("/v1.0/identity/conditionalAccess/policies").await;
    assert!(plain.to_string().contains("unknownFutureValue") && !plain.to_string().contains("riskRemediation"));
    let url = format!("{}/v1.0/identity/conditionalAccess/policies", visit.tenant.graph_url());
    let asked = visit.http.get(&url).bearer_auth(&visit.token).header("prefer", "include-unknown-enum-members");
    let text = asked.send().await.unwrap().text().await.unwrap();
    assert!(text.contains("riskRemediation") && !text.contains("unknownFutureValue"));
    let (_, risky) = visit.get("/v1.0/identityProtection/riskyUsers").await;
    assert_eq!(risky["value"][2]["riskDetail"], json!("unknownFutureValue"));
    assert_eq!(risky["value"][0]["riskState"], json!("atRisk"));
}

#[tokio::test]
async fn the_refusal_of_a_tenant_without_licence_can_flap() {
    let visit = visit_larkspur().await;
    let path = "/reports/authenticationMethods/userRegistrationDetails";
    visit.tenant.inject(Fault::on(path, 1, FaultKind::NotPremium).times(2));
    let code = |body: &Value| error_code(body).to_owned();
    let refusals = [visit.get(&format!("/v1.0{path}")).await, visit.get(&format!("/v1.0{path}")).await];
    for (status, body) in &refusals {
        assert_eq!((*status, code(body).as_str()), (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"));
    }
    assert_eq!(visit.get(&format!("/v1.0{path}")).await.0, 200);
}

#[tokio::test]
async fn web_pages_wrong_types_and_wrong_clocks_are_sent_when_ordered() {
    let visit = visit_larkspur().await;
    for status in [200, 403, 502] {
        visit.tenant.inject(Fault::on("/domains", 1, FaultKind::Html(status)));
        let response = visit.send("/v1.0/domains").await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (status, &"text/html".parse().unwrap())
        );
    }
    visit.tenant.inject(Fault::on("/domains", 1, FaultKind::ContentType("text/plain".into())));
    let plain = visit.send("/v1.0/domains").await;
    assert_eq!(plain.headers()["content-type"], "text/plain");
    assert!(plain.json::<Value>().await.unwrap()["value"].is_array(), "the body is the right one all the same");
    visit.tenant.inject(Fault::on("/domains", 1, FaultKind::WrongDate(3600)));
    let date = |response: reqwest::Response| {
        let text = response.headers()["date"].to_str().unwrap().to_owned();
        chrono::DateTime::parse_from_rfc2822(&text).unwrap()
    };
    let (wrong, right) = (date(visit.send("/v1.0/domains").await), date(visit.send("/v1.0/domains").await));
    assert!((wrong - right).num_seconds() > 3500, "{wrong} {right}");
}
