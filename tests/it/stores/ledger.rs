//! Committing to the ledger: what is there afterwards, what is kept once, and what survives a lost transaction.

use std::sync::Arc;

use chrono::Duration;
use countersign::model::id::RunId;
use countersign::model::time::Clock;
use countersign::pipeline::roll_forward::roll_forward;
use countersign::pipeline::{commit, objects};
use countersign::store::StoreFault;
use countersign_seal::digest::Digest;
use countersign_seal::ledger::{leaf_hash, root};
use countersign_seal::note;

use crate::support::{TestApp, databases, evidence};

#[tokio::test]
async fn committed_evidence_can_be_found_by_leaf_run_head_and_bytes() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        let store = &story.app.store;
        assert!(store.head(&scope).await.unwrap().is_none(), "{kind:?}: a head before the first commit");
        let run = RunId::fresh();
        let all = vec![
            evidence("linux/passwd", &story.clock, b"root:x:0:0"),
            evidence("linux/kernel_settings", &story.clock, b"net.ipv4.ip_forward = 0"),
        ];

        let committed = story.seal(&scope, run, all).await.unwrap();

        assert_eq!(committed.admitted.len(), 2, "{kind:?}");
        let head = store.head(&scope).await.unwrap().unwrap();
        assert_eq!((head.size, head.sequence), (2, committed.sequence), "{kind:?}");
        let leaves = store.leaves(&scope, 0, 10).await.unwrap();
        let hashes: Vec<Digest> = leaves.iter().map(|leaf| leaf_hash(leaf.body.as_bytes())).collect();
        assert_eq!(store.leaf_hashes(&scope, 2).await.unwrap(), hashes, "{kind:?}: hashes are not of the bodies");
        assert_eq!(root(&hashes), head.root, "{kind:?}: the head is not the root of the leaves");
        let key = story.app.verifying_key(&scope).await.unwrap();
        assert_eq!(note::open(&head.checkpoint, &key).unwrap().checkpoint.root, head.root, "{kind:?}");
        let rows = store.evidence_of_run(&scope, run).await.unwrap();
        for (row, admitted) in rows.iter().zip(sorted(committed.admitted.clone())) {
            assert_eq!((row.sealed.leaf, row.sealed.record_hash), (admitted.leaf, admitted.record_hash), "{kind:?}");
            assert_eq!(row.sealed.artifacts, admitted.artifacts, "{kind:?}");
        }
        let wanted = [Digest::of(b"root:x:0:0")];
        assert_eq!(store.object_locations(&scope, &wanted).await.unwrap()[&wanted[0]].size, 10, "{kind:?}");
        let bytes = objects::read_objects(&story.app, &scope, wanted).await.unwrap();
        assert_eq!(bytes[&wanted[0]].as_ref(), b"root:x:0:0", "{kind:?}");
    }
}

fn sorted(mut admitted: Vec<commit::Admitted>) -> Vec<commit::Admitted> {
    admitted.sort_by_key(|one| one.leaf);
    admitted
}

#[tokio::test]
async fn the_same_bytes_are_kept_once_until_their_archive_is_old() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        let archive = async || {
            let wanted = Digest::of(b"the same");
            story.app.store.object_locations(&scope, &[wanted]).await.unwrap()[&wanted].archive.clone()
        };
        let seal = async || {
            let all = vec![evidence("linux/passwd", &story.clock, b"the same")];
            story.seal(&scope, RunId::fresh(), all).await.unwrap()
        };

        seal().await;
        let first = archive().await;
        story.clock.advance(Duration::days(89));
        seal().await;

        assert_eq!(archive().await, first, "{kind:?}: stored twice");
        assert_eq!(story.app.store.head(&scope).await.unwrap().unwrap().size, 2, "{kind:?}: a record is missing");
        story.clock.advance(Duration::days(2));
        seal().await;
        assert_ne!(archive().await, first, "{kind:?}: an old archive can never age out");
    }
}

