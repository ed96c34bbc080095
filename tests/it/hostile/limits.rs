//! The documented limits of the service, kept by a whole run.

use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::{Tenant, TenantOptions};

use crate::support::command::{Installation, ORG};

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_under_the_documented_limits_causes_no_refusal_it_could_have_avoided() {
    let tenant = Tenant::start(Firm::load_embedded("hollowmere").unwrap(), TenantOptions::default()).await.unwrap();
    let installation = Installation::new();
    installation.connect(&tenant).fine();

    let report = installation.run(&["collect", "--org", ORG, "--source", "graph", "--json"]).fine().json();

    let stats = tenant.stats();
    assert_eq!((stats.avoidable_429, stats.throttled), (0, 0), "{stats:#?}");
    assert_eq!(stats.refused_writes, 0);
    // Every dataset was asked for, and none ended otherwise than well for want of patience.
    let lines = report["datasets"].as_array().unwrap();
    assert!(lines.len() >= 14, "{report:#}");
    for line in lines {
        assert!(line["outcome"] == "complete" || line["outcome"] == "empty", "{line:#}");
    }
}
