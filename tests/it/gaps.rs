//! Gaps as people work on them: what they were on each day, who has them in hand, and what was known when.

use std::sync::Arc;

use chrono::Duration;
use countersign::model::finding::FindingOutcome;
use countersign::model::gap::{EvidenceRequest, Gap, GapState};
use countersign::model::id::PersonHandle;
use countersign::model::responsibility::Party;
use countersign::model::time::{Clock, Timestamp};
use countersign::model::turn::turn;
use countersign::pipeline::collecting::Progress;
use countersign::pipeline::decisions::gaps::{AssignRequest, assign, note};
use countersign::pipeline::decisions::people::{PersonRequest, add, leave};
use countersign::pipeline::decisions::{DecisionFault, known};
use countersign::pipeline::standing::Standing;
use countersign::pipeline::{self, RunRequest, audit};
use countersign::recovery::Outcome;
use countersign::recovery::rebuild::{Existing, rebuild};

use crate::support::app::{EMBEDDED, settings};
use crate::support::command::countersign;
use crate::support::databases;
use crate::support::demo::Demo;
use crate::support::story::{REGISTER, Story};

/// What somebody hostile would call themselves, and write.
const HOSTILE: &str = "<script>alert('x')</script> עברית \u{202E}txt.exe 🦷 \"& =1+1";

/// Somebody's name that is allowed.
const NAME: &str = "Sam \"Omar\" 🦷 <b>Okoye</b> עברית";

async fn standing(story: &Story, as_of: Timestamp) -> Standing {
    Standing::known(&story.app.app, &story.organization, as_of).await.unwrap()
}

/// The gap that stories break and mend, as it stood.
fn register(standing: &Standing) -> Option<&Gap> {
    standing.gaps.iter().find(|gap| gap.check.as_str() == REGISTER)
}

fn handle(text: &str) -> PersonHandle {
    text.parse().unwrap()
}

async fn person(story: &Story, short: &str, party: Party, name: &str) {
    let request =
        PersonRequest { handle: handle(short), party, name: name.to_owned(), email: None, ssh_key: None, by: None };
    add(&story.app.app, &story.organization, request).await.unwrap();
}

async fn give(story: &Story, gap: &Gap, to: Option<&str>, party: Option<Party>) -> Result<u64, DecisionFault> {
    let request = AssignRequest {
        gap: gap.id,
        party,
        person: to.map(handle),
        due_on: Some("2026-03-20".parse().unwrap()),
        by: handle("sam"),
    };
    assign(&story.app.app, &story.organization, request).await
}

#[tokio::test]
async fn every_day_shows_the_gaps_and_requests_that_were_kept_on_that_day() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let mut evenings: Vec<(Timestamp, Vec<Gap>, Vec<EvidenceRequest>)> = Vec::new();
        for day in 0..6 {
            match day {
                // Sight is lost, comes back, the fault is mended, stays mended, regresses.
                1 => story.tenant.revoke("Policy.Read.All"),
                2 => story.tenant.grant("Policy.Read.All"),
                3 => story.may_register_apps(false),
                5 => story.may_register_apps(true),
                _ => {}
            }
            if day == 0 {
                story.collect().await;
            } else {
                story.next_day().await;
            }
            let now = story.app.clock.now();
            let then = standing(&story, now).await;
            evenings.push((now, sorted(then.gaps), then.requests));
        }
        let states: Vec<GapState> =
            evenings.iter().filter_map(|(_, gaps, _)| find(gaps).map(|gap| gap.state)).collect();
        let (open, waiting, closed) = (GapState::Open, GapState::AwaitingEvidence, GapState::Closed);
        assert_eq!(states, [open, waiting, open, closed, closed, open], "{kind:?}");

        for (day, (moment, gaps, requests)) in evenings.iter().enumerate() {
            let then = standing(&story, *moment).await;
            assert_eq!(sorted(then.gaps), *gaps, "{kind:?}: gaps of day {day}");
            let differs = then.requests.iter().zip(requests).find(|(now, then)| now != then);
            assert_eq!((differs, then.requests.len()), (None, requests.len()), "{kind:?}: requests of day {day}");
            // An hour later nothing else was known.
            let later = standing(&story, moment.plus(Duration::hours(1))).await;
            assert_eq!(sorted(later.gaps), *gaps, "{kind:?}: gaps an hour after day {day}");
        }
        story.tenant.shutdown().await;
    }
}

fn find(gaps: &[Gap]) -> Option<&Gap> {
    gaps.iter().find(|gap| gap.check.as_str() == REGISTER)
}

fn sorted(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort_by_key(|gap| gap.id);
    gaps
}

