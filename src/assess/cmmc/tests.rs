//! The rule's own figures, written here by hand, against the code and the catalog.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::NaiveDate;
use countersign_seal::digest::Digest;
use proptest::prelude::*;

use super::calendar::{Calendar, Level, Standing, Stands, Status};
use super::{CmmcFault, Finding, Findings, number, path, poam, requirement, score};
use crate::catalog::Catalog;
use crate::catalog::framework::Framework;
use crate::model::id::ControlId;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

fn framework(id: &str) -> &'static Framework {
    &CATALOG.frameworks[&id.parse().unwrap()]
}

fn level_2() -> &'static Framework {
    framework("cmmc-l2")
}

/// All requirements of Level 2 are met, but for these.
fn but(open: &[(&str, Finding)]) -> Findings {
    let mut findings: Findings = level_2().controls.iter().map(|control| (control.id.clone(), Finding::Met)).collect();
    for (name, found) in open {
        findings.insert(requirement(level_2(), name).unwrap().id.clone(), *found);
    }
    findings
}

fn points(open: &[(&str, Finding)]) -> Option<i32> {
    score::level_2(level_2(), &but(open)).unwrap().score
}

/// 170.24(c)(2)(i)(B)(1): five points.
const FIVE: &str = "3.1.1 3.1.2 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2 3.6.1 3.6.2 3.7.2 3.8.3 3.9.2 3.10.1 3.10.2 3.12.1 \
    3.12.3 3.13.1 3.13.2 3.14.1 3.14.2 3.14.3 3.1.12 3.1.13 3.1.16 3.1.17 3.1.18 3.3.5 3.4.5 3.4.6 3.4.7 3.4.8 3.5.10 \
    3.7.5 3.8.7 3.11.2 3.13.5 3.13.6 3.13.15 3.14.4 3.14.6";
/// 170.24(c)(2)(i)(B)(2): three points.
const THREE: &str = "3.3.2 3.7.1 3.8.1 3.8.2 3.9.1 3.11.1 3.12.2 3.1.5 3.1.19 3.7.4 3.8.8 3.13.8 3.14.5 3.14.7";
/// 170.24(c)(2)(i)(B)(3) and (4): five, or three for a part.
const VARIABLE: [&str; 2] = ["3.5.3", "3.13.11"];
/// 170.21(a)(2)(iii).
const NEVER: [&str; 6] = ["3.1.20", "3.1.22", "3.12.4", "3.10.3", "3.10.4", "3.10.5"];

