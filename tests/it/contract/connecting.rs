//! `connect m365`: what it takes, what it refuses, and that a secret stays one.

use base64::Engine as _;
use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::{Tenant, TenantOptions};

use crate::support::command::{Installation, ORG, files_below, holds, program, told};

const TENANT: &str = "5b3c1f64-8a0d-4e27-9c51-2f7d90b6e4a8";
const CLIENT: &str = "c1d6a0f2-57be-4b39-8e14-6a92d7f0b35c";
const SECRET: &str = "s3cret~that.must_never+be/shown=";

fn connect(installation: &Installation, further: &[&str]) -> crate::support::command::Told {
    let base = ["connect", "m365", "--org", ORG, "--tenant", TENANT, "--client-id", CLIENT];
    installation.run(&[&base, further].concat())
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let installation = Installation::new();
    installation.file("secret", SECRET);
    let custom = |login: &str, graph: &str| {
        let urls = ["--client-secret-file", "secret", "--cloud", "custom", "--login-url", login, "--graph-url", graph];
        connect(&installation, &urls)
    };
    custom("http://login.example", "https://graph.example").refused(&["http://login.example", "https"]);
    custom("https://login.example", "http://192.0.2.7:8080").refused(&["http://192.0.2.7:8080", "https"]);
    custom("https://login.example", "http://localhost.evil.example").refused(&["https"]);
    custom("http://127.0.0.1:1", "http://127.0.0.1:1").fine();
}

#[test]
fn exactly_one_credential_is_needed() {
    let installation = Installation::new();
    installation.file("secret", SECRET);
    installation.file("empty", "");
    installation.file("two-lines", "one\ntwo");
    connect(&installation, &[]).refused(&["--client-secret-file", "--certificate"]);
    connect(&installation, &["--client-secret-file", "secret", "--certificate", "secret"])
        .refused(&["cannot be used with"]);
    connect(&installation, &["--client-secret-file", "nowhere"]).refused(&["nowhere"]);
    connect(&installation, &["--client-secret-file", "empty"]).refused(&["empty"]);
    connect(&installation, &["--client-secret-file", "two-lines"]).refused(&["secret"]);
    let told = connect(&installation, &["--certificate", "secret"]).refused(&["certificate"]);
    assert!(!told.stderr.contains(SECRET), "{told:?}");
}

#[test]
fn a_federated_token_is_read_when_it_is_needed_and_kept_nowhere() {
    let installation = Installation::new();
    installation.file("token", "header.payload-of-the-statement.signature");
    connect(&installation, &["--federated-token-file", "token", "--client-secret-file", "token"])
        .refused(&["cannot be used with"]);
    connect(
        &installation,
        &[
            "--federated-token-file",
            "token",
            "--login-url",
            "http://127.0.0.1:9",
            "--graph-url",
            "http://127.0.0.1:9",
            "--cloud",
            "custom",
        ],
    )
    .fine();
    let held = |wanted: &str| {
        let mut files = files_below(&installation.data()).into_iter();
        files.any(|path| holds(&std::fs::read(path).unwrap(), wanted.as_bytes()))
    };
    assert!(held("federated_token_file"), "the search finds nothing at all");
    assert!(!held("payload-of-the-statement"));
}

#[test]
fn a_certificate_with_its_key_is_taken_and_a_mismatched_one_is_not() {
    let installation = Installation::new();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/graph");
    let mismatched = format!("{fixtures}/mismatched_certificate_for_tests.pem");
    connect(&installation, &["--certificate", &mismatched]).refused(&["certificate"]);
    let right = format!("{fixtures}/client_certificate_for_tests.pem");
    let connected = connect(&installation, &["--certificate", &right, "--cloud", "gcc-high", "--json"]).fine().json();
    assert_eq!(connected["target"], TENANT);
    assert_eq!(connected["organization"], ORG);
    assert!(connected["id"].is_string());
    connect(&installation, &["--certificate", &right]).refused(&[TENANT]);
}

