//! Targets that behave badly, beside one that does not.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::{Manner, Progress, read, unread};
use crate::catalog::Catalog;
use crate::catalog::collector::CollectorDefinition;
use crate::collect::{Place, Target, Workplace};
use crate::model::evidence::{CollectionOutcome, RawEvidence, Source, was_ended_early};
use crate::model::time::SystemClock;
use crate::pipeline::turns::Turn;

#[derive(Clone, Copy, PartialEq)]
enum Manners {
    Good,
    BreaksDown,
    NeverAnswers,
    /// Hands over a part as soon as it is told to stop.
    StopsWhenTold,
}

struct Odd(String, Manners);

#[async_trait]
impl Target for Odd {
    fn name(&self) -> &str {
        &self.0
    }

    fn source(&self) -> Source {
        Source::Host
    }

    async fn collect(&self, definition: &CollectorDefinition, place: Workplace<'_>) -> RawEvidence {
        let empty = unread(self, definition, place.clock.now(), "Read.".to_owned());
        match self.1 {
            Manners::Good => RawEvidence { outcome: CollectionOutcome::Complete, ..empty },
            Manners::BreaksDown => panic!("on purpose"),
            Manners::NeverAnswers => std::future::pending().await,
            Manners::StopsWhenTold => {
                place.stop.cancelled().await;
                RawEvidence { outcome: CollectionOutcome::Partial, ..empty }
            }
        }
    }
}

fn manner(places: &Semaphore) -> Manner<'_> {
    let (grace, slack) = (Duration::from_millis(100), Duration::from_millis(200));
    Manner { places, targets_at_once: 2, datasets_at_once: 1, grace, slack }
}

fn definition(timeout_seconds: u64) -> CollectorDefinition {
    let all = Catalog::embedded().unwrap();
    let one = all.collectors.get(&"linux/host_identity".parse().unwrap()).unwrap().clone();
    CollectorDefinition { timeout_seconds, ..one }
}

/// The evidence of a run over these targets, which is told to end after a while if one is given.
async fn evidence_of(targets: &[Odd], timeout_seconds: u64, end_after: Option<Duration>) -> Vec<RawEvidence> {
    let definition = definition(timeout_seconds);
    let turns: Vec<Turn<'_>> = targets.iter().map(|target| Turn { target, definitions: vec![&definition] }).collect();
    let (here, places, done) = (Place::default(), Semaphore::new(2), Mutex::new(Vec::new()));
    let watch = |progress: Progress<'_>| {
        if let Progress::Done { target, .. } = progress {
            done.lock().unwrap().push(target.to_owned());
        }
    };
    let manner = manner(&places);
    let reading = read(&manner, &turns, here.at(&SystemClock), &watch);
    let ending = async {
        match end_after {
            Some(after) => tokio::time::sleep(after).await,
            None => std::future::pending().await,
        }
        here.stop.cancel();
    };
    let both = async {
        tokio::pin!(reading);
        tokio::select! {
            evidence = &mut reading => evidence,
            () = ending => reading.await,
        }
    };
    let evidence = tokio::time::timeout(Duration::from_secs(20), both).await.expect("the run never ended");
    assert_eq!(done.lock().unwrap().len(), targets.len(), "every target is told to be done");
    evidence
}

fn odd(all: &[Manners]) -> Vec<Odd> {
    all.iter().enumerate().map(|(number, manners)| Odd(format!("host-{number}"), *manners)).collect()
}

#[tokio::test]
async fn a_target_that_breaks_down_or_never_answers_keeps_no_other_from_being_read() {
    use Manners::{BreaksDown, Good, NeverAnswers};
    let evidence = evidence_of(&odd(&[NeverAnswers, BreaksDown, Good, Good, Good]), 1, None).await;
    let outcomes: Vec<CollectionOutcome> = evidence.iter().map(|one| one.outcome).collect();
    let (failed, complete) = (CollectionOutcome::Failed, CollectionOutcome::Complete);
    assert_eq!(outcomes, [failed, failed, complete, complete, complete], "in the order of the targets");
    assert!(evidence[0].reason.contains("given up"), "{}", evidence[0].reason);
    assert!(evidence[1].reason.contains("fault of this program"), "{}", evidence[1].reason);
}

#[tokio::test]
async fn one_target_that_takes_long_leaves_its_neighbours_place_to_all_others() {
    use Manners::{Good, NeverAnswers};
    // With one of two places taken for as long as the run goes on, all others are read by the other.
    let targets = odd(&[NeverAnswers, Good, Good, Good, Good, Good]);
    let evidence = evidence_of(&targets, 600, Some(Duration::from_secs(1))).await;
    assert!(evidence[1..].iter().all(|one| one.outcome == CollectionOutcome::Complete));
    assert!(was_ended_early(evidence[0].outcome, &evidence[0].reason), "{}", evidence[0].reason);
}

#[tokio::test]
async fn a_run_that_is_told_to_end_keeps_what_was_read_and_says_what_was_not() {
    use Manners::{Good, NeverAnswers, StopsWhenTold};
    let targets = odd(&[Good, StopsWhenTold, NeverAnswers, Good]);
    let evidence = evidence_of(&targets, 600, Some(Duration::from_secs(1))).await;
    assert_eq!(evidence[0].outcome, CollectionOutcome::Complete);
    assert_eq!(evidence[1].outcome, CollectionOutcome::Partial, "what it handed over is kept");
    for one in &evidence[1..] {
        assert!(was_ended_early(one.outcome, &one.reason), "{}: {}", one.target, one.reason);
    }
    assert!(evidence[2].reason.contains("did not end within"), "{}", evidence[2].reason);
    assert!(evidence[3].reason.contains("before this was asked for"), "{}", evidence[3].reason);
}

#[tokio::test]
async fn places_are_shared_by_all_runs_of_a_process() {
    let (places, here) = (Semaphore::new(1), Place::default());
    let (definition, target) = (definition(600), Odd("host".to_owned(), Manners::Good));
    let turns = [Turn { target: &target, definitions: vec![&definition] }];
    let manner = manner(&places);
    let taken = places.acquire().await.unwrap();
    let reading = read(&manner, &turns, here.at(&SystemClock), &|_| {});
    tokio::pin!(reading);
    let early = tokio::time::timeout(Duration::from_millis(100), &mut reading).await;
    assert!(early.is_err(), "another run has the only place");
    drop(taken);
    assert_eq!(reading.await[0].outcome, CollectionOutcome::Complete);
}
