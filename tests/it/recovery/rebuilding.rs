//! The vault alone brings back everything that is evidence.

use std::path::PathBuf;
use std::sync::Arc;

use countersign::model::time::Clock;
use countersign::pipeline::audit;
use countersign::pipeline::commit::commit;
use countersign::pipeline::fault::CommitFault;
use countersign::recovery::rebuild::{Existing, Rebuilt, rebuild};
use countersign::recovery::{Outcome, RecoveryFault};
use countersign::store::{IndexRows, InstanceScope, TABLES};
use countersign_seal::verify::Verdict;

use super::{answers, three_days, verdict};
use sea_orm::ConnectionTrait;

use crate::support::app::{EMBEDDED, Stopped, settings};
use crate::support::{Kind, databases, evidence};

async fn rebuilt(stopped: &Stopped, existing: Existing) -> Result<Outcome<Rebuilt>, RecoveryFault> {
    let (data, config) = settings(&stopped.database);
    rebuild(data, config, Arc::clone(&EMBEDDED), Arc::clone(&stopped.clock) as Arc<dyn Clock>, existing).await
}

fn done(outcome: Outcome<Rebuilt>) -> Rebuilt {
    match outcome {
        Outcome::Done(done) => done,
        Outcome::Altered(report) => panic!("{report:#?}"),
    }
}

fn whats(done: &Rebuilt) -> Vec<&'static str> {
    done.not_restored.iter().map(|loss| loss.what).collect()
}