fn listed(text: &'static str) -> BTreeSet<&'static str> {
    text.split_whitespace().collect()
}

#[test]
fn every_requirement_costs_what_the_rule_says() {
    let (five, three) = (listed(FIVE), listed(THREE));
    assert_eq!((five.len(), three.len(), level_2().controls.len()), (42, 14, 110));
    for control in level_2().controls.iter().filter(|control| number(control) != "3.12.4") {
        let name = number(control);
        let expected = match name {
            _ if five.contains(name) || VARIABLE.contains(&name) => 5,
            _ if three.contains(name) => 3,
            _ => 1,
        };
        assert_eq!(score::deduction(control, Finding::NotMet), Ok(expected), "{name}");
        let partial = score::deduction(control, Finding::Partial);
        let expected =
            if VARIABLE.contains(&name) { Ok(3) } else { Err(CmmcFault::NoPartialValue(control.id.clone())) };
        assert_eq!(partial, expected, "{name}");
    }
}

#[test]
fn the_score_of_seven_firms_computed_by_hand() {
    use Finding::{NotApplicable, NotMet, Partial};
    assert_eq!(points(&[]), Some(110));
    // Five, three and one point: 110 - 9.
    assert_eq!(points(&[("3.1.1", NotMet), ("3.1.5", NotMet), ("3.1.3", NotMet)]), Some(101));
    // Remote and privileged people have a second factor, others not; encryption without a validated module: 110 - 3 - 3.
    assert_eq!(points(&[("3.5.3", Partial), ("3.13.11", Partial)]), Some(104));
    // Neither at all: 110 - 5 - 5.
    assert_eq!(points(&[("3.5.3", NotMet), ("3.13.11", NotMet)]), Some(100));
    // What does not apply costs nothing: no wireless network, no collaborating devices.
    assert_eq!(points(&[("3.1.16", NotApplicable), ("3.1.17", NotApplicable), ("3.13.12", NotApplicable)]), Some(110));
    // No security plan: no score, whatever else is there.
    assert_eq!(points(&[("3.12.4", NotMet)]), None);
    assert_eq!(points(&[("3.12.4", NotApplicable)]), None, "a plan always applies");
    // Nothing but the plan: 110 - 42*5 - 2*5 - 14*3 - 51*1.
    let nothing = Findings::from([(requirement(level_2(), "3.12.4").unwrap().id.clone(), Finding::Met)]);
    assert_eq!(score::level_2(level_2(), &nothing).unwrap().score, Some(-203));
}

#[test]
fn what_may_wait_on_a_plan_of_action_is_what_the_rule_lets_wait() {
    let (five, three) = (listed(FIVE), listed(THREE));
    let mut allowed = 0;
    for control in &level_2().controls {
        let name = number(control);
        let heavy = five.contains(name) || three.contains(name) || VARIABLE.contains(&name);
        let verdict = poam::at_level_2(control, Finding::NotMet).unwrap();
        assert_eq!(verdict.is_ok(), !heavy && !NEVER.contains(&name), "{name}: {verdict:?}");
        allowed += usize::from(verdict.is_ok());
        if let Err(refusal) = verdict {
            let paragraph = if NEVER.contains(&name) { "170.21(a)(2)(iii)" } else { "170.21(a)(2)(ii)" };
            assert!(refusal.because.contains(paragraph), "{}", refusal.because);
        }
    }
    assert_eq!(allowed, 46);
    let partial = |name| poam::at_level_2(requirement(level_2(), name).unwrap(), Finding::Partial).unwrap();
    assert!(partial("3.13.11").is_ok(), "encryption that is not validated may wait");
    assert!(partial("3.5.3").is_err(), "three points may not");
}

#[test]
fn the_catalog_says_of_each_requirement_what_the_law_says() {
    for (id, judge) in [
        ("cmmc-l2", (|control| poam::at_level_2(control, Finding::NotMet).unwrap().is_ok()) as fn(&_) -> bool),
        ("cmmc-l3", |control| poam::at_level_3(control).is_ok()),
        ("cmmc-l1", |_| false),
    ] {
        for control in &framework(id).controls {
            let fact = control.facts["poam_allowed"].as_str().unwrap();
            let says = match fact {
                "yes" => true,
                // Encryption may wait only while it is there and not validated.
                "no" | "never" | "conditional" => false,
                other => panic!("{}: {other}", control.id),
            };
            assert_eq!(judge(control), says, "{}", control.id);
        }
    }
}

#[test]
fn a_conditional_status_needs_eighty_eight_points_and_nothing_open_that_may_not_wait() {
    let legality = |findings: &Findings| {
        let score = score::level_2(level_2(), findings).unwrap();
        poam::level_2(level_2(), findings, &score).unwrap()
    };
    let ones: Vec<&str> = level_2()
        .controls
        .iter()
        .filter(|control| poam::at_level_2(control, Finding::NotMet).unwrap().is_ok())
        .map(number)
        .collect();
    let open = |many: usize| but(&ones[..many].iter().map(|name| (*name, Finding::NotMet)).collect::<Vec<_>>());
    assert!(legality(&open(22)).conditional_possible, "88 points");
    assert!(!legality(&open(23)).conditional_possible, "87 points");
    assert!(legality(&open(0)).final_possible && !legality(&open(1)).final_possible);
    let one_heavy = legality(&but(&[("3.1.1", Finding::NotMet)]));
    assert!(!one_heavy.conditional_possible, "105 points, but what is open may not wait");
    assert_eq!(one_heavy.poam_refused[0].control, "3.1.1");
    let external = legality(&but(&[("3.1.20", Finding::NotMet)]));
    assert_eq!(external.poam_refused[0].because, "3.1.20 may not be on a POA&M: 32 CFR 170.21(a)(2)(iii)");
    for found in [Finding::NotMet, Finding::NotApplicable] {
        let no_plan = legality(&but(&[("3.12.4", found)]));
        assert!(!no_plan.conditional_possible && !no_plan.final_possible, "{found:?}");
        assert_eq!(no_plan.poam_refused[0].control, "3.12.4");
    }
}

#[test]
fn level_1_is_all_or_nothing_and_level_3_counts() {
    let met = |id: &str| -> Findings {
        framework(id).controls.iter().map(|control| (control.id.clone(), Finding::Met)).collect()
    };
    let mut one = met("cmmc-l1");
    assert!(score::level_1(framework("cmmc-l1"), &one));
    one.pop_first();
    assert!(!score::level_1(framework("cmmc-l1"), &one));
    let mut three = met("cmmc-l3");
    assert_eq!(score::level_3(framework("cmmc-l3"), &three), 24);
    three.pop_first();
    assert_eq!(score::level_3(framework("cmmc-l3"), &three), 23);
}

#[test]
fn the_way_to_a_conditional_status_begins_with_what_may_not_wait() {
    use Finding::NotMet;
    let findings = but(&[("3.1.3", NotMet), ("3.1.20", NotMet), ("3.1.1", NotMet)]);
    let score = score::level_2(level_2(), &findings).unwrap();
    let names = |steps: Vec<path::Step>| steps.into_iter().map(|step| step.control).collect::<Vec<_>>();
    assert_eq!(names(path::to_conditional(level_2(), &findings, &score).unwrap()), ["3.1.1", "3.1.20"]);
    assert_eq!(names(path::to_final(level_2(), &findings).unwrap()), ["3.1.1", "3.1.3", "3.1.20"]);
    let nothing = Findings::new();
    let score = score::level_2(level_2(), &nothing).unwrap();
    let steps = path::to_conditional(level_2(), &nothing, &score).unwrap();
    // 42 + 2 variable + 14 heavy ones and six barred leave 46 points open: 24 of those must come too.
    assert_eq!(steps.len(), 42 + 2 + 14 + 6 + 24);
}

#[test]
fn the_dates_of_a_status_follow_from_its_first_day() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let conditional = Status { level: Level::Level2, dated: day("2026-03-02"), stands: Standing::Conditional };
    let calendar = Calendar::of(conditional).unwrap();
    assert_eq!(calendar.closeout_by, Some(day("2026-08-29")));
    let on = |calendar: &Calendar, at: &str| (calendar.on(day(at)).stands, calendar.on(day(at)).next_affirmation);
    assert_eq!(on(&calendar, "2026-03-01"), (Stands::NotYet, Some(day("2026-03-02"))));
    assert_eq!(on(&calendar, "2026-08-29"), (Stands::Stands, None), "the next one comes only with the closeout");
    assert_eq!(on(&calendar, "2026-08-30"), (Stands::NotClosedOut, None));
    assert_eq!((calendar.ends, calendar.keep_until), (day("2026-08-29"), day("2032-03-02")));
    assert_eq!(calendar.affirmations, [day("2026-03-02")], "no other comes without a closeout");
    let later = calendar.if_closed_out.unwrap();
    assert_eq!((later.affirmations, later.ends), (["2027-03-02", "2028-03-02"].map(day).into(), day("2029-03-02")));
    let closed = Status { stands: Standing::ClosedOut(day("2026-08-01")), ..conditional };
    let calendar = Calendar::of(closed).unwrap();
    assert_eq!((calendar.closeout_by, calendar.ends), (None, day("2029-03-02")), "the status date stays the first");
    assert_eq!(calendar.affirmations, ["2026-03-02", "2026-08-01", "2027-03-02", "2028-03-02"].map(day));
    assert_eq!(on(&calendar, "2026-08-01"), (Stands::Stands, Some(day("2026-08-01"))), "due on its day");
    assert_eq!(on(&calendar, "2026-08-02"), (Stands::Stands, Some(day("2027-03-02"))));
    assert_eq!(on(&calendar, "2029-03-02"), (Stands::Stands, None), "there is no further one");
    assert_eq!(on(&calendar, "2029-03-03"), (Stands::Ended, None));
    let first = Status { level: Level::Level1, dated: day("2024-02-29"), stands: Standing::Final };
    let calendar = Calendar::of(first).unwrap();
    assert_eq!((calendar.ends, calendar.affirmations), (day("2025-02-28"), vec![day("2024-02-29")]));
}

