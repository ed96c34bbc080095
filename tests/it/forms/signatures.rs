//! Statements that people sign with their own keys before they are sealed.

use std::path::Path;

use super::{DANA, FAR_AWAY, attest, with_dana};
use crate::support::command::ORG;
use crate::support::ssh::keygen;

#[test]
fn a_signature_counts_only_with_the_persons_own_key_over_these_very_bytes() {
    let installation = with_dana();
    let key = installation.beside("key");
    if keygen(&["-q", "-t", "ed25519", "-N", "", "-f", key.to_str().unwrap()]).is_none() {
        return;
    }
    let sign = |bytes: &str, namespace: &str| {
        let message = installation.file("message.json", bytes);
        let signature = installation.beside("message.json.sig");
        std::fs::remove_file(&signature).ok();
        keygen(&["-Y", "sign", "-q", "-n", namespace, "-f", key.to_str().unwrap(), message.to_str().unwrap()]).unwrap();
        signature
    };
    let signed = |statement: &str, signature: &Path| {
        let signature = signature.to_str().unwrap();
        let arguments = ["--valid-until", FAR_AWAY, "--signature", signature];
        let first = ["attest", "cmmc-l2", "3.1.2[a]", "--org", ORG, "--by", DANA, "--statement", statement];
        installation.run(&[&first[..], &arguments].concat())
    };
    let bytes = attest(&installation, "cmmc-l2", "3.1.2[a]", &["--valid-until", FAR_AWAY, "--print"]).fine().stdout;
    assert!(bytes.contains("\"countersign.statement/1\"") && !bytes.ends_with('\n'), "{bytes}");
    let signature = sign(&bytes, "countersign-attestation");
    signed("So it is.", &signature).refused(&["no public key of `dana.example` is known"]);
    let public = installation.beside("key.pub");
    let change = ["person", "change", DANA, "--org", ORG, "--ssh-key-file", public.to_str().unwrap()];
    installation.run(&change).fine();

    signed("So it was.", &signature).refused(&["the signature is not over these bytes"]);
    let elsewhere = sign(&bytes, "git");
    signed("So it is.", &elsewhere).refused(&["made for another purpose"]);
    let signature = sign(&bytes, "countersign-attestation");
    signed("So it is.", &signature).fine();
    let listed = installation.run(&["attest", "list", "--org", ORG, "--json"]).fine().json();
    let names: Vec<&str> =
        listed[0]["artifacts"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["signed.json", "signature.sshsig"]);
    installation.run(&["verify"]).fine();
}
