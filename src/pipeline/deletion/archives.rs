//! Writes archives again without some of their objects: the same records and checkpoint, byte for byte.

use std::collections::BTreeSet;
use std::path::PathBuf;

use countersign_seal::archive::{ArchiveWriter, DEFAULT_LEVEL};
use countersign_seal::digest::Digest;
use countersign_seal::names;
use countersign_seal::note::MAX_NOTE;
use countersign_seal::record::{KeptArchive, Record, ReplacedArchive, Replacement};

use crate::app::App;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::FetchedArchive;
use crate::pipeline::staging::StagedFile;
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
    let (path, left_out) = (app.data.staging_folder().join(&name), without.clone());
    let (staged, was, now, size) = blocking(move || copy(&fetched, path, &left_out)).await?;
    app.vault.put_archive(scope.id(), &name, staged.path()).await?;
    let replacement = Replacement {
        was: ReplacedArchive { name: archive.to_owned(), sha256: was },
        now: KeptArchive { name, sha256: now, size },
    };
    Ok(Rewritten { replacement, without })
}

fn copy(
    fetched: &FetchedArchive,
    path: PathBuf,
    without: &BTreeSet<Digest>,
) -> Result<(StagedFile, Digest, Digest, u64), CommitFault> {
    let (staged, file) = StagedFile::create(path)?;
    let mut container = fetched.open()?;
    let mut writer = ArchiveWriter::new(file, DEFAULT_LEVEL);
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
    drop(writer.finish(&records, &checkpoint)?);
    let fault = |source| CommitFault::Io { path: staged.path().to_owned(), source };
    let (now, size) = Digest::of_reader(std::fs::File::open(staged.path()).map_err(fault)?).map_err(fault)?;
    Ok((staged, fetched.digest()?, now, size))
}
