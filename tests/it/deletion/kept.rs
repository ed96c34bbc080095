//! What a deletion leaves: what the law, a statement, a status or a legal hold keeps.

use chrono::Duration;
use countersign::model::attestation::Claim;
use countersign::model::organization::Organization;
use countersign::model::responsibility::Party;
use countersign::model::time::Clock;
use countersign::pipeline::decisions::attest::{self, AttestRequest};
use countersign::pipeline::decisions::people::{self, PersonRequest};
use countersign::pipeline::deletion::{self, DeletionFault, DeletionRequest};
use countersign::pipeline::retention;
use countersign_seal::digest::Digest;

use super::{CANARY, SHARED, Story, person, request};
use crate::support::databases;

#[tokio::test]
async fn younger_evidence_than_the_law_keeps_is_deleted_only_with_a_reason_that_is_sealed() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let young = request(story.app.clock.now().plus(-Duration::days(5 * 365)));
        let refused = deletion::delete(&story.app.app, &story.organization, &young).await.unwrap_err();
        assert!(matches!(refused, DeletionFault::TooYoung { .. }), "{kind:?}: {refused}");
        assert!(refused.to_string().contains("164.316(b)(2)(i) asks for 6 years"), "{kind:?}: {refused}");

        let allowed = DeletionRequest { shorter_than_the_law: Some("a court ordered it".to_owned()), ..young };
        let report = deletion::delete(&story.app.app, &story.organization, &allowed).await.unwrap();

        let sealed = story.app.app.store.leaves(&story.scope, report.leaves[0], 1).await.unwrap();
        assert!(sealed[0].body.contains("because: a court ordered it"), "{kind:?}: {}", sealed[0].body);
    }
}

#[tokio::test]
async fn a_document_that_a_statement_rests_on_is_never_deleted_however_old_the_same_bytes_are_as_evidence() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::without_evidence(database).await;
        let (app, organization) = (&story.app.app, &story.organization);
        story.seal(&[("linux/sshd_config", CANARY), ("linux/sysctl", SHARED)]).await;
        let by = PersonRequest {
            handle: "sam.example".parse().unwrap(),
            party: Party::Internal,
            name: "Sam Example".to_owned(),
            email: None,
            ssh_key: None,
            by: None,
        };
        people::add(app, organization, by.clone()).await.unwrap();
        let document = story.app.database.folder.path().join("policy.txt");
        std::fs::write(&document, SHARED).unwrap();
        let statement = AttestRequest {
            framework: "hipaa-security".parse().unwrap(),
            about: "164.308(a)(2)".to_owned(),
            claim: Claim::Met,
            statement: "So it is.".to_owned(),
            addresses: Vec::new(),
            valid_from: None,
            valid_until: None,
            files: vec![document],
            form: None,
            signature: None,
            by: by.handle,
        };
        let leaf = attest::attest(app, organization, statement).await.unwrap();
        let kept = async || retention::documents(app, organization, &[]).await.unwrap().remove(0);
        let standing = kept().await;
        assert_eq!((standing.attestations.as_slice(), standing.keep_until), (&[leaf][..], None), "{kind:?}");

        story.app.clock.advance(Duration::days(20 * 366));
        let all = deletion::delete(app, organization, &story.all()).await.unwrap();

        let gone: Vec<_> = all.selection.objects.keys().collect();
        assert_eq!(gone, [&Digest::of(CANARY)], "{kind:?}: a document that was shown is gone");
        assert!(story.in_vault(SHARED) && !story.in_vault(CANARY), "{kind:?}");
        let ended = kept().await;
        let last = ended.last_in_effect.unwrap();
        assert_eq!(ended.keep_until, last.checked_add_months(chrono::Months::new(72)), "{kind:?}");
        assert!(ended.keep_until.unwrap() < app.clock.now().as_datetime().date_naive(), "{kind:?}");
        story.verified();
    }
}

