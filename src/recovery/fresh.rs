//! A new database beside the old place, moved there only when it is whole.
//!
//! SQLite is made in a file of another name. PostgreSQL is filled where it is, so it must be empty, or be what an attempt
//! that was cut off has left: the installation's own row is written last, and a database without it is refused at every
//! start and may be emptied here.

use std::path::{Path, PathBuf};

use super::RecoveryFault;
use crate::config::Config;
use crate::config::data_folder::{DataFolder, sync_folder};
use crate::model::time::Timestamp;
use crate::store::Store;

/// What becomes of a database that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Refuse,
    /// A SQLite file is kept under another name.
    Keep,
}

/// Where the new database is made and where it belongs.
#[derive(Debug)]
pub(super) struct FreshDatabase {
    /// None for PostgreSQL.
    files: Option<Files>,
}

#[derive(Debug)]
struct Files {
    making: PathBuf,
    place: PathBuf,
    /// A database lies in that place and must be kept.
    is_taken: bool,
}

/// SQLite's side files.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

impl FreshDatabase {
    /// Looks whether a new database may be made; changes nothing.
    pub(super) async fn may_be_made(
        data: &DataFolder,
        config: &Config,
        existing: Existing,
    ) -> Result<(), RecoveryFault> {
        if let Some(url) = config.postgres_url()? {
            let store = Store::open_postgres(&url, config.database.read_connections).await?;
            let unused = store.is_unused().await;
            let half_made = store.is_half_made().await;
            store.close().await?;
            return if unused? || half_made? { Ok(()) } else { Err(RecoveryFault::PostgresInUse) };
        }
        let place = data.database_file();
        if existing == Existing::Refuse && place.exists() && !is_unused(&place).await? {
            return Err(RecoveryFault::DatabaseThere(place));
        }
        Ok(())
    }

    /// Opens a new database, empty and with its schema.
    pub(super) async fn open(
        data: &DataFolder,
        config: &Config,
        existing: Existing,
    ) -> Result<(Self, Store), RecoveryFault> {
        Self::may_be_made(data, config, existing).await?;
        let connections = config.database.read_connections;
        if let Some(url) = config.postgres_url()? {
            let store = Store::open_postgres(&url, connections).await?;
            store.clear_half_made().await?;
            store.migrate().await?;
            return Ok((Self { files: None }, store));
        }
        let place = data.database_file();
        let making = beside(&place, ".rebuilding");
        let is_taken = place.exists();
        // What an attempt that was cut off has left.
        for leftover in with_side_files(&making) {
            remove(&leftover)?;
        }
        data.create().map_err(crate::app::AppFault::from)?;
        let store = Store::open_sqlite(&making, connections).await?;
        store.migrate().await?;
        Ok((Self { files: Some(Files { making, place, is_taken }) }, store))
    }

    /// Closes the new database and moves it into its place; returns under which name the old one is kept.
    pub(super) async fn publish(self, store: Store, now: Timestamp) -> Result<Option<PathBuf>, RecoveryFault> {
        store.close().await?;
        let Some(Files { making, place, is_taken }) = self.files else { return Ok(None) };
        let file = std::fs::File::open(&making).map_err(RecoveryFault::io(&making))?;
        file.sync_all().map_err(RecoveryFault::io(&making))?;
        let kept = if is_taken { Some(keep(&place, now)?) } else { None };
        // Side files belong to the database that was here; beside another one they would be read as its own.
        for side in side_files(&place) {
            remove(&side)?;
        }
        for (from, to) in side_files(&making).into_iter().zip(side_files(&place)) {
            if from.exists() {
                std::fs::rename(&from, to).map_err(RecoveryFault::io(&from))?;
            }
        }
        std::fs::rename(&making, &place).map_err(RecoveryFault::io(&making))?;
        let folder = place.parent().unwrap_or(Path::new("."));
        sync_folder(folder).map_err(RecoveryFault::io(folder))?;
        Ok(kept)
    }

    /// Closes a database that will not be used, and removes what was made of it.
    pub(super) async fn give_up(self, store: Store) {
        // What cannot be closed or removed is removed by the next attempt.
        store.close().await.ok();
        if let Some(files) = self.files {
            for file in with_side_files(&files.making) {
                std::fs::remove_file(file).ok();
            }
        }
    }
}

/// Whether a SQLite file holds nothing: an attempt to open a lost database leaves such a one.
async fn is_unused(file: &Path) -> Result<bool, RecoveryFault> {
    // A file that is no database any more is not unused: somebody may want to look at it.
    let Ok(store) = Store::open_sqlite(file, 1).await else { return Ok(false) };
    let unused = store.is_unused().await;
    store.close().await?;
    Ok(unused.unwrap_or(false))
}

/// Gives the database in a place a second name, with its side files, whole before anything is removed: whoever is cut
/// off in between has it under both. An attempt before this one may have kept it already, within the same second.
fn keep(place: &Path, now: Timestamp) -> Result<PathBuf, RecoveryFault> {
    let name = beside(place, &format!(".before-rebuild-{}", now.for_file_names()));
    let mut aside = name.clone();
    for more in 2.. {
        if !with_side_files(&aside).iter().any(|file| file.exists()) {
            break;
        }
        aside = beside(&name, &format!("-{more}"));
    }
    for (from, to) in with_side_files(place).into_iter().zip(with_side_files(&aside)) {
        if from.exists() {
            std::fs::hard_link(&from, &to).map_err(RecoveryFault::io(&to))?;
        }
    }
    let folder = place.parent().unwrap_or(Path::new("."));
    sync_folder(folder).map_err(RecoveryFault::io(folder))?;
    Ok(aside)
}

fn remove(file: &Path) -> Result<(), RecoveryFault> {
    match std::fs::remove_file(file) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => Err(RecoveryFault::io(file)(fault)),
        _ => Ok(()),
    }
}

fn side_files(file: &Path) -> [PathBuf; 2] {
    BESIDE.map(|ending| beside(file, ending))
}

fn with_side_files(file: &Path) -> Vec<PathBuf> {
    side_files(file).into_iter().chain([file.to_owned()]).collect()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
