//! Pauses, outages and time limits.

use super::*;

#[tokio::test]
async fn a_fractional_retry_after_is_waited_out_and_the_dataset_is_complete() {
    let slow = || http("429 Too Many Requests", "Retry-After: 0.15\r\n", r#"{"error":{"code":"TooManyRequests"}}"#);
    let begin = std::time::Instant::now();
    let (evidence, _) = collect(vec![slow(), slow(), page(&["1"], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    assert!(begin.elapsed() >= Duration::from_millis(300));
    assert_eq!(evidence.provenance["throttled"], 2);
}

#[tokio::test]
async fn a_service_that_only_asks_to_wait_gives_throttled() {
    let slow = || refusal("429 Too Many Requests", "TooManyRequests", "Please retry again later.");
    let (evidence, script) = collect((0..9).map(|_| slow()).collect()).await;
    assert_eq!(evidence.outcome, Outcome::Throttled, "{}", evidence.reason);
    assert_eq!(script.seen("GET").len(), 6);
}

#[tokio::test]
async fn a_pause_longer_than_the_time_limit_ends_in_throttled_and_keeps_the_pages_read() {
    let mut definition = users();
    definition.timeout_seconds = 1;
    let slow = || http("429 Too Many Requests", "Retry-After: 3600\r\n", r#"{"error":{"code":"TooManyRequests"}}"#);
    let script = Script::play(vec![token("token-1")], vec![slow()]).await;
    let evidence = collect_with(&script, &definition).await;
    assert_eq!(evidence.outcome, Outcome::Throttled, "{}", evidence.reason);
    let script =
        Script::play(vec![token("token-1")], vec![page(&["1"], Some("BASE/v1.0/users?$skiptoken=2")), slow()]).await;
    let evidence = collect_with(&script, &definition).await;
    assert_eq!(evidence.outcome, Outcome::Partial, "{}", evidence.reason);
    assert_eq!(names(&evidence), ["page-0001.json", "error-0001.json"]);
}

#[tokio::test]
async fn a_service_that_is_down_for_a_moment_is_asked_again() {
    let down = http("503 Service Unavailable", "", "<html>down</html>");
    let (evidence, _) = collect(vec![down.clone(), String::new(), page(&["1"], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    let (evidence, _) = collect((0..9).map(|_| down.clone()).collect()).await;
    assert_eq!(evidence.outcome, Outcome::Unreachable, "{}", evidence.reason);
}

#[tokio::test]
async fn a_machine_where_nobody_listens_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let target = GraphTarget::new(connection(&base), GraphLimits::for_loopback()).unwrap();
    let evidence = target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!(evidence.outcome, Outcome::Unreachable);
    assert!(evidence.reason.contains("127.0.0.1"), "{}", evidence.reason);
}

#[tokio::test]
async fn a_service_that_never_answers_ends_at_the_time_limit_and_keeps_the_pages_read() {
    let mut definition = users();
    definition.timeout_seconds = 1;
    let hang = || HANG.to_owned();
    for (tokens, answers, outcome) in [
        (vec![hang()], vec![], Outcome::Unreachable),
        (vec![token("token-1")], vec![hang()], Outcome::Unreachable),
        (vec![token("token-1")], vec![page(&["1"], Some("BASE/v1.0/users?$skiptoken=2")), hang()], Outcome::Partial),
    ] {
        let script = Script::play(tokens, answers).await;
        let evidence = collect_with(&script, &definition).await;
        assert_eq!(evidence.outcome, outcome, "{}", evidence.reason);
        assert!(evidence.reason.contains("1 seconds"), "{}", evidence.reason);
    }
}

#[tokio::test]
async fn a_gate_spaces_the_requests_of_its_scope() {
    let script = Script::play(vec![token("token-1")], (0..3).map(|_| page(&["1"], None)).collect()).await;
    let allowance = Some(Allowance { units: 1, per: Duration::from_millis(150) });
    let limits = vec![(Sharing::Tenant, allowance)];
    let gates = vec![GateRule { scope: "users", prefixes: &["/users"], limits }];
    let target =
        GraphTarget::new(connection(&script.base), GraphLimits { gates, ..GraphLimits::for_loopback() }).unwrap();
    let begin = std::time::Instant::now();
    for _ in 0..3 {
        target.collect(&users(), Place::default().at(&SystemClock)).await;
    }
    assert!(begin.elapsed() >= Duration::from_millis(300));
}
