//! The simulator against plain HTTP: never through the product's Graph client.

mod assertions;
mod batch;
mod damage;
mod samples;
mod scale;
mod shapes;
mod sign_in;
mod strict;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::firm::Firm;
use super::table::Row;
use super::throttle::Throttle;
use super::{RunningTenant, Tenant, TenantOptions};

/// A started tenant, a plain client and a token.
struct Visit {
    tenant: RunningTenant,
    http: Client,
    token: String,
}

fn options() -> TenantOptions {
    TenantOptions { throttle: Throttle::Off, ..TenantOptions::default() }
}

fn larkspur() -> Firm {
    Firm::load_embedded("larkspur").unwrap()
}

async fn visit(firm: Firm, options: TenantOptions) -> Visit {
    let tenant = Tenant::start(firm, options).await.unwrap();
    let http = Client::builder().no_proxy().no_gzip().build().unwrap();
    let mut visit = Visit { tenant, http, token: String::new() };
    visit.sign_in().await;
    visit
}

async fn visit_larkspur() -> Visit {
    visit(larkspur(), options()).await
}

impl Visit {
    async fn ask_for_token(&self, changed: &[(&str, &str)]) -> (u16, Value) {
        let scope = format!("{}/.default", self.tenant.graph_url());
        let mut form = vec![
            ("client_id", self.tenant.client_id()),
            ("client_secret", self.tenant.client_secret()),
            ("grant_type", "client_credentials"),
            ("scope", &scope),
        ];
        for (name, value) in changed {
            form.retain(|(known, _)| known != name);
            if !value.is_empty() {
                form.push((name, value));
            }
        }
        let url = format!("{}/{}/oauth2/v2.0/token", self.tenant.login_url(), self.tenant.tenant_id());
        let response = self.http.post(url).form(&form).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn sign_in(&mut self) {
        let (status, body) = self.ask_for_token(&[]).await;
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    async fn send(&self, path: &str) -> Response {
        let url = format!("{}{path}", self.tenant.graph_url());
        self.http.get(url).bearer_auth(&self.token).send().await.unwrap()
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.send(path).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Walks all pages; gives each page's rows.
    async fn walk(&self, path: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut next = Some(format!("{}{path}", self.tenant.graph_url()));
        while let Some(url) = next {
            let body: Value = self.http.get(&url).bearer_auth(&self.token).send().await.unwrap().json().await.unwrap();
            pages.push(body["value"].as_array().unwrap_or_else(|| panic!("{url}: {body}")).clone());
            next = body["@odata.nextLink"].as_str().map(str::to_owned);
        }
        pages
    }

    async fn rows(&self, path: &str) -> Vec<Value> {
        self.walk(path).await.concat()
    }
}

fn error_code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

fn row(fields: &[(&str, Value)]) -> Row {
    fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

#[tokio::test]
async fn after_shutdown_nobody_answers() {
    let visit = visit_larkspur().await;
    let url = visit.tenant.graph_url().to_owned();
    visit.tenant.shutdown().await;
    assert!(Client::builder().no_proxy().build().unwrap().get(url).send().await.is_err());
}

#[tokio::test]
async fn the_log_holds_neither_token_nor_secret() {
    let visit = visit_larkspur().await;
    visit.get("/v1.0/organization").await;
    let log = format!("{:?}{:?}", visit.tenant.requests(), visit.tenant.stats());
    assert!(!log.contains(&visit.token) && !log.contains(visit.tenant.client_secret()));
    assert_eq!(visit.tenant.stats().by_path["/organization"], 1);
    assert_eq!(json!(visit.tenant.stats().tokens_issued), json!(1));
}
