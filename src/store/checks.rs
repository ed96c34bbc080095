//! What checks made of each target, and where controls stood from when.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::entity::{check_result, control_status, evidence};
use super::{OrgScope, Store, StoreFault, from_stored, read_json, read_text, to_stored, write_json};
use crate::model::control::ControlState;
use crate::model::finding::{CheckResult, FindingOutcome};
use crate::model::id::{CheckId, ControlId, FrameworkId, RunId};
use crate::model::time::Timestamp;

/// A check's result with the run it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedResult {
    pub run: RunId,
    pub judged_at: Timestamp,
    /// Leaf of the `judgement/1` record that carries it.
    pub recorded_leaf: u64,
    pub result: CheckResult,
}

/// A control's status from a moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    pub framework: FrameworkId,
    pub control: ControlId,
    pub run: RunId,
    pub state: ControlState,
    pub because: String,
    /// Since when it was so, as far as evidence says.
    pub valid_from: Option<Timestamp>,
    /// Since when we know.
    pub recorded_at: Timestamp,
}

impl Store {
    /// The newest result of every check on every target that was judged at or before `as_of`.
    pub async fn latest_results(&self, scope: &OrgScope, as_of: Timestamp) -> Result<Vec<JudgedResult>, StoreFault> {
        let newest = newest_of_each(scope, as_of).into_tuple().all(&self.read).await?;
        self.results_named(scope, newest).await
    }

    /// The last time each of these checks failed on each target, as far as it was judged at or before `as_of`.
    pub async fn last_failures(
        &self,
        scope: &OrgScope,
        checks: &BTreeSet<CheckId>,
        as_of: Timestamp,
    ) -> Result<Vec<JudgedResult>, StoreFault> {
        let checks: Vec<String> = checks.iter().map(ToString::to_string).collect();
        let mut newest = Vec::new();
        for some in checks.chunks(500) {
            let found: Vec<(String, String, i64)> = newest_of_each(scope, as_of)
                .filter(check_result::Column::Outcome.eq(FindingOutcome::Fail.as_str()))
                .filter(check_result::Column::CheckId.is_in(some))
                .into_tuple()
                .all(&self.read)
                .await?;
            newest.extend(found);
        }
        self.results_named(scope, newest).await
    }

    /// Results that were judged after `as_of` and at or before `known_at` from nothing but data that had been collected by
    /// `as_of`: evidence that came in late, and old evidence that was judged again. The newest of every check and target.
    /// One that read nothing says nothing about an earlier moment and is not among them.
    pub async fn late_results(
        &self,
        scope: &OrgScope,
        as_of: Timestamp,
        known_at: Timestamp,
    ) -> Result<Vec<JudgedResult>, StoreFault> {
        let newer: BTreeSet<i64> = evidence::Entity::find()
            .select_only()
            .column(evidence::Column::Leaf)
            .filter(evidence::Column::OrganizationId.eq(scope.uuid()))
            .filter(evidence::Column::CollectedAt.gt(as_of.as_datetime()))
            .into_tuple::<i64>()
            .all(&self.read)
            .await?
            .into_iter()
            .collect();
        let judged_later = check_result::Entity::find()
            .select_only()
            .columns([check_result::Column::CheckId, check_result::Column::Target])
            .columns([check_result::Column::RecordedLeaf, check_result::Column::Evidence])
            .filter(check_result::Column::OrganizationId.eq(scope.uuid()))
            .filter(check_result::Column::JudgedAt.gt(as_of.as_datetime()))
            .filter(check_result::Column::JudgedAt.lte(known_at.as_datetime()))
            .order_by_asc(check_result::Column::RecordedLeaf)
            .order_by_asc(check_result::Column::CheckId)
            .order_by_asc(check_result::Column::Target);
        let mut newest: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut pages =
            judged_later.into_tuple::<(String, String, i64, serde_json::Value)>().paginate(&self.read, 5_000);
        while let Some(page) = pages.fetch_and_next().await? {
            for (check, target, leaf, read) in page {
                let read: Vec<i64> = read_json("check_result", read)?;
                if !read.is_empty() && read.iter().all(|leaf| !newer.contains(leaf)) {
                    newest.insert((check, target), leaf);
                }
            }
        }
        self.results_named(scope, newest.into_iter().map(|((check, target), leaf)| (check, target, leaf)).collect())
            .await
    }

