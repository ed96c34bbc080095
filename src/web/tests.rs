//! What the pages promise, over real HTTP on loopback. [`pages`] walks over all of them, [`overview`] prints an invented
//! one.

mod decided;
mod overview;
mod pages;

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::{COOKIE, HOST, SET_COOKIE};

use super::source::StorePages;
use super::{AccessToken, WebError, listen, router};
use crate::app::App;
use crate::catalog::Catalog;
use crate::render::Engine;
use crate::schedule::tests::Installation;

const HOSTILE: &str = "<script>alert('x')</script> עברית \u{202E}txt 🦷";

struct Site {
    address: SocketAddr,
    link: String,
    client: reqwest::Client,
    cookie: String,
    /// Keeps its folder while the pages are asked.
    here: Option<Installation>,
}

impl Site {
    /// The pages of an installation that the caller keeps.
    async fn of(app: Arc<App>) -> Self {
        let (listener, address) = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let token = AccessToken::fresh().unwrap();
        let link = token.link(address);
        let source = Arc::new(StorePages::new(app));
        let app = router(source, Arc::new(Engine::new(None).unwrap()), token, address);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { address, link, client, cookie: String::new(), here: None }
    }

    /// The pages of an installation with one organization, Pine Hill Clinic, that has collected nothing.
    async fn start() -> Self {
        let here = Installation::of(Catalog::of(vec![], vec![], vec![]), vec![]).await;
        let site = Self::of(here.app.clone()).await;
        Self { here: Some(here), ..site }
    }

    async fn signed_in() -> Self {
        Self::start().await.let_in().await
    }

    async fn let_in(self) -> Self {
        let mut site = self;
        let answer = site.client.get(&site.link).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(answer.headers()["location"], "/");
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
        site.cookie = cookie.split(';').next().unwrap().to_owned();
        site
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).header(COOKIE, &self.cookie)
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = self.request(reqwest::Method::GET, path).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn without_the_link_nothing_of_any_organization_is_shown() {
    let site = Site::start().await;
    for path in [
        "/",
        "/?token=",
        "/?token=wrong",
        "/organizations/pine-hill-clinic",
        "/organizations/pine-hill-clinic/gaps",
        "/organizations/pine-hill-clinic/evidence/0?token=wrong",
        "/nothing",
    ] {
        let (status, page) = site.get(path).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(page.contains("Open the link from the terminal"));
        assert!(!page.contains("Pine Hill"));
    }
    assert_eq!(site.get("/assets/countersign.css").await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_link_lets_one_browser_in_and_is_then_worthless() {
    let site = Site::signed_in().await;
    assert_eq!(site.get("/").await.0, StatusCode::OK);
    let again = site.client.get(&site.link).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    let mine = site.client.get(&site.link).header(COOKIE, &site.cookie).send().await.unwrap();
    assert_eq!(mine.status(), StatusCode::SEE_OTHER, "who is in already is not locked out");
}

#[tokio::test]
async fn looking_at_the_headers_of_a_link_does_not_use_it_up() {
    let site = Site::start().await;
    assert_eq!(site.client.head(&site.link).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(site.client.get(&site.link).send().await.unwrap().status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_request_that_names_another_host_is_refused_even_with_the_cookie() {
    let site = Site::signed_in().await;
    let port = site.address.port();
    let status =
        async |host: String| site.request(reqwest::Method::GET, "/").header(HOST, host).send().await.unwrap().status();
    for host in [
        "evil.example".into(),
        format!("evil.example:{port}"),
        "localhost".into(),
        format!("localhost:{port}.evil.example"),
        "127.0.0.1:1".into(),
    ] {
        assert_eq!(status(host.clone()).await, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    for host in
        [format!("localhost:{port}"), format!("LOCALHOST:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")]
    {
        assert_eq!(status(host.clone()).await, StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_protecting_headers() {
    let site = Site::signed_in().await;
    for path in ["/", "/nothing", "/assets/countersign.css", "/organizations/UPPER"] {
        let answer = site.request(reqwest::Method::GET, path).send().await.unwrap();
        let headers = answer.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'")
                && policy.contains("base-uri 'none'")
                && policy.contains("form-action 'none'")
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn only_reading_is_possible() {
    let site = Site::signed_in().await;
    for method in [reqwest::Method::POST, reqwest::Method::DELETE, reqwest::Method::PUT, reqwest::Method::OPTIONS] {
        assert_eq!(site.request(method, "/").send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    let head = site.request(reqwest::Method::HEAD, "/").send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_fault_of_the_store_goes_to_the_log_and_not_to_the_browser() {
    let site = Site::signed_in().await;
    let here = site.here.as_ref().unwrap();
    here.app.store.clone().close().await.unwrap();
    let (status, page) = site.get("/").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.contains("could not be made") && !page.contains("pool") && !page.contains("atabase"), "{page}");
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let fault = listen("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
    assert!(matches!(fault, WebError::NotLoopback(_)));
}
