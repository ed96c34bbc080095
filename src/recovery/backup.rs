//! A small file with exactly what the vault cannot give back. Start with [`backup`].

use std::path::{Path, PathBuf};

use countersign_seal::canonical;
use serde::Serialize;

use super::RecoveryFault;
use super::file::{self, ABOUT, About, CHECKPOINTS, Entries, FORMAT, KEYS, SECRET_KEY, SETTINGS, TABLES};
use crate::app::App;
use crate::config::seed_files::{self, SeedFiles};
use crate::pipeline::fault::CommitFault;
use crate::store::InstanceScope;

/// Whether the key file goes into the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFile {
    /// It must be kept elsewhere.
    Apart,
    /// Whoever has such a backup can open every secret and sign in every organization's name.
    Within,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct BackupReport {
    pub path: PathBuf,
    pub organizations: usize,
    /// Id of the key file that is needed with it.
    pub secret_key_id: String,
    pub with_key: bool,
}

/// Writes a backup to `path`. `settings` is the settings file in use, if there is one.
pub async fn backup(
    app: &App,
    scope: InstanceScope,
    path: &Path,
    settings: &Path,
    key_file: KeyFile,
) -> Result<BackupReport, RecoveryFault> {
    let path = std::path::absolute(path).map_err(RecoveryFault::io(path))?;
    if path.exists() {
        return Err(RecoveryFault::FileThere(path));
    }
    let (rows, checkpoints) = app.store.rows_for_backup(scope).await?;
    let (instance, _) = rows.instance()?;
    let mut entries = Entries::new();
    for (table, lines) in rows.to_lines()? {
        entries.insert(format!("{TABLES}{table}.jsonl"), lines);
    }
    for (organization, checkpoint) in &checkpoints {
        entries.insert(format!("{CHECKPOINTS}{organization}"), checkpoint.clone().into_bytes());
    }
    for seed in SeedFiles::of(&app.data).all()? {
        let bytes = seed_files::encode(&seed.sealed)
            .map_err(|message| RecoveryFault::Damaged { path: app.data.keys_folder().join(&seed.name), message })?;
        entries.insert(format!("{KEYS}{}", seed.name), bytes);
    }
    if settings.exists() {
        entries.insert(SETTINGS.to_owned(), std::fs::read(settings).map_err(RecoveryFault::io(settings))?);
    }
    if key_file == KeyFile::Within {
        let file = app.data.secret_key_file(&app.config);
        entries.insert(SECRET_KEY.to_owned(), std::fs::read(&file).map_err(RecoveryFault::io(&file))?);
    }
    let about = About {
        format: FORMAT.to_owned(),
        created: app.clock.now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        instance: instance.id,
        secret_key_id: instance.secret_key_id.clone(),
    };
    entries.insert(ABOUT.to_owned(), canonical::to_bytes(&about).map_err(CommitFault::from)?);
    let organizations = rows.organizations()?.len();
    file::write(&path, &entries)?;
    Ok(BackupReport {
        path,
        organizations,
        secret_key_id: instance.secret_key_id,
        with_key: key_file == KeyFile::Within,
    })
}
