//! The life of a gap and of a request, and who they land with.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use proptest::prelude::*;
use serde_json::json;

use super::gaps::{GapChange, GapRules, TrackedGap, follow_up};
use super::owner::Owners;
use super::requests;
use crate::catalog::Catalog;
use crate::catalog::check::{CheckDefinition, RegoModule};
use crate::catalog::framework::{Control, Framework};
use crate::model::control::{ControlState, ControlStatus, ObjectiveStatus, OpenAs};
use crate::model::finding::FindingOutcome::{self, Fail, NotApplicable, Pass, Unknown};
use crate::model::finding::{CheckResult, ResourceFinding};
use crate::model::gap::{ControlRef, Gap, GapState};
use crate::model::id::FrameworkId;
use crate::model::responsibility::{EngagementModel, Party, Responsibility, ResponsibilityKind, ResponsibilityMatrix};
use crate::model::time::Timestamp;

pub(super) fn at(day: u32) -> Timestamp {
    format!("2026-03-{day:02}T09:00:00Z").parse().unwrap()
}

pub(super) fn catalog() -> Catalog {
    let metadata = json!({"severity": "high", "requires": ["m365/users"],
        "proves": {"f": {"C1": "part", "C2": "part", "C3": "supporting"}, "unused": {"X": "part"}},
        "remediation": {"provider": "Switch it on.", "internal": "Ask for it."}});
    let check = CheckDefinition {
        id: "m365/a".parse().unwrap(),
        title: "A".to_owned(),
        description: String::new(),
        references: Vec::new(),
        metadata: serde_json::from_value(metadata).unwrap(),
        rego: RegoModule { file: String::new(), text: String::new() },
        cases: Vec::new(),
        digest: Digest::empty(),
    };
    let control = |id: &str| Control {
        id: id.parse().unwrap(),
        aliases: Vec::new(),
        title: id.to_owned(),
        family: "A".to_owned(),
        parent: None,
        assessable: true,
        objectives: Vec::new(),
        facts: BTreeMap::new(),
        guidance: None,
        official: None,
    };
    let framework = |id: &str, controls: &[&str]| Framework {
        id: id.parse().unwrap(),
        title: id.to_owned(),
        version: "1".to_owned(),
        publisher: String::new(),
        source: String::new(),
        vocabulary: BTreeMap::new(),
        judged_by: None,
        questionnaires: Vec::new(),
        controls: controls.iter().map(|id| control(id)).collect(),
    };
    Catalog::of(vec![framework("f", &["C1", "C2", "C3"]), framework("unused", &["X"])], vec![check], Vec::new())
}

pub(super) fn matrix(accountable: [Party; 3]) -> ResponsibilityMatrix {
    let rows = ["C1", "C2", "C3"].iter().zip(accountable).map(|(control, accountable)| Responsibility {
        control: control.parse().unwrap(),
        objective: None,
        kind: ResponsibilityKind::Shared,
        accountable,
        provider_tasks: String::new(),
        internal_tasks: String::new(),
        vendor_tasks: None,
        document: None,
        provider_person: None,
        internal_person: None,
        clause: None,
    });
    ResponsibilityMatrix {
        format: ResponsibilityMatrix::FORMAT.to_owned(),
        framework: "f".parse().unwrap(),
        version: 1,
        model: EngagementModel::CoManaged,
        effective_from: None,
        effective_until: None,
        rows: rows.collect(),
    }
}

pub(super) fn result(outcome: FindingOutcome, resource: &str) -> CheckResult {
    let because = format!("it is {}", outcome.as_str());
    CheckResult {
        check: "m365/a".parse().unwrap(),
        version: Digest::empty(),
        target: "t1".to_owned(),
        outcome,
        because: because.clone(),
        resources: vec![ResourceFinding { resource: resource.to_owned(), outcome, because }],
        evidence: vec![7],
    }
}

/// What becomes of `known` when `result` comes in on a day.
pub(super) fn step(known: Option<&Gap>, result: &CheckResult, day: u32) -> Option<TrackedGap> {
    let catalog = catalog();
    let matrix = matrix([Party::Provider, Party::Provider, Party::Internal]);
    let owners = Owners::new([&matrix]);
    let frameworks: [FrameworkId; 1] = ["f".parse().unwrap()];
    let rules = GapRules { catalog: &catalog, frameworks: &frameworks, owners: &owners, now: at(day) };
    let known: Vec<Gap> = known.cloned().into_iter().collect();
    follow_up(&rules, &known, std::slice::from_ref(result)).pop()
}

