//! `countersign responsibility list`

use clap::Args;
use serde_json::json;

use super::super::{Common, Ending, output, session};
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::responsibility::Party;
use crate::pipeline::frameworks::framework_of;
use crate::pipeline::standing::Standing;
use crate::track::responsibilities::life::words_of;

#[derive(Debug, Args)]
pub struct ListArguments {
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

pub async fn run(common: &Common, arguments: ListArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let standing = Standing::known(&app, &organization, app.clock.now()).await?;
    if let Some(framework) = &arguments.framework
        && !standing.matrices.contains_key(framework)
    {
        framework_of(&app.catalog, &standing.organization, framework)?;
        anyhow::bail!("nothing was split for {framework} yet");
    }
    let mut values = Vec::new();
    let mut rows: Vec<[String; 6]> = Vec::new();
    let is_asked = |framework: &FrameworkId| arguments.framework.as_ref().is_none_or(|only| only == framework);
    for (framework, (matrix, state)) in standing.matrices.iter().filter(|(framework, _)| is_asked(framework)) {
        let mine = matrix.rows.iter().filter(|row| arguments.party.is_none_or(|party| row.accountable == party));
        for row in mine {
            let title = app.catalog.control(framework, row.control.as_str()).map(|control| control.title.clone());
            let id = row.objective.as_ref().map_or(row.control.as_str(), |objective| objective.as_str());
            values.push(json!({
                "id": id,
                "framework": framework,
                "control": row.control,
                "objective": row.objective,
                "title": title,
                "kind": row.kind,
                "accountable": row.accountable,
                "provider_tasks": row.provider_tasks,
                "internal_tasks": row.internal_tasks,
                "vendor_tasks": row.vendor_tasks,
                "provider_person": row.provider_person,
                "internal_person": row.internal_person,
                "document": row.document,
                "clause": row.clause,
                "version": matrix.version,
                "state": state,
                "state_words": state.for_people(),
            }));
            rows.push([
                framework.to_string(),
                id.to_owned(),
                row.accountable.title().to_owned(),
                row.kind.as_str().to_owned(),
                state.for_people().to_owned(),
                title.unwrap_or_default(),
            ]);
        }
    }
    if common.json {
        output::json(&values)?;
        return Ok(Ending::Fine);
    }
    output::table(["framework", "control", "accountable", "kind", "state", "title"], &rows)?;
    for (framework, versions) in standing.versions.iter().filter(|(framework, _)| is_asked(framework)) {
        for pending in versions.iter().filter(|one| one.is_pending()) {
            output::note(format_args!("{framework}: {}; it does not apply yet", output::plain(&words_of(pending))));
        }
    }
    Ok(Ending::Fine)
}
