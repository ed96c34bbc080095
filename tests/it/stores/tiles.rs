//! The ledger's tree is kept in tiles: they are always enough to append and to prove, and make themselves where missing.

use std::collections::BTreeSet;

use countersign::model::id::RunId;
use countersign::store::{OrgScope, Store, StoreFault};
use countersign_seal::digest::Digest;
use countersign_seal::ledger::{Tree, verify_consistency, verify_inclusion};
use countersign_seal::tiles::{Tile, plan};
use sea_orm::{ConnectionTrait, DbBackend};

use crate::support::{TestApp, databases, evidence};

/// Seals so many records, some in each commit, so that tiles fill up within commits and between them.
async fn grow(story: &TestApp, scope: &OrgScope, commits: u32, each: u32) {
    for commit in 0..commits {
        let one = |number: u32| {
            let bytes = format!("{commit} {number}");
            evidence("linux/passwd", &story.clock, bytes.as_bytes())
        };
        story.seal(scope, RunId::fresh(), (0..each).map(one).collect()).await.unwrap();
    }
}

async fn proves_like_the_whole_tree(store: &Store, scope: &OrgScope, size: u64) -> usize {
    let whole = Tree::from_leaves(&store.leaf_hashes(scope, size).await.unwrap());
    assert_eq!(store.ledger_edge(scope, size).await.unwrap().root(), whole.root());
    let mut asked = BTreeSet::new();
    for leaf in [0, 1, size / 3, size / 2, size - 1] {
        let wanted = plan(size, |nodes| nodes.inclusion(leaf, size)).unwrap();
        let tiles = store.ledger_tiles(scope, size, &wanted).await.unwrap();
        let path = countersign_seal::ledger::Nodes::inclusion(&tiles, leaf, size).unwrap();
        assert_eq!(path, whole.inclusion(leaf, size).unwrap());
        assert!(verify_inclusion(&whole.leaf(leaf).unwrap(), leaf, size, &path, &whole.root()));
        asked.extend(wanted);
    }
    for old in [1, 255, 256, 257, size / 2, size - 1] {
        let wanted = plan(size, |nodes| nodes.consistency(old, size)).unwrap();
        let tiles = store.ledger_tiles(scope, size, &wanted).await.unwrap();
        let path = countersign_seal::ledger::Nodes::consistency(&tiles, old, size).unwrap();
        assert!(verify_consistency(old, size, &whole.root_at(old).unwrap(), &whole.root(), &path));
    }
    asked.iter().filter(|tile| tile.is_full()).count()
}

#[tokio::test]
async fn proofs_from_tiles_are_those_of_the_whole_tree() {
    for database in databases().await {
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        grow(&story, &scope, 7, 100).await;
        let full = proves_like_the_whole_tree(&story.app.store, &scope, 700).await;
        assert!(full >= 2, "{:?}: tiles were never full, so nothing was shown", story.database.kind);
        // An older tree, of which a tile was not full then.
        proves_like_the_whole_tree(&story.app.store, &scope, 300).await;
    }
}

#[tokio::test]
async fn a_ledger_begun_before_there_were_tiles_gets_them_when_it_goes_on() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        grow(&story, &scope, 6, 100).await;
        remove_tiles(&story).await;

        grow(&story, &scope, 1, 3).await;

        assert!(proves_like_the_whole_tree(&story.app.store, &scope, 603).await >= 2, "{kind:?}");
    }
}

#[tokio::test]
async fn leaves_that_do_not_lead_to_the_signed_head_are_never_taken_for_a_ledger() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        grow(&story, &scope, 3, 100).await;
        remove_tiles(&story).await;
        let raw = story.database.raw().await;
        let unguard = match raw.get_database_backend() {
            DbBackend::Sqlite => "DROP TRIGGER ledger_leaf_no_update",
            _ => "ALTER TABLE ledger_leaf DISABLE TRIGGER ALL",
        };
        raw.execute_unprepared(unguard).await.unwrap();
        let forged = hex::encode(Digest::of(b"forged").as_bytes());
        let forge = match raw.get_database_backend() {
            DbBackend::Sqlite => format!("UPDATE ledger_leaf SET hash = x'{forged}' WHERE leaf = 7"),
            _ => format!("UPDATE ledger_leaf SET hash = '\\x{forged}' WHERE leaf = 7"),
        };
        raw.execute_unprepared(&forge).await.unwrap();

        let all = vec![evidence("linux/passwd", &story.clock, b"more")];
        let fault = story.seal(&scope, RunId::fresh(), all).await.unwrap_err();

        assert!(fault.to_string().contains("countersign verify"), "{kind:?}: {fault}");
    }
}

#[tokio::test]
async fn a_tile_that_is_not_there_is_an_error_and_not_a_wrong_proof() {
    for database in databases().await {
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        grow(&story, &scope, 1, 3).await;
        let beyond = BTreeSet::from_iter(Tile::of(0, 5, 2000));
        let fault = story.app.store.ledger_tiles(&scope, 2000, &beyond).await.unwrap_err();
        assert!(matches!(fault, StoreFault::Unreadable { .. }), "{fault}");
    }
}

async fn remove_tiles(story: &TestApp) {
    let raw = story.database.raw().await;
    let unguard = match raw.get_database_backend() {
        DbBackend::Sqlite => "DROP TRIGGER ledger_tile_no_delete",
        _ => "ALTER TABLE ledger_tile DISABLE TRIGGER ALL",
    };
    for statement in [unguard, "DELETE FROM ledger_tile"] {
        raw.execute_unprepared(statement).await.unwrap();
    }
}
