//! Changes of an organization, its settings and its connections come back from the vault, and a database that says
//! something else is found out.

use std::sync::Arc;

use chrono::Duration;
use countersign::model::time::Clock;
use countersign::pipeline::audit;
use countersign::pipeline::decisions::connections::disconnect;
use countersign::pipeline::decisions::organization::{ChangeRequest, alter, replace_settings};
use countersign::pipeline::roll_forward::roll_forward;
use countersign::recovery::Outcome;
use countersign::recovery::rebuild::{Existing, rebuild};
use countersign_seal::verify::Verdict;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{answers, verdict};
use crate::support::app::{EMBEDDED, settings};
use crate::support::databases;
use crate::support::decisions::{SAM, handle};
use crate::support::story::Story;

/// Every kind of change there is. The tenant is connected again in the end, if wanted.
async fn change_everything(story: &Story) {
    let (app, organization) = (&story.app.app, &story.organization);
    let request = ChangeRequest {
        name: Some("Larkspur & <b>Sons</b> \u{202e}\u{1f4e6}".to_owned()),
        time_zone: Some("Europe/Berlin".to_owned()),
        add: Vec::new(),
        remove: vec!["cmmc-l3".parse().unwrap(), "pci-dss-4.0.1".parse().unwrap()],
        because: "Another contract.".to_owned(),
        by: handle(SAM),
    };
    alter(app, organization, request.clone()).await.unwrap();
    story.app.clock.advance(Duration::hours(1));
    let added = ChangeRequest {
        name: None,
        time_zone: None,
        add: vec![("pci-dss-4.0.1".parse().unwrap(), Some("saq-d-merchant".parse().unwrap()))],
        remove: Vec::new(),
        ..request
    };
    alter(app, organization, added).await.unwrap();
    let new = json!({ "approved_applications": [], "ratio": 1.5, "large": 1e300, "<b>\u{202e}": ["\u{1f4e6}"] });
    replace_settings(app, organization, &new, "Agreed.", &handle(SAM)).await.unwrap();
    story.app.clock.advance(Duration::hours(1));
    let tenant = story.tenant.tenant_id();
    disconnect(app, organization, (tenant, None), "It was sold.", &handle(SAM)).await.unwrap();
    story.app.clock.advance(Duration::hours(1));
}

async fn renewed(mut story: Story) -> Story {
    story.organization = story.app.app.store.organization_of(&story.scope).await.unwrap();
    story
}

#[tokio::test]
async fn changes_whose_transactions_were_lost_and_a_database_made_anew_are_as_if_nothing_had_been_lost() {
    for database in databases().await {
        let kind = format!("{:?}", database.kind);
        let story = Story::begin(database).await;
        story.introduce_people().await;
        story.may_register_apps(true);
        story.collect().await;
        let stopped = story.stop().await;
        let before = stopped.stopped.database.snapshot().await;
        let story = stopped.start().await;
        change_everything(&story).await;
        let story = renewed(story).await;
        let known = answers::of(&story.app.app, &story.organization).await;
        assert!(known["gap_events_until"].contains("awaiting_evidence"), "{kind}: nothing happened that could be lost");
        let stopped = story.stop().await;

        stopped.stopped.database.restore(before).await;
        let story = stopped.start().await;
        assert_ne!(story.app.app.store.organization_of(&story.scope).await.unwrap(), story.organization, "{kind}");
        assert_eq!(roll_forward(&story.app.app, &story.scope).await.unwrap(), 4, "{kind}");
        answers::same(&known, &answers::of(&story.app.app, &story.organization).await, &[], &kind);
        assert_eq!(audit::compare(&story.app.app, &story.organization).await.unwrap(), vec![], "{kind}");
        let stopped = story.stop().await;

        stopped.stopped.database.lose().await;
        let (data, config) = settings(&stopped.stopped.database);
        let clock = Arc::clone(&stopped.stopped.clock) as Arc<dyn Clock>;
        let outcome = rebuild(data, config, Arc::clone(&EMBEDDED), clock, Existing::Refuse).await.unwrap();
        assert!(matches!(outcome, Outcome::Done(_)), "{kind}");
        let story = stopped.start().await;
        let again = answers::of(&story.app.app, &story.organization).await;
        answers::same(&known, &again, &["latest_runs", "one_run"], &kind);
        assert_eq!(audit::compare(&story.app.app, &story.organization).await.unwrap(), vec![], "{kind}");
        assert_eq!(verdict(&story.app.vault_folder()), Verdict::InternallyConsistent, "{kind}");

        for (column, value) in [("name", "'Another name'"), ("settings", "'{}'"), ("frameworks", "'[\"cmmc-l1\"]'")] {
            let raw = story.app.database.raw().await;
            let id = if kind == "Sqlite" { "1 = 1" } else { "TRUE" };
            raw.execute_unprepared(&format!("UPDATE organization SET {column} = {value} WHERE {id}")).await.unwrap();
            raw.close().await.unwrap();
            let told = audit::compare(&story.app.app, &story.organization).await.unwrap();
            assert!(told.iter().any(|one| one.place.starts_with("organization ")), "{kind}: {column} was not missed");
        }
        story.tenant.shutdown().await;
    }
}
