//! Who is asked for what follows a decision at once: a statement, what is in scope, and the questionnaire that is answered.

use std::collections::BTreeSet;

use chrono::Duration;
use countersign::model::attestation::Claim;
use countersign::model::control::ControlState;
use countersign::model::gap::{EvidenceRequest, Gap};
use countersign::model::id::FrameworkId;
use countersign::model::responsibility::EngagementModel;
use countersign::model::scope::ScopeCategory;
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::audit;
use countersign::pipeline::decisions::scope::{self, ScopeRequest};
use countersign::pipeline::decisions::{self, attest};
use countersign::pipeline::enrol::{OrganizationRequest, add_organization_answering};
use countersign::pipeline::standing::Standing;
use countersign::store::OrgScope;

use crate::support::app::TestApp;
use crate::support::databases;
use crate::support::decisions::{KIM, SAM, handle};
use crate::support::story::Story;

const PCI: &str = "pci-dss-4.0.1";
const HIPAA: &str = "hipaa-security";
/// Only people can show it.
const STATED: &str = "164.308(a)(2)";

fn pci() -> FrameworkId {
    PCI.parse().unwrap()
}

async fn standing(story: &Story, at: Timestamp) -> Standing {
    Standing::known(&story.app.app, &story.organization, at).await.unwrap()
}

/// Requests that are open and statuses that ask for something, each by framework and control: both have to be the same.
async fn asked(story: &Story, at: Timestamp) -> BTreeSet<String> {
    let standing = standing(story, at).await;
    let open = standing.requests.iter().filter(|one| one.closed_at.is_none());
    let open: BTreeSet<String> = open.map(|one| format!("{} {}", one.framework, one.control)).collect();
    let wanting = standing.statuses_now(at).into_iter().filter(|one| {
        one.state == ControlState::Undetermined && !one.objectives.is_empty() && !one.is_left_out_untested()
    });
    let wanting: BTreeSet<String> = wanting.map(|one| format!("{} {}", one.framework, one.control)).collect();
    assert_eq!(open, wanting, "lists ask for something else than statuses say");
    open
}

async fn choose(story: &Story, questionnaire: Option<&str>) {
    let chosen = questionnaire.map(|id| id.parse().unwrap());
    let (app, by) = (&story.app.app, handle(SAM));
    scope::choose_questionnaire(app, &story.organization, &pci(), chosen, "One shop <b>.", Some(&by)).await.unwrap();
}

async fn set(story: &Story, category: ScopeCategory) {
    let request = ScopeRequest {
        framework: pci(),
        target: story.tenant.tenant_id().to_owned(),
        resource: None,
        category,
        because: "No card data \u{202e}.".to_owned(),
        by: handle(KIM),
    };
    scope::set(&story.app.app, &story.organization, request).await.unwrap();
}