    /// Whether anything was judged after a moment. If not, what is kept as it stands now stood so then.
    pub async fn is_judged_after(&self, scope: &OrgScope, moment: Timestamp) -> Result<bool, StoreFault> {
        let judged = check_result::Entity::find()
            .select_only()
            .column(check_result::Column::RecordedLeaf)
            .filter(check_result::Column::OrganizationId.eq(scope.uuid()))
            .filter(check_result::Column::JudgedAt.gt(moment.as_datetime()));
        let told = control_status::Entity::find()
            .select_only()
            .column(control_status::Column::RunId)
            .filter(control_status::Column::OrganizationId.eq(scope.uuid()))
            .filter(control_status::Column::RecordedAt.gt(moment.as_datetime()));
        let is_judged = judged.into_tuple::<i64>().one(&self.read).await?.is_some();
        Ok(is_judged || told.into_tuple::<uuid::Uuid>().one(&self.read).await?.is_some())
    }

    /// The results with these checks, targets and judgements.
    async fn results_named(
        &self,
        scope: &OrgScope,
        newest: Vec<(String, String, i64)>,
    ) -> Result<Vec<JudgedResult>, StoreFault> {
        let leaves: BTreeSet<i64> = newest.iter().map(|(_, _, leaf)| *leaf).collect();
        let leaves: Vec<i64> = leaves.into_iter().collect();
        let newest: BTreeSet<(String, String, i64)> = newest.into_iter().collect();
        let mut results = Vec::with_capacity(newest.len());
        for some in leaves.chunks(500) {
            let rows = check_result::Entity::find()
                .filter(check_result::Column::OrganizationId.eq(scope.uuid()))
                .filter(check_result::Column::RecordedLeaf.is_in(some.iter().copied()))
                .order_by_asc(check_result::Column::CheckId)
                .order_by_asc(check_result::Column::Target)
                .all(&self.read)
                .await?;
            for row in rows {
                if newest.contains(&(row.check_id.clone(), row.target.clone(), row.recorded_leaf)) {
                    results.push(to_result(row)?);
                }
            }
        }
        Ok(results)
    }

    /// The status of every control that was known at `as_of`, of one framework.
    pub async fn statuses_as_of(
        &self,
        scope: &OrgScope,
        framework: &FrameworkId,
        as_of: Timestamp,
    ) -> Result<Vec<StatusChange>, StoreFault> {
        let rows = control_status::Entity::find()
            .filter(control_status::Column::OrganizationId.eq(scope.uuid()))
            .filter(control_status::Column::Framework.eq(framework.as_str()))
            .filter(control_status::Column::RecordedAt.lte(as_of.as_datetime()))
            .order_by_asc(control_status::Column::RecordedAt)
            .all(&self.read)
            .await?;
        let mut newest = BTreeMap::new();
        for row in rows {
            newest.insert(row.control.clone(), row);
        }
        newest.into_values().map(to_status).collect()
    }

    /// Where one control stood from when, as known at `as_of`: the newest `many` changes, newest first.
    pub async fn status_history(
        &self,
        scope: &OrgScope,
        framework: &FrameworkId,
        control: &ControlId,
        as_of: Timestamp,
        many: u64,
    ) -> Result<Vec<StatusChange>, StoreFault> {
        let rows = control_status::Entity::find()
            .filter(control_status::Column::OrganizationId.eq(scope.uuid()))
            .filter(control_status::Column::Framework.eq(framework.as_str()))
            .filter(control_status::Column::Control.eq(control.as_str()))
            .filter(control_status::Column::RecordedAt.lte(as_of.as_datetime()))
            .order_by_desc(control_status::Column::RecordedAt)
            .limit(many)
            .all(&self.read)
            .await?;
        rows.into_iter().map(to_status).collect()
    }

