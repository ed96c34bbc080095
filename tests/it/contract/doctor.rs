//! `doctor`: what it finds on installations that are well and on broken ones, and how it ends.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use countersign::collect::graph::create_certificate;
use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::throttle::Throttle;
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use countersign::model::time::{Clock, SystemClock, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::command::{Installation, ORG, Told};
use crate::support::scripted;

const TENANT: &str = "5b3c1f64-8a0d-4e27-9c51-2f7d90b6e4a8";
const CLIENT: &str = "c1d6a0f2-57be-4b39-8e14-6a92d7f0b35c";
const SECRET: &str = "s3cret~that.must_never+be/shown=";

fn doctor(installation: &Installation, further: &[&str]) -> Told {
    installation.run(&[&["doctor", "--json"], further].concat())
}

/// The lines about one thing.
fn about(told: &Told, area: &str) -> Vec<Value> {
    let lines = told.json()["lines"].as_array().unwrap().clone();
    lines.into_iter().filter(|line| line["area"] == area).collect()
}

#[track_caller]
fn only(told: &Told, area: &str) -> Value {
    let mut lines = about(told, area);
    assert_eq!(lines.len(), 1, "{area}: {lines:#?}");
    lines.remove(0)
}

async fn larkspur(clock: Arc<dyn Clock>) -> RunningTenant {
    let options = TenantOptions { throttle: Throttle::Off, clock, ..TenantOptions::default() };
    Tenant::start(Firm::load_embedded("larkspur").unwrap(), options).await.unwrap()
}

fn connect(installation: &Installation, url: &str, credential: &[&str]) {
    let base = ["connect", "m365", "--org", ORG, "--tenant", TENANT, "--client-id", CLIENT, "--cloud", "custom"];
    let urls = ["--login-url", url, "--graph-url", url];
    installation.run(&[base.as_slice(), &urls, credential].concat()).fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_is_well_has_no_problem_and_tells_what_will_be_missing_all_the_same() {
    let installation = Installation::new();
    let tenant = larkspur(Arc::new(SystemClock)).await;
    installation.connect(&tenant).fine();
    tenant.revoke("Policy.Read.All");
    installation.run(&["collect", "--org", ORG, "m365/authorization_policy", "m365/organization"]).fine();

    let told = doctor(&installation, &[]).fine();

    for area in ["version", "data folder", "database", "vault", "sign-in"] {
        assert_eq!(only(&told, area)["level"], "ok", "{area}: {told:#?}");
    }
    assert!(about(&told, "clock").iter().all(|line| line["level"] == "ok"), "{told:#?}");
    let refused = about(&told, "permissions").remove(1);
    assert_eq!(refused["level"], "warning");
    let missing = refused["missing"].as_str().unwrap();
    assert!(missing.contains("m365/authorization_policy") && missing.contains("controls"), "{missing}");
    assert!(only(&told, "credential")["next"].as_str().unwrap().contains("--secret-expires"));
    doctor(&installation, &["--strict"]).ends(1);
    let plain = installation.run(&["doctor"]).fine();
    assert!(plain.stdout.contains("WARNING") && plain.stdout.contains("next: "), "{plain:?}");
    assert!(!plain.stdout.contains(tenant.client_secret()) && !told.stdout.contains(tenant.client_secret()));
}

#[test]
fn a_tenant_without_consent_is_a_problem_that_names_the_way_to_consent() {
    let installation = Installation::new();
    installation.file("secret", SECRET);
    let url = scripted::serve(|asked| match asked.path.as_str() {
        path if path.ends_with("/token") => {
            let payload = URL_SAFE_NO_PAD.encode(r#"{"aud": "https://graph.example"}"#);
            (200, json!({"token_type": "Bearer", "expires_in": 3599, "access_token": format!("eyJ.{payload}.sig")}))
        }
        _ => (403, json!({"error": {"code": "Authorization_RequestDenied", "message": ""}})),
    });
    connect(&installation, &url, &["--client-secret-file", "secret", "--secret-expires", "2120-01-01"]);

    let told = doctor(&installation, &[]).ends(2);

    let line = only(&told, "permissions");
    assert_eq!((&line["level"], &line["subject"]), (&json!("problem"), &json!(TENANT)));
    assert!(line["says"].as_str().unwrap().contains("consented"), "{line}");
    assert!(line["next"].as_str().unwrap().contains("consent-url") && line["missing"].is_string(), "{line}");
    assert_eq!(only(&told, "sign-in")["level"], "ok");
    assert_eq!(only(&told, "credential")["level"], "ok");
    assert!(!told.stdout.contains(SECRET), "{told:?}");
}

/// The machine's clock as it would be an hour earlier.
struct HourOff;

impl Clock for HourOff {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(-Duration::hours(1))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_off_from_the_services_is_a_problem() {
    let installation = Installation::new();
    let tenant = larkspur(Arc::new(HourOff)).await;
    installation.connect(&tenant).fine();

    let told = doctor(&installation, &[]).ends(2);

    let off: Vec<_> = about(&told, "clock").into_iter().filter(|line| line["level"] == "problem").collect();
    assert_eq!(off.len(), 2, "the sign-in service and Graph each have a clock: {told:#?}");
    assert!(off[0]["says"].as_str().unwrap().contains("60 minutes ahead of"), "{off:#?}");
    assert!(about(&doctor(&installation, &["--offline"]).fine(), "clock").len() < 3, "a tenant was asked");
}

#[test]
fn another_secret_key_is_a_problem_and_everything_else_is_looked_at_all_the_same() {
    let installation = Installation::new();
    let key = installation.data().join("secret.key");
    std::fs::write(&key, format!("{}\n", "42".repeat(32))).unwrap();

    let told = doctor(&installation, &[]).ends(2);

    let line = only(&told, "keys");
    assert_eq!(line["level"], "problem");
    assert!(line["says"].as_str().unwrap().contains("were sealed with key"), "{line}");
    assert!(!told.stdout.contains(&"42".repeat(32)), "the key itself is shown");
    for area in ["data folder", "database", "vault"] {
        assert_eq!(only(&told, area)["level"], "ok", "{told:#?}");
    }
    assert!(only(&told, "connections")["says"].as_str().unwrap().contains("not looked at"));
}

#[test]
fn a_database_that_is_dead_or_gone_is_said_and_none_is_made_in_its_place() {
    let installation = Installation::new();
    let file = installation.data().join("countersign.db");
    let aside = installation.beside("countersign.db");
    std::fs::rename(&file, &aside).unwrap();
    let told = doctor(&installation, &[]).ends(2);
    assert!(only(&told, "database")["next"].as_str().unwrap().contains("countersign rebuild"), "{told:#?}");
    assert_eq!(only(&told, "vault")["level"], "ok", "{told:#?}");
    assert!(!file.exists(), "a database was made");

    std::fs::write(
        installation.data().join("countersign.toml"),
        "[database]\nurl = \"postgres://nobody@127.0.0.1:1/none\"\n",
    )
    .unwrap();
    let told = doctor(&installation, &[]).ends(2);
    assert_eq!(only(&told, "database")["level"], "problem", "{told:#?}");
    assert_eq!(only(&told, "data folder")["level"], "ok", "{told:#?}");
}

#[test]
fn a_certificate_that_has_expired_and_a_folder_that_others_can_read_are_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let installation = Installation::new();
    let url = scripted::serve(|_| (401, json!({"error": "invalid_client", "error_codes": [7_000_222]})));
    let made = create_certificate("Old", 30, "2026-01-01".parse().unwrap()).unwrap();
    let pem = installation.file("old.pem", made.pem.expose_secret());
    connect(&installation, &url, &["--certificate", pem.to_str().unwrap()]);
    std::fs::set_permissions(installation.data(), std::fs::Permissions::from_mode(0o755)).unwrap();

    let told = doctor(&installation, &[]).ends(2);

    let line = only(&told, "credential");
    assert_eq!(line["level"], "problem");
    assert!(line["says"].as_str().unwrap().contains("has expired on 2026-01-31"), "{line}");
    assert_eq!(only(&told, "sign-in")["level"], "problem");
    assert!(only(&told, "data folder")["next"].as_str().unwrap().contains("chmod 700"), "{told:#?}");
    assert!(!told.stdout.contains("PRIVATE KEY"), "{told:?}");
}

#[test]
fn a_folder_without_data_and_an_organization_that_is_not_there_are_told_with_what_to_do() {
    let installation = Installation::new();
    let told = doctor(&installation, &["--org", "nobody"]).ends(2);
    assert!(only(&told, "organization")["next"].as_str().unwrap().contains("org list"), "{told:#?}");
    let empty = installation.beside("empty");
    std::fs::create_dir(&empty).unwrap();
    let told = crate::support::command::countersign(&["doctor", "--json", "--data", empty.to_str().unwrap()]).ends(2);
    assert!(only(&told, "data folder")["next"].as_str().unwrap().contains("countersign init"), "{told:#?}");
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0, "something was made");
}
