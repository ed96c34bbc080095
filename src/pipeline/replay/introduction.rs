//! What an organization's first commit says of the organization itself: its key, its name and settings.

use std::collections::BTreeSet;

use countersign_seal::log::{Entry, FIRST_SEQUENCE};
use countersign_seal::note::VerifyingKey;
use countersign_seal::record::{Change, Record, Statement};
use serde_json::{Value, json};

use super::reading::{Reader, read_archive};
use super::{Committed, brings_in_a_key, read_time};
use crate::app::App;
use crate::model::id::OrgId;
use crate::model::organization::Organization;
use crate::model::responsibility::EngagementModel;
use crate::model::time::Timestamp;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::FetchedArchive;
use crate::pipeline::records::{ORGANIZATION, SETTINGS};
use crate::store::OrgScope;

/// An organization as its ledger begins.
#[derive(Debug)]
pub struct Introduction {
    pub organization: Organization,
    pub settings: Value,
    /// The key that signed the first head.
    pub key: VerifyingKey,
    /// Whether a record says name and settings; older ledgers have none, then a name is made of the id.
    pub is_recorded: bool,
}

/// Reads how an organization's ledger begins; none when it has not begun.
pub async fn introduction(app: &App, id: OrgId) -> Result<Option<Introduction>, CommitFault> {
    let unnamed = unnamed(id)?;
    let scope = OrgScope::of(&unnamed);
    let log = app.vault.log_from(id, FIRST_SEQUENCE).await?;
    let Some((_, bytes)) = log.into_iter().next() else { return Ok(None) };
    let entry = Entry::decode(&bytes)?;
    let archive = std::sync::Arc::new(FetchedArchive::fetch(app, &scope, &entry.archive.name).await?);
    let opened = std::sync::Arc::clone(&archive);
    let (records, objects) = blocking(move || read_archive(&opened)).await?;
    let commit = Committed { entry, archive, records, objects };
    let reader = Reader::of(app, &scope, &commit);
    let mut found =
        Introduced { key: None, created_at: None, recorded: None, model: None, frameworks: BTreeSet::new() };
    for (record, _) in &commit.records {
        found.read(&reader, record, &unnamed).await?;
    }
    let lost = || CommitFault::Diverged(format!("the ledger of {id} does not begin with its key"));
    let (key, created_at) = found.key.zip(found.created_at).ok_or_else(lost)?;
    let is_recorded = found.recorded.is_some();
    let (organization, settings) = found.recorded.unwrap_or_else(|| {
        let organization = Organization {
            model: found.model.unwrap_or(unnamed.model),
            frameworks: found.frameworks.into_iter().filter_map(|framework| framework.parse().ok()).collect(),
            created_at,
            ..unnamed
        };
        (organization, json!({}))
    });
    Ok(Some(Introduction { organization, settings, key, is_recorded }))
}

struct Introduced {
    key: Option<VerifyingKey>,
    created_at: Option<Timestamp>,
    recorded: Option<(Organization, Value)>,
    model: Option<EngagementModel>,
    frameworks: BTreeSet<String>,
}

impl Introduced {
    async fn read(&mut self, reader: &Reader<'_>, record: &Record, unnamed: &Organization) -> Result<(), CommitFault> {
        match record.statement()? {
            Some(Statement::Key(key)) if brings_in_a_key(&key) && self.key.is_none() => {
                self.key = Some(VerifyingKey::from_facts(&key.key)?);
                self.created_at = Some(read_time(&key.at)?);
            }
            Some(Statement::Change(change)) if change.subject.kind == ORGANIZATION => {
                let named = reader.artifacts(record).await?;
                let settings = match named.iter().find(|artifact| artifact.name == SETTINGS) {
                    Some(artifact) => serde_json::from_slice(&reader.object(artifact.sha256).await?)
                        .map_err(|source| CommitFault::Line { artifact: SETTINGS.to_owned(), source })?,
                    None => json!({}),
                };
                self.recorded = Some((named_by(&change, unnamed)?, settings));
            }
            Some(Statement::Responsibility(matrix)) => {
                self.model = self.model.or(matrix.model.parse().ok());
                self.frameworks.insert(matrix.framework);
            }
            _ => {}
        }
        Ok(())
    }
}

/// An organization of which only the id is known.
fn unnamed(id: OrgId) -> Result<Organization, CommitFault> {
    let unreadable = |_| CommitFault::Unreadable(format!("the organization {id}"));
    Ok(Organization {
        id,
        slug: format!("org-{id}").parse().map_err(unreadable)?,
        name: format!("Organization {id}"),
        model: EngagementModel::CoManaged,
        frameworks: Vec::new(),
        time_zone: "UTC".to_owned(),
        created_at: Timestamp::EARLIEST,
    })
}

/// An organization as its own record names it.
fn named_by(change: &Change, unnamed: &Organization) -> Result<Organization, CommitFault> {
    let mut members = change.change.clone();
    members.remove("kind");
    members.insert("id".to_owned(), json!(unnamed.id));
    serde_json::from_value(Value::Object(members))
        .map_err(|source| CommitFault::Line { artifact: "the record of an organization".to_owned(), source })
}
