//! Nothing crosses between organizations: every question of the store, asked by the wrong one, finds nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use countersign::model::control::ControlState;
use countersign::model::evidence::{CollectionOutcome, Source};
use countersign::model::finding::{CheckResult, FindingOutcome};
use countersign::model::gap::{EvidenceRequest, Gap, GapState};
use countersign::model::id::{GapId, ReportId, RequestId, RunId};
use countersign::model::responsibility::{EngagementModel, MatrixState, Party, ResponsibilityMatrix};
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::commit::commit;
use countersign::pipeline::records;
use countersign::store::{
    ByLeaf, CollectorState, DecisionRow, DeletionRow, EvidenceFilter, GapEvent, GapWrite, IndexRows, JudgedResult,
    MatrixEvent, MatrixVersion, NewConnection, NewReplacement, OrgScope, ReportRow, RowsOf, RunEnd, RunState,
    StatusChange, Store, TargetLease,
};
use countersign_seal::digest::Digest;
use countersign_seal::tiles::Tile;
use serde_json::json;

use crate::support::{TestApp, databases, evidence, index_rows};

const BYTES: &[u8] = b"bytes of the first organization";
/// Bytes that it once had.
const GONE: &[u8] = b"bytes that were deleted";

/// Ids that one organization's rows were given.
struct Known {
    owner: OrgScope,
    run: RunId,
    leaves: Vec<u64>,
    secret: uuid::Uuid,
}

#[tokio::test]
async fn no_question_shows_one_organization_what_another_has() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let owner = story.organization("northwind").await;
        let stranger = story.organization("contoso").await;
        let known = fill(&story, &owner).await;

        let own = answers(&story, &owner, &known).await;
        let foreign = answers(&story, &stranger, &known).await;

        for (question, many) in &own {
            assert!(*many > 0, "{kind:?}: `{question}` finds nothing even for its owner, so it shows nothing here");
            assert_eq!(foreign[question], 0, "{kind:?}: `{question}` crosses");
        }
        let asked: BTreeSet<&str> = own.keys().copied().chain(CHANGES.iter().copied()).collect();
        let there = questions_in_the_source();
        let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
        assert_eq!(asked, there, "the story does not ask exactly the questions of the store");
    }
}

#[tokio::test]
async fn no_change_reaches_into_another_organization() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let owner = story.organization("northwind").await;
        let stranger = story.organization("contoso").await;
        let store = &story.app.store;
        let now = story.clock.now();
        let later = now.plus(Duration::seconds(60));
        let run = RunId::fresh();
        store.begin_run(&owner, run, "collect", now).await.unwrap();
        store.take_ledger_lease(&owner, "owner", 0, now, later).await.unwrap();
        store.take_target_lease(&owner, &target_lease("owner", later), now).await.unwrap();

        store.end_run(&stranger, run, ended(Vec::new(), json!(["forged"])), later).await.unwrap();
        store.interrupt_run(&stranger, run, later).await.unwrap();
        let marked = store.mark_interrupted_runs(&stranger, later).await.unwrap();
        store.take_ledger_lease(&stranger, "stranger", 0, now, later).await.unwrap();
        store.release_ledger_lease(&stranger, "owner").await.unwrap();
        store.take_target_lease(&stranger, &target_lease("stranger", later), now).await.unwrap();
        store.release_target_lease(&stranger, Source::Graph, "tenant.example", "owner").await.unwrap();

        let sealed = story.app.secret_key.seal("certificate", b"secret").unwrap();
        let certificate = store.add_certificate(&owner, "tenant.example", &sealed, now).await.unwrap();
        store.remove_certificate(&stranger, certificate).await.unwrap();
        assert_eq!(store.certificates(&owner).await.unwrap().len(), 1, "{kind:?}: a stranger removed a certificate");

        let forged = countersign::store::Run {
            id: run,
            cause: "forged".to_owned(),
            state: "ended".to_owned(),
            started_at: now,
            ended_at: Some(later),
            summary: json!(["forged"]),
        };
        let refused = store.take_over_run(&stranger, &forged).await;
        assert!(refused.is_err(), "{kind:?}: a run was given to another organization");
        let foreign = store.signing_keys(&owner).await.unwrap().remove(0);
        store.take_over_signing_key(&stranger, &foreign, None).await.unwrap();
        assert!(store.sealed_seed(&stranger, &foreign.public_key).await.unwrap().is_none(), "{kind:?}: a seed crossed");

        let kept = store.latest_runs(&owner, later, 1).await.unwrap().remove(0);
        assert_eq!((kept.state.as_str(), kept.ended_at, marked), ("running", None, 0), "{kind:?}: a run was ended");
        let taken = store.take_ledger_lease(&owner, "another", 0, now, later).await;
        assert!(taken.is_err(), "{kind:?}: a stranger gave the ledger away");
        let taken = store.take_target_lease(&owner, &target_lease("another", later), now).await;
        assert!(taken.is_err(), "{kind:?}: a stranger gave a target away");
    }
}

