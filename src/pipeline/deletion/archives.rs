//! Writes archives again without some of their objects: the same records and checkpoint, byte for byte.

use std::collections::BTreeSet;
use std::path::Path;

use countersign_seal::archive::{ArchiveWriter, DEFAULT_LEVEL};
use countersign_seal::digest::Digest;
use countersign_seal::names;
use countersign_seal::note::MAX_NOTE;
use countersign_seal::record::{KeptArchive, Record, ReplacedArchive, Replacement};

use crate::app::App;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::FetchedArchive;
use crate::store::OrgScope;

/// An archive and the one that is ready to come in its place.
#[derive(Debug, Clone)]
pub struct Rewritten {
    pub replacement: Replacement,
    /// The objects that the new one leaves out.
    pub without: BTreeSet<Digest>,
}

/// Stores a copy of an archive that lacks `without`; durable in the vault when this returns, and in nobody's use yet.
pub(super) async fn rewrite(
    app: &App,
    scope: &OrgScope,
    archive: &str,
    without: BTreeSet<Digest>,
) -> Result<Rewritten, CommitFault> {
    let fetched = FetchedArchive::fetch(app, scope, archive).await?;
    let name = format!("{}-{}.zip", app.clock.now().for_file_names(), uuid::Uuid::now_v7());
    let staged = app.data.staging_folder().join(&name);
    let (path, left_out) = (staged.clone(), without.clone());
    let (was, now, size) = blocking(move || copy(&fetched, &path, &left_out)).await?;
    app.vault.put_archive(scope.id(), &name, &staged).await?;
    std::fs::remove_file(&staged).map_err(|source| CommitFault::Io { path: staged.clone(), source })?;
    let replacement = Replacement {
        was: ReplacedArchive { name: archive.to_owned(), sha256: was },
        now: KeptArchive { name, sha256: now, size },
    };
    Ok(Rewritten { replacement, without })
}

fn copy(
    fetched: &FetchedArchive,
    path: &Path,
    without: &BTreeSet<Digest>,
) -> Result<(Digest, Digest, u64), CommitFault> {
    let fault = |source| CommitFault::Io { path: path.to_owned(), source };
    let file = std::fs::File::options().create_new(true).read(true).write(true).open(path).map_err(fault)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(fault)?;
    let mut container = fetched.open()?;
    let mut writer = ArchiveWriter::new(std::io::BufWriter::with_capacity(1 << 18, file), DEFAULT_LEVEL);
    let objects: Vec<(Digest, u64)> = container
        .entries()
        .filter_map(|(name, size)| Some((name.strip_prefix(names::OBJECTS)?.parse().ok()?, size)))
        .filter(|(digest, _)| !without.contains(digest))
        .collect();
    for (digest, size) in objects {
        writer.add_reader(digest, size, container.stream(&names::object_entry(&digest))?)?;
    }
    let size = container.size(names::RECORDS).unwrap_or_default();
    let lines = container.read(names::RECORDS, size)?;
    let records = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(Record::parse)
        .collect::<Result<Vec<Record>, _>>()?;
    let checkpoint = container.read(names::CHECKPOINT, MAX_NOTE as u64)?;
    let checkpoint = String::from_utf8_lossy(&checkpoint).into_owned();
    let (writer, _) = writer.finish(&records, &checkpoint)?;
    let file = writer.into_inner().map_err(|unwritten| fault(unwritten.into_error()))?;
    drop(file);
    let (now, size) = Digest::of_reader(std::fs::File::open(path).map_err(fault)?).map_err(fault)?;
    Ok((fetched.digest()?, now, size))
}
