//! `POST /$batch` on the wire.

use std::collections::BTreeMap;

use reqwest::Response;
use serde_json::{Value, json};

use super::super::TenantOptions;
use super::super::fault::{Fault, FaultKind};
use super::super::firm::Firm;
use super::super::throttle::{Refusal, Throttle};
use super::{Visit, error_code, options, visit};

const MEMBERS: &str = "/groups/{id}/transitiveMembers";

async fn hollowmere(options: TenantOptions) -> Visit {
    visit(Firm::load_embedded("hollowmere").unwrap(), options).await
}

fn get(id: &str, url: &str) -> Value {
    json!({"id": id, "method": "GET", "url": url})
}

impl Visit {
    async fn post_batch(&self, version: &str, requests: &[Value]) -> Response {
        let url = format!("{}/{version}/$batch", self.tenant.graph_url());
        self.http.post(url).bearer_auth(&self.token).json(&json!({"requests": requests})).send().await.unwrap()
    }

    /// Answers by id.
    async fn batch(&self, requests: &[Value]) -> BTreeMap<String, Value> {
        let response = self.post_batch("v1.0", requests).await;
        assert_eq!(response.status(), 200);
        let body: Value = response.json().await.unwrap();
        let answers = body["responses"].as_array().unwrap();
        answers.iter().map(|one| (one["id"].as_str().unwrap().to_owned(), one.clone())).collect()
    }

    async fn group_ids(&self) -> Vec<String> {
        let groups = self.rows("/v1.0/groups?$select=id").await;
        groups.iter().map(|group| group["id"].as_str().unwrap().to_owned()).collect()
    }
}

fn members_of(id: &str) -> Value {
    get(id, &format!("/groups/{id}/transitiveMembers?$select=id"))
}

