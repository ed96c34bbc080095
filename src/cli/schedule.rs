//! `countersign schedule list`

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::app::App;
use crate::model::id::OrgSlug;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::pipeline::turns::BusyTarget;
use crate::schedule::{Planned, next_times};
use crate::store::{InstanceScope, OrgScope, TargetLease};

#[derive(Debug, Args)]
pub struct ScheduleArguments {
    #[command(subcommand)]
    command: ScheduleCommand,
}

#[derive(Debug, Subcommand)]
enum ScheduleCommand {
    /// List when each collector of each target runs next, and how it went last
    List(ListArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Short name of the organization; default: all
    #[arg(long)]
    org: Option<OrgSlug>,
}

pub async fn run(common: &Common, arguments: ScheduleArguments) -> anyhow::Result<Ending> {
    let ScheduleCommand::List(arguments) = arguments.command;
    let app = session::app(common).await?;
    let organizations = match &arguments.org {
        Some(slug) => vec![session::organization(&app, slug).await?],
        None => app.store.organizations(InstanceScope::of_this_installation()).await?,
    };
    let now = app.clock.now();
    let mut all = Vec::new();
    for organization in organizations {
        all.push(Times::of(&app, organization, now).await?);
    }
    if common.json {
        output::json(&all.iter().flat_map(|times| times.as_json(now)).collect::<Vec<_>>())?;
    } else {
        for times in &all {
            times.print(now)?;
        }
    }
    Ok(Ending::Fine)
}

/// The times of one organization.
struct Times {
    organization: Organization,
    planned: Vec<Planned>,
    leases: Vec<TargetLease>,
}

impl Times {
    async fn of(app: &App, organization: Organization, now: Timestamp) -> anyhow::Result<Self> {
        let planned = next_times(app, &organization, now).await?;
        let mut leases = app.store.target_leases(&OrgScope::of(&organization)).await?;
        let is_alive = |lease: &TargetLease| {
            let process = lease.holder.split('/').next().unwrap_or_default();
            lease.expires_at > now && !app.presence.is_gone(process)
        };
        leases.retain(is_alive);
        Ok(Self { organization, planned, leases })
    }

    fn read_by(&self, one: &Planned) -> Option<BusyTarget> {
        let lease = self.leases.iter().find(|lease| lease.source == one.source && lease.target == one.target);
        lease.cloned().map(Into::into)
    }

    fn as_json(&self, now: Timestamp) -> impl Iterator<Item = serde_json::Value> {
        self.planned.iter().map(move |one| {
            json!({
                "id": one.dataset,
                "organization": self.organization.slug,
                "title": one.title,
                "source": one.source,
                "target": one.target,
                "schedule": one.expression.to_string(),
                "words": one.expression.words(),
                "time_zone": one.zone.name(),
                "last_tried": one.last_started,
                "last_outcome": one.last_outcome,
                "last_seen_whole": one.last_seen,
                "next": one.next,
                "next_local": one.next.map(|next| local(one, next)),
                "overdue": one.is_due(now),
                "being_read": self.read_by(one),
            })
        })
    }

    fn print(&self, now: Timestamp) -> anyhow::Result<()> {
        let name = output::plain(&self.organization.name);
        output::line(&format!("{name} ({}), times of {}", self.organization.slug, self.organization.time_zone))?;
        if self.planned.is_empty() {
            return output::line("Nothing is connected, so nothing is scheduled.\n");
        }
        let time = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), Timestamp::for_people);
        let rows: Vec<[String; 7]> = self
            .planned
            .iter()
            .map(|one| {
                let utc = if one.zone.name() == self.organization.time_zone { "" } else { ", read in UTC" };
                [
                    one.dataset.to_string(),
                    one.target.clone(),
                    format!("{}{utc}", one.expression.words()),
                    time(one.last_started),
                    one.last_outcome.map(|outcome| outcome.words().to_owned()).unwrap_or_default(),
                    time(one.last_seen),
                    next(one, now),
                ]
            })
            .collect();
        let headings = ["dataset", "target", "when", "last tried", "outcome", "last seen whole", "next"];
        output::table(headings, &rows)?;
        for lease in &self.leases {
            output::line(&format!("{}.", output::plain(&BusyTarget::from(lease.clone()).words())))?;
        }
        let overdue = self.planned.iter().filter(|one| one.is_due(now)).count();
        if overdue > 0 {
            let is = output::count_of(overdue as u64, "collector is", "collectors are");
            output::line(&format!("{is} due now: `countersign serve` collects what is due while it runs."))?;
        }
        output::line("")
    }
}

/// `2026-11-24 05:05 EST (2026-11-24 10:05 UTC)`.
fn next(one: &Planned, now: Timestamp) -> String {
    match one.next {
        None => "never".to_owned(),
        Some(next) if next > now => format!("{} ({})", local(one, next), next.for_people()),
        Some(_) if one.last_started.is_none() => "now, for the first time".to_owned(),
        Some(next) => format!("now, overdue since {}", next.for_people()),
    }
}

fn local(one: &Planned, at: Timestamp) -> String {
    at.as_datetime().with_timezone(&one.zone).format("%Y-%m-%d %H:%M %Z").to_string()
}
