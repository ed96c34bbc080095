//! `countersign responsibility set|import`

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::super::{Common, Ending, session};
use super::{Whose, said};
use crate::model::id::PersonHandle;
use crate::model::moment::Moment;
use crate::model::responsibility::{Party, ResponsibilityKind};
use crate::pipeline::responsibilities::{Content, NewDraft, draft};
use crate::track::responsibilities::change::RowChange;
use crate::track::responsibilities::table::LARGEST;

/// When a split counts.
#[derive(Debug, Args)]
struct Dates {
    /// First day on which it counts, in the organization's time zone; default: the moment it is accepted
    #[arg(long, value_name = "DATE")]
    effective_from: Option<Moment>,
    /// First day on which it no longer counts; default: until another takes its place
    #[arg(long, value_name = "DATE")]
    effective_until: Option<Moment>,
}

#[derive(Debug, Args)]
pub struct SetArguments {
    /// A control, or an objective of one that is to have a row of its own
    #[arg(value_name = "CONTROL")]
    name: String,
    #[command(flatten)]
    whose: Whose,
    /// provider, internal, shared, inherited or `not_applicable`
    #[arg(long)]
    kind: Option<ResponsibilityKind>,
    /// The one party that answers for it: provider, internal or vendor
    #[arg(long, value_name = "PARTY")]
    accountable: Option<Party>,
    /// What the provider does; an empty text takes it away, here and below
    #[arg(long, value_name = "TEXT")]
    provider_tasks: Option<String>,
    /// What internal IT does
    #[arg(long, value_name = "TEXT")]
    internal_tasks: Option<String>,
    /// What a vendor carries of it, such as Microsoft; name its document with --document
    #[arg(long, value_name = "TEXT")]
    vendor_tasks: Option<String>,
    /// Who does the provider's part
    #[arg(long, value_name = "HANDLE", value_parser = person)]
    provider_person: Option<Named>,
    /// Who does the part of internal IT
    #[arg(long, value_name = "HANDLE", value_parser = person)]
    internal_person: Option<Named>,
    /// The vendor's document that proves what is inherited, wholly or in part
    #[arg(long, value_name = "TEXT")]
    document: Option<String>,
    /// Where the service agreement says so
    #[arg(long, value_name = "TEXT")]
    clause: Option<String>,
    /// Begin with this version, for instance one that was rejected; default: the draft, else the split that applies
    #[arg(long, value_name = "VERSION")]
    based_on: Option<u32>,
    #[command(flatten)]
    dates: Dates,
}

#[derive(Debug, Args)]
pub struct ImportArguments {
    /// A table as `export` writes it
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    dates: Dates,
}

/// A person, or nobody.
#[derive(Debug, Clone)]
struct Named(Option<PersonHandle>);

fn person(text: &str) -> Result<Named, String> {
    if text.is_empty() {
        return Ok(Named(None));
    }
    text.parse().map(|handle| Named(Some(handle))).map_err(|fault: crate::model::id::InvalidId| fault.to_string())
}

pub async fn set(common: &Common, set: SetArguments) -> anyhow::Result<Ending> {
    let change = RowChange {
        kind: set.kind,
        accountable: set.accountable,
        provider_tasks: set.provider_tasks,
        internal_tasks: set.internal_tasks,
        vendor_tasks: set.vendor_tasks,
        provider_person: set.provider_person.map(|named| named.0),
        internal_person: set.internal_person.map(|named| named.0),
        document: set.document,
        clause: set.clause,
    };
    let content = Content::Row { name: set.name, change: Box::new(change) };
    make(common, &set.whose, content, set.based_on, set.dates).await
}

pub async fn import(common: &Common, import: ImportArguments) -> anyhow::Result<Ending> {
    let cannot = || format!("cannot read {}", import.file.display());
    let mut table = Vec::new();
    let file = std::fs::File::open(&import.file).with_context(cannot)?;
    // One byte more than is allowed, so that a file that is too large is told from one that is not.
    file.take(LARGEST as u64 + 1).read_to_end(&mut table).with_context(cannot)?;
    make(common, &import.whose, Content::Table(table), None, import.dates).await
}

async fn make(
    common: &Common,
    whose: &Whose,
    content: Content,
    based_on: Option<u32>,
    dates: Dates,
) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &whose.which.org).await?;
    let [effective_from, effective_until] =
        [dates.effective_from, dates.effective_until].map(|day| day.map(|day| day.start(&organization)));
    let wanted = NewDraft { content, based_on, effective_from, effective_until };
    said(common, &draft(&app, &organization, &whose.which.framework, &whose.by, &wanted).await?)
}
