//! `certificate create|show|rotate|activate`: one certificate follows another, and no key leaves the installation.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::command::{Installation, ORG, Told, files_below, holds};
use crate::support::scripted;

const TENANT: &str = "5b3c1f64-8a0d-4e27-9c51-2f7d90b6e4a8";
const CLIENT: &str = "c1d6a0f2-57be-4b39-8e14-6a92d7f0b35c";

/// A sign-in service that knows certificates by their SHA-256 thumbprint, and keeps those that it saw.
#[derive(Clone, Default)]
struct SignIn {
    uploaded: Arc<Mutex<Vec<String>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl SignIn {
    /// Answers until the tests end; returns its address.
    fn start(&self) -> String {
        let this = self.clone();
        scripted::serve(move |asked| this.answer(&asked.body))
    }

    fn answer(&self, body: &[u8]) -> (u16, Value) {
        let form = url::form_urlencoded::parse(body).into_owned().collect::<std::collections::BTreeMap<_, _>>();
        let assertion = form.get("client_assertion").map(String::as_str).unwrap_or_default();
        let header = URL_SAFE_NO_PAD.decode(assertion.split('.').next().unwrap()).unwrap_or_default();
        let header: Value = serde_json::from_slice(&header).unwrap_or_default();
        let thumbprint = URL_SAFE_NO_PAD.decode(header["x5t#S256"].as_str().unwrap_or_default()).unwrap();
        let thumbprint = hex::encode_upper(thumbprint);
        let is_known = self.uploaded.lock().unwrap().contains(&thumbprint);
        self.seen.lock().unwrap().push(thumbprint);
        if is_known {
            (200, json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "opaque"}))
        } else {
            (401, json!({"error": "invalid_client", "error_codes": [700_027]}))
        }
    }
}

fn certificate(installation: &Installation, verb: &str, further: &[&str]) -> Told {
    let base = ["certificate", verb, "--org", ORG];
    installation.run(&[&base, further].concat())
}

fn connect(installation: &Installation, url: &str, further: &[&str]) -> Told {
    let base = ["connect", "m365", "--org", ORG, "--tenant", TENANT, "--client-id", CLIENT, "--cloud", "custom"];
    let urls = ["--login-url", url, "--graph-url", url];
    installation.run(&[base.as_slice(), &urls, further].concat())
}

