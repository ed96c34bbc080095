//! Compares what the database says with what is sealed, so that nobody who can write to the database can change unseen
//! what pages, reports and packages are made from.
//!
//! The records that the database holds are believed once they lead to the roots of the vault's log; from them, and from
//! the artifacts that the vault has of them, follow the rows that the database was told (`replay.rs`), and those are
//! compared with the rows it has. It repairs nothing, and it takes the vault itself for checked. Commit by commit, so that
//! a long ledger needs no more memory than a short one. Start with [`compare`].

mod deletions;
mod identity;
mod kinds;
mod log;
mod objects;
mod records;
mod rows;
mod standing;
mod tiles;
mod walk;

use super::RunFault;
use crate::app::App;
use crate::model::organization::Organization;
use crate::store::OrgScope;

/// The artifact of a judgement that holds its findings.
pub(super) const FINDINGS: &str = "findings.jsonl";

/// How often it is compared again because somebody appended meanwhile.
const TRIES: u32 = 3;

/// Something the database says differently than the sealed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs: a check on a target, a gap, a matrix.
    pub place: String,
    pub sealed: String,
    pub in_database: String,
}

/// Everything that differs for one organization. A database that only lacks the newest commits of the vault differs in
/// nothing.
pub async fn compare(app: &App, organization: &Organization) -> Result<Vec<Difference>, RunFault> {
    let scope = OrgScope::of(organization);
    let mut tries = 0;
    loop {
        let before = app.store.head(&scope).await?;
        let differences = walk::compare(app, organization, before.as_ref()).await?;
        tries += 1;
        if differences.is_empty() || tries == TRIES || app.store.head(&scope).await? == before {
            return Ok(differences);
        }
    }
}
