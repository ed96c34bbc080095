//! Asking about many objects: what a batch holds, and how its items are taken.

use serde_json::Value;

use super::*;
use crate::catalog::collector::GraphEach;

fn members() -> CollectorDefinition {
    let mut definition = definition("m365/role_group_members", "/groups/{id}/members", true);
    let request = definition.request.as_mut().unwrap();
    request.select = vec!["id".to_owned()];
    request.each = Some(GraphEach {
        path: "/groups".to_owned(),
        select: vec!["id".to_owned()],
        query: [].into(),
        ids: vec!["id".to_owned()],
    });
    definition.parser = "graph-batch/1".to_owned();
    definition
}

fn groups(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("g{number:03}")).collect()
}

fn list_of(ids: &[String]) -> String {
    page(&ids.iter().map(String::as_str).collect::<Vec<_>>(), None)
}

/// The items of a batch request: id and URL.
fn items_of(request: &str) -> Vec<(String, String)> {
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    body["requests"].as_array().unwrap().iter().map(|item| (text(&item["id"]), text(&item["url"]))).collect()
}

fn good(id: &str, rows: &[&str], next: Option<&str>) -> Value {
    let rows: Vec<_> = rows.iter().map(|id| json!({"id": id})).collect();
    let mut body = json!({"value": rows});
    if let Some(next) = next {
        body["@odata.nextLink"] = json!(next);
    }
    json!({"id": id, "status": 200, "headers": {"request-id": format!("r-{id}")}, "body": body})
}

fn refused(id: &str, status: u16, code: &str, headers: &Value) -> Value {
    json!({"id": id, "status": status, "headers": headers, "body": {"error": {"code": code, "message": "x"}}})
}

/// A server with a list of groups that answers each item of a batch as `item` says: what it is asked, and how often before.
async fn serve(ids: Vec<String>, item: impl Fn(&str, usize) -> Option<Value> + Send + Sync + 'static) -> Script {
    let asked: Mutex<std::collections::BTreeMap<String, usize>> = Mutex::default();
    Script::respond((1..9).map(|number| token(&format!("token-{number}"))).collect(), move |request| {
        if request.starts_with("GET /v1.0/groups?$select=id HTTP/1.1") {
            return list_of(&ids);
        }
        assert!(request.starts_with("POST /v1.0/$batch HTTP/1.1"), "{request}");
        let mut responses: Vec<Value> = items_of(request)
            .into_iter()
            .filter_map(|(id, _)| {
                let mut asked = asked.lock().unwrap();
                let before = asked.entry(id.clone()).or_default();
                *before += 1;
                item(&id, *before - 1)
            })
            .collect();
        responses.reverse();
        http("200 OK", "", &json!({"responses": responses}).to_string())
    })
    .await
}

fn batches(script: &Script) -> Vec<Vec<String>> {
    let batches = script.seen("POST /v1.0/$batch");
    batches.iter().map(|request| items_of(request).into_iter().map(|(id, _)| id).collect()).collect()
}

#[tokio::test]
async fn every_object_of_the_list_is_asked_about_once_in_order_twenty_at_a_time() {
    let mut ids = groups(45);
    ids.reverse();
    ids.push("g007".to_owned());
    let script = serve(ids, |id, _| Some(good(id, &["m"], None))).await;
    let evidence = collect_with(&script, &members()).await;
    assert_eq!((evidence.outcome, evidence.reason.as_str()), (Outcome::Complete, ""));
    assert_eq!(batches(&script), [&groups(45)[..20], &groups(45)[20..40], &groups(45)[40..]]);
    let expected = ["list-0001.json", "batch-0001.json", "batch-0002.json", "batch-0003.json"];
    assert_eq!(names(&evidence), expected);
    assert_eq!(evidence.provenance["pages"], 4);
    assert_eq!(evidence.provenance["batch_items"][0], json!({"status": 200, "request_id": "r-g000"}));
    assert_eq!(evidence.provenance["batch_items_left_out"], 5);
}

