//! `countersign collector list`

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};

#[derive(Debug, Args)]
pub struct CollectorArguments {
    #[command(subcommand)]
    command: CollectorCommand,
}

#[derive(Debug, Subcommand)]
enum CollectorCommand {
    /// List what can be collected, with the least permission and licence each needs
    List,
}

pub fn run(common: &Common, arguments: &CollectorArguments) -> anyhow::Result<Ending> {
    let CollectorCommand::List = arguments.command;
    let catalog = session::catalog(common)?;
    if common.json {
        let all: Vec<_> = catalog
            .collectors
            .values()
            .map(|one| {
                json!({
                    "id": one.id,
                    "title": one.title,
                    "source": one.source,
                    "permission": one.permission,
                    "licence": one.licence,
                    "clouds": one.clouds,
                    "schedule": one.schedule,
                    "time_to_live_hours": one.time_to_live_hours,
                    "proves": one.proves,
                    "digest": one.digest,
                })
            })
            .collect();
        output::json(&all)?;
    } else {
        let rows: Vec<[String; 5]> = catalog
            .collectors
            .values()
            .map(|one| {
                [
                    one.id.to_string(),
                    one.source.as_str().to_owned(),
                    one.schedule.clone(),
                    one.permission.clone().unwrap_or_default(),
                    one.title.clone(),
                ]
            })
            .collect();
        output::table(["id", "source", "schedule", "permission", "title"], &rows)?;
    }
    Ok(Ending::Fine)
}
