//! The overview of invented organizations, as it is printed.

use countersign_seal::digest::Digest;
use serde_json::json;

use super::HOSTILE;
use crate::model::evidence::CollectionOutcome;
use crate::model::gap::GapState;
use crate::model::id::{GapId, RunId};
use crate::model::responsibility::{EngagementModel, MatrixState, Party};
use crate::render::Engine;
use crate::report::data::{FrameworkHeading, LedgerHead, MatrixHeading};
use crate::report::tally::{StateTotal, Totals};
use crate::report::unseen::Advice;
use crate::web::overview::{
    FrameworkOverview, Freshness, GapOverview, NotCollected, OrganizationOverview, Overview, PartyOverview, Reason,
    RunOverview,
};

/// The page of one organization of this name.
fn printed(name: &str) -> String {
    let overview = Overview {
        as_of: "2026-03-31T09:00:00Z".parse().unwrap(),
        catalog_digest: Digest::of(b"catalog"),
        organizations: vec![organization(name)],
    };
    let mut page = serde_json::to_value(&overview).unwrap();
    page["one"] = json!(true);
    Engine::new(None).unwrap().html("pages/overview.html", &page).unwrap()
}

fn framework(title: &str, counts: [usize; 4], state: MatrixState) -> FrameworkOverview {
    let words = ["Not met", "Undetermined", "Met", "Not applicable"];
    let counted: usize = counts.iter().sum();
    let mut before = 0;
    let states = (0..4).map(|at| {
        let start = before * 1000 / counted;
        before += counts[at];
        StateTotal {
            state: crate::report::tally::ORDER[at],
            word: words[at].into(),
            count: counts[at],
            bar_start: start,
            bar_length: before * 1000 / counted - start,
        }
    });
    FrameworkOverview {
        heading: FrameworkHeading {
            id: "pretend-1".parse().unwrap(),
            title: title.into(),
            version: "1.0".into(),
            publisher: "Example Standards Body".into(),
        },
        totals: Totals {
            states: states.collect(),
            counted,
            derived: 0,
            not_assessable: 0,
            not_in_questionnaire: 0,
            rows: counted,
        },
        matrix: MatrixHeading::new(1, EngagementModel::CoManaged, state),
        verdict: Some(format!("Score 23 of 110 {title}")),
        why_undetermined: vec![
            Reason { words: "no check looks at it and nobody has stated it".into(), count: 47 },
            Reason { words: "devices could not be read".into(), count: 5 },
        ],
    }
}

fn organization(name: &str) -> OrganizationOverview {
    let gap = |number: u128, title: &str, severity: &str, state| GapOverview {
        id: GapId(uuid::Uuid::from_u128(number)),
        title: format!("{title}{}", if name == HOSTILE { HOSTILE } else { "" }),
        severity: severity.into(),
        state,
        target: "pinehill.example".into(),
        opened_at: "2026-03-24".parse().unwrap(),
        controls: 4,
    };
    let refused = |dataset: &str, title: &str, outcome, reason: &str| NotCollected {
        dataset: dataset.parse().unwrap(),
        title: title.into(),
        target: "pinehill.example".into(),
        outcome,
        reason: reason.into(),
    };
    let run = |number: u128, day: u32, missed| {
        let start: crate::model::time::Timestamp = format!("2026-03-{day}T06:00:00Z").parse().unwrap();
        RunOverview::new(
            RunId(uuid::Uuid::from_u128(number)),
            start,
            Some(start.plus(chrono::Duration::seconds(41))),
            10,
            missed,
        )
        .with_advice(vec![Advice {
            target: "pinehill.example".into(),
            outcome: CollectionOutcome::Denied,
            what: format!("{name} refused."),
            datasets: vec!["m365/users".parse().unwrap()],
            titles: vec!["User accounts".into()],
            permissions: vec!["User.Read.All".into()],
            next: "Add it and give consent.".into(),
            link: None,
            who: "an administrator of the tenant",
            leaves_unknown: [("pretend-1".parse().unwrap(), vec!["1.1".parse().unwrap()])].into(),
            holds_up: [("pretend-1".parse().unwrap(), vec!["1.2".parse().unwrap()])].into(),
        }])
    };
    OrganizationOverview {
        slug: "pine-hill-clinic".parse().unwrap(),
        name: name.into(),
        model: EngagementModel::CoManaged,
        frameworks: vec![
            framework("Pretend Safeguards", [6, 52, 11, 3], MatrixState::ProposedByTemplate),
            framework("Other Rules", [2, 8, 30, 0], MatrixState::Countersigned),
        ],
        parties: vec![
            PartyOverview::new(
                Party::Provider,
                vec![gap(1, "Three laptops are not encrypted", "high", GapState::AwaitingEvidence)],
                3,
            ),
            PartyOverview::new(
                Party::Internal,
                (0..10)
                    .map(|at| {
                        gap(at + 10, "Two people can sign in without a second factor", "critical", GapState::Open)
                    })
                    .collect(),
                44,
            ),
        ],
        freshness: Freshness { newest: Some("2026-03-31T06:00:41Z".parse().unwrap()), datasets: 12, stale: 1 },
        alarms: vec![
            "Host evidence has been silent since 2026-03-28: the last two runs on srv-01.example did not end.".into(),
        ],
        runs: vec![
            run(
                1,
                31,
                vec![
                    refused(
                        "m365/managed_devices",
                        "Managed devices",
                        CollectionOutcome::Denied,
                        "The app registration has no consent for reading devices.",
                    ),
                    refused(
                        "m365/users",
                        "Users",
                        CollectionOutcome::Partial,
                        "The source stopped answering after 3 of 7 pages.",
                    ),
                ],
            ),
            run(2, 30, vec![]),
        ],
        ledger: Some(LedgerHead {
            origin: "countersign.example/pine-hill-clinic".into(),
            size: 1214,
            root: Digest::of(b"root"),
        }),
        next_run: Some("2026-04-01T06:00:00Z".parse().unwrap()),
    }
}

#[test]
fn the_overview_says_where_things_stand_whose_turn_it_is_and_what_was_not_seen() {
    let page = printed("Pine Hill Clinic");
    for part in [
        "Pine Hill Clinic",
        "Pretend Safeguards",
        "proposed by template",
        "countersigned",
        "neither met nor not met",
        "10 gaps, 44 requests",
        "and 2 more",
        "denied",
        "no consent for reading devices",
        "Add it and give consent.",
        "Leaves unknown: 1 control of pretend-1.",
        "2026-04-01 06:00 UTC",
        "1,214",
        &Digest::of(b"root").to_string(),
        "silent since",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(!page.contains("style=\"") && !page.contains("<script"), "the policy would block it");
}

#[test]
fn everything_on_the_overview_leads_onward() {
    let page = printed("Pine Hill Clinic");
    let here = "href=\"/organizations/pine-hill-clinic";
    for onward in [
        "/frameworks/pretend-1\"",
        "/frameworks/pretend-1?status=not_met\"",
        "/responsibilities/pretend-1\"",
        "/gaps/00000000-0000-0000-0000-000000000001\"",
        "/gaps?party=internal\"",
        "/runs/00000000-0000-0000-0000-000000000001\"",
        "/evidence\"",
        "/verification\"",
    ] {
        assert!(page.contains(&format!("{here}{onward}")), "{onward} is missing");
    }
}

#[test]
fn markup_in_names_comes_out_as_text() {
    let page = printed(HOSTILE);
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;"));
}
