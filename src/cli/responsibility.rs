//! `countersign responsibility list`

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::responsibility::Party;
use crate::pipeline::standing::Standing;

#[derive(Debug, Args)]
pub struct ResponsibilityArguments {
    #[command(subcommand)]
    command: ResponsibilityCommand,
}

#[derive(Debug, Subcommand)]
enum ResponsibilityCommand {
    /// List who is accountable for every control, and what each party does
    List(ListArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Only this framework
    #[arg(long)]
    framework: Option<FrameworkId>,
    /// Only where this party is accountable: provider, internal or vendor
    #[arg(long)]
    party: Option<Party>,
}

pub async fn run(common: &Common, arguments: ResponsibilityArguments) -> anyhow::Result<Ending> {
    let ResponsibilityCommand::List(arguments) = arguments.command;
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let standing = Standing::known(&app, &organization, app.clock.now()).await?;
    if let Some(framework) = &arguments.framework
        && !standing.matrices.contains_key(framework)
    {
        anyhow::bail!("{framework} is not among the frameworks of {}", organization.slug);
    }
    let mut values = Vec::new();
    let mut rows: Vec<[String; 6]> = Vec::new();
    for (framework, (matrix, state)) in &standing.matrices {
        if arguments.framework.as_ref().is_some_and(|only| only != framework) {
            continue;
        }
        let mine = matrix.rows.iter().filter(|row| arguments.party.is_none_or(|party| row.accountable == party));
        for row in mine {
            let title = app.catalog.control(framework, row.control.as_str()).map(|control| control.title.clone());
            values.push(json!({
                "id": row.objective.as_ref().map_or(row.control.as_str(), |objective| objective.as_str()),
                "framework": framework,
                "control": row.control,
                "objective": row.objective,
                "title": title,
                "kind": row.kind,
                "accountable": row.accountable,
                "provider_tasks": row.provider_tasks,
                "internal_tasks": row.internal_tasks,
                "document": row.document,
                "version": matrix.version,
                "state": state,
                "state_words": state.for_people(),
            }));
            rows.push([
                framework.to_string(),
                row.control.to_string(),
                row.accountable.title().to_owned(),
                row.kind.as_str().to_owned(),
                state.for_people().to_owned(),
                title.unwrap_or_default(),
            ]);
        }
    }
    if common.json {
        output::json(&values)?;
    } else {
        output::table(["framework", "control", "accountable", "kind", "state", "title"], &rows)?;
    }
    Ok(Ending::Fine)
}
