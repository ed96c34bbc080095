//! What keeps evidence from being deleted: the minimums of the law, and legal holds.
//!
//! A hold is a record of the ledger, like its release, so the state can be read from the vault alone. Nothing is ever
//! deleted by itself; that is [`super::deletion`], when somebody asks.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use countersign_seal::record::{Change, Record, Signer, Statement, Subject};
use serde_json::{Map, Value};

use super::commit::commit;
use super::deletion::select::{Limits, Selection, select};
use super::fault::CommitFault;
use super::roll_forward::roll_forward;
use super::{RunFault, decisions, enrol, records};
use crate::app::App;
use crate::assess::kept::{self, KeptDocument};
use crate::model::id::FrameworkId;
use crate::model::organization::Organization;
use crate::model::responsibility::Party;
use crate::model::retention::{Days, RetentionRule, rules_for};
use crate::model::time::Timestamp;
use crate::store::{IndexRows, OrgScope, StoredLeaf};

/// The kind of subject that a hold's records name.
const LEGAL_HOLD: &str = "legal_hold";

/// Who asks, as the record names them.
#[derive(Debug, Clone)]
pub struct Person {
    pub name: String,
    pub party: Option<Party>,
}

impl Person {
    pub(super) fn signer(&self) -> Signer {
        Signer { party: self.party.map(|party| party.as_str().to_owned()), name: self.name.clone(), handle: None }
    }
}

/// A legal hold that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: String,
    pub reason: String,
    pub by: String,
    pub since: String,
    /// Leaf of the record that placed it.
    pub leaf: u64,
}

/// Holds by id, as far as records were looked at.
#[derive(Debug, Clone, Default)]
pub struct Holds(BTreeMap<String, Hold>);

impl Holds {
    /// Takes in what one more record says.
    pub(super) fn heed(&mut self, leaf: u64, record: &Record) -> Result<(), CommitFault> {
        let Some(Statement::Change(change)) = record.statement()? else { return Ok(()) };
        if change.subject.kind != LEGAL_HOLD {
            return Ok(());
        }
        let said = |name: &str| change.change.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = change.subject.id.clone();
        if said("state") == "released" {
            self.0.remove(&id);
        } else {
            let since = change.at.as_str().to_owned();
            self.0.insert(id.clone(), Hold { id, reason: said("reason"), by: change.by.name, since, leaf });
        }
        Ok(())
    }

    /// Those in force, oldest first.
    #[must_use]
    pub fn in_force(&self) -> Vec<Hold> {
        let mut all: Vec<Hold> = self.0.values().cloned().collect();
        all.sort_by_key(|hold| hold.leaf);
        all
    }
}

/// Legal holds in force now.
pub async fn holds(app: &App, scope: &OrgScope) -> Result<Vec<Hold>, CommitFault> {
    let mut holds = Holds::default();
    for stored in app.store.leaves_that_say(scope, "change/1", LEGAL_HOLD).await? {
        holds.heed(stored.leaf, &intact(&stored)?)?;
    }
    Ok(holds.in_force())
}

/// A leaf's record, if it is still what was sealed.
pub(super) fn intact(stored: &StoredLeaf) -> Result<Record, CommitFault> {
    let record = Record::parse(stored.body.as_bytes())?;
    if record.leaf_hash() == stored.hash {
        Ok(record)
    } else {
        Err(CommitFault::Diverged(format!("record {} in the database is not as it was sealed", stored.leaf)))
    }
}

/// Seals a legal hold: nothing of the organization is deleted until it is released. Returns its id.
pub async fn place_hold(app: &App, organization: &Organization, reason: &str, by: &Person) -> Result<String, RunFault> {
    let scope = OrgScope::of(organization);
    roll_forward(app, &scope).await?;
    enrol::ensure_ledger(app, organization).await?;
    let id = uuid::Uuid::now_v7().to_string();
    say(app, &scope, &id, "placed", reason, by).await?;
    Ok(id)
}

/// Seals that a hold ended. None when no hold of that id is in force.
pub async fn release_hold(
    app: &App,
    organization: &Organization,
    id: &str,
    reason: &str,
    by: &Person,
) -> Result<Option<Hold>, RunFault> {
    let scope = OrgScope::of(organization);
    roll_forward(app, &scope).await?;
    let held = holds(app, &scope).await?.into_iter().find(|hold| hold.id == id);
    if held.is_some() {
        say(app, &scope, id, "released", reason, by).await?;
    }
    Ok(held)
}

async fn say(app: &App, scope: &OrgScope, id: &str, state: &str, reason: &str, by: &Person) -> Result<(), CommitFault> {
    let change = Map::from_iter([
        ("state".to_owned(), Value::String(state.to_owned())),
        ("reason".to_owned(), Value::String(reason.to_owned())),
    ]);
    let statement = Change {
        organization: records::organization(scope)?,
        at: records::time(app.clock.now())?,
        by: by.signer(),
        subject: Subject { kind: LEGAL_HOLD.to_owned(), id: id.to_owned() },
        change,
        artifacts: Vec::new(),
        artifact_list: None,
    };
    commit(app, scope, vec![records::without_artifacts(statement.into())], |_| IndexRows::default()).await?;
    Ok(())
}

/// The frameworks whose laws say how long to keep evidence: also those that were in use once, for it was collected then.
///
/// # Errors
/// When the database cannot be asked.
pub async fn frameworks_ever(app: &App, organization: &Organization) -> Result<Vec<FrameworkId>, CommitFault> {
    let changes = decisions::changes(app, &OrgScope::of(organization)).await?;
    Ok(changes.frameworks_ever(organization))
}

/// One reason to keep evidence, and what has outlived it.
#[derive(Debug, Clone)]
pub struct Outlived {
    pub rule: RetentionRule,
    pub keeps_from: Timestamp,
    pub selection: Selection,
    kept: Option<Days>,
}

/// The documents of statements that a rule keeps, with the day until which.
pub async fn documents(
    app: &App,
    organization: &Organization,
    status_dates: &[NaiveDate],
) -> Result<Vec<KeptDocument>, RunFault> {
    let scope = OrgScope::of(organization);
    roll_forward(app, &scope).await?;
    let now = app.clock.now();
    let decisions = decisions::known(app, &scope, now).await?;
    Ok(kept::documents(&organization.frameworks, &decisions, status_dates, now, organization.days()))
}

/// For each rule that holds for the organization: what is older than it asks for. Where a rule counts from the CMMC status
/// date, what one of these dates still keeps is left out.
pub async fn outlived(
    app: &App,
    organization: &Organization,
    status_dates: &[NaiveDate],
) -> Result<Vec<Outlived>, RunFault> {
    let scope = OrgScope::of(organization);
    roll_forward(app, &scope).await?;
    let now = app.clock.now();
    let mut all: Vec<Outlived> = Vec::new();
    for rule in rules_for(&frameworks_ever(app, organization).await?) {
        let keeps_from = rule.keeps_from(now);
        let kept = rule.kept_by_status(status_dates, organization.days(), now);
        let same = all.iter().find(|one| one.keeps_from == keeps_from && one.kept == kept);
        let selection = if let Some(same) = same {
            same.selection.clone()
        } else {
            let limits = Limits { before: keeps_from, dataset: None };
            select(app, &scope, &limits, kept.as_slice()).await?
        };
        all.push(Outlived { rule, keeps_from, selection, kept });
    }
    Ok(all)
}