#[tokio::test]
async fn a_database_made_from_the_vault_answers_every_question_as_the_lost_one_did() {
    for database in databases().await {
        let kind = database.kind;
        let story = three_days(database).await;
        let before = answers::of(&story.app.app, &story.organization).await;
        let written = answers::reports_without_place(&story.app.app, &story.organization).await;
        let story = story.stop().await;
        story.stopped.database.lose().await;

        let done = done(rebuilt(&story.stopped, Existing::Refuse).await.unwrap());

        let lost = ["installation_id", "connections", "run_causes", "report_paths"];
        assert_eq!(whats(&done), lost, "{kind:?}");
        let connections = done.not_restored.iter().find(|loss| loss.what == "connections").unwrap();
        assert!(connections.message.contains(story.tenant.tenant_id()), "{kind:?}: {}", connections.message);
        let story = story.start().await;
        let all = story.app.app.store.organizations(InstanceScope::of_this_installation()).await.unwrap();
        assert_eq!(all, std::slice::from_ref(&story.organization), "{kind:?}");
        let after = answers::of(&story.app.app, &story.organization).await;
        answers::same(
            &before,
            &after,
            &["connections", "sealed_secret", "latest_runs", "one_run", "reports"],
            &format!("{kind:?}"),
        );
        assert_eq!(answers::reports_without_place(&story.app.app, &story.organization).await, written, "{kind:?}");
        let differs = audit::compare(&story.app.app, &story.organization).await.unwrap();
        assert_eq!(differs, vec![], "{kind:?}");
        let runs = story.app.app.store.latest_runs(&story.scope, story.app.clock.now(), 10).await.unwrap();
        assert_eq!(runs.len(), 3, "{kind:?}: a run is missing");

        // The ledger goes on, signed by the same key.
        let head = story.app.app.store.head(&story.scope).await.unwrap().unwrap();
        story.connect().await;
        story.next_day().await;
        let grown = story.app.app.store.head(&story.scope).await.unwrap().unwrap();
        assert_eq!(grown.sequence, head.sequence + 2, "{kind:?}");
        assert_eq!(verdict(&story.app.vault_folder()), Verdict::InternallyConsistent, "{kind:?}");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn without_its_seed_a_ledger_can_be_read_and_verified_but_not_continued() {
    for database in databases().await {
        let kind = database.kind;
        let story = three_days(database).await;
        let before = answers::of(&story.app.app, &story.organization).await;
        let story = story.stop().await;
        story.stopped.database.lose().await;
        let keys = story.stopped.database.folder.path().join("keys");
        let aside = keys.with_file_name("keys-aside");
        std::fs::rename(&keys, &aside).unwrap();

        let done = done(rebuilt(&story.stopped, Existing::Refuse).await.unwrap());

        let seed = done.not_restored.iter().find(|loss| loss.what == "signing_seed").unwrap();
        assert!(seed.message.contains("not continued") && seed.message.contains("keys/"), "{kind:?}: {}", seed.message);
        let story = story.start().await;
        let after = answers::of(&story.app.app, &story.organization).await;
        for question in ["leaves", "gaps", "statuses_as_of", "head"] {
            assert_eq!(before[question], after[question], "{kind:?}: {question}");
        }
        assert_eq!(verdict(&story.app.vault_folder()), Verdict::InternallyConsistent, "{kind:?}");
        let seal = async || {
            let raw = evidence("linux/passwd", &story.app.clock, b"root");
            let run = countersign::model::id::RunId::fresh();
            let entrant = countersign::pipeline::records::evidence(&story.scope, run, raw).unwrap();
            commit(&story.app.app, &story.scope, vec![entrant], |_| IndexRows::default()).await
        };
        let refused: CommitFault = seal().await.unwrap_err();
        assert!(refused.to_string().contains("not continued"), "{kind:?}: {refused}");
        std::fs::rename(&aside, &keys).unwrap();
        seal().await.unwrap_or_else(|fault| panic!("{kind:?}: the seed is back and does not help: {fault}"));
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn a_database_that_is_there_is_never_written_over() {
    for database in databases().await {
        let kind = database.kind;
        let story = three_days(database).await.stop().await;
        let refused = rebuilt(&story.stopped, Existing::Refuse).await.unwrap_err();
        if kind == Kind::Postgres {
            assert!(matches!(refused, RecoveryFault::PostgresInUse), "{refused}");
            let refused = rebuilt(&story.stopped, Existing::Keep).await.unwrap_err();
            assert!(matches!(refused, RecoveryFault::PostgresInUse), "{refused}");
        } else {
            assert!(matches!(&refused, RecoveryFault::DatabaseThere(_)), "{refused}");
            let bytes = std::fs::read(story.stopped.database.file()).unwrap();
            let done = done(rebuilt(&story.stopped, Existing::Keep).await.unwrap());
            let kept: PathBuf = done.kept.unwrap();
            assert_eq!(std::fs::read(kept).unwrap(), bytes, "the old database is not what it was");
        }
        let story = story.start().await;
        assert!(!story.app.app.store.gaps(&story.scope).await.unwrap().is_empty(), "{kind:?}");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn what_a_rebuilding_that_was_cut_off_has_left_is_no_obstacle() {
    for database in databases().await {
        let kind = database.kind;
        let story = three_days(database).await;
        // Everything but the installation's own row, which comes last.
        let raw = story.app.database.raw().await;
        raw.execute_unprepared("DELETE FROM instance").await.unwrap();
        raw.close().await.unwrap();
        let story = story.stop().await;

        let outcome = rebuilt(&story.stopped, Existing::Keep).await;

        let done = done(outcome.unwrap_or_else(|fault| panic!("{kind:?}: {fault}")));
        assert_eq!(done.organizations.len(), 1, "{kind:?}");
        let story = story.start().await;
        assert!(!story.app.app.store.gaps(&story.scope).await.unwrap().is_empty(), "{kind:?}");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn an_altered_vault_makes_no_database() {
    for database in databases().await {
        let kind = database.kind;
        let story = three_days(database).await;
        let archives = story.app.vault_folder().join(story.organization.id.to_string()).join("archives");
        let story = story.stop().await;
        story.stopped.database.lose().await;
        let archive = crate::support::command::entries(&archives).remove(1);
        crate::support::command::damage(&archive);

        let outcome = rebuilt(&story.stopped, Existing::Refuse).await.unwrap();

        assert!(matches!(outcome, Outcome::Altered(_)), "{kind:?}");
        if kind == Kind::Sqlite {
            let left = crate::support::command::entries(story.stopped.database.folder.path());
            let left: Vec<_> = left.iter().filter(|path| path.to_string_lossy().contains("countersign.db")).collect();
            assert!(left.is_empty(), "{left:?}");
        } else {
            let store = story.stopped.database.open().await;
            assert!(store.table_names().await.unwrap().is_empty(), "tables were made");
            store.close().await.unwrap();
        }
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn every_table_of_the_schema_says_from_where_it_comes_back() {
    for database in databases().await {
        let store = database.open().await;
        store.migrate().await.unwrap();
        let mut listed: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
        listed.sort_unstable();
        assert_eq!(store.table_names().await.unwrap(), listed, "add the table to src/store/tables.rs");
        assert!(store.is_unused().await.unwrap(), "{:?}", database.kind);
        store.close().await.unwrap();
    }
}
