//! What the pages promise, over real HTTP on loopback.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use countersign_seal::digest::Digest;
use reqwest::StatusCode;
use reqwest::header::{COOKIE, HOST, SET_COOKIE};

use super::overview::{
    FrameworkOverview, Freshness, GapOverview, NotCollected, OrganizationOverview, Overview, OverviewSource,
    PartyOverview, Reason, RunOverview, SourceError,
};
use super::{AccessToken, WebError, listen, router};
use crate::model::evidence::CollectionOutcome;
use crate::model::gap::GapState;
use crate::model::id::{GapId, OrgSlug, RunId};
use crate::model::responsibility::{EngagementModel, MatrixState, Party};
use crate::render::Engine;
use crate::report::data::{FrameworkHeading, LedgerHead, MatrixHeading};
use crate::report::tally::{StateTotal, Totals};
use crate::report::unseen::Advice;

const HOSTILE: &str = "<script>alert('x')</script> עברית \u{202E}txt 🦷";

struct Invented {
    name: String,
    broken: bool,
}

#[async_trait]
impl OverviewSource for Invented {
    async fn overview(&self, only: Option<&OrgSlug>) -> Result<Overview, SourceError> {
        if self.broken {
            return Err("the database file /secret/place is gone".into());
        }
        let organization = organization(&self.name);
        let wanted = only.is_none_or(|slug| *slug == organization.slug);
        Ok(Overview {
            as_of: "2026-03-31T09:00:00Z".parse()?,
            catalog_digest: Digest::of(b"catalog"),
            organizations: if wanted { vec![organization] } else { vec![] },
        })
    }
}

fn framework(title: &str, counts: [usize; 4], state: MatrixState) -> FrameworkOverview {
    let words = ["Not met", "Undetermined", "Met", "Not applicable"];
    let counted: usize = counts.iter().sum();
    let mut before = 0;
    let states = (0..4).map(|at| {
        let start = before * 1000 / counted;
        before += counts[at];
        StateTotal {
            state: crate::report::tally::ORDER[at],
            word: words[at].into(),
            count: counts[at],
            bar_start: start,
            bar_length: before * 1000 / counted - start,
        }
    });
    FrameworkOverview {
        heading: FrameworkHeading {
            id: "pretend-1".parse().unwrap(),
            title: title.into(),
            version: "1.0".into(),
            publisher: "Example Standards Body".into(),
        },
        totals: Totals { states: states.collect(), counted, derived: 0, not_assessable: 0, rows: counted },
        matrix: MatrixHeading::new(1, EngagementModel::CoManaged, state),
        why_undetermined: vec![
            Reason { words: "no check looks at it and nobody has stated it".into(), count: 47 },
            Reason { words: "devices could not be read".into(), count: 5 },
        ],
    }
}

fn organization(name: &str) -> OrganizationOverview {
    let gap = |number: u128, title: &str, severity: &str, state| GapOverview {
        id: GapId(uuid::Uuid::from_u128(number)),
        title: format!("{title}{}", if name == HOSTILE { HOSTILE } else { "" }),
        severity: severity.into(),
        state,
        target: "pinehill.example".into(),
        opened_at: "2026-03-24".parse().unwrap(),
        controls: 4,
    };
    let refused = |dataset: &str, title: &str, outcome, reason: &str| NotCollected {
        dataset: dataset.parse().unwrap(),
        title: title.into(),
        target: "pinehill.example".into(),
        outcome,
        reason: reason.into(),
    };
    let run = |number: u128, day: u32, missed| {
        let start: crate::model::time::Timestamp = format!("2026-03-{day}T06:00:00Z").parse().unwrap();
        RunOverview::new(
            RunId(uuid::Uuid::from_u128(number)),
            start,
            Some(start.plus(chrono::Duration::seconds(41))),
            10,
            missed,
        )
        .with_advice(vec![Advice {
            target: "pinehill.example".into(),
            outcome: CollectionOutcome::Denied,
            what: format!("{name} refused."),
            datasets: vec!["m365/users".parse().unwrap()],
            titles: vec!["User accounts".into()],
            permissions: vec!["User.Read.All".into()],
            next: "Add it and give consent.".into(),
            link: None,
            who: "an administrator of the tenant",
            leaves_unknown: [("pretend-1".parse().unwrap(), vec!["1.1".parse().unwrap()])].into(),
        }])
    };
    OrganizationOverview {
        slug: "pine-hill-clinic".parse().unwrap(),
        name: name.into(),
        model: EngagementModel::CoManaged,
        frameworks: vec![
            framework("Pretend Safeguards", [6, 52, 11, 3], MatrixState::ProposedByTemplate),
            framework("Other Rules", [2, 8, 30, 0], MatrixState::Countersigned),
        ],
        parties: vec![
            PartyOverview::new(
                Party::Provider,
                vec![gap(1, "Three laptops are not encrypted", "high", GapState::AwaitingEvidence)],
                3,
            ),
            PartyOverview::new(
                Party::Internal,
                (0..10)
                    .map(|at| {
                        gap(at + 10, "Two people can sign in without a second factor", "critical", GapState::Open)
                    })
                    .collect(),
                44,
            ),
        ],
        freshness: Freshness { newest: Some("2026-03-31T06:00:41Z".parse().unwrap()), datasets: 12, stale: 1 },
        alarms: vec![
            "Host evidence has been silent since 2026-03-28: the last two runs on srv-01.example did not end.".into(),
        ],
        runs: vec![
            run(
                1,
                31,
                vec![
                    refused(
                        "m365/managed_devices",
                        "Managed devices",
                        CollectionOutcome::Denied,
                        "The app registration has no consent for reading devices.",
                    ),
                    refused(
                        "m365/users",
                        "Users",
                        CollectionOutcome::Partial,
                        "The source stopped answering after 3 of 7 pages.",
                    ),
                ],
            ),
            run(2, 30, vec![]),
        ],
        ledger: Some(LedgerHead {
            origin: "countersign.example/pine-hill-clinic".into(),
            size: 1214,
            root: Digest::of(b"root"),
        }),
        next_run: Some("2026-04-01T06:00:00Z".parse().unwrap()),
    }
}

