//! Proofs from a ledger of a million records, and what keeping the ledger costs beside hashing the evidence:
//! `cargo bench --bench proofs`. `-- LEAVES` changes the size (1000000).
//!
//! A proof is timed as the product makes it: planned, its tiles read from SQLite, made and checked. CPU figures of hashing
//! are of this process, in one run, as medians.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::should_implement_trait,
    reason = "a benchmark may stop at the first surprise, as a test may, and rounds its figures"
)]

mod common;

use std::time::Instant;

use common::files::{Dice, body};
use countersign::model::id::OrgId;
use countersign::model::organization::Organization;
use countersign::model::responsibility::EngagementModel;
use countersign::model::time::Timestamp;
use countersign::store::{IndexRows, LedgerCommit, NewLeaf, OrgScope, Store};
use countersign_seal::digest::Digest;
use countersign_seal::ledger::{Nodes, leaf_hash, verify_consistency, verify_inclusion};
use countersign_seal::note::{SigningKey, origin};
use countersign_seal::record::{Artifact, Collector, Evidence, Record, Time, Uuid};
use countersign_seal::tiles::{Edge, plan};

const ORGANIZATION: &str = "0192f0c1-2345-7abc-8def-0123456789ab";
/// Records in one commit, as an import has.
const COMMIT: u64 = 10_000;

fn main() {
    let leaves = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    hashing();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(proofs(leaves));
}

/// Making, hashing and signing for 10,000 items of 20,480 bytes, each apart.
fn hashing() {
    const ITEMS: usize = 10_000;
    let mut dice = Dice(7);
    let items: Vec<String> = (0..ITEMS).map(|_| body(&mut dice, 20_480)).collect();
    let key = SigningKey::from_seed(&origin(&uuid()), [7; 32]).expect("a key");
    let mut rounds: Vec<[f64; 4]> = (0..7)
        .map(|_| {
            let began = Instant::now();
            let digests: Vec<Digest> = items.iter().map(|item| Digest::of(item.as_bytes())).collect();
            let evidence = began.elapsed().as_secs_f64();
            let began = Instant::now();
            let records: Vec<Record> = digests.iter().enumerate().map(|(at, digest)| record(at, *digest)).collect();
            let making = began.elapsed().as_secs_f64();
            let began = Instant::now();
            let hashes: Vec<Digest> = records.iter().map(Record::leaf_hash).collect();
            let leaf = began.elapsed().as_secs_f64();
            let began = Instant::now();
            let (mut edge, mut full) = (Edge::new(), Vec::new());
            for hash in hashes {
                edge.push(hash, &mut full);
            }
            std::hint::black_box(key.sign_checkpoint(edge.size(), edge.root()));
            [evidence, making, leaf, began.elapsed().as_secs_f64()]
        })
        .collect();
    let mut middle = |part: usize| {
        rounds.sort_by(|one, other| one[part].total_cmp(&other[part]));
        rounds[rounds.len() / 2][part] * 1e6 / ITEMS as f64
    };
    let [evidence, making, leaf, nodes] = [middle(0), middle(1), middle(2), middle(3)];
    println!("for each of {ITEMS} items of 20,480 bytes, in microseconds:");
    println!("  hashing the evidence      {evidence:>8.2}");
    println!("  making the record         {making:>8.2}   {:>5.1} %", making / evidence * 100.0);
    println!("  hashing the record        {leaf:>8.2}   {:>5.1} %", leaf / evidence * 100.0);
    println!("  node hashing and signing  {nodes:>8.2}   {:>5.1} %   at most 5 %\n", nodes / evidence * 100.0);
}