#[tokio::test]
async fn requests_open_and_close_with_the_statement_or_scope_that_moves_them_and_the_day_before_stays() {
    for database in databases().await {
        let story = Story::begin(database).await;
        story.introduce_people().await;
        story.collect().await;
        let first = story.app.clock.now();
        let at_first = asked(&story, first).await;
        let kept: Vec<EvidenceRequest> = standing(&story, first).await.requests;
        let about = format!("{HIPAA} {STATED}");
        assert!(at_first.contains(&about));
        let hour = || story.app.clock.advance(Duration::hours(1));

        hour();
        let leaf = story.attest(HIPAA, STATED, Claim::Met).await;
        let stated = story.app.clock.now();
        assert!(!asked(&story, stated).await.contains(&about), "what was stated is still asked for");

        hour();
        choose(&story, Some("saq-a")).await;
        let short = asked(&story, story.app.clock.now()).await;
        let of_pci = |all: &BTreeSet<String>| all.iter().filter(|one| one.starts_with(PCI)).count();
        assert!(of_pci(&short) < 30 && of_pci(&at_first) > 100, "{} of {}", of_pci(&short), of_pci(&at_first));

        hour();
        choose(&story, None).await;
        set(&story, ScopeCategory::Out).await;
        assert!(of_pci(&asked(&story, story.app.clock.now()).await) >= of_pci(&at_first));

        hour();
        let (app, organization) = (&story.app.app, &story.organization);
        attest::withdraw(app, organization, leaf, "It was too early.", &handle(SAM)).await.unwrap();
        assert!(asked(&story, story.app.clock.now()).await.contains(&about));

        assert_eq!(audit::compare(app, organization).await.unwrap(), vec![]);
        assert_eq!(standing(&story, first).await.requests, kept, "the day before is not what it was");
        assert!(!asked(&story, stated).await.contains(&about));
        story.next_day().await;
        asked(&story, story.app.clock.now()).await;
        assert_eq!(standing(&story, first).await.requests, kept);
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn a_gap_holds_back_only_controls_whose_framework_counts_its_target_and_whose_questionnaire_asks_them() {
    for database in databases().await {
        let story = Story::begin(database).await;
        story.introduce_people().await;
        story.collect().await;
        let first = story.app.clock.now();
        let of_pci = |gaps: &[Gap]| -> BTreeSet<String> {
            let held = gaps.iter().flat_map(|gap| &gap.controls).filter(|held| held.framework == pci());
            held.map(|held| held.control.to_string()).collect()
        };
        let before = standing(&story, first).await;
        let (held, all) = (of_pci(&before.gaps), before.all_gaps().count());
        assert!(held.len() > 5, "{held:?}");

        story.app.clock.advance(Duration::hours(1));
        set(&story, ScopeCategory::Out).await;
        let out = standing(&story, story.app.clock.now()).await;
        assert_eq!(of_pci(&out.gaps), BTreeSet::new());
        assert!(out.gaps.iter().all(|gap| !gap.controls.is_empty()));
        assert_eq!(out.all_gaps().count(), all, "each is followed up all the same");

        story.next_day().await;
        set(&story, ScopeCategory::In).await;
        assert_eq!(of_pci(&standing(&story, story.app.clock.now()).await.gaps), held);

        story.app.clock.advance(Duration::hours(1));
        choose(&story, Some("saq-a")).await;
        let now = story.app.clock.now();
        let short = standing(&story, now).await;
        let asked: BTreeSet<String> = short
            .statuses_now(now)
            .iter()
            .filter(|one| one.framework == pci())
            .map(|one| one.control.to_string())
            .collect();
        let left = of_pci(&short.gaps);
        assert!(left.is_subset(&asked) && left.len() < held.len(), "{left:?} of {asked:?}");
        assert_eq!(of_pci(&standing(&story, first).await.gaps), held, "the first day is not what it was");
        assert_eq!(audit::compare(&story.app.app, &story.organization).await.unwrap(), vec![]);
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn an_organization_begins_with_its_questionnaire_in_the_very_commit_that_begins_its_ledger() {
    for database in databases().await {
        let here = TestApp::on(database).await;
        let request = OrganizationRequest {
            slug: "corner-shop".parse().unwrap(),
            name: "Corner <b>Shop".to_owned(),
            model: EngagementModel::CoManaged,
            frameworks: vec![HIPAA.parse().unwrap(), pci()],
            time_zone: "UTC".to_owned(),
            settings: serde_json::json!({}),
        };
        let answered = [(pci(), "saq-a-ep".parse().unwrap())];
        let organization = add_organization_answering(&here.app, request, &answered).await.unwrap();
        let scope = OrgScope::of(&organization);
        let commits = here.app.store.log_from(&scope, 0).await.unwrap();
        assert_eq!(commits.len(), 1);
        let known = decisions::known(&here.app, &scope, here.clock.now()).await.unwrap();
        let chosen = known.questionnaire(&pci(), here.clock.now()).map(ToString::to_string);
        assert_eq!(chosen.as_deref(), Some("saq-a-ep"));
        assert_eq!(audit::compare(&here.app, &organization).await.unwrap(), vec![]);
    }
}
