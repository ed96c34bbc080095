//! Deletes the bytes of old evidence when somebody asks, and seals that they did. START at [`delete`].
//!
//! Records, findings and hashes are never removed, only payload objects. The order is the promise: archives without the
//! objects are durable in the vault; then one commit with the `deletion/1` records; the database learns of it in the same
//! transaction as of the leaves; then the old archives are removed. Whatever is cut off before the commit never happened
//! (new archives that nobody names may stay); whatever is cut off after it is finished by the next start or deletion.

pub mod archives;
mod leftovers;
pub mod record;
pub mod select;
pub mod take_over;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use countersign_seal::digest::Digest;

use self::archives::{Rewritten, rewrite};
use self::select::{Limits, Selection, named_since, select};
use super::commit::{Committed, commit_under};
use super::fault::CommitFault;
use super::lease::Lease;
use super::retention::{Hold, Person, frameworks_ever};
use super::roll_forward::{roll_forward, under_lease};
use crate::app::App;
use crate::model::days::LocalDays;
use crate::model::id::FrameworkId;
use crate::model::organization::Organization;
use crate::model::retention::{Clock, Days, RetentionRule, longest, rules_for};
use crate::model::time::Timestamp;
use crate::store::{DeletionRow, IndexRows, OrgScope};

/// What is to be deleted, on whose word and why.
#[derive(Debug, Clone)]
pub struct DeletionRequest {
    pub limits: Limits,
    /// The legal basis and the decision, in the person's words.
    pub basis: String,
    pub by: Person,
    /// Why less than the law's minimum is right here; without it that is refused.
    pub shorter_than_the_law: Option<String>,
    /// The CMMC status dates, from which its clock runs. Empty: no status was reached yet. None: nobody said, which is
    /// refused where such a rule holds.
    pub status_dates: Option<Vec<NaiveDate>>,
}

/// What a deletion came to.
#[derive(Debug, Clone)]
pub struct DeletionReport {
    pub selection: Selection,
    /// Archives that were replaced.
    pub archives: u64,
    /// Leaves of the `deletion/1` records.
    pub leaves: Vec<u64>,
}

/// Why nothing was deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeletionFault {
    #[error(transparent)]
    Commit(#[from] CommitFault),
    #[error(
        "{} asks for {}: evidence from {} on must be kept ({}); --shorter-than-the-law REASON deletes it all the same and seals the reason",
        .rule.source, .rule.period(), .keeps_from.for_people(), .rule.remark
    )]
    TooYoung { rule: RetentionRule, keeps_from: Timestamp },
    #[error(
        "{} counts from the CMMC status date, which is not known here; say it with --status-date DAY, once for each status, or say --no-status if none was reached yet",
        .0.source
    )]
    NoStatusDate(RetentionRule),
    #[error("legal hold {} is in force ({}, placed by {}); release it with countersign retention release", .0.id, .0.reason, .0.by)]
    Held(Hold),
    #[error("say on which basis: a text of 1 to {MAX_BASIS} characters")]
    Basis,
    #[error(
        "archive {archive} belongs to no commit and holds some of these bytes; its writer may still be at work. Delete again after {}: by then it can be removed",
        .free_from.for_people()
    )]
    Leftover { archive: String, free_from: Timestamp },
    #[error("records that name these bytes came in meanwhile; nothing was deleted, run it again")]
    Overtaken,
}

/// Longest basis, in characters: a record has 32 KiB for everything.
const MAX_BASIS: usize = 2000;

/// Archives that one record replaces at most; a record has 32 KiB, an entry less than 400 bytes.
const ARCHIVES_A_RECORD: usize = 50;

impl DeletionRequest {
    /// Refuses what the law or this product's form does not allow. `frameworks` are those in use, now or once.
    fn check(&self, frameworks: &[FrameworkId], now: Timestamp) -> Result<(), DeletionFault> {
        let text = self.sealed_basis();
        if self.basis.trim().is_empty() || text.chars().count() > MAX_BASIS {
            return Err(DeletionFault::Basis);
        }
        let Some(rule) = longest(frameworks) else { return Ok(()) };
        let keeps_from = rule.keeps_from(now);
        if self.limits.before > keeps_from && self.shorter_than_the_law.is_none() {
            return Err(DeletionFault::TooYoung { rule, keeps_from });
        }
        let counts_from_status = rules_for(frameworks).into_iter().find(|one| one.clock == Clock::StatusDate);
        match counts_from_status {
            Some(rule) if self.status_dates.is_none() && self.shorter_than_the_law.is_none() => {
                Err(DeletionFault::NoStatusDate(rule))
            }
            _ => Ok(()),
        }
    }

    /// Days of which a status date still keeps the evidence.
    fn kept_by_status(&self, frameworks: &[FrameworkId], days: LocalDays, now: Timestamp) -> Vec<Days> {
        if self.shorter_than_the_law.is_some() {
            return Vec::new();
        }
        let dates = self.status_dates.as_deref().unwrap_or_default();
        rules_for(frameworks).iter().filter_map(|rule| rule.kept_by_status(dates, days, now)).collect()
    }

    /// The basis as it is sealed: with what was asked for, and why less than the law's time is right.
    #[must_use]
    pub fn sealed_basis(&self) -> String {
        let of_dataset = self.limits.dataset.as_ref().map(|dataset| format!(", dataset {dataset}")).unwrap_or_default();
        let shorter = self.shorter_than_the_law.as_deref().map(str::trim);
        let shorter = shorter.map(|reason| format!("; shorter than the law asks for, because: {reason}"));
        let status = self.status_dates.as_deref().map(|dates| match dates {
            [] => "; no CMMC status was reached yet".to_owned(),
            dates => {
                let dates: Vec<String> = dates.iter().map(NaiveDate::to_string).collect();
                format!("; CMMC status dates: {}", dates.join(", "))
            }
        });
        format!(
            "{} (evidence collected before {}{of_dataset}{}){}",
            self.basis.trim(),
            self.limits.before,
            status.unwrap_or_default(),
            shorter.unwrap_or_default()
        )
    }
}

