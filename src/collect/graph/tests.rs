//! The client against scripted answers on raw sockets: every byte on the wire is written out here.
//!
//! Longer than other files because the journeys share one scripted server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{ClientCertificate, Credential, GateRule, GraphConnection, GraphLimits, GraphTarget};
use crate::catalog::collector::{Cloud, CollectorDefinition, GraphRequest};
use crate::collect::{Place, Target as _};
use crate::model::evidence::CollectionOutcome as Outcome;
use crate::model::evidence::{Body, RawEvidence, Source};
use crate::model::time::{Clock as _, FixedClock, SystemClock};

const SECRET: &str = "the~secret+of/this&test=";
/// In place of an answer: the server takes the request and says nothing.
const HANG: &str = "HANG";
const TENANT: &str = "99999999-8888-7777-6666-555555555555";
const CLIENT: &str = "11111111-2222-3333-4444-555555555555";

pub(super) fn connection(base: &str) -> GraphConnection {
    let secret = Credential::Secret(SecretString::from(SECRET.to_owned()));
    GraphConnection::new(Cloud::Custom, TENANT, CLIENT, secret, Some(base), Some(base)).unwrap()
}

pub(super) fn definition(id: &str, path: &str, paged: bool) -> CollectorDefinition {
    CollectorDefinition {
        id: id.parse().unwrap(),
        title: "Things".to_owned(),
        source: Source::Graph,
        request: Some(GraphRequest {
            version: "v1.0".to_owned(),
            path: path.to_owned(),
            select: Vec::new(),
            query: [].into(),
            paged,
            each: None,
        }),
        command: None,
        permission: Some("Things.Read.All".to_owned()),
        licence: Some("Thing Plan 2".to_owned()),
        clouds: Vec::new(),
        schedule: "0 3 * * *".to_owned(),
        timeout_seconds: 20,
        max_bytes: 100_000,
        time_to_live_hours: 48,
        redact: Vec::new(),
        parser: "graph-collection/1".to_owned(),
        proves: "That things are there.".to_owned(),
        digest: countersign_seal::digest::Digest::empty(),
    }
}

fn users() -> CollectorDefinition {
    definition("m365/users", "/users", true)
}

/// Plays one list of answers to token requests and one to everything else, and keeps what it was sent.
#[derive(Clone)]
struct Script {
    base: String,
    tokens: Arc<Mutex<VecDeque<Vec<u8>>>>,
    answers: Arc<Mutex<VecDeque<Vec<u8>>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Script {
    async fn play(tokens: Vec<String>, answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let script = Self {
            answers: Arc::new(Mutex::new(answers.iter().map(|answer| measured(answer, &base)).collect())),
            tokens: Arc::new(Mutex::new(tokens.iter().map(|answer| measured(answer, &base)).collect())),
            seen: Arc::default(),
            base,
        };
        let playing = script.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(playing.clone().serve(socket));
            }
        });
        script
    }

    async fn serve(self, mut socket: TcpStream) {
        let mut request = Vec::new();
        let mut buffer = [0_u8; 4096];
        loop {
            let read = socket.read(&mut buffer).await.unwrap_or(0);
            request.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                assert_ne!(read, 0, "the client went away");
                continue;
            };
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned))
                .map_or(0, |length| length.parse::<usize>().unwrap());
            if body.len() >= length {
                break;
            }
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        let queue = if text.starts_with("POST") { &self.tokens } else { &self.answers };
        let answer = queue.lock().unwrap().pop_front();
        self.seen.lock().unwrap().push(text);
        if answer.as_deref() == Some(HANG.as_bytes()) {
            tokio::time::sleep(Duration::from_mins(1)).await;
        } else if let Some(answer) = answer {
            let _ = socket.write_all(&answer).await;
        }
        let _ = socket.shutdown().await;
    }

    fn seen(&self, method: &str) -> Vec<String> {
        self.seen.lock().unwrap().iter().filter(|request| request.starts_with(method)).cloned().collect()
    }

    fn target(&self) -> GraphTarget {
        GraphTarget::new(connection(&self.base), GraphLimits::for_loopback()).unwrap()
    }
}

