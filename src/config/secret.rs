//! References to secrets: settings and commands name a place, never the secret.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

use super::limited;

/// A place that holds a secret: `env:NAME` or `file:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretReference {
    Environment(String),
    File(PathBuf),
}

/// Secrets are short; anything longer is the wrong file.
const LONGEST: u64 = 64 * 1024;

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretFault {
    #[error("a secret is given as env:NAME or file:PATH, never as text")]
    NotAReference,
    #[error("the environment variable {0} is not set")]
    NotSet(String),
    #[error("cannot read the secret file {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the secret file {0} is empty")]
    Empty(PathBuf),
    #[error("the secret file {0} is larger than 64 KiB; is it the right file?")]
    TooLarge(PathBuf),
}

impl FromStr for SecretReference {
    type Err = SecretFault;

    fn from_str(text: &str) -> Result<Self, SecretFault> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            _ => Err(SecretFault::NotAReference),
        }
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(formatter, "env:{name}"),
            Self::File(path) => write!(formatter, "file:{}", path.display()),
        }
    }
}

impl SecretReference {
    /// Reads the secret; a single trailing line end is not part of it.
    pub fn resolve(&self) -> Result<SecretString, SecretFault> {
        let mut text = match self {
            Self::Environment(name) => std::env::var(name).map_err(|_| SecretFault::NotSet(name.clone()))?,
            Self::File(path) => {
                let read = |source| SecretFault::Read { path: path.clone(), source };
                let text = limited::text(path, LONGEST).map_err(read)?;
                text.ok_or_else(|| SecretFault::TooLarge(path.clone()))?
            }
        };
        let kept = text.trim_end_matches(['\n', '\r']).len();
        text.truncate(kept);
        if text.is_empty() {
            return Err(match self {
                Self::Environment(name) => SecretFault::NotSet(name.clone()),
                Self::File(path) => SecretFault::Empty(path.clone()),
            });
        }
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::SecretReference;

    #[test]
    fn a_secret_typed_as_text_is_refused_and_not_repeated() {
        let fault = "hunter2".parse::<SecretReference>().unwrap_err().to_string();
        assert!(fault.contains("env:NAME") && !fault.contains("hunter2"));
    }

    #[test]
    fn the_line_end_of_a_secret_file_is_not_part_of_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3cret \r\n").unwrap();
        let secret = SecretReference::File(path).resolve().unwrap();
        assert_eq!(secret.expose_secret(), "s3cret ");
    }
}
