//! `countersign rebuild`

use std::sync::Arc;

use clap::Args;
use countersign_seal::verify::VaultReport;
use countersign_seal::verify::words::tell_vault;
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::catalog::Catalog;
use crate::model::time::SystemClock;
use crate::recovery::Outcome;
use crate::recovery::loss::Loss;
use crate::recovery::rebuild::{Existing, RebuiltOrganization, rebuild};

/// Makes a new database from the vault alone, after checking it whole. An altered vault makes none (exit code 3). Says
/// what could not be restored.
#[derive(Debug, Args)]
pub struct RebuildArguments {
    /// Where there is a SQLite database already, keep it as countersign.db.before-rebuild-TIME and make a new one
    #[arg(long)]
    replace: bool,
}

pub async fn run(common: &Common, arguments: RebuildArguments) -> anyhow::Result<Ending> {
    let data = session::data_folder(common)?;
    let config = session::config(common, Some(&data))?;
    let catalog = Catalog::load(&session::file_set(&config))?;
    let existing = if arguments.replace { Existing::Keep } else { Existing::Refuse };
    let done = match rebuild(data, config, Arc::new(catalog), Arc::new(SystemClock), existing).await? {
        Outcome::Done(done) => done,
        Outcome::Altered(report) => return altered(common, &report, "no database was made"),
    };
    if common.json {
        output::json(&done)?;
        return Ok(Ending::Fine);
    }
    output::line("The vault is in order, and a new database was made from it.")?;
    if let Some(kept) = &done.kept {
        output::line(&format!("The old database is kept as {}", kept.display()))?;
    }
    tell(&done.organizations, &done.not_restored)?;
    Ok(Ending::Fine)
}

/// Says what is there again and what is not.
pub(super) fn tell(organizations: &[RebuiltOrganization], not_restored: &[Loss]) -> anyhow::Result<()> {
    for one in organizations {
        output::line(&format!(
            "{}: {} from {}",
            one.id,
            output::count(usize::try_from(one.records).unwrap_or(usize::MAX), "record"),
            output::count(usize::try_from(one.commits).unwrap_or(usize::MAX), "commit"),
        ))?;
    }
    if not_restored.is_empty() {
        return Ok(());
    }
    output::line("Not restored:")?;
    for loss in not_restored {
        let whose = loss.organization.as_ref().map(|slug| format!("{slug}: ")).unwrap_or_default();
        output::line(&output::plain(&format!("- {whose}{}", loss.message)))?;
    }
    Ok(())
}

/// Says that the vault is not to be believed.
pub(super) fn altered(common: &Common, report: &VaultReport, so: &str) -> anyhow::Result<Ending> {
    if common.json {
        let mut value = serde_json::to_value(report)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("verified".to_owned(), json!(false));
        }
        output::json(&value)?;
    } else {
        output::line(&tell_vault(report))?;
    }
    output::note(format_args!("The vault is altered or older than it is known to have been; {so}."));
    Ok(Ending::Altered)
}
