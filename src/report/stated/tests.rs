//! Statements on an invented form, in the reports of the invented clinic.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use serde_json::json;

use super::super::sample::{HOSTILE, Sample, time};
use super::super::{controls_csv, html};
use super::StatedLine;
use crate::catalog::form::Form;
use crate::catalog::form::sealed::{ReadBack, SealedAnswers};
use crate::model::attestation::{Attestation, Claim, FormUse};
use crate::model::evidence::SealedArtifact;
use crate::model::person::Signatory;
use crate::model::responsibility::Party;
use crate::render::Engine;

const EXCEPTION: u64 = 10;
const NOT_HERE: u64 = 11;
const ASIDE: u64 = 12;

fn form() -> Form {
    let text = r#"{"id": "pretend-exception", "title": "Standing exception", "frameworks": ["pretend-1"], "claim": "met",
        "departs": true, "rests_on": "Pretend rule 7", "names": "Say why.", "says": "that something else is done",
        "fields": [{"id": "why", "title": "Why not", "help": "The reason.", "kind": "text"},
                   {"id": "instead", "title": "What is done instead", "help": "One a line.", "kind": "list"}]}"#;
    serde_json::from_str(text).unwrap()
}

fn attestation(leaf: u64, control: &str, claim: Claim, form: Option<FormUse>) -> Attestation {
    let file = |name: &str| SealedArtifact {
        name: name.to_owned(),
        sha256: Digest::of(name.as_bytes()),
        size: 4,
        media_type: "application/pdf".to_owned(),
    };
    let answers = form.is_some().then(|| file("form.json"));
    Attestation {
        leaf,
        framework: "pretend-1".parse().unwrap(),
        control: control.parse().unwrap(),
        objective: None,
        claim,
        by: Signatory { party: Some(Party::Internal), name: "Dana Reyes".to_owned(), handle: None },
        statement: "So it is.\nSince January.".to_owned(),
        addresses: Vec::new(),
        valid_from: time("2026-01-15"),
        valid_until: Some(time("2027-01-15")),
        replaces: None,
        form,
        recorded_at: time("2026-01-15T10:00:00Z"),
        artifacts: [file("plan.pdf")].into_iter().chain(answers).collect(),
    }
}

/// One control met by an exception, one that does not apply, one statement that is set aside.
fn told(mut sample: Sample) -> Sample {
    let form = form();
    let used = FormUse { id: form.id.clone(), way: None, targets: Vec::new() };
    let sealed = json!({
        "format": "countersign.form/1", "form": form.id, "definition": form.digest,
        "answers": {"why": format!("The scanner cannot. {HOSTILE}"), "instead": ["Its own network", "A locked room"]},
    });
    let answers = SealedAnswers::read(sealed.to_string().as_bytes()).unwrap();
    let kept = ReadBack { answers: Some(answers), signed_with: Some("SHA256:abc".to_owned()), missing: None };
    sample.read_back = BTreeMap::from([(EXCEPTION, kept)]);
    sample.decisions.attestations = vec![
        attestation(EXCEPTION, "P.1.2", Claim::Met, Some(used)),
        attestation(NOT_HERE, "P.3.1", Claim::NotApplicable, None),
        attestation(ASIDE, "P.1.1", Claim::Met, None),
    ];
    sample.catalog.forms.insert(form.id.clone(), form);
    for status in &mut sample.statuses {
        let (rests, aside) = match status.control.as_str() {
            "P.1.2" => (Some(EXCEPTION), None),
            "P.3.1" => (Some(NOT_HERE), None),
            "P.1.1" => (None, Some(ASIDE)),
            _ => continue,
        };
        (status.objectives[0].attestation, status.objectives[0].set_aside) = (rests, aside);
    }
    sample
}

fn stated(sample: &Sample, control: &str) -> StatedLine {
    let report = sample.readiness();
    let line = report.controls().find(|line| line.id.as_str() == control).unwrap().clone();
    let [one] = line.stated.as_slice() else { panic!("{control}: {:?}", line.stated) };
    one.clone()
}

