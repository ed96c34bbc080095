//! Until when documents of statements are kept.

use chrono::NaiveDate;
use countersign_seal::digest::Digest;
use serde_json::json;

use super::{now, stated};
use crate::assess::kept::{KeptDocument, documents};
use crate::model::attestation::{Attestation, Claim};
use crate::model::days::LocalDays;
use crate::model::decision::Decisions;
use crate::model::id::FrameworkId;
use crate::model::organization::tests::in_zone;
use crate::model::time::Timestamp;

/// A statement about this framework, made on a day and standing until another, with a document of this name and content.
fn shown(leaf: u64, framework: &str, (made, until): (&str, &str), name: &str) -> Attestation {
    let document = json!({"name": name, "sha256": Digest::of(name.as_bytes()), "size": 1, "media_type": "text/plain"});
    Attestation {
        framework: framework.parse().unwrap(),
        recorded_at: made.parse().unwrap(),
        valid_from: made.parse().unwrap(),
        valid_until: Some(until.parse().unwrap()),
        artifacts: vec![serde_json::from_value(document).unwrap()],
        ..stated(leaf, "C", Claim::Met)
    }
}

fn all(attestations: Vec<Attestation>, status_dates: &[&str], at: Timestamp) -> Vec<KeptDocument> {
    let frameworks: Vec<FrameworkId> =
        ["hipaa-security", "cmmc-l2", "pci-dss-4.0.1"].map(|id| id.parse().unwrap()).into();
    let dates: Vec<NaiveDate> = status_dates.iter().map(|day| day.parse().unwrap()).collect();
    documents(&frameworks, &Decisions { attestations, ..Decisions::default() }, &dates, at, LocalDays::UTC)
}

fn until(kept: &KeptDocument) -> String {
    kept.keep_until.map_or_else(|| "-".to_owned(), |day| day.to_string())
}

#[test]
fn a_document_of_a_hipaa_statement_is_kept_six_years_from_when_it_was_last_in_effect() {
    let year = ("2025-06-01", "2026-06-01");
    let standing = all(vec![shown(1, "hipaa-security", year, "policy")], &[], now());
    assert_eq!((standing[0].in_effect, standing[0].keep_until), (true, None), "it has no end yet");
    let later = "2026-06-02T00:00:00Z".parse().unwrap();
    let ended = &all(vec![shown(1, "hipaa-security", year, "policy")], &[], later)[0];
    assert_eq!((ended.in_effect, until(ended).as_str(), ended.basis), (false, "2032-06-01", "45 CFR 164.316(b)(2)(i)"));

    let next = Attestation { replaces: Some(1), ..shown(2, "hipaa-security", ("2026-01-10", "2027-01-10"), "new") };
    let told = all(vec![shown(1, "hipaa-security", year, "policy"), next], &[], now());
    let days: Vec<_> = told.iter().map(|one| (one.name.as_str(), until(one))).collect();
    assert_eq!(days, [("new", "-".to_owned()), ("policy", "2032-01-10".to_owned())], "another took its place");

    let withdrawn = Attestation {
        claim: Claim::Withdrawn,
        artifacts: Vec::new(),
        ..shown(2, "hipaa-security", ("2026-02-01", "2027-02-01"), "")
    };
    for replaces in [Some(1), None] {
        let withdrawn = Attestation { replaces, ..withdrawn.clone() };
        let told = all(vec![shown(1, "hipaa-security", year, "policy"), withdrawn], &[], now());
        assert_eq!(until(&told[0]), "2032-02-01");
    }
    let past = shown(1, "hipaa-security", ("2025-06-01", "2025-07-01"), "policy");
    let made_late = Attestation { recorded_at: "2026-03-01".parse().unwrap(), ..past };
    assert_eq!(until(&all(vec![made_late], &[], now())[0]), "2032-03-01", "made later than it was in effect");
}

#[test]
fn a_document_of_several_statements_is_kept_as_long_as_the_last_of_them_asks() {
    let first = shown(1, "hipaa-security", ("2025-01-01", "2025-06-01"), "policy");
    let second = shown(2, "hipaa-security", ("2025-02-01", "2025-09-01"), "policy");
    let told = all(vec![first.clone(), second.clone()], &[], now());
    assert_eq!((told.len(), told[0].attestations.as_slice(), until(&told[0]).as_str()), (1, &[1, 2][..], "2031-09-01"));
    let standing = Attestation { valid_until: None, ..second };
    let told = all(vec![standing, first], &[], now());
    assert_eq!((told[0].in_effect, told[0].keep_until, told[0].last_in_effect), (true, None, None));
}

#[test]
fn a_document_of_a_cmmc_statement_is_kept_from_the_status_date_and_one_of_card_data_by_no_clock() {
    let cmmc = shown(1, "cmmc-l2", ("2025-06-01", "2026-06-01"), "plan");
    let told = |dates: &[&str]| until(&all(vec![cmmc.clone()], dates, now())[0]);
    assert_eq!(told(&[]), "-");
    assert_eq!(told(&["2025-05-31"]), "-", "an assessment before it did not rest on it");
    assert_eq!(told(&["2025-05-31", "2025-07-01"]), "2031-07-01");
    assert_eq!(told(&["2025-07-01", "2026-03-01"]), "2032-03-01", "both rested on it");
    let ended = shown(1, "cmmc-l2", ("2025-06-01", "2025-12-01"), "plan");
    assert_eq!(until(&all(vec![ended.clone()], &["2025-07-01", "2026-03-01"], now())[0]), "2031-07-01");
    assert_eq!(until(&all(vec![ended], &["2026-02-01", "2026-03-01"], now())[0]), "2032-02-01");
    assert!(all(vec![shown(1, "pci-dss-4.0.1", ("2025-06-01", "2026-06-01"), "scan")], &[], now()).is_empty());
}

#[test]
fn the_day_a_document_was_last_in_effect_is_the_organizations() {
    let until = "2026-01-01T04:59:59.999999Z";
    let stated = shown(1, "hipaa-security", ("2025-01-01T09:00:00Z", until), "policy");
    let decisions = Decisions { attestations: vec![stated], ..Decisions::default() };
    let frameworks = ["hipaa-security".parse().unwrap()];
    let kept = documents(&frameworks, &decisions, &[], now(), in_zone("America/New_York").days());
    assert_eq!(kept[0].last_in_effect.unwrap().to_string(), "2025-12-31");
    assert_eq!(kept[0].keep_until.unwrap().to_string(), "2031-12-31");
}
