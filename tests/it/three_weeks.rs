//! Three weeks of one firm, day by day: a fault appears, is handed over, is lost sight of, is mended and comes back, while
//! both parties come to an agreement about who does what. Afterwards every one of those days is asked again, and says what
//! was known then.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};
use countersign::deliver::reports::Basis;
use countersign::model::attestation::Claim;
use countersign::model::control::ControlState;
use countersign::model::gap::{Gap, GapState};
use countersign::model::id::FrameworkId;
use countersign::model::responsibility::{MatrixState, Party};
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::decisions::attest;
use countersign::pipeline::decisions::gaps::{self, AssignRequest};
use countersign::pipeline::responsibilities::{self, Content, Deed, NewDraft};
use countersign::pipeline::standing::Standing;
use countersign::pipeline::{self, RunRequest};
use countersign::report::tally::ORDER;
use countersign::track::responsibilities::change::RowChange;
use countersign::track::responsibilities::life::{Act, Meant};
use serde_json::{Value, json};

use crate::support::databases;
use crate::support::decisions::{KIM, SAM, handle};
use crate::support::story::{REGISTER, Story};

const DAYS: i64 = 21;
const SPLIT: &str = "cmmc-l2";
/// The control whose row the parties change.
const DISPUTED: &str = "AC.L2-3.1.20";
/// What the check of the story reads; the other datasets are collected on the first day of each week.
const READ_DAILY: &str = "m365/authorization_policy";

/// What was known at the end of a day.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    at: Timestamp,
    /// The fault of the story, while there is one.
    gap: Option<Gap>,
    assigned_to: Option<String>,
    split: (u32, MatrixState),
    accountable: Party,
    /// The readiness report of every framework, without the moment it was made.
    reports: BTreeMap<FrameworkId, Value>,
}

#[tokio::test]
async fn every_day_of_three_weeks_says_for_ever_what_was_known_then() {
    for database in databases().await {
        let story = Story::begin(database).await;
        let days = live(&story).await;
        as_expected(&days);
        for (day, lived) in days.iter().enumerate() {
            let asked = known(&story, lived.at).await;
            assert_eq!(asked.gap, lived.gap, "day {day}");
            assert_eq!((asked.split, asked.accountable), (lived.split, lived.accountable), "day {day}");
            assert_eq!(asked.assigned_to, lived.assigned_to, "day {day}");
            for (framework, report) in &lived.reports {
                same(report, &asked.reports[framework], &format!("day {day}, {framework}"));
                figures_add_up(report);
            }
        }
    }
}

/// Lives through the days, and notes what is known at the end of each.
async fn live(story: &Story) -> Vec<Known> {
    let app = &story.app.app;
    story.may_register_apps(false);
    story.introduce_people().await;
    let mut days = Vec::new();
    let mut attested = 0;
    for day in 0..DAYS {
        match day {
            3 | 14 => story.may_register_apps(true),
            10 | 17 => story.may_register_apps(false),
            6 => story.tenant.revoke("Policy.Read.All"),
            8 => story.tenant.grant("Policy.Read.All"),
            _ => {}
        }
        collect(story, day % 7 == 0).await;
        match day {
            2 => propose(story, "Reviews the list of outside systems each month.").await,
            4 => hand_to_sam(story).await,
            5 => act(story, Act::Reject, SAM, Some("A month is too long for us.")).await,
            9 => propose(story, "Reviews the list of outside systems each week.").await,
            11 => attested = story.attest("hipaa-security", "164.308(a)(2)", Claim::Met).await,
            12 => act(story, Act::Accept, SAM, None).await,
            18 => {
                let why = "Sam moved on.";
                attest::withdraw(app, &story.organization, attested, why, &handle(SAM)).await.map(drop).unwrap();
            }
            _ => {}
        }
        days.push(known(story, story.app.clock.now()).await);
        story.app.clock.advance(Duration::days(1));
    }
    days
}

/// What the story is about, day by day.
fn as_expected(days: &[Known]) {
    let states: Vec<Option<GapState>> = days.iter().map(|day| day.gap.as_ref().map(|gap| gap.state)).collect();
    let run = |state, many| std::iter::repeat_n(state, many);
    let expected: Vec<Option<GapState>> = run(None, 3)
        .chain(run(Some(GapState::Open), 3))
        .chain(run(Some(GapState::AwaitingEvidence), 2))
        .chain(run(Some(GapState::Open), 2))
        .chain(run(Some(GapState::Closed), 4))
        .chain(run(Some(GapState::Open), 3))
        .chain(run(Some(GapState::Closed), 4))
        .collect();
    assert_eq!(states, expected);
    let gap = |day: usize| days[day].gap.as_ref().unwrap();
    assert!((4..DAYS).all(|day| gap(usize::try_from(day).unwrap()).id == gap(3).id), "it is one fault all along");
    assert_eq!((gap(9).reopened, gap(13).reopened, gap(14).reopened), (0, 0, 1));
    assert_eq!(gap(7).because, gap(5).because, "the last known failure stays readable while sight is lost");
    assert!(days[3..].iter().all(|day| day.gap.as_ref().unwrap().party == Party::Internal), "internal IT gets the gap");
    assert_eq!((days[3].assigned_to.as_deref(), days[16].assigned_to.as_deref()), (None, Some(SAM)));
    assert_eq!(gap(11).closed_at, Some(days[10].at));

    let splits: Vec<(u32, MatrixState)> = days.iter().map(|day| day.split).collect();
    assert!(splits[..12].iter().all(|split| *split == (1, MatrixState::ProposedByTemplate)), "{splits:?}");
    assert!(splits[12..].iter().all(|split| *split == (3, MatrixState::Countersigned)), "{splits:?}");
    assert_eq!((days[11].accountable, days[12].accountable), (Party::Internal, Party::Provider));

    let official = |day: usize| state_of(&days[day].reports[&"hipaa-security".parse().unwrap()], "164.308(a)(2)");
    assert_eq!(
        (official(10), official(11), official(17), official(18)),
        ("undetermined", "met", "met", "undetermined")
    );
    let held = gap(3).controls.first().unwrap();
    let state = |day: usize| state_of(&days[day].reports[&held.framework], held.control.as_str());
    let states: Vec<&str> = (0..21).map(state).collect();
    assert!(
        states.iter().all(|state| *state == "undetermined"),
        "a supporting check decides nothing: {held:?} {states:?}"
    );
}