#[test]
fn a_control_that_something_stands_in_for_says_so_with_every_answer_and_is_listed_apart() {
    let sample = told(Sample::new());
    let one = stated(&sample, "P.1.2");
    assert!(one.counts && one.is_exceptional && one.departs());
    let titles: Vec<&str> = one.answers.iter().map(|answer| answer.title.as_str()).collect();
    assert_eq!(titles, ["Why not", "What is done instead"]);
    let names: Vec<&str> = one.documents.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names, ["plan.pdf"], "the answers are no document");
    let report = sample.readiness();
    let [instead] = report.instead.as_slice() else { panic!("{:?}", report.instead) };
    assert_eq!((instead.control.as_str(), instead.what.as_str()), ("P.1.2", "Standing exception"));

    let page = String::from_utf8(html::readiness(&Engine::new(None).unwrap(), &report).unwrap()).unwrap();
    for part in ["In place of the control as written", "A locked room", "SHA256:abc", "record 10", "until 2027-01-15"] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert_eq!(page.matches("Stated, and set aside").count(), 1);
    assert!(!page.contains("<script"), "an answer became markup");
}

#[test]
fn a_statement_that_was_set_aside_or_does_not_apply_stands_in_for_nothing() {
    let mut sample = told(Sample::new());
    assert!(!stated(&sample, "P.1.1").counts);
    let absent = stated(&sample, "P.3.1");
    assert!(absent.is_exceptional && !absent.departs());
    // The same exception, set aside, is still told and no longer listed.
    let status = sample.statuses.iter_mut().find(|status| status.control.as_str() == "P.1.2").unwrap();
    (status.objectives[0].attestation, status.objectives[0].set_aside) = (None, Some(EXCEPTION));
    assert!(sample.readiness().instead.is_empty());
    assert!(!stated(&sample, "P.1.2").counts);
}

#[test]
fn a_form_that_is_gone_or_was_changed_is_told_and_loses_no_answer() {
    let mut sample = told(Sample::new());
    let used = |sample: &Sample| stated(sample, "P.1.2").form.unwrap();
    assert!(!used(&sample).has_changed);
    let form = sample.catalog.forms.values_mut().next().unwrap();
    form.digest = Digest::of(b"another edition");
    assert!(used(&sample).has_changed);
    sample.catalog.forms.clear();
    let one = stated(&sample, "P.1.2");
    assert_eq!((one.answers.len(), one.form.unwrap().title.as_str()), (2, "pretend-exception"));
}

#[test]
fn the_controls_csv_names_for_each_control_the_statement_it_rests_on_its_form_and_its_documents() {
    let sample = told(Sample::hostile());
    let report = sample.readiness();
    let file = controls_csv::controls(&report).unwrap();
    let mut reader = ::csv::Reader::from_reader(file.as_slice());
    let header = reader.headers().unwrap().clone();
    let lines: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), sample.framework.controls.len());
    let cell = |control: &str, column: &str| {
        let line = lines.iter().find(|line| &line[1] == control).unwrap();
        line[header.iter().position(|one| one == column).unwrap()].to_owned()
    };
    assert_eq!((cell("P.1.2", "attestations").as_str(), cell("P.1.1", "set_aside").as_str()), ("10", "12"));
    assert_eq!(
        (cell("P.1.2", "forms").as_str(), cell("P.1.2", "instead_of_as_written").as_str()),
        ("pretend-exception", "yes")
    );
    assert_eq!(cell("P.1.2", "documents"), format!("plan.pdf {}", Digest::of(b"plan.pdf")));
    assert_eq!(cell("P.1.2", "statements"), "So it is. Since January.");
    assert_eq!((cell("P.3.1", "forms").as_str(), cell("P.3.1", "instead_of_as_written").as_str()), ("", ""));
    assert_eq!(cell("P.1.1", "attestations"), "");
}
