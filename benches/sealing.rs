//! Sealing and verifying a folder of evidence, beside the tools an auditor would use otherwise: `cargo bench --bench sealing`.
//!
//! Figures are ratios of CPU seconds (user and system, children included) between programs run in turn on the same files
//! in one run, as medians of several rounds; the machine may be busy. `-- FILES ROUNDS` changes the size (10000) and the
//! number of rounds (3); `-- linear` adds 100,000 files, for growth in time and memory. A tool that is not installed is
//! left out and said to be.

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

use std::path::Path;

use common::files::make_files;
use common::measure::{Measured, installed, median, run, shell};

/// Goals, as the project states them: at most this much of the other tool's figure.
struct Goal {
    what: &'static str,
    most: f64,
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let files = numbers.first().copied().unwrap_or(10_000);
    let rounds = numbers.get(1).copied().unwrap_or(3);
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let evidence = scratch.path().join("evidence");
    make_files(&evidence, files, 20_480, 1);
    println!("{files} files of 20,480 bytes, {rounds} rounds, medians; CPU is user + system seconds\n");
    println!("{:<38} {:>8} {:>8} {:>10} {:>11}", "", "CPU s", "wall s", "memory MB", "size MB");
    let ours = seal_and_verify(scratch.path(), &evidence, rounds);
    peers(scratch.path(), &evidence, rounds, &ours);
    if std::env::args().any(|word| word == "linear") {
        linear(scratch.path(), files, &ours);
    }
}

/// What ours cost: medians.
struct Ours {
    write: Measured,
    verify: Measured,
    verify_alone: Measured,
    size: u64,
}

fn seal_and_verify(scratch: &Path, evidence: &Path, rounds: usize) -> Ours {
    let program = env!("CARGO_BIN_EXE_countersign");
    let (mut writes, mut verifies, mut alone, mut size) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for round in 0..rounds {
        let data = scratch.join(format!("data-{round}"));
        let data = data.to_str().expect("a plain path");
        run(program, &["--data", data, "init"]);
        run(
            program,
            &["--data", data, "org", "add", "northwind", "--name", "Northwind Example", "--frameworks", "cmmc-l1"],
        );
        let before = bytes_below(&Path::new(data).join("vault"));
        let folder = evidence.to_str().expect("a plain path");
        writes.push(run(program, &["--data", data, "import", "files", "--org", "northwind", folder]));
        size = bytes_below(&Path::new(data).join("vault")) - before;
        verifies.push(run(program, &["--data", data, "verify"]));
        if let Some(verifier) = verifier() {
            let vault = format!("{data}/vault");
            alone.push(run(&verifier, &["--vault", &vault]));
        }
        std::fs::remove_dir_all(data).expect("the scratch folder can be emptied");
    }
    let ours = Ours {
        write: median(&writes),
        verify: median(&verifies),
        verify_alone: if alone.is_empty() { median(&verifies) } else { median(&alone) },
        size,
    };
    row("countersign import files", ours.write, Some(ours.size));
    row("countersign verify --data", ours.verify, None);
    row("countersign-verify --vault", ours.verify_alone, None);
    ours
}

/// The small verifier, if it was built in the same profile: `cargo build --release -p countersign-seal`.
fn verifier() -> Option<String> {
    let path = Path::new(env!("CARGO_BIN_EXE_countersign")).with_file_name("countersign-verify");
    path.exists().then(|| path.display().to_string())
}