fn any_finding(control: &crate::catalog::framework::Control) -> BoxedStrategy<Finding> {
    let partial = control.facts.contains_key("weight_partial");
    let mut known = vec![Finding::Met, Finding::NotApplicable, Finding::NotMet];
    known.extend(partial.then_some(Finding::Partial));
    proptest::sample::select(known).boxed()
}

/// What a finding costs by the lists above, and whether it may wait on a plan of action.
fn cost_by_hand(id: &ControlId, found: Finding) -> (i32, bool) {
    // AC.L2-3.1.1
    let name = id.as_str().rsplit_once('-').unwrap().1;
    let value = match name {
        "3.12.4" => 0,
        _ if VARIABLE.contains(&name) && found == Finding::Partial => 3,
        _ if VARIABLE.contains(&name) || listed(FIVE).contains(name) => 5,
        _ if listed(THREE).contains(name) => 3,
        _ => 1,
    };
    (value, !NEVER.contains(&name) && (value == 1 || (name == "3.13.11" && value == 3)))
}

/// What the rule makes of findings, counted by hand: points, what may wait, what may not.
fn by_hand(findings: &Findings) -> (i32, BTreeSet<String>, BTreeSet<String>) {
    let (mut points, mut may_wait, mut may_not) = (110, BTreeSet::new(), BTreeSet::new());
    let is_open = |id: &ControlId, found: Finding| match found {
        Finding::NotMet | Finding::Partial => true,
        Finding::NotApplicable => id.as_str().ends_with("-3.12.4"),
        Finding::Met => false,
    };
    for (id, found) in findings.iter().filter(|(id, found)| is_open(id, **found)) {
        let (value, waits) = cost_by_hand(id, *found);
        points -= value;
        let name = number(requirement(level_2(), id.as_str()).unwrap()).to_owned();
        if waits { &mut may_wait } else { &mut may_not }.insert(name);
    }
    (points, may_wait, may_not)
}

