//! A statement about this workload that another identity provider signed and keeps fresh in a file, as workload identities
//! do. It takes a secret's place at the token endpoint. Read anew for each token request, never kept, never shown.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::connection::ConnectionError;

/// A longer file is no signed statement.
const LARGEST: u64 = 64 * 1024;

/// Where the statement lies.
#[derive(Clone, PartialEq, Eq)]
pub struct FederatedToken(PathBuf);

impl fmt::Debug for FederatedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FederatedToken({})", self.0.display())
    }
}

impl FederatedToken {
    /// Takes an absolute path; the file need not be there yet.
    ///
    /// # Errors
    /// [`ConnectionError::NotATokenFile`] for a relative path, which would mean another file for every command.
    pub fn at(path: &Path) -> Result<Self, ConnectionError> {
        let refused = || ConnectionError::NotATokenFile(path.display().to_string().chars().take(200).collect());
        if path.is_absolute() { Ok(Self(path.to_owned())) } else { Err(refused()) }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The statement as it is now.
    ///
    /// # Errors
    /// A sentence that names the file and what to do; never what is in it.
    pub(super) fn read(&self) -> Result<SecretString, String> {
        let path = self.0.display();
        let unreadable = |cause: std::io::Error| {
            format!(
                "the federated token file {path} cannot be read ({cause}): check that the service which writes it runs and \
                 that this program may read it"
            )
        };
        // Opening something that is no file could wait for ever.
        if !std::fs::metadata(&self.0).map_err(unreadable)?.is_file() {
            return Err(format!("the federated token file {path} is not a file: name the file that holds the token"));
        }
        let mut text = String::new();
        let file = std::fs::File::open(&self.0).map_err(unreadable)?;
        file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > LARGEST {
            return Err(format!(
                "the federated token file {path} is longer than {LARGEST} bytes, so it holds no token"
            ));
        }
        let statement = text.trim();
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if statement.split('.').count() != 3 || !statement.split('.').all(is_part) {
            return Err(format!(
                "the federated token file {path} holds no signed statement (three parts with dots between them): name the \
                 file that the identity provider writes"
            ));
        }
        Ok(SecretString::from(statement.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{FederatedToken, LARGEST};
    use secrecy::ExposeSecret as _;

    #[test]
    fn the_statement_is_read_anew_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = FederatedToken::at(&path).unwrap();
        for statement in ["aaa.bbb.ccc", "ddd.eee.fff"] {
            std::fs::write(&path, format!("{statement}\n")).unwrap();
            assert_eq!(token.read().unwrap().expose_secret(), statement);
        }
    }

    #[test]
    fn what_is_no_statement_is_refused_in_words_that_do_not_repeat_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = FederatedToken::at(&path).unwrap();
        assert!(token.read().unwrap_err().contains("cannot be read"));
        let long = format!("a.b.{}", "c".repeat(usize::try_from(LARGEST).unwrap()));
        for (content, words) in [
            ("", "no signed statement"),
            ("hunter2", "no signed statement"),
            ("hunter2.b", "no signed statement"),
            ("hunter2.b.c d", "no signed statement"),
            ("a..c", "no signed statement"),
            (long.as_str(), "longer than"),
        ] {
            std::fs::write(&path, content).unwrap();
            let refusal = token.read().unwrap_err();
            assert!(refusal.contains(words) && refusal.contains("token"), "{refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
        assert!(FederatedToken::at(folder.path()).unwrap().read().unwrap_err().contains("not a file"));
        assert!(FederatedToken::at(std::path::Path::new("token")).is_err());
    }
}
