//! `countersign retention show|delete|hold|release`

use anyhow::bail;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Common, Ending, output, session};
use crate::app::App;
use crate::assess::kept::KeptDocument;
use crate::model::id::{DatasetId, OrgSlug};
use crate::model::moment::Moment;
use crate::model::organization::Organization;
use crate::model::responsibility::Party;
use crate::model::retention::{Clock, RetentionRule};
use crate::pipeline::deletion::select::{Limits, Selection};
use crate::pipeline::deletion::{self, DeletionReport, DeletionRequest};
use crate::pipeline::retention::{self, Hold, Person};
use crate::store::OrgScope;

#[derive(Debug, Args)]
pub struct RetentionArguments {
    #[command(subcommand)]
    command: RetentionCommand,
}

#[derive(Debug, Subcommand)]
enum RetentionCommand {
    /// How long evidence must be kept and why, what is older, which legal holds are in force
    Show(ShowArguments),
    /// Delete the bytes of old evidence; records, hashes and findings stay. Nothing is ever deleted by itself
    Delete(Box<DeleteArguments>),
    /// Place a legal hold: nothing of the organization is deleted until it is released
    Hold(HoldArguments),
    /// End a legal hold
    Release(ReleaseArguments),
}

#[derive(Debug, Args)]
struct ShowArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// The CMMC status date, from which its clock runs; of the conditional status if there was one; repeat for earlier ones
    #[arg(long = "status-date", value_name = "DAY")]
    status_dates: Vec<NaiveDate>,
}

#[derive(Debug, Args)]
struct Who {
    /// Who decides, as it is sealed
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Whose side that is: provider or internal
    #[arg(long)]
    party: Option<Party>,
}

#[derive(Debug, Args)]
struct DeleteArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Evidence whose collection finished before this; a date is the beginning of that day in the organization's time zone
    #[arg(long, value_name = "TIME|DATE")]
    before: Moment,
    /// On which legal basis and decision; it is sealed
    #[arg(long, value_name = "TEXT")]
    basis: String,
    #[command(flatten)]
    who: Who,
    /// Only evidence of this dataset
    #[arg(long, value_name = "ID")]
    dataset: Option<DatasetId>,
    /// Delete what the law's minimum would still keep; the reason is sealed
    #[arg(long, value_name = "REASON")]
    shorter_than_the_law: Option<String>,
    /// The CMMC status date, from which its clock runs; of the conditional status if there was one; repeat for earlier ones
    #[arg(long = "status-date", value_name = "DAY")]
    status_dates: Vec<NaiveDate>,
    /// No CMMC status was reached yet
    #[arg(long, conflicts_with = "status_dates")]
    no_status: bool,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct HoldArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, Args)]
struct ReleaseArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Which hold; countersign retention show lists them
    #[arg(long, value_name = "ID")]
    hold: String,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    who: Who,
}

pub async fn run(common: &Common, arguments: RetentionArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    match arguments.command {
        RetentionCommand::Show(arguments) => show(common, &app, &arguments).await?,
        RetentionCommand::Delete(arguments) => delete(common, &app, *arguments).await?,
        RetentionCommand::Hold(arguments) => {
            let organization = session::organization(&app, &arguments.org).await?;
            let reason = text("reason", &arguments.reason)?;
            let id = retention::place_hold(&app, &organization, reason, &person(&arguments.who)?).await?;
            if common.json {
                output::json(&json!({ "id": id, "state": "placed" }))?;
            } else {
                output::line(&format!("Legal hold {id} is in force; nothing of {} is deleted.", organization.slug))?;
            }
        }
        RetentionCommand::Release(arguments) => {
            let organization = session::organization(&app, &arguments.org).await?;
            let (id, reason) = (&arguments.hold, text("reason", &arguments.reason)?);
            let by = person(&arguments.who)?;
            if retention::release_hold(&app, &organization, id, reason, &by).await?.is_none() {
                bail!("no legal hold `{id}` is in force; countersign retention show lists them");
            }
            if common.json {
                output::json(&json!({ "id": id, "state": "released" }))?;
            } else {
                output::line(&format!("Legal hold {id} is released."))?;
            }
        }
    }
    Ok(Ending::Fine)
}

fn person(who: &Who) -> anyhow::Result<Person> {
    if who.party == Some(Party::Vendor) {
        bail!("a vendor decides nothing about this evidence; use provider or internal");
    }
    Ok(Person { name: text("by", &who.by)?.to_owned(), party: who.party })
}

/// What people write into records: something, and not more than a record has room for.
fn text<'a>(option: &str, given: &'a str) -> anyhow::Result<&'a str> {
    let given = given.trim();
    if given.is_empty() || given.chars().count() > 1000 {
        bail!("--{option} takes a text of 1 to 1000 characters");
    }
    Ok(given)
}

/// Until when a rule keeps what its status date covers, if that date was said.
fn kept_until(rule: &RetentionRule, arguments: &ShowArguments) -> Option<NaiveDate> {
    let newest = arguments.status_dates.iter().max().filter(|_| rule.clock == Clock::StatusDate);
    newest.and_then(|day| rule.keeps_until(*day))
}

