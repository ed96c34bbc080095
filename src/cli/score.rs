//! `countersign score cmmc-l1|cmmc-l2|cmmc-l3`

mod statuses;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::bail;
use chrono::NaiveDate;
use clap::Args;
use serde::Serialize;

use super::moment;
use super::{Common, Ending, output, session};
use crate::assess::cmmc::calendar::{Calendar, Level, OnDay, Standing as Reached, Stands, Status};
use crate::assess::cmmc::poam::{Legality, Refusal};
use crate::assess::cmmc::{Finding, requirement};
use crate::assess::verdict::{Cmmc, Count, Deduction, Open, Score, Step, Verdict};
use crate::catalog::framework::Framework;
use crate::model::days::LocalDays;
use crate::model::id::{ControlId, FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::responsibility::Party;
use crate::model::time::Timestamp;
use crate::pipeline::standing::Standing;

/// What nobody has shown counts as not met, as an assessor counts it.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("findings").required(true).args(["statuses", "org"]))]
pub struct ScoreArguments {
    /// cmmc-l1, cmmc-l2 or cmmc-l3
    framework: FrameworkId,
    /// JSON file {"3.1.1": "met", …}; needs no installation. What is not listed is not met; "3.5.3" and "3.13.11" may be "partial"
    #[arg(long, value_name = "FILE")]
    statuses: Option<PathBuf>,
    /// The statuses of this organization
    #[arg(long)]
    org: Option<OrgSlug>,
    /// What was known at this time: 2026-03-31T09:00:00Z, or 2026-03-31 for the end of that day in the organization's time
    /// zone; default: now
    #[arg(long, value_name = "TIME|DATE", requires = "org", conflicts_with = "statuses")]
    as_of: Option<Moment>,
    /// Day of the status that was reached, to see its closeout, affirmations and end, and whether it stands
    #[arg(long, value_name = "DAY")]
    status_date: Option<NaiveDate>,
    /// That status is conditional
    #[arg(long, requires = "status_date", conflicts_with = "closed_out")]
    conditional: bool,
    /// That status was conditional, and its closeout was confirmed on this day
    #[arg(long, value_name = "DAY", requires = "status_date")]
    closed_out: Option<NaiveDate>,
    /// What if these requirements were met as well
    #[arg(long, value_name = "ID", num_args = 1..)]
    if_met: Vec<String>,
}

/// So many leaves of evidence are printed for a deduction; `--json` gives all.
const LEAVES_SHOWN: usize = 4;

/// What is printed.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    score: Score,
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar: Option<Dates>,
}

/// The dates of a status, and where it stands on the day that is asked about.
#[derive(Serialize)]
struct Dates {
    #[serde(flatten)]
    calendar: Calendar,
    on: OnDay,
}

pub async fn run(common: &Common, arguments: ScoreArguments) -> anyhow::Result<Ending> {
    let (title, score, today) = match (&arguments.statuses, &arguments.org) {
        (Some(file), _) => {
            let framework = the_framework(&session::catalog(common)?.frameworks, &arguments.framework)?;
            let mut findings = statuses::read(file, &framework)?;
            findings.extend(what_if(&framework, &arguments)?.into_iter().map(|id| (id, Finding::Met)));
            let score = Score::of(&framework, &findings, None, Vec::new())?;
            // A file belongs to no organization.
            (framework.title, score, LocalDays::UTC.day_of(Timestamp::now()))
        }
        (None, Some(org)) => {
            let app = session::app(common).await?;
            let organization = session::organization(&app, org).await?;
            let framework = the_framework(&app.catalog.frameworks, &arguments.framework)?;
            let as_of = moment::as_of(arguments.as_of, &organization, app.clock.now());
            let standing = Standing::known(&app, &organization, as_of).await?;
            if !standing.organization.frameworks.contains(&framework.id) {
                bail!("{} is not among the frameworks of {}", framework.id, organization.slug);
            }
            let statuses = standing.statuses_now(as_of);
            let also_met = what_if(&framework, &arguments)?;
            match standing.verdict_if(&framework, &statuses, as_of, &also_met, &BTreeMap::new()) {
                Verdict::Cmmc(Cmmc { score, .. }) => (framework.title, score?, standing.organization.day_of(as_of)),
                Verdict::Hipaa(_) | Verdict::Pci(_) | Verdict::Words(_) => bail!("{} has no score", framework.id),
            }
        }
        (None, None) => bail!("give --statuses or --org"),
    };
    let told = Told { calendar: dates(score.level, &arguments, today)?, score };
    if common.json {
        output::json(&told)?;
    } else {
        print(&title, &told)?;
    }
    Ok(Ending::Fine)
}

