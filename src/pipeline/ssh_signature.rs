//! Whether an SSH signature over some bytes was made with somebody's key, as the system's OpenSSH tells.
//!
//! A person signs with a key they have anyway: `ssh-keygen -Y sign -f KEY -n NAMESPACE FILE`. What was handed in is looked
//! at before OpenSSH sees it, so that a refusal says what is wrong: the wrong key, the wrong purpose or other bytes. Keys
//! and signatures are data: they go into files of a folder of their own, never into a shell or an argument. Start with
//! [`verify`].

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use countersign_seal::digest::Digest;
use tokio::process::Command;

use crate::app::leftovers::RunFolder;
use crate::app::{App, AppFault};

/// Largest signature that is looked at, in bytes; one by RSA with 16,384 bits needs about 6,000.
pub const LARGEST_SIGNATURE: usize = 16 * 1024;
/// Longest public key line that is looked at, in bytes.
pub const LONGEST_KEY: usize = 16 * 1024;
/// Verifying takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much of what OpenSSH says is read, in bytes.
const LONGEST_ANSWER: usize = 4 * 1024;

const KEY_KINDS: [&str; 7] = [
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
];
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// A signature as somebody handed it in, with what it has to be.
#[derive(Debug, Clone, Copy)]
pub struct SshSignature<'a> {
    /// The exact bytes that were signed.
    pub message: &'a [u8],
    /// What `ssh-keygen -Y sign` wrote.
    pub signature: &'a [u8],
    /// The public key on file, as OpenSSH writes it: `ssh-ed25519 AAAA… comment`.
    pub key: &'a str,
    /// Whose key it is; letters, digits and `. _ - @`.
    pub identity: &'a str,
    /// What the signature is for, so that one made for something else does not count.
    pub namespace: &'a str,
}

