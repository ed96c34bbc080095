//! Signed heads: C2SP checkpoints as signed notes, and the keys that sign them.
//!
//! A checkpoint's text is three lines (origin, size, root); the note adds a blank line and one signature line per key.
//! The same text is also signed the way OpenSSH signs files, see [`crate::ssh`], so that a reader needs no tool of ours.
//! Reading is strict: a note is accepted only if writing it again gives the same bytes. Keys come in as seeds; this
//! module never makes, stores or prints a secret. Start at [`SigningKey::from_seed`] and [`open`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::record::{Head, KeyFacts, Uuid};

/// The signature type of Ed25519 in note key ids.
const ED25519: u8 = 0x01;

/// The longest note a reader looks at, in bytes.
pub const MAX_NOTE: usize = 16 * 1024;

/// Why a key, checkpoint or note was refused.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum NoteError {
    #[error("`{0}` cannot name a key: it is empty or has white space, `+` or control characters")]
    Name(String),
    #[error("`{0}` is not a verifier key: `<name>+<key id>+<base64>` of an Ed25519 key is expected")]
    VerifierKey(String),
    #[error("a checkpoint has three lines (origin, size, base64 root); line {0} is missing or malformed")]
    Checkpoint(u8),
    #[error("the text is not a signed note: {0}")]
    Note(&'static str),
    #[error("the note is not signed by key `{wanted}`; it names `{found}`")]
    OtherKey { wanted: String, found: String },
    #[error("the signature of key `{0}` does not fit the text")]
    Signature(String),
}

/// The name of an organization's ledger: checkpoint origin and key name.
#[must_use]
pub fn origin(organization: &Uuid) -> String {
    format!("countersign/{organization}")
}

/// A key that signs. Prints nothing of its secret.
pub struct SigningKey {
    name: String,
    inner: ed25519_dalek::SigningKey,
}

/// A key that verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    public: ed25519_dalek::VerifyingKey,
}

/// A ledger's head as it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Digest,
}

/// A checkpoint with its signature in every form a reader may want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    pub checkpoint: Checkpoint,
    /// The signed note.
    pub note: String,
    /// The signed text: the note up to the blank line.
    pub body: String,
    /// Ed25519 over `body`.
    pub signature: [u8; 64],
    /// OpenSSH signature over `body`, armored.
    pub ssh_signature: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// The key of a 32-byte seed under a name, usually [`origin`].
    ///
    /// # Errors
    /// When the name cannot stand in a note.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), inner: ed25519_dalek::SigningKey::from_bytes(&seed) })
    }

    /// The public side.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { name: self.name.clone(), public: self.inner.verifying_key() }
    }

    /// Ed25519 over the bytes as they are.
    #[must_use]
    pub fn sign_raw(&self, bytes: &[u8]) -> [u8; 64] {
        self.inner.sign(bytes).to_bytes()
    }

    /// Signs a head of the ledger that carries the key's name.
    #[must_use]
    pub fn sign_checkpoint(&self, size: u64, root: Digest) -> SignedCheckpoint {
        let checkpoint = Checkpoint { origin: self.name.clone(), size, root };
        let body = checkpoint.text();
        let signature = self.sign_raw(body.as_bytes());
        let note = write_note(&body, &self.verifying_key(), &signature);
        let ssh_signature = crate::ssh::sign(self, body.as_bytes());
        SignedCheckpoint { checkpoint, note, body, signature, ssh_signature }
    }
}

impl VerifyingKey {
    /// A key from its 32 bytes.
    ///
    /// # Errors
    /// When the name cannot stand in a note or the bytes are no Ed25519 key that can be relied on.
    pub fn from_bytes(name: &str, public: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let refuse = || NoteError::VerifierKey(STANDARD.encode(public));
        let public = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| refuse())?;
        if public.is_weak() { Err(refuse()) } else { Ok(Self { name: name.to_owned(), public }) }
    }

    /// Reads a verifier key `<name>+<8 hex digits>+<base64>`, without line end.
    ///
    /// # Errors
    /// When it is not exactly what [`VerifyingKey::vkey`] would write.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let refuse = || NoteError::VerifierKey(text.chars().take(160).collect());
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refuse());
        };
        let bytes = STANDARD.decode(encoded).map_err(|_| refuse())?;
        let Some((&ED25519, public)) = bytes.split_first() else { return Err(refuse()) };
        let public: [u8; 32] = public.try_into().map_err(|_| refuse())?;
        let key = Self::from_bytes(name, &public)?;
        if key.vkey() == text { Ok(key) } else { Err(refuse()) }
    }

    /// The key that a `key/1` record introduces.
    ///
    /// # Errors
    /// When the record's members do not fit each other.
    pub fn from_facts(facts: &KeyFacts) -> Result<Self, NoteError> {
        let refuse = || NoteError::VerifierKey(facts.public.chars().take(160).collect());
        let public = STANDARD.decode(&facts.public).map_err(|_| refuse())?;
        let key = Self::from_bytes(&facts.name, &public.try_into().map_err(|_| refuse())?)?;
        if key.facts(&facts.purpose) == *facts { Ok(key) } else { Err(refuse()) }
    }

    /// What a `key/1` record says of this key.
    #[must_use]
    pub fn facts(&self, purpose: &str) -> KeyFacts {
        KeyFacts {
            name: self.name.clone(),
            algorithm: "ed25519".to_owned(),
            public: STANDARD.encode(self.as_bytes()),
            id: hex::encode(self.id()),
            purpose: purpose.to_owned(),
        }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.public.as_bytes()
    }

    /// The note key id: the first four bytes of SHA-256 over name, LF, type and key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', ED25519]);
        hasher.update(self.as_bytes());
        let digest: [u8; 32] = hasher.finalize().into();
        let [first, second, third, fourth, ..] = digest;
        [first, second, third, fourth]
    }

    /// The verifier key as C2SP writes it.
    #[must_use]
    pub fn vkey(&self) -> String {
        let mut bytes = vec![ED25519];
        bytes.extend_from_slice(self.as_bytes());
        format!("{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(bytes))
    }

    /// The fingerprint as `ssh-keygen -l` prints it. Independent of the key's name.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        crate::ssh::fingerprint(self.as_bytes())
    }

    /// Whether the signature is this key's over exactly these bytes. Malleable and weak-key forms are refused.
    #[must_use]
    pub fn verify_raw(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        self.public.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }

    /// The public key as PEM (`SubjectPublicKeyInfo`), for `openssl`.
    #[must_use]
    pub fn pem(&self) -> String {
        const PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let mut der = PREFIX.to_vec();
        der.extend_from_slice(self.as_bytes());
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }
}

