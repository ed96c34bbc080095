//! Every question of the store, asked at several moments, so that two databases can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write};

use chrono::Duration;
use countersign::app::App;
use countersign::model::id::ReportId;
use countersign::model::organization::Organization;
use countersign::model::time::Timestamp;
use countersign::store::{ByLeaf, EvidenceFilter, OrgScope, RowsOf};
use countersign_seal::digest::Digest;
use countersign_seal::ledger::Nodes;
use countersign_seal::tiles::plan;

use crate::support::app::START;

/// What the store answers, by question.
pub type Answers = BTreeMap<&'static str, String>;

/// What each day of a story is asked about: the days after the beginning.
const DAYS: i64 = 4;

/// Asks everything. Which questions there are is read from the source, so that a new one cannot be left out.
pub async fn of(app: &App, organization: &Organization) -> Answers {
    let scope = &OrgScope::of(organization);
    let store = &app.store;
    let start: Timestamp = START.parse().unwrap();
    let last = start.plus(Duration::days(DAYS));
    let mut answers = Answers::new();
    let mut note = |question: &'static str, answer: &dyn Debug| {
        let all = answers.entry(question).or_default();
        writeln!(all, "{answer:#?}").unwrap();
    };
    let leaves = store.leaves(scope, 0, 100_000).await.unwrap();
    let numbers: Vec<u64> = leaves.iter().map(|leaf| leaf.leaf).collect();
    let evidence = store.evidence_at(scope, &numbers).await.unwrap();
    let objects: BTreeSet<Digest> =
        evidence.iter().flat_map(|row| row.sealed.artifacts.iter().map(|artifact| artifact.sha256)).collect();
    let objects: Vec<Digest> = objects.into_iter().collect();
    let runs: BTreeSet<_> = evidence.iter().map(|row| row.sealed.run).collect();
    let gaps = store.gaps(scope).await.unwrap();
    let keys = store.signing_keys(scope).await.unwrap();
    let mut connections = store.connections(scope).await.unwrap();
    for connection in &connections {
        if let Some(secret) = connection.secret {
            note("sealed_secret", &store.sealed_secret(scope, secret).await.unwrap());
        }
    }
    connections.sort_by_key(|connection| connection.id);
    note("connections", &connections);
    note("certificates", &store.certificates(scope).await.unwrap());
    note("settings", &store.settings(scope).await.unwrap());
    note("organization_of", &store.organization_of(scope).await.unwrap());
    for key in &keys {
        note("sealed_seed", &store.sealed_seed(scope, &key.public_key).await.unwrap());
    }
    note("signing_keys", &keys);
    note("head", &store.head(scope).await.unwrap());
    note("log_from", &store.log_from(scope, 0).await.unwrap());
    note("leaf_hashes", &store.leaf_hashes(scope, u64::MAX >> 1).await.unwrap());
    for kind in ["key/1", "change/1", "judgement/1"] {
        note("leaves_of_kind", &store.leaves_of_kind(scope, kind).await.unwrap());
    }
    note("leaves", &leaves);
    note("leaves_that_say", &store.leaves_that_say(scope, "change/1", "organization").await.unwrap());
    let size = leaves.len() as u64;
    note("checkpoint_of_size", &store.checkpoint_of_size(scope, size).await.unwrap());
    note("ledger_edge", &store.ledger_edge(scope, size).await.unwrap());
    let tiles = plan(size, |nodes| nodes.inclusion(size / 2, size)).unwrap();
    note("ledger_tiles", &store.ledger_tiles(scope, size, &tiles).await.unwrap().root_at(size));
    note("archives_holding", &store.archives_holding(scope, &objects).await.unwrap());
    note("deleted_objects", &store.deleted_objects(scope, &objects).await.unwrap());
    note("deletions", &store.deletions(scope).await.unwrap());
    note("replaced_archives", &store.replaced_archives(scope).await.unwrap());
    for log in store.log_from(scope, 0).await.unwrap() {
        note("present_archive", &store.present_archive(scope, &log.archive).await.unwrap());
    }
    note("object_locations", &store.object_locations(scope, &objects).await.unwrap());
    note("evidence_at", &evidence);
    for run in runs.iter().copied() {
        note("evidence_of_run", &store.evidence_of_run(scope, run).await.unwrap());
        note("count_of_evidence_of_run", &store.count_of_evidence_of_run(scope, run).await.unwrap());
    }
    // All of them were given back; those of the dead mean nothing in another database.
    note("target_leases", &store.target_leases(scope).await.unwrap());
    note("collector_states", &store.collector_states(scope).await.unwrap());
    let checks: BTreeSet<_> = gaps.iter().map(|gap| gap.check.clone()).collect();
    note("first_collected_at", &store.first_collected_at(scope).await.unwrap());
    note("gaps", &gaps);
    note("decisions", &store.decisions(scope, last).await.unwrap());
    note("evidence_requests", &store.evidence_requests(scope).await.unwrap());
    note("latest_runs", &store.latest_runs(scope, last, 1000).await.unwrap());
    let mut reports = store.reports(scope, 1000).await.unwrap();
    reports.sort_by_key(|report| report.leaf);
    note("reports", &reports);
    // Reports are compared above; ids of secrets are new, and tiles and keys are asked for by other questions.
    let tables = ByLeaf::ALL.iter().filter(|table| **table != ByLeaf::Reports);
    let all = RowsOf::Objects { first: None, last: None, after: None, many: 100_000 };
    let judged = store.runs_with_statuses(scope).await.unwrap();
    let rows = [RowsOf::Gaps, RowsOf::Requests, RowsOf::Log, RowsOf::Organization, all, RowsOf::Statuses(&judged)];
    for kind in tables.map(|table| RowsOf::Leaves(*table, None, None)).chain(rows) {
        let mut rows: Vec<String> =
            store.rows_of(scope, kind).await.unwrap().iter().map(|row| format!("{row:?}")).collect();
        rows.sort();
        note("rows_of", &rows);
    }
    let mut judged: Vec<String> = judged.iter().map(|run| format!("{run:?}")).collect();
    judged.sort();
    note("runs_with_statuses", &judged);
    note("places_of_tiles", &store.places_of_tiles(scope).await.unwrap());
    for day in 0..=DAYS {
        let as_of = start.plus(Duration::days(day));
        note("head_as_of", &store.head_as_of(scope, Some(as_of)).await.unwrap());
        note("latest_evidence", &store.latest_evidence(scope, as_of).await.unwrap());
        note("latest_results", &store.latest_results(scope, as_of).await.unwrap());
        note("late_results", &store.late_results(scope, as_of, last).await.unwrap());
        note("last_failures", &store.last_failures(scope, &checks, as_of).await.unwrap());
        note("is_judged_after", &store.is_judged_after(scope, as_of).await.unwrap());
        note("gap_events_until", &store.gap_events_until(scope, as_of).await.unwrap());
        for framework in &organization.frameworks {
            note("statuses_as_of", &store.statuses_as_of(scope, framework, as_of).await.unwrap());
            note("matrix_as_of", &store.matrix_as_of(scope, framework, as_of).await.unwrap());
            let versions = store.matrix_versions(scope, framework).await.unwrap();
            note("matrix_among", &store.matrix_among(scope, &versions, as_of).await.unwrap());
        }
    }
    let all = store.evidence_newest_first(scope, &EvidenceFilter::default(), 100_000).await.unwrap();
    note("evidence_newest_first", &all);
    for leaf in numbers.iter().step_by(50) {
        note("first_head_over", &store.first_head_over(scope, *leaf).await.unwrap());
    }
    for run in &runs {
        note("one_run", &store.one_run(scope, *run).await.unwrap());
        note("results_of_run", &store.results_of_run(scope, *run).await.unwrap());
    }
    for framework in &organization.frameworks {
        for status in store.statuses_as_of(scope, framework, last).await.unwrap().iter().step_by(10) {
            let history = store.status_history(scope, framework, &status.control, last, 100).await.unwrap();
            note("status_history", &history);
        }
        for version in store.matrix_versions(scope, framework).await.unwrap() {
            note("matrix_events", &store.matrix_events(scope, framework, version.version).await.unwrap());
            note("matrix_version", &store.matrix_version(scope, framework, version.version).await.unwrap());
            note("matrix_versions", &version);
        }
    }
    let asked: BTreeSet<String> = answers.keys().map(|question| (*question).to_owned()).collect();
    let mut there = crate::stores::scopes::questions_in_the_source();
    there.retain(|question| !crate::stores::scopes::CHANGES.contains(&question.as_str()));
    there.retain(|question| question != "sealed_secret" || !connections.is_empty());
    assert_eq!(asked, there, "not exactly the questions of the store are compared");
    answers
}

