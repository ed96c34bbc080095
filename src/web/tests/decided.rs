//! What people decided, on the pages it bears on.

use super::HOSTILE;
use super::pages::{FIRM, Story};
use crate::model::attestation::Claim;
use crate::model::id::FrameworkId;
use crate::model::responsibility::Party;
use crate::model::scope::ScopeCategory;
use crate::pipeline::decisions::attest::{AttestRequest, attest};
use crate::pipeline::decisions::gaps::{AssignRequest, assign, note};
use crate::pipeline::decisions::people::{PersonRequest, add};
use crate::pipeline::decisions::scope::{ScopeRequest, choose_questionnaire, set};

impl Story {
    /// Dana of internal IT, whose name is hostile like every other.
    async fn with_dana(self) -> Self {
        let request = PersonRequest {
            handle: "dana".parse().unwrap(),
            party: Party::Internal,
            name: "Dana <b>Reyes</b>".to_owned(),
            email: None,
            ssh_key: None,
            by: None,
        };
        add(&self.here.app, &self.firm, request).await.unwrap();
        self
    }

    /// Seals that a control is met.
    async fn state(&self, about: &str, statement: &str, until: Option<&str>) -> u64 {
        let request = AttestRequest {
            framework: "hipaa-security".parse().unwrap(),
            about: about.to_owned(),
            claim: Claim::Met,
            statement: statement.to_owned(),
            addresses: Vec::new(),
            valid_from: None,
            valid_until: until.map(|until| until.parse().unwrap()),
            files: Vec::new(),
            form: None,
            signature: None,
            by: "dana".parse().unwrap(),
        };
        attest(&self.here.app, &self.firm, request).await.unwrap()
    }
}

#[tokio::test]
async fn a_statement_shows_whether_it_counts_and_what_took_its_place() {
    let story = Story::told().await.with_dana().await;
    let about = "164.308(a)(1)(ii)(C)";
    let first = story.state(about, "We have a sanction policy.", None).await;
    let second = story.state(about, "We have a <i>better</i> one.", Some("2026-12-24")).await;
    let page = story.ok(&format!("{FIRM}/frameworks/hipaa-security/controls/{about}")).await;
    for part in [
        "Dana &lt;b&gt;Reyes&lt;/b&gt;, Internal IT",
        "We have a &lt;i&gt;better&lt;/i&gt; one.",
        "<b>Counts</b>",
        "until 2026-12-24",
        &format!("replaced by record {second}"),
        &format!("href=\"#s-{second}\""),
        &format!("href=\"{FIRM}/evidence/{first}\""),
    ] {
        assert!(page.contains(part), "{part} is missing: {page}");
    }
    assert_eq!(page.matches("<b>Counts</b>").count(), 1);
    assert!(page.contains("mark-met"), "the status does not rest on it");
    let framework = story.ok(&format!("{FIRM}/frameworks/hipaa-security?status=met")).await;
    assert!(framework.contains(about));

    story.here.clock.set("2026-12-24T12:00:00Z");
    let page = story.ok(&format!("{FIRM}/frameworks/hipaa-security/controls/{about}")).await;
    assert!(page.contains("no longer in date") && !page.contains("<b>Counts</b>"), "{page}");
    // Nobody had stated anything on the first day.
    let then = story.ok(&format!("{FIRM}/frameworks/hipaa-security/controls/{about}?as_of=2026-11-22")).await;
    assert!(!then.contains("What people stated"));
}

#[tokio::test]
async fn what_a_questionnaire_does_not_ask_is_named_so_and_enters_no_figure() {
    let story = Story::told().await.with_dana().await;
    let framework: FrameworkId = "pci-dss-4.0.1".parse().unwrap();
    let before = story.ok(&format!("{FIRM}/frameworks/{framework}")).await;
    assert!(before.contains("280 controls") && !before.contains("not in this questionnaire"));
    let chosen = Some("saq-d-merchant".parse().unwrap());
    choose_questionnaire(&story.here.app, &story.firm, &framework, chosen, "one shop", None).await.unwrap();

    let page = story.ok(&format!("{FIRM}/frameworks/{framework}")).await;
    assert!(page.contains("SAQ D for merchants"), "{page}");
    let left_out = page.matches("<span class=\"quiet\">not in this questionnaire</span>").count();
    assert!(left_out > 0);
    assert!(page.contains(&format!("{} controls", 280 - left_out)), "{left_out} are left out, and still counted");
    let overview = story.ok(FIRM).await;
    assert!(overview.contains(&format!("{} controls", 280 - left_out)), "the overview counts otherwise");
    let control = story.ok(&format!("{FIRM}/frameworks/{framework}/controls/A1.1.1")).await;
    assert!(control.contains("<p class=\"verdict\"><span class=\"quiet\">not in this questionnaire."), "{control}");
}

#[tokio::test]
async fn a_gap_names_who_has_it_by_when_and_what_was_written() {
    let story = Story::told().await.with_dana().await;
    let gap = story.gap().await;
    let request = AssignRequest {
        gap,
        party: None,
        person: Some("dana".parse().unwrap()),
        due_on: Some("2026-11-30".parse().unwrap()),
        by: "dana".parse().unwrap(),
    };
    assign(&story.here.app, &story.firm, request).await.unwrap();
    note(&story.here.app, &story.firm, gap, "Ask <u>Pat</u>.", &"dana".parse().unwrap()).await.unwrap();
    let page = story.ok(&format!("{FIRM}/gaps/{gap}")).await;
    assert!(page.contains("Dana &lt;b&gt;Reyes&lt;/b&gt;</bdi>, due 2026-11-30"), "{page}");
    assert!(page.contains("Ask &lt;u&gt;Pat&lt;/u&gt;."));
    let list = story.ok(&format!("{FIRM}/gaps")).await;
    assert!(list.contains("due 2026-11-30") && !list.contains("overdue"));
    story.here.clock.set("2026-12-01T00:00:00Z");
    assert!(story.ok(&format!("{FIRM}/gaps")).await.contains("overdue since 2026-11-30"));
}

#[tokio::test]
async fn what_was_taken_out_of_scope_is_named_with_who_decided_it() {
    let story = Story::told().await.with_dana().await;
    let request = ScopeRequest {
        framework: "cmmc-l2".parse().unwrap(),
        target: HOSTILE.to_owned(),
        resource: None,
        category: ScopeCategory::Out,
        because: "It holds <nothing>.".to_owned(),
        by: "dana".parse().unwrap(),
    };
    set(&story.here.app, &story.firm, request).await.unwrap();
    let page = story.ok(&format!("{FIRM}/frameworks/cmmc-l2")).await;
    assert!(page.contains("Out of scope") && page.contains("It holds &lt;nothing&gt;."), "{page}");
    assert!(!story.ok(&format!("{FIRM}/frameworks/hipaa-security")).await.contains("Out of scope"));
}