/// Why a signature does not count.
#[derive(Debug, thiserror::Error)]
pub enum SshSignatureFault {
    #[error("the key is not a public key line as OpenSSH writes it ({0}); use the one line of the .pub file")]
    Key(&'static str),
    #[error("the file is not a signature as `ssh-keygen -Y sign` writes it: {0}")]
    NotASignature(&'static str),
    #[error("the name `{0}` cannot stand for a signer; use letters, digits and . _ - @")]
    Identity(String),
    #[error("the signature was made with another key than the one on file for {0}")]
    OtherKey(String),
    #[error("the signature was made for another purpose; sign with `ssh-keygen -Y sign -n {wanted}`")]
    OtherPurpose { wanted: String },
    #[error("the signature is not over these bytes: what was signed is something else, or was changed afterwards")]
    OtherBytes,
    #[error("ssh-keygen is not installed, so that no SSH signature can be checked; install OpenSSH 8.2 or newer")]
    NoOpenSsh,
    #[error("this ssh-keygen cannot check signatures; install OpenSSH 8.2 or newer")]
    OldOpenSsh,
    #[error("ssh-keygen did not answer within {} seconds; try again", PATIENCE.as_secs())]
    TooSlow,
    #[error("ssh-keygen cannot be run")]
    CannotRun(#[source] std::io::Error),
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    App(#[from] AppFault),
}

/// Whether the signature is one over the message, made with the key, for this purpose.
///
/// # Errors
/// Whenever it is not, with the reason; and when it cannot be told.
pub async fn verify(app: &App, claim: &SshSignature<'_>) -> Result<(), SshSignatureFault> {
    let folder = RunFolder::create(app)?;
    verify_with("ssh-keygen", folder.path(), claim).await
}

async fn verify_with(program: &str, folder: &Path, claim: &SshSignature<'_>) -> Result<(), SshSignatureFault> {
    let key = PublicKey::read(claim.key)?;
    let sent = Parts::read(claim.signature)?;
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '_' | '-' | '@');
    let starts_well = |text: &str| text.starts_with(|sign: char| sign.is_ascii_alphanumeric());
    for name in [claim.identity, claim.namespace] {
        if !starts_well(name) || !name.chars().all(is_plain) {
            return Err(SshSignatureFault::Identity(name.to_owned()));
        }
    }
    if sent.key != key.blob {
        return Err(SshSignatureFault::OtherKey(claim.identity.to_owned()));
    }
    if sent.namespace != claim.namespace.as_bytes() {
        return Err(SshSignatureFault::OtherPurpose { wanted: claim.namespace.to_owned() });
    }
    let line = format!("{} namespaces=\"{}\" {} {}\n", claim.identity, claim.namespace, key.kind, key.text);
    let signers = write(folder, "signers", line.as_bytes())?;
    let signature = write(folder, "signature", claim.signature)?;
    let message = write(folder, "message", claim.message)?;
    let input = File::open(&message).map_err(|source| SshSignatureFault::Write { path: message.clone(), source })?;

    let mut command = Command::new(program);
    command.args(["-Y", "verify", "-I", claim.identity, "-n", claim.namespace]);
    command.arg("-f").arg(&signers).arg("-s").arg(&signature);
    // Neither settings of this account nor another language.
    command.env("LC_ALL", "C").env_remove("SSH_AUTH_SOCK").env_remove("SSH_SK_PROVIDER");
    command.stdin(input).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Err(_) => return Err(SshSignatureFault::TooSlow),
        Ok(Err(fault)) if fault.kind() == std::io::ErrorKind::NotFound => return Err(SshSignatureFault::NoOpenSsh),
        Ok(answer) => answer.map_err(SshSignatureFault::CannotRun)?,
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(output.stderr.get(..LONGEST_ANSWER).unwrap_or(&output.stderr)).into_owned();
    let is_old = ["unknown option", "illegal option", "invalid option"].iter().any(|words| said.contains(words));
    Err(if is_old { SshSignatureFault::OldOpenSsh } else { SshSignatureFault::OtherBytes })
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, SshSignatureFault> {
    let path = folder.join(name);
    let fault = |source| SshSignatureFault::Write { path: path.clone(), source };
    let mut file = File::create_new(&path).map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    Ok(path)
}

/// A public key without its comment.
#[derive(Debug)]
struct PublicKey<'a> {
    kind: &'static str,
    text: &'a str,
    blob: Vec<u8>,
}

impl<'a> PublicKey<'a> {
    fn read(line: &'a str) -> Result<Self, SshSignatureFault> {
        let line = line.trim();
        if line.len() > LONGEST_KEY {
            return Err(SshSignatureFault::Key("it is too long"));
        }
        if line.contains(['\n', '\r', '\0']) {
            return Err(SshSignatureFault::Key("it has several lines"));
        }
        let mut words = line.split_ascii_whitespace();
        let named = words.next().unwrap_or_default();
        let kind = KEY_KINDS.iter().find(|kind| **kind == named);
        let kind = *kind.ok_or(SshSignatureFault::Key("its first word is no kind of key"))?;
        let text = words.next().ok_or(SshSignatureFault::Key("the key itself is missing"))?;
        let blob = STANDARD.decode(text).map_err(|_| SshSignatureFault::Key("the key itself is not base64"))?;
        if read_field(&blob).is_none_or(|(inner, _)| inner != kind.as_bytes()) {
            return Err(SshSignatureFault::Key("its first word is not the kind of the key itself"));
        }
        Ok(Self { kind, text, blob })
    }
}

/// Whether a text is a public key that signatures can be checked against.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_key(line: &str) -> Result<(), SshSignatureFault> {
    PublicKey::read(line).map(|_| ())
}

/// The fingerprint of the key that a signature names, as `ssh-keygen -l` prints it; none where it is no signature. That the
/// signature is the key's is [`verify`]'s to say.
#[must_use]
pub fn fingerprint(signature: &[u8]) -> Option<String> {
    let parts = Parts::read(signature).ok()?;
    let digest = Digest::of(&parts.key);
    Some(format!("SHA256:{}", STANDARD_NO_PAD.encode(digest.as_bytes())))
}

/// What a signature says about itself (OpenSSH, PROTOCOL.sshsig, section 2).
#[derive(Debug)]
struct Parts {
    key: Vec<u8>,
    namespace: Vec<u8>,
}

impl Parts {
    fn read(armored: &[u8]) -> Result<Self, SshSignatureFault> {
        let fault = SshSignatureFault::NotASignature;
        if armored.len() > LARGEST_SIGNATURE {
            return Err(fault("it is too large"));
        }
        let text = std::str::from_utf8(armored).map_err(|_| fault("it is not text"))?.trim();
        let inner = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let inner = inner.ok_or(fault("its first or last line is missing"))?;
        let inner: String = inner.chars().filter(|sign| !sign.is_ascii_whitespace()).collect();
        let blob = STANDARD.decode(inner).map_err(|_| fault("it is not base64"))?;
        let parts = || {
            let rest = blob.strip_prefix(b"SSHSIG")?.strip_prefix(&1u32.to_be_bytes())?;
            let (key, rest) = read_field(rest)?;
            let (namespace, _) = read_field(rest)?;
            Some(Self { key: key.to_vec(), namespace: namespace.to_vec() })
        };
        parts().ok_or(fault("it is cut off, or of another version"))
    }
}

/// A field with its length before it, and what follows.
fn read_field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests;
