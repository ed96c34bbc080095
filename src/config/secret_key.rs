//! The key that seals secrets kept in the database: XChaCha20-Poly1305, read from a file of mode 0600.
//!
//! The key's id is stored beside every sealed secret and in the instance row, so that a wrong key is refused at start
//! and not discovered by garbage.

use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use countersign_seal::digest::Digest;
use zeroize::Zeroizing;

/// The instance's secret key. Has no `Debug` of its contents and is wiped when dropped.
pub struct SecretKey {
    id: String,
    key: Zeroizing<[u8; 32]>,
}

/// A secret as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    pub key_id: String,
    pub nonce: Vec<u8>,
    pub ciphertext: Vec<u8>,
}

/// Why a key or a sealed secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    #[error("cannot read the key file {path}; without it sealed secrets and signing keys cannot be used")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot create the key file {path}")]
    Create { path: PathBuf, source: std::io::Error },
    #[error("the key file {path} can be read by others (mode {mode:o}); run: chmod 600 {path}")]
    TooOpen { path: PathBuf, mode: u32 },
    #[error("the key file {0} does not hold 64 hex digits")]
    Malformed(PathBuf),
    #[error(
        "this data was sealed with key {expected}, but the key file holds key {found}; point keys.secret_key_file to the right one"
    )]
    WrongKey { expected: String, found: String },
    #[error("a sealed secret cannot be opened: it was altered or belongs to another place")]
    Altered,
    #[error("the system gave no random bytes")]
    NoRandomness,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SecretKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Fills a buffer with the system's randomness.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, KeyFault> {
    let mut bytes = Zeroizing::new([0_u8; N]);
    getrandom::fill(bytes.as_mut()).map_err(|_| KeyFault::NoRandomness)?;
    Ok(bytes)
}

impl SecretKey {
    fn new(key: Zeroizing<[u8; 32]>) -> Self {
        let mut labelled = Zeroizing::new(b"countersign secret key id\n".to_vec());
        labelled.extend_from_slice(key.as_ref());
        let id = Digest::of(&labelled).short();
        Self { id, key }
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Makes a fresh key file of mode 0600, whole or not at all; never overwrites one.
    pub fn create(path: &Path) -> Result<Self, KeyFault> {
        let key = random::<32>()?;
        let fault = |source| KeyFault::Create { path: path.to_owned(), source };
        let text = Zeroizing::new(format!("{}\n", hex::encode(key.as_ref())));
        super::data_folder::create_whole(path, text.as_bytes()).map_err(fault)?;
        Ok(Self::new(key))
    }

    /// A key that is kept nowhere and opens nothing: for work that seals and opens nothing, where the real one is not
    /// at hand.
    pub fn of_nothing() -> Result<Self, KeyFault> {
        Ok(Self::new(random::<32>()?))
    }

    /// Reads a key file; refuses one that others can read.
    pub fn read(path: &Path) -> Result<Self, KeyFault> {
        let fault = |source| KeyFault::Read { path: path.to_owned(), source };
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).map_err(fault)?.permissions());
            if mode & 0o077 != 0 {
                return Err(KeyFault::TooOpen { path: path.to_owned(), mode: mode & 0o777 });
            }
        }
        Self::of_file(&Zeroizing::new(std::fs::read(path).map_err(fault)?), path)
    }

    /// Reads the content of a key file; `path` is for messages only.
    pub fn of_file(text: &[u8], path: &Path) -> Result<Self, KeyFault> {
        let mut key = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(text.trim_ascii(), key.as_mut()).map_err(|_| KeyFault::Malformed(path.to_owned()))?;
        Ok(Self::new(key))
    }

    /// Seals `secret` so that it opens only with this key and for the same `purpose`.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<SealedSecret, KeyFault> {
        let nonce = random::<24>()?;
        let ciphertext = self
            .cipher()
            .encrypt(&XNonce::from(*nonce), Payload { msg: secret, aad: purpose.as_bytes() })
            .map_err(|_| KeyFault::Altered)?;
        Ok(SealedSecret { key_id: self.id.clone(), nonce: nonce.to_vec(), ciphertext })
    }

    /// Opens what [`SecretKey::seal`] made for the same purpose.
    pub fn open(&self, purpose: &str, sealed: &SealedSecret) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
        if sealed.key_id != self.id {
            return Err(KeyFault::WrongKey { expected: sealed.key_id.clone(), found: self.id.clone() });
        }
        let nonce: [u8; 24] = sealed.nonce.as_slice().try_into().map_err(|_| KeyFault::Altered)?;
        self.cipher()
            .decrypt(&XNonce::from(nonce), Payload { msg: &sealed.ciphertext, aad: purpose.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| KeyFault::Altered)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.key).into())
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyFault, SecretKey};

    fn key() -> (tempfile::TempDir, SecretKey) {
        let folder = tempfile::tempdir().unwrap();
        let key = SecretKey::create(&folder.path().join("secret.key")).unwrap();
        (folder, key)
    }

    #[test]
    fn a_sealed_secret_opens_with_its_key_and_purpose_only() {
        let (_folder, first) = key();
        let (_other, second) = key();
        let sealed = first.seal("connection a", b"s3cret").unwrap();
        assert_eq!(first.open("connection a", &sealed).unwrap().as_slice(), b"s3cret");
        assert!(matches!(first.open("connection b", &sealed), Err(KeyFault::Altered)));
        assert!(matches!(second.open("connection a", &sealed), Err(KeyFault::WrongKey { .. })));
    }

    #[test]
    fn a_changed_byte_of_a_sealed_secret_is_noticed() {
        let (_folder, key) = key();
        let mut sealed = key.seal("p", b"s3cret").unwrap();
        sealed.ciphertext[0] ^= 1;
        assert!(matches!(key.open("p", &sealed), Err(KeyFault::Altered)));
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused_with_the_cure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        SecretKey::create(&path).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        assert!(SecretKey::read(&path).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_key_is_not_shown_by_debug() {
        let (folder, key) = key();
        let text = std::fs::read_to_string(folder.path().join("secret.key")).unwrap();
        assert!(!format!("{key:?}").contains(text.trim()));
    }
}