    /// What one run made of every check, by check and target.
    pub async fn results_of_run(&self, scope: &OrgScope, run: RunId) -> Result<Vec<JudgedResult>, StoreFault> {
        let rows = check_result::Entity::find()
            .filter(check_result::Column::OrganizationId.eq(scope.uuid()))
            .filter(check_result::Column::RunId.eq(run.0))
            .order_by_asc(check_result::Column::CheckId)
            .order_by_asc(check_result::Column::Target)
            .all(&self.read)
            .await?;
        rows.into_iter().map(to_result).collect()
    }
}

/// The newest judgement of every check on every target that was made at or before `as_of`.
fn newest_of_each(scope: &OrgScope, as_of: Timestamp) -> Select<check_result::Entity> {
    check_result::Entity::find()
        .select_only()
        .columns([check_result::Column::CheckId, check_result::Column::Target])
        .column_as(check_result::Column::RecordedLeaf.max(), "recorded_leaf")
        .filter(check_result::Column::OrganizationId.eq(scope.uuid()))
        .filter(check_result::Column::JudgedAt.lte(as_of.as_datetime()))
        .group_by(check_result::Column::CheckId)
        .group_by(check_result::Column::Target)
}

pub(super) async fn insert_results(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    results: &[JudgedResult],
) -> Result<(), StoreFault> {
    for some in results.chunks(200) {
        let rows = some.iter().map(|judged| stored_result(scope, judged)).collect::<Result<Vec<_>, _>>()?;
        check_result::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// The row of a result.
pub(super) fn stored_result(scope: &OrgScope, judged: &JudgedResult) -> Result<check_result::ActiveModel, StoreFault> {
    let result = &judged.result;
    Ok(check_result::ActiveModel {
        organization_id: Set(scope.uuid()),
        run_id: Set(judged.run.0),
        check_id: Set(result.check.to_string()),
        target: Set(result.target.clone()),
        version: Set(result.version.to_string()),
        outcome: Set(result.outcome.as_str().to_owned()),
        because: Set(result.because.clone()),
        resources: Set(write_json("check_result", &result.resources)?),
        evidence: Set(write_json("check_result", &result.evidence)?),
        judged_at: Set(judged.judged_at.as_datetime()),
        recorded_leaf: Set(to_stored(judged.recorded_leaf)),
    })
}

pub(super) async fn insert_statuses(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    changes: &[StatusChange],
) -> Result<(), StoreFault> {
    for some in changes.chunks(500) {
        let rows = some.iter().map(|change| stored_status(scope, change));
        control_status::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// The row of a status.
pub(super) fn stored_status(scope: &OrgScope, change: &StatusChange) -> control_status::ActiveModel {
    control_status::ActiveModel {
        organization_id: Set(scope.uuid()),
        framework: Set(change.framework.to_string()),
        control: Set(change.control.to_string()),
        run_id: Set(change.run.0),
        state: Set(change.state.as_str().to_owned()),
        because: Set(change.because.clone()),
        valid_from: Set(change.valid_from.map(Timestamp::as_datetime)),
        recorded_at: Set(change.recorded_at.as_datetime()),
    }
}

fn to_status(row: control_status::Model) -> Result<StatusChange, StoreFault> {
    Ok(StatusChange {
        framework: read_text("control_status", &row.framework)?,
        control: read_text("control_status", &row.control)?,
        run: RunId(row.run_id),
        state: read_text("control_status", &row.state)?,
        because: row.because,
        valid_from: row.valid_from.map(Into::into),
        recorded_at: row.recorded_at.into(),
    })
}

fn to_result(row: check_result::Model) -> Result<JudgedResult, StoreFault> {
    Ok(JudgedResult {
        run: RunId(row.run_id),
        judged_at: row.judged_at.into(),
        recorded_leaf: from_stored(row.recorded_leaf),
        result: CheckResult {
            check: read_text("check_result", &row.check_id)?,
            version: read_text("check_result", &row.version)?,
            target: row.target,
            outcome: read_text("check_result", &row.outcome)?,
            because: row.because,
            resources: read_json("check_result", row.resources)?,
            evidence: read_json("check_result", row.evidence)?,
        },
    })
}