impl Checkpoint {
    /// The text that is signed, with its last line end.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// Reads the text; extension lines are refused.
    ///
    /// # Errors
    /// When it is not exactly what [`Checkpoint::text`] would write.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(NoteError::Checkpoint(1))?;
        check_name(origin).map_err(|_| NoteError::Checkpoint(1))?;
        let size = lines.next().and_then(|line| line.parse::<u64>().ok()).ok_or(NoteError::Checkpoint(2))?;
        let root = lines.next().and_then(|line| STANDARD.decode(line).ok()).ok_or(NoteError::Checkpoint(3))?;
        let root: [u8; 32] = root.try_into().map_err(|_| NoteError::Checkpoint(3))?;
        let checkpoint = Self { origin: origin.to_owned(), size, root: Digest::from_bytes(root) };
        if checkpoint.text() == text { Ok(checkpoint) } else { Err(NoteError::Checkpoint(2)) }
    }

    /// Size and root without the name.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { size: self.size, root: self.root }
    }
}

/// Reads a signed checkpoint and checks the key's signature and origin. The note must have this one signature only.
///
/// # Errors
/// When the note is malformed, signed by another key, or the signature does not fit.
pub fn open(note: &str, key: &VerifyingKey) -> Result<SignedCheckpoint, NoteError> {
    let (body, signature) = parse_note(note, key)?;
    let checkpoint = Checkpoint::parse(&body)?;
    if checkpoint.origin != key.name {
        return Err(NoteError::OtherKey { wanted: key.name.clone(), found: checkpoint.origin });
    }
    if !key.verify_raw(body.as_bytes(), &signature) {
        return Err(NoteError::Signature(key.name.clone()));
    }
    Ok(SignedCheckpoint { checkpoint, note: note.to_owned(), body, signature, ssh_signature: String::new() })
}

/// The checkpoint in a note WITHOUT looking at its signature: only to learn what it claims, never to believe it.
///
/// # Errors
/// When the text is not a note with a checkpoint.
pub fn claimed_checkpoint(note: &str) -> Result<Checkpoint, NoteError> {
    let (body, _) = note.split_once("\n\n").ok_or(NoteError::Note("there is no blank line"))?;
    Checkpoint::parse(&format!("{body}\n"))
}

fn parse_note(note: &str, key: &VerifyingKey) -> Result<(String, [u8; 64]), NoteError> {
    if note.len() > MAX_NOTE {
        return Err(NoteError::Note("it is too long"));
    }
    let (body, line) = note.split_once("\n\n").ok_or(NoteError::Note("there is no blank line"))?;
    let body = format!("{body}\n");
    let line = line.strip_prefix("— ").ok_or(NoteError::Note("there is no signature line"))?;
    let line = line.strip_suffix('\n').ok_or(NoteError::Note("the last line has no end"))?;
    let (name, encoded) = line.split_once(' ').ok_or(NoteError::Note("the signature line has no signature"))?;
    let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Note("the signature is not base64"))?;
    let wrong_key = || NoteError::OtherKey { wanted: key.name.clone(), found: name.chars().take(160).collect() };
    let signature = bytes.strip_prefix(&key.id()).ok_or_else(wrong_key)?;
    let signature: [u8; 64] = signature.try_into().map_err(|_| NoteError::Note("the signature has another length"))?;
    if write_note(&body, key, &signature) == note { Ok((body, signature)) } else { Err(wrong_key()) }
}

fn write_note(body: &str, key: &VerifyingKey, signature: &[u8; 64]) -> String {
    let mut bytes = key.id().to_vec();
    bytes.extend_from_slice(signature);
    format!("{body}\n— {} {}\n", key.name, STANDARD.encode(bytes))
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let bad = |character: char| character.is_whitespace() || character.is_control() || character == '+';
    if name.is_empty() || name.len() > 200 || name.chars().any(bad) {
        return Err(NoteError::Name(name.chars().take(80).collect()));
    }
    Ok(())
}