/// What changes something; told by the second story and by the ledger's.
pub const CHANGES: &[&str] = &[
    "add_certificate",
    "add_connection",
    "add_signing_key",
    "replace_connection",
    "begin_run",
    "end_run",
    "interrupt_run",
    "mark_interrupted_runs",
    "record_commit",
    "remove_certificate",
    "release_ledger_lease",
    "release_target_lease",
    "take_ledger_lease",
    "take_target_lease",
    "take_over_run",
    "take_over_signing_key",
    "take_over_states",
];

/// Every public function of the store that takes a scope.
pub fn questions_in_the_source() -> BTreeSet<String> {
    let function = regex::Regex::new(r"pub async fn (\w+)\(\s*&self,\s*_?scope: &OrgScope").unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            function.captures_iter(&text).map(|found| found[1].to_owned()).collect::<Vec<_>>()
        })
        .collect()
}

/// How many things each question finds for `scope`, asked with the first organization's ids.
async fn answers(story: &TestApp, scope: &OrgScope, known: &Known) -> BTreeMap<&'static str, usize> {
    let store = &story.app.store;
    let later = story.clock.now().plus(Duration::days(1));
    let framework = "hipaa-security".parse().unwrap();
    let checks = BTreeSet::from(["linux/root_login_refused".parse().unwrap()]);
    // Whoever knows another's versions cannot read them.
    let versions = store.matrix_versions(&known.owner, &framework).await.unwrap();
    let settings = store.settings(scope).await.unwrap();
    let organization = store.organization_of(scope).await.unwrap();
    let keys = store.signing_keys(scope).await.unwrap();
    let owns = |name: &str| name.contains(&known.owner.id().to_string());
    let public = &store.signing_keys(&known.owner).await.unwrap()[0].public_key;
    let first_tile = BTreeSet::from_iter(Tile::of(0, 0, 1));
    BTreeMap::from([
        // Every organization has settings and a key; what counts is whose.
        ("settings", usize::from(settings["slug"] == "northwind")),
        ("organization_of", usize::from(OrgScope::of(&organization).id() == known.owner.id())),
        ("signing_keys", keys.iter().filter(|key| owns(&key.name)).count()),
        ("sealed_seed", usize::from(store.sealed_seed(scope, public).await.unwrap().is_some())),
        ("sealed_secret", usize::from(store.sealed_secret(scope, known.secret).await.is_ok())),
        ("certificates", store.certificates(scope).await.unwrap().len()),
        ("connections", store.connections(scope).await.unwrap().len()),
        ("head", store.head(scope).await.unwrap().into_iter().count()),
        ("head_as_of", store.head_as_of(scope, Some(later)).await.unwrap().into_iter().count()),
        ("log_from", store.log_from(scope, 0).await.unwrap().len()),
        ("leaf_hashes", store.leaf_hashes(scope, 100).await.unwrap().len()),
        ("ledger_edge", usize::from(store.ledger_edge(scope, 1).await.is_ok())),
        ("ledger_tiles", usize::from(store.ledger_tiles(scope, 1, &first_tile).await.is_ok())),
        ("leaves", store.leaves(scope, 0, 100).await.unwrap().len()),
        ("leaves_of_kind", store.leaves_of_kind(scope, "evidence/1").await.unwrap().len()),
        ("leaves_that_say", store.leaves_that_say(scope, "evidence/1", "linux/passwd").await.unwrap().len()),
        ("checkpoint_of_size", store.checkpoint_of_size(scope, 1).await.unwrap().into_iter().count()),
        ("object_locations", store.object_locations(scope, &[Digest::of(BYTES)]).await.unwrap().len()),
        ("archives_holding", store.archives_holding(scope, &[Digest::of(BYTES)]).await.unwrap().len()),
        ("deleted_objects", store.deleted_objects(scope, &[Digest::of(GONE)]).await.unwrap().len()),
        ("deletions", store.deletions(scope).await.unwrap().len()),
        ("replaced_archives", store.replaced_archives(scope).await.unwrap().len()),
        ("present_archive", usize::from(store.present_archive(scope, "old.zip").await.unwrap() == "new.zip")),
        ("latest_evidence", store.latest_evidence(scope, later).await.unwrap().len()),
        ("evidence_of_run", store.evidence_of_run(scope, known.run).await.unwrap().len()),
        (
            "count_of_evidence_of_run",
            usize::try_from(store.count_of_evidence_of_run(scope, known.run).await.unwrap()).unwrap(),
        ),
        ("evidence_at", store.evidence_at(scope, &known.leaves).await.unwrap().len()),
        (
            "evidence_newest_first",
            store.evidence_newest_first(scope, &EvidenceFilter::default(), 10).await.unwrap().len(),
        ),
        ("first_head_over", store.first_head_over(scope, known.leaves[0]).await.unwrap().into_iter().count()),
        ("one_run", store.one_run(scope, known.run).await.unwrap().into_iter().count()),
        ("results_of_run", store.results_of_run(scope, known.run).await.unwrap().len()),
        (
            "status_history",
            store.status_history(scope, &framework, &"164.312(d)".parse().unwrap(), later, 10).await.unwrap().len(),
        ),
        ("latest_runs", store.latest_runs(scope, later, 10).await.unwrap().len()),
        ("target_leases", store.target_leases(scope).await.unwrap().len()),
        ("collector_states", store.collector_states(scope).await.unwrap().len()),
        ("latest_results", store.latest_results(scope, later).await.unwrap().len()),
        ("last_failures", store.last_failures(scope, &checks, later).await.unwrap().len()),
        ("late_results", store.late_results(scope, story.clock.now(), later).await.unwrap().len()),
        ("is_judged_after", usize::from(store.is_judged_after(scope, story.clock.now()).await.unwrap())),
        ("first_collected_at", store.first_collected_at(scope).await.unwrap().into_iter().count()),
        ("statuses_as_of", store.statuses_as_of(scope, &framework, later).await.unwrap().len()),
        ("gaps", store.gaps(scope).await.unwrap().len()),
        ("decisions", store.decisions(scope, story.clock.now()).await.unwrap().len()),
        ("gap_events_until", store.gap_events_until(scope, later).await.unwrap().len()),
        ("evidence_requests", store.evidence_requests(scope).await.unwrap().len()),
        ("reports", store.reports(scope, 10).await.unwrap().len()),
        ("matrix_events", store.matrix_events(scope, &framework, 1).await.unwrap().len()),
        ("matrix_version", store.matrix_version(scope, &framework, 1).await.unwrap().into_iter().count()),
        ("matrix_versions", store.matrix_versions(scope, &framework).await.unwrap().len()),
        ("matrix_among", store.matrix_among(scope, &versions, later).await.unwrap().into_iter().count()),
        ("rows_of", rows(store, scope, &[known.run]).await),
        ("runs_with_statuses", store.runs_with_statuses(scope).await.unwrap().len()),
        ("places_of_tiles", store.places_of_tiles(scope).await.unwrap().len()),
        ("matrix_as_of", store.matrix_as_of(scope, &framework, later).await.unwrap().into_iter().count()),
    ])
}

