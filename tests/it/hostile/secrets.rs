//! Whatever a tenant does: no token, secret, assertion or private key lies in a file under the data folder, in what is printed,
//! or in the log at its most talkative.

use std::io::Read as _;
use std::path::Path;

use countersign::demo::tenant::fault::{Fault, FaultKind, TOKEN_PATH};
use countersign::demo::tenant::firm::Firm;
use countersign::demo::tenant::keys::PretendKey;
use countersign::demo::tenant::throttle::Throttle;
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use countersign::model::time::{Clock as _, SystemClock, Timestamp};

use crate::support::command::{Installation, ORG, Told, files_below, holds, told};

async fn tenant() -> RunningTenant {
    let options = TenantOptions { throttle: Throttle::Off, ..TenantOptions::default() };
    Tenant::start(Firm::load_embedded("hollowmere").unwrap(), options).await.unwrap()
}

/// A few datasets: paged, single, denied later.
const DATASETS: [&str; 5] =
    ["m365/users", "m365/organization", "m365/domains", "m365/authorization_policy", "m365/managed_devices"];

/// Collects with the log at its most talkative; any end will do.
fn collect(installation: &Installation) -> Told {
    let arguments: Vec<&str> = ["collect", "--org", ORG, "--json"].into_iter().chain(DATASETS).collect();
    told(installation.command(&arguments).env("COUNTERSIGN_LOG", "trace"))
}

/// Tokens that end in the middle, and refusals of all kinds.
fn order_damage(tenant: &RunningTenant) {
    tenant.inject(Fault::on("/users", 2, FaultKind::ExpireTokens));
    tenant.inject(Fault::on("/organization", 1, FaultKind::Html(500)));
    tenant.inject(Fault::on("/domains", 1, FaultKind::Html(403)));
    tenant.inject(Fault::on("/policies/authorizationPolicy", 1, FaultKind::ClaimsChallenge));
    tenant.inject(Fault::on("/deviceManagement/managedDevices", 2, FaultKind::TruncatedBody));
}

/// Refusals that repeat the token they were sent.
fn order_echoes(tenant: &RunningTenant) {
    tenant.inject(Fault::on("/organization", 1, FaultKind::Echo(500)));
    tenant.inject(Fault::on("/domains", 1, FaultKind::Echo(403)));
    tenant.inject(Fault::on("/policies/authorizationPolicy", 1, FaultKind::Echo(401)).times(2));
    tenant.inject(Fault::on("/deviceManagement/managedDevices", 2, FaultKind::Echo(403)));
}

/// Long texts are looked for by pieces, because a database may cut them.
fn pieces(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    match bytes.len() {
        0..=60 => vec![bytes.to_vec()],
        length => {
            vec![bytes[..40].to_vec(), bytes[length / 2 - 20..length / 2 + 20].to_vec(), bytes[length - 40..].to_vec()]
        }
    }
}

/// The secrets of these that stand in `text`.
fn found_in(text: &[u8], secrets: &[String]) -> Vec<String> {
    let is_there = |secret: &&String| pieces(secret).iter().any(|piece| holds(text, piece));
    secrets.iter().filter(is_there).map(|secret| secret.chars().take(24).collect()).collect()
}

/// Looks through every file below a folder, zip archives entry by entry.
fn found_below(folder: &Path, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for path in files_below(folder) {
        let bytes = std::fs::read(&path).unwrap();
        let mut texts = vec![bytes.clone()];
        if let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(bytes)) {
            for number in 0..archive.len() {
                let mut text = Vec::new();
                archive.by_index(number).unwrap().read_to_end(&mut text).unwrap();
                texts.push(text);
            }
        }
        for text in texts {
            found.extend(found_in(&text, secrets).into_iter().map(|secret| format!("{}: {secret}…", path.display())));
        }
    }
    found
}

