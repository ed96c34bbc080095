//! An organization, its settings and its connections change, and the days before stay what they were.

use std::collections::BTreeMap;

use chrono::Duration;
use countersign::model::control::ControlState;
use countersign::model::finding::FindingOutcome;
use countersign::model::gap::GapState;
use countersign::model::id::{FrameworkId, GapId};
use countersign::model::organization::Organization;
use countersign::model::responsibility::Party;
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::audit;
use countersign::pipeline::decisions::DecisionFault;
use countersign::pipeline::decisions::connections::disconnect;
use countersign::pipeline::decisions::organization::{ChangeRequest, alter, replace_settings};
use countersign::pipeline::retention::frameworks_ever;
use countersign::pipeline::standing::{Standing, organization_at};
use serde_json::json;

use crate::support::decisions::{KIM, SAM, handle};
use crate::support::story::Story;
use crate::support::{Database, databases};

const PCI: &str = "pci-dss-4.0.1";
/// It is unknown while nobody has said which applications may hold far-reaching rights.
const SETTLED: &str = "m365/high_risk_app_permissions";

fn framework(id: &str) -> FrameworkId {
    id.parse().unwrap()
}

fn nothing() -> ChangeRequest {
    ChangeRequest {
        name: None,
        time_zone: None,
        add: Vec::new(),
        remove: Vec::new(),
        because: "The contract <b>changed</b> \u{202e}\u{1f4e6}.".to_owned(),
        by: handle(SAM),
    }
}

/// A story whose people are known and that is not judged by PCI DSS yet.
async fn without_pci(database: Database) -> Story {
    let story = Story::begin(database).await;
    story.introduce_people().await;
    change(story, ChangeRequest { remove: vec![framework(PCI)], ..nothing() }).await
}

async fn change(mut story: Story, request: ChangeRequest) -> Story {
    alter(&story.app.app, &story.organization, request).await.unwrap();
    story.organization = today(&story).await;
    story
}

async fn today(story: &Story) -> Organization {
    story.app.app.store.organization_of(&story.scope).await.unwrap()
}

/// Everything that was known at a moment.
async fn stood(story: &Story, at: Timestamp) -> Vec<(&'static str, String)> {
    let organization = organization_at(&story.app.app, &today(story).await, at).await.unwrap();
    let standing = Standing::known(&story.app.app, &today(story).await, at).await.unwrap();
    vec![
        ("organization", format!("{organization:#?}")),
        ("statuses", format!("{:#?}", standing.statuses_now(at))),
        ("targets", format!("{:?}", standing.targets)),
        ("results", format!("{:#?}", standing.results)),
        ("matrices", format!("{:?}", standing.matrices)),
        ("gaps", format!("{:#?}", standing.gaps)),
        ("requests", format!("{:#?}", standing.requests)),
        ("decisions", format!("{:#?}", standing.decisions)),
    ]
}

fn same(before: &[(&str, String)], after: &[(&str, String)], when: &str) {
    for ((what, before), (_, after)) in before.iter().zip(after) {
        let differs = before.lines().zip(after.lines()).find(|(one, other)| one != other);
        assert!(before == after, "{when}: {what} of a past day is not what it was: {differs:?}");
    }
}

async fn outcome(story: &Story, check: &str, at: Timestamp) -> FindingOutcome {
    let results = story.app.app.store.latest_results(&story.scope, at).await.unwrap();
    results.iter().find(|one| one.result.check.as_str() == check).unwrap().result.outcome
}

