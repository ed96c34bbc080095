//! What loading and checking all catalogs, collectors and checks costs, beside parsing the same files with the same
//! libraries and looking at nothing: `cargo bench --bench loading`. `-- ROUNDS` changes the number of rounds (7).
//!
//! Measured are whole processes in turn, in one run, as medians of CPU time. Each does its work several times, because the
//! kernel counts in hundredths of a second. What comes with the binary was compiled by its tests, and rules are compiled
//! when they judge; files of a user's own are compiled when they are read, so the same files are also loaded as if they
//! were. Needs GNU time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first surprise, as a test may, and rounds its figures"
)]

mod common;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use common::measure::{Measured, installed, median, run};
use countersign::catalog::Catalog;
use countersign::catalog::files::FileSet;

const ROUNDS: usize = 7;
/// How often a child does its work.
const TIMES: usize = 5;
/// At most this much CPU for a whole catalog, in seconds: for what comes with the binary, and for a folder of the same.
const MOST: f64 = 0.150;

/// What a child does: its word, what it is called, the work.
type Work = (&'static str, &'static str, fn());

const WORKS: [Work; 5] = [
    ("idle", "a process that does nothing", || ()),
    ("parse-yaml", "parsing YAML, METADATA and CSV, as of the binary", parse_texts),
    ("load", "loading and checking what is in the binary", || drop(black_box(load(&FileSet::embedded())))),
    ("parse-all", "parsing these, rules and cases, as of a folder", || {
        parse_texts();
        parse_rules_and_cases();
    }),
    ("load-folder", "loading, checking, compiling a folder of the same", || drop(black_box(load(&as_a_folder())))),
];

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some((_, _, work)) = WORKS.iter().find(|(word, ..)| words.get(1).is_some_and(|said| said == word)) {
        (0..TIMES).for_each(|_| work());
        return;
    }
    assert!(installed("time"), "time (Debian package) is needed");
    let rounds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(ROUNDS);
    let own = std::env::current_exe().unwrap().display().to_string();
    let mut all: BTreeMap<&str, Vec<Measured>> = BTreeMap::new();
    let mut lint = Vec::new();
    for _ in 0..rounds {
        for (word, ..) in WORKS {
            all.entry(word).or_default().push(run(&own, &[word]));
        }
        lint.push(run(env!("CARGO_BIN_EXE_countersign"), &["catalog", "lint"]));
    }
    let files = FileSet::embedded();
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    println!("{} files, {:.1} MB, {rounds} rounds, {TIMES} times each", files.iter().count(), bytes as f64 / 1e6);
    let idle = median(all.get("idle").unwrap()).cpu;
    let cost = |word: &str| (median(all.get(word).unwrap()).cpu - idle) / TIMES as f64;
    for (word, name, _) in WORKS.iter().skip(1) {
        println!("{name:<52} {:>7.1} ms CPU", cost(word) * 1e3);
    }
    println!("{:<52} {:>7.1} ms CPU", "countersign catalog lint, the whole process", median(&lint).cpu * 1e3);
    for (ours, base) in [("load", "parse-yaml"), ("load-folder", "parse-all")] {
        println!("{ours} to {base}: {:.2} times", cost(ours) / cost(base));
    }
    for (word, what) in [("load", "what is in the binary"), ("load-folder", "a folder, every rule compiled")] {
        let kept = if cost(word) <= MOST { "kept" } else { "NOT KEPT" };
        println!("limit of {:.0} ms for {what}: {kept}", MOST * 1e3);
    }
}

fn load(files: &FileSet) -> Catalog {
    Catalog::load(files).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The folders that are compiled in, as if they were a user's.
fn as_a_folder() -> FileSet {
    FileSet::default().with_folder(Path::new(env!("CARGO_MANIFEST_DIR")))
}

fn ends(path: &str, ending: &str) -> bool {
    path.ends_with(ending)
}

/// What must be read in any case: YAML files, the METADATA of rules, crosswalks.
fn parse_texts() {
    for file in FileSet::embedded().iter() {
        let text = || std::str::from_utf8(&file.bytes).unwrap();
        if ends(&file.path, ".yaml") {
            black_box(serde_saphyr::from_str::<serde_json::Value>(text()).unwrap());
        } else if ends(&file.path, "/check.rego") {
            let lines = text().lines().skip_while(|line| *line != "# METADATA").skip(1);
            let block: Vec<&str> = lines.map_while(|line| line.strip_prefix('#')).collect();
            black_box(serde_saphyr::from_str::<serde_json::Value>(&block.join("\n")).unwrap());
        } else if ends(&file.path, ".csv") {
            let mut csv = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(&*file.bytes);
            csv.records().for_each(|row| drop(black_box(row.unwrap())));
        }
    }
}

/// What loading a user's folder adds: every rule parsed once, with the libraries, and every case.
fn parse_rules_and_cases() {
    let mut engine = regorus::Engine::new();
    for file in as_a_folder().iter() {
        if ends(&file.path, ".rego") {
            let text = String::from_utf8(file.bytes.to_vec()).unwrap();
            black_box(engine.add_policy(file.path.clone(), text).unwrap());
        } else if file.path.contains("/cases/") {
            black_box(serde_json::from_slice::<serde_json::Value>(&file.bytes).unwrap());
        }
    }
}
