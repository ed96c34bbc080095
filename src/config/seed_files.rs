//! Sealed signing seeds as files beside the database: `keys/<organization>/<key id>.sealed`.
//!
//! A database that is lost must not end a ledger for ever, so each seed is also kept as a file before its organization
//! is added. It is sealed with the secret key exactly as in the database: without `secret.key` it opens for nobody. This
//! module never opens one. Start with [`SeedFiles::keep`].

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::data_folder::{DataFolder, write_whole};
use super::limited;
use super::secret_key::SealedSecret;
use crate::model::id::OrgId;

/// The folder of sealed seeds.
#[derive(Debug, Clone)]
pub struct SeedFiles(PathBuf);

/// A sealed seed in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedFile {
    /// The organization's folder and the file's name, joined by `/`.
    pub name: String,
    pub organization: OrgId,
    /// Id of the signing key.
    pub key: String,
    pub sealed: SealedSecret,
}

/// Why a seed file was not kept or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedFileFault {
    #[error("cannot use the sealed signing key {path}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path} does not hold a sealed signing key: {message}")]
    Malformed { path: PathBuf, message: String },
}

/// The file's content; canonical JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// Id of the secret key that sealed it.
    key_id: String,
    nonce: String,
    ciphertext: String,
}

/// Longest file that is read.
const LONGEST: u64 = 16 * 1024;
const ENDING: &str = "sealed";

impl SeedFiles {
    #[must_use]
    pub fn of(data: &DataFolder) -> Self {
        Self(data.keys_folder())
    }

    fn file(&self, organization: OrgId, key: &str) -> PathBuf {
        self.0.join(organization.to_string()).join(format!("{key}.{ENDING}"))
    }

    /// Writes a sealed seed; returns when it is durable. A file that is there with the same content stays.
    pub fn keep(&self, organization: OrgId, key: &str, sealed: &SealedSecret) -> Result<(), SeedFileFault> {
        let path = self.file(organization, key);
        if self.find(organization, key)?.as_ref() == Some(sealed) {
            return Ok(());
        }
        let bytes = encode(sealed).map_err(|message| SeedFileFault::Malformed { path: path.clone(), message })?;
        write_whole(&path, &bytes).map_err(|source| SeedFileFault::Io { path, source })
    }

    /// Removes a seed whose organization was refused after all.
    pub fn forget(&self, organization: OrgId, key: &str) -> Result<(), SeedFileFault> {
        let path = self.file(organization, key);
        let folder = path.parent().unwrap_or(&self.0).to_owned();
        std::fs::remove_file(&path).map_err(|source| SeedFileFault::Io { path, source })?;
        std::fs::remove_dir(&folder).map_err(|source| SeedFileFault::Io { path: folder, source })
    }

    /// The sealed seed of a key, if its file is there.
    pub fn find(&self, organization: OrgId, key: &str) -> Result<Option<SealedSecret>, SeedFileFault> {
        let path = self.file(organization, key);
        match read(&path) {
            Err(SeedFileFault::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// All sealed seeds, in the order of their names; files of other kinds are not looked at.
    pub fn all(&self) -> Result<Vec<SeedFile>, SeedFileFault> {
        let mut found = Vec::new();
        for folder in names_in(&self.0)? {
            let Ok(organization) = folder.parse::<OrgId>() else { continue };
            for file in names_in(&self.0.join(&folder))? {
                let Some(key) = file.strip_suffix(".sealed").filter(|key| !key.is_empty()) else { continue };
                let sealed = read(&self.file(organization, key))?;
                found.push(SeedFile { name: format!("{folder}/{file}"), organization, key: key.to_owned(), sealed });
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }
}

/// The bytes of a seed file.
pub fn encode(sealed: &SealedSecret) -> Result<Vec<u8>, String> {
    let content = Content {
        key_id: sealed.key_id.clone(),
        nonce: hex::encode(&sealed.nonce),
        ciphertext: hex::encode(&sealed.ciphertext),
    };
    countersign_seal::canonical::to_bytes(&content).map_err(|fault| fault.to_string())
}

/// Reads the bytes of a seed file.
pub fn decode(bytes: &[u8]) -> Result<SealedSecret, String> {
    let value = countersign_seal::canonical::parse(bytes).map_err(|fault| fault.to_string())?;
    let content: Content = serde_json::from_value(value).map_err(|fault| fault.to_string())?;
    let bytes = |text: &str| hex::decode(text).map_err(|fault| fault.to_string());
    Ok(SealedSecret { nonce: bytes(&content.nonce)?, ciphertext: bytes(&content.ciphertext)?, key_id: content.key_id })
}

fn read(path: &Path) -> Result<SealedSecret, SeedFileFault> {
    let fault = |source| SeedFileFault::Io { path: path.to_owned(), source };
    let malformed = |message: String| SeedFileFault::Malformed { path: path.to_owned(), message };
    let bytes = limited::read(path, LONGEST).map_err(fault)?;
    let bytes = bytes.ok_or_else(|| malformed(format!("it is larger than {LONGEST} bytes")))?;
    decode(&bytes).map_err(malformed)
}

fn names_in(folder: &Path) -> Result<Vec<String>, SeedFileFault> {
    let fault = |source| SeedFileFault::Io { path: folder.to_owned(), source };
    match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).map_err(fault))
            .collect(),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(fault(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::{DataFolder, SealedSecret, SeedFiles};
    use crate::model::id::OrgId;

    #[test]
    fn a_sealed_seed_comes_back_from_its_file_which_nobody_else_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let files = SeedFiles::of(&DataFolder::at(folder.path()).unwrap());
        let organization = OrgId::fresh();
        let sealed = SealedSecret { key_id: "k".to_owned(), nonce: vec![1, 2], ciphertext: vec![3, 255] };
        assert_eq!(files.find(organization, "0a1b2c3d").unwrap(), None);
        files.keep(organization, "0a1b2c3d", &sealed).unwrap();
        assert_eq!(files.find(organization, "0a1b2c3d").unwrap().as_ref(), Some(&sealed));
        let all = files.all().unwrap();
        assert_eq!((all.len(), &all[0].sealed, all[0].organization), (1, &sealed, organization));
        #[cfg(unix)]
        {
            let mode = |path: &std::path::Path| {
                std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
            };
            let path = files.file(organization, "0a1b2c3d");
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    fn a_file_that_holds_something_else_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let files = SeedFiles::of(&DataFolder::at(folder.path()).unwrap());
        let organization = OrgId::fresh();
        let sealed = SealedSecret { key_id: "k".to_owned(), nonce: vec![1], ciphertext: vec![2] };
        files.keep(organization, "0a", &sealed).unwrap();
        std::fs::write(files.file(organization, "0a"), "{}").unwrap();
        assert!(files.find(organization, "0a").unwrap_err().to_string().contains("0a.sealed"));
    }
}
