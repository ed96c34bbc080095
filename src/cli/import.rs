//! `countersign import files`; lines are `import_lines.rs`'s

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::import_lines::LinesArguments;
use super::{Common, Ending, output, session};
use crate::collect::import::ImportFolder;
use crate::model::id::OrgSlug;
use crate::pipeline::importing;

#[derive(Debug, Args)]
pub struct ImportArguments {
    #[command(subcommand)]
    command: ImportCommand,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    /// Seal every file of a folder, recursively: one record a file, one archive and step for each 4,096 files
    Files(FilesArguments),
    /// Take lines from standard input as they come, each acknowledged once it is durable, and seal them
    Lines(LinesArguments),
}

#[derive(Debug, Args)]
struct FilesArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Folder; links and special files in it are refused
    dir: PathBuf,
}

pub async fn run(common: &Common, arguments: ImportArguments) -> anyhow::Result<Ending> {
    match arguments.command {
        ImportCommand::Files(arguments) => files(common, arguments).await,
        ImportCommand::Lines(arguments) => super::import_lines::run(common, arguments).await,
    }
}

async fn files(common: &Common, arguments: FilesArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let id = "import/files".parse()?;
    let definition = app.catalog.collectors.get(&id).context("the catalog has no collector import/files")?;
    let folder = std::path::absolute(&arguments.dir)?;
    let files = ImportFolder::survey(&folder, definition, app.clock.as_ref())?;
    let mut lines = Vec::new();
    let keep = |line| {
        if common.json {
            lines.push(line);
        }
    };
    let report = importing::import(&app, &organization, &files, keep).await?;
    if common.json {
        output::json(&json!({
            "run": report.run,
            "files": report.records,
            "records": report.records,
            "ledger_size": report.ledger_size,
            "datasets": lines,
        }))?;
    } else {
        let many = usize::try_from(report.records).unwrap_or(usize::MAX);
        output::line(&format!("Sealed {} of {}", output::count(many, "file"), folder.display()))?;
        output::line(&format!("Ledger: {} records", report.ledger_size))?;
    }
    Ok(Ending::Fine)
}