#[tokio::test]
async fn who_has_a_gap_in_hand_and_what_was_written_outlive_the_database_and_new_judgements() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.collect().await;
        person(&story, "sam", Party::Provider, NAME).await;
        person(&story, "dana", Party::Internal, "Dana Reyes").await;
        let before = story.app.clock.now();
        story.app.clock.advance(Duration::minutes(5));
        let gap = story.gap().await;
        assert_eq!(gap.party, Party::Internal, "{kind:?}: this story hands it to the other party");
        give(&story, &gap, Some("sam"), None).await.unwrap();
        let words = HOSTILE.replace('\u{202E}', "\u{2067}");
        note(&story.app.app, &story.organization, gap.id, &words, &handle("dana")).await.unwrap();

        let check = async |story: &Story, when: &str| {
            let now = story.app.clock.now();
            let then = standing(story, now).await;
            let gap = register(&then).unwrap();
            let turn = turn(gap, &then.decisions, now);
            let name = turn.person.map(|person| person.name.as_str());
            assert_eq!((gap.party, name), (Party::Provider, Some(NAME)), "{kind:?} {when}");
            assert_eq!(turn.due_on.map(|day| day.to_string()).as_deref(), Some("2026-03-20"), "{kind:?} {when}");
            let stories = then.stories(&story.app.app, &story.scope, now).await.unwrap();
            let told = stories[&gap.id].iter().find(|step| step.what == "note").unwrap();
            assert_eq!(told.text, words, "{kind:?} {when}");
        };
        check(&story, "as it was handed over").await;
        assert_eq!(register(&standing(&story, before).await).unwrap().party, Party::Internal, "{kind:?}: not before");

        story.may_register_apps(false);
        story.next_day().await;
        assert_eq!(story.gap().await.state, GapState::Closed, "{kind:?}");
        let closed = story.gap().await;
        let refused = give(&story, &closed, Some("sam"), None).await;
        assert!(matches!(refused, Err(DecisionFault::GapIsClosed(_))), "{kind:?}: {refused:?}");
        story.may_register_apps(true);
        story.next_day().await;
        check(&story, "when it came back").await;

        let story = story.stop().await;
        story.stopped.database.lose().await;
        let (data, config) = settings(&story.stopped.database);
        let clock = Arc::clone(&story.stopped.clock) as Arc<dyn Clock>;
        let done = rebuild(data, config, Arc::clone(&EMBEDDED), clock, Existing::Refuse).await.unwrap();
        assert!(matches!(done, Outcome::Done(_)), "{kind:?}");
        let story = story.start().await;
        check(&story, "from the vault alone").await;
        assert_eq!(audit::compare(&story.app.app, &story.organization).await.unwrap(), vec![], "{kind:?}");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn nobody_is_handed_a_gap_who_is_unknown_has_left_or_is_of_the_other_party() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.collect().await;
        person(&story, "sam", Party::Provider, "Sam Okoye").await;
        person(&story, "dana", Party::Internal, "Dana Reyes").await;
        let gap = story.gap().await;
        let size = story.app.app.store.head(&story.scope).await.unwrap().unwrap().size;

        let refused = give(&story, &gap, Some("nobody"), None).await;
        assert!(matches!(refused, Err(DecisionFault::NoSuchPerson(_))), "{kind:?}: {refused:?}");
        let refused = give(&story, &gap, Some("dana"), Some(Party::Provider)).await;
        assert!(matches!(refused, Err(DecisionFault::OtherParty { .. })), "{kind:?}: {refused:?}");
        let after = story.app.app.store.head(&story.scope).await.unwrap().unwrap().size;
        assert_eq!(after, size, "{kind:?}: something was sealed");

        give(&story, &gap, Some("dana"), None).await.unwrap();
        story.app.clock.advance(Duration::hours(1));
        leave(&story.app.app, &story.organization, &handle("dana"), None, None).await.unwrap();
        let refused = give(&story, &gap, Some("dana"), None).await;
        assert!(matches!(refused, Err(DecisionFault::HasLeft { .. })), "{kind:?}: {refused:?}");
        let now = story.app.clock.now();
        let decisions = known(&story.app.app, &story.scope, now).await.unwrap();
        let turn = turn(&gap, &decisions, now);
        assert_eq!((turn.person, turn.handle), (None, Some(&handle("dana"))), "{kind:?}: somebody must take it");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn evidence_that_came_in_late_is_seen_with_what_is_known_now_and_not_with_what_was_known_then() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.collect().await;
        story.app.clock.advance(Duration::days(1));
        story.may_register_apps(false);
        // The answer is there at nine; it is judged two hours later.
        let clock = Arc::clone(&story.app.clock);
        let slow = move |progress: Progress<'_>| {
            if matches!(progress, Progress::Finished { .. }) {
                clock.advance(Duration::hours(2));
            }
        };
        let collected_at = story.app.clock.now();
        let request = RunRequest {
            collectors: vec!["m365/authorization_policy".parse().unwrap()],
            cause: "collect".to_owned(),
            ..RunRequest::default()
        };
        pipeline::run(&story.app.app, &story.organization, &request, &slow).await.unwrap();
        let between = collected_at.plus(Duration::hours(1));
        story.may_register_apps(true);
        story.next_day().await;
        let now = story.app.clock.now();

        let app = &story.app.app;
        let then = Standing::known(app, &story.organization, between).await.unwrap();
        let by_now = Standing::known_at(app, &story.organization, between, now).await.unwrap();
        assert_eq!(outcome(&then), Some(FindingOutcome::Fail), "{kind:?}: what was known then");
        assert_eq!(outcome(&by_now), Some(FindingOutcome::Pass), "{kind:?}: the late answer, and not the newer one");
        let state = |standing: &Standing| register(standing).map(|gap| gap.state);
        assert_eq!((state(&then), state(&by_now)), (Some(GapState::Open), Some(GapState::Closed)), "{kind:?}");
        let too_early = Standing::known_at(app, &story.organization, between, between.plus(Duration::minutes(1)));
        assert_eq!(outcome(&too_early.await.unwrap()), Some(FindingOutcome::Fail), "{kind:?}: not judged yet");
        story.tenant.shutdown().await;
    }
}

