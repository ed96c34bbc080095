//! Pauses, outages and time limits.

use super::*;

/// Seconds in which a token and a page are read on the slowest machine, and that a test can wait for.
const LIMIT: u64 = 4;

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
    definition.timeout_seconds = LIMIT;
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
    // It has its port for as long as this goes on, and never listens.
    let mute = tokio::net::TcpSocket::new_v4().unwrap();
    mute.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let base = format!("http://{}", mute.local_addr().unwrap());
    let target = GraphTarget::new(connection(&base), GraphLimits::for_loopback()).unwrap();
    let evidence = target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!(evidence.outcome, Outcome::Unreachable);
    assert!(evidence.reason.contains("127.0.0.1"), "{}", evidence.reason);
}

#[tokio::test]
async fn a_service_that_never_answers_ends_at_the_time_limit_and_keeps_the_pages_read() {
    let mut definition = users();
    definition.timeout_seconds = LIMIT;
    let hang = || HANG.to_owned();
    for (tokens, answers, outcome) in [
        (vec![hang()], vec![], Outcome::Unreachable),
        (vec![token("token-1")], vec![hang()], Outcome::Unreachable),
        (vec![token("token-1")], vec![page(&["1"], Some("BASE/v1.0/users?$skiptoken=2")), hang()], Outcome::Partial),
    ] {
        let script = Script::play(tokens, answers).await;
        let evidence = collect_with(&script, &definition).await;
        assert_eq!(evidence.outcome, outcome, "{}", evidence.reason);
        assert!(evidence.reason.contains(&format!("{LIMIT} seconds")), "{}", evidence.reason);
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

/// Two runs of one process against a service that answers the first question about users with this pause.
async fn two_runs(pause: &'static str) -> (Script, [GraphTarget; 2]) {
    let script = Script::respond(vec![token("token-1")], {
        let slowed = std::sync::atomic::AtomicBool::new(false);
        move |request| {
            let first = request.contains("GET /v1.0/users ") && !slowed.swap(true, std::sync::atomic::Ordering::SeqCst);
            let wait = format!("Retry-After: {pause}\r\n");
            if first { http("429 Too Many Requests", &wait, "{}") } else { page(&["1"], None) }
        }
    })
    .await;
    let pool = crate::collect::graph::GraphPool::default();
    let runs = [0, 1].map(|_| pool.target(connection(&script.base)).unwrap());
    (script, runs)
}

#[tokio::test]
async fn a_pause_the_service_asks_for_holds_all_runs_of_the_process_but_not_other_kinds_of_things() {
    let (script, [one, other]) = two_runs("3600").await;
    let (users, devices) = (users(), definition("m365/x", "/deviceManagement/x", true));
    let mut groups = definition("m365/groups", "/groups", true);
    groups.timeout_seconds = 1;
    let place = Place::default();
    let reading = one.collect(&users, place.at(&SystemClock));
    tokio::pin!(reading);
    tokio::select! {
        early = &mut reading => panic!("it did not wait: {}", early.reason),
        () = held(&one, "/users") => {}
    }
    let free = other.collect(&devices, place.at(&SystemClock)).await;
    assert_eq!(free.outcome, Outcome::Complete, "another scope waited: {}", free.reason);
    let waits = other.collect(&groups, place.at(&SystemClock)).await;
    assert_eq!(waits.outcome, Outcome::Throttled, "the same scope did not wait: {}", waits.reason);
    assert!(script.seen("GET").iter().all(|request| !request.contains("/groups")), "the same scope was asked");
}

#[tokio::test]
async fn after_the_pause_the_service_asked_for_all_runs_of_the_process_go_on() {
    let (_script, [one, other]) = two_runs("0.4").await;
    let (users, groups, place) = (users(), definition("m365/groups", "/groups", true), Place::default());
    let begin = std::time::Instant::now();
    let first = one.collect(&users, place.at(&SystemClock)).await;
    assert!(begin.elapsed() >= Duration::from_millis(400));
    let later = other.collect(&groups, place.at(&SystemClock)).await;
    assert_eq!((first.outcome, later.outcome), (Outcome::Complete, Outcome::Complete));
}

#[tokio::test]
async fn a_service_that_is_down_is_asked_again_on_a_new_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Vec<(usize, bool)>>> = Arc::default();
    let told = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut socket, _)) = listener.accept().await {
            number += 1;
            let (told, number) = (Arc::clone(&told), number);
            tokio::spawn(async move {
                let mut request = vec![0; 8192];
                while let Ok(read) = socket.read(&mut request).await {
                    if read == 0 {
                        break;
                    }
                    let is_token = request.starts_with(b"POST");
                    let before = told.lock().unwrap().iter().filter(|(_, is_get)| *is_get).count();
                    told.lock().unwrap().push((number, !is_token));
                    let answer = match (is_token, before) {
                        (true, _) => token("token-1"),
                        (false, 0) => http("503 Service Unavailable", "", "{}"),
                        (false, _) => page(&["1"], None),
                    };
                    let answer = answer.replace("Connection: close", "Connection: keep-alive");
                    socket.write_all(&measured(&answer, "")).await.unwrap();
                }
            });
        }
    });
    let target = GraphTarget::new(connection(&base), GraphLimits::for_loopback()).unwrap();
    let evidence = target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    assert_eq!(*seen.lock().unwrap(), [(1, false), (1, true), (2, true)]);
}
