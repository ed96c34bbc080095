//! `countersign gap assign|note`

use chrono::NaiveDate;
use clap::Args;

use super::find;
use crate::cli::{Common, Ending, output, person, session};
use crate::model::id::{OrgSlug, PersonHandle};
use crate::model::responsibility::Party;
use crate::pipeline::decisions::gaps::{self, AssignRequest};
use crate::store::OrgScope;

/// The newest assignment counts; what it does not name, such as a day, is not carried over from the one before. To whom a
/// gap was assigned it belongs also when it comes back.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).multiple(true).args(["to", "party", "nobody"]))]
pub struct AssignArguments {
    /// The gap's id, or enough of its beginning or end; countersign gap list prints it
    id: String,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// To this person, and so to their party
    #[arg(long, value_name = "HANDLE")]
    to: Option<PersonHandle>,
    /// To this party: provider or internal
    #[arg(long)]
    party: Option<Party>,
    /// To nobody in particular; without --party it goes back to whom the responsibilities name
    #[arg(long, conflicts_with = "to")]
    nobody: bool,
    /// The last day on which it is in time: 2026-03-31
    #[arg(long, value_name = "DATE")]
    due: Option<NaiveDate>,
    /// Who hands it out: the short name of a person of the organization
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
}

#[derive(Debug, Args)]
pub struct NoteArguments {
    /// The gap's id, or enough of its beginning or end
    id: String,
    /// What you have to say; it is sealed and cannot be taken back
    text: String,
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Who says it: the short name of a person of the organization
    #[arg(long, value_name = "HANDLE")]
    by: PersonHandle,
}

pub async fn assign(common: &Common, arguments: AssignArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let gaps = app.store.gaps(&OrgScope::of(&organization)).await?;
    let gap = find(&gaps, &arguments.id)?;
    let whom = match (&arguments.to, arguments.party) {
        (Some(person), _) => person.to_string(),
        (None, Some(party)) => party.title().to_owned(),
        (None, None) => "whom the responsibilities name".to_owned(),
    };
    let request = AssignRequest {
        gap: gap.id,
        party: arguments.party,
        person: arguments.to,
        due_on: arguments.due,
        by: arguments.by,
    };
    let leaf = gaps::assign(&app, &organization, request).await?;
    let due = arguments.due.map_or_else(String::new, |day| format!(", due {day}"));
    person::said(common, leaf, &format!("{}: handed to {whom}{due}", output::plain(&gap.title)))?;
    Ok(Ending::Fine)
}

pub async fn note(common: &Common, arguments: NoteArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let gaps = app.store.gaps(&OrgScope::of(&organization)).await?;
    let gap = find(&gaps, &arguments.id)?;
    let leaf = gaps::note(&app, &organization, gap.id, &arguments.text, &arguments.by).await?;
    person::said(common, leaf, &format!("{}: noted", output::plain(&gap.title)))?;
    Ok(Ending::Fine)
}