fn opened() -> Gap {
    step(None, &result(Fail, "tenant"), 1).unwrap().gap
}

#[test]
fn a_failure_opens_one_gap_with_every_control_of_the_frameworks_in_use() {
    let gap = opened();
    let held: Vec<_> = gap.controls.iter().map(|held| held.control.as_str()).collect();
    assert_eq!(held, ["C1", "C2", "C3"]);
    assert_eq!((gap.party, gap.remediation.as_str()), (Party::Provider, "Switch it on."));
    assert_eq!(gap.resources, ["tenant"]);
    for quiet in [Pass, Unknown, NotApplicable] {
        assert!(step(None, &result(quiet, "tenant"), 1).is_none());
    }
}

#[test]
fn a_gap_whose_evidence_stops_keeps_the_last_known_failure_and_waits() {
    let waiting = step(Some(&opened()), &result(Unknown, "m365/a"), 2).unwrap();
    assert_eq!(waiting.change, Some(GapChange::AwaitingEvidence));
    assert_eq!(waiting.gap.state, GapState::AwaitingEvidence);
    assert_eq!(waiting.gap.because, "it is fail");
    assert_eq!((waiting.gap.last_seen_at, waiting.gap.evidence.as_slice()), (at(1), &[7][..]));
    assert!(step(Some(&waiting.gap), &result(Unknown, "m365/a"), 3).is_none());
    let again = step(Some(&waiting.gap), &result(Fail, "tenant"), 4).unwrap();
    assert_eq!((again.change, again.gap.state), (Some(GapChange::SeenAgain), GapState::Open));
    assert_eq!((again.gap.id, again.gap.opened_at, again.gap.reopened), (waiting.gap.id, at(1), 0));
}

#[test]
fn a_gap_comes_back_with_its_history() {
    let gap = opened();
    let closed = step(Some(&gap), &result(Pass, "tenant"), 2).unwrap();
    assert_eq!((closed.change, closed.gap.closed_at), (Some(GapChange::Closed), Some(at(2))));
    let back = step(Some(&closed.gap), &result(Fail, "tenant"), 3).unwrap();
    assert_eq!(back.change, Some(GapChange::Reopened));
    assert_eq!((back.gap.id, back.gap.opened_at, back.gap.closed_at), (gap.id, at(1), None));
    assert_eq!((back.gap.reopened, back.gap.last_seen_at), (1, at(3)));
}

#[test]
fn data_that_is_no_longer_offered_closes_no_gap_and_data_without_the_thing_does() {
    let gap = opened();
    let lost = step(Some(&gap), &result(NotApplicable, "m365/users"), 2).unwrap();
    assert_eq!(lost.change, Some(GapChange::AwaitingEvidence));
    let gone = step(Some(&gap), &result(NotApplicable, "tenant"), 2).unwrap();
    assert_eq!(gone.change, Some(GapChange::Closed));
}

#[test]
fn a_fault_lands_with_the_party_accountable_for_most_of_what_it_holds_back() {
    let refs = opened().controls;
    let catalog = catalog();
    let lands = |accountable, refs: &[ControlRef]| {
        Owners::new([&matrix(accountable)]).of_fault(&catalog, &"m365/a".parse().unwrap(), refs)
    };
    let party = |accountable| lands(accountable, &refs);
    assert_eq!(party([Party::Internal, Party::Internal, Party::Provider]), Party::Internal);
    assert_eq!(party([Party::Vendor, Party::Provider, Party::Internal]), Party::Internal, "it follows up the vendor");
    assert_eq!(lands([Party::Provider; 3], &refs[..0]), Party::Internal);
    assert_eq!(lands([Party::Provider, Party::Internal, Party::Internal], &refs[..2]), Party::Provider);
}

fn status(control: &str, state: ControlState, is_parent: bool) -> ControlStatus {
    let objective = ObjectiveStatus {
        objective: control.parse().unwrap(),
        state,
        because: "not shown".to_owned(),
        bearings: Vec::new(),
        attestation: None,
        set_aside: None,
        open_as: None,
    };
    ControlStatus {
        framework: "f".parse().unwrap(),
        control: control.parse().unwrap(),
        state,
        because: "not shown".to_owned(),
        objectives: if is_parent { Vec::new() } else { vec![objective] },
        as_of: None,
    }
}

