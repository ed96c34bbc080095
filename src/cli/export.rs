//! `countersign export tiles`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::deliver::tiles;
use crate::model::id::OrgSlug;
use crate::store::OrgScope;

#[derive(Debug, Args)]
pub struct ExportArguments {
    #[command(subcommand)]
    command: ExportCommand,
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    /// The ledger as C2SP tlog-tiles: records, hashes, signed checkpoint. Repeat it to bring the folder up to date
    Tiles(TilesArguments),
}

#[derive(Debug, Args)]
struct TilesArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Folder to write into; what is there already is compared
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub async fn run(common: &Common, arguments: ExportArguments) -> anyhow::Result<Ending> {
    let ExportCommand::Tiles(tiles) = arguments.command;
    let app = session::app(common).await?;
    let scope = OrgScope::of(&session::organization(&app, &tiles.org).await?);
    match tiles::export(&app, &scope, &tiles.out).await {
        Ok(done) if common.json => output::json(&json!({
            "path": done.folder,
            "size": done.size,
            "written": done.written,
            "compared": done.compared,
        }))?,
        Ok(done) => output::line(&format!(
            "{}: {} records, {} written, {} that were there are the same",
            done.folder.display(),
            done.size,
            output::count(usize::try_from(done.written).unwrap_or(usize::MAX), "file"),
            done.compared,
        ))?,
        Err(fault) if fault.is_altered() => {
            if common.json {
                output::json(&json!({ "verified": false, "fault": fault.to_string() }))?;
            } else {
                output::line(&format!("ALTERED: {fault}"))?;
            }
            return Ok(Ending::Altered);
        }
        Err(fault) => return Err(fault.into()),
    }
    Ok(Ending::Fine)
}