fn state_of<'a>(report: &'a Value, control: &str) -> &'a str {
    let families = report["families"].as_array().unwrap();
    let mut lines = families.iter().flat_map(|family| family["controls"].as_array().unwrap());
    lines.find(|line| line["id"] == control).unwrap()["state"].as_str().unwrap()
}

/// Every figure of a report is the sum of what it is made of.
fn figures_add_up(report: &Value) {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let lines: Vec<&Value> = report["families"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|family| family["controls"].as_array().unwrap())
        .collect();
    let counted = lines.iter().filter(|line| line["counting"] == "counted");
    let mut all = 0;
    for state in ORDER.map(ControlState::as_str) {
        let stated =
            report["totals"]["states"].as_array().unwrap().iter().find(|total| total["state"] == state).unwrap();
        let listed = counted.clone().filter(|line| line["state"] == state).count();
        assert_eq!(number(&stated["count"]), listed, "{state}");
        all += listed;
    }
    assert_eq!(number(&report["totals"]["counted"]), all);
    let parties = report["parties"].as_array().unwrap();
    let of_parties = |what: &str| parties.iter().map(|party| party[what].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(number(&report["open_gaps"]), of_parties("gaps"));
    assert_eq!(number(&report["open_requests"]), of_parties("requests"));
}

/// Compares two reports and names the first member that differs.
fn same(lived: &Value, asked: &Value, place: &str) {
    for (name, value) in lived.as_object().unwrap() {
        assert_eq!(value, &asked[name], "{place}: {name} is another");
    }
}

async fn known(story: &Story, at: Timestamp) -> Known {
    let app = &story.app.app;
    let standing = Standing::known(app, &story.organization, at).await.unwrap();
    let gap = standing.gaps.iter().find(|gap| gap.check.as_str() == REGISTER).cloned();
    let assigned = gap.as_ref().and_then(|gap| standing.decisions.assignment(gap.id, at));
    let split = &standing.matrices[&SPLIT.parse().unwrap()];
    let accountable = split.0.row(&DISPUTED.parse().unwrap()).unwrap().accountable;
    let mut reports = BTreeMap::new();
    for framework in &story.organization.frameworks {
        let basis = Basis::gather(app, &story.organization, framework, at).await.unwrap();
        let mut report = json!(basis.readiness(app).unwrap().unwrap());
        report["basis"]["generated_at"] = Value::Null;
        reports.insert(framework.clone(), report);
    }
    Known {
        at,
        assigned_to: assigned.and_then(|one| one.person.as_ref()).map(ToString::to_string),
        gap,
        split: (split.0.version, split.1),
        accountable,
        reports,
    }
}

async fn collect(story: &Story, all: bool) {
    let mut request = RunRequest { cause: "schedule".to_owned(), ..RunRequest::default() };
    if !all {
        request.collectors = vec![READ_DAILY.parse().unwrap()];
    }
    pipeline::run(&story.app.app, &story.organization, &request, &|_| {}).await.unwrap();
}

async fn hand_to_sam(story: &Story) {
    let request = AssignRequest {
        gap: story.gap().await.id,
        party: None,
        person: Some(handle(SAM)),
        due_on: NaiveDate::from_ymd_opt(2026, 3, 20),
        by: handle(KIM),
    };
    gaps::assign(&story.app.app, &story.organization, request).await.unwrap();
    let (gap, words) = (story.gap().await.id, "The clinics must be asked first.");
    gaps::note(&story.app.app, &story.organization, gap, words, &handle(SAM)).await.unwrap();
}

/// Kim drafts the split with one row changed, and proposes it.
async fn propose(story: &Story, tasks: &str) {
    let change = RowChange {
        accountable: Some(Party::Provider),
        provider_tasks: Some(tasks.to_owned()),
        ..RowChange::default()
    };
    let draft = NewDraft {
        content: Content::Row { name: DISPUTED.to_owned(), change: Box::new(change) },
        based_on: None,
        effective_from: None,
        effective_until: None,
    };
    let framework = SPLIT.parse().unwrap();
    responsibilities::draft(&story.app.app, &story.organization, &framework, &handle(KIM), &draft).await.unwrap();
    act(story, Act::Propose, KIM, None).await;
}

async fn act(story: &Story, act: Act, by: &str, reason: Option<&str>) {
    let deed =
        Deed { act, by: handle(by), meant: Meant::default(), reason: reason.map(str::to_owned), signature: None };
    responsibilities::act(&story.app.app, &story.organization, &SPLIT.parse().unwrap(), &deed).await.unwrap();
}