async fn show(common: &Common, app: &App, arguments: &ShowArguments) -> anyhow::Result<()> {
    let organization = session::organization(app, &arguments.org).await?;
    let outlived = retention::outlived(app, &organization, &arguments.status_dates).await?;
    let documents = retention::documents(app, &organization, &arguments.status_dates).await?;
    let holds = retention::holds(app, &OrgScope::of(&organization)).await?;
    if common.json {
        let bases: Vec<Value> = outlived
            .iter()
            .map(|one| {
                json!({
                    "basis": one.rule.source,
                    "months": one.rule.months,
                    "keeps": one.rule.keeps,
                    "counts_from": one.rule.clock.words(),
                    "to_be_confirmed": one.rule.to_be_confirmed,
                    "remark": one.rule.remark,
                    "keep_until": kept_until(&one.rule, arguments),
                    "keeps_from": one.keeps_from,
                    "older": selected(&one.selection),
                })
            })
            .collect();
        let holds: Vec<Value> = holds.iter().map(held).collect();
        return output::json(&json!({ "bases": bases, "documents": documents, "holds": holds }));
    }
    if outlived.is_empty() {
        output::line("No framework of this organization sets a minimum that is known here; its own policy decides.")?;
    }
    for one in &outlived {
        let RetentionRule { source, keeps, clock, remark, .. } = one.rule;
        let open = if one.rule.to_be_confirmed { " (to be confirmed)" } else { "" };
        output::line(&format!(
            "{source}{open}: {keeps}, {}; counts from {}; {remark}",
            one.rule.period(),
            clock.words()
        ))?;
        match (clock, kept_until(&one.rule, arguments)) {
            (Clock::StatusDate, Some(until)) => output::line(&format!("  with that status date: until {until}"))?,
            (Clock::StatusDate, None) => output::line("  say the status date to see the day: --status-date")?,
            _ => {}
        }
        output::line(&format!("  collected before {}: {}", one.keeps_from.for_people(), describe(&one.selection)))?;
    }
    show_documents(&documents, !arguments.status_dates.is_empty())?;
    output::line("Nothing is deleted by itself: countersign retention delete.")?;
    for hold in &holds {
        output::line(&format!(
            "LEGAL HOLD {} since {}, by {}: {}",
            hold.id,
            hold.since,
            output::plain(&hold.by),
            output::plain(&hold.reason)
        ))?;
    }
    Ok(())
}

/// Documents of statements, which no deletion of evidence touches, and until when the law asks for them.
fn show_documents(documents: &[KeptDocument], said_status: bool) -> anyhow::Result<()> {
    if documents.is_empty() {
        return Ok(());
    }
    let row = |one: &KeptDocument| {
        let records: Vec<String> = one.attestations.iter().map(u64::to_string).collect();
        let open = if one.to_be_confirmed { " (to be confirmed)" } else { "" };
        let keep = match (one.keep_until, one.clock) {
            (Some(day), _) => format!("until {day}"),
            (None, Clock::StatusDate) if said_status => {
                "by no status date given: a statement on it is newer than each of them".to_owned()
            }
            (None, Clock::StatusDate) => "from the status date on: --status-date".to_owned(),
            (None, _) => "still in effect: no end yet".to_owned(),
        };
        [one.name.clone(), records.join(", "), format!("{}{open}", one.basis), keep]
    };
    output::line("Documents of statements, kept whatever is deleted:")?;
    output::table(["document", "statements", "basis", "to be kept"], &documents.iter().map(row).collect::<Vec<_>>())
}

async fn delete(common: &Common, app: &App, arguments: DeleteArguments) -> anyhow::Result<()> {
    let organization = session::organization(app, &arguments.org).await?;
    let request = DeletionRequest {
        by: person(&arguments.who)?,
        limits: Limits { before: arguments.before.start(&organization), dataset: arguments.dataset },
        basis: text("basis", &arguments.basis)?.to_owned(),
        shorter_than_the_law: arguments
            .shorter_than_the_law
            .as_deref()
            .map(|reason| text("shorter-than-the-law", reason).map(str::to_owned))
            .transpose()?,
        status_dates: (arguments.no_status || !arguments.status_dates.is_empty()).then_some(arguments.status_dates),
    };
    if arguments.dry_run {
        let selection = deletion::plan(app, &organization, &request).await?;
        if common.json {
            return output::json(&json!({ "deleted": false, "would": selected(&selection) }));
        }
        return output::line(&format!("Would delete {}. Nothing was deleted.", describe(&selection)));
    }
    let report = deletion::delete(app, &organization, &request).await?;
    tell(common, &organization, &report)
}

fn tell(common: &Common, organization: &Organization, report: &DeletionReport) -> anyhow::Result<()> {
    if common.json {
        return output::json(&json!({
            "deleted": !report.selection.objects.is_empty(),
            "selection": selected(&report.selection),
            "archives": report.archives,
            "evidence": report.leaves,
        }));
    }
    if report.selection.objects.is_empty() {
        return output::line("Nothing is that old and named by old evidence only; nothing was deleted.");
    }
    output::line(&format!("Deleted {}.", describe(&report.selection)))?;
    let leaves: Vec<String> = report.leaves.iter().map(u64::to_string).collect();
    output::line(&format!(
        "Sealed as record {}; {} of {} written again without these bytes. Copies and backups of the vault still hold them.",
        leaves.join(", "),
        output::count(usize::try_from(report.archives).unwrap_or(usize::MAX), "archive"),
        organization.slug,
    ))
}

fn describe(selection: &Selection) -> String {
    let count = |number: u64, one: &str| output::count(usize::try_from(number).unwrap_or(usize::MAX), one);
    format!(
        "{} of {}, {} bytes",
        count(selection.objects.len() as u64, "object"),
        count(selection.records, "evidence record"),
        selection.bytes()
    )
}

fn selected(selection: &Selection) -> Value {
    json!({ "records": selection.records, "objects": selection.objects.len(), "bytes": selection.bytes() })
}

fn held(hold: &Hold) -> Value {
    json!({ "id": hold.id, "reason": hold.reason, "by": hold.by, "since": hold.since, "evidence": hold.leaf })
}
