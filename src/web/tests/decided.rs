//! What people decided, on the pages it bears on.

use super::HOSTILE;
use super::pages::{FIRM, Story};
use crate::model::attestation::Claim;
use crate::model::id::FrameworkId;
use crate::model::responsibility::Party;
use crate::model::scope::ScopeCategory;
use crate::pipeline::decisions::attest::{AttestRequest, attest};
use crate::pipeline::decisions::forms::{FormRequest, Given};
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

/// Answers to the form for an addressable specification, where another measure stands in its place.
fn addressable() -> Vec<String> {
    let long = format!("why_not=It cannot be done.\n<img src=x> {HOSTILE} {}", "w".repeat(3000));
    let all = [
        "way=alternative",
        "size=Two people <script>alert(1)</script>",
        "infrastructure=One host \u{202e}desrever",
        "cost=None",
        "risk=Low",
        "alternative=A locked room",
        "equivalent=Nobody gets in",
        "decided_by=Dana",
        "decided_on=2026-11-01",
        &long,
    ];
    all.map(str::to_owned).to_vec()
}

impl Story {
    /// Seals a statement on a form, with one document of a hostile name.
    async fn state_on(&self, framework: &str, about: &str, form: &str, answers: Vec<String>) -> u64 {
        let document = self.here.app.data.path().join("plan <b>\u{202e}fdp.pdf");
        std::fs::write(&document, b"%PDF-1.7").unwrap();
        let request = AttestRequest {
            framework: framework.parse().unwrap(),
            about: about.to_owned(),
            claim: Claim::Met,
            statement: "Another measure.".to_owned(),
            addresses: Vec::new(),
            valid_from: None,
            valid_until: None,
            files: vec![document],
            form: Some(FormRequest {
                id: form.parse().unwrap(),
                given: Given { file: None, answers },
                targets: vec![HOSTILE.to_owned()],
            }),
            signature: None,
            by: "dana".parse().unwrap(),
        };
        attest(&self.here.app, &self.firm, request).await.unwrap()
    }
}

#[tokio::test]
async fn a_statement_on_a_form_shows_its_way_its_answers_and_documents_and_no_answer_becomes_markup() {
    let story = Story::told().await.with_dana().await;
    let about = "164.310(d)(2)(iv)";
    let leaf = story.state_on("hipaa-security", about, "hipaa-addressable", addressable()).await;
    let control = format!("{FIRM}/frameworks/hipaa-security/controls/{about}");
    for path in [control.clone(), format!("{FIRM}/evidence/{leaf}")] {
        let page = story.ok(&path).await;
        for part in [
            "In place of the control as written",
            "Another measure stands in its place and serves the same purpose",
            "45 CFR 164.306(d)(3)",
            "<dt><bdi>Size, complexity and capabilities</bdi></dt>",
            "<p class=\"pre\" dir=\"auto\">Two people &lt;script&gt;alert(1)&lt;/script&gt;</p>",
            // What turns the direction of text is shut into its own element.
            "<p class=\"pre\" dir=\"auto\">One host \u{202e}desrever</p>",
            "<summary><bdi>It cannot be done.…</bdi></summary>",
            "&lt;img src=x&gt;",
            "<bdi>plan &lt;b&gt;\u{202e}fdp.pdf</bdi>",
            &countersign_seal::digest::Digest::of(b"%PDF-1.7").to_string(),
            "<bdi class=\"chip\">&lt;script&gt;",
        ] {
            assert!(page.contains(part), "{path}: {part} is missing: {page}");
        }
        assert!(!page.contains("<script") && !page.contains("<img"), "{path}");
        assert!(!page.contains("form.json,"), "the answers are no document: {path}");
    }
    let page = story.ok(&control).await;
    assert!(page.contains("<b>Counts</b>") && page.contains("mark-met"), "{page}");

    let plain = story.state(about, "In my own words.", None).await;
    let page = story.ok(&control).await;
    assert!(page.contains(&format!("replaced by record {plain}")), "{page}");
    assert!(page.contains("In the person’s own words, on no form.") && page.contains(&format!("\">record {leaf}</a>")));
}

#[tokio::test]
async fn answers_that_the_vault_cannot_show_take_no_page_away_and_older_ones_stand_on_their_records() {
    let story = Story::told().await.with_dana().await;
    let about = "164.310(d)(2)(iv)";
    let mut leaves = Vec::new();
    for _ in 0..6 {
        leaves.push(story.state_on("hipaa-security", about, "hipaa-addressable", addressable()).await);
    }
    let control = format!("{FIRM}/frameworks/hipaa-security/controls/{about}");
    let page = story.ok(&control).await;
    assert_eq!(page.matches("A locked room").count(), 5);
    assert!(page.contains("Its answers stand on <a href="), "{page}");
    assert!(story.ok(&format!("{FIRM}/evidence/{}", leaves[0])).await.contains("A locked room"));

    let vault = story.here.app.data.path().join("vault");
    std::fs::rename(&vault, vault.with_extension("gone")).unwrap();
    let page = story.ok(&control).await;
    assert!(page.contains("they cannot be read from the vault") && !page.contains("A locked room"), "{page}");
    assert!(page.contains("Another measure."), "what the record says is still there");
}

#[tokio::test]
async fn a_control_says_on_which_forms_it_can_be_stated_and_not_where_nothing_is_to_be_stated() {
    let story = Story::told().await.with_dana().await;
    let control = |framework: &str, control: &str| format!("{FIRM}/frameworks/{framework}/controls/{control}");
    let page = story.ok(&control("hipaa-security", "164.312(a)(2)(iii)")).await;
    let (first, second) = (page.find("hipaa-addressable").unwrap(), page.find("hipaa-required").unwrap());
    assert!(first < second, "its own form comes first");
    for part in [
        "How to state it",
        "countersign attest template hipaa-addressable &gt; answers.yaml",
        "countersign attest hipaa-security &#39;164.312(a)(2)(iii)&#39; --org quarry-works --form hipaa-addressable",
        "Addressable does not mean optional",
        "<code>way=alternative</code>",
    ] {
        assert!(page.contains(part), "{part} is missing: {page}");
    }
    let customized = story.ok(&control("pci-dss-4.0.1", "8.4.2")).await;
    assert!(customized.contains("<dt>To be confirmed</dt>") && customized.contains("At least 2, in final form."));
    // A parent, what is never judged, what the questionnaire does not ask, and a page of the past.
    let chosen = Some("saq-d-merchant".parse().unwrap());
    let framework: FrameworkId = "pci-dss-4.0.1".parse().unwrap();
    choose_questionnaire(&story.here.app, &story.firm, &framework, chosen, "one shop", None).await.unwrap();
    let parent = control("hipaa-security", "164.312(a)(1)");
    let past = control("hipaa-security", "164.312(a)(2)(iii)?as_of=2026-11-22");
    for path in [parent, control("pci-dss-4.0.1", "A1.1.1"), past] {
        assert!(!story.ok(&path).await.contains("How to state it"), "{path}");
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
        "Dana &lt;b&gt;Reyes&lt;/b&gt; (Internal IT)",
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
