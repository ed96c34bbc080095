//! `countersign gap show`

use std::collections::BTreeMap;

use clap::Args;

use super::find;
use super::list::who;
use crate::app::App;
use crate::cli::moment;
use crate::cli::{Common, Ending, output, session};
use crate::model::gap::{Gap, GapState, Happening};
use crate::model::id::{DatasetId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;
use crate::model::turn::{Turn, turn};
use crate::pipeline::standing::{Standing, faults};
use crate::report::gap_detail::{GapDetail, GapDetailInput, gap_detail};
use crate::store::OrgScope;

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The gap's id, or enough of its beginning or end; countersign gap list prints it
    id: String,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// As it was known at this time: 2026-03-31T09:00:00Z, or 2026-03-31 for the end of that day in the organization's time
    /// zone; default: now
    #[arg(long, value_name = "TIME|DATE")]
    as_of: Option<Moment>,
}

/// Resources that are printed; `--json` has all.
const RESOURCES_PRINTED: usize = 20;

pub async fn run(common: &Common, arguments: ShowArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let scope = OrgScope::of(&organization);
    let now = app.clock.now();
    let as_of = moment::as_of(arguments.as_of, &organization, now);
    let standing = Standing::known(&app, &organization, as_of).await?;
    let kept = app.store.gaps(&scope).await?;
    let meant = find(&kept, &arguments.id)?;
    let Some(gap) = standing.all_gaps().find(|gap| gap.id == meant.id) else {
        anyhow::bail!(
            "gap {} was not known at {}; it was first seen at {}",
            meant.id,
            as_of.for_people(),
            meant.opened_at.for_people()
        );
    };
    let stories = standing.stories(&app, &scope, as_of).await?;
    let evidence = app.store.evidence_at(&scope, &gap.evidence).await?;
    let evidence: Vec<_> = evidence.into_iter().map(|row| row.sealed).collect();
    let next = next_looks(&app, &organization, gap, now).await?;
    let faults = faults(&app, &scope, [gap], as_of).await?;
    let detail = gap_detail(GapDetailInput {
        organization: &standing.organization,
        catalog: &app.catalog,
        gap,
        matrices: &standing.matrices,
        decisions: &standing.decisions,
        faults: &faults,
        story: stories.get(&gap.id).map(Vec::as_slice).unwrap_or_default(),
        evidence: &evidence,
        next: &next,
        as_of,
    });
    if common.json {
        output::json(&detail)?;
    } else {
        print(&detail, &turn(gap, &standing.decisions, as_of))?;
    }
    Ok(Ending::Fine)
}

/// When the datasets of the gap's target are collected next.
async fn next_looks(
    app: &App,
    organization: &Organization,
    gap: &Gap,
    now: Timestamp,
) -> anyhow::Result<BTreeMap<DatasetId, Timestamp>> {
    let planned = crate::schedule::next_times(app, organization, now).await?;
    let of_target = planned.into_iter().filter(|one| one.target == gap.target);
    Ok(of_target.filter_map(|one| Some((one.dataset, one.next?))).collect())
}

fn print(gap: &GapDetail, turn: &Turn<'_>) -> anyhow::Result<()> {
    let line = |text: &str| output::line(&output::plain(text));
    let heading = |text: &str| output::line(&format!("\n{text}"));
    line(&format!("{} [{}]", gap.title, gap.severity))?;
    line(&format!("Gap {}", gap.id))?;

    heading("What is wrong")?;
    line(&format!("  It should be so: {}", gap.title))?;
    line(&format!("  It was found: {}", gap.because))?;
    match (gap.state, gap.closed_at) {
        (GapState::Closed, Some(closed)) => {
            line(&format!("  Closed at {}: the last look found it mended.", closed.for_people()))?;
        }
        (GapState::AwaitingEvidence, _) => {
            line(&format!("  It can no longer be seen; this is what was wrong at {}.", gap.last_seen_at.for_people()))?;
        }
        _ => line(&format!("  Last seen at {}.", gap.last_seen_at.for_people()))?,
    }
    let back = if gap.reopened == 0 {
        String::new()
    } else {
        format!("; it came back {}", output::count(gap.reopened as usize, "time"))
    };
    line(&format!("  First seen at {}{back}.", gap.opened_at.for_people()))?;
    line(&format!("  On {}", gap.target))?;
    let things: Vec<&String> = if gap.faults.is_empty() {
        gap.resources.iter().collect()
    } else {
        gap.faults.iter().map(|fault| &fault.because).collect()
    };
    for thing in things.iter().take(RESOURCES_PRINTED) {
        line(&format!("    {thing}"))?;
    }
    if things.len() > RESOURCES_PRINTED {
        line(&format!("    and {} more; --json names all", things.len() - RESOURCES_PRINTED))?;
    }

    heading("Whose turn it is")?;
    line(&format!("  {}: {}", gap.party.title(), who(turn, gap.is_overdue)))?;
    line(&format!("  {}", gap.why_party))?;

    heading("What to do")?;
    line(&format!("  {}", gap.remediation.trim().replace('\n', " ")))?;
    for other in &gap.other_parts {
        line(&format!("  {}'s part: {}", other.party.title(), other.text.replace('\n', " ")))?;
    }

    heading("How it will be seen to be mended")?;
    line(&format!("  The check {} passes: {}", gap.check, gap.check_title))?;
    for read in &gap.datasets {
        let next = read
            .next_at
            .map_or_else(|| "not on a schedule".to_owned(), |next| format!("collected next at {}", next.for_people()));
        line(&format!("  It reads {} ({}), {next}", read.title, read.dataset))?;
    }
    line(&format!("  To look now: {}", gap.command))?;

    heading("What it holds back")?;
    for row in &gap.rows {
        let owner = row.accountable.map_or("nobody", |party| party.title());
        let number = row.objective.as_ref().map_or_else(|| row.control.to_string(), ToString::to_string);
        line(&format!("  {} {number} {} (accountable: {owner}, {})", row.framework_title, row.title, row.matrix))?;
    }

    heading("Evidence")?;
    for shown in &gap.evidence {
        let of = match (&shown.title, shown.collected_at) {
            (Some(title), Some(at)) => format!("{title}, collected at {}", at.for_people()),
            _ => "not in the index".to_owned(),
        };
        let hash = shown.record_hash.map_or_else(String::new, |hash| format!(", hash {hash}"));
        line(&format!("  record {}: {of}{hash}", shown.leaf))?;
    }

    heading("History")?;
    for step in &gap.history {
        line(&format!("  {}", told(step)))?;
    }
    Ok(())
}

/// `2026-03-04 09:00 UTC: note by Dana Reyes (Internal IT), record 41: ordered the keys`.
fn told(step: &Happening) -> String {
    let by = step.by.as_ref().map_or_else(String::new, |by| format!(" by {}", by.for_people()));
    let text = if step.text.is_empty() { String::new() } else { format!(": {}", step.text) };
    format!("{}: {}{by}, record {}{text}", step.at.for_people(), step.what, step.leaf)
}
