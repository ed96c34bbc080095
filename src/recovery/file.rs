//! The backup's file, format `countersign-backup/1`: a zip with a list of digests, written whole or not at all, and read
//! whole before anything of it is believed.
//!
//! | entry | content |
//! |---|---|
//! | `backup.json` | canonical: what it is of, and when |
//! | `tables/<table>.jsonl` | rows, a JSON object a line |
//! | `checkpoints/<organization>` | the newest signed head |
//! | `keys/<organization>/<key id>.sealed` | sealed signing seeds |
//! | `countersign.toml`, `secret.key` | settings; the key, only when asked for |
//! | `SHA256SUMS` | every other entry |

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;

use countersign_seal::canonical;
use countersign_seal::container::{Container, Folders};
use countersign_seal::digest::Digest;
use countersign_seal::names::{MAX_WHOLE, SUMS};
use countersign_seal::sums::Sums;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::RecoveryFault;
use crate::config::data_folder::sync_folder;
use crate::model::time::Timestamp;

/// The format this version writes.
pub const FORMAT: &str = "countersign-backup/1";

pub(super) const ABOUT: &str = "backup.json";
pub(super) const SETTINGS: &str = "countersign.toml";
pub(super) const SECRET_KEY: &str = "secret.key";
pub(super) const TABLES: &str = "tables/";
pub(super) const CHECKPOINTS: &str = "checkpoints/";
pub(super) const KEYS: &str = "keys/";

/// What a backup is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// [`FORMAT`].
    pub format: String,
    pub created: Timestamp,
    /// Version of the program that wrote it.
    pub program: String,
    pub instance: uuid::Uuid,
    /// Id of the key file that opens its secrets.
    pub secret_key_id: String,
}

/// Entries by name.
pub(super) type Entries = BTreeMap<String, Vec<u8>>;

/// Writes entries and their list to `path`, which must not be there.
pub(super) fn write(path: &Path, entries: &Entries) -> Result<(), RecoveryFault> {
    if path.exists() {
        return Err(RecoveryFault::FileThere(path.to_owned()));
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = Path::new(&unfinished);
    let written = fill(unfinished, entries);
    if let Err(source) = written {
        // The fault that matters is the first one.
        std::fs::remove_file(unfinished).ok();
        return Err(RecoveryFault::Io { path: path.to_owned(), source });
    }
    std::fs::rename(unfinished, path).map_err(RecoveryFault::io(path))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_folder(folder).map_err(RecoveryFault::io(folder))
}

fn fill(path: &Path, entries: &Entries) -> std::io::Result<()> {
    let bytes = packed(entries)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(&bytes)?;
    file.sync_all()
}

/// In memory, as its entries are: a `ZipWriter` over a file whose disk fails panics when it is dropped.
fn packed(entries: &Entries) -> std::io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let entry = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(0o600);
    let mut sums = Sums::default();
    for (name, bytes) in entries {
        if !sums.insert(name, Digest::of(bytes)) {
            return Err(std::io::Error::other(format!("`{name}` cannot be the name of an entry")));
        }
        zip.start_file(name.as_str(), entry)?;
        zip.write_all(bytes)?;
    }
    zip.start_file(SUMS, entry)?;
    zip.write_all(&sums.encode())?;
    Ok(zip.finish()?.into_inner())
}

/// Reads a backup whole: structure, format, list, every digest.
pub(super) fn read(path: &Path) -> Result<(About, Entries), RecoveryFault> {
    let damaged = |message: String| RecoveryFault::Damaged { path: path.to_owned(), message };
    let file = std::fs::File::open(path).map_err(RecoveryFault::io(path))?;
    let mut container = Container::open(file, Folders::Refused).map_err(|fault| damaged(fault.to_string()))?;
    let mut read = |name: &str| container.read(name, MAX_WHOLE).map_err(|fault| damaged(fault.to_string()));
    let about = read(ABOUT)?;
    let about = canonical::parse(&about).map_err(|fault| damaged(format!("{ABOUT}: {fault}")))?;
    let format = about.get("format").and_then(serde_json::Value::as_str).unwrap_or_default();
    if format != FORMAT {
        let format: String = format.chars().take(80).collect();
        return Err(damaged(format!("its format is `{format}`, this version reads {FORMAT}; use a newer version")));
    }
    let about: About = serde_json::from_value(about).map_err(|fault| damaged(format!("{ABOUT}: {fault}")))?;
    let sums = Sums::parse(&read(SUMS)?).map_err(|fault| damaged(format!("{SUMS}: {fault}")))?;
    let names: Vec<String> = container.entries().map(|(name, _)| name.to_owned()).collect();
    if let Some((missing, _)) = sums.iter().find(|(name, _)| container.size(name).is_none()) {
        return Err(damaged(format!("`{missing}` is missing")));
    }
    let mut entries = Entries::new();
    for name in names.into_iter().filter(|name| name != SUMS) {
        let bytes = container.read(&name, MAX_WHOLE).map_err(|fault| damaged(fault.to_string()))?;
        match sums.get(&name) {
            None => return Err(damaged(format!("`{name}` is not in its list"))),
            Some(digest) if *digest != Digest::of(&bytes) => return Err(damaged(format!("`{name}` was altered"))),
            Some(_) => entries.insert(name, bytes),
        };
    }
    Ok((about, entries))
}
