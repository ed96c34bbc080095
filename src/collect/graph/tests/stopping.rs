//! A run that somebody ends: what was read is handed over at once.

use super::*;
use crate::collect::Workplace;

/// Half of the time limit of a dataset: what has ended by then was not waiting for it.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Collects and ends the run when something has come about; tells how long it took from then on.
async fn stopped_when(target: &GraphTarget, ready: impl Future<Output = ()>) -> (RawEvidence, Duration) {
    let place = Place::default();
    let stop = place.stop.clone();
    let definition = users();
    let collecting = target.collect(&definition, place.at(&SystemClock));
    let ending = async {
        ready.await;
        stop.cancel();
        std::time::Instant::now()
    };
    let (evidence, ended_at) = tokio::join!(collecting, ending);
    (evidence, ended_at.elapsed())
}

#[tokio::test]
async fn a_run_that_ends_while_the_service_asks_to_wait_hands_over_what_was_read_at_once() {
    let slow = || http("429 Too Many Requests", "Retry-After: 3600\r\n", r#"{"error":{"code":"TooManyRequests"}}"#);
    let more = page(&["1"], Some("BASE/v1.0/users?$skiptoken=2"));
    for (answers, outcome, words) in [
        (vec![more, slow()], Outcome::Partial, "only 1 page with 1 row could be read: what was still to come"),
        (vec![slow()], Outcome::Failed, "what was still to come was not asked for"),
    ] {
        let script = Script::play(vec![token("token-1")], answers).await;
        let target = script.target();
        let (evidence, late) = stopped_when(&target, held(&target, "/users")).await;
        assert_eq!(evidence.outcome, outcome, "{}", evidence.reason);
        assert!(evidence.reason.starts_with(words), "{}", evidence.reason);
        assert!(late < AT_ONCE, "{late:?}");
    }
}

#[tokio::test]
async fn a_run_that_ends_while_a_dataset_waits_for_its_turn_or_for_a_token_does_not_wait_for_either() {
    let allowance = Some(Allowance { units: 1, per: Duration::from_hours(1) });
    let gates = vec![GateRule { scope: "users", prefixes: &["/users"], limits: vec![(Sharing::Tenant, allowance)] }];
    let limits = GraphLimits { gates, ..GraphLimits::for_loopback() };
    let script = Script::play(vec![token("token-1")], vec![page(&["1"], None)]).await;
    let target = GraphTarget::new(connection(&script.base), limits).unwrap();
    assert_eq!(target.collect(&users(), Place::default().at(&SystemClock)).await.outcome, Outcome::Complete);
    let (evidence, late) = stopped_when(&target, tokio::time::sleep(Duration::from_millis(100))).await;
    assert_eq!(evidence.outcome, Outcome::Failed, "{}", evidence.reason);
    assert!(late < AT_ONCE, "{late:?}");

    let script = Script::play(vec![HANG.to_owned()], vec![]).await;
    let asked = async {
        while script.seen("POST").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (evidence, late) = stopped_when(&script.target(), asked).await;
    assert!(evidence.reason.contains("still to come"), "{}", evidence.reason);
    assert!(late < AT_ONCE, "{late:?}");
}

#[tokio::test]
async fn after_the_end_of_a_run_nothing_is_asked() {
    let script = Script::play(vec![token("token-1")], vec![page(&["1"], None)]).await;
    let place = Place::default();
    place.stop.cancel();
    let Workplace { clock, folder, stop } = place.at(&SystemClock);
    let evidence = script.target().collect(&users(), Workplace { clock, folder, stop }).await;
    assert_eq!(evidence.outcome, Outcome::Failed);
    assert!(script.seen("").is_empty());
}
