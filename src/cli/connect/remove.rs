//! `countersign connect list|remove`

use clap::Args;
use serde_json::{Value, json};

use crate::app::App;
use crate::cli::{Common, Ending, output, session};
use crate::model::evidence::Source;
use crate::model::id::{OrgSlug, PersonHandle};
use crate::pipeline::decisions::connections::{Removed, disconnect};
use crate::store::OrgScope;

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArguments {
    /// The tenant or host, as `countersign connect list` names it
    target: String,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// `graph` or `host`, where a tenant and a host have the same name
    #[arg(long)]
    source: Option<Source>,
    /// Who decides
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
    /// Why; it is sealed and shown to auditors
    #[arg(long, value_name = "TEXT")]
    because: String,
}

/// What is connected, then what was and was removed.
pub(super) async fn list(common: &Common, app: &App, arguments: &ListArguments) -> anyhow::Result<Ending> {
    let organization = session::organization(app, &arguments.org).await?;
    let decisions = session::decisions(app, &organization).await?;
    let connected = app.store.connections(&OrgScope::of(&organization)).await?;
    let removed = &decisions.changes.disconnections;
    if common.json {
        let there = connected.iter().map(|one| {
            json!({ "id": one.target, "source": one.source, "connected_at": one.created_at, "state": "connected" })
        });
        let gone = removed.iter().map(|one| {
            json!({
                "id": one.target,
                "source": one.source,
                "connected_at": one.connected_at,
                "state": "removed",
                "removed_at": one.at,
                "by": one.by,
                "because": one.because,
                "record": one.leaf,
            })
        });
        output::json(&there.chain(gone).collect::<Vec<Value>>())?;
        return Ok(Ending::Fine);
    }
    if connected.is_empty() && removed.is_empty() {
        output::line("Nothing is connected; countersign connect m365 or countersign connect host connects something")?;
        return Ok(Ending::Fine);
    }
    let there = connected.iter().map(|one| {
        [one.target.clone(), one.source.as_str().to_owned(), one.created_at.for_people(), "connected".to_owned()]
    });
    let gone = removed.iter().map(|one| {
        let state = format!("removed {} by {}: {}", one.at.for_people(), one.by.name, one.because);
        [one.target.clone(), one.source.as_str().to_owned(), one.connected_at.for_people(), state]
    });
    output::table(["target", "kind", "since", ""], &there.chain(gone).collect::<Vec<_>>())?;
    Ok(Ending::Fine)
}

pub(super) async fn remove(common: &Common, app: &App, arguments: &RemoveArguments) -> anyhow::Result<Ending> {
    let organization = session::organization(app, &arguments.org).await?;
    let (target, source) = (arguments.target.as_str(), arguments.source);
    let done = disconnect(app, &organization, (target, source), &arguments.because, &arguments.by).await?;
    let Removed { leaf, source, target, gaps_waiting, requests_opened } = done;
    if common.json {
        output::json(&json!({
            "record": leaf,
            "source": source,
            "target": target,
            "gaps_waiting": gaps_waiting,
            "requests_opened": requests_opened,
        }))?;
        return Ok(Ending::Fine);
    }
    output::line(&format!(
        "{} of {} is no longer connected (record {leaf}). What was collected stays; no status rests on it from now on.",
        output::plain(&target),
        organization.slug
    ))?;
    output::line(&format!(
        "{} for evidence now; {} opened.",
        output::count_of(gaps_waiting as u64, "open gap waits", "open gaps wait"),
        output::count(requests_opened, "request")
    ))?;
    if source == Source::Graph {
        output::line(
            "Its secret was deleted here. Next: remove the secret or certificate from the app registration, because older \
             backups still hold it.",
        )?;
    }
    Ok(Ending::Fine)
}
