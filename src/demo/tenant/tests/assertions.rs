//! Signing in without a secret: signed assertions, and statements of another identity provider.

use std::sync::LazyLock;

use chrono::Duration;
use serde_json::{Value, json};

use super::super::credentials::{EXCHANGE, TrustedIssuer};
use super::super::keys::{PretendKey, Signature};
use super::super::{ShiftedClock, TenantOptions};
use super::sign_in::assert_refused;
use super::{Visit, larkspur, options, visit, visit_larkspur};
use crate::model::time::{Clock as _, SystemClock, Timestamp};

fn key(name: &str) -> PretendKey {
    let now = SystemClock.now().as_datetime();
    let (from, until) = (now - Duration::days(1), now + Duration::days(90));
    PretendKey::generate(name, Timestamp::from(from), Timestamp::from(until)).unwrap()
}

static KEYS: LazyLock<[PretendKey; 2]> = LazyLock::new(|| [key("first"), key("second")]);

const BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn seconds() -> i64 {
    SystemClock.now().as_datetime().timestamp()
}

/// A right assertion, with some members of header and claims changed; null takes one away.
fn assertion(visit: &Visit, key: &PretendKey, header: Value, claims: Value, with: Signature) -> String {
    let now = seconds();
    let id = visit.tenant.client_id();
    let audience = format!("{}/{}/oauth2/v2.0/token", visit.tenant.login_url(), visit.tenant.tenant_id());
    let mut whole = [
        json!({"alg": "PS256", "typ": "JWT", "x5t#S256": key.thumbprint()}),
        json!({"aud": audience, "iss": id, "sub": id, "jti": format!("{now}/{header}{claims}"), "nbf": now, "iat": now, "exp": now + 480}),
    ];
    for (target, changes) in whole.iter_mut().zip([header, claims]) {
        for (name, value) in changes.as_object().unwrap() {
            target[name] = value.clone();
        }
        target.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    }
    key.statement(&whole[0], &whole[1], with).unwrap()
}

impl Visit {
    async fn ask_with(&self, assertion: &str) -> (u16, Value) {
        let form = [("client_secret", ""), ("client_assertion_type", BEARER), ("client_assertion", assertion)];
        self.ask_for_token(&form).await
    }

    async fn ask_changed(&self, header: Value, claims: Value) -> (u16, Value) {
        self.ask_with(&assertion(self, &KEYS[0], header, claims, Signature::Ps256)).await
    }
}

async fn registered() -> Visit {
    let visit = visit_larkspur().await;
    assert!(visit.tenant.register_certificate(KEYS[0].certificate()));
    visit
}

#[tokio::test]
async fn a_right_assertion_is_accepted_once() {
    let visit = registered().await;
    let one = assertion(&visit, &KEYS[0], json!({}), json!({}), Signature::Ps256);
    let (status, body) = visit.ask_with(&one).await;
    assert_eq!((status, &body["token_type"]), (200, &json!("Bearer")), "{body}");
    assert_refused(&visit.ask_with(&one).await, 401, "invalid_client", 700_027);
    let by_domain = format!("{}/larkspurdental.example/oauth2/v2.0/token", visit.tenant.login_url());
    assert_eq!(visit.ask_changed(json!({}), json!({"aud": by_domain})).await.0, 200);
}

#[tokio::test]
async fn each_fault_of_an_assertion_has_its_own_code() {
    let visit = registered().await;
    let now = seconds();
    let cases = [
        (json!({"x5t#S256": KEYS[1].thumbprint()}), json!({}), 700_027),
        (json!({"x5t#S256": null}), json!({}), 700_027),
        (json!({"alg": "RS256"}), json!({}), 700_027),
        (json!({"alg": "none"}), json!({}), 700_027),
        (json!({}), json!({"jti": null}), 700_027),
        (json!({}), json!({"iss": "somebody else"}), 700_021),
        (json!({}), json!({"sub": "somebody else"}), 700_021),
        (json!({}), json!({"aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token"}), 700_023),
        // An hour behind, an hour ahead, too long, and without an end.
        (json!({}), json!({"nbf": now - 3600, "iat": now - 3600, "exp": now - 3120}), 700_024),
        (json!({}), json!({"nbf": now + 3600, "iat": now + 3600, "exp": now + 4080}), 700_024),
        (json!({}), json!({"exp": now + 601}), 700_024),
        (json!({}), json!({"exp": null}), 700_024),
    ];
    for (header, claims, code) in cases {
        let answer = visit.ask_changed(header.clone(), claims.clone()).await;
        assert_eq!(answer.1["error_codes"], json!([code]), "{header} {claims}: {}", answer.1);
        assert_refused(&answer, 401, "invalid_client", code);
    }
    // Four minutes of difference are forgiven.
    for by in [-240, 240] {
        let claims = json!({"nbf": now + by, "iat": now + by, "exp": now + by + 480});
        assert_eq!(visit.ask_changed(json!({}), claims).await.0, 200, "{by}");
    }
    assert_refused(&visit.ask_with("e30.e30").await, 401, "invalid_client", 50_027);
}