struct Site {
    address: SocketAddr,
    link: String,
    client: reqwest::Client,
    cookie: String,
}

impl Site {
    async fn start(name: &str, broken: bool) -> Self {
        let (listener, address) = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let token = AccessToken::fresh().unwrap();
        let link = token.link(address);
        let source = Arc::new(Invented { name: name.into(), broken });
        let app = router(source, Arc::new(Engine::new(None).unwrap()), token, address);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { address, link, client, cookie: String::new() }
    }

    async fn signed_in(name: &str, broken: bool) -> Self {
        let mut site = Self::start(name, broken).await;
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
    let site = Site::start("Pine Hill Clinic", false).await;
    for path in ["/", "/?token=", "/?token=wrong", "/organizations/pine-hill-clinic", "/nothing"] {
        let (status, page) = site.get(path).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(page.contains("Open the link from the terminal"));
        assert!(!page.contains("Pine Hill"));
    }
    assert_eq!(site.get("/assets/countersign.css").await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_link_lets_one_browser_in_and_is_then_worthless() {
    let site = Site::signed_in("Pine Hill Clinic", false).await;
    assert_eq!(site.get("/").await.0, StatusCode::OK);
    let again = site.client.get(&site.link).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    let mine = site.client.get(&site.link).header(COOKIE, &site.cookie).send().await.unwrap();
    assert_eq!(mine.status(), StatusCode::SEE_OTHER, "who is in already is not locked out");
}

#[tokio::test]
async fn looking_at_the_headers_of_a_link_does_not_use_it_up() {
    let site = Site::start("Pine Hill Clinic", false).await;
    assert_eq!(site.client.head(&site.link).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(site.client.get(&site.link).send().await.unwrap().status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_request_that_names_another_host_is_refused_even_with_the_cookie() {
    let site = Site::signed_in("Pine Hill Clinic", false).await;
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
    let site = Site::signed_in("Pine Hill Clinic", false).await;
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
    let site = Site::signed_in("Pine Hill Clinic", false).await;
    for method in [reqwest::Method::POST, reqwest::Method::DELETE, reqwest::Method::PUT, reqwest::Method::OPTIONS] {
        assert_eq!(site.request(method, "/").send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    let head = site.request(reqwest::Method::HEAD, "/").send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_fault_of_the_store_goes_to_the_log_and_not_to_the_browser() {
    let site = Site::signed_in("Pine Hill Clinic", true).await;
    let (status, page) = site.get("/").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.contains("could not be made") && !page.contains("secret"), "{page}");
}

#[tokio::test]
async fn the_overview_says_where_things_stand_whose_turn_it_is_and_what_was_not_seen() {
    let site = Site::signed_in("Pine Hill Clinic", false).await;
    let (status, page) = site.get("/").await;
    assert_eq!(status, StatusCode::OK);
    for part in [
        "Pine Hill Clinic",
        "Pretend Safeguards",
        "proposed by template",
        "countersigned",
        "neither met nor not met",
        "10 gaps, 44 requests",
        "and 2 more",
        "denied",
        "no consent for reading devices",
        "Add it and give consent.",
        "Leaves unknown: 1 control of pretend-1.",
        "2026-04-01 06:00 UTC",
        "1,214",
        &Digest::of(b"root").to_string(),
        "silent since",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(!page.contains("style=\"") && !page.contains("<script"), "the policy would block it");
    assert_eq!(site.get("/organizations/pine-hill-clinic").await.0, StatusCode::OK);
    assert_eq!(site.get("/organizations/someone-else").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn markup_in_names_comes_out_as_text() {
    let site = Site::signed_in(HOSTILE, false).await;
    let (_, page) = site.get("/").await;
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;"));
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let fault = listen("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
    assert!(matches!(fault, WebError::NotLoopback(_)));
}
