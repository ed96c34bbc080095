//! A statement on a form, from the vault to whoever reads it later: its answers on the page and in the report, on both
//! databases.

use std::sync::Arc;

use countersign::deliver::reports::Basis;
use countersign::model::attestation::Claim;
use countersign::model::time::Clock;
use countersign::pipeline::decisions::attest::{AttestRequest, attest};
use countersign::pipeline::decisions::forms::{FormRequest, Given};
use countersign::render::Engine;
use countersign::report::{controls_csv, html};
use countersign::web::source::{FrameworkQuery, StorePages};

use crate::support::databases;
use crate::support::decisions::{SAM, handle};
use crate::support::story::Story;

const FRAMEWORK: &str = "pci-dss-4.0.1";
const CONTROL: &str = "9.2.1.1";

const ANSWERS: [&str; 7] = [
    "constraints=The lease forbids cameras. \u{5d0}\u{202e} <b>",
    "definition=A lock that writes down each opening.",
    "objective=Whoever went in can be told afterwards.",
    "identified_risk=Somebody slips in behind a colleague.",
    "validation=A swapped seal was found the same evening.",
    "maintenance=The front desk counts daily.",
    "reviewed_on=2026-01-02",
];

/// Sam's compensating control, with a document. Returns its leaf.
async fn compensate(story: &Story, answers: &[&str]) -> u64 {
    let document = story.app.database.folder.path().join("worksheet.pdf");
    std::fs::write(&document, b"%PDF-1.7 the worksheet").unwrap();
    let given = Given { file: None, answers: answers.iter().map(ToString::to_string).collect() };
    let request = AttestRequest {
        framework: FRAMEWORK.parse().unwrap(),
        about: CONTROL.to_owned(),
        claim: Claim::Met,
        statement: "A lock takes the camera's place.".to_owned(),
        addresses: Vec::new(),
        valid_from: None,
        valid_until: None,
        files: vec![document],
        form: Some(FormRequest { id: "pci-compensating-control".parse().unwrap(), given, targets: Vec::new() }),
        signature: None,
        by: handle(SAM),
    };
    attest(&story.app.app, &story.organization, request).await.unwrap()
}

#[tokio::test]
async fn a_statement_on_a_form_is_read_with_its_answers_on_the_page_in_the_report_and_by_its_leaf_in_the_csv() {
    for database in databases().await {
        let story = Story::begin(database).await;
        story.introduce_people().await;
        let first = compensate(&story, &ANSWERS).await;
        let changed: Vec<&str> =
            ANSWERS.iter().map(|one| if one.starts_with("main") { "maintenance=Weekly." } else { one }).collect();
        let leaf = compensate(&story, &changed).await;

        let framework = FRAMEWORK.parse().unwrap();
        let now = story.app.clock.now();
        let basis = Basis::gather(&story.app.app, &story.organization, &framework, now).await.unwrap();
        let report = basis.readiness(&story.app.app).unwrap().unwrap();
        let instead: Vec<_> = report.instead.iter().map(|one| (one.control.as_str(), one.leaf)).collect();
        assert_eq!(instead, [(CONTROL, leaf)]);
        let words = String::from_utf8(html::readiness(&Engine::new(None).unwrap(), &report).unwrap()).unwrap();
        for part in
            ["In place of the control as written", "Weekly.", "The lease forbids cameras. \u{5d0}\u{202e} &lt;b&gt;"]
        {
            assert!(words.contains(part), "{part} is missing from the report");
        }
        assert!(!words.contains("The front desk counts daily."), "what was replaced bears on nothing");
        let file = String::from_utf8(controls_csv::controls(&report).unwrap()).unwrap();
        let line = file.lines().find(|line| line.contains(CONTROL)).unwrap();
        assert!(line.contains(&format!(",{leaf},,pci-compensating-control,yes,")), "{line}");

        let pages = StorePages::new(Arc::new(story.app.app));
        let control = CONTROL.parse().unwrap();
        let page = pages.control(&story.organization.slug, &framework, &control, None).await.unwrap().unwrap();
        let [newest, replaced] = page.statements.as_slice() else { panic!("{:#?}", page.statements) };
        assert_eq!((newest.line.leaf, newest.line.counts, newest.line.replaces), (leaf, true, Some(first)));
        assert_eq!(
            (replaced.line.leaf, replaced.standing.as_str()),
            (first, format!("replaced by record {leaf}").as_str())
        );
        assert!(newest.line.departs(), "{newest:#?}");
        let answered = |line: &countersign::report::stated::StatedLine, title: &str| {
            line.answers.iter().find(|answer| answer.title == title).map(|answer| answer.lines.join("\n"))
        };
        for (line, words) in [(&newest.line, "Weekly."), (&replaced.line, "The front desk counts daily.")] {
            assert_eq!(answered(line, "Maintenance").as_deref(), Some(words));
            assert_eq!(answered(line, "Constraints").as_deref(), ANSWERS[0].strip_prefix("constraints="));
        }
    }
}