#[test]
fn what_names_no_tenant_application_or_cloud_is_refused() {
    let installation = Installation::new();
    installation.file("secret", SECRET);
    let run = |tenant: &str, client: &str, further: &[&str]| {
        let base = [
            "connect",
            "m365",
            "--org",
            ORG,
            "--client-secret-file",
            "secret",
            "--tenant",
            tenant,
            "--client-id",
            client,
        ];
        installation.run(&[&base, further].concat())
    };
    run("common", CLIENT, &[]).refused(&["common"]);
    run("../up", CLIENT, &[]).refused(&["../up"]);
    run(TENANT, "not-a-guid", &[]).refused(&["not-a-guid"]);
    run(TENANT, CLIENT, &["--cloud", "moon"]).refused(&["moon", "gcc-high"]);
    run(TENANT, CLIENT, &["--cloud", "custom"]).refused(&["login", "Graph"]);
    run(TENANT, CLIENT, &["--login-url", "https://login.example"]).refused(&["custom"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_secret_is_in_no_output_and_in_no_file_however_much_is_logged() {
    let text = Firm::embedded_text("larkspur").unwrap();
    let known = "client_secret: pretend-secret~larkspur.4Hq8-opens-only-the-simulator";
    assert!(text.contains(known));
    let firm = Firm::parse(&text.replace(known, &format!("client_secret: \"{SECRET}\""))).unwrap();
    let tenant = Tenant::start(firm, TenantOptions::default()).await.unwrap();
    let installation = Installation::new();
    let connected = installation.connect(&tenant).fine();

    let mut collect = program(env!("CARGO_BIN_EXE_countersign"));
    collect.args(["collect", "--org", ORG, "m365/organization", "m365/role_assignments", "--json", "--data"]);
    let collected = told(collect.arg(installation.data()).env("COUNTERSIGN_LOG", "trace")).fine();
    assert!(tenant.stats().tokens_issued > 0, "nobody signed in");
    assert!(collected.stderr.len() > 1000, "nothing was logged: {}", collected.stderr);
    installation.run(&["report", "--org", ORG, "--framework", "cmmc-l1"]).fine();
    let package = installation.run(&["package", "--org", ORG, "--framework", "cmmc-l1"]).fine();

    let percent = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>();
    let base64 = base64::engine::general_purpose::STANDARD.encode(SECRET);
    let forms = [SECRET.to_owned(), percent, base64, hex::encode(SECRET), hex::encode_upper(SECRET)];
    let mut searched = vec![
        ("connect".to_owned(), format!("{}{}", connected.stdout, connected.stderr).into_bytes()),
        ("collect".to_owned(), format!("{}{}", collected.stdout, collected.stderr).into_bytes()),
        ("package".to_owned(), package.stderr.into_bytes()),
    ];
    for path in files_below(&installation.data()) {
        let bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|kind| kind == "zip") {
            let entries = crate::packages::unpack(&bytes);
            searched.extend(entries.into_iter().map(|(name, bytes)| (format!("{}/{name}", path.display()), bytes)));
        }
        searched.push((path.display().to_string(), bytes));
    }
    assert!(searched.iter().any(|(_, bytes)| holds(bytes, TENANT.as_bytes())), "the search finds nothing at all");
    for (place, bytes) in &searched {
        for form in &forms {
            assert!(!holds(bytes, form.as_bytes()), "the secret stands in {place}");
        }
        for word in ["access_token\":", "Bearer ey"] {
            assert!(!holds(bytes, word.as_bytes()), "a token stands in {place}");
        }
    }
}

#[test]
fn the_link_to_consent_leads_to_the_tenants_own_cloud_and_asks_for_what_collectors_need_and_nothing_else() {
    let installation = Installation::new();
    installation.file("secret", SECRET);
    let consent = |further: &[&str]| {
        installation.run(&[&["connect", "consent-url", "--org", ORG, "--tenant", TENANT], further].concat())
    };
    consent(&[]).refused(&["not connected"]);
    connect(&installation, &["--client-secret-file", "secret", "--cloud", "gcc-high"]).fine();

    let told = consent(&["--redirect", "https://msp.example/done?x=1", "--json"]).fine();
    let said = told.json();
    let url: url::Url = said["url"].as_str().unwrap().parse().unwrap();
    assert_eq!(url.host_str(), Some("login.microsoftonline.us"));
    assert_eq!(url.path(), format!("/{TENANT}/v2.0/adminconsent"));
    let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!((query["client_id"].as_str(), query["scope"].as_str()), (CLIENT, "https://graph.microsoft.us/.default"));
    assert_eq!(query["redirect_uri"], "https://msp.example/done?x=1");
    assert_eq!(query["state"], said["state"].as_str().unwrap());
    assert_ne!(consent(&["--json"]).fine().json()["state"], said["state"], "a state can be guessed");

    let listed = installation.run(&["collector", "list", "--permissions", "--json"]).fine().list();
    let names =
        |list: &[serde_json::Value]| list.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(said["permissions"].as_array().unwrap()), names(&listed));
    assert!(names(&listed).iter().all(|name| name.contains(".Read.")), "{listed:?}");
    let plain = consent(&[]).fine();
    assert!(plain.stdout.contains("Policy.Read.All") && plain.stdout.contains("doctor"), "{plain:?}");
    assert!(!plain.stdout.contains(SECRET));
}
