//! What a report or a questionnaire says, by status, statement and form.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::json;

use super::{control, framework, now, stated};
use crate::assess::pci::{
    AnalysisState, Answered, Document, Method, NoDay, Word, customized_due, finding, is_asked_about, provider_due,
    risk_analyses,
};
use crate::catalog::form::Form;
use crate::model::attestation::{Attestation, Claim, FormUse};
use crate::model::control::{ControlState, ControlStatus};
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::id::QuestionnaireId;
use crate::model::organization::tests::in_zone;
use crate::model::provider::{Handled, ServiceProvider};

fn status(state: ControlState, attestation: Option<u64>, bearing: bool) -> ControlStatus {
    let bearings = if bearing {
        json!([{"check": "m365/a", "target": "t", "proof": "part", "outcome": "pass", "because": "", "evidence": []}])
    } else {
        json!([])
    };
    let value = json!({"framework": "pci-dss-4.0.1", "control": "8.4.2", "state": state, "because": "", "as_of": null,
        "objectives": [{"objective": "8.4.2", "state": state, "because": "", "bearings": bearings,
        "attestation": attestation}]});
    serde_json::from_value(value).unwrap()
}

fn on_form(form: &str) -> Attestation {
    let form = Some(FormUse { id: form.parse().unwrap(), way: None, targets: Vec::new() });
    Attestation { framework: "pci-dss-4.0.1".parse().unwrap(), form, ..stated(7, "8.4.2", Claim::Met) }
}

fn decisions(attestations: Vec<Attestation>) -> Decisions {
    Decisions { attestations, ..Decisions::default() }
}

#[test]
fn a_compensating_control_is_a_mark_in_a_report_and_a_word_in_a_questionnaire() {
    let (met, decided) =
        (status(ControlState::Met, Some(7), false), decisions(vec![on_form("pci-compensating-control")]));
    let questionnaire: QuestionnaireId = "saq-c".parse().unwrap();
    let roc = finding(Document::Roc, &met, &decided);
    let saq = finding(Document::Saq(&questionnaire), &met, &decided);
    assert_eq!((roc.word, roc.compensating_control), (Some(Word::InPlace), true));
    assert_eq!((saq.word, saq.compensating_control), (Some(Word::InPlaceWithCcw), true));
    assert!(roc.notes.iter().any(|note| note.contains("Appendix C")), "{:?}", roc.notes);
    let plain = finding(Document::Saq(&questionnaire), &met, &decisions(vec![on_form("pci-in-place")]));
    assert_eq!((plain.word, plain.compensating_control), (Some(Word::InPlace), false));
}

#[test]
fn the_customized_approach_is_named_and_doubted_in_a_questionnaire() {
    let (met, decided) =
        (status(ControlState::Met, Some(7), false), decisions(vec![on_form("pci-customized-approach")]));
    let questionnaire: QuestionnaireId = "saq-d-merchant".parse().unwrap();
    let (roc, saq) = (finding(Document::Roc, &met, &decided), finding(Document::Saq(&questionnaire), &met, &decided));
    assert_eq!((roc.word, roc.method), (Some(Word::InPlace), Method::Customized));
    assert_eq!(saq.word, Some(Word::InPlace), "what is only recalled decides nothing");
    assert!(saq.notes.iter().any(|note| note.contains("to be confirmed")), "{:?}", saq.notes);
    assert!(!roc.notes.iter().any(|note| note.contains("to be confirmed")), "{:?}", roc.notes);
}

#[test]
fn what_is_undetermined_has_no_word_and_as_it_stands_is_never_in_place() {
    let nobody = decisions(Vec::new());
    let [small, large]: [QuestionnaireId; 2] = ["saq-b".parse().unwrap(), "saq-d-merchant".parse().unwrap()];
    for (document, looked_at, expected) in [
        (Document::Roc, false, Word::NotTested),
        (Document::Roc, true, Word::NotInPlace),
        (Document::Saq(&small), false, Word::NotInPlace),
        (Document::Saq(&large), false, Word::NotTested),
    ] {
        let told = finding(document, &status(ControlState::Undetermined, None, looked_at), &nobody);
        assert_eq!((told.word, told.as_it_stands), (None, expected), "{document:?} {looked_at}");
    }
    let failed = finding(Document::Roc, &status(ControlState::NotMet, None, true), &nobody);
    assert_eq!(failed.word, Some(Word::NotInPlace));
    let away = finding(Document::Roc, &status(ControlState::NotApplicable, Some(7), false), &nobody);
    assert_eq!((away.word, away.notes.len()), (Some(Word::NotApplicable), 1));
}

