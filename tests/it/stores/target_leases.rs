//! One run at a time holds a target: taken, kept up, given back, or expired.

use chrono::Duration;
use countersign::model::evidence::Source;
use countersign::model::time::{Clock, Timestamp};
use countersign::store::{StoreFault, TargetLease};

use crate::support::{TestApp, databases};

fn lease(holder: &str, target: &str, taken_at: Timestamp, seconds: i64) -> TargetLease {
    TargetLease {
        source: Source::Host,
        target: target.to_owned(),
        holder: holder.to_owned(),
        who: format!("{holder} of a story"),
        taken_at,
        expires_at: taken_at.plus(Duration::seconds(seconds)),
    }
}

#[tokio::test]
async fn one_run_at_a_time_holds_a_target_until_it_gives_it_back_or_its_lease_expires() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let scope = story.organization("northwind").await;
        let (store, now) = (&story.app.store, story.clock.now());
        let take = async |lease: &TargetLease, at| store.take_target_lease(&scope, lease, at).await;
        let first = lease("first", "ws-01.example", now, 120);
        take(&first, now).await.unwrap();

        let second = lease("second", "ws-01.example", now.plus(Duration::seconds(5)), 120);
        let refused = take(&second, now.plus(Duration::seconds(5))).await;
        let Err(StoreFault::TargetBusy(held)) = refused else { panic!("{kind:?}: two holders: {refused:?}") };
        assert_eq!((held.who.as_str(), held.taken_at), ("first of a story", now), "{kind:?}");
        take(&lease("second", "ws-02.example", now, 120), now).await.unwrap();

        // Kept up: later to expire, and held since the same moment.
        let later = now.plus(Duration::seconds(100));
        let renewed = TargetLease { taken_at: later, expires_at: later.plus(Duration::seconds(120)), ..first.clone() };
        take(&renewed, later).await.unwrap();
        assert!(take(&second, now.plus(Duration::seconds(130))).await.is_err(), "{kind:?}: it was not kept up");
        let held = store.target_leases(&scope).await.unwrap().remove(0);
        assert_eq!((held.taken_at, held.expires_at), (now, renewed.expires_at), "{kind:?}");

        store.release_target_lease(&scope, Source::Host, "ws-01.example", "second").await.unwrap();
        assert!(take(&second, later).await.is_err(), "{kind:?}: a stranger gave it back");
        let over = renewed.expires_at;
        let second = lease("second", "ws-01.example", over, 120);
        take(&second, over).await.unwrap_or_else(|fault| panic!("{kind:?}: never expires: {fault}"));
        assert!(take(&first, over).await.is_err(), "{kind:?}: the first holder came back");
        store.release_target_lease(&scope, Source::Host, "ws-01.example", "second").await.unwrap();
        take(&first, over).await.unwrap_or_else(|fault| panic!("{kind:?}: not released: {fault}"));
    }
}

#[tokio::test]
async fn of_two_runs_that_ask_for_a_target_at_once_one_gets_it() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::without_catalog(database).await;
        let other = story.beside().await;
        let scope = story.organization("northwind").await;
        let now = story.clock.now();
        for round in 0..20 {
            let target = format!("ws-{round}.example");
            let (one, two) = (lease("one", &target, now, 120), lease("two", &target, now, 120));
            let (one, two) = tokio::join!(
                story.app.store.take_target_lease(&scope, &one, now),
                other.app.store.take_target_lease(&scope, &two, now)
            );
            assert!(one.is_ok() != two.is_ok(), "{kind:?}: {one:?} {two:?}");
            let refused = one.err().or(two.err());
            assert!(matches!(refused, Some(StoreFault::TargetBusy(_))), "{kind:?}: {refused:?}");
        }
    }
}