fn outcome(standing: &Standing) -> Option<FindingOutcome> {
    let judged = standing.results.iter().find(|judged| judged.result.check.as_str() == REGISTER);
    judged.map(|judged| judged.result.outcome)
}

#[tokio::test]
async fn a_target_that_was_connected_later_was_not_looked_for_before() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.collect().await;
        let first_day = story.app.clock.now();
        let statuses = async |moment| standing(&story, moment).await.statuses_now(moment);
        let before = statuses(first_day).await;
        story.app.clock.advance(Duration::days(1));
        let host = countersign::store::NewConnection {
            source: countersign::model::evidence::Source::Host,
            target: "ws-01.example".to_owned(),
            settings: serde_json::json!({}),
            secret: None,
        };
        story.app.app.store.add_connection(&story.scope, &host, story.app.clock.now()).await.unwrap();
        assert!(statuses(first_day).await == before, "{kind:?}: a later connection changed an earlier day");
        let now = standing(&story, story.app.clock.now()).await;
        assert!(now.targets.values().any(|targets| targets.contains("ws-01.example")), "{kind:?}");
        story.tenant.shutdown().await;
    }
}

#[test]
fn what_is_mine_is_one_command_and_a_gap_is_told_in_full_to_whoever_asks() {
    let folder = Demo::copied();
    let data = folder.path().to_str().unwrap();
    let run = |words: &[&str]| countersign(&[words, &["--org", "larkspur", "--data", data]].concat());
    run(&["person", "add", "tess", "--party", "internal", "--name", "Tess Lindqvist"]).fine();
    run(&["person", "add", "omar", "--party", "provider", "--name", "Omar <b>Haddad</b> 🦷"]).fine();
    let all = run(&["gap", "list", "--json"]).fine().list();
    let of = |party: &str| all.iter().find(|gap| gap["party"] == party).unwrap()["id"].as_str().unwrap().to_owned();
    let (mine, handed, others) = (of("internal"), of("provider"), all.len());
    assert!(run(&["gap", "list", "--party", "internal", "--person", "tess", "--json"]).fine().list().is_empty());

    // The end of an id is enough.
    run(&["gap", "assign", &mine[24..], "--to", "tess", "--by", "omar"]).fine();
    run(&["gap", "assign", &handed, "--to", "tess", "--due", "2020-01-31", "--by", "omar"]).fine();
    run(&["gap", "note", &handed, HOSTILE, "--by", "tess"]).fine();

    let listed = run(&["gap", "list", "--party", "internal", "--person", "tess", "--json"]).fine().list();
    let mut ids: Vec<&str> = listed.iter().map(|gap| gap["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let mut expected = [mine.as_str(), handed.as_str()];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    let late = listed.iter().find(|gap| gap["id"] == handed.as_str()).unwrap();
    assert_eq!((&late["overdue"], &late["person"]), (&true.into(), &"tess".into()));
    assert_eq!(run(&["gap", "list", "--json"]).fine().list().len(), others, "a gap was lost or doubled");

    let told = run(&["gap", "show", &handed]).fine().stdout;
    assert!(told.contains("OVERDUE") && told.contains("Provider's part") && told.contains("first seen"), "{told}");
    assert!(told.contains("countersign collect --org larkspur "), "how to look now is not told: {told}");
    assert!(!told.contains('\u{202E}'), "a note drives the terminal: {told}");
    let told = run(&["gap", "show", &handed, "--json"]).fine().json();
    assert_eq!(told["party"], "internal");
    assert!(told["why_party"].as_str().unwrap().contains("Omar <b>Haddad</b> 🦷"), "{told}");
    for part in ["rows", "datasets", "evidence", "history", "other_parts"] {
        assert!(!told[part].as_array().unwrap().is_empty(), "{part} is empty: {told}");
    }

    // Given back, it is the provider's turn again.
    run(&["gap", "assign", &handed, "--nobody", "--by", "tess"]).fine();
    assert_eq!(run(&["gap", "show", &handed, "--json"]).fine().json()["party"], "provider");

    // Ten are named at most, and how many there are depends on the machine the demo looked at.
    let told = run(&["gap", "show", &mine[..6]]).refused(&["give more of it"]).stderr;
    let named = all.iter().filter(|gap| told.contains(gap["id"].as_str().unwrap())).count();
    let alike = all.iter().filter(|gap| gap["id"].as_str().unwrap().starts_with(&mine[..6])).count();
    assert_eq!(named, alike.min(10), "{told}");
    run(&["gap", "show", "ffffffffffff"]).refused(&["there is no gap", "gap list --all"]);
    run(&["gap", "list", "--person", "stranger"]).refused(&["no person `stranger`"]);
    run(&["gap", "assign", &mine, "--by", "omar"]).refused(&["--to"]);
}

#[test]
fn before_the_first_collection_the_answer_is_that_there_was_no_evidence() {
    let data = Demo::shared().data.to_str().unwrap();
    let run = |words: &[&str]| countersign(&[words, &["--org", "larkspur", "--data", data]].concat());
    for command in [&["status"][..], &["gap", "list"]] {
        let asked = [command, &["--as-of", "2001-02-03"]].concat();
        let said = run(&asked).fine().stdout;
        assert!(said.starts_with("No evidence then: the first was collected at 20"), "{said}");
        let said = run(&[&asked[..], &["--json"]].concat()).fine().json();
        assert_eq!(said["evidence"], "none_then");
        assert!(said["first_collected_at"].is_string() && said.get("frameworks").is_none(), "{said}");
    }
    run(&["status", "--as-of", "2001-02-03", "--known-at", "2001-02-02"]).refused(&["before --as-of"]);
    run(&["status", "--as-of", "2001-02-03", "--known-at", "2101-01-01"]).refused(&["in the future"]);
    run(&["status", "--known-at", "2001-02-03"]).refused(&["--as-of"]);
    run(&["status", "--as-of", "2001-02-30"]).refused(&["2001-02-30", "2026-03-31"]);
    run(&["report", "--gap-lists", "--as-of", "2001-02-03"]).refused(&["nothing has been sealed"]);
}

#[test]
fn the_gap_lists_are_files_of_each_party_that_hold_every_open_gap_once_and_are_sealed() {
    let folder = Demo::copied();
    let data = folder.path().to_str().unwrap();
    let run = |words: &[&str]| countersign(&[words, &["--org", "larkspur", "--data", data]].concat());
    run(&["person", "add", "omar", "--party", "provider", "--name", "=HYPERLINK(\"x\") <b>Sam</b>"]).fine();
    let all = run(&["gap", "list", "--json"]).fine().list();
    let first = all.iter().find(|gap| gap["party"] == "provider").unwrap()["id"].as_str().unwrap();
    run(&["gap", "assign", first, "--to", "omar", "--by", "omar"]).fine();
    let out = folder.path().join("lists");
    let written = run(&["report", "--gap-lists", "--out", out.to_str().unwrap(), "--json"]).fine().list();
    assert_eq!(written.len(), 4);
    for one in &written {
        assert_eq!((&one["kind"], one["framework"].is_null()), (&"gap_list".into(), true), "{one}");
    }
    for party in ["provider", "internal"] {
        let page = std::fs::read_to_string(out.join(format!("gaps-{party}.html"))).unwrap();
        let table = std::fs::read_to_string(out.join(format!("gaps-{party}.csv"))).unwrap();
        assert!(!page.contains("<script") && !page.contains("<b>Sam</b>"), "{party}");
        for gap in &all {
            let id = gap["id"].as_str().unwrap();
            let times = usize::from(gap["party"] == party);
            assert_eq!(page.matches(&format!("id=\"g-{id}\"")).count(), times, "{party}: {id}");
            assert_eq!(table.matches(&format!("\ngap,{id},{party},")).count(), times, "{party}: {id}");
        }
        assert!(!table.contains(",=") && !table.contains(",\"="), "{party}: a cell begins like a formula");
    }
    let mine = std::fs::read_to_string(out.join("gaps-provider.csv")).unwrap();
    assert!(mine.contains("'=HYPERLINK"), "the name of who has it in hand is missing");
    countersign(&["verify", "--data", data]).fine();
}
