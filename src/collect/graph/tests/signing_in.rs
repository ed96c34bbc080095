//! Tokens on the wire: how they are asked for, shared, renewed and refused.

use super::*;

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
async fn a_certificate_signs_in_without_any_secret() {
    let pem = include_str!("../../../../tests/fixtures/graph/client_certificate_for_tests.pem");
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

fn federated(base: &str, file: &std::path::Path) -> GraphTarget {
    let credential = Credential::Federated(crate::collect::graph::FederatedToken::at(file).unwrap());
    let connection = GraphConnection::new(Cloud::Custom, TENANT, CLIENT, credential, Some(base), Some(base)).unwrap();
    GraphTarget::new(connection, GraphLimits::for_loopback()).unwrap()
}

#[tokio::test]
async fn a_federated_statement_is_read_anew_for_every_token_and_kept_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "first.state.ment\n").unwrap();
    let expired = refusal("401 Unauthorized", "InvalidAuthenticationToken", "Access token has expired.");
    let script =
        Script::play(vec![token("token-1"), token("token-2")], vec![page(&["1"], None), expired, page(&["1"], None)])
            .await;
    let target = federated(&script.base, &file);
    let first = target.collect(&users(), Place::default().at(&SystemClock)).await;
    std::fs::write(&file, "second.state.ment").unwrap();
    let second = target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!((first.outcome, second.outcome), (Outcome::Complete, Outcome::Complete), "{}", second.reason);
    let sign_ins = script.sign_ins();
    assert!(sign_ins[0].contains("client_assertion=first.state.ment"), "{}", sign_ins[0]);
    assert!(sign_ins[1].contains("client_assertion=second.state.ment"), "{}", sign_ins[1]);
    assert!(sign_ins[0].contains("client_assertion_type=urn%3Aietf") && !sign_ins[0].contains("client_secret"));
    assert!(!format!("{first:?}{second:?}{target:?}").contains("state"));
}

#[tokio::test]
async fn a_federated_token_file_that_cannot_be_used_is_named_and_nothing_is_sent() {
    let script = Script::play(vec![token("token-1")], vec![page(&["1"], None)]).await;
    let target = federated(&script.base, std::path::Path::new("/nowhere/token"));
    let evidence = target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!(evidence.outcome, Outcome::Failed);
    assert!(evidence.reason.contains("/nowhere/token cannot be read"), "{}", evidence.reason);
    assert!(script.seen("").is_empty());
}

#[tokio::test]
async fn the_token_request_is_this_and_nothing_more() {
    let (_, script) = collect(vec![page(&["1"], None)]).await;
    let post = script.sign_ins().remove(0);
    let (head, body) = post.split_once("\r\n\r\n").unwrap();
    let mut names: Vec<&str> = head.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "content-length", "content-type", "host", "user-agent"]);
    let scope = format!("{}/.default", script.base).replace(':', "%3A").replace('/', "%2F");
    let secret = "the%7Esecret%2Bof%2Fthis%26test%3D";
    let expected = format!("client_id={CLIENT}&scope={scope}&grant_type=client_credentials&client_secret={secret}");
    assert_eq!(body, expected);
}