#[tokio::test]
async fn a_batch_answers_each_request_by_its_id_in_an_order_of_its_own() {
    let visit = hollowmere(options()).await;
    let ids = visit.group_ids().await;
    let requests: Vec<Value> = ids.iter().map(|id| members_of(id)).collect();
    let body: Value = visit.post_batch("beta", &requests).await.json().await.unwrap();
    let order: Vec<&str> =
        body["responses"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_ne!(order, ids, "the order of the requests must not be what a client relies on");
    let answers = visit.batch(&requests).await;
    assert_eq!(answers.len(), ids.len());
    let mut request_ids = Vec::new();
    for answer in answers.values() {
        assert_eq!(answer["status"], 200, "{answer}");
        assert!(!answer["body"]["value"].as_array().unwrap().is_empty());
        request_ids.push(answer["headers"]["request-id"].as_str().unwrap());
    }
    request_ids.sort_unstable();
    request_ids.dedup();
    assert_eq!(request_ids.len(), ids.len(), "each has an id of its own");
    let stats = visit.tenant.stats();
    assert_eq!(stats.batch_items, 2 * ids.len() as u64);
    assert_eq!(stats.by_path["/$batch"], 2);
    assert_eq!(stats.by_path[&format!("/groups/{}/transitiveMembers", ids[0])], 2);
    assert_eq!(stats.refused_writes, 0, "a batch of reads is no attempt to write");
}

#[tokio::test]
async fn a_batch_that_is_none_is_refused_as_a_whole() {
    let visit = hollowmere(options()).await;
    let many: Vec<Value> = (0..21).map(|n| get(&n.to_string(), "/domains")).collect();
    for requests in [
        many.clone(),
        vec![],
        vec![get("1", "/domains"), get("1", "/organization")],
        vec![get("1", "https://graph.foreign.example/v1.0/domains")],
        vec![json!({"id": "1", "method": "GET"})],
        vec![json!({"id": "1", "method": "GET", "url": "/domains", "dependsOn": ["2"]})],
        vec![json!({"id": "1", "method": "GET", "url": "/domains", "dependsOn": ["1"]})],
        vec![json!({"id": "1", "method": "GET", "url": "/domains", "headers": {"Authorization": "Bearer x"}})],
    ] {
        let response = visit.post_batch("v1.0", &requests).await;
        assert_eq!(response.status(), 400, "{requests:?}");
    }
    assert_eq!(visit.post_batch("v1.0", many.get(..20).unwrap()).await.status(), 200);
    assert_eq!(visit.post_batch("v3", &[get("1", "/domains")]).await.status(), 400);
}

#[tokio::test]
async fn a_batch_needs_a_token_like_any_other_request() {
    let mut visit = hollowmere(options()).await;
    visit.token = "made up".to_owned();
    let response = visit.post_batch("v1.0", &[get("1", "/domains")]).await;
    assert_eq!(response.status(), 401);
    assert!(response.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn writes_versions_and_unknown_things_within_a_batch_are_refused_one_by_one() {
    let visit = hollowmere(options()).await;
    let answers = visit
        .batch(&[
            json!({"id": "write", "method": "PATCH", "url": "/users/1", "body": {"accountEnabled": false}}),
            get("version", "/v1.0/domains"),
            get("query", "/domains?$top=5"),
            get("gone", "/groups/00000000-0000-4000-8000-000000000000/transitiveMembers"),
            get("good", "/domains"),
        ])
        .await;
    let status = |id: &str| answers[id]["status"].as_u64().unwrap();
    assert_eq!(["write", "version", "query", "gone", "good"].map(status), [405, 400, 400, 404, 200]);
    assert_eq!(error_code(&answers["gone"]["body"]), "Request_ResourceNotFound");
    assert_eq!(visit.tenant.stats().refused_writes, 1);
}

#[tokio::test]
async fn one_request_of_a_batch_is_throttled_with_a_time_of_its_own_and_the_others_are_not() {
    let refusal = Refusal { path: MEMBERS.into(), first: 2, times: 1, retry_after: Some("0.5".into()) };
    let visit = hollowmere(TenantOptions { throttle: Throttle::Scripted(vec![refusal]), ..options() }).await;
    let ids = visit.group_ids().await;
    let requests: Vec<Value> = ids.iter().take(4).map(|id| members_of(id)).collect();
    let answers = visit.batch(&requests).await;
    let refused: Vec<&Value> = answers.values().filter(|answer| answer["status"] == 429).collect();
    assert_eq!((refused.len(), &refused[0]["headers"]["Retry-After"]), (1, &json!("0.5")));
    let stats = visit.tenant.stats();
    assert_eq!((stats.throttled, stats.avoidable_429), (1, 0));
    // Another object's members may be asked for at once; this one's may not.
    let again = refused[0]["id"].as_str().unwrap();
    let other = ids.iter().find(|id| *id != again).unwrap();
    assert_eq!(visit.batch(&[members_of(other)]).await[other]["status"], 200);
    assert_eq!(visit.batch(&[members_of(again)]).await[again]["status"], 429);
    assert_eq!(visit.tenant.stats().avoidable_429, 1);
}

#[tokio::test]
async fn every_request_of_a_batch_weighs_in_the_documented_limits() {
    let visit = hollowmere(TenantOptions { throttle: Throttle::Documented, ..options() }).await;
    let answers = visit
        .batch(&[
            get("1", "/identity/conditionalAccess/policies"),
            get("2", "/identity/conditionalAccess/namedLocations"),
        ])
        .await;
    let mut statuses: Vec<u64> = answers.values().map(|answer| answer["status"].as_u64().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429]);
    assert_eq!(visit.tenant.stats().avoidable_429, 1);
}

#[tokio::test]
async fn what_depends_on_a_failed_request_fails_and_the_rest_is_answered() {
    let visit = hollowmere(options()).await;
    let after = |id: &str, on: &str| json!({"id": id, "method": "GET", "url": "/domains", "dependsOn": [on]});
    let answers =
        visit.batch(&[after("b", "a"), get("a", "/nowhere"), after("d", "c"), get("c", "/organization")]).await;
    let status = |id: &str| answers[id]["status"].as_u64().unwrap();
    assert_eq!(["a", "b", "c", "d"].map(status), [400, 424, 200, 200]);
}

#[tokio::test]
async fn faults_strike_within_a_batch_and_what_is_no_json_arrives_as_base64() {
    use base64::Engine as _;
    let visit = hollowmere(options()).await;
    let ids = visit.group_ids().await;
    visit.tenant.inject(Fault::on(&format!("/groups/{}/transitiveMembers", ids[0]), 1, FaultKind::Html502));
    visit.tenant.inject(Fault::on(MEMBERS, 2, FaultKind::RetryAfter("1.25".into())));
    let answers = visit.batch(&ids.iter().take(3).map(|id| members_of(id)).collect::<Vec<_>>()).await;
    let page = answers[&ids[0]]["body"].as_str().unwrap();
    let page = base64::engine::general_purpose::STANDARD.decode(page).unwrap();
    assert!(String::from_utf8(page).unwrap().contains("<html>"));
    assert_eq!(answers[&ids[0]]["headers"]["Content-Type"], "text/html");
    assert_eq!(
        (&answers[&ids[1]]["status"], &answers[&ids[1]]["headers"]["Retry-After"]),
        (&json!(429), &json!("1.25"))
    );
    assert_eq!(answers[&ids[2]]["status"], 200);

    visit.tenant.inject(Fault::on("/$batch", 1, FaultKind::Html502));
    assert_eq!(visit.post_batch("v1.0", &[get("1", "/domains")]).await.status(), 502);
}

#[tokio::test]
async fn next_links_within_a_batch_are_whole_addresses_that_lead_on() {
    let visit = hollowmere(TenantOptions { page_cap: Some(4), empty_pages: false, ..options() }).await;
    let ids = visit.group_ids().await;
    let last = ids.last().unwrap();
    let answers = visit.batch(&[members_of(last)]).await;
    let link = answers[last]["body"]["@odata.nextLink"].as_str().unwrap();
    let root = format!("{}/v1.0", visit.tenant.graph_url());
    let next = get("next", link.strip_prefix(&root).unwrap());
    assert_eq!(visit.batch(&[next]).await["next"]["body"]["value"].as_array().unwrap().len(), 4);
}