/// How many rows there are of every kind that is compared with the records; its owner has some of each, but for keys and
/// its own row, which everybody has.
async fn rows(store: &Store, scope: &OrgScope, runs: &[RunId]) -> usize {
    let objects = RowsOf::Objects { first: None, last: None, after: None, many: 10 };
    let mut kinds: Vec<RowsOf<'_>> = ByLeaf::ALL.iter().map(|table| RowsOf::Leaves(*table, None, None)).collect();
    kinds.extend([
        RowsOf::Statuses(runs),
        objects,
        RowsOf::Tiles(0, 0, 10),
        RowsOf::Gaps,
        RowsOf::Requests,
        RowsOf::Log,
    ]);
    let mut counts = Vec::new();
    for kind in kinds {
        counts.push(store.rows_of(scope, kind).await.unwrap().len());
    }
    for kind in [RowsOf::Keys, RowsOf::Organization] {
        assert_eq!(store.rows_of(scope, kind).await.unwrap().len(), 1, "{kind:?} shows another's");
    }
    // One of each or none at all, so that none of them crosses and none of them is empty in any case.
    let some = counts.iter().filter(|count| **count > 0).count();
    if some == counts.len() { some } else { counts.iter().sum() }
}

fn ended(states: Vec<CollectorState>, summary: serde_json::Value) -> RunEnd {
    RunEnd { state: RunState::Ended, states, summary }
}

