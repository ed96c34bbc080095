//! From page to page: what is followed, what is not, and when it ends.

use super::*;

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
    let pages = (1..9).map(|n| page(&[&n.to_string()], Some(&format!("BASE/v1.0/users?$skiptoken={n}")))).collect();
    let script = Script::play(vec![token("token-1")], pages).await;
    let limits = GraphLimits { max_pages: 3, ..GraphLimits::for_loopback() };
    let target = GraphTarget::new(connection(&script.base), limits).unwrap();
    let evidence = target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!((evidence.outcome, evidence.artifacts.len()), (Outcome::Partial, 3));
}
