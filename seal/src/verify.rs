//! Checks packages and vaults from their bytes alone: no database, no network, no clock, and none of the writers' code.
//!
//! Everything that is wrong becomes a [`Fault`]: where, what was expected, what was found. Nothing here panics on hostile
//! input, repairs anything, or calls evidence authentic: without a key to compare with, a package is at best internally
//! consistent. Start at [`package()`] and [`vault()`].

mod package;
mod report;
mod vault;
pub mod words;

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

pub use report::{
    Fault, OpenError, OrganizationReport, PackageReport, TrustedKey, TrustedKeyError, VaultOptions, VaultReport,
    Verdict,
};

use crate::container::printable;

/// A vault as the verifier sees it: names and bytes.
pub trait VaultSource {
    /// Organizations in the vault, as their folders are named.
    ///
    /// # Errors
    /// When the vault cannot be listed.
    fn organizations(&self) -> io::Result<Vec<String>>;

    /// File names in `<organization>/<folder>`; empty when the folder is not there.
    ///
    /// # Errors
    /// When it cannot be listed.
    fn list(&self, organization: &str, folder: &str) -> io::Result<Vec<String>>;

    /// Opens `<organization>/<folder>/<name>`.
    ///
    /// # Errors
    /// When it cannot be opened.
    fn open(&self, organization: &str, folder: &str, name: &str) -> io::Result<Box<dyn ReadSeek>>;
}

/// Bytes that can be read from any place.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// A vault in a local folder.
#[derive(Debug, Clone)]
pub struct DirectoryVault {
    folder: PathBuf,
}

impl DirectoryVault {
    /// The vault whose organizations are the folders in `folder`.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

impl VaultSource for DirectoryVault {
    fn organizations(&self) -> io::Result<Vec<String>> {
        names_in(&self.folder)
    }

    fn list(&self, organization: &str, folder: &str) -> io::Result<Vec<String>> {
        match names_in(&self.folder.join(organization).join(folder)) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other,
        }
    }

    fn open(&self, organization: &str, folder: &str, name: &str) -> io::Result<Box<dyn ReadSeek>> {
        Ok(Box::new(File::open(self.folder.join(organization).join(folder).join(name))?))
    }
}

/// Names in byte order; a name that is not Unicode is shown with replacement characters and then matches nothing.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// Checks a package file.
///
/// # Errors
/// When it cannot be opened, is no zip, or holds and is of a newer version; everything else is in the report.
pub fn package(path: &Path, key: Option<&TrustedKey>) -> Result<PackageReport, OpenError> {
    let shown = || path.display().to_string();
    if path.is_dir() {
        return Err(OpenError::AFolder { path: shown() });
    }
    let file = File::open(path).map_err(|source| OpenError::Io { path: shown(), source })?;
    package_from(file, &shown(), key)
}

/// Checks a package from any bytes; `shown` names them in messages.
///
/// # Errors
/// As [`package()`].
pub fn package_from(
    reader: impl Read + Seek,
    shown: &str,
    key: Option<&TrustedKey>,
) -> Result<PackageReport, OpenError> {
    package::check(reader, shown, key)
}

/// Checks a vault: every log object, archive, record, head and, unless skipped, every object.
///
/// # Errors
/// When the vault or one of its folders cannot be listed, or nothing is wrong but a ledger is of a newer version;
/// everything else is in the report.
pub fn vault(source: &dyn VaultSource, options: &VaultOptions) -> Result<VaultReport, OpenError> {
    vault::check(source, options)
}

/// Collects faults; the first hundred are kept, the rest counted.
#[derive(Debug, Default)]
struct Faults {
    listed: Vec<Fault>,
    more: u64,
}

impl Faults {
    fn add(&mut self, place: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) {
        if self.listed.len() < 100 {
            let [place, expected, found] =
                [place.into(), expected.into(), found.into()].map(|text| printable_long(&text));
            self.listed.push(Fault { place, expected, found });
        } else {
            self.more += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }
}

fn printable_long(text: &str) -> String {
    text.chars().take(400).map(|character| if character.is_control() { '?' } else { character }).collect()
}

/// Whether a format is a later version of one this verifier knows.
fn is_newer(format: &str, known: &str) -> bool {
    let version = |format: &str| {
        let (name, version) = format.split_once('/')?;
        let number: u64 = version.parse().ok()?;
        (number.to_string() == version).then(|| (name.to_owned(), number))
    };
    match (version(format), version(known)) {
        (Some((name, found)), Some((same, known))) => name == same && found > known,
        _ => false,
    }
}

/// An error with its causes in one line.
fn told(fault: &dyn Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    printable(&text)
}