#[tokio::test]
async fn a_commit_that_the_database_lost_is_taken_over_from_the_vault() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        let run = RunId::fresh();
        let seal = async |story: &TestApp, dataset: &str| {
            let bytes = format!("bytes of {dataset}");
            let all = vec![evidence(dataset, &story.clock, bytes.as_bytes())];
            story.seal(&scope, run, all).await.unwrap()
        };
        seal(&story, "linux/passwd").await;
        let stopped = story.stop().await;
        let before = stopped.database.snapshot().await;
        let story = stopped.start().await;
        seal(&story, "linux/sudoers").await;
        seal(&story, "linux/sysctl").await;
        let head = story.app.store.head(&scope).await.unwrap().unwrap();
        let leaves = story.app.store.leaves(&scope, 0, 10).await.unwrap();
        let rows = story.app.store.evidence_of_run(&scope, run).await.unwrap();
        let stopped = story.stop().await;

        stopped.database.restore(before).await;
        let story = stopped.start().await;
        let store = &story.app.store;
        assert_eq!(store.head(&scope).await.unwrap().unwrap().size, 1, "{kind:?}: the snapshot was not restored");
        assert_eq!(roll_forward(&story.app, &scope).await.unwrap(), 2, "{kind:?}");

        let now = store.head(&scope).await.unwrap().unwrap();
        assert_eq!((now.size, now.root, &now.checkpoint), (head.size, head.root, &head.checkpoint), "{kind:?}");
        assert_eq!(store.leaves(&scope, 0, 10).await.unwrap(), leaves, "{kind:?}");
        let restored = store.evidence_of_run(&scope, run).await.unwrap();
        let sealed = |rows: &[countersign::store::EvidenceRow]| -> Vec<_> {
            rows.iter().map(|row| row.sealed.clone()).collect()
        };
        assert_eq!(sealed(&restored), sealed(&rows), "{kind:?}");
        let wanted = Digest::of(b"bytes of linux/sysctl");
        assert!(objects::read_objects(&story.app, &scope, [wanted]).await.is_ok(), "{kind:?}: bytes are lost");
        assert_eq!(roll_forward(&story.app, &scope).await.unwrap(), 0, "{kind:?}: rolled forward twice");
        seal(&story, "linux/passwd").await;
        assert_eq!(store.head(&scope).await.unwrap().unwrap().size, 4, "{kind:?}: the ledger cannot go on");
    }
}

#[tokio::test]
async fn one_writer_at_a_time_holds_the_ledger_until_its_lease_expires() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        let store = &story.app.store;
        let now = story.clock.now();
        let until = now.plus(Duration::seconds(120));
        let take = async |holder: &str, now, until| store.take_ledger_lease(&scope, holder, 0, now, until).await;

        take("first", now, until).await.unwrap();

        assert!(
            matches!(take("second", now, until).await, Err(StoreFault::LedgerBusy { .. })),
            "{kind:?}: two holders"
        );
        take("first", now, until).await.unwrap_or_else(|fault| panic!("{kind:?}: cannot renew: {fault}"));
        store.release_ledger_lease(&scope, "second").await.unwrap();
        let nearly = until.plus(Duration::microseconds(-1));
        assert!(take("second", nearly, until).await.is_err(), "{kind:?}: taken before it expired");
        let later = until.plus(Duration::seconds(120));
        take("second", until, later).await.unwrap_or_else(|fault| panic!("{kind:?}: never expires: {fault}"));
        assert!(take("first", until, later).await.is_err(), "{kind:?}: the first holder came back");
        store.release_ledger_lease(&scope, "second").await.unwrap();
        take("first", until, later).await.unwrap_or_else(|fault| panic!("{kind:?}: not released: {fault}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_write_at_once_make_one_history() {
    for database in databases().await {
        let kind = database.kind;
        let story = Arc::new(TestApp::without_catalog(database).await);
        let scope = story.organization("northwind").await;
        let other = Arc::new(story.beside().await);
        let writers = [Arc::clone(&story), other].map(|writer| {
            tokio::spawn(async move {
                for number in 0..3 {
                    let bytes = format!("{} {number}", writer.app.presence.id());
                    let all = vec![evidence("linux/passwd", &writer.clock, bytes.as_bytes())];
                    writer.seal(&scope, RunId::fresh(), all).await.unwrap();
                }
            })
        });
        for writer in writers {
            writer.await.unwrap();
        }

        let store = &story.app.store;
        let head = store.head(&scope).await.unwrap().unwrap();
        assert_eq!(head.size, 6, "{kind:?}: an acknowledged record is missing");
        assert_eq!(root(&store.leaf_hashes(&scope, 6).await.unwrap()), head.root, "{kind:?}");
        let log: Vec<u64> = store.log_from(&scope, 0).await.unwrap().iter().map(|entry| entry.first_leaf).collect();
        assert_eq!(log, [0, 1, 2, 3, 4, 5], "{kind:?}: the history forked");
        assert_eq!(story.app.vault.log_from(scope.id(), 1).await.unwrap().len(), 6, "{kind:?}");
    }
}
