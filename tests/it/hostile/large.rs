//! Bodies that are far too large, plain or packed.

use std::process::Stdio;
use std::time::Duration;

use countersign::demo::tenant::fault::{Fault, FaultKind};
use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::throttle::Throttle;
use countersign::demo::tenant::{Tenant, TenantOptions};
use serde_json::Value;

use crate::support::command::{Installation, ORG};

/// Runs `collect` of one dataset; gives its line and the most memory (KiB) the process ever held.
fn collect(installation: &Installation, dataset: &str) -> (Value, u64) {
    let mut command = installation.command(&["collect", "--org", ORG, "--json", dataset]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        // The number only grows, and is gone when the process has ended.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(most);
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(&output.stderr)));
    let lines = report["datasets"].as_array().unwrap();
    (lines.iter().find(|line| line["dataset"] == dataset).unwrap().clone(), most)
}

/// What a run needs beside the answer itself, with room: a body of 300 MB held in memory once would be far above.
const MOST_KIB: u64 = 160 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_three_hundred_megabytes_is_refused_by_its_limit_and_never_held_in_memory() {
    let options = TenantOptions { throttle: Throttle::Off, ..TenantOptions::default() };
    let tenant = Tenant::start(Firm::load_embedded("larkspur").unwrap(), options).await.unwrap();
    let installation = Installation::new();
    installation.connect(&tenant).fine();
    for fault in [FaultKind::OversizedBody(300_000_000), FaultKind::OversizedGzip(300_000_000)] {
        tenant.inject(Fault::on("/users", 1, fault.clone()));
        let (line, most) = collect(&installation, "m365/users");
        assert!(line["outcome"] == "partial" || line["outcome"] == "failed", "{fault:?}: {line:#}");
        let reason = line["reason"].as_str().unwrap();
        let names_limit = [64, 256].iter().any(|limit| reason.contains(&format!("{} bytes", limit * 1024 * 1024)));
        assert!(names_limit, "the limit is not named: {reason}");
        assert!((1..MOST_KIB).contains(&most), "{fault:?}: the process held {most} KiB");
    }
    let (line, _) = collect(&installation, "m365/users");
    assert_eq!(line["outcome"], "complete", "{line:#}");
    installation.run(&["verify"]).fine();
}
