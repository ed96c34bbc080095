use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{SshSignature, SshSignatureFault, check_key, fingerprint, verify_with};

const MESSAGE: &[u8] = b"{\"format\":\"countersign.responsibilities/1\"}";
const NAMESPACE: &str = "countersign-responsibility";

/// A fresh key; none where OpenSSH is not installed.
fn key(folder: &Path, name: &str) -> Option<String> {
    let path = folder.join(name);
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "fictional", "-f"]).arg(&path);
    let made = command.stdin(Stdio::null()).output();
    let Ok(made) = made else {
        eprintln!("SKIPPED: ssh-keygen is not installed, so no signature was tried");
        return None;
    };
    assert!(made.status.success(), "{made:?}");
    Some(std::fs::read_to_string(path.with_extension("pub")).unwrap())
}

fn sign(folder: &Path, name: &str, namespace: &str, message: &[u8]) -> Vec<u8> {
    let file = folder.join("to-sign");
    let signed = folder.join("to-sign.sig");
    std::fs::remove_file(&signed).ok();
    std::fs::write(&file, message).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", namespace, "-f"]).arg(folder.join(name)).arg(&file);
    assert!(command.stdin(Stdio::null()).output().unwrap().status.success());
    std::fs::read(signed).unwrap()
}

async fn tried(claim: &SshSignature<'_>) -> Result<(), SshSignatureFault> {
    verify_with("ssh-keygen", TempDir::new().unwrap().path(), claim).await
}

#[tokio::test]
async fn only_this_key_over_these_bytes_for_this_purpose_counts() {
    let folder = TempDir::new().unwrap();
    let Some(own) = key(folder.path(), "own") else { return };
    let other = key(folder.path(), "other").unwrap();
    let signature = sign(folder.path(), "own", NAMESPACE, MESSAGE);
    let claim = SshSignature {
        message: MESSAGE,
        signature: &signature,
        key: &own,
        identity: "dana.reyes",
        namespace: NAMESPACE,
    };
    tried(&claim).await.unwrap();

    let fault = tried(&SshSignature { key: &other, ..claim }).await.unwrap_err();
    assert!(matches!(fault, SshSignatureFault::OtherKey(_)), "{fault}");
    let fault = tried(&SshSignature { message: b"{}", ..claim }).await.unwrap_err();
    assert!(matches!(fault, SshSignatureFault::OtherBytes), "{fault}");
    let elsewhere = sign(folder.path(), "own", "file", MESSAGE);
    let fault = tried(&SshSignature { signature: &elsewhere, ..claim }).await.unwrap_err();
    assert!(matches!(fault, SshSignatureFault::OtherPurpose { .. }), "{fault}");
    // The purpose and the key are what the signature says of itself, but its last bytes are another's.
    let of_other = sign(folder.path(), "other", NAMESPACE, MESSAGE);
    let mixed: Vec<u8> =
        [signature.get(..signature.len() / 2).unwrap(), of_other.get(of_other.len() / 2..).unwrap()].concat();
    assert!(tried(&SshSignature { signature: &mixed, ..claim }).await.is_err());
}

#[tokio::test]
async fn a_machine_without_ssh_keygen_says_so() {
    let folder = TempDir::new().unwrap();
    let Some(own) = key(folder.path(), "own") else { return };
    let signature = sign(folder.path(), "own", NAMESPACE, MESSAGE);
    let claim = SshSignature {
        message: MESSAGE,
        signature: &signature,
        key: &own,
        identity: "dana.reyes",
        namespace: NAMESPACE,
    };
    let fault = verify_with("no-such-ssh-keygen", TempDir::new().unwrap().path(), &claim).await.unwrap_err();
    assert!(matches!(fault, SshSignatureFault::NoOpenSsh), "{fault}");
    // `false` knows no options and refuses everything.
    let fault = verify_with("false", TempDir::new().unwrap().path(), &claim).await.unwrap_err();
    assert!(matches!(fault, SshSignatureFault::OtherBytes), "{fault}");
}

#[tokio::test]
async fn hostile_signatures_and_names_never_reach_openssh() {
    let folder = TempDir::new().unwrap();
    let Some(own) = key(folder.path(), "own") else { return };
    let good = sign(folder.path(), "own", NAMESPACE, MESSAGE);
    let claim = SshSignature { message: MESSAGE, signature: &good, key: &own, identity: "dana", namespace: NAMESPACE };
    // This program would accept everything.
    let yes = async |claim: &SshSignature<'_>| verify_with("true", TempDir::new().unwrap().path(), claim).await;
    yes(&claim).await.unwrap();
    let long = [good.as_slice(), &vec![b'\n'; super::LARGEST_SIGNATURE]].concat();
    let bad: [&[u8]; 6] = [
        b"",
        b"\xff\xfe",
        b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAf////8=\n-----END SSH SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\n$(touch x)\n-----END SSH SIGNATURE-----\n",
        &long,
    ];
    for signature in bad {
        let fault = yes(&SshSignature { signature, ..claim }).await.unwrap_err();
        assert!(matches!(fault, SshSignatureFault::NotASignature(_)), "{fault}");
    }
    for identity in ["", "-oProxyCommand", "a b", "*", "a,b", "a\"", "a\nb", "$(x)"] {
        let fault = yes(&SshSignature { identity, ..claim }).await.unwrap_err();
        assert!(matches!(fault, SshSignatureFault::Identity(_)), "{identity:?}");
    }
}

#[test]
fn a_key_is_one_line_of_a_known_kind_that_is_what_it_says() {
    let good = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f \u{202e}somebody";
    check_key(good).unwrap();
    for bad in [
        "",
        "ssh-ed25519",
        "ssh-ed25519 ????",
        "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        "ssh-dss AAAAB3NzaC1kc3M=",
        "cert-authority ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        "* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f a\n* ssh-ed25519 AAAA",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ] {
        assert!(check_key(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn the_fingerprint_of_a_signature_is_the_one_ssh_keygen_tells_of_its_key() {
    let folder = TempDir::new().unwrap();
    if key(folder.path(), "own").is_none() {
        return;
    }
    let signature = sign(folder.path(), "own", NAMESPACE, MESSAGE);
    let told = Command::new("ssh-keygen").arg("-lf").arg(folder.path().join("own.pub")).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert_eq!(fingerprint(&signature).as_deref(), told.split(' ').nth(1));
    assert_eq!(fingerprint(b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----"), None);
}