/// Compares two sets of answers, but for the questions that may be answered otherwise.
#[track_caller]
pub fn same(before: &Answers, after: &Answers, but_for: &[&str], told: &str) {
    for (question, answer) in before.iter().filter(|(question, _)| !but_for.contains(question)) {
        let now = after.get(question).map(String::as_str).unwrap_or_default();
        if now != answer {
            let differs = answer.lines().zip(now.lines()).position(|(one, other)| one != other).unwrap_or_default();
            let near =
                |text: &str| text.lines().skip(differs.saturating_sub(8)).take(16).collect::<Vec<_>>().join("\n");
            panic!("{told}: `{question}` is answered otherwise:\n{}\n--- now\n{}", near(answer), near(now));
        }
    }
}

/// The reports as the vault can tell them: without id and place.
pub async fn reports_without_place(app: &App, organization: &Organization) -> String {
    let mut reports = app.store.reports(&OrgScope::of(organization), 1000).await.unwrap();
    reports.sort_by_key(|report| report.leaf);
    for report in &mut reports {
        report.id = ReportId("00000000-0000-0000-0000-000000000000".parse().unwrap());
        let name = std::path::Path::new(&report.path).file_name().map(|name| name.to_string_lossy().into_owned());
        report.path = name.filter(|_| report.kind != "package").unwrap_or_default();
    }
    format!("{reports:#?}")
}