#[tokio::test]
async fn the_page_of_a_framework_names_the_days_of_analyses_that_findings_and_the_report_name() {
    let story = Story::begin(databases().await.remove(0)).await;
    story.introduce_people().await;
    let now = story.app.clock.now();
    let made = now.plus(-chrono::Duration::days(100)).as_datetime().date_naive();
    let document = |name: &str| {
        let document = story.app.database.folder.path().join(name);
        std::fs::write(&document, format!("%PDF-1.7 {name}")).unwrap();
        document
    };
    let documents = [document("analysis.pdf"), document("matrix.pdf")];
    let risk =
        ["what_is_done=w", "assets=a", "threats=t", "factors=f", "frequency=every week", "kept=k"].map(str::to_owned);
    let own = [
        "objective=o",
        "controls=c",
        "meets=m",
        "tested=t",
        "maintained=m",
        "mischief=m",
        "residual=r",
        "approved_by=b",
    ];
    let risk = [risk.to_vec(), vec![format!("analysed_on={made}")]].concat();
    let own = [own.map(str::to_owned).to_vec(), vec![format!("approved_on={made}")]].concat();
    for (control, form, answers) in
        [("5.2.3.1", "pci-targeted-risk-analysis", risk), ("8.3.6", "pci-customized-approach", own)]
    {
        let request = AttestRequest {
            framework: FRAMEWORK.parse().unwrap(),
            about: control.to_owned(),
            claim: Claim::Met,
            statement: "So it is.".to_owned(),
            addresses: Vec::new(),
            valid_from: None,
            valid_until: None,
            files: documents.to_vec(),
            form: Some(FormRequest {
                id: form.parse().unwrap(),
                given: Given { file: None, answers },
                targets: Vec::new(),
            }),
            signature: None,
            by: handle(SAM),
        };
        attest(&story.app.app, &story.organization, request).await.unwrap();
    }
    let framework = FRAMEWORK.parse().unwrap();
    let now = story.app.clock.now();
    let basis = Basis::gather(&story.app.app, &story.organization, &framework, now).await.unwrap();
    let report = basis.readiness(&story.app.app).unwrap().unwrap().verdict.unwrap();
    let pages = StorePages::new(Arc::new(story.app.app));
    let query = FrameworkQuery::default();
    let page = pages.framework(&story.organization.slug, &framework, &query).await.unwrap().unwrap();
    assert_eq!(page.verdict.unwrap(), report);
    let rows = |title: &str| report.tables.iter().find(|table| table.title == title).unwrap().rows.clone();
    let analysis = rows("Targeted risk analyses").into_iter().find(|row| row.name == "5.2.3.1").unwrap();
    assert_eq!(analysis.text, format!("made {made}; stated: every week"));
    let again = made.checked_add_months(chrono::Months::new(12)).unwrap();
    let due = rows("What falls due").into_iter().find(|row| row.name == "8.3.6").unwrap();
    assert_eq!(due.word, format!("by {again}"));
}