#[test]
fn the_customized_approach_is_due_a_year_after_it_was_stated_and_providers_after_they_were_looked_at() {
    let pci = "pci-dss-4.0.1".parse().unwrap();
    let mut other = on_form("pci-customized-approach");
    (other.leaf, other.control) = (8, "8.3.6".parse().unwrap());
    let gone = Attestation { leaf: 9, replaces: Some(8), claim: Claim::Withdrawn, ..other.clone() };
    let all = vec![on_form("pci-targeted-risk-analysis"), other];
    let nothing = BTreeMap::new();
    let due = customized_due(&decisions(all.clone()), &nothing, &pci, now(), LocalDays::UTC);
    let papers: Vec<_> = due.iter().map(|one| (one.paragraph, one.on.unwrap().to_string())).collect();
    assert_eq!(papers, [("PCI DSS 12.3.2", "2027-03-01".to_owned())], "that of 12.3.1 has a list of its own");
    let withdrawn = [all.clone(), vec![gone]].concat();
    assert_eq!(customized_due(&decisions(withdrawn), &nothing, &pci, now(), LocalDays::UTC), []);
    let approved = Answered { frequency: None, analysed_on: NaiveDate::from_ymd_opt(2025, 6, 1) };
    let on = |all: &[Attestation], said: &BTreeMap<u64, Answered>| {
        let due = customized_due(&decisions(all.to_vec()), said, &pci, now(), LocalDays::UTC);
        due.iter().map(|one| one.on.unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(on(&all, &BTreeMap::from([(8, approved.clone())])), ["2026-06-01"], "a year after the approval");
    let mut over = all.clone();
    over[1].valid_until = Some(now());
    assert_eq!(on(&over, &nothing), ["2026-03-31"], "one that has ended is asked for until something takes its place");
    let anew = Attestation { leaf: 11, replaces: Some(8), form: None, ..all[1].clone() };
    assert!(on(&[over, vec![anew]].concat(), &nothing).is_empty());

    let bare = json!({"leaf": 1, "id": "host", "name": "Host Example", "service": "Hosting", "managed_by": "provider",
        "cloud": true, "by": {"name": "Kim"}, "at": "2026-03-01T00:00:00Z"});
    let bare: ServiceProvider = serde_json::from_value(bare).unwrap();
    let lacks = |one: &ServiceProvider| provider_due(one).iter().map(|one| one.no_day).collect::<Vec<_>>();
    let [missing, never, end] = [NoDay::Missing, NoDay::NeverDone, NoDay::EndNotSaid].map(Some);
    assert_eq!(lacks(&bare), [missing, never, missing, missing]);
    let document = json!({"name": "doc.pdf", "sha256": countersign_seal::digest::Digest::of(b"d"), "size": 1,
        "media_type": "application/pdf"});
    let shown = ServiceProvider { document: Some(serde_json::from_value(document).unwrap()), ..bare.clone() };
    assert_eq!(lacks(&shown), [missing, never, end, missing]);
    let told = &provider_due(&shown)[2].what;
    assert!(told.starts_with("Host Example: nobody said until when its attestation of compliance is valid"), "{told}");
    assert!(told.contains("provider add host --document FILE --document-until DAY"), "{told}");
    let dated = ServiceProvider { document_until: NaiveDate::from_ymd_opt(2026, 9, 1), ..shown };
    assert_eq!(lacks(&dated), [missing, never, None, missing]);
    let day = NaiveDate::from_ymd_opt(2026, 2, 1);
    let known =
        ServiceProvider { agreement_on: day, checked_on: day, responsibilities: Some("All of 9.".to_owned()), ..bare };
    assert!(!is_asked_about(&known), "it never gets card data");
    let known = ServiceProvider { handles: vec![Handled::SecurityData, Handled::CardData], ..known };
    assert!(is_asked_about(&known));
    assert!(!is_asked_about(&ServiceProvider { removed: Some(now()), ..known.clone() }));
    let due = provider_due(&known);
    assert_eq!(due[0].on.unwrap().to_string(), "2027-02-01");
    assert_eq!(due.len(), 2, "the attestation is still missing: {due:?}");
}

#[test]
fn every_frequency_that_the_organization_sets_is_listed_with_its_analysis_or_without_one() {
    let pci =
        framework("pci-dss-4.0.1", ["12.3.1", "A", "B", "C", "D", "E", "F"].map(|id| control(id, None, &[])).into());
    let form = json!({"id": "pci-targeted-risk-analysis", "title": "T", "frameworks": ["pci-dss-4.0.1"], "claim": "met",
        "controls": {"only": ["A", "B", "C", "D", "E"]}, "rests_on": "R", "names": "N", "says": "that",
        "to_be_confirmed": "which they are"});
    let form: Form = serde_json::from_value(form).unwrap();
    let on = |leaf: u64, control: &str, form: &str, until: &str| Attestation {
        leaf,
        control: control.parse().unwrap(),
        valid_until: Some(until.parse().unwrap()),
        ..on_form(form)
    };
    let risk = "pci-targeted-risk-analysis";
    let decided = decisions(vec![
        on(1, "12.3.1", "pci-risk-analyses", "2027-03-01"),
        on(2, "A", risk, "2027-03-01"),
        on(3, "B", risk, "2027-03-01"),
        on(4, "C", risk, "2026-03-20"),
        on(5, "D", "pci-in-place", "2027-03-01"),
    ]);
    let judged = |id: &str, state| ControlStatus { control: id.parse().unwrap(), ..status(state, None, false) };
    let mut statuses: Vec<_> =
        ["12.3.1", "A", "B", "C", "D", "F"].map(|id| judged(id, ControlState::Undetermined)).into();
    let said = |day: &str| Answered { frequency: Some("every week".to_owned()), analysed_on: day.parse().ok() };
    let answers = BTreeMap::from([(2, said("2026-01-15")), (3, said("2025-03-31"))]);
    let told = |statuses: &[ControlStatus], forms: &BTreeMap<_, _>| {
        let all = risk_analyses(&pci, forms, statuses, &decided, &answers, now(), LocalDays::UTC);
        assert!(all.iter().all(|one| one.to_be_confirmed && one.paragraph == "PCI DSS 12.3.1"), "{all:?}");
        let day = |day: Option<NaiveDate>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
        let line = |one: &crate::assess::pci::RiskAnalysis| {
            let frequency = one.frequency.clone().unwrap_or_default();
            (one.control.to_string(), one.state, day(one.made_on), day(one.review_by), frequency)
        };
        all.iter().map(line).collect::<Vec<_>>()
    };
    let forms = BTreeMap::from([(form.id.clone(), form.clone())]);
    let line = |control: &str, state, made: &str, review: &str, often: &str| {
        (control.to_owned(), state, made.to_owned(), review.to_owned(), often.to_owned())
    };
    assert_eq!(
        told(&statuses, &forms),
        [
            line("A", AnalysisState::OnFile, "2026-01-15", "2027-01-15", "every week"),
            line("B", AnalysisState::ReviewDue, "2025-03-31", "2026-03-31", "every week"),
            line("C", AnalysisState::ReviewDue, "2026-03-01", "2026-03-20", ""),
            line("D", AnalysisState::Missing, "-", "-", ""),
        ],
        "E is not asked, F sets no frequency, and 12.3.1 asks for the others"
    );
    statuses[1].state = ControlState::NotApplicable;
    assert_eq!(told(&statuses, &forms).len(), 3, "what does not apply needs none");
    assert!(told(&statuses, &BTreeMap::new()).is_empty());
}

#[test]
fn what_falls_due_today_where_the_organization_is_falls_due_today() {
    let pci = "pci-dss-4.0.1".parse().unwrap();
    let evening = Attestation {
        valid_from: "2025-03-31T02:00:00Z".parse().unwrap(),
        valid_until: Some("2026-04-01T03:59:59.999999Z".parse().unwrap()),
        ..on_form("pci-customized-approach")
    };
    let new_york = in_zone("America/New_York").days();
    let due = customized_due(&decisions(vec![evening.clone()]), &BTreeMap::new(), &pci, now(), new_york);
    assert_eq!(due[0].on.unwrap().to_string(), "2026-03-30", "it was stated on the evening of the 30th");

    let pci = framework("pci-dss-4.0.1", vec![control("A", None, &[])]);
    let form = json!({"id": "pci-targeted-risk-analysis", "title": "T", "frameworks": ["pci-dss-4.0.1"], "claim": "met",
        "controls": {"only": ["A"]}, "rests_on": "R", "names": "N", "says": "that"});
    let form: Form = serde_json::from_value(form).unwrap();
    let forms = BTreeMap::from([(form.id.clone(), form)]);
    let stated = Attestation { control: "A".parse().unwrap(), ..on_form("pci-targeted-risk-analysis") };
    let analysed = BTreeMap::from([(7, Answered { analysed_on: "2025-03-31".parse().ok(), frequency: None })]);
    let statuses = [ControlStatus { control: "A".parse().unwrap(), ..status(ControlState::Undetermined, None, false) }];
    let told = |stated: Attestation, answers: &BTreeMap<u64, Answered>, at: &str| {
        let at = at.parse().unwrap();
        let all = risk_analyses(&pci, &forms, &statuses, &decisions(vec![stated]), answers, at, new_york);
        (all[0].state, all[0].made_on.unwrap().to_string(), all[0].review_by.unwrap().to_string())
    };
    let made = |state, made: &str, review: &str| (state, made.to_owned(), review.to_owned());
    let evening_before = told(stated.clone(), &analysed, "2026-03-31T03:30:00Z");
    assert_eq!(evening_before, made(AnalysisState::OnFile, "2025-03-31", "2026-03-31"));
    assert_eq!(told(stated, &analysed, "2026-03-31T04:00:00Z").0, AnalysisState::ReviewDue);
    let stated = Attestation {
        valid_from: "2025-06-01T02:00:00Z".parse().unwrap(),
        control: "A".parse().unwrap(),
        ..Attestation { form: on_form("pci-targeted-risk-analysis").form, ..evening }
    };
    let by_itself = told(stated, &BTreeMap::new(), "2026-03-20T00:00:00Z");
    assert_eq!(by_itself, made(AnalysisState::OnFile, "2025-05-31", "2026-03-31"));
}