fn the_framework(all: &BTreeMap<FrameworkId, Framework>, id: &FrameworkId) -> anyhow::Result<Framework> {
    if !matches!(id.as_str(), "cmmc-l1" | "cmmc-l2" | "cmmc-l3") {
        bail!("only CMMC has a score: cmmc-l1, cmmc-l2 or cmmc-l3; for {id} see countersign status");
    }
    all.get(id).cloned().ok_or_else(|| anyhow::anyhow!("there is no framework {id} in the catalog"))
}

/// What is to be thought of as met.
fn what_if(framework: &Framework, arguments: &ScoreArguments) -> anyhow::Result<Vec<ControlId>> {
    let named = arguments.if_met.iter().map(|name| Ok(requirement(framework, name)?.id.clone()));
    named.collect()
}

/// The dates that follow from a status somebody says was reached.
fn dates(level: Level, arguments: &ScoreArguments, today: NaiveDate) -> anyhow::Result<Option<Dates>> {
    let Some(dated) = arguments.status_date else { return Ok(None) };
    let stands = match (arguments.conditional, arguments.closed_out) {
        (true, _) => Reached::Conditional,
        (false, Some(closed)) => Reached::ClosedOut(closed),
        (false, None) => Reached::Final,
    };
    if level == Level::Level1 && stands != Reached::Final {
        bail!("Level 1 has no conditional status: 32 CFR 170.21(a)(1)");
    }
    let status = Status { level, dated, stands };
    if let Reached::ClosedOut(closed) = stands {
        let last = Calendar::of(Status { stands: Reached::Conditional, ..status }).and_then(|one| one.closeout_by);
        if closed < dated || last.is_some_and(|last| closed > last) {
            let last = last.map(|last| last.to_string()).unwrap_or_default();
            bail!("a closeout lies between {dated} and {last}, 180 days later: 32 CFR 170.21(b)");
        }
    }
    let calendar = Calendar::of(status);
    let calendar = calendar.ok_or_else(|| anyhow::anyhow!("{dated} is too far away for a calendar"))?;
    Ok(Some(Dates { on: calendar.on(today), calendar }))
}

fn print(title: &str, told: &Told) -> anyhow::Result<()> {
    let Told { score, calendar } = told;
    output::line(title)?;
    match (score.score, score.no_score_because) {
        (Some(score), _) => output::line(&format!("Score: {score}"))?,
        (None, because) => output::line(&format!("No score: {}", because.unwrap_or_default()))?,
    }
    if let (None, Count::Points(points)) = (score.score, &score.count) {
        output::line(&format!("With a plan it would be {}.", points.points))?;
    }
    if let Some(needs) = score.needs {
        output::line(&format!("Needs {needs}"))?;
    }
    let words = |possible: bool| match (possible, score.needs) {
        (true, Some(_)) => "yes, once Level 2 is final",
        (true, None) => "yes",
        (false, _) => "no",
    };
    output::line(&format!("Final status possible: {}", words(score.legality.final_possible)))?;
    output::line(&format!("Conditional status possible: {}", words(score.legality.conditional_possible)))?;
    if let Count::Points(points) = &score.count {
        deductions(&points.deductions)?;
    }
    for exception in &score.exceptions {
        let words = format!("{} is met by: {}. {}", exception.objective, exception.by, exception.because);
        output::line(&output::plain(&words))?;
    }
    if let Some(dates) = calendar {
        tell(dates)?;
    }
    if let Count::Open { open } = &score.count {
        still_open(open)?;
    }
    waiting(&score.legality)?;
    if let Count::Points(points) = &score.count {
        way("To a conditional status, in this order:", &points.to_conditional)?;
        way("To all points, in this order:", &points.to_final)?;
    }
    Ok(())
}