fn assert_clean(installation: &Installation, said: &[Told], secrets: &[String]) {
    assert!(secrets.len() > 2, "too little to look for: {}", secrets.len());
    for told in said {
        for (name, text) in [("stdout", &told.stdout), ("stderr", &told.stderr)] {
            assert_eq!(found_in(text.as_bytes(), secrets), Vec::<String>::new(), "{name} gives a secret away");
        }
    }
    assert_eq!(found_below(&installation.data(), secrets), Vec::<String>::new());
    assert!(!installation.archives().is_empty(), "something was sealed, or nothing was looked at");
}

/// What was planted is found, or what was found to be clean means nothing.
fn assert_search_sees(installation: &Installation, secret: &str) {
    use std::io::Write as _;
    let secrets = [secret.to_owned()];
    let planted = installation.data().join("planted.zip");
    let mut writer = zip::ZipWriter::new(std::fs::File::create(&planted).unwrap());
    writer.start_file("inside", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(format!("{}{secret}{}", "a".repeat(500), "b".repeat(500)).as_bytes()).unwrap();
    writer.finish().unwrap();
    assert_eq!(found_below(&installation.data(), &secrets).len(), 1, "a secret in a zip entry is not seen");
    std::fs::write(&planted, format!("{{\"header\":\"Bearer {secret}\"}}")).unwrap();
    assert_eq!(found_below(&installation.data(), &secrets).len(), 1, "a secret in a plain file is not seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_and_no_token_is_left_anywhere_after_runs_that_went_wrong() {
    let tenant = tenant().await;
    let installation = Installation::new();
    let mut said = vec![installation.connect(&tenant).fine()];
    said.push(collect(&installation));
    order_damage(&tenant);
    said.push(collect(&installation));
    tenant.inject(Fault::on(TOKEN_PATH, 1, FaultKind::Echo(401)).times(50));
    said.push(collect(&installation));
    tenant.expire_secret();
    said.push(collect(&installation));

    let stats = tenant.stats();
    assert!(stats.by_status.get(&500) >= Some(&1) && stats.tokens_issued >= 3, "the damage was done: {stats:?}");
    assert!(said.iter().any(|told| told.stderr.contains("TRACE")), "the log was at its most talkative");
    let secrets = tenant.secrets();
    assert_clean(&installation, &said, &secrets);
    assert_search_sees(&installation, &secrets[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_a_refusal_repeats_is_not_kept_either() {
    let tenant = tenant().await;
    let installation = Installation::new();
    installation.connect(&tenant).fine();
    order_echoes(&tenant);
    let said = [collect(&installation), collect(&installation)];
    assert_eq!(tenant.stats().by_status.get(&500), Some(&1), "{:?}", tenant.stats());
    assert_clean(&installation, &said, &tenant.secrets());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_private_key_and_no_assertion_is_left_anywhere_after_runs_that_went_wrong() {
    let tenant = tenant().await;
    let now = SystemClock.now().as_datetime();
    let until = Timestamp::from(now + chrono::Duration::days(90));
    let key = PretendKey::generate("collector", Timestamp::from(now - chrono::Duration::days(1)), until).unwrap();
    assert!(tenant.register_certificate(key.certificate()));
    let installation = Installation::new();
    let pem = key.pem().unwrap();
    let file = installation.file("certificate.pem", &pem);
    let mut said = vec![installation.connect_with(&tenant, "--certificate", &file).fine()];
    said.push(collect(&installation));
    order_damage(&tenant);
    said.push(collect(&installation));
    tenant.inject(Fault::on(TOKEN_PATH, 1, FaultKind::Echo(400)).times(50));
    said.push(collect(&installation));
    tenant.remove_certificate(key.certificate());
    said.push(collect(&installation));

    let mut secrets = tenant.secrets();
    assert!(secrets.iter().any(|one| one.starts_with("eyJ")), "assertions were presented");
    let private = pem.split("-----BEGIN PRIVATE KEY-----").nth(1).unwrap();
    secrets.extend(private.lines().filter(|line| line.len() == 64).map(str::to_owned));
    assert!(tenant.stats().tokens_issued >= 2);
    assert_clean(&installation, &said, &secrets);
    assert_search_sees(&installation, private.lines().nth(5).unwrap());
}
