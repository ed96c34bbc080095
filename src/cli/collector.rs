//! `countersign collector list`

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::catalog::Catalog;
use crate::catalog::collector::{Cloud, CollectorDefinition};
use crate::doctor;

#[derive(Debug, Args)]
pub struct CollectorArguments {
    #[command(subcommand)]
    command: CollectorCommand,
}

#[derive(Debug, Subcommand)]
enum CollectorCommand {
    /// List what can be collected, with the least permission and licence each needs
    List(ListArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Only the permissions of Microsoft Graph, each with what it is needed for
    #[arg(long)]
    permissions: bool,
}

pub fn run(common: &Common, arguments: &CollectorArguments) -> anyhow::Result<Ending> {
    let CollectorCommand::List(list) = &arguments.command;
    let catalog = session::catalog(common)?;
    if list.permissions {
        return permissions(common, &catalog);
    }
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

/// The least permissions of all collectors together, as an app registration has to declare them.
fn permissions(common: &Common, catalog: &Catalog) -> anyhow::Result<Ending> {
    let needed = doctor::needed(catalog, Cloud::Custom);
    if common.json {
        let all: Vec<_> = needed
            .iter()
            .map(|(permission, collectors)| {
                json!({ "id": permission, "datasets": collectors.iter().map(|one| &one.id).collect::<Vec<_>>() })
            })
            .collect();
        output::json(&all)?;
    } else {
        let row = |(permission, collectors): (&&str, &Vec<&CollectorDefinition>)| {
            let titles: Vec<&str> = collectors.iter().map(|one| one.title.as_str()).collect();
            [(*permission).to_owned(), titles.join(", ")]
        };
        output::table(["permission", "to read"], &needed.iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(Ending::Fine)
}