/// What is not met at a level that counts requirements.
fn still_open(open: &[Open]) -> anyhow::Result<()> {
    if open.is_empty() {
        return Ok(());
    }
    let row = |one: &Open| {
        let (status, why) = match &one.turn.stands {
            Some(stands) => (stands.status.as_str().replace('_', " "), stands.why.clone()),
            None => ("-".to_owned(), "-".to_owned()),
        };
        [one.control.clone(), status, one.turn.party.map_or("-", Party::as_str).to_owned(), why]
    };
    output::line("")?;
    output::line("Open:")?;
    output::table(["control", "status", "whose turn", "why"], &open.iter().map(row).collect::<Vec<_>>())
}

/// What of the open may wait on a plan of action, and what may not, each with the reason.
fn waiting(legality: &Legality) -> anyhow::Result<()> {
    if legality.poam_allowed.is_empty() && legality.poam_refused.is_empty() {
        return Ok(());
    }
    output::line("")?;
    let may = &legality.poam_allowed;
    let list = if may.is_empty() { "nothing".to_owned() } else { format!("{} ({})", may.join(", "), may.len()) };
    output::line(&format!("Of what is open, may wait on a POA&M: {list}"))?;
    if legality.poam_refused.is_empty() {
        return Ok(());
    }
    output::line("May not wait:")?;
    let row = |refusal: &Refusal| [refusal.control.clone(), refusal.because.clone()];
    output::table(["control", "because"], &legality.poam_refused.iter().map(row).collect::<Vec<_>>())
}

/// What points are lost for, and the ledger leaves of the evidence that says so.
fn deductions(all: &[Deduction]) -> anyhow::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let row = |one: &Deduction| {
        let (control, value) = (one.lost.control.clone(), one.lost.value.to_string());
        match &one.turn.stands {
            Some(stands) => {
                [control, value, stands.status.as_str().replace('_', " "), leaves(&stands.evidence), stands.why.clone()]
            }
            None => [control, value, "-".to_owned(), "-".to_owned(), one.lost.because.clone()],
        }
    };
    output::line("")?;
    output::line("Points are lost for:")?;
    output::table(["control", "points", "status", "evidence", "why"], &all.iter().map(row).collect::<Vec<_>>())
}

fn leaves(all: &BTreeSet<u64>) -> String {
    let first: Vec<String> = all.iter().take(LEAVES_SHOWN).map(u64::to_string).collect();
    match all.len().saturating_sub(LEAVES_SHOWN) {
        0 if first.is_empty() => "-".to_owned(),
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn way(heading: &str, steps: &[Step]) -> anyhow::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let row = |Step { step, turn }: &Step| {
        let what = turn.stands.as_ref().map_or("-", |stands| stands.what);
        let party = turn.party.map_or("-", Party::as_str);
        [&step.control, &step.gain.to_string(), what, party, &step.because].map(str::to_owned)
    };
    output::line("")?;
    output::line(heading)?;
    output::table(["control", "gain", "what", "whose turn", "because"], &steps.iter().map(row).collect::<Vec<_>>())
}

/// The dates of a status, in words.
fn tell(Dates { calendar, on }: &Dates) -> anyhow::Result<()> {
    let days = |days: &[NaiveDate]| days.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let stands = match on.stands {
        Stands::NotYet => "has not begun",
        Stands::Stands => "stands",
        Stands::NotClosedOut => "is gone, for its closeout was to be confirmed before: 32 CFR 170.21(b)",
        Stands::Ended => "has ended",
    };
    output::line(&format!("On {} the status {stands}", on.day))?;
    if let Some(day) = on.next_affirmation {
        output::line(&format!("Next affirmation: {day}"))?;
    }
    if let Some(day) = calendar.closeout_by {
        output::line(&format!("Closeout confirmed by: {day}"))?;
    }
    output::line(&format!("Affirmations: {}", days(&calendar.affirmations)))?;
    output::line(&format!("The status ends: {}", calendar.ends))?;
    if let Some(later) = &calendar.if_closed_out {
        let (affirmed, ends) = (days(&later.affirmations), later.ends);
        output::line(&format!(
            "If closed out by then: affirmations at the closeout, {affirmed}; the status ends: {ends}"
        ))?;
    }
    output::line(&format!("Artifacts are kept until: {}", calendar.keep_until))?;
    calendar.notes.iter().try_for_each(|note| output::line(&format!("Note: {note}")))
}
