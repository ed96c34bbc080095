//! What collecting a tenant of 2,000 people and 2,000 devices costs, beside fetching the same bytes with curl and hashing
//! them: `cargo bench --bench collecting`. `-- PEOPLE` changes the size.
//!
//! The pretend tenant has no limits and runs in this process, which is not measured. Measured are whole processes, side by
//! side in one run, as medians: curl and sha256sum; this program as a child that only reads the tenant and hashes what came;
//! and `countersign collect`, which also redacts, seals and judges. Needs curl and GNU time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark may stop at the first surprise, as a test may, and rounds its figures"
)]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::measure::{Measured, installed, median, run, shell};
use countersign::catalog::Catalog;
use countersign::catalog::collector::Cloud;
use countersign::collect::graph::{Credential, GraphConnection, GraphPool};
use countersign::collect::{Target as _, Workplace};
use countersign::config::GraphPace;
use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use countersign::model::evidence::{Body, Source};
use countersign::model::time::SystemClock;
use countersign_seal::digest::Digest;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 7;
/// Tells the child what it is.
const CHILD: &str = "read-only-child";

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if let Some(at) = words.iter().position(|word| word == CHILD) {
        runtime.block_on(read(&words[at + 1..]));
        return;
    }
    assert!(installed("curl") && installed("time"), "curl and time (Debian packages) are needed");
    let people = words.iter().find_map(|word| word.parse().ok()).unwrap_or(2_000);
    let tenant = runtime.block_on(async {
        Tenant::start(Firm::scaled(people, people).unwrap(), TenantOptions::unhindered()).await.unwrap()
    });
    let desk = tempfile::tempdir().unwrap();
    compare(&tenant, desk.path(), people);
}

fn compare(tenant: &RunningTenant, desk: &Path, people: usize) {
    let own = std::env::current_exe().unwrap().display().to_string();
    let folder = desk.display().to_string();
    let child: Vec<&str> = vec![
        CHILD,
        tenant.login_url(),
        tenant.graph_url(),
        tenant.tenant_id(),
        tenant.client_id(),
        tenant.client_secret(),
        &folder,
    ];
    run(&own, &child);
    let pages = write_curl_config(tenant, desk);
    let fetch = format!(
        "rm -rf {folder}/out; mkdir {folder}/out; curl -s -f --compressed -K {folder}/curl && cat {folder}/out/* | sha256sum"
    );
    let data = installation(tenant, desk);
    let (mut curl, mut reading, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        curl.push(shell(&fetch));
        reading.push(run(&own, &child));
        whole.push(run(
            env!("CARGO_BIN_EXE_countersign"),
            &["collect", "--org", "bench", "--source", "graph", "--data", &data.display().to_string()],
        ));
        eprintln!("round {} of {ROUNDS} done", round + 1);
    }
    let bytes: u64 =
        std::fs::read_dir(desk.join("out")).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    println!("{people} people and devices, {pages} pages, {:.1} MB, {ROUNDS} rounds", bytes as f64 / 1e6);
    let base = median(&curl);
    show("curl and sha256sum", base, base);
    show("reading and hashing", median(&reading), base);
    show("countersign collect, sealing and judging too", median(&whole), base);
}

fn show(name: &str, measured: Measured, base: Measured) {
    println!(
        "{name:<46} {:>7.3} s CPU {:>6.2} s wall {:>6.0} MB {:>6.1} times",
        measured.cpu,
        measured.wall,
        measured.memory / 1e6,
        measured.cpu / base.cpu
    );
}

/// Every address that the child has just read, for curl. Batches are left out, which only makes curl's work less.
fn write_curl_config(tenant: &RunningTenant, desk: &Path) -> usize {
    let token_url = format!("{}/{}/oauth2/v2.0/token", tenant.login_url(), tenant.tenant_id());
    let scope = format!("{}/.default", tenant.graph_url());
    let asked = std::process::Command::new("curl")
        .args(["-s", "-f", &token_url, "--data-urlencode", &format!("scope={scope}")])
        .args(["--data-urlencode", &format!("client_id={}", tenant.client_id())])
        .args(["--data-urlencode", &format!("client_secret={}", tenant.client_secret())])
        .args(["-d", "grant_type=client_credentials"])
        .output()
        .unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let mut config = format!("header = \"Authorization: Bearer {token}\"\n");
    let seen = tenant.requests();
    let pages = seen.iter().filter(|one| one.method == "GET" && one.status == 200 && !one.in_batch);
    let mut many = 0;
    for (number, page) in pages.enumerate() {
        let query = if page.query.is_empty() { String::new() } else { format!("?{}", page.query) };
        writeln!(config, "url = \"{}{}{query}\"", tenant.graph_url(), page.path).unwrap();
        writeln!(config, "output = \"{}/out/{number:05}\"", desk.display()).unwrap();
        many = number + 1;
    }
    std::fs::write(desk.join("curl"), config).unwrap();
    many
}

/// A data folder that is connected to the tenant.
fn installation(tenant: &RunningTenant, desk: &Path) -> PathBuf {
    let data = desk.join("data");
    let path = data.display().to_string();
    let program = env!("CARGO_BIN_EXE_countersign");
    run(program, &["init", "--data", &path]);
    let settings = data.join("countersign.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("graph_pace = \"documented\"", "graph_pace = \"unlimited\"")).unwrap();
    run(program, &["org", "add", "bench", "--name", "Bench (fictional)", "--data", &path]);
    let secret = desk.join("secret");
    std::fs::write(&secret, tenant.client_secret()).unwrap();
    let secret = secret.display().to_string();
    let connect = [
        ["connect", "m365"],
        ["--org", "bench"],
        ["--tenant", tenant.tenant_id()],
        ["--client-id", tenant.client_id()],
        ["--client-secret-file", &secret],
        ["--cloud", "custom"],
        ["--login-url", tenant.login_url()],
        ["--graph-url", tenant.graph_url()],
        ["--data", &path],
    ];
    run(program, &connect.concat());
    data
}

/// The child: reads every dataset of the tenant as a run does and hashes what came.
async fn read(words: &[String]) {
    let [login, graph, tenant, client, secret, folder] = words else { panic!("six words are needed") };
    let secret = Credential::Secret(secret.clone().into());
    let connection = GraphConnection::new(Cloud::Custom, tenant, client, secret, Some(login), Some(graph)).unwrap();
    let target = GraphPool::with_pace(GraphPace::Unlimited).target(connection).unwrap();
    let catalog = Catalog::embedded().unwrap_or_else(|faults| panic!("{faults}"));
    let folder = tempfile::tempdir_in(folder).unwrap();
    let stop = CancellationToken::new();
    let place = Workplace { clock: &SystemClock, folder: folder.path(), stop: &stop };
    let (target, catalog) = (&target, &catalog);
    let definitions = catalog.collectors_for(Source::Graph);
    let each = definitions.map(|definition| async move { target.collect(definition, place).await });
    let all: Vec<_> = futures_util::stream::iter(each).buffer_unordered(4).collect().await;
    let mut bytes = 0;
    for artifact in all.iter().flat_map(|evidence| &evidence.artifacts) {
        bytes += match &artifact.body {
            Body::Memory(body) => {
                std::hint::black_box(Digest::of(body));
                body.len() as u64
            }
            Body::File(path) => std::hint::black_box(Digest::of_reader(std::fs::File::open(path).unwrap()).unwrap()).1,
        };
    }
    let whole = all.iter().filter(|evidence| evidence.outcome.is_seen_whole()).count();
    println!("{whole} of {} datasets whole, {bytes} bytes", all.len());
}
