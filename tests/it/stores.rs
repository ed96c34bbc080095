//! One story of the store, told to SQLite and PostgreSQL alike: what it keeps, what it refuses, who sees what.

mod ledger;
mod refusals;
pub mod scopes;
mod target_leases;
mod tiles;

use std::collections::BTreeSet;

use chrono::Duration;
use countersign::config::secret_key::SecretKey;
use countersign::model::evidence::Source;
use countersign::model::id::RunId;
use countersign::model::time::{Clock, Timestamp};
use countersign::store::{NewConnection, RunEnd, RunState, StoreFault};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::support::{Kind, TestApp, databases, evidence};

#[tokio::test]
async fn an_installation_refuses_to_start_with_another_key() {
    for database in databases().await {
        let kind = database.kind;
        let stopped = TestApp::without_catalog(database).await.stop().await;
        let file = stopped.database.folder.path().join("secret.key");
        std::fs::rename(&file, file.with_extension("kept")).unwrap();
        let other = SecretKey::create(&file).unwrap();

        let fault = stopped.try_start().await.err().expect("another key was accepted");

        let told = std::error::Error::source(&fault).unwrap().to_string();
        assert!(told.contains(other.id()) && told.contains("secret_key_file"), "{kind:?}: {told}");
        std::fs::rename(file.with_extension("kept"), &file).unwrap();
        assert!(stopped.try_start().await.is_ok(), "{kind:?}: its own key was refused");
    }
}

#[tokio::test]
async fn a_second_organization_of_the_same_name_is_refused_and_leaves_nothing() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        story.organization("northwind").await;

        let fault = story.try_organization("northwind").await.unwrap_err();

        assert!(matches!(fault, StoreFault::OrganizationExists(name) if name == "northwind"), "{kind:?}");
        let raw = story.database.raw().await;
        for table in ["organization", "signing_key", "secret"] {
            let count = format!("SELECT COUNT(*) AS many FROM {table}");
            let row = raw.query_one_raw(Statement::from_string(raw.get_database_backend(), count)).await;
            let many: i64 = row.unwrap().unwrap().try_get("", "many").unwrap();
            assert_eq!(many, 1, "{kind:?}: {table}");
        }
    }
}

#[tokio::test]
async fn a_kept_secret_cannot_be_read_from_the_database() {
    const SECRET: &[u8] = b"client-secret-of-the-fictional-tenant";
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        let sealed = story.app.secret_key.seal("tenant", SECRET).unwrap();
        let new = NewConnection {
            source: Source::Graph,
            target: "tenant.example".to_owned(),
            settings: json!({ "client_id": "known to anyone" }),
            secret: Some(sealed),
        };
        story.app.store.add_connection(&scope, &new, story.clock.now()).await.unwrap();

        let everything = contents(&story).await;

        assert!(contains(&everything, b"known to anyone"), "{kind:?}: the search finds nothing at all");
        for form in [SECRET.to_vec(), hex::encode(SECRET).into_bytes(), hex::encode_upper(SECRET).into_bytes()] {
            assert!(!contains(&everything, &form), "{kind:?}: the secret stands in the database");
        }
        let connection = story.app.store.connections(&scope).await.unwrap().remove(0);
        let kept = story.app.store.sealed_secret(&scope, connection.secret.unwrap()).await.unwrap();
        assert_eq!(story.app.secret_key.open("tenant", &kept).unwrap().as_slice(), SECRET);
        let elsewhere = tempfile::tempdir().unwrap();
        let other = SecretKey::create(&elsewhere.path().join("other.key")).unwrap();
        assert!(other.open("tenant", &kept).is_err(), "{kind:?}: another key opened it");
        let again = story.app.store.add_connection(&scope, &new, story.clock.now()).await;
        assert!(matches!(again, Err(StoreFault::ConnectionExists { .. })), "{kind:?}: connected twice");
    }
}

/// Every byte the database keeps: the SQLite files, or every row of every PostgreSQL table as text.
async fn contents(story: &TestApp) -> Vec<u8> {
    let mut all = Vec::new();
    if story.database.kind == Kind::Sqlite {
        for file in std::fs::read_dir(story.database.folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
            if file.file_name().unwrap().to_string_lossy().starts_with("countersign.db") {
                all.extend(std::fs::read(file).unwrap());
            }
        }
        return all;
    }
    let raw = story.database.raw().await;
    let ask = |sql: String| {
        let raw = raw.clone();
        async move { raw.query_all_raw(Statement::from_string(raw.get_database_backend(), sql)).await.unwrap() }
    };
    for table in ask("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'".to_owned()).await {
        let name: String = table.try_get("", "name").unwrap();
        for row in ask(format!("SELECT t::text AS line FROM \"{name}\" t")).await {
            all.extend(row.try_get::<String>("", "line").unwrap().into_bytes());
        }
    }
    all
}

fn contains(all: &[u8], wanted: &[u8]) -> bool {
    all.windows(wanted.len()).any(|window| window == wanted)
}

#[tokio::test]
async fn times_ids_and_json_come_back_equal() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        let store = &story.app.store;
        let at: Timestamp = "2026-03-08T02:30:00.123457Z".parse().unwrap();
        let run = RunId::fresh();
        store.begin_run(&scope, run, "collect", at).await.unwrap();
        let summary = json!([{
            "text": "Prüfung \u{202e} \u{0001} 'quoted' \"twice\" 💾", "empty": {}, "list": [null, true, -1, 0],
            "largest": 9_007_199_254_740_991_u64, "smallest": -9_007_199_254_740_991_i64, "z": 1, "a": 2,
        }]);
        let ended = at.plus(Duration::microseconds(1));
        store
            .end_run(
                &scope,
                run,
                RunEnd { state: RunState::Ended, states: Vec::new(), summary: summary.clone() },
                ended,
            )
            .await
            .unwrap();

        let kept = store.latest_runs(&scope, ended, 10).await.unwrap().remove(0);

        assert_eq!(kept.id, run, "{kind:?}");
        assert_eq!((kept.started_at, kept.ended_at), (at, Some(ended)), "{kind:?}");
        assert_eq!(kept.summary, summary, "{kind:?}");
        let before = at.plus(Duration::microseconds(-1));
        assert!(
            store.latest_runs(&scope, before, 10).await.unwrap().is_empty(),
            "{kind:?}: a run seen before it began"
        );
        assert_eq!(store.latest_runs(&scope, at, 10).await.unwrap().len(), 1, "{kind:?}: not seen when it began");

        story.clock.set(at);
        story.seal(&scope, run, vec![evidence("linux/passwd", &story.clock, b"root")]).await.unwrap();
        let row = store.evidence_of_run(&scope, run).await.unwrap().remove(0);
        assert_eq!(row.sealed.collected_at, at, "{kind:?}");
    }
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    for database in databases().await {
        let store = database.open().await;
        store.migrate().await.unwrap();
        let first = tables(&database).await;
        store.migrate().await.unwrap();
        assert_eq!(tables(&database).await, first, "{:?}", database.kind);
        assert!(first.contains("ledger_leaf"), "{first:?}");
    }
}

/// Names of all tables.
async fn tables(database: &crate::support::Database) -> BTreeSet<String> {
    let sql = match database.kind {
        Kind::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Kind::Postgres => "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    };
    let raw = database.raw().await;
    let rows = raw.query_all_raw(Statement::from_string(raw.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}
