//! A proof is checked before it is handed out: a database that was edited gives none.

use countersign::model::id::RunId;
use countersign::pipeline::proofs::{self, ProofFault, Since};
use sea_orm::{ConnectionTrait, DbBackend};

use crate::support::{TestApp, databases, evidence};

#[tokio::test]
async fn an_edited_record_or_hash_is_never_proved() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        for bytes in [b"first", b"other"] {
            let all = vec![evidence("linux/passwd", &story.clock, bytes)];
            story.seal(&scope, RunId::fresh(), all).await.unwrap();
        }
        proofs::inclusion(&story.app, &scope, 0, None).await.unwrap();
        proofs::consistency(&story.app, &scope, &Since::Size(1), None).await.unwrap();
        let raw = story.database.raw().await;
        let unguard = match raw.get_database_backend() {
            DbBackend::Sqlite => "DROP TRIGGER ledger_leaf_no_update",
            _ => "ALTER TABLE ledger_leaf DISABLE TRIGGER ALL",
        };
        raw.execute_unprepared(unguard).await.unwrap();

        let edit = "UPDATE ledger_leaf SET body = replace(body, 'complete', 'failed') WHERE leaf = 0";
        raw.execute_unprepared(edit).await.unwrap();
        let refused = proofs::inclusion(&story.app, &scope, 0, None).await;
        assert!(matches!(refused, Err(ProofFault::Altered { .. })), "{kind:?}: {refused:?}");
        proofs::inclusion(&story.app, &scope, 1, None).await.unwrap_or_else(|fault| panic!("{kind:?}: {fault}"));

        let swap = "UPDATE ledger_leaf SET hash = (SELECT other.hash FROM ledger_leaf other WHERE other.leaf = 1) \
                    WHERE leaf = 0";
        raw.execute_unprepared(swap).await.unwrap();
        let refused = proofs::consistency(&story.app, &scope, &Since::Size(1), None).await;
        assert!(matches!(refused, Err(ProofFault::Altered { .. })), "{kind:?}: {refused:?}");
    }
}
