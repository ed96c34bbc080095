//! What pages, a report and judging cost on a firm with a year of history on SQLite: `cargo bench --bench showing`.
//!
//! Pages are asked of the product's own server on loopback, one after the other, and beside them a page that does not exist,
//! which costs what any answer costs; shown is the median of each. Then the largest report is made as HTML, and every check is
//! judged on the firm's datasets. Making the year takes a minute or two.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a benchmark may stop at the first surprise, as a test may, and rounds its figures"
)]

mod year;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use countersign::dataset::derive_from;
use countersign::deliver::reports::Basis;
use countersign::evaluate::{Inputs, Subject};
use countersign::model::id::DatasetId;
use countersign::pipeline::objects::read_objects;
use countersign::render::Engine;
use countersign::report::html;
use countersign::store::OrgScope;
use countersign::web::source::StorePages;
use countersign::web::{AccessToken, listen, router};
use reqwest::header::{COOKIE, SET_COOKIE};

use year::Year;

const ROUNDS: usize = 15;
/// At most this long for a hundred findings, in milliseconds.
const MOST: f64 = 31.0;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let year = Year::live(folder.path()).await;
    let head = year.app.store.head(&OrgScope::of(&year.organization)).await.unwrap().unwrap();
    println!("{} days, {} records, made in {:.0} s", year::DAYS, head.size, began.elapsed().as_secs_f64());
    pages(&year).await;
    report(&year).await;
    judging(&year).await;
}

/// Every page, in milliseconds of server time.
async fn pages(year: &Year) {
    let engine = Arc::new(Engine::new(None).unwrap());
    let token = AccessToken::fresh().unwrap();
    let (listener, host) = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let link = token.link(host);
    let site = router(Arc::new(StorePages::new(Arc::clone(&year.app))), engine, token, host);
    tokio::spawn(async move { axum::serve(listener, site).await });
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(&link).send().await.unwrap();
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let scope = OrgScope::of(&year.organization);
    let gap = year.app.store.gaps(&scope).await.unwrap()[0].id;
    let run = year.app.store.latest_runs(&scope, year.app.clock.now(), 1).await.unwrap()[0].id;
    let head = year.app.store.head(&scope).await.unwrap().unwrap();
    let of = |rest: &str| format!("/organizations/{}{rest}", year.organization.slug);
    let all = [
        "/nothing".to_owned(),
        "/".to_owned(),
        of(""),
        of("/frameworks/cmmc-l2"),
        of("/frameworks/pci-dss-4.0.1"),
        of("/frameworks/pci-dss-4.0.1?as_of=2026-06-30"),
        of("/frameworks/cmmc-l2/controls/AC.L2-3.1.1"),
        of("/responsibilities/pci-dss-4.0.1"),
        of("/gaps"),
        of(&format!("/gaps/{gap}")),
        of("/evidence"),
        of("/evidence?all=true"),
        of(&format!("/evidence/{}", head.size / 2)),
        of("/runs"),
        of(&format!("/runs/{run}")),
        of("/verification"),
    ];
    let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for path in &all {
            let asked = Instant::now();
            let answer = client.get(format!("http://{host}{path}")).header(COOKIE, &cookie).send().await.unwrap();
            let is_there = answer.status().is_success();
            answer.bytes().await.unwrap();
            times.entry(path).or_default().push(asked.elapsed());
            assert!(is_there || path == "/nothing", "{path} is not there");
        }
    }
    let base = median(times.get_mut("/nothing").unwrap());
    println!("{:<62} {:>8} {:>8}", "page", "ms", "times");
    for path in &all {
        let one = median(times.get_mut(path.as_str()).unwrap());
        println!("{path:<62} {:>8.1} {:>8.0}", one * 1e3, one / base);
    }
}

/// The report with the most controls, from what was gathered to its HTML.
async fn report(year: &Year) {
    let engine = Engine::new(None).unwrap();
    let framework = "pci-dss-4.0.1".parse().unwrap();
    let (mut gathered, mut printed) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let basis = Basis::gather(&year.app, &year.organization, &framework, year.app.clock.now()).await.unwrap();
        gathered.push(began.elapsed());
        let began = Instant::now();
        let made = basis.readiness(&year.app).unwrap().unwrap();
        std::hint::black_box(html::readiness(&engine, &made).unwrap());
        printed.push(began.elapsed());
    }
    println!(
        "readiness of 280 controls: gathered in {:.1} ms, made and printed in {:.1} ms",
        median(&mut gathered) * 1e3,
        median(&mut printed) * 1e3
    );
}

/// Every check on the tenant's and the host's newest datasets, as a run judges them. The runs before have compiled the rules,
/// as any process does once.
async fn judging(year: &Year) {
    let (app, scope) = (&year.app, OrgScope::of(&year.organization));
    let now = app.clock.now();
    let newest = app.store.latest_evidence(&scope, now).await.unwrap();
    let digests = newest.iter().flat_map(|row| row.sealed.artifacts.iter().map(|artifact| artifact.sha256));
    let bytes = read_objects(app, &scope, digests).await.unwrap();
    let mut targets: BTreeMap<String, BTreeMap<DatasetId, countersign::dataset::Dataset>> = BTreeMap::new();
    let mut leaves = BTreeMap::new();
    for row in &newest {
        let Some(definition) = app.catalog.collectors.get(&row.sealed.dataset) else { continue };
        let named = row.sealed.artifacts.iter();
        let artifacts: Vec<(String, Bytes)> =
            named.filter_map(|one| Some((one.name.clone(), bytes.get(&one.sha256)?.clone()))).collect();
        let (outcome, at) = (row.sealed.outcome, row.sealed.collected_at);
        let dataset = derive_from(definition, &artifacts.as_slice(), outcome, &row.sealed.reason, at);
        targets.entry(row.sealed.target.clone()).or_default().insert(definition.id.clone(), dataset);
        leaves.insert(definition.id.clone(), row.sealed.leaf);
    }
    let settings = app.store.settings(&scope).await.unwrap();
    let live = |id: &DatasetId| app.catalog.collectors.get(id).map(|one| one.time_to_live_hours);
    for (target, datasets) in targets {
        let kind = datasets.keys().next().map_or_else(String::new, ToString::to_string);
        let subject = Subject { organization: year.organization.slug.as_str(), target: &target, now };
        let inputs = Inputs::prepare(subject, datasets, &settings, &leaves, &live);
        let (mut times, mut findings) = (Vec::new(), 0);
        for _ in 0..ROUNDS {
            findings = 0;
            let began = Instant::now();
            for check in app.catalog.checks.values() {
                if check.datasets().iter().any(|id| id.as_str().split('/').next() == kind.split('/').next()) {
                    findings += std::hint::black_box(app.judge.judge(check, &inputs)).resources.len().max(1);
                }
            }
            times.push(began.elapsed());
        }
        let each = median(&mut times) * 1e3;
        let hundred = each / findings as f64 * 100.0;
        let kept = if hundred <= MOST { "kept" } else { "NOT KEPT" };
        println!(
            "judging {target}: {findings} findings in {each:.1} ms, {hundred:.1} ms per 100; limit of {MOST:.0} ms: {kept}"
        );
    }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}
