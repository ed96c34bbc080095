//! A commit whose transaction was lost is made good from the vault, whole.

use chrono::Duration;
use countersign::deliver::reports::{self, Basis};
use countersign::model::time::Clock;
use countersign::pipeline::roll_forward::roll_forward;
use countersign::render::Engine;

use super::answers;
use crate::support::databases;
use crate::support::story::Story;

/// Every file of the reports of every framework, as they would be written now.
async fn drafts(story: &Story) -> Vec<(String, String)> {
    let engine = Engine::new(None).unwrap();
    let now = story.app.clock.now();
    let mut files = Vec::new();
    for framework in &story.organization.frameworks {
        let basis = Basis::gather(&story.app.app, &story.organization, framework, now).await.unwrap();
        let drafts = basis.drafts(&story.app.app, &engine).unwrap();
        files.extend(drafts.into_iter().map(|draft| (draft.file, String::from_utf8(draft.bytes).unwrap())));
    }
    files
}

#[tokio::test]
async fn a_judgement_whose_transaction_was_lost_is_as_if_it_had_not_been_lost() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.collect().await;
        let stopped = story.stop().await;
        let before = stopped.stopped.database.snapshot().await;
        let story = stopped.start().await;
        story.may_register_apps(false);
        story.tenant.revoke("AuditLog.Read.All");
        story.next_day().await;
        story.may_register_apps(true);
        story.next_day().await;
        let now = story.app.clock.now();
        let framework = &story.organization.frameworks[0];
        reports::write(&story.app.app, &story.organization, framework, now, None).await.unwrap();
        let known = answers::of(&story.app.app, &story.organization).await;
        let printed = drafts(&story).await;
        let written = answers::reports_without_place(&story.app.app, &story.organization).await;
        assert!(known["gap_events_until"].contains("reopened"), "{kind:?}: nothing happened that could be lost");
        story.app.clock.advance(Duration::hours(7));
        let stopped = story.stop().await;

        stopped.stopped.database.restore(before).await;
        let story = stopped.start().await;
        let lost = answers::of(&story.app.app, &story.organization).await;
        assert_ne!(lost["gaps"], known["gaps"], "{kind:?}: nothing was lost");
        assert_eq!(roll_forward(&story.app.app, &story.scope).await.unwrap(), 5, "{kind:?}");

        let again = answers::of(&story.app.app, &story.organization).await;
        // Who started a run is in no record; ids and places of reports are not sealed either.
        answers::same(&known, &again, &["latest_runs", "one_run", "reports"], &format!("{kind:?}"));
        assert_eq!(answers::reports_without_place(&story.app.app, &story.organization).await, written, "{kind:?}");
        story.app.clock.set(now);
        for ((file, before), (_, after)) in printed.iter().zip(drafts(&story).await) {
            assert_eq!(*before, after, "{kind:?}: {file} says something else");
        }
        story.tenant.shutdown().await;
    }
}
