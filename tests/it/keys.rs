//! The key that signs a ledger is replaced: what was signed before still verifies, and a crash never leaves two truths.

use chrono::Duration;
use countersign::deliver::package::{self, PackageRequest};
use countersign::model::id::RunId;
use countersign::model::organization::Organization;
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::keys;
use countersign::pipeline::roll_forward::roll_forward;
use countersign::store::OrgScope;
use countersign_seal::names;
use countersign_seal::note::VerifyingKey;
use countersign_seal::verify::{self, DirectoryVault, VaultOptions, Verdict};

use crate::support::{Database, TestApp, databases, evidence};

async fn begin(database: Database) -> (TestApp, Organization, OrgScope) {
    let story = TestApp::on(database).await;
    let organization = story.northwind().await;
    let scope = OrgScope::of(&organization);
    (story, organization, scope)
}

async fn seal(story: &TestApp, scope: &OrgScope, bytes: &[u8]) {
    story.clock.advance(Duration::hours(1));
    let all = vec![evidence("linux/passwd", &story.clock, bytes)];
    story.seal(scope, RunId::fresh(), all).await.unwrap();
}

/// What the vault's verifier says to somebody who trusts this key.
fn vault_verdict(story: &TestApp, key: &VerifyingKey) -> (Verdict, String) {
    let options = VaultOptions { key: Some(key.vkey().parse().unwrap()), ..VaultOptions::default() };
    let report = verify::vault(&DirectoryVault::new(story.vault_folder()), &options).unwrap();
    (report.verdict, format!("{:?}", report.faults))
}

#[tokio::test]
async fn a_new_key_signs_every_later_head_and_both_keys_prove_the_vault() {
    for database in databases().await {
        let kind = database.kind;
        let (story, organization, scope) = begin(database).await;
        seal(&story, &scope, b"root:x:0:0").await;
        let old = story.app.verifying_key(&scope).await.unwrap();
        let before = story.clock.now();
        story.clock.advance(Duration::days(1));

        let rotation = keys::rotate(&story.app, &organization).await.unwrap();

        assert_eq!((&rotation.old, rotation.old == rotation.new), (&old, false), "{kind:?}");
        assert_eq!(story.app.verifying_key(&scope).await.unwrap(), rotation.new, "{kind:?}");
        for key in [&rotation.old, &rotation.new] {
            let (verdict, faults) = vault_verdict(&story, key);
            assert_eq!(verdict, Verdict::SignedByTheGivenKey, "{kind:?}: right after the rotation: {faults}");
        }
        seal(&story, &scope, b"root:x:0:1").await;
        for key in [&rotation.old, &rotation.new] {
            let (verdict, faults) = vault_verdict(&story, key);
            assert_eq!(verdict, Verdict::SignedByTheGivenKey, "{kind:?}: {faults}");
        }
        let again = keys::rotate(&story.app, &organization).await.unwrap();
        assert_eq!(again.old, rotation.new, "{kind:?}: the second rotation replaces another key");
        // A package is closed by the newest key, also one that speaks of a time before that key was there.
        for as_of in [story.clock.now(), before] {
            let path = write_package(&story, &organization, as_of).await;
            let report = verify::package(&path, Some(&again.new.vkey().parse().unwrap())).unwrap();
            assert_eq!(report.verdict, Verdict::SignedByTheGivenKey, "{kind:?}: {:?}", report.faults);
            let report = verify::package(&path, Some(&old.vkey().parse().unwrap())).unwrap();
            assert_eq!(report.verdict, Verdict::Altered, "{kind:?}: signed by a key that was replaced");
        }
    }
}

async fn write_package(story: &TestApp, organization: &Organization, as_of: Timestamp) -> std::path::PathBuf {
    let out = story.database.folder.path().join(format!("package-{}.zip", as_of.for_file_names()));
    let request =
        PackageRequest { framework: "hipaa-security".parse().unwrap(), from: None, as_of, out: Some(out.clone()) };
    package::write(&story.app, organization, &request).await.unwrap();
    out
}

#[tokio::test]
async fn a_rotation_that_dies_before_its_commit_point_never_happened() {
    for database in databases().await {
        let kind = database.kind;
        let (story, organization, scope) = begin(database).await;
        let old = story.app.verifying_key(&scope).await.unwrap();
        story.clock.advance(Duration::days(1));
        let unused = keys::prepare(&story.app, &scope).await.unwrap();

        let story = story.stop().await.start().await;
        roll_forward(&story.app, &scope).await.unwrap();

        assert_eq!(story.app.verifying_key(&scope).await.unwrap(), old, "{kind:?}: a key that no record brought in");
        seal(&story, &scope, b"root:x:0:0").await;
        assert_eq!(vault_verdict(&story, &old).0, Verdict::SignedByTheGivenKey, "{kind:?}");
        let rotation = keys::rotate(&story.app, &organization).await.unwrap();
        assert!(rotation.old == old && rotation.new != unused, "{kind:?}");
        assert_eq!(vault_verdict(&story, &rotation.new).0, Verdict::SignedByTheGivenKey, "{kind:?}");
    }
}

#[tokio::test]
async fn a_rotation_that_dies_after_its_commit_point_has_happened() {
    for database in databases().await {
        let kind = database.kind;
        let (story, _, scope) = begin(database).await;
        seal(&story, &scope, b"root:x:0:0").await;
        story.clock.advance(Duration::days(1));
        let new = keys::prepare(&story.app, &scope).await.unwrap();
        let stopped = story.stop().await;
        let before = stopped.database.snapshot().await;
        let story = stopped.start().await;
        keys::bring_in(&story.app, &scope, &new).await.unwrap();
        // The process died between the log object of the rotation and the transaction: what came later never was.
        let log = story.vault_folder().join(scope.id().to_string());
        let (last, _) = story.app.vault.log_from(scope.id(), 1).await.unwrap().pop().unwrap();
        std::fs::remove_file(log.join(names::log_file(last))).unwrap();
        let stopped = story.stop().await;
        stopped.database.restore(before).await;

        let story = stopped.start().await;
        assert_ne!(story.app.verifying_key(&scope).await.unwrap(), new, "{kind:?}: the snapshot was not restored");
        assert_eq!(roll_forward(&story.app, &scope).await.unwrap(), 1, "{kind:?}");

        assert_eq!(story.app.verifying_key(&scope).await.unwrap(), new, "{kind:?}: the old key came back");
        seal(&story, &scope, b"root:x:0:1").await;
        let (verdict, faults) = vault_verdict(&story, &new);
        assert_eq!(verdict, Verdict::SignedByTheGivenKey, "{kind:?}: {faults}");
    }
}
