//! The client against scripted answers on raw sockets: every byte on the wire is written out here. The scripted server is
//! in this file, the journeys are beside it by subject.

mod batches;
mod bodies;
mod files;
mod paging;
mod refusals;
mod renewing;
mod signing_in;
mod sizes;
mod stopping;
mod waiting;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Allowance, ClientCertificate, Credential, GateRule, GraphConnection, GraphLimits, GraphTarget, Sharing};
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
    /// Answers everything but token requests, when the answer depends on the question.
    respond: Option<Responder>,
    seen: Arc<Mutex<Vec<String>>>,
}

/// A request -> the answer to it.
type Responder = Arc<dyn Fn(&str) -> String + Send + Sync>;

impl Script {
    async fn play(tokens: Vec<String>, answers: Vec<String>) -> Self {
        Self::start(tokens, answers, None).await
    }

    async fn respond(tokens: Vec<String>, respond: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::start(tokens, Vec::new(), Some(Arc::new(respond))).await
    }

    async fn start(tokens: Vec<String>, answers: Vec<String>, respond: Option<Responder>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let script = Self {
            answers: Arc::new(Mutex::new(answers.iter().map(|answer| measured(answer, &base)).collect())),
            tokens: Arc::new(Mutex::new(tokens.iter().map(|answer| measured(answer, &base)).collect())),
            respond,
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
        let queue = if is_for_a_token(&text) { &self.tokens } else { &self.answers };
        let answer = match &self.respond {
            Some(respond) if !is_for_a_token(&text) => Some(measured(&respond(&text), &self.base)),
            _ => queue.lock().unwrap().pop_front(),
        };
        self.seen.lock().unwrap().push(text);
        if answer.as_deref() == Some(HANG.as_bytes()) {
            tokio::time::sleep(Duration::from_mins(1)).await;
        } else if let Some(answer) = answer {
            let _ = socket.write_all(&answer).await;
        }
        let _ = socket.shutdown().await;
    }

    /// Requests to the token endpoint.
    fn sign_ins(&self) -> Vec<String> {
        self.seen("POST").into_iter().filter(|request| is_for_a_token(request)).collect()
    }

    fn seen(&self, method: &str) -> Vec<String> {
        self.seen.lock().unwrap().iter().filter(|request| request.starts_with(method)).cloned().collect()
    }

    fn target(&self) -> GraphTarget {
        GraphTarget::new(connection(&self.base), GraphLimits::for_loopback()).unwrap()
    }
}

/// Waits until the service's wish to wait has come to the gate of a path: from then on nobody passes it.
async fn held(target: &GraphTarget, path: &str) {
    while target.gates.pass(path, 1, 1).now_or_never().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn is_for_a_token(request: &str) -> bool {
    request.starts_with(&format!("POST /{TENANT}/oauth2/v2.0/token HTTP/1.1\r\n"))
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