#[tokio::test]
async fn evidence_that_a_cmmc_status_rests_on_stays_six_years_from_the_status_date() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let organization = Organization { frameworks: vec!["cmmc-l2".parse().unwrap()], ..story.organization.clone() };
        let plan = async |dates: Option<&[&str]>| {
            let status_dates = dates.map(|dates| dates.iter().map(|day| day.parse().unwrap()).collect());
            deletion::plan(&story.app.app, &organization, &DeletionRequest { status_dates, ..story.old() }).await
        };
        let begun = story.app.clock.now().plus(-Duration::days(7 * 366)).as_datetime().date_naive();
        let after = |days: u64| (begun + chrono::Days::new(days)).to_string();
        let unsaid = plan(None).await.unwrap_err();
        assert!(matches!(unsaid, DeletionFault::NoStatusDate(_)), "{kind:?}: {unsaid}");
        assert!(unsaid.to_string().contains("--no-status"), "{kind:?}: {unsaid}");
        for (dates, goes) in [
            (vec![], 1),
            (vec![after(500)], 0),
            (vec![after(10)], 1),
            (vec![after(10), after(500)], 1),
            (vec![after(1500), after(500)], 0),
        ] {
            let dates: Vec<&str> = dates.iter().map(String::as_str).collect();
            let plan = plan(Some(&dates)).await.unwrap();
            assert_eq!(plan.records, goes, "{kind:?}: {dates:?} from {begun}");
        }
        let reason = Some("a court ordered it".to_owned());
        let ordered = DeletionRequest { shorter_than_the_law: reason, ..story.old() };
        assert_eq!(deletion::plan(&story.app.app, &organization, &ordered).await.unwrap().records, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_legal_hold_stops_every_deletion_until_it_is_released_also_after_the_database_forgot_it() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let request = story.old();
        let plan = deletion::plan(&story.app.app, &story.organization, &request).await.unwrap();
        let rewritten = deletion::rewrite_all(&story.app.app, &story.scope, &plan).await.unwrap();
        let parts = story.stop().await;
        let before = parts.0.database.snapshot().await;
        let story = Story::start(parts).await;

        let id = retention::place_hold(&story.app.app, &story.organization, "Case 17", &person()).await.unwrap();

        // A deletion that was already on its way.
        let late = deletion::seal(&story.app.app, &story.scope, &request, &plan, &rewritten).await;
        assert!(matches!(late, Err(DeletionFault::Held(_))), "{kind:?}: {late:?}");
        let parts = story.stop().await;
        parts.0.database.restore(before).await;
        let story = Story::start(parts).await;
        for request in [story.old(), story.all()] {
            let held = deletion::delete(&story.app.app, &story.organization, &request).await;
            assert!(matches!(&held, Err(DeletionFault::Held(hold)) if hold.id == id), "{kind:?}: {held:?}");
        }
        assert!(story.in_vault(CANARY), "{kind:?}");
        let released = async |id: &str| {
            retention::release_hold(&story.app.app, &story.organization, id, "Case 17 ended", &person()).await.unwrap()
        };
        assert!(released("another").await.is_none(), "{kind:?}");
        assert_eq!(released(&id).await.unwrap().reason, "Case 17", "{kind:?}");
        assert!(released(&id).await.is_none(), "{kind:?}: released twice");
        deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap();
        story.is_gone().await;
    }
}

#[tokio::test]
async fn evidence_that_comes_in_while_archives_are_written_again_keeps_its_bytes() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::without_evidence(database).await;
        story.seal(&[("linux/sshd_config", CANARY)]).await;
        story.app.clock.advance(Duration::days(30));
        let (app, scope, request) = (&story.app.app, &story.scope, story.all());
        let plan = deletion::plan(app, &story.organization, &request).await.unwrap();
        assert_eq!(plan.records, 1, "{kind:?}");
        let rewritten = deletion::rewrite_all(app, scope, &plan).await.unwrap();
        // The same bytes are seen again; their archive is young, so they are named and not stored again.
        story.seal(&[("linux/sshd_config", CANARY)]).await;

        let overtaken = deletion::seal(app, scope, &request, &plan, &rewritten).await;

        assert!(matches!(overtaken, Err(DeletionFault::Overtaken)), "{kind:?}: {overtaken:?}");
        assert_eq!(story.canary().await.as_deref(), Some(CANARY), "{kind:?}");
        story.seal(&[("linux/sshd_config", b"the ledger is not held any more")]).await;
        story.verified();
    }
}
