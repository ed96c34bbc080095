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

#[tokio::test]
async fn a_page_that_comes_again_under_another_link_ends_the_walk_and_counts_once() {
    let link = |number: usize| format!("BASE/v1.0/users?$skiptoken={number}");
    let again = |number: usize| page(&["1", "2"], Some(&link(number)));
    let (evidence, script) = collect((1..9).map(again).collect()).await;
    assert_eq!(evidence.outcome, Outcome::Partial);
    let words = "only 1 page with 2 rows could be read: the service gave the same page again under another link";
    assert!(evidence.reason.starts_with(words), "{}", evidence.reason);
    assert_eq!((names(&evidence).len(), script.seen("GET").len()), (1, 2));
    let empty = |number: usize| page(&[], (number < 4).then(|| link(number)).as_deref());
    let (evidence, _) = collect((1..5).map(empty).collect()).await;
    assert_eq!(evidence.outcome, Outcome::Empty, "empty pages may follow each other: {}", evidence.reason);
}

#[tokio::test]
async fn every_page_is_asked_for_with_the_same_headers() {
    let mut definition = users();
    definition.request.as_mut().unwrap().query = [("$count".to_owned(), "true".to_owned())].into();
    let pages = vec![page(&["1"], Some("BASE/v1.0/users?$skiptoken=2")), page(&["2"], None)];
    let script = Script::play(vec![token("token-1")], pages).await;
    collect_with(&script, &definition).await;
    for get in script.seen("GET") {
        let get = get.to_ascii_lowercase();
        for header in ["consistencylevel: eventual", "prefer: include-unknown", "accept-encoding: gzip"] {
            assert!(get.contains(header), "{header} is missing in {get}");
        }
    }
}

#[tokio::test]
async fn a_list_whose_place_was_lost_is_read_anew_once_and_then_stays_partial() {
    let first = || page(&["1"], Some("BASE/v1.0/users?$skiptoken=2"));
    let lost = || refusal("400 Bad Request", "Directory_ExpiredPageToken", "The page token has expired.");
    let (evidence, _) = collect(vec![first(), lost(), first(), page(&["2"], None)]).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    assert_eq!(names(&evidence), ["page-0001.json", "page-0002.json"]);
    assert_eq!(evidence.provenance["restarts"], 1);
    let gone = || refusal("410 Gone", "syncStateNotFound", "");
    let (evidence, script) = collect(vec![first(), gone(), first(), gone(), first()]).await;
    assert_eq!(evidence.outcome, Outcome::Partial, "{}", evidence.reason);
    assert_eq!(names(&evidence), ["page-0001.json", "error-0001.json"]);
    assert_eq!(script.seen("GET").len(), 4);
}

#[tokio::test]
async fn what_the_service_says_about_the_end_of_an_interface_is_kept() {
    let headers =
        "Deprecation: @1688169599\r\nSunset: Sun, 30 Jun 2027 23:59:59 GMT\r\nLink: <https://docs.example>\r\n";
    let (evidence, _) = collect(vec![http("200 OK", headers, r#"{"value": [{"id": "1"}]}"#)]).await;
    assert_eq!(evidence.provenance["deprecation"], "@1688169599");
    assert_eq!(evidence.provenance["sunset"], "Sun, 30 Jun 2027 23:59:59 GMT");
    assert_eq!(evidence.provenance["link"], "<https://docs.example>");
}
