//! How many items a second the spool makes durable, against one fsync an item on the same disk in the same run.
//!
//! `cargo bench --bench stream` prints items per second of wall-clock time, the median of several rounds. Nothing is
//! sealed here. Figures mean something only for the disk below the folder, which `COUNTERSIGN_BENCH_FOLDER` names;
//! without it the build's own folder is used, because a temporary one may be memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark may stop at the first surprise, as a test may"
)]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use countersign::config::SpoolConfig;
use countersign::model::evidence::Source;
use countersign::model::id::OrgId;
use countersign::spool::frame::{Frame, opening};
use countersign::spool::{Header, Item, Spool};
use countersign_seal::digest::Digest;
use serde_json::{Map, Value};

const ORGANIZATIONS: usize = 200;
const ITEM_BYTES: usize = 20_480;
const ROUNDS: usize = 7;
/// Clients of each organization; each sends its next item when the last one was acknowledged.
const CLIENTS: [usize; 3] = [1, 2, 5];
/// How long one measurement lasts.
const LONG: Duration = Duration::from_secs(2);

fn main() {
    let folder = std::env::var_os("COUNTERSIGN_BENCH_FOLDER")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from)
        .join(format!("stream-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let organizations: Vec<OrgId> = (0..ORGANIZATIONS).map(|_| OrgId::fresh()).collect();
    println!("{ORGANIZATIONS} organizations, items of {ITEM_BYTES} bytes, {ROUNDS} rounds in {}", folder.display());
    LazyLock::force(&BODIES);
    let mut single = Vec::new();
    let mut spooled = CLIENTS.map(|_| Vec::new());
    for round in 0..ROUNDS {
        single.push(one_fsync_an_item(&folder, &organizations));
        for (clients, rates) in CLIENTS.into_iter().zip(&mut spooled) {
            rates.push(runtime.block_on(through_the_spool(&folder, &organizations, clients)));
        }
        eprintln!("round {} of {ROUNDS} done", round + 1);
    }
    let base = median(&mut single);
    println!("{:<44} {base:>8.0} items/s", "one fsync an item");
    for (clients, rates) in CLIENTS.into_iter().zip(&mut spooled) {
        let rate = median(rates);
        let name = format!("through the spool, {} clients at once", clients * ORGANIZATIONS);
        println!("{name:<44} {rate:>8.0} items/s  {:>6.1} times as many", rate / base);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Bytes that do not compress to nothing, made before anything is measured.
static BODIES: LazyLock<Vec<Bytes>> = LazyLock::new(|| (0..256).map(body).collect());

fn body(number: u64) -> Bytes {
    let mut body = vec![0; ITEM_BYTES];
    let mut state = number ^ 0x9e37_79b9_7f4a_7c15;
    for chunk in body.chunks_mut(8) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        for (byte, new) in chunk.iter_mut().zip(state.to_le_bytes()) {
            *byte = new;
        }
    }
    Bytes::from(body)
}

fn item(organization: OrgId, number: u64) -> Item {
    let place = usize::try_from(number).unwrap() % BODIES.len();
    let body = BODIES.get(place).unwrap().clone();
    let header = Header {
        organization,
        source: Source::Import,
        dataset: "import/lines".parse().unwrap(),
        collector: Digest::of(b"definition"),
        target: "ws-01.example".to_owned(),
        received_at: "2026-03-02T09:00:00Z".parse().unwrap(),
        source_clock: None,
        provenance: Map::from_iter([("line".to_owned(), Value::from(number))]),
        artifact: "line".to_owned(),
        media_type: "application/octet-stream".to_owned(),
    };
    Item { header, body }
}

/// The same frames, written to one file and made durable one by one.
fn one_fsync_an_item(folder: &Path, organizations: &[OrgId]) -> f64 {
    let path = folder.join("single");
    let mut file = OpenOptions::new().append(true).create_new(true).open(&path).unwrap();
    let mark = *b"sixteen secrets!";
    file.write_all(&opening(&mark)).unwrap();
    file.sync_all().unwrap();
    let mut buffer = Vec::new();
    let begin = Instant::now();
    let mut items = 0;
    for (number, organization) in (0..).zip(organizations.iter().cycle()) {
        buffer.clear();
        Frame::of(item(*organization, number)).unwrap().write(&mark, &mut buffer);
        file.write_all(&buffer).unwrap();
        file.sync_data().unwrap();
        items += 1;
        if begin.elapsed() >= LONG {
            break;
        }
    }
    let rate = f64::from(items) / begin.elapsed().as_secs_f64();
    std::fs::remove_file(path).unwrap();
    rate
}

/// Clients of all organizations side by side; an item counts when its receipt is there.
async fn through_the_spool(folder: &Path, organizations: &[OrgId], clients: usize) -> f64 {
    let folder = folder.join("spool");
    let spool = Arc::new(Spool::at(folder.clone(), &SpoolConfig::default()));
    let begin = Instant::now();
    let each = organizations.iter().flat_map(|id| (0..clients).map(move |client| (*id, client)));
    let tasks = each.map(|(organization, client)| {
        let spool = Arc::clone(&spool);
        tokio::spawn(async move {
            let mut items = 0u32;
            while begin.elapsed() < LONG {
                let number = u64::from(items) * 1000 + client as u64;
                spool.append(item(organization, number)).await.unwrap();
                items += 1;
            }
            items
        })
    });
    let mut items = 0;
    for task in tasks.collect::<Vec<_>>() {
        items += task.await.unwrap();
    }
    let rate = f64::from(items) / begin.elapsed().as_secs_f64();
    spool.rotate().await.unwrap();
    drop(spool);
    std::fs::remove_dir_all(folder).unwrap();
    rate
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    *rates.get(rates.len() / 2).unwrap()
}