/// What a request would delete now; refused when it may not.
pub async fn plan(
    app: &App,
    organization: &Organization,
    request: &DeletionRequest,
) -> Result<Selection, DeletionFault> {
    let scope = OrgScope::of(organization);
    let now = app.clock.now();
    roll_forward(app, &scope).await?;
    let frameworks = frameworks_ever(app, organization).await?;
    request.check(&frameworks, now)?;
    let selection =
        select(app, &scope, &request.limits, &request.kept_by_status(&frameworks, organization.days(), now)).await?;
    match selection.holds.first() {
        Some(hold) => Err(DeletionFault::Held(hold.clone())),
        None => Ok(selection),
    }
}

/// Deletes what a request asks for.
pub async fn delete(
    app: &App,
    organization: &Organization,
    request: &DeletionRequest,
) -> Result<DeletionReport, DeletionFault> {
    let scope = OrgScope::of(organization);
    let selection = plan(app, organization, request).await?;
    app.finish_removals(&scope).await.map_err(CommitFault::from)?;
    if selection.objects.is_empty() {
        return Ok(DeletionReport { selection, archives: 0, leaves: Vec::new() });
    }
    leftovers::remove(app, &scope, &selection.objects.keys().copied().collect()).await?;
    let rewritten = rewrite_all(app, &scope, &selection).await?;
    let leaves = match seal(app, &scope, request, &selection, &rewritten).await {
        Ok(leaves) => leaves,
        Err(fault) => {
            if let Err(left) = give_up(app, &scope, &rewritten).await {
                tracing::warn!(fault = %left, "Archives of a deletion that did not come about may be left in the vault");
            }
            return Err(fault);
        }
    };
    app.finish_removals(&scope).await.map_err(CommitFault::from)?;
    Ok(DeletionReport { selection, archives: rewritten.len() as u64, leaves })
}

/// The first step: archives without the objects, durable and in nobody's use yet.
pub async fn rewrite_all(app: &App, scope: &OrgScope, selection: &Selection) -> Result<Vec<Rewritten>, DeletionFault> {
    let objects: Vec<Digest> = selection.objects.keys().copied().collect();
    let holding = app.store.archives_holding(scope, &objects).await.map_err(CommitFault::from)?;
    let mut rewritten = Vec::with_capacity(holding.len());
    for (archive, without) in holding {
        rewritten.push(rewrite(app, scope, &archive, without).await?);
    }
    Ok(rewritten)
}

/// The second step: the commit, after a last look under the ledger's lease that nothing came in between.
pub async fn seal(
    app: &App,
    scope: &OrgScope,
    request: &DeletionRequest,
    selection: &Selection,
    rewritten: &[Rewritten],
) -> Result<Vec<u64>, DeletionFault> {
    let lease = Lease::take(app, scope, selection.size).await?;
    let sealed = lease.during(Box::pin(seal_under(&lease, request, selection, rewritten))).await;
    lease.release().await;
    sealed
}

async fn seal_under(
    lease: &Lease<'_>,
    request: &DeletionRequest,
    selection: &Selection,
    rewritten: &[Rewritten],
) -> Result<Vec<u64>, DeletionFault> {
    let (app, scope) = (lease.app(), lease.scope());
    under_lease(lease).await?;
    let now = app.clock.now();
    let (named, holds) = named_since(app, scope, selection.size).await?;
    if let Some(hold) = holds.into_iter().next() {
        return Err(DeletionFault::Held(hold));
    }
    let objects: Vec<Digest> = selection.objects.keys().copied().collect();
    let holding = app.store.archives_holding(scope, &objects).await.map_err(CommitFault::from)?;
    let expected: BTreeMap<&str, _> =
        rewritten.iter().map(|one| (one.replacement.was.name.as_str(), &one.without)).collect();
    let unchanged = holding.len() == expected.len()
        && holding.iter().all(|(archive, without)| expected.get(archive.as_str()) == Some(&without));
    if !unchanged || objects.iter().any(|object| named.contains(object)) {
        return Err(DeletionFault::Overtaken);
    }
    let mut entrants = Vec::new();
    let mut rows = Vec::new();
    for some in rewritten.chunks(ARCHIVES_A_RECORD) {
        let (entrant, row) = record::entrant(scope, request, selection, some, now)?;
        entrants.push(entrant);
        rows.push(row);
    }
    let index = |committed: &Committed| IndexRows {
        deletions: committed
            .admitted
            .iter()
            .zip(&rows)
            .map(|(admitted, row)| DeletionRow { leaf: admitted.leaf, ..row.clone() })
            .collect(),
        ..IndexRows::default()
    };
    let committed = commit_under(lease, entrants, index).await?;
    Ok(committed.admitted.iter().map(|admitted| admitted.leaf).collect())
}

/// Removes archives that were written for a deletion that did not come about.
async fn give_up(app: &App, scope: &OrgScope, rewritten: &[Rewritten]) -> Result<(), CommitFault> {
    // A commit may have happened although an error came back: then they are in use.
    roll_forward(app, scope).await?;
    let in_use: Vec<String> =
        app.store.replaced_archives(scope).await?.into_iter().map(|one| one.replacement).collect();
    for one in rewritten {
        if !in_use.contains(&one.replacement.now.name) {
            app.vault.delete_archive(scope.id(), &one.replacement.now.name).await?;
        }
    }
    Ok(())
}
