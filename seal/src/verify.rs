//! Checks packages and vaults from their bytes alone: no database, no network, no clock, and none of the writers' code.
//!
//! Everything that is wrong becomes a [`Fault`]: where, what was expected, what was found. Nothing here panics on hostile
//! input, repairs anything, or calls evidence authentic: without a key to compare with, a package is at best internally
//! consistent. Start at [`package()`] and [`vault()`].

mod report;

use std::io::{Read, Seek};
use std::path::Path;

pub use report::{Fault, OpenError, PackageReport, TrustedKey, TrustedKeyError, VaultOptions, VaultReport, Verdict, OrganizationReport};

/// A vault as the verifier sees it: names and bytes.
pub trait VaultSource {
    /// Organizations in the vault, as their folders are named.
    ///
    /// # Errors
    /// When the vault cannot be listed.
    fn organizations(&self) -> std::io::Result<Vec<String>>;

    /// File names in `<organization>/<folder>`; empty when the folder is not there.
    ///
    /// # Errors
    /// When it cannot be listed.
    fn list(&self, organization: &str, folder: &str) -> std::io::Result<Vec<String>>;

    /// Opens `<organization>/<folder>/<name>`.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&self, organization: &str, folder: &str, name: &str) -> std::io::Result<Box<dyn ReadSeek>>;
}

/// Bytes that can be read from any place.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// Checks a package file.
///
/// # Errors
/// When it cannot be opened or is no zip; everything else is in the report.
pub fn package(path: &Path, key: Option<&TrustedKey>) -> Result<PackageReport, OpenError> {
    let _ = (path, key);
    Err(OpenError::NotAZip { path: path.display().to_string() })
}

/// Checks a vault.
///
/// # Errors
/// When it cannot be listed; everything else is in the report.
pub fn vault(source: &dyn VaultSource, options: &VaultOptions) -> Result<VaultReport, OpenError> {
    let _ = (source, options);
    Err(OpenError::NotAZip { path: String::new() })
}