fn target_lease(holder: &str, expires_at: Timestamp) -> TargetLease {
    TargetLease {
        source: Source::Graph,
        target: "tenant.example".to_owned(),
        holder: holder.to_owned(),
        who: "a story".to_owned(),
        taken_at: expires_at,
        expires_at,
    }
}

/// Gives an organization one of everything.
async fn fill(story: &TestApp, scope: &OrgScope) -> Known {
    let store = &story.app.store;
    let now = story.clock.now();
    let run = RunId::fresh();
    let gap = gap(story);
    let sealed = story.app.secret_key.seal("tenant", b"secret").unwrap();
    let connection = NewConnection {
        source: Source::Graph,
        target: "tenant.example".to_owned(),
        settings: json!({}),
        secret: Some(sealed),
    };
    store.add_connection(scope, &connection, now).await.unwrap();
    let certificate = story.app.secret_key.seal("certificate", b"secret").unwrap();
    store.add_certificate(scope, "tenant.example", &certificate, now).await.unwrap();
    let secret = store.connections(scope).await.unwrap().remove(0).secret.unwrap();
    store.begin_run(scope, run, "collect", now).await.unwrap();
    let raw = evidence("linux/passwd", &story.clock, BYTES);
    let outline = raw.clone();
    let entrant = records::evidence(scope, run, raw).unwrap();
    let committed = commit(&story.app, scope, vec![entrant], |committed| {
        let mut rows = judged(story, run, &gap);
        rows.evidence = index_rows(run, std::slice::from_ref(&outline), committed);
        rows
    });
    let committed = committed.await.unwrap();
    let state = CollectorState {
        source: Source::Host,
        target: "files.example".to_owned(),
        dataset: "linux/passwd".parse().unwrap(),
        last_started_at: now,
        last_outcome: CollectionOutcome::Complete,
        last_seen_at: Some(now),
    };
    store.end_run(scope, run, ended(vec![state], json!([])), now).await.unwrap();
    store.take_target_lease(scope, &target_lease("owner", now), now).await.unwrap();
    // Enough for a full tile.
    let many = (0..256_u32).map(|number| evidence("linux/passwd", &story.clock, &number.to_be_bytes())).collect();
    story.seal(scope, RunId::fresh(), many).await.unwrap();
    let leaves = committed.admitted.iter().map(|one| one.leaf).collect();
    Known { owner: *scope, run, leaves, secret }
}