fn sha256(made: &Value) -> String {
    made["certificate"]["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn a_new_certificate_replaces_the_old_one_only_when_the_sign_in_service_knows_it() {
    let installation = Installation::new();
    let service = SignIn::default();
    let url = service.start();
    certificate(&installation, "rotate", &["--tenant", TENANT]).refused(&["not connected", "certificate create"]);
    let first =
        certificate(&installation, "create", &["--tenant", TENANT, "--out", "first.cer", "--json"]).fine().json();
    certificate(&installation, "create", &["--tenant", TENANT, "--out", "second.cer"]).refused(&["waits", "--again"]);
    connect(&installation, &url, &["--created-certificate"]).fine();
    let shown = certificate(&installation, "show", &["--json"]).fine().list();
    assert_eq!((shown.len(), &shown[0]["state"]), (1, &json!("in_use")), "{shown:#?}");
    assert_eq!((shown[0]["days_left"].as_i64(), sha256(&shown[0])), (Some(364), sha256(&first)));

    let second =
        certificate(&installation, "rotate", &["--tenant", TENANT, "--out", "second.cer", "--json"]).fine().json();
    let activate = || certificate(&installation, "activate", &["--tenant", TENANT]);
    activate().refused(&["not accepted", "nothing was changed", "upload its public part"]);
    let shown = certificate(&installation, "show", &["--json"]).fine().list();
    let states: Vec<_> = shown.iter().map(|one| (one["state"].as_str().unwrap(), sha256(one))).collect();
    assert_eq!(states, [("in_use", sha256(&first)), ("waits", sha256(&second))]);

    service.uploaded.lock().unwrap().extend([sha256(&first), sha256(&second)]);
    let told = activate().fine();
    assert!(told.stdout.contains("remove the old certificate"), "{told:?}");
    let shown = certificate(&installation, "show", &["--json"]).fine().list();
    assert_eq!((shown.len(), sha256(&shown[0])), (1, sha256(&second)), "the old one is still kept: {shown:#?}");
    assert_eq!(
        *service.seen.lock().unwrap(),
        [sha256(&second), sha256(&second)],
        "only the new one had to prove itself"
    );
    activate().refused(&["no certificate waits", "certificate rotate"]);
}

#[test]
fn the_key_of_a_made_certificate_is_in_no_file_and_no_output() {
    let installation = Installation::new();
    let made = certificate(&installation, "create", &["--tenant", TENANT, "--out", "public.cer"]).fine();
    let shown = certificate(&installation, "show", &[]).fine();
    let written = std::fs::read_to_string(installation.beside("public.cer")).unwrap();
    assert!(written.starts_with("-----BEGIN CERTIFICATE-----") && made.stdout.contains("public.cer"), "{made:?}");
    assert!(shown.stdout.contains("waits") && shown.stdout.contains("364 days left"), "{shown:?}");
    let outputs = [&made.stdout, &made.stderr, &shown.stdout, &shown.stderr, &written];
    for text in outputs {
        assert!(!text.contains("PRIVATE"), "{text}");
    }
    for path in files_below(&installation.data()) {
        let bytes = std::fs::read(&path).unwrap();
        assert!(!holds(&bytes, b"PRIVATE KEY"), "a key stands in {}", path.display());
    }
}

#[test]
fn a_sign_in_that_ends_soon_or_has_ended_is_an_alarm_of_status() {
    let installation = Installation::new();
    installation.file("secret", "s3cret");
    let alarms = |further: &[&str]| {
        let connected = connect(&installation, "http://127.0.0.1:1", further);
        connected.fine();
        let status = installation.run(&["status", "--org", ORG, "--json"]).fine().json();
        let alarms: Vec<String> = serde_json::from_value(status["alarms"].clone()).unwrap();
        alarms.into_iter().filter(|alarm| alarm.contains("client secret") || alarm.contains("certificate")).collect()
    };
    let none: Vec<String> = alarms(&["--client-secret-file", "secret"]);
    assert!(none.is_empty(), "{none:?}");
    let far = alarms(&["--client-secret-file", "secret", "--secret-expires", "2120-01-01", "--replace"]);
    assert!(far.is_empty(), "{far:?}");
    let past = alarms(&["--client-secret-file", "secret", "--secret-expires", "2026-01-31", "--replace"]);
    assert!(past[0].contains("has expired on 2026-01-31"), "{past:?}");
    certificate(&installation, "rotate", &["--tenant", TENANT, "--days", "20", "--out", "short.cer"]).fine();
    let soon = alarms(&["--created-certificate", "--replace"]);
    assert!(soon[0].contains("certificate of") && soon[0].contains("certificate rotate"), "{soon:?}");
}

#[test]
fn a_secret_ends_with_its_last_day_where_the_organization_is() {
    let installation = Installation::new();
    installation.file("secret", "s3cret");
    installation.run(&["person", "add", "dana", "--org", ORG, "--party", "internal", "--name", "Dana Example"]).fine();
    let zone =
        ["org", "change", "--org", ORG, "--time-zone", "America/New_York", "--by", "dana", "--because", "Moved."];
    installation.run(&zone).fine();
    connect(&installation, "http://127.0.0.1:1", &["--client-secret-file", "secret", "--secret-expires", "2026-01-31"])
        .fine();
    let told = certificate(&installation, "show", &["--json"]).fine().list();
    assert_eq!(told[0]["ends"], "2026-02-01T04:59:59.999999Z");
    let told = certificate(&installation, "show", &[]).fine().stdout;
    assert!(told.contains("2026-01-31, expired"), "{told}");
}
