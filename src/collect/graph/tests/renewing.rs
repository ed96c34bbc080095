//! Tokens that end while many datasets are read.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::collect::graph::GraphPool;

fn expired() -> String {
    refusal("401 Unauthorized", "InvalidAuthenticationToken", "Access token has expired.")
}

fn tokens(count: usize) -> Vec<String> {
    (1..=count).map(|number| token(&format!("token-{number}"))).collect()
}

async fn collect_ten(target: &GraphTarget) -> Vec<RawEvidence> {
    let (definition, place) = (users(), Place::default());
    let each = (0..10).map(|_| target.collect(&definition, place.at(&SystemClock)));
    futures_util::future::join_all(each).await
}

#[tokio::test]
async fn ten_datasets_whose_token_ends_at_once_renew_it_once() {
    let script =
        Script::respond(
            tokens(9),
            |request| {
                if request.contains("Bearer token-1\r\n") { expired() } else { page(&["1"], None) }
            },
        )
        .await;
    for evidence in collect_ten(&script.target()).await {
        assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
        assert_eq!(evidence.provenance["token_renewals"], 1);
    }
    assert_eq!(script.sign_ins().len(), 2, "one sign-in, one renewal");
}

#[tokio::test]
async fn a_claims_challenge_to_ten_datasets_is_answered_once() {
    let claims = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==";
    let header = format!("WWW-Authenticate: Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{claims}\"\r\n");
    let challenge = http("401 Unauthorized", &header, r#"{"error":{"code":"InvalidAuthenticationToken"}}"#);
    let script = Script::respond(tokens(9), move |request| {
        if request.contains("Bearer token-1\r\n") { challenge.clone() } else { page(&["1"], None) }
    })
    .await;
    for evidence in collect_ten(&script.target()).await {
        assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    }
    assert_eq!(script.sign_ins().iter().filter(|request| request.contains("claims=")).count(), 1);
    assert_eq!(script.sign_ins().len(), 2);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_stops_the_tenant_and_every_dataset_says_so_in_the_same_words() {
    let script = Script::respond(tokens(9), |_| expired()).await;
    let target = script.target();
    let evidence = collect_ten(&target).await;
    let words: std::collections::BTreeSet<_> = evidence.iter().map(|one| (one.outcome, one.reason.clone())).collect();
    assert_eq!(words.len(), 1, "{words:?}");
    assert_eq!(evidence[0].outcome, Outcome::Denied);
    assert_eq!(script.sign_ins().len(), 2);
    let asked = script.seen("GET").len();
    let later = target.collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!(later.reason, evidence[0].reason);
    assert_eq!(script.seen("GET").len(), asked, "the tenant is not asked again");
}

#[tokio::test]
async fn a_dataset_that_is_half_read_when_the_tenant_stops_keeps_its_pages() {
    let script = Script::respond(tokens(9), |request| match request {
        _ if request.contains("GET /v1.0/users?$skiptoken=2 ") => {
            http("429 Too Many Requests", "Retry-After: 60\r\n", "{}")
        }
        _ if request.contains("GET /v1.0/users ") => page(&["1"], Some("BASE/v1.0/users?$skiptoken=2")),
        _ => expired(),
    })
    .await;
    let target = script.target();
    let (users, groups, place) = (users(), definition("m365/groups", "/deviceManagement/x", true), Place::default());
    let late = async {
        held(&target, "/users").await;
        target.collect(&groups, place.at(&SystemClock)).await
    };
    let (half, refused) = tokio::join!(target.collect(&users, place.at(&SystemClock)), late);
    assert_eq!((half.outcome, refused.outcome), (Outcome::Partial, Outcome::Denied));
    assert!(half.reason.ends_with(&refused.reason), "{} {}", half.reason, refused.reason);
}

#[tokio::test]
async fn a_service_that_refuses_the_token_for_itself_only_does_not_stop_the_others() {
    let script = Script::respond(tokens(9), |request| {
        let odd = request.contains("GET /v1.0/admin/sharepoint/settings ");
        if odd { refusal("401 Unauthorized", "unauthenticated", "no") } else { page(&["1"], None) }
    })
    .await;
    let target = script.target();
    let odd = definition("m365/sharepoint_settings", "/admin/sharepoint/settings", false);
    let refused = target.collect(&odd, Place::default().at(&SystemClock)).await;
    assert_eq!(refused.outcome, Outcome::Denied, "{}", refused.reason);
    assert_eq!(target.collect(&users(), Place::default().at(&SystemClock)).await.outcome, Outcome::Complete);
}

#[tokio::test]
async fn a_walk_outlives_any_number_of_tokens() {
    let served = AtomicUsize::new(0);
    let script = Script::respond(tokens(20), move |request| {
        // Every token is good for two pages.
        let number = served.load(Ordering::SeqCst);
        if !request.contains(&format!("Bearer token-{}\r\n", number / 2 + 1)) {
            return expired();
        }
        served.store(number + 1, Ordering::SeqCst);
        let link = format!("BASE/v1.0/users?$skiptoken={}", number + 1);
        page(&[&number.to_string()], (number < 13).then_some(link.as_str()))
    })
    .await;
    let evidence = collect_with(&script, &users()).await;
    assert_eq!(evidence.outcome, Outcome::Complete, "{}", evidence.reason);
    assert_eq!((evidence.artifacts.len(), script.sign_ins().len()), (14, 7));
    assert_eq!(evidence.provenance["token_renewals"], 6);
}

#[tokio::test]
async fn runs_of_one_process_share_a_token_and_others_with_another_secret_do_not() {
    let script = Script::respond(tokens(9), |_| page(&["1"], None)).await;
    let pool = GraphPool::default();
    for _ in 0..2 {
        let target = pool.target(connection(&script.base)).unwrap();
        assert_eq!(target.collect(&users(), Place::default().at(&SystemClock)).await.outcome, Outcome::Complete);
    }
    assert_eq!(script.sign_ins().len(), 1);
    let other = Credential::Secret(SecretString::from("another".to_owned()));
    let base = Some(script.base.as_str());
    let other = GraphConnection::new(Cloud::Custom, TENANT, CLIENT, other, base, base).unwrap();
    pool.target(other).unwrap().collect(&users(), Place::default().at(&SystemClock)).await;
    assert_eq!(script.sign_ins().len(), 2);
    assert!(script.seen("GET")[2].contains("Bearer token-2"));
}

#[tokio::test]
async fn a_refused_sign_in_is_told_to_all_who_wait_for_it_and_asked_once() {
    let refused = http("401 Unauthorized", "", r#"{"error":"invalid_client","error_codes":[7000222]}"#);
    let script = Script::play(vec![refused.clone(), refused], vec![]).await;
    for evidence in collect_ten(&script.target()).await {
        assert!(evidence.reason.contains("expired"), "{}", evidence.reason);
    }
    assert_eq!(script.sign_ins().len(), 1);
}

#[tokio::test]
async fn consent_given_since_an_earlier_run_is_seen_at_once_and_a_refusal_costs_one_sign_in_a_run() {
    let denied = || refusal("403 Forbidden", "Authorization_RequestDenied", "Insufficient privileges");
    let script = Script::respond(tokens(9), move |request| {
        let may = request.contains("GET /v1.0/users ") && !request.contains("Bearer token-1\r\n");
        if may { page(&["1"], None) } else { denied() }
    })
    .await;
    let pool = GraphPool::default();
    let collect = |target: GraphTarget| async move {
        let place = Place::default();
        let (users, groups) = (users(), definition("m365/groups", "/groups", true));
        let users = target.collect(&users, place.at(&SystemClock)).await;
        let groups = target.collect(&groups, place.at(&SystemClock)).await;
        (users.outcome, groups.outcome)
    };
    let first = collect(pool.target(connection(&script.base)).unwrap()).await;
    assert_eq!((first, script.sign_ins().len()), ((Outcome::Denied, Outcome::Denied), 1));
    let second = collect(pool.target(connection(&script.base)).unwrap()).await;
    assert_eq!((second, script.sign_ins().len()), ((Outcome::Complete, Outcome::Denied), 2));
}