#[test]
fn what_was_left_out_untested_is_asked_of_nobody_until_that_ends() {
    let matrix = matrix([Party::Provider, Party::Vendor, Party::Internal]);
    let owners = Owners::new([&matrix]);
    let open = status("C1", ControlState::Undetermined, false);
    let mut left_out = open.clone();
    left_out.objectives[0].open_as = Some(OpenAs::NotTested);
    let mut partial = open.clone();
    partial.objectives[0].open_as = Some(OpenAs::Partial);
    let asked = requests::follow_up(&owners, &[], std::slice::from_ref(&open), at(1));
    assert_eq!(requests::follow_up(&owners, &[], std::slice::from_ref(&left_out), at(1)).len(), 0);
    let closed = requests::follow_up(&owners, &asked, std::slice::from_ref(&left_out), at(2));
    assert_eq!((closed.len(), closed[0].id, closed[0].closed_at), (1, asked[0].id, Some(at(2))));
    assert_eq!(requests::follow_up(&owners, &closed, &[open], at(3)).len(), 1, "it is asked for again");
    assert_eq!(
        requests::follow_up(&owners, &[], &[partial], at(1)).len(),
        1,
        "what is there in part still wants the rest"
    );
    left_out.objectives.push(status("C1", ControlState::Undetermined, false).objectives.remove(0));
    assert_eq!(
        requests::follow_up(&owners, &[], &[left_out], at(1)).len(),
        1,
        "only one of two objectives was left out"
    );
}

#[test]
fn only_what_is_judged_itself_is_asked_for_once_and_the_request_closes_when_it_is_shown() {
    let matrix = matrix([Party::Provider, Party::Vendor, Party::Internal]);
    let owners = Owners::new([&matrix]);
    let open = ControlState::Undetermined;
    let statuses = [status("C3", open, true), status("C1", open, false), status("C2", ControlState::NotMet, false)];
    let asked = requests::follow_up(&owners, &[], &statuses, at(1));
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].control.as_str(), asked[0].party), ("C1", Party::Provider));
    assert!(requests::follow_up(&owners, &asked, &statuses, at(2)).is_empty());
    let shown = requests::follow_up(&owners, &asked, &[status("C1", ControlState::Met, false)], at(3));
    assert_eq!((shown[0].id, shown[0].closed_at), (asked[0].id, Some(at(3))));
}

#[test]
fn a_request_of_a_control_that_is_no_longer_asked_closes_and_one_of_a_framework_nobody_judged_stays() {
    let owners = Owners::new([]);
    let open = ControlState::Undetermined;
    let asked = requests::follow_up(&owners, &[], &[status("C1", open, false), status("C2", open, false)], at(1));
    let left = requests::follow_up(&owners, &asked, &[status("C1", open, false)], at(2));
    let left: Vec<_> = left.iter().map(|request| (request.control.as_str(), request.closed_at)).collect();
    assert_eq!(left, [("C2", Some(at(2)))]);
    assert!(requests::follow_up(&owners, &asked, &[], at(2)).is_empty(), "its catalog could not be read, say");
}

proptest! {
    #[test]
    fn a_gap_closes_only_on_a_look_and_keeps_its_identity(
        looks in prop::collection::vec((prop_oneof![Just(Pass), Just(Fail), Just(Unknown), Just(NotApplicable)], any::<bool>()), 1..20),
    ) {
        let mut gap = opened();
        let (id, mut day) = (gap.id, 1);
        for (outcome, is_blind) in looks {
            day += 1;
            let resource = if is_blind && outcome != Fail && outcome != Pass { "m365/users" } else { "tenant" };
            let Some(next) = step(Some(&gap), &result(outcome, resource), day) else { continue };
            let closes = next.gap.state == GapState::Closed && gap.state != GapState::Closed;
            prop_assert!(!closes || outcome == Pass || (outcome == NotApplicable && resource == "tenant"));
            prop_assert_eq!(next.gap.state == GapState::Closed, next.gap.closed_at.is_some());
            prop_assert_eq!(next.gap.reopened - gap.reopened, u32::from(next.change == Some(GapChange::Reopened)));
            prop_assert_eq!((next.gap.id, next.gap.opened_at), (id, at(1)));
            gap = next.gap;
        }
    }
}