#[tokio::test]
async fn a_batch_on_the_wire_is_a_post_of_reads_and_nothing_else() {
    let script = serve(groups(1), |id, _| Some(good(id, &["m"], None))).await;
    collect_with(&script, &members()).await;
    let batch = script.seen("POST /v1.0/$batch").remove(0);
    let (head, body) = batch.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    for header in ["authorization: bearer token-1", "content-type: application/json", "client-request-id: "] {
        assert!(head.contains(header), "{header} is missing in {head}");
    }
    let expected = json!({"requests": [{
        "id": "g000", "method": "GET", "url": "/groups/g000/members?$select=id",
        "headers": {"Prefer": "include-unknown-enum-members"},
    }]});
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
}

#[tokio::test]
async fn only_the_items_that_were_refused_for_the_moment_are_asked_again_each_after_its_own_pause() {
    let script = serve(groups(5), |id, before| {
        Some(match (id, before) {
            ("g001", 0) => refused(id, 429, "TooManyRequests", &json!({"Retry-After": "0.3"})),
            ("g002", 0) => refused(id, 503, "serviceNotAvailable", &json!({})),
            ("g003", 0) => refused(id, 424, "FailedDependency", &json!({})),
            ("g004", 0) => return None,
            _ => good(id, &["m"], None),
        })
    })
    .await;
    let begin = std::time::Instant::now();
    let evidence = collect_with(&script, &members()).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    assert!(begin.elapsed() >= Duration::from_millis(300));
    let again: Vec<String> = batches(&script).into_iter().skip(1).flatten().collect();
    assert!(!again.contains(&"g000".to_owned()), "{again:?}");
    assert_eq!(again.iter().collect::<std::collections::BTreeSet<_>>().len(), 4, "{again:?}");
    assert_eq!(evidence.provenance["throttled"], 1);
}

#[tokio::test]
async fn an_item_that_is_refused_again_and_again_leaves_the_dataset_partial() {
    let script = serve(groups(2), |id, _| {
        Some(if id == "g000" { good(id, &[], None) } else { refused(id, 429, "TooManyRequests", &json!({})) })
    })
    .await;
    let evidence = collect_with(&script, &members()).await;
    assert_eq!(evidence.outcome, Outcome::Partial, "{}", evidence.reason);
    assert!(evidence.reason.starts_with("only 1 of 2 objects could be read: Microsoft Graph asked to slow down"));
    assert_eq!(batches(&script).len(), 6);
}

#[tokio::test]
async fn further_pages_of_an_object_are_items_of_later_batches_and_may_not_lead_elsewhere() {
    let script = Script::respond(vec![token("token-1")], |request| {
        if request.starts_with("GET") {
            return list_of(&groups(1));
        }
        let (id, url) = items_of(request).remove(0);
        let answer = match id.as_str() {
            "g000" => good(&id, &["1"], Some("BASE/v1.0/groups/g000/members?$skiptoken=a%2Bb")),
            "g000/2" => good(&id, &["2"], Some("BASE/v1.0/groups/g000/members?$skiptoken=c")),
            _ => good(&id, &["3"], None),
        };
        assert!(id != "g000/2" || url == "/groups/g000/members?$skiptoken=a%2Bb", "{url}");
        http("200 OK", "", &json!({"responses": [answer]}).to_string())
    })
    .await;
    let evidence = collect_with(&script, &members()).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    assert_eq!(batches(&script), [["g000"], ["g000/2"], ["g000/3"]]);

    let foreign = Script::play(vec![], vec![page(&["stolen"], None)]).await;
    let elsewhere = format!("{}/v1.0/groups/g000/members?$skiptoken=2", foreign.base);
    for link in [elsewhere.as_str(), "BASE/beta/groups/g000/members", "BASE/v1.0/groups/g000/members?$select=id"] {
        let link = link.to_owned();
        let script = Script::respond(vec![token("token-1")], move |request| {
            let answer = || json!({"responses": [good("g001", &[], None), good("g000", &["1"], Some(&link))]});
            if request.starts_with("GET") { list_of(&groups(2)) } else { http("200 OK", "", &answer().to_string()) }
        })
        .await;
        let evidence = collect_with(&script, &members()).await;
        assert_ne!(evidence.outcome, Outcome::Complete);
        assert_eq!(batches(&script).len(), 1, "{}", evidence.reason);
    }
    assert!(foreign.seen("").is_empty());
}

#[tokio::test]
async fn a_group_that_is_gone_is_an_answer_and_does_not_make_the_dataset_partial() {
    let script = serve(groups(2), |id, _| {
        let gone = || refused(id, 404, "Request_ResourceNotFound", &json!({}));
        Some(if id == "g000" { gone() } else { good(id, &["m"], None) })
    })
    .await;
    let evidence = collect_with(&script, &members()).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
}

