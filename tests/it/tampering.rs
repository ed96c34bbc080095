//! Somebody who can write to the database changes what pages, reports and packages are made from: it is seen, and named.
//!
//! What is changed, and which words name it, is the table in [`changes`]; what the whole command says is in [`commands`].

mod changes;
mod commands;

use chrono::Duration;
use countersign::deliver::reports;
use countersign::model::id::RunId;
use countersign::model::responsibility::Party;
use countersign::model::time::Clock;
use countersign::pipeline::deletion::select::Limits;
use countersign::pipeline::deletion::{self, DeletionRequest};
use countersign::pipeline::retention::Person;
use countersign::pipeline::{audit, keys};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use crate::support::story::Story;
use crate::support::{Database, databases, evidence};
use changes::{CHANGES, Change};

/// Tables that refuse to be changed until their triggers are gone.
const GUARDED: &[&str] = &[
    "signing_key",
    "ledger_log",
    "ledger_leaf",
    "ledger_tile",
    "stored_object",
    "deleted_object",
    "replaced_archive",
    "evidence",
    "check_result",
    "control_status",
    "responsibility_version",
    "responsibility_event",
    "decision",
    "gap_event",
    "report",
];

/// An installation that has one of everything: gaps opened, closed and reopened, requests, a report, a rotated key, an
/// object that was deleted, and enough records for a full tile.
async fn everything(database: Database) -> Story {
    let story = Story::begin(database).await;
    let seal = async |bytes: &[u8]| {
        let all = vec![evidence("linux/sshd_config", &story.app.clock, bytes)];
        story.app.seal(&story.scope, RunId::fresh(), all).await.unwrap();
    };
    seal(b"canary").await;
    let first_day = story.app.clock.now();
    story.app.clock.advance(Duration::days(40));
    seal(b"a younger one").await;
    let many = (0..256).map(|number| evidence("linux/passwd", &story.app.clock, format!("{number}").as_bytes()));
    story.app.seal(&story.scope, RunId::fresh(), many.collect()).await.unwrap();
    story.collect().await;
    story.may_register_apps(false);
    story.next_day().await;
    story.may_register_apps(true);
    story.next_day().await;
    story.decide().await;
    story.agree().await;
    let (app, organization) = (&story.app.app, &story.organization);
    reports::write(app, organization, &organization.frameworks[0], story.app.clock.now(), None).await.unwrap();
    keys::rotate(app, organization).await.unwrap();
    let request = DeletionRequest {
        limits: Limits {
            before: first_day.plus(Duration::days(1)),
            dataset: Some("linux/sshd_config".parse().unwrap()),
        },
        basis: "asked for by the client".to_owned(),
        by: Person { name: "Jordan Example".to_owned(), party: Some(Party::Provider) },
        shorter_than_the_law: Some("a court ordered it".to_owned()),
        status_dates: None,
    };
    let report = deletion::delete(app, organization, &request).await.unwrap();
    assert_eq!(report.selection.records, 1, "nothing was deleted");
    story
}

async fn differences(story: &Story) -> Vec<String> {
    let found = audit::compare(&story.app.app, &story.organization).await.unwrap();
    found
        .iter()
        .map(|one| format!("{}: sealed {}, in the database {}", one.place, one.sealed, one.in_database))
        .collect()
}

async fn run(raw: &DatabaseConnection, statement: &str) -> u64 {
    let done = raw.execute_unprepared(statement).await;
    done.unwrap_or_else(|fault| panic!("{statement}: {fault}")).rows_affected()
}

async fn drop_the_guards(raw: &DatabaseConnection) {
    for table in GUARDED {
        if raw.get_database_backend() == DbBackend::Sqlite {
            for guard in ["update", "delete", "replace"] {
                run(raw, &format!("DROP TRIGGER {table}_no_{guard}")).await;
            }
        } else {
            run(raw, &format!("ALTER TABLE {table} DISABLE TRIGGER ALL")).await;
        }
    }
}

/// Makes one change, sees what is told of it, and takes it back.
async fn seen(story: &Story, raw: &DatabaseConnection, change: &Change) -> Vec<String> {
    let table = change.table;
    run(raw, &format!("CREATE TABLE kept AS SELECT * FROM {table}")).await;
    let changed = run(raw, &change.statement(raw.get_database_backend())).await;
    assert!(changed > 0, "{}: nothing was changed", change.name);
    let found = differences(story).await;
    for back in [
        format!("DELETE FROM {table}"),
        format!("INSERT INTO {table} SELECT * FROM kept"),
        "DROP TABLE kept".to_owned(),
    ] {
        run(raw, &back).await;
    }
    found
}

#[test]
fn whatever_is_changed_in_the_database_is_found_and_named() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Side by side, for there are many changes.
    std::thread::scope(|threads| {
        for database in runtime().block_on(databases()) {
            threads.spawn(move || runtime().block_on(every_change(database)));
        }
    });
}

async fn every_change(database: Database) {
    let kind = database.kind;
    let story = everything(database).await;
    assert_eq!(differences(&story).await, Vec::<String>::new(), "{kind:?}: nobody changed anything");
    let raw = story.app.database.raw().await;
    drop_the_guards(&raw).await;
    let mut missed = Vec::new();
    for change in CHANGES {
        let found = seen(&story, &raw, change).await;
        if !found.iter().any(|told| change.words.iter().all(|word| told.contains(word))) {
            missed.push(format!("{}: {found:#?}", change.name));
        }
    }
    assert!(missed.is_empty(), "{kind:?}: {} not seen, or not named:\n{}", missed.len(), missed.join("\n"));
    assert_eq!(differences(&story).await, Vec::<String>::new(), "{kind:?}: a change was not taken back");
    story.tenant.shutdown().await;
}
