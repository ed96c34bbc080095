//! `countersign backup`

use std::path::PathBuf;

use clap::Args;

use super::{Common, Ending, output, session};
use crate::recovery::backup::{KeyFile, backup};
use crate::store::InstanceScope;

/// Writes what the vault cannot give back into one small file: organizations, connections, sealed secrets and keys, runs,
/// places of reports, settings, the newest heads. Can be made while everything runs. Keep it beside a copy of the vault.
#[derive(Debug, Args)]
pub struct BackupArguments {
    /// File to write; must not be there
    file: PathBuf,
    /// Put the key file in too. Whoever has such a file can open every secret and sign in your name
    #[arg(long)]
    with_key: bool,
}

pub async fn run(common: &Common, arguments: BackupArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let settings = common.config.clone().unwrap_or_else(|| app.data.config_file());
    let key_file = if arguments.with_key { KeyFile::Within } else { KeyFile::Apart };
    let scope = InstanceScope::of_this_installation();
    let report = backup(&app, scope, &arguments.file, &settings, key_file).await?;
    if report.with_key {
        output::note(format_args!(
            "WARNING: this backup holds the key file. Whoever has it can open every secret and sign in every organization's name: keep it like the key itself."
        ));
    } else {
        output::note(format_args!(
            "It needs the key file with id {}: keep a copy of that apart from it.",
            report.secret_key_id
        ));
    }
    if common.json {
        output::json(&report)?;
    } else {
        output::line(&report.path.display().to_string())?;
    }
    Ok(Ending::Fine)
}
