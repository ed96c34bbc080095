//! The documented limits of the service, kept by a whole run.

use countersign::collect::graph::{GraphLimits, GraphPool};
use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::throttle::Throttle;
use countersign::model::evidence::CollectionOutcome;

use crate::support::Database;
use crate::support::story::Story;

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_under_the_documented_limits_causes_no_refusal_it_could_have_avoided() {
    let firm = Firm::load_embedded("hollowmere").unwrap();
    let mut story = Story::of(Database::sqlite(), firm, Throttle::Documented).await;
    // As patient as with the real service, although this one is on this machine.
    story.app.app.graph = GraphPool::with_limits(GraphLimits::default());

    let report = story.collect().await;

    let stats = story.tenant.stats();
    assert_eq!((stats.avoidable_429, stats.throttled), (0, 0), "{stats:#?}");
    assert_eq!(stats.refused_writes, 0);
    let graph: Vec<_> = report.datasets.iter().filter(|line| line.target == story.tenant.tenant_id()).collect();
    assert!(graph.len() >= 14, "{report:#?}");
    for line in graph {
        let is_fine = matches!(line.outcome, CollectionOutcome::Complete | CollectionOutcome::Empty);
        assert!(is_fine, "{line:#?}");
    }
}