#[tokio::test]
async fn a_check_that_waits_for_a_setting_is_decided_by_the_next_run_after_it_was_agreed() {
    for database in databases().await {
        let story = Story::begin(database).await;
        story.introduce_people().await;
        story.collect().await;
        let first = story.app.clock.now();
        assert_eq!(outcome(&story, SETTLED, first).await, FindingOutcome::Unknown);
        story.app.clock.advance(Duration::hours(1));
        let then = stood(&story, first).await;

        let (app, organization) = (&story.app.app, &story.organization);
        let settings = json!({ "approved_applications": [], "\u{202e}<b>\u{1f4e6}": { "deep": [1.5, null] } });
        let because = "Agreed with <script>; DROP TABLE \u{202e}.";
        let replaced = replace_settings(app, organization, &settings, because, &handle(SAM)).await.unwrap();

        assert_eq!(app.store.settings(&story.scope).await.unwrap(), settings);
        assert!(replaced.before["break_glass_accounts"].is_array(), "{replaced:?}");
        let again = replace_settings(app, organization, &settings, because, &handle(SAM)).await.unwrap_err();
        assert!(matches!(again, DecisionFault::NothingChanges(_)), "{again}");
        story.next_day().await;
        assert_eq!(outcome(&story, SETTLED, story.app.clock.now()).await, FindingOutcome::Fail);
        same(&then, &stood(&story, first).await, "settings were replaced");
        assert_eq!(audit::compare(app, organization).await.unwrap(), vec![]);
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn a_framework_that_is_added_later_counts_from_then_on_and_no_day_before_knows_it() {
    for database in databases().await {
        let story = without_pci(database).await;
        story.collect().await;
        let first = story.app.clock.now();
        story.app.clock.advance(Duration::hours(1));
        let then = stood(&story, first).await;
        let of_pci = async |story: &Story| {
            let app = &story.app.app;
            let standing = Standing::known(app, &today(story).await, app.clock.now()).await.unwrap();
            let statuses = standing.statuses_now(app.clock.now());
            let open =
                standing.requests.iter().filter(|one| one.framework == framework(PCI) && one.closed_at.is_none());
            let held =
                standing.gaps.iter().flat_map(|gap| &gap.controls).filter(|held| held.framework == framework(PCI));
            (statuses.iter().filter(|one| one.framework == framework(PCI)).count(), open.count(), held.count())
        };
        assert_eq!(of_pci(&story).await, (0, 0, 0));
        let versions = story.app.app.store.matrix_versions(&story.scope, &framework(PCI)).await.unwrap().len();
        assert_eq!(versions, 1, "the split from when it was in use stays");

        let questionnaire = Some("saq-d-merchant".parse().unwrap());
        let story = change(story, ChangeRequest { add: vec![(framework(PCI), questionnaire)], ..nothing() }).await;

        assert!(story.organization.frameworks.contains(&framework(PCI)));
        let (statuses, open, held) = of_pci(&story).await;
        assert!(statuses > 0 && open > 0 && held > 0, "{statuses} {open} {held}");
        same(&then, &stood(&story, first).await, "a framework was added");
        story.next_day().await;
        same(&then, &stood(&story, first).await, "and a run later");

        let second = story.app.clock.now();
        story.app.clock.advance(Duration::hours(1));
        let then = stood(&story, second).await;
        let story = change(story, ChangeRequest { remove: vec![framework(PCI)], ..nothing() }).await;
        assert_eq!(of_pci(&story).await, (0, 0, 0));
        same(&then, &stood(&story, second).await, "it was removed again");
        story.next_day().await;
        assert_eq!(of_pci(&story).await, (0, 0, 0));
        same(&then, &stood(&story, second).await, "and a run later");
        let ever = frameworks_ever(&story.app.app, &story.organization).await.unwrap();
        assert!(ever.contains(&framework(PCI)), "what its law asks to be kept would be deleted: {ever:?}");
        assert_eq!(audit::compare(&story.app.app, &story.organization).await.unwrap(), vec![]);
        story.tenant.shutdown().await;
    }
}

/// The gaps on the lists, each with when it was first seen and whose turn it is.
async fn listed(story: &Story) -> BTreeMap<GapId, (Timestamp, Party)> {
    let app = &story.app.app;
    let standing = Standing::known(app, &today(story).await, app.clock.now()).await.unwrap();
    let strays: Vec<_> = standing.gaps.iter().filter(|gap| gap.controls.is_empty()).collect();
    assert!(strays.is_empty(), "nothing in use is held back by them: {strays:?}");
    standing.gaps.iter().map(|gap| (gap.id, (gap.opened_at, gap.party))).collect()
}

#[tokio::test]
async fn a_fault_that_no_framework_asks_about_leaves_the_lists_and_comes_back_with_its_history() {
    for database in databases().await {
        let story = Story::begin(database).await;
        story.introduce_people().await;
        story.collect().await;
        let first = listed(&story).await;
        story.app.clock.advance(Duration::hours(1));
        let (stays, remove): (Vec<_>, Vec<_>) =
            story.organization.frameworks.iter().cloned().partition(|id| *id == framework("cmmc-l1"));
        assert_eq!(stays.len(), 1);
        let again: Vec<_> = remove.iter().map(|id| (id.clone(), None)).collect();

        let story = change(story, ChangeRequest { remove, ..nothing() }).await;
        let fewer = listed(&story).await;
        assert!(!fewer.is_empty() && fewer.len() < first.len(), "{} of {}", fewer.len(), first.len());
        story.next_day().await;
        assert!(listed(&story).await.len() < first.len(), "a run puts none back");

        let story = change(story, ChangeRequest { add: again, ..nothing() }).await;
        let back = listed(&story).await;
        for (id, then) in first {
            assert_eq!(back.get(&id), Some(&then), "it is the gap it was, with whom it was");
        }
        assert_eq!(audit::compare(&story.app.app, &story.organization).await.unwrap(), vec![]);
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn a_framework_that_was_never_in_use_begins_with_the_split_of_its_template() {
    let story = Story::begin(Database::sqlite()).await;
    story.introduce_people().await;
    let northwind = story.app.northwind().await;
    let scope = countersign::store::OrgScope::of(&northwind);
    let person = countersign::pipeline::decisions::people::PersonRequest {
        handle: handle(SAM),
        party: Party::Internal,
        name: "Sam".to_owned(),
        email: None,
        ssh_key: None,
        by: None,
    };
    countersign::pipeline::decisions::people::add(&story.app.app, &northwind, person).await.unwrap();

    let request = ChangeRequest { add: vec![(framework(PCI), None)], ..nothing() };
    let altered = alter(&story.app.app, &northwind, request).await.unwrap();

    assert_eq!((altered.requests_opened, altered.requests_closed), (0, 0), "nothing was looked at yet");
    let versions = story.app.app.store.matrix_versions(&scope, &framework(PCI)).await.unwrap();
    assert_eq!(versions.len(), 1);
    assert!(versions[0].is_template() && versions[0].leaf == altered.leaf + 1, "{versions:?}");
    assert_eq!(audit::compare(&story.app.app, &altered.after).await.unwrap(), vec![]);
    story.tenant.shutdown().await;
}

#[tokio::test]
async fn a_target_that_is_disconnected_no_longer_counts_and_no_day_before_knows_it() {
    for database in databases().await {
        let story = Story::begin(database).await;
        story.introduce_people().await;
        story.may_register_apps(true);
        story.collect().await;
        let (app, organization) = (&story.app.app, &story.organization);
        let secret = app.store.connections(&story.scope).await.unwrap().remove(0).secret.unwrap();
        let first = story.app.clock.now();
        story.app.clock.advance(Duration::hours(1));
        let then = stood(&story, first).await;
        let before = story.gap().await;
        assert_eq!(before.state, GapState::Open);
        let tenant = story.tenant.tenant_id();

        // However the name is written.
        let (shouted, kim) = (tenant.to_uppercase(), handle(KIM));
        let removed = disconnect(app, organization, (&shouted, None), "It was sold.", &kim).await.unwrap();

        assert_eq!(removed.target, tenant);
        assert!(removed.gaps_waiting > 0 && removed.requests_opened > 0, "{removed:?}");
        assert_eq!(app.store.connections(&story.scope).await.unwrap(), vec![]);
        assert!(app.store.sealed_secret(&story.scope, secret).await.is_err(), "its secret is still there");
        assert_eq!(story.gap().await.state, GapState::AwaitingEvidence);
        let now = story.app.clock.now();
        let standing = Standing::known(app, organization, now).await.unwrap();
        let statuses = standing.statuses_now(now);
        assert!(standing.results.is_empty(), "its results still count");
        assert!(statuses.iter().all(|one| one.state == ControlState::Undetermined), "a status rests on what is gone");
        assert!(
            statuses.iter().any(|one| one.because.contains("was disconnected on") && one.because.contains("by Kim")),
            "no status says why"
        );
        same(&then, &stood(&story, first).await, "it was disconnected");
        let twice = disconnect(app, organization, (tenant, None), "Again.", &handle(KIM)).await.unwrap_err();
        assert!(matches!(twice, DecisionFault::NoSuchTarget { .. }), "{twice}");

        story.app.clock.advance(Duration::hours(1));
        let gone = story.app.clock.now();
        let while_gone = stood(&story, gone).await;
        story.app.clock.advance(Duration::hours(1));
        story.connect().await;
        let standing = Standing::known(app, organization, story.app.clock.now()).await.unwrap();
        assert!(standing.results.is_empty(), "what was seen before it was disconnected counts again");
        assert!(!standing.targets.is_empty());
        story.next_day().await;
        let after = story.gap().await;
        assert_eq!((after.id, after.state), (before.id, GapState::Open), "it is another gap");
        same(&then, &stood(&story, first).await, "it was connected again");
        same(&while_gone, &stood(&story, gone).await, "while it was not connected");
        assert_eq!(audit::compare(app, organization).await.unwrap(), vec![]);
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn what_may_not_be_changed_is_refused_in_words_and_leaves_nothing() {
    let story = without_pci(Database::sqlite()).await;
    let (app, organization) = (&story.app.app, &story.organization);
    let size = app.store.head(&story.scope).await.unwrap().unwrap().size;
    let hipaa = || framework("hipaa-security");
    let all = organization.frameworks.clone();
    let requests = [
        (nothing(), "nothing would change"),
        (ChangeRequest { name: Some(organization.name.clone()), ..nothing() }, "nothing would change"),
        (ChangeRequest { name: Some(" \u{7} ".to_owned()), ..nothing() }, "a name must have"),
        (ChangeRequest { name: Some("x".repeat(201)), ..nothing() }, "a name must have"),
        (ChangeRequest { time_zone: Some("Mars/Olympus".to_owned()), ..nothing() }, "is not a time zone"),
        (ChangeRequest { because: String::new(), ..nothing() }, "the reason must have"),
        (ChangeRequest { by: handle("who"), name: Some("New".to_owned()), ..nothing() }, "no person `who`"),
        (ChangeRequest { add: vec![(hipaa(), None)], ..nothing() }, "already"),
        (ChangeRequest { add: vec![(framework("nis-2"), None)], ..nothing() }, "no framework `nis-2`"),
        (
            ChangeRequest { add: vec![(framework(PCI), Some("saq-z".parse().unwrap()))], ..nothing() },
            "no questionnaire `saq-z`",
        ),
        (ChangeRequest { remove: vec![framework(PCI)], ..nothing() }, "not among the frameworks"),
        (ChangeRequest { add: vec![(hipaa(), None)], remove: vec![hipaa()], ..nothing() }, "both added and removed"),
        (ChangeRequest { remove: all, ..nothing() }, "only framework"),
    ];
    for (request, wanted) in requests {
        let said = alter(app, organization, request).await.unwrap_err().to_string();
        assert!(said.contains(wanted), "{said:?} does not say {wanted:?}");
    }
    let said = disconnect(app, organization, ("else\u{202e}where", None), "Gone.", &handle(SAM)).await.unwrap_err();
    assert!(said.to_string().contains("is not connected; what is: "), "{said}");
    assert_eq!(app.store.head(&story.scope).await.unwrap().unwrap().size, size);
    story.tenant.shutdown().await;
}
