//! Every earlier day of a gap can be worked out again from what is kept.

use proptest::prelude::*;

use super::{Failure, PastEvent, asked_for, gap_at, request_at, request_with_party, with_late_results, with_party};
use crate::model::control::ControlState;
use crate::model::finding::CheckResult;
use crate::model::finding::FindingOutcome::{self, Fail, NotApplicable, Pass, Unknown};
use crate::model::gap::{EvidenceRequest, Gap, GapState};
use crate::model::id::{FrameworkId, GapId, RequestId};
use crate::model::responsibility::Party;
use crate::track::gaps::GapRules;
use crate::track::owner::Owners;
use crate::track::tests::{at, catalog, matrix, result, step};

/// A gap's life: what was judged on each day, what happened, and the gap as it was kept on the evening of each day.
#[derive(Default)]
struct Life {
    judged: Vec<CheckResult>,
    events: Vec<PastEvent>,
    evenings: Vec<Option<Gap>>,
}

fn live(days: &[FindingOutcome]) -> Life {
    let mut life = Life::default();
    let mut kept: Option<Gap> = None;
    for (day, outcome) in (1..).zip(days) {
        let mut judged = result(*outcome, &format!("resource {day}"));
        judged.evidence = vec![u64::from(day)];
        if let Some(tracked) = step(kept.as_ref(), &judged, day) {
            if let Some(change) = tracked.change {
                let (because, evidence) = (tracked.gap.because.clone(), tracked.gap.evidence.clone());
                life.events.push(PastEvent { change, at: at(day), because, evidence, leaf: u64::from(day) });
            }
            kept = Some(tracked.gap);
        }
        life.judged.push(judged);
        life.evenings.push(kept.clone());
    }
    life
}

/// The gap as it was on a day, from how it is kept in the end.
fn worked_out(life: &Life, day: u32) -> Option<Gap> {
    let kept = life.evenings.last()?.as_ref()?;
    let events: Vec<PastEvent> = life.events.iter().filter(|event| event.at <= at(day)).cloned().collect();
    let until = life.judged.iter().take(day as usize);
    let failure = (1..).zip(until).filter(|(_, judged)| judged.outcome == Fail).last();
    gap_at(kept, &events, failure.map(|(day, result)| Failure { result, judged_at: at(day) }))
}

proptest! {
    #[test]
    fn a_gap_is_shown_on_every_day_as_it_was_kept_on_that_day(
        days in prop::collection::vec(prop::sample::select(vec![Pass, Fail, Unknown, NotApplicable]), 1..14)
    ) {
        let life = live(&days);
        for (day, evening) in (1..).zip(&life.evenings) {
            prop_assert_eq!(&worked_out(&life, day), evening, "on day {} of {:?}", day, days);
        }
    }
}

#[test]
fn a_gap_that_was_closed_and_came_back_is_closed_on_the_days_between() {
    let life = live(&[Fail, Pass, Pass, Fail]);
    let states: Vec<_> = (1..=4).map(|day| worked_out(&life, day).map(|gap| (gap.state, gap.reopened))).collect();
    let closed = Some((GapState::Closed, 0));
    assert_eq!(states, [Some((GapState::Open, 0)), closed, closed, Some((GapState::Open, 1))]);
    assert_eq!(worked_out(&life, 3).unwrap().closed_at, Some(at(2)));
    assert_eq!(worked_out(&life, 1).unwrap().resources, ["resource 1"]);
}

#[test]
fn a_fault_that_is_known_only_now_is_a_gap_of_the_day_it_was_there_under_the_id_it_has() {
    let catalog = catalog();
    let matrix = matrix([Party::Provider; 3]);
    let owners = Owners::new([&matrix]);
    let frameworks: [FrameworkId; 1] = ["f".parse().unwrap()];
    let rules = GapRules { catalog: &catalog, frameworks: &frameworks, owners: &owners, now: at(2) };
    let kept = step(None, &result(Fail, "u1"), 5).unwrap().gap;
    let late = result(Fail, "u1");
    let gaps = with_late_results(&rules, Vec::new(), std::slice::from_ref(&late), std::slice::from_ref(&kept));
    assert_eq!(gaps.iter().map(|gap| (gap.id, gap.opened_at)).collect::<Vec<_>>(), [(kept.id, at(2))]);

    // And one that was open then is closed when old evidence, judged again, shows that nothing was wrong.
    let open = step(None, &result(Fail, "u1"), 1).unwrap().gap;
    let gaps = with_late_results(&rules, vec![open.clone()], &[result(Pass, "u1")], std::slice::from_ref(&open));
    assert_eq!(gaps.iter().map(|gap| (gap.id, gap.state)).collect::<Vec<_>>(), [(open.id, GapState::Closed)]);
}

#[test]
fn whose_turn_an_open_gap_is_follows_the_matrix_and_a_closed_one_stays_with_who_had_it() {
    let catalog = catalog();
    let internal = matrix([Party::Internal; 3]);
    let owners = Owners::new([&internal]);
    let open = step(None, &result(Fail, "u1"), 1).unwrap().gap;
    assert_eq!((open.party, open.remediation.as_str()), (Party::Provider, "Switch it on."));
    let moved = with_party(open.clone(), &catalog, &owners);
    assert_eq!((moved.party, moved.remediation.as_str()), (Party::Internal, "Ask for it."));
    let closed = Gap { state: GapState::Closed, id: GapId::fresh(), ..open };
    assert_eq!(with_party(closed.clone(), &catalog, &owners), closed);
}

#[test]
fn a_request_asks_for_what_it_asked_for_then_of_whom_it_was_asked_then() {
    let request = EvidenceRequest {
        id: RequestId::fresh(),
        framework: "f".parse().unwrap(),
        control: "C1".parse().unwrap(),
        party: Party::Internal,
        asks_for: "today's words".to_owned(),
        opened_at: at(2),
        closed_at: Some(at(8)),
    };
    let (framework, control) = (request.framework.clone(), request.control.clone());
    let statuses = [(&framework, &control, ControlState::Undetermined, "the words of then")];
    let asked = asked_for(statuses);
    assert_eq!(request_at(&request, &asked, at(1)), None);
    let then = request_at(&request, &asked, at(4)).unwrap();
    assert_eq!((then.asks_for.as_str(), then.closed_at), ("the words of then", None));
    let answered = request_at(&request, &asked, at(9)).unwrap();
    assert_eq!((answered.asks_for.as_str(), answered.closed_at), ("today's words", Some(at(8))));

    let matrix = matrix([Party::Provider; 3]);
    let owners = Owners::new([&matrix]);
    assert_eq!(request_with_party(then, &owners).party, Party::Provider);
    assert_eq!(request_with_party(answered, &owners).party, Party::Internal);
}
