//! `countersign gap list`

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::model::gap::{Gap, GapState};
use crate::model::id::OrgSlug;
use crate::model::responsibility::Party;
use crate::store::OrgScope;

#[derive(Debug, Args)]
pub struct GapArguments {
    #[command(subcommand)]
    command: GapCommand,
}

#[derive(Debug, Subcommand)]
enum GapCommand {
    /// List open gaps
    List(ListArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Only those of one party: provider, internal or vendor
    #[arg(long)]
    party: Option<Party>,
    /// Closed ones too
    #[arg(long)]
    all: bool,
    /// Exit 1 when one is open
    #[arg(long)]
    strict: bool,
}

pub async fn run(common: &Common, arguments: GapArguments) -> anyhow::Result<Ending> {
    let GapCommand::List(arguments) = arguments.command;
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let mut gaps = app.store.gaps(&OrgScope::of(&organization)).await?;
    gaps.retain(|gap| arguments.party.is_none_or(|party| gap.party == party));
    gaps.retain(|gap| arguments.all || gap.state != GapState::Closed);
    if common.json {
        output::json(&gaps.iter().map(describe).collect::<Vec<_>>())?;
    } else if gaps.is_empty() {
        output::line("No gaps.")?;
    } else {
        for gap in &gaps {
            print(gap)?;
        }
    }
    let open = gaps.iter().any(|gap| gap.state != GapState::Closed);
    Ok(if arguments.strict && open { Ending::Gaps } else { Ending::Fine })
}

fn describe(gap: &Gap) -> serde_json::Value {
    json!({
        "id": gap.id,
        "check": gap.check,
        "target": gap.target,
        "title": gap.title,
        "severity": gap.severity,
        "state": gap.state,
        "party": gap.party,
        "because": gap.because,
        "remediation": gap.remediation,
        "resources": gap.resources,
        "controls": gap.controls.iter().map(|held| json!({ "framework": held.framework, "control": held.control })).collect::<Vec<_>>(),
        "opened_at": gap.opened_at,
        "last_seen_at": gap.last_seen_at,
        "closed_at": gap.closed_at,
        "reopened": gap.reopened,
        "evidence": gap.evidence,
    })
}

fn print(gap: &Gap) -> anyhow::Result<()> {
    let state = match gap.state {
        GapState::Open => String::new(),
        GapState::AwaitingEvidence => " (no longer seen; the last known failure stands)".to_owned(),
        GapState::Closed => " (closed)".to_owned(),
    };
    output::line(&format!("{} [{}, {}]{state}", gap.title, gap.severity, gap.party.title()))?;
    output::line(&format!("  what:  {}", output::plain(&gap.because)))?;
    output::line(&format!("  where: {} on {}", gap.check, output::plain(&gap.target)))?;
    output::line(&format!("  since: {}", gap.opened_at.for_people()))?;
    let many = gap.controls.len();
    let first: Vec<String> = gap.controls.iter().take(6).map(|held| held.control.to_string()).collect();
    let more = if many > 6 { format!(" and {} more", many - 6) } else { String::new() };
    output::line(&format!("  holds back {}: {}{more}", output::count(many, "control"), first.join(", ")))?;
    output::line(&format!("  to do: {}", gap.remediation.replace('\n', " ")))?;
    output::line("")
}