fn peers(scratch: &Path, evidence: &Path, rounds: usize, ours: &Ours) {
    let folder = evidence.display();
    let out = scratch.join("peer");
    std::fs::create_dir_all(&out).expect("a scratch folder");
    let out = out.display().to_string();
    let each = |what: &str, command: &str, tidy: &str| -> Measured {
        let mut all = Vec::new();
        for _ in 0..rounds {
            shell(tidy);
            all.push(shell(command));
        }
        let found = median(&all);
        row(what, found, None);
        found
    };
    let manifest = each(
        "sha256sum manifest",
        &format!("cd {folder} && find . -type f | sort | xargs sha256sum > {out}/SUMS"),
        &format!("rm -rf {out}/SUMS"),
    );
    let zip = each(
        "zip -6",
        &format!("cd {folder} && zip -q -r -6 {out}/e.zip . && zip -q -j {out}/e.zip {out}/SUMS"),
        &format!("rm -f {out}/e.zip"),
    );
    let zipped = std::fs::metadata(format!("{out}/e.zip")).map_or(0, |facts| facts.len());
    let unzip = each(
        "unzip, sha256sum -c",
        &format!("mkdir {out}/u && cd {out}/u && unzip -q ../e.zip && sha256sum -c SUMS > {out}/said"),
        &format!("rm -rf {out}/u"),
    );
    ratio(Goal { what: "import / (sha256sum + zip -6), CPU", most: 0.60 }, ours.write.cpu, manifest.cpu + zip.cpu);
    ratio(Goal { what: "vault's growth / zip -6, size", most: 1.10 }, ours.size as f64, zipped as f64);
    ratio(Goal { what: "verify --data / (unzip + sha256sum -c), CPU", most: 0.30 }, ours.verify.cpu, unzip.cpu);
    if !installed("restic") {
        println!("restic is not installed: left out");
        return;
    }
    let restic = format!("RESTIC_PASSWORD=x restic --no-cache -q -r {out}/restic");
    let backup =
        each("restic backup", &format!("{restic} backup {folder}"), &format!("rm -rf {out}/restic && {restic} init"));
    let check = each("restic check --read-data", &format!("{restic} check --read-data"), "true");
    ratio(Goal { what: "import / restic backup, CPU", most: 0.90 }, ours.write.cpu, backup.cpu);
    ratio(Goal { what: "verify --data / restic check --read-data, CPU", most: 1.0 }, ours.verify.cpu, check.cpu);
    let peak = backup.memory.max(check.memory);
    ratio(Goal { what: "import / restic's peak, memory", most: 1.0 }, ours.write.memory, peak);
    ratio(Goal { what: "verify --data / restic check, memory", most: 1.0 }, ours.verify.memory, check.memory);
}

fn linear(scratch: &Path, files: usize, ours: &Ours) {
    let evidence = scratch.join("ten-times");
    make_files(&evidence, files * 10, 20_480, 2);
    println!("\n{} files, one round", files * 10);
    let many = seal_and_verify(scratch, &evidence, 1);
    ratio(Goal { what: "import, ten times the files, CPU", most: 11.0 }, many.write.cpu, ours.write.cpu);
    ratio(Goal { what: "verify --data, ten times the files, CPU", most: 11.0 }, many.verify.cpu, ours.verify.cpu);
    ratio(Goal { what: "import, ten times the files, memory", most: 1.5 }, many.write.memory, ours.write.memory);
    ratio(
        Goal { what: "verify --data, ten times the files, memory", most: 1.5 },
        many.verify.memory,
        ours.verify.memory,
    );
}

fn row(what: &str, found: Measured, size: Option<u64>) {
    let size = size.map(|size| format!("{:>11.1}", size as f64 / 1e6)).unwrap_or_default();
    println!("{what:<38} {:>8.2} {:>8.2} {:>10.1} {size}", found.cpu, found.wall, found.memory / 1e6);
}

fn ratio(goal: Goal, ours: f64, theirs: f64) {
    let found = ours / theirs;
    let word = if found <= goal.most { "reached" } else { "MISSED" };
    println!("  {:<52} {found:>6.2}   at most {:.2}: {word}", goal.what, goal.most);
}

fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(facts) if facts.is_dir() => bytes_below(&entry.path()),
            Ok(facts) => facts.len(),
            Err(_) => 0,
        })
        .sum()
}