#[tokio::test]
async fn a_signature_of_another_key_or_another_kind_or_over_other_claims_is_refused() {
    let visit = registered().await;
    let own = json!({"x5t#S256": KEYS[0].thumbprint()});
    let stolen_name = assertion(&visit, &KEYS[1], own, json!({}), Signature::Ps256);
    let old_padding = assertion(&visit, &KEYS[0], json!({}), json!({}), Signature::Rs256);
    let right = assertion(&visit, &KEYS[0], json!({}), json!({"jti": "a"}), Signature::Ps256);
    let other = assertion(&visit, &KEYS[0], json!({}), json!({"jti": "b"}), Signature::Ps256);
    let exchanged = format!("{}.{}", right.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
    for forged in [stolen_name, old_padding, exchanged] {
        assert_refused(&visit.ask_with(&forged).await, 401, "invalid_client", 700_027);
    }
}

#[tokio::test]
async fn two_certificates_are_accepted_side_by_side_until_one_is_taken_away() {
    let visit = registered().await;
    let with = |n: usize, jti: &str| assertion(&visit, &KEYS[n], json!({}), json!({"jti": jti}), Signature::Ps256);
    assert_refused(&visit.ask_with(&with(1, "1")).await, 401, "invalid_client", 700_027);
    assert!(visit.tenant.register_certificate(KEYS[1].certificate()));
    assert_eq!(visit.ask_with(&with(0, "2")).await.0, 200);
    assert_eq!(visit.ask_with(&with(1, "3")).await.0, 200);
    visit.tenant.remove_certificate(KEYS[0].certificate());
    assert_refused(&visit.ask_with(&with(0, "4")).await, 401, "invalid_client", 700_027);
    assert_eq!(visit.ask_with(&with(1, "5")).await.0, 200);
    assert!(!visit.tenant.register_certificate(b"no certificate"));
}

#[tokio::test]
async fn a_statement_of_another_identity_provider_is_accepted_when_everything_in_it_matches() {
    let visit = registered().await;
    let (issuer, subject) = ("https://issuer.fernbank.example", "repo:fernbank/collector:ref:main");
    visit.tenant.trust_issuer(TrustedIssuer {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        audience: EXCHANGE.to_owned(),
        certificate: KEYS[1].certificate().to_vec(),
    });
    let now = seconds();
    let claims = |changes: Value| {
        let mut claims =
            json!({"iss": issuer, "sub": subject, "aud": EXCHANGE, "iat": now, "nbf": now, "exp": now + 3600});
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        claims
    };
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": "1"});
    let signed = |changes, with| KEYS[1].statement(&header, &claims(changes), with).unwrap();
    let good = signed(json!({}), Signature::Rs256);
    assert_eq!(visit.ask_with(&good).await.0, 200);
    assert_eq!(visit.ask_with(&good).await.0, 200, "a statement may be used while it is good");
    for (changes, code) in [
        (json!({"iss": "https://elsewhere.example"}), 700_211),
        (json!({"sub": "repo:fernbank/other"}), 700_213),
        (json!({"aud": "api://somewhere"}), 700_212),
        (json!({"exp": now - 3600}), 700_024),
        (json!({"nbf": now + 3600, "exp": now + 7200}), 700_024),
    ] {
        assert_refused(&visit.ask_with(&signed(changes, Signature::Rs256)).await, 401, "invalid_client", code);
    }
    let forged = KEYS[0].statement(&header, &claims(json!({})), Signature::Rs256).unwrap();
    assert_refused(&visit.ask_with(&forged).await, 401, "invalid_client", 5_000_224);
    let mislabelled = signed(json!({}), Signature::Ps256);
    assert_refused(&visit.ask_with(&mislabelled).await, 401, "invalid_client", 5_000_224);
    // The application's own certificate goes on working beside it.
    assert_eq!(visit.ask_changed(json!({}), json!({})).await.0, 200);
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_is_seen_in_the_date_and_in_the_refusal_of_assertions() {
    for hours in [-1, 1] {
        let clock = std::sync::Arc::new(ShiftedClock(Duration::hours(hours)));
        let visit = visit(larkspur(), TenantOptions { clock, ..options() }).await;
        assert!(visit.tenant.register_certificate(KEYS[0].certificate()));
        assert_refused(&visit.ask_changed(json!({}), json!({})).await, 401, "invalid_client", 700_024);
        let response = visit.send("/v1.0/organization").await;
        let date = chrono::DateTime::parse_from_rfc2822(response.headers()["date"].to_str().unwrap()).unwrap();
        assert!((date.timestamp() - seconds()).abs() > 3500, "{date}");
    }
}
