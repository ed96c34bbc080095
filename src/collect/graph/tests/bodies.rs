//! Bodies that are too large, cut, compressed or something else than they should be.

use super::*;

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
async fn a_secret_in_an_answer_is_replaced_before_anything_else_sees_it() {
    let body = r#"{"value": [{"id": "1", "key": "123456-234567-345678-456789-567890-678901-789012-890123"}]}"#;
    let (evidence, _) = collect(vec![http("200 OK", "", body)]).await;
    assert_eq!(evidence.outcome, Outcome::Complete);
    assert_eq!(artifacts(&evidence)[0].1, r#"{"value": [{"id": "1", "key": "[redacted]"}]}"#);
    assert_eq!(evidence.redactions[0].rule, "recovery-password");
}
