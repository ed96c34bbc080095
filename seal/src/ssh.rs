//! OpenSSH's forms of an Ed25519 key and of a signature over a file (SSHSIG), so that `ssh-keygen -Y verify` can check us.
//!
//! Written out by hand because a verifier must compare every byte: the armor, the reserved field and the line length are
//! all fixed here, and [`verify`] accepts only the one text that [`sign`] could have written.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256, Sha512};

use crate::note::{SigningKey, VerifyingKey};

/// The namespace of signatures over checkpoints.
pub const NAMESPACE: &str = "countersign-checkpoint";

const ALGORITHM: &[u8] = b"ssh-ed25519";
const MAGIC: &[u8] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";
const LINE: usize = 70;

/// Signs a message as `ssh-keygen -Y sign -n countersign-checkpoint` does; armored, with its last line end.
#[must_use]
pub fn sign(key: &SigningKey, message: &[u8]) -> String {
    let public = key.verifying_key();
    armor(&blob(public.as_bytes(), &key.sign_raw(&to_be_signed(message))))
}

/// Whether the text is this key's armored signature over the message, byte for byte as [`sign`] writes it.
#[must_use]
pub fn verify(key: &VerifyingKey, message: &[u8], armored: &str) -> bool {
    let Some(inner) = armored.strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END)) else { return false };
    if inner.len() > 4096 {
        return false;
    }
    let Ok(bytes) = STANDARD.decode(inner.replace('\n', "")) else { return false };
    let Some(signature) = bytes.last_chunk::<64>() else { return false };
    armor(&blob(key.as_bytes(), signature)) == armored && key.verify_raw(&to_be_signed(message), signature)
}

/// `ssh-ed25519 <base64>`: the public key as OpenSSH writes it.
#[must_use]
pub fn public_key(public: &[u8; 32]) -> String {
    format!("ssh-ed25519 {}", STANDARD.encode(key_blob(public)))
}

/// The line of an `allowed_signers` file that trusts the key for checkpoints only, with its line end.
#[must_use]
pub fn allowed_signer(key: &VerifyingKey) -> String {
    format!("{} namespaces=\"{NAMESPACE}\" {}\n", key.name(), public_key(key.as_bytes()))
}

/// `SHA256:<base64>` as `ssh-keygen -l` prints it.
#[must_use]
pub fn fingerprint(public: &[u8; 32]) -> String {
    let digest: [u8; 32] = Sha256::digest(key_blob(public)).into();
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest))
}

fn armor(blob: &[u8]) -> String {
    let encoded = STANDARD.encode(blob);
    let mut text = BEGIN.to_owned();
    for (position, character) in encoded.chars().enumerate() {
        if position > 0 && position % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text
}

fn blob(public: &[u8; 32], signature: &[u8; 64]) -> Vec<u8> {
    let mut inner = Vec::new();
    push(&mut inner, ALGORITHM);
    push(&mut inner, signature);
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&1_u32.to_be_bytes());
    push(&mut out, &key_blob(public));
    push(&mut out, NAMESPACE.as_bytes());
    push(&mut out, b"");
    push(&mut out, b"sha512");
    push(&mut out, &inner);
    out
}

fn to_be_signed(message: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    push(&mut out, NAMESPACE.as_bytes());
    push(&mut out, b"");
    push(&mut out, b"sha512");
    push(&mut out, &Sha512::digest(message));
    out
}

fn key_blob(public: &[u8; 32]) -> Vec<u8> {
    let mut out = Vec::new();
    push(&mut out, ALGORITHM);
    push(&mut out, public);
    out
}

/// Appends a length-prefixed string; everything here is far shorter than 4 GiB.
fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}
