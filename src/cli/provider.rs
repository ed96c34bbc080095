//! `countersign provider add|list|remove`

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Common, Ending, output, person::said, session};
use crate::assess::{cmmc, pci};
use crate::model::id::{OrgSlug, PersonHandle, ProviderId};
use crate::model::provider::{Handled, ServiceProvider};
use crate::model::responsibility::Party;
use crate::pipeline::decisions::providers::{self, ProviderFacts};

#[derive(Debug, Args)]
pub struct ProviderArguments {
    #[command(subcommand)]
    command: ProviderCommand,
}

#[derive(Debug, Subcommand)]
enum ProviderCommand {
    /// Add a service provider, or bring up to date what is known of one: what is left out stays
    Add(Box<AddArguments>),
    /// List providers, what CMMC asks of them, and what falls due (PCI DSS 12.8)
    List(ListArguments),
    /// Note that nothing is bought from a provider any more
    Remove(RemoveArguments),
}

#[derive(Debug, Args)]
struct AddArguments {
    /// Short name in commands: card-processor
    id: ProviderId,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// What it does
    #[arg(long, value_name = "TEXT")]
    service: Option<String>,
    /// Which party looks after it: provider or internal
    #[arg(long, value_name = "PARTY")]
    managed_by: Option<Party>,
    /// Whether it is a cloud service; default: no
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    cloud: Option<bool>,
    /// What it handles: `card_data`, `cui`, `security_data` or `patient_data`; repeat for more
    #[arg(long = "handles", value_name = "WHAT")]
    handles: Vec<Handled>,
    /// Day of the written agreement
    #[arg(long, value_name = "DAY")]
    agreement: Option<NaiveDate>,
    /// Day on which its compliance status was last looked at
    #[arg(long, value_name = "DAY")]
    checked: Option<NaiveDate>,
    /// Its attestation of compliance, authorization or responsibility matrix, in final form
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// The last day on which the document is valid
    #[arg(long, value_name = "DAY")]
    document_until: Option<NaiveDate>,
    /// Which requirements are the provider's, which are shared
    #[arg(long, value_name = "TEXT")]
    responsibilities: Option<String>,
    /// Who says so
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Also those that were removed
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
struct RemoveArguments {
    id: ProviderId,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Why, and what became of the data
    #[arg(long, value_name = "TEXT")]
    because: String,
    /// Who says so
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
}

pub async fn run(common: &Common, arguments: ProviderArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    match arguments.command {
        ProviderCommand::Add(add) => {
            let organization = session::organization(&app, &add.org).await?;
            let words = format!("{} is on the list of providers", add.id);
            let facts = ProviderFacts {
                name: add.name,
                service: add.service,
                managed_by: add.managed_by,
                cloud: add.cloud,
                handles: add.handles,
                agreement_on: add.agreement,
                checked_on: add.checked,
                document: add.document,
                document_until: add.document_until,
                responsibilities: add.responsibilities,
            };
            said(common, providers::add(&app, &organization, &add.id, facts, &add.by).await?, &words)?;
        }
        ProviderCommand::Remove(remove) => {
            let organization = session::organization(&app, &remove.org).await?;
            let leaf = providers::remove(&app, &organization, &remove.id, &remove.because, &remove.by).await?;
            said(common, leaf, &format!("{} is no longer on the list of providers", remove.id))?;
        }
        ProviderCommand::List(list) => {
            let organization = session::organization(&app, &list.org).await?;
            let mut known = session::decisions(&app, &organization).await?.providers;
            known.retain(|one| list.all || one.removed.is_none());
            if common.json {
                output::json(&known.iter().map(as_json).collect::<Vec<_>>())?;
            } else if known.is_empty() {
                output::line("No service provider is on the list; countersign provider add puts one there")?;
            } else {
                let rows: Vec<_> = known.iter().map(row).collect();
                output::table(["short name", "name", "managed by", "handles", "service"], &rows)?;
                for one in known.iter().filter(|one| one.removed.is_none()) {
                    let asks = cmmc::providers::asks(one);
                    output::line(&output::plain(&format!("CMMC: {}: {asks}", one.name)))?;
                }
                for due in known.iter().filter(|one| pci::is_asked_about(one)).flat_map(pci::provider_due) {
                    output::line(&output::plain(&due_line(&due)))?;
                }
            }
        }
    }
    Ok(Ending::Fine)
}

fn as_json(one: &ServiceProvider) -> Value {
    let mut shown = json!(one);
    if let (Some(shown), true) = (shown.as_object_mut(), one.removed.is_none()) {
        let due = if pci::is_asked_about(one) { pci::provider_due(one) } else { Vec::new() };
        shown.insert("due".to_owned(), json!(due));
        shown.insert("cmmc".to_owned(), json!(cmmc::providers::asks(one)));
    }
    shown
}

fn row(one: &ServiceProvider) -> [String; 5] {
    let handles: Vec<String> = one.handles.iter().map(|what| what.as_str().replace('_', " ")).collect();
    let service = match one.removed {
        Some(removed) => format!("{} (removed {})", one.service, removed.for_people()),
        None => one.service.clone(),
    };
    [one.id.to_string(), one.name.clone(), one.managed_by.title().to_owned(), handles.join(", "), service]
}

/// `due 2027-02-01: Host Example: a look at its compliance status (PCI DSS 12.8.4)`
pub(super) fn due_line(due: &pci::Due) -> String {
    let no_day = || due.no_day.unwrap_or(pci::NoDay::Missing).words().to_owned();
    let on = due.on.map_or_else(no_day, |day| format!("due {day}"));
    let about = due.control.as_ref().map_or_else(String::new, |control| format!("{control}, "));
    format!("{on}: {about}{} ({})", due.what, due.paragraph)
}
