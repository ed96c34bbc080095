//! The overview over a real installation: what it says agrees with what reports say.

use std::sync::Arc;

use super::{FrameworkQuery, StorePages};
use crate::catalog::Catalog;
use crate::deliver::reports::Basis;
use crate::model::control::ControlState;
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::responsibility::Party;
use crate::pipeline::{self, RunRequest};
use crate::schedule::tests::Installation;

/// This machine, read once by two collectors, one of which comes to nothing.
async fn collected() -> Installation {
    let mut catalog = Catalog::embedded().unwrap();
    catalog.collectors.retain(|id, collector| {
        collector.source == Source::Import || id.as_str() == "linux/host_identity" || id.as_str() == "linux/sysctl"
    });
    let refused = catalog.collectors.get_mut(&"linux/sysctl".parse().unwrap()).unwrap();
    let command = refused.command.as_mut().unwrap();
    command.shell = "exit 127".to_owned();
    let here = Installation::of(catalog, vec!["hipaa-security".parse().unwrap()]).await;
    here.connect(Source::Host, "ws-01.example", serde_json::json!({})).await;
    let request = RunRequest { cause: "collect".to_owned(), ..RunRequest::default() };
    pipeline::run(&here.app, &here.organization, &request, &|_| {}).await.unwrap();
    here
}

#[tokio::test]
async fn the_overview_counts_as_the_readiness_report_does() {
    let here = collected().await;
    let overview = StorePages::new(Arc::clone(&here.app)).overview(None).await.unwrap();
    let shown = &overview.organizations[0];

    let framework = here.organization.frameworks[0].clone();
    let basis = Basis::gather(&here.app, &here.organization, &framework, here.app.clock.now()).await.unwrap();
    let report = basis.readiness(&here.app).unwrap().unwrap();
    let [of_framework] = shown.frameworks.as_slice() else { panic!("one framework") };
    assert_eq!(of_framework.totals, report.totals);
    assert_eq!(Some(&of_framework.matrix), Some(&report.matrix));
    let undetermined = of_framework.totals.of(ControlState::Undetermined);
    assert!(undetermined > 0);
    assert_eq!(of_framework.why_undetermined.iter().map(|reason| reason.count).sum::<usize>(), undetermined);
    for work in &report.parties {
        let party = shown.parties.iter().find(|party| party.party == work.party).unwrap();
        assert_eq!((party.open_gaps, party.open_requests), (work.gaps.len(), work.requests.len()));
    }
    assert_eq!(shown.ledger, report.basis.checkpoint);

    let source = StorePages::new(Arc::clone(&here.app));
    let slug = &here.organization.slug;
    let page = source.framework(slug, &framework, &FrameworkQuery::default()).await.unwrap().unwrap();
    assert!(page.verdict.is_some());
    assert_eq!(page.verdict, report.verdict);
    assert_eq!(of_framework.verdict.as_deref(), Some("0 of 22 addressable specifications decided"));
}

#[tokio::test]
async fn what_a_run_did_not_see_stands_beside_what_it_saw_with_its_reason() {
    let here = collected().await;
    let overview = StorePages::new(Arc::clone(&here.app)).overview(None).await.unwrap();
    let shown = &overview.organizations[0];
    let [run] = shown.runs.as_slice() else { panic!("one run") };
    let [missed] = run.not_collected.as_slice() else { panic!("one dataset was not collected") };
    assert_eq!((run.seen, missed.outcome), (1, CollectionOutcome::Failed));
    assert!(missed.reason.contains("is not installed on this host"), "{}", missed.reason);
    let [advice] = run.advice.as_slice() else { panic!("one cause: {:?}", run.advice) };
    assert!(advice.what.contains("ws-01.example could not be read"), "{advice:?}");
    assert!(advice.next.contains("countersign collect"), "{advice:?}");
    assert_eq!((shown.freshness.datasets, shown.freshness.stale), (1, 0));
    assert!(shown.next_run.is_some() && shown.alarms.is_empty(), "{:?}", shown.alarms);
}

#[tokio::test]
async fn old_evidence_is_shown_as_old_and_silence_as_an_alarm() {
    let here = collected().await;
    here.clock.set("2026-12-01T12:00:00Z");
    let overview = StorePages::new(Arc::clone(&here.app)).overview(None).await.unwrap();
    let shown = &overview.organizations[0];
    assert_eq!((shown.freshness.datasets, shown.freshness.stale), (1, 1));
    assert_eq!(shown.alarms.len(), 1);
    assert!(shown.alarms[0].contains("ws-01.example has gone silent"), "{:?}", shown.alarms);
}

#[tokio::test]
async fn an_organization_without_anything_collected_is_undetermined_and_calm() {
    let framework = "hipaa-security".parse().unwrap();
    let here = Installation::of(Catalog::embedded().unwrap(), vec![framework]).await;
    let source = StorePages::new(Arc::clone(&here.app));
    let overview = source.overview(Some(&here.organization.slug)).await.unwrap();
    let shown = &overview.organizations[0];
    let totals = &shown.frameworks[0].totals;
    assert_eq!(totals.of(ControlState::Undetermined), totals.counted);
    assert_eq!((shown.next_run, shown.freshness.newest, shown.alarms.len()), (None, None, 0));
    let parties: Vec<Party> = shown.parties.iter().map(|work| work.party).collect();
    assert_eq!(parties, [Party::Provider, Party::Internal]);
    assert!(source.overview(Some(&"nobody".parse().unwrap())).await.unwrap().organizations.is_empty());
}
