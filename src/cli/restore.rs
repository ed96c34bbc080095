//! `countersign restore`

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{Common, Ending, output, rebuild, session};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::model::time::SystemClock;
use crate::recovery::Outcome;
use crate::recovery::restore::{Backup, KeepSettings};
use crate::store::InstanceScope;

/// Makes an installation from a backup and a copy of its vault, which must be in its place already. The database is the
/// kind that the settings name, whatever it was before. A vault that is older than the backup is refused (exit code 3).
#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// What `countersign backup` wrote
    file: PathBuf,
}

pub async fn run(common: &Common, arguments: RestoreArguments) -> anyhow::Result<Ending> {
    let data = session::data_folder(common)?;
    let backup = Backup::read(&arguments.file)?;
    let in_place = data.config_file();
    // Settings that were chosen for the new place come before those of the old one.
    let (config, keep) = match backup.settings() {
        Some(text) if common.config.is_none() && !in_place.exists() => {
            (Config::of_text(text, &in_place)?, KeepSettings::Write)
        }
        _ => (session::config(common, Some(&data))?, KeepSettings::Leave),
    };
    let catalog = Catalog::load(&session::file_set(&config))?;
    let scope = InstanceScope::of_this_installation();
    let clock = Arc::new(SystemClock);
    let done = match backup.restore(data, config, Arc::new(catalog), clock, scope, keep).await? {
        Outcome::Done(done) => done,
        Outcome::Altered(report) => return rebuild::altered(common, &report, "nothing was restored"),
    };
    if common.json {
        output::json(&done)?;
    } else {
        output::line(&format!("Restored what was backed up {}", done.created.for_people()))?;
        rebuild::tell(&done.organizations, &done.not_restored)?;
    }
    if !done.secret_key_is_here {
        output::note(format_args!(
            "The key file with id {} is not here: put it to {} before anything else; nothing opens without it.",
            done.secret_key_id,
            done.secret_key_file.display()
        ));
    }
    Ok(Ending::Fine)
}
