//! Deletions that were broken off, and databases that do not know of one.

use countersign::pipeline::deletion;
use countersign::pipeline::roll_forward::roll_forward;

use super::{CANARY, Story};
use crate::support::databases;

#[tokio::test]
async fn a_deletion_that_dies_before_its_commit_never_happened_and_can_be_repeated() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let plan = deletion::plan(&story.app.app, &story.organization, &story.old()).await.unwrap();
        deletion::rewrite_all(&story.app.app, &story.scope, &plan).await.unwrap();

        let story = Story::start(story.stop().await).await;

        assert_eq!(story.canary().await.as_deref(), Some(CANARY), "{kind:?}");
        assert_eq!(story.verified().deletions, 0, "{kind:?}");
        deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap();
        story.is_gone().await;
    }
}

#[tokio::test]
async fn a_deletion_that_dies_right_after_its_commit_is_finished_when_the_commit_is_taken_over() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let request = story.old();
        let plan = deletion::plan(&story.app.app, &story.organization, &request).await.unwrap();
        let rewritten = deletion::rewrite_all(&story.app.app, &story.scope, &plan).await.unwrap();
        let parts = story.stop().await;
        let before = parts.0.database.snapshot().await;
        let story = Story::start(parts).await;
        deletion::seal(&story.app.app, &story.scope, &request, &plan, &rewritten).await.unwrap();
        assert!(story.in_vault(CANARY), "{kind:?}: the old archive goes last");
        assert_eq!(story.verified().deletions, 1, "{kind:?}");
        let parts = story.stop().await;

        parts.0.database.restore(before).await;
        let story = Story::start(parts).await;
        assert!(story.in_vault(CANARY), "{kind:?}: the database did not know yet");
        roll_forward(&story.app.app, &story.scope).await.unwrap();
        story.is_gone().await;
    }
}

#[tokio::test]
async fn removals_that_were_cut_off_are_finished_by_the_next_start() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let request = story.old();
        let plan = deletion::plan(&story.app.app, &story.organization, &request).await.unwrap();
        let rewritten = deletion::rewrite_all(&story.app.app, &story.scope, &plan).await.unwrap();
        deletion::seal(&story.app.app, &story.scope, &request, &plan, &rewritten).await.unwrap();
        assert!(story.in_vault(CANARY), "{kind:?}");

        let story = Story::start(story.stop().await).await;

        story.is_gone().await;
        assert!(story.verified().notes.is_empty(), "{kind:?}");
        assert_eq!(story.app.app.finish_removals(&story.scope).await.unwrap(), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn a_database_from_before_the_deleted_evidence_takes_it_all_over_without_the_bytes() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::without_evidence(database).await;
        let parts = story.stop().await;
        let before = parts.0.database.snapshot().await;
        let story = Story::start(parts).await;
        story.seven_years().await;
        deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap();
        story.seal(&[("linux/sshd_config", b"afterwards")]).await;
        let head = story.app.app.store.head(&story.scope).await.unwrap();
        let parts = story.stop().await;
        parts.0.database.restore(before).await;

        let story = Story::start(parts).await;
        assert_eq!(roll_forward(&story.app.app, &story.scope).await.unwrap(), 4, "{kind:?}");

        let now = story.app.app.store.head(&story.scope).await.unwrap();
        assert_eq!(now.map(|head| head.root), head.map(|head| head.root), "{kind:?}");
        story.is_gone().await;
        story.seal(&[("linux/sshd_config", CANARY)]).await;
        assert_eq!(story.canary().await.as_deref(), Some(CANARY), "{kind:?}: taken for kept");
        story.verified();
    }
}
