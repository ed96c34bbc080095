//! Signatures that people make outside, with keys they have anyway.

use std::path::Path;

use countersign::model::responsibility::{MatrixState, Party};
use countersign::pipeline::responsibilities::{Deed, NAMESPACE, act, papers, sealed_matrix};
use countersign::store::OrgScope;
use countersign::track::responsibilities::life::{Act, Meant};
use countersign_seal::digest::Digest;

use super::{CONTROL, agreement_framework};
use crate::support::app::TestApp;
use crate::support::databases;
use crate::support::decisions::handle;
use crate::support::responsibilities::{Agreement, INES, PAT};
use crate::support::ssh::keygen;

/// A signature over some bytes, as a stranger makes it.
pub fn signature(folder: &Path, key: &Path, bytes: &[u8]) -> Vec<u8> {
    let file = folder.join("split.json");
    let signed = folder.join("split.json.sig");
    std::fs::remove_file(&signed).ok();
    std::fs::write(&file, bytes).unwrap();
    keygen(&["-Y", "sign", "-n", NAMESPACE, "-f", key.to_str().unwrap(), file.to_str().unwrap()]).unwrap();
    std::fs::read(signed).unwrap()
}

#[tokio::test]
async fn a_signature_counts_only_over_the_very_version_and_by_the_persons_own_key() {
    for database in databases().await {
        let kind = database.kind;
        let folder = tempfile::tempdir().unwrap();
        let [own, other] = ["own", "other"].map(|name| folder.path().join(name));
        for key in [&own, &other] {
            let made = keygen(&["-q", "-t", "ed25519", "-N", "", "-f", key.to_str().unwrap()]);
            if made.is_none() {
                return;
            }
        }
        let story = TestApp::on(database).await;
        let organization = story.northwind().await;
        let scope = OrgScope::of(&organization);
        let agreement = Agreement { app: &story.app, organization: &organization, framework: agreement_framework() };
        let public = std::fs::read_to_string(own.with_extension("pub")).unwrap();
        agreement.introduce(Some(public.trim())).await;
        let first = agreement.set(PAT, CONTROL, Party::Vendor).await.unwrap();
        let second = agreement.set(PAT, CONTROL, Party::Internal).await.unwrap();
        agreement.act(Act::Propose, PAT, None).await.unwrap();
        let bytes = sealed_matrix(&story.app, &scope, second.digest).await.unwrap();
        assert_eq!(Digest::of(&bytes), second.digest, "{kind:?}");
        let older = sealed_matrix(&story.app, &scope, first.digest).await.unwrap();

        let accept = async |by: &str, signature: Vec<u8>| {
            let meant = Meant { version: None, digest: Some(second.digest) };
            let deed = Deed { act: Act::Accept, by: handle(by), meant, reason: None, signature: Some(signature) };
            act(&story.app, &organization, &agreement.framework, &deed).await
        };
        let size = story.app.store.head(&scope).await.unwrap().unwrap().size;
        for (wrong, words) in [
            (signature(folder.path(), &other, &bytes), "another key"),
            (signature(folder.path(), &own, &older), "not over these bytes"),
            (b"yes".to_vec(), "not a signature"),
        ] {
            let said = accept(INES, wrong).await.unwrap_err().to_string();
            assert!(said.contains(words), "{kind:?}: {said}");
        }
        let good = signature(folder.path(), &own, &bytes);
        assert_eq!(story.app.store.head(&scope).await.unwrap().unwrap().size, size, "{kind:?}: a refusal was sealed");
        let accepted = accept(INES, good).await.unwrap();
        assert_eq!(accepted.state, MatrixState::Countersigned, "{kind:?}");
        let versions = story.app.store.matrix_versions(&scope, &agreement.framework).await.unwrap();
        let told = papers(&story.app, &scope, &versions).await.unwrap();
        assert!(told[&accepted.leaf].ssh_signature && told.values().filter(|one| one.ssh_signature).count() == 1);

        // Pat has no key on file.
        agreement.set(INES, CONTROL, Party::Provider).await.unwrap();
        let meant = Meant::default();
        let signature = Some(signature(folder.path(), &other, b"{}"));
        let deed = Deed { act: Act::Propose, by: handle(PAT), meant, reason: None, signature };
        let said = act(&story.app, &organization, &agreement.framework, &deed).await.unwrap_err().to_string();
        assert!(said.contains("no SSH key on file"), "{kind:?}: {said}");
    }
}