fn gap(story: &TestApp) -> Gap {
    let now = story.clock.now();
    Gap {
        id: GapId::fresh(),
        check: "linux/root_login_refused".parse().unwrap(),
        target: "files.example".to_owned(),
        title: "Root may sign in".to_owned(),
        severity: "high".to_owned(),
        state: GapState::Open,
        party: Party::Provider,
        because: "PermitRootLogin is yes".to_owned(),
        remediation: "Set it to no".to_owned(),
        resources: vec!["sshd".to_owned()],
        controls: Vec::new(),
        opened_at: now,
        last_seen_at: now,
        closed_at: None,
        reopened: 0,
        evidence: vec![0],
    }
}

/// One result, status, gap, request, matrix and report.
fn judged(story: &TestApp, run: RunId, gap: &Gap) -> IndexRows {
    let now = story.clock.now();
    let framework: countersign::model::id::FrameworkId = "hipaa-security".parse().unwrap();
    let result = CheckResult {
        check: gap.check.clone(),
        version: Digest::of(b"rule"),
        target: gap.target.clone(),
        outcome: FindingOutcome::Fail,
        because: gap.because.clone(),
        resources: Vec::new(),
        evidence: vec![0],
    };
    let event = GapEvent { gap: gap.id, kind: "opened".to_owned(), body: json!({}), at: now, leaf: 0 };
    let matrix = ResponsibilityMatrix {
        format: ResponsibilityMatrix::FORMAT.to_owned(),
        framework: framework.clone(),
        version: 1,
        model: EngagementModel::CoManaged,
        effective_from: None,
        effective_until: None,
        rows: Vec::new(),
    };
    IndexRows {
        evidence: Vec::new(),
        organization: Vec::new(),
        disconnected: Vec::new(),
        // A little later than what it read was collected.
        results: vec![JudgedResult { run, judged_at: now.plus(Duration::seconds(1)), recorded_leaf: 0, result }],
        statuses: vec![StatusChange {
            framework: framework.clone(),
            control: "164.312(d)".parse().unwrap(),
            run,
            state: ControlState::NotMet,
            because: gap.because.clone(),
            valid_from: Some(now),
            recorded_at: now,
        }],
        gaps: vec![GapWrite { gap: gap.clone(), event: Some(event) }],
        requests: vec![EvidenceRequest {
            id: RequestId::fresh(),
            framework: framework.clone(),
            control: "164.310(b)".parse().unwrap(),
            party: Party::Internal,
            asks_for: "the policy".to_owned(),
            opened_at: now,
            closed_at: None,
        }],
        matrices: vec![MatrixVersion { matrix, digest: Digest::of(b"matrix"), created_at: now, leaf: 0 }],
        matrix_events: vec![MatrixEvent {
            framework: framework.clone(),
            version: 1,
            sequence: 0,
            state: MatrixState::ProposedByTemplate,
            by: json!({ "name": "the product" }),
            at: now,
            leaf: 0,
        }],
        decisions: vec![DecisionRow {
            leaf: 0,
            kind: "person".to_owned(),
            subject: "sam.example".to_owned(),
            statement: json!({}),
            at: now,
        }],
        reports: vec![ReportRow {
            id: ReportId::fresh(),
            kind: "readiness".to_owned(),
            framework: Some(framework),
            as_of: now,
            path: "/reports/readiness.html".to_owned(),
            sha256: Digest::of(b"report"),
            leaf: 0,
            created_at: now,
        }],
        deletions: vec![DeletionRow {
            leaf: 0,
            deleted_at: now,
            objects: vec![Digest::of(GONE)],
            archives: vec![NewReplacement {
                archive: "old.zip".to_owned(),
                replacement: "new.zip".to_owned(),
                replacement_digest: Digest::of(b"new"),
                replacement_size: 3,
            }],
        }],
    }
}