/// An answer whose length is filled in when it is played, because `BASE` becomes the server's address only then.
fn http(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: MEASURED\r\n\
         Date: Mon, 23 Nov 2026 10:00:00 GMT\r\nrequest-id: r-1\r\nConnection: close\r\n{headers}\r\n{body}"
    )
}

fn measured(answer: &str, base: &str) -> Vec<u8> {
    let answer = answer.replace("BASE", base);
    let length = answer.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
    answer.replace("MEASURED", &length.to_string()).into_bytes()
}

fn token(name: &str) -> String {
    http("200 OK", "", &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": name}).to_string())
}

fn page(ids: &[&str], next: Option<&str>) -> String {
    let rows: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
    let body = match next {
        Some(next) => json!({"value": rows, "@odata.nextLink": next}),
        None => json!({"value": rows}),
    };
    http("200 OK", "", &body.to_string())
}

fn refusal(status: &str, code: &str, message: &str) -> String {
    http(status, "", &json!({"error": {"code": code, "message": message}}).to_string())
}

async fn collect_with(script: &Script, definition: &CollectorDefinition) -> RawEvidence {
    let evidence = script.target().collect(definition, Place::default().at(&SystemClock)).await;
    assert!(evidence.outcome == Outcome::Complete || !evidence.reason.is_empty(), "a reason is missing");
    let everything = format!("{evidence:?}");
    assert!(
        !everything.contains(SECRET) && !everything.contains("token-"),
        "a secret is in the evidence: {everything}"
    );
    evidence
}

async fn collect(answers: Vec<String>) -> (RawEvidence, Script) {
    let script = Script::play(vec![token("token-1"), token("token-2")], answers).await;
    (collect_with(&script, &users()).await, script)
}

fn artifacts(evidence: &RawEvidence) -> Vec<(String, String)> {
    let text = |body: &Body| match body {
        Body::Memory(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Body::File(path) => path.display().to_string(),
    };
    evidence.artifacts.iter().map(|artifact| (artifact.name.clone(), text(&artifact.body))).collect()
}

fn names(evidence: &RawEvidence) -> Vec<String> {
    artifacts(evidence).into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn pages_are_kept_byte_for_byte_and_an_empty_middle_page_does_not_end_the_walk() {
    let first =
        "{ \"@odata.nextLink\":\"BASE/v1.0/users?$skiptoken=a%2Bb\",\r\n \"value\" : [ {\"id\":\"\\u00e4\"} ] }\n";
    let (evidence, script) = collect(vec![
        http("200 OK", "", first),
        page(&[], Some("BASE/v1.0/users?$skiptoken=2")),
        page(&["2", "3"], None),
    ])
    .await;
    assert_eq!((evidence.outcome, evidence.reason.as_str()), (Outcome::Complete, ""));
    let kept = artifacts(&evidence);
    assert_eq!(names(&evidence), ["page-0001.json", "page-0002.json", "page-0003.json"]);
    assert_eq!(kept[0].1, first.replace("BASE", &script.base));
    let gets = script.seen("GET");
    assert!(gets[1].starts_with("GET /v1.0/users?$skiptoken=a%2Bb HTTP/1.1"), "{}", gets[1]);
    assert_eq!(evidence.provenance["pages"], 3);
    assert_eq!(evidence.provenance["permission"], "Things.Read.All");
    assert_eq!(evidence.source_clock.unwrap().to_string(), "2026-11-23T10:00:00.000000Z");
}

#[tokio::test]
async fn the_token_request_and_the_headers_are_as_the_service_wants_them() {
    let (_, script) = collect(vec![page(&["1"], None)]).await;
    let post = script.seen("POST").remove(0);
    assert!(post.starts_with(&format!("POST /{TENANT}/oauth2/v2.0/token HTTP/1.1")), "{post}");
    let host = script.base.replace(':', "%3A").replace('/', "%2F");
    assert!(post.contains(&format!("scope={host}%2F.default")), "{post}");
    assert!(post.contains("grant_type=client_credentials"), "{post}");
    assert!(post.contains("client_secret=the%7Esecret%2Bof%2Fthis%26test%3D"), "{post}");
    let get = script.seen("GET").remove(0).to_ascii_lowercase();
    for header in [
        "authorization: bearer token-1",
        "accept: application/json;odata.metadata=minimal",
        "prefer: include-unknown-enum-members",
        "return-client-request-id: true",
        "user-agent: isv|countersign|countersign/",
        "client-request-id: ",
    ] {
        assert!(get.contains(header), "{header} is missing in {get}");
    }
}

#[tokio::test]
async fn one_token_serves_many_datasets_even_side_by_side() {
    let script =
        Script::play(vec![token("token-1")], vec![page(&["1"], None), page(&["1"], None), page(&["1"], None)]).await;
    let target = script.target();
    let (users, users_again, place) = (users(), users(), Place::default());
    let together = tokio::join!(
        target.collect(&users, place.at(&SystemClock)),
        target.collect(&users_again, place.at(&SystemClock))
    );
    let later = target.collect(&users, Place::default().at(&SystemClock)).await;
    for evidence in [together.0, together.1, later] {
        assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    }
    assert_eq!(script.seen("POST").len(), 1);
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed_before_it_is_used() {
    let short = http("200 OK", "", r#"{"token_type":"Bearer","expires_in":"0","access_token":"token-0"}"#);
    let script = Script::play(vec![short, token("token-1")], vec![page(&["1"], None), page(&["1"], None)]).await;
    let target = script.target();
    target.collect(&users(), Place::default().at(&SystemClock)).await;
    target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert!(script.seen("GET")[1].contains("Bearer token-1"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_page_is_read() {
    let expired = refusal("401 Unauthorized", "InvalidAuthenticationToken", "Access token has expired.");
    let (evidence, script) = collect(vec![expired, page(&["1"], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    assert!(script.seen("GET")[1].contains("Bearer token-2"));
    assert_eq!(evidence.provenance["token_renewals"], 1);
    assert_eq!(names(&evidence), ["page-0001.json"]);
}

#[tokio::test]
async fn a_second_refusal_of_the_token_is_final() {
    let expired = || refusal("401 Unauthorized", "InvalidAuthenticationToken", "Access token has expired.");
    let (evidence, script) = collect(vec![expired(), expired(), page(&["1"], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Denied);
    assert_eq!(script.seen("GET").len(), 2);
    assert_eq!(names(&evidence), ["error-0001.json"]);
}

#[tokio::test]
async fn a_claims_challenge_is_answered_with_a_token_that_carries_the_claims() {
    // {"access_token":{"nbf":{"essential":true}}}
    let claims = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==";
    let header = format!("WWW-Authenticate: Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{claims}\"\r\n");
    let challenge = http("401 Unauthorized", &header, r#"{"error":{"code":"InvalidAuthenticationToken"}}"#);
    let (evidence, script) = collect(vec![challenge, page(&["1"], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    assert!(script.seen("POST")[1].contains("claims=%7B%22access_token%22"));
}

#[tokio::test]
async fn a_next_link_to_a_foreign_host_is_refused_and_no_token_is_sent_there() {
    let foreign = Script::play(vec![], vec![page(&["stolen"], None)]).await;
    let link = format!("{}/v1.0/users?$skiptoken=2", foreign.base);
    let (evidence, _) = collect(vec![page(&["1"], Some(&link))]).await;
    assert_eq!(evidence.outcome, Outcome::Partial);
    assert!(evidence.reason.contains("127.0.0.1") && evidence.reason.contains("no token"), "{}", evidence.reason);
    assert_eq!(names(&evidence), ["page-0001.json"]);
    assert!(foreign.seen("GET").is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let foreign = Script::play(vec![], vec![page(&["stolen"], None)]).await;
    let header = format!("Location: {}/v1.0/users\r\n", foreign.base);
    let (evidence, _) = collect(vec![http("302 Found", &header, "")]).await;
    assert_eq!(evidence.outcome, Outcome::Failed);
    assert!(foreign.seen("GET").is_empty());
    assert!(!format!("{:?}", evidence.provenance).contains(&foreign.base));
}

#[tokio::test]
async fn pages_that_lead_back_to_each_other_end_the_walk() {
    let (evidence, script) = collect(vec![
        page(&["1"], Some("BASE/v1.0/users?$skiptoken=2")),
        page(&["2"], Some("BASE/v1.0/users")),
        page(&["1"], None),
    ])
    .await;
    assert_eq!(evidence.outcome, Outcome::Partial);
    assert!(evidence.reason.contains("leads back"), "{}", evidence.reason);
    assert_eq!(script.seen("GET").len(), 2);
}

#[tokio::test]
async fn more_pages_than_the_limit_are_not_read() {
    let pages = (1..9).map(|n| page(&["1"], Some(&format!("BASE/v1.0/users?$skiptoken={n}")))).collect();
    let script = Script::play(vec![token("token-1")], pages).await;
    let limits = GraphLimits { max_pages: 3, ..GraphLimits::for_loopback() };
    let target = GraphTarget::new(connection(&script.base), limits).unwrap();
    let evidence = target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!((evidence.outcome, evidence.artifacts.len()), (Outcome::Partial, 3));
}

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
async fn missing_consent_and_missing_licence_are_told_apart_and_named() {
    let (evidence, _) =
        collect(vec![refusal("403 Forbidden", "Authorization_RequestDenied", "Insufficient privileges")]).await;
    assert_eq!(evidence.outcome, Outcome::Denied);
    assert!(evidence.reason.contains("Things.Read.All"), "{}", evidence.reason);
    assert_eq!(names(&evidence), ["error-0001.json"]);

    let flapping = "Authentication_RequestFromNonPremiumTenantOrB2CTenant";
    let (evidence, script) = collect((0..9).map(|_| refusal("403 Forbidden", flapping, "x")).collect()).await;
    assert_eq!(evidence.outcome, Outcome::Unlicensed);
    assert!(evidence.reason.contains("Thing Plan 2"), "{}", evidence.reason);
    assert_eq!(script.seen("GET").len(), 3, "a licence refusal is believed after the third time");

    let intune = refusal("400 Bad Request", "BadRequest", "Request not applicable to target tenant.");
    let (evidence, _) = collect(vec![intune]).await;
    assert_eq!(evidence.outcome, Outcome::Unlicensed);
}

#[tokio::test]
async fn an_object_that_was_never_configured_is_empty_but_a_missing_collection_is_failed() {
    let missing = || refusal("404 Not Found", "Request_ResourceNotFound", "Resource does not exist");
    let script = Script::play(vec![token("token-1")], vec![missing()]).await;
    let evidence = collect_with(&script, &definition("m365/branding", "/branding", false)).await;
    assert_eq!(evidence.outcome, Outcome::Empty, "{}", evidence.reason);
    let (evidence, _) = collect(vec![missing()]).await;
    assert_eq!(evidence.outcome, Outcome::Failed);
    let (evidence, _) = collect(vec![page(&[], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Empty);
}

#[tokio::test]
async fn a_web_page_in_place_of_json_is_failed_and_kept() {
    let body = "<!DOCTYPE html><title>Sign in to the guest network</title>";
    let html = http("200 OK", "", body).replace("application/json", "text/html");
    let (evidence, _) = collect(vec![html]).await;
    assert_eq!(evidence.outcome, Outcome::Failed);
    assert!(evidence.reason.contains("web page"), "{}", evidence.reason);
    assert_eq!(artifacts(&evidence), [("error-0001.bin".to_owned(), body.to_owned())]);
}

#[tokio::test]
async fn an_answer_that_is_not_the_expected_json_is_failed_and_named() {
    let cases = [
        (http("200 OK", "", r#"{"id": "1"}"#), "no `value`"),
        (http("200 OK", "", r#"{"value": [{"id""#), "middle"),
        (http("200 OK", "", "plain text"), "not JSON"),
        (http("200 OK", "", ""), "empty"),
        (http("200 OK", "", "{\"value\": []}").replace("application/json", "text/csv"), "text/csv"),
        (http("200 OK", "", r#"{"error": {"code": "x"}}"#), "error"),
    ];
    for (answer, words) in cases {
        let (evidence, _) = collect(vec![answer]).await;
        assert_eq!(evidence.outcome, Outcome::Failed, "{words}");
        assert!(evidence.reason.contains(words), "{} should say {words}", evidence.reason);
    }
}

#[tokio::test]
async fn a_body_that_ends_before_its_announced_length_is_failed_and_what_came_is_kept() {
    let short = || page(&["1"], None).replace("MEASURED", "5000");
    let (evidence, script) = collect((0..9).map(|_| short()).collect()).await;
    assert_eq!(evidence.outcome, Outcome::Failed, "{}", evidence.reason);
    assert!(evidence.reason.contains("broke off"), "{}", evidence.reason);
    assert_eq!(names(&evidence), ["error-0001.json"]);
    assert_eq!(script.seen("GET").len(), 6);
    let (evidence, _) = collect(vec![short(), page(&["1"], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "one reset in the middle of a body is survived");
}

#[tokio::test]
async fn a_compressed_answer_is_kept_as_its_plain_bytes_and_a_cut_one_is_never_taken_for_whole() {
    let plain = r#"{"value": [{"id": "compressed"}]}"#;
    let compressed: [u8; 51] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0x2a, 0x4b, 0xcc, 0x29, 0x4d, 0x55,
        0xb2, 0x52, 0x88, 0xae, 0x56, 0xca, 0x4c, 0x01, 0xd2, 0x4a, 0xc9, 0xf9, 0xb9, 0x05, 0x45, 0xa9, 0xc5, 0xc5,
        0xa9, 0x29, 0x4a, 0xb5, 0xb1, 0xb5, 0x00, 0x18, 0x43, 0x0a, 0x87, 0x21, 0x00, 0x00, 0x00,
    ];
    let answer = |body: &[u8]| {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n";
        [head.as_bytes(), body].concat()
    };
    let script = Script::play(vec![token("token-1")], vec![]).await;
    script.answers.lock().unwrap().push_back(answer(&compressed));
    let evidence = collect_with(&script, &users()).await;
    assert_eq!(artifacts(&evidence), [("page-0001.json".to_owned(), plain.to_owned())]);

    for missing in [1, 8, 20] {
        let script = Script::play(vec![token("token-1")], vec![]).await;
        let cut = answer(&compressed[..compressed.len() - missing]);
        script.answers.lock().unwrap().extend(std::iter::repeat_n(cut, 6));
        let evidence = collect_with(&script, &users()).await;
        assert_eq!(evidence.outcome, Outcome::Failed, "{missing} bytes are missing: {}", evidence.reason);
    }
}

#[tokio::test]
async fn a_dataset_larger_than_its_limit_is_stopped_over_all_pages() {
    let filler = "x".repeat(60_000);
    let big = |next: Option<&str>| page(&[&filler], next);
    let (evidence, _) = collect(vec![big(Some("BASE/v1.0/users?$skiptoken=2")), big(None)]).await;
    assert_eq!(evidence.outcome, Outcome::Partial);
    assert!(evidence.reason.contains("100000 bytes"), "{}", evidence.reason);
    let announced = http("200 OK", "", "{\"value\": [").replace("MEASURED", "300000000");
    let (evidence, _) = collect(vec![announced]).await;
    assert_eq!(evidence.outcome, Outcome::Failed, "{}", evidence.reason);
}

#[tokio::test]
async fn a_wrong_secret_is_named_and_never_repeated() {
    let body = json!({
        "error": "invalid_client", "error_codes": [7_000_215], "trace_id": "t-1",
        "error_description": format!("AADSTS7000215: Invalid client secret provided: {SECRET}"),
    });
    let script = Script::play(vec![http("401 Unauthorized", "", &body.to_string())], vec![]).await;
    let evidence = collect_with(&script, &users()).await;
    assert_eq!(evidence.outcome, Outcome::Denied);
    assert!(evidence.reason.contains("client secret is wrong"), "{}", evidence.reason);
    assert_eq!(evidence.provenance["sign_in_trace_id"], "t-1");
    assert!(script.seen("GET").is_empty());
}

#[tokio::test]
async fn a_refused_sign_in_is_not_repeated_for_every_dataset() {
    let refused = http("401 Unauthorized", "", r#"{"error":"invalid_client","error_codes":[7000222]}"#);
    let script = Script::play(vec![refused], vec![]).await;
    let limits = GraphLimits { refusal_memory: Duration::from_mins(1), ..GraphLimits::for_loopback() };
    let target = GraphTarget::new(connection(&script.base), limits).unwrap();
    for _ in 0..3 {
        let evidence = target.collect(&users(), Place::default().at(&SystemClock)).await;
        assert!(evidence.reason.contains("expired"), "{}", evidence.reason);
    }
    assert_eq!(script.seen("POST").len(), 1);
    assert!(target.check_access(&SystemClock).await.is_err());
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
async fn a_certificate_signs_in_without_any_secret() {
    let pem = include_str!("../../../tests/fixtures/graph/client_certificate_for_tests.pem");
    let certificate = ClientCertificate::from_pem(&SecretString::from(pem.to_owned())).unwrap();
    let script = Script::play(vec![token("token-1")], vec![page(&["1"], None)]).await;
    let base = Some(script.base.as_str());
    let credential = Credential::Certificate(certificate);
    let connection = GraphConnection::new(Cloud::Custom, TENANT, CLIENT, credential, base, base).unwrap();
    let target = GraphTarget::new(connection, GraphLimits::for_loopback()).unwrap();
    let evidence = target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    let post = script.seen("POST").remove(0);
    assert!(post.contains("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"));
    assert!(post.contains("client_assertion=ey") && !post.contains("client_secret"), "{post}");
}

#[tokio::test]
async fn what_a_cloud_does_not_offer_is_not_asked_for() {
    let secret = Credential::Secret(SecretString::from(SECRET.to_owned()));
    let connection = GraphConnection::new(Cloud::GccHigh, TENANT, CLIENT, secret, None, None).unwrap();
    let target = GraphTarget::new(connection, GraphLimits::default()).unwrap();
    let mut definition = users();
    definition.clouds = vec![Cloud::Global];
    let clock = FixedClock(SystemClock.now());
    let evidence = target.collect(&definition, Place::default().at(&clock)).await;
    assert_eq!(evidence.outcome, Outcome::NotOffered);
    assert_eq!(evidence.provenance["requests"], 0);
    assert_eq!(evidence.started, evidence.finished);
}

#[tokio::test]
async fn a_gate_spaces_the_requests_of_its_scope() {
    let script = Script::play(vec![token("token-1")], (0..3).map(|_| page(&["1"], None)).collect()).await;
    let gates = vec![GateRule { path_prefix: "/users".to_owned(), interval: Duration::from_millis(150) }];
    let target =
        GraphTarget::new(connection(&script.base), GraphLimits { gates, ..GraphLimits::for_loopback() }).unwrap();
    let begin = std::time::Instant::now();
    for _ in 0..3 {
        target.collect(&users(), Place::default().at(&SystemClock)).await;
    }
    assert!(begin.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_secret_in_an_answer_is_replaced_before_anything_else_sees_it() {
    let body = r#"{"value": [{"id": "1", "key": "123456-234567-345678-456789-567890-678901-789012-890123"}]}"#;
    let (evidence, _) = collect(vec![http("200 OK", "", body)]).await;
    assert_eq!(evidence.outcome, Outcome::Complete);
    assert_eq!(artifacts(&evidence)[0].1, r#"{"value": [{"id": "1", "key": "[redacted]"}]}"#);
    assert_eq!(evidence.redactions[0].rule, "recovery-password");
}

#[test]
fn every_microsoft_365_collector_file_is_valid_and_asks_only_below_the_graph_root() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("collectors/m365");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(path.join("collector.yaml")).unwrap();
        let definition: CollectorDefinition =
            serde_saphyr::from_str(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        let folder = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(definition.id.as_str(), format!("m365/{folder}"));
        let request = definition.request.as_ref().unwrap();
        super::request::first_url(&connection("http://127.0.0.1:1"), request).unwrap();
        for field in &request.select {
            assert!(field.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{folder}: {field}");
        }
        let parser = if request.paged { "graph-collection/1" } else { "graph-singleton/1" };
        assert_eq!(definition.parser, parser, "{folder}");
        assert!(definition.permission.is_some() && !definition.clouds.is_empty() && definition.proves.len() > 60);
        assert_eq!(definition.schedule.split(' ').count(), 5, "{folder}");
        found += 1;
    }
    assert!(found >= 12, "{found} collectors");
}