async fn proofs(leaves: u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open_sqlite(&folder.path().join("bench.db"), 4).await.expect("a database");
    store.migrate().await.expect("a schema");
    let scope = OrgScope::of(&organization());
    let began = Instant::now();
    let mut edge = Edge::new();
    for first in (0..leaves).step_by(COMMIT as usize) {
        let new: Vec<NewLeaf> = (first..leaves.min(first + COMMIT)).map(new_leaf).collect();
        for leaf in &new {
            edge.push(leaf.hash, &mut Vec::new());
        }
        let commit = LedgerCommit {
            sequence: first / COMMIT + 1,
            archive: format!("{first}.zip"),
            archive_digest: Digest::empty(),
            first_leaf: first,
            root: edge.root(),
            checkpoint: String::new(),
            committed_at: some_time(),
            leaves: new,
            objects: Vec::new(),
        };
        store.record_commit(&scope, &commit, &IndexRows::default()).await.expect("a commit");
    }
    println!("{leaves} leaves in {:.1} s", began.elapsed().as_secs_f64());
    let root = store.ledger_edge(&scope, leaves).await.expect("an edge").root();
    let mut dice = Dice(11);
    let (mut inclusion, mut consistency) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        let leaf = dice.next() % leaves;
        let began = Instant::now();
        let wanted = plan(leaves, |nodes| nodes.inclusion(leaf, leaves)).expect("a plan");
        let tiles = store.ledger_tiles(&scope, leaves, &wanted).await.expect("tiles");
        let path = tiles.inclusion(leaf, leaves).expect("a proof");
        inclusion.push(began.elapsed().as_secs_f64() * 1e3);
        assert!(verify_inclusion(&new_leaf(leaf).hash, leaf, leaves, &path, &root), "leaf {leaf} is not proved");
    }
    for _ in 0..200 {
        let old = 1 + dice.next() % (leaves - 1);
        let began = Instant::now();
        let wanted = plan(leaves, |nodes| nodes.consistency(old, leaves)).expect("a plan");
        let tiles = store.ledger_tiles(&scope, leaves, &wanted).await.expect("tiles");
        let path = tiles.consistency(old, leaves).expect("a proof");
        consistency.push(began.elapsed().as_secs_f64() * 1e3);
        let before = store.ledger_edge(&scope, old).await.expect("an edge").root();
        assert!(verify_consistency(old, leaves, &before, &root, &path), "{old} is not continued");
    }
    tell("inclusion proof", &mut inclusion, 1.0);
    tell("consistency proof", &mut consistency, 50.0);
}

fn tell(what: &str, times: &mut [f64], most: f64) {
    times.sort_by(f64::total_cmp);
    let [middle, late] = [times.len() / 2, times.len() * 95 / 100].map(|at| times[at]);
    println!("  {what:<20} median {middle:.3} ms, 95th percentile {late:.3} ms   at most {most} ms");
}

fn new_leaf(leaf: u64) -> NewLeaf {
    let body = format!("{{\"leaf\":{leaf},\"organization\":\"{ORGANIZATION}\",\"type\":\"bench/1\"}}");
    NewLeaf { kind: "bench/1".to_owned(), hash: leaf_hash(body.as_bytes()), body }
}

fn record(at: usize, sha256: Digest) -> Record {
    let time: Time = "2026-11-23T09:00:00.000000Z".parse().expect("a time");
    let statement = Evidence {
        organization: uuid(),
        run: uuid(),
        collector: Collector { id: "import/files".to_owned(), digest: Digest::empty() },
        dataset: "import/files".to_owned(),
        target: "evidence".to_owned(),
        source: "import".to_owned(),
        started: time.clone(),
        finished: time,
        source_clock: None,
        outcome: "complete".to_owned(),
        reason: String::new(),
        provenance: serde_json::Map::from_iter([("path".to_owned(), format!("000/ev{at:06}.json").into())]),
        redactions: Vec::new(),
        artifacts: vec![Artifact {
            name: format!("000/ev{at:06}.json"),
            sha256,
            size: 20_480,
            media_type: "application/json".to_owned(),
        }],
        artifact_list: None,
    };
    Record::of(statement).expect("a record")
}

fn uuid() -> Uuid {
    ORGANIZATION.parse().expect("a UUID")
}

fn organization() -> Organization {
    Organization {
        id: OrgId(ORGANIZATION.parse().expect("a UUID")),
        slug: "northwind".parse().expect("a short name"),
        name: "Northwind Example".to_owned(),
        model: EngagementModel::CoManaged,
        frameworks: Vec::new(),
        time_zone: "UTC".to_owned(),
        created_at: some_time(),
    }
}

fn some_time() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().expect("a time")
}
