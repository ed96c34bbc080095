//! `countersign person add|change|leave|list`

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::config::limited;
use crate::model::id::{OrgSlug, PersonHandle};
use crate::model::responsibility::Party;
use crate::pipeline::decisions::people::{self, PersonChanges, PersonRequest};

#[derive(Debug, Args)]
pub struct PersonArguments {
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(Debug, Subcommand)]
enum PersonCommand {
    /// Add somebody who may sign, decide and be handed work
    Add(AddArguments),
    /// Change what is known of somebody
    Change(ChangeArguments),
    /// Note that somebody left; what they signed stands
    Leave(LeaveArguments),
    /// List everybody, also those who left
    List(ListArguments),
}

#[derive(Debug, Args)]
struct AddArguments {
    /// Short name in commands, for ever this person's: dana.reyes
    handle: PersonHandle,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Whose side they are on: provider or internal
    #[arg(long)]
    party: Party,
    /// Name for people
    #[arg(long)]
    name: String,
    #[command(flatten)]
    contact: Contact,
    /// Who adds them; default: whoever runs this command
    #[arg(long, value_name = "HANDLE")]
    by: Option<PersonHandle>,
}

#[derive(Debug, Args)]
struct Contact {
    /// Address for mail
    #[arg(long)]
    email: Option<String>,
    /// Public key they sign with, as OpenSSH writes it: "ssh-ed25519 AAAA…"
    #[arg(long, value_name = "KEY", conflicts_with = "ssh_key_file")]
    ssh_key: Option<String>,
    /// The same from a file such as `id_ed25519.pub`
    #[arg(long, value_name = "FILE")]
    ssh_key_file: Option<std::path::PathBuf>,
}

#[derive(Debug, Args)]
struct ChangeArguments {
    handle: PersonHandle,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    contact: Contact,
    /// Who changes it; default: whoever runs this command
    #[arg(long, value_name = "HANDLE")]
    by: Option<PersonHandle>,
}

#[derive(Debug, Args)]
struct LeaveArguments {
    handle: PersonHandle,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Who gets every gap that is assigned to them
    #[arg(long, value_name = "HANDLE")]
    hand_to: Option<PersonHandle>,
    /// Who notes it; default: whoever runs this command
    #[arg(long, value_name = "HANDLE")]
    by: Option<PersonHandle>,
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Only one side: provider or internal
    #[arg(long)]
    party: Option<Party>,
}

/// Largest file that is read as a public key, in bytes.
const LARGEST_KEY_FILE: u64 = 64 * 1024;

impl Contact {
    fn key(&self) -> anyhow::Result<Option<String>> {
        let Some(file) = &self.ssh_key_file else { return Ok(self.ssh_key.clone()) };
        match limited::text(file, LARGEST_KEY_FILE) {
            Ok(Some(text)) => Ok(Some(text)),
            Ok(None) => anyhow::bail!("{} is too large for a public key", file.display()),
            Err(fault) => anyhow::bail!("cannot read {}: {fault}", file.display()),
        }
    }
}

pub async fn run(common: &Common, arguments: PersonArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    match arguments.command {
        PersonCommand::Add(add) => {
            let organization = session::organization(&app, &add.org).await?;
            let request = PersonRequest {
                handle: add.handle.clone(),
                party: add.party,
                name: add.name,
                ssh_key: add.contact.key()?,
                email: add.contact.email,
                by: add.by,
            };
            let leaf = people::add(&app, &organization, request).await?;
            said(common, leaf, &format!("{} may act for {} of {}", add.handle, add.party.title(), organization.slug))?;
        }
        PersonCommand::Change(change) => {
            let organization = session::organization(&app, &change.org).await?;
            let ssh_key = change.contact.key()?;
            if change.name.is_none() && change.contact.email.is_none() && ssh_key.is_none() {
                anyhow::bail!("say what changes: --name, --email, --ssh-key or --ssh-key-file");
            }
            let changes = PersonChanges { name: change.name, email: change.contact.email, ssh_key };
            let leaf = people::alter(&app, &organization, &change.handle, changes, change.by.as_ref()).await?;
            said(common, leaf, &format!("{} was changed", change.handle))?;
        }
        PersonCommand::Leave(leave) => {
            let organization = session::organization(&app, &leave.org).await?;
            let (heir, by) = (leave.hand_to.as_ref(), leave.by.as_ref());
            let handed = people::leave(&app, &organization, &leave.handle, heir, by).await?;
            if common.json {
                output::json(&json!({ "handle": leave.handle, "gaps_handed_on": handed }))?;
            } else {
                let to = heir
                    .map_or_else(String::new, |heir| format!("; {} handed to {heir}", output::count(handed, "gap")));
                output::line(&format!("{} left{to}", leave.handle))?;
            }
        }
        PersonCommand::List(list) => {
            let organization = session::organization(&app, &list.org).await?;
            let mut people = session::decisions(&app, &organization).await?.people;
            people.retain(|person| list.party.is_none_or(|party| person.party == party));
            if common.json {
                output::json(&people)?;
            } else if people.is_empty() {
                output::line("Nobody yet; countersign person add adds somebody")?;
            } else {
                let row = |person: &crate::model::person::Person| {
                    [
                        person.handle.to_string(),
                        person.name.clone(),
                        person.party.title().to_owned(),
                        if person.ssh_key.is_some() { "yes" } else { "no" }.to_owned(),
                        person.until.map_or_else(String::new, |until| format!("left {}", until.for_people())),
                    ]
                };
                let rows: Vec<_> = people.iter().map(row).collect();
                output::table(["short name", "name", "party", "key", ""], &rows)?;
            }
        }
    }
    Ok(Ending::Fine)
}

/// What was done and where it is sealed.
pub(super) fn said(common: &Common, leaf: u64, words: &str) -> anyhow::Result<()> {
    if common.json {
        output::json(&json!({ "record": leaf }))
    } else {
        output::line(&format!("{words} (record {leaf})"))
    }
}