/// A third of all requirements is open, or nothing but a third or two of what may wait: on either side of 88 points.
fn any_findings() -> impl Strategy<Value = Findings> {
    let each: Vec<_> = level_2()
        .controls
        .iter()
        .map(|control| any_finding(control).prop_map(|found| (control.id.clone(), found)))
        .collect();
    (each, 0..3_usize).prop_map(|(all, shape)| {
        let shaped = |(id, found): (ControlId, Finding)| {
            let found = if shape == 2 && found == Finding::NotApplicable { Finding::NotMet } else { found };
            let found = if shape > 0 && !cost_by_hand(&id, found).1 { Finding::Met } else { found };
            (id, found)
        };
        all.into_iter().map(shaped).collect()
    })
}

proptest! {
    #[test]
    fn score_and_plan_of_action_are_those_of_the_rule_in_any_order(findings in any_findings(), seed in any::<u64>()) {
        let (points, may_wait, may_not) = by_hand(&findings);
        let mut shuffled = level_2().clone();
        shuffled.controls.sort_by_cached_key(|control| Digest::of(format!("{seed} {}", control.id).as_bytes()));
        for framework in [level_2(), &shuffled] {
            let score = score::level_2(framework, &findings).unwrap();
            prop_assert_eq!(score.points, points);
            let has_plan = !may_not.contains("3.12.4");
            prop_assert_eq!(score.score, has_plan.then_some(points));
            let legality = poam::level_2(framework, &findings, &score).unwrap();
            prop_assert_eq!(legality.poam_allowed.iter().cloned().collect::<BTreeSet<_>>(), may_wait.clone());
            let refused: BTreeSet<_> = legality.poam_refused.iter().map(|refusal| refusal.control.clone()).collect();
            prop_assert_eq!(refused, may_not.clone());
            prop_assert_eq!(legality.conditional_possible, points >= 88 && may_not.is_empty());
            prop_assert_eq!(legality.final_possible, may_wait.is_empty() && may_not.is_empty());
        }
    }

    #[test]
    fn the_score_lies_between_its_ends_and_more_that_is_met_never_lowers_it(
        findings in any_findings(), which in 0..110_usize
    ) {
        let before = score::level_2(level_2(), &findings).unwrap();
        prop_assert!((-203..=110).contains(&before.points));
        let lost: u32 = before.deductions.iter().map(|deduction| deduction.value).sum();
        prop_assert_eq!(before.points, 110 - i32::try_from(lost).unwrap());
        let mut better = findings.clone();
        better.insert(level_2().controls[which].id.clone(), Finding::Met);
        let after = score::level_2(level_2(), &better).unwrap();
        prop_assert!(after.points >= before.points);
        let legal = |findings: &Findings, score: &score::Level2| poam::level_2(level_2(), findings, score).unwrap();
        let (was, is) = (legal(&findings, &before), legal(&better, &after));
        prop_assert!(is.poam_refused.len() <= was.poam_refused.len());
        prop_assert!(!was.conditional_possible || is.conditional_possible);
    }

    #[test]
    fn the_way_to_a_conditional_status_leads_there(findings in any_findings()) {
        let mut walked = findings.clone();
        let score = score::level_2(level_2(), &findings).unwrap();
        for step in path::to_conditional(level_2(), &findings, &score).unwrap() {
            walked.insert(requirement(level_2(), &step.control).unwrap().id.clone(), Finding::Met);
        }
        let score = score::level_2(level_2(), &walked).unwrap();
        prop_assert!(poam::level_2(level_2(), &walked, &score).unwrap().conditional_possible);
    }

    #[test]
    fn no_way_to_a_conditional_status_is_shorter(findings in any_findings()) {
        let score = score::level_2(level_2(), &findings).unwrap();
        let steps = path::to_conditional(level_2(), &findings, &score).unwrap();
        let (points, may_wait, may_not) = by_hand(&findings);
        // Whatever way is taken, what may not wait is on it; all that may wait brings one point, but for encryption.
        let validated = findings.iter().any(|(id, found)| id.as_str().ends_with("-3.13.11") && *found == Finding::Partial);
        let open = if validated { 3 } else { 0 } + i32::try_from(may_wait.len() - usize::from(validated)).unwrap();
        let missing = 88 - (110 - open);
        let more = match missing {
            ..=0 => 0,
            missing if validated => 1 + (missing - 3).max(0),
            missing => missing,
        };
        prop_assert_eq!(steps.len(), may_not.len() + usize::try_from(more).unwrap(), "{} points", points);
    }
}