#[tokio::test]
async fn what_is_refused_to_the_application_ends_the_dataset_as_a_page_would() {
    for (status, code, outcome, words) in [
        (403, "Authorization_RequestDenied", Outcome::Denied, "Things.Read.All"),
        (400, "AadPremiumLicenseRequired", Outcome::Unlicensed, "Thing Plan 2"),
        (400, "Request_BadRequest", Outcome::Failed, "did not understand"),
    ] {
        let script = serve(groups(25), move |id, _| Some(refused(id, status, code, &json!({})))).await;
        let evidence = collect_with(&script, &members()).await;
        assert_eq!(evidence.outcome, outcome, "{}", evidence.reason);
        assert!(evidence.reason.contains(words), "{}", evidence.reason);
        assert_eq!(names(&evidence)[..2], ["list-0001.json", "batch-0001.json"]);

        let script = serve(groups(2), move |id, _| {
            let answer = || refused(id, status, code, &json!({}));
            Some(if id == "g001" { answer() } else { good(id, &["m"], None) })
        })
        .await;
        assert_eq!(collect_with(&script, &members()).await.outcome, Outcome::Partial, "{code}");
    }
}

#[tokio::test]
async fn a_token_that_ends_inside_a_batch_is_renewed_once() {
    let script = serve(groups(3), |id, before| {
        Some(match before {
            0 => refused(id, 401, "InvalidAuthenticationToken", &json!({})),
            _ => good(id, &["m"], None),
        })
    })
    .await;
    let evidence = collect_with(&script, &members()).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    assert_eq!(script.sign_ins().len(), 2);
    assert!(script.seen("POST /v1.0/$batch")[1].contains("Bearer token-2"));
}

#[tokio::test]
async fn no_object_to_ask_about_is_empty_and_nothing_is_asked() {
    let script = serve(Vec::new(), |id, _| Some(good(id, &[], None))).await;
    let evidence = collect_with(&script, &members()).await;
    assert_eq!(evidence.outcome, Outcome::Empty, "{}", evidence.reason);
    assert_eq!((names(&evidence), batches(&script).len()), (vec!["list-0001.json".to_owned()], 0));
}

#[tokio::test]
async fn more_objects_than_the_limit_are_not_asked_about_and_that_is_said() {
    let script = serve(groups(9), |id, _| Some(good(id, &["m"], None))).await;
    let limits = GraphLimits { max_ids: 4, ..GraphLimits::for_loopback() };
    let target = GraphTarget::new(connection(&script.base), limits).unwrap();
    let evidence = target.collect(&members(), Place::default().at(&SystemClock)).await;
    assert_eq!(evidence.outcome, Outcome::Partial);
    let words = "only 4 of 9 objects could be read: the list names 9 objects, and no more than 4 are asked about";
    assert_eq!(evidence.reason, words);
}

#[tokio::test]
async fn an_answer_to_something_that_was_not_asked_is_not_believed() {
    for responses in [
        json!([good("g000", &[], None), good("g999", &["m"], None)]),
        json!([good("g000", &[], None), good("g000", &["m"], None)]),
    ] {
        let answer = http("200 OK", "", &json!({ "responses": responses }).to_string());
        let script = Script::play(vec![token("token-1")], vec![list_of(&groups(1)), answer]).await;
        let evidence = collect_with(&script, &members()).await;
        assert_eq!(evidence.outcome, Outcome::Failed, "{}", evidence.reason);
        assert!(evidence.reason.contains("not asked"), "{}", evidence.reason);
    }
}

#[test]
fn the_client_has_no_way_to_send_anything_but_a_read_a_batch_of_reads_and_a_token_request() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/collect/graph");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let text: String = code.split_whitespace().collect();
        for way in [
            ".post(",
            ".put(",
            ".patch(",
            ".delete(",
            ".head(",
            ".request(",
            ".execute(",
            "Method::",
            "reqwest::post",
            "RequestBuilder::",
        ] {
            found.extend(std::iter::repeat_n((name.to_owned(), way), text.matches(way).count()));
        }
    }
    found.sort();
    assert_eq!(found, [("request.rs".to_owned(), ".post("), ("token.rs".to_owned(), ".post(")]);
}
