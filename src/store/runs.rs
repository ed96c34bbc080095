//! Executions of collectors, and when each dataset was last tried and last seen.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{collector_state, run};
use super::{OrgScope, Store, StoreFault, read_json};
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::id::{DatasetId, RunId};
use crate::model::time::Timestamp;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    Running,
    Ended,
    /// It was told to end before everything was read; what was read is sealed and judged.
    EndedEarly,
    /// The process ended first; found at the next start.
    Interrupted,
}

impl RunState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended => "ended",
            Self::EndedEarly => "ended_early",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One execution of collectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: RunId,
    /// What started it: `collect`, `schedule`, `import`, `demo`.
    pub cause: String,
    pub state: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Per dataset: target, outcome and reason, as printed when it ended.
    pub summary: serde_json::Value,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    pub state: RunState,
    pub states: Vec<CollectorState>,
    /// Per dataset: target, outcome and reason, as printed.
    pub summary: serde_json::Value,
}

/// When a dataset of a target was last tried and last seen whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorState {
    pub source: Source,
    pub target: String,
    pub dataset: DatasetId,
    pub last_started_at: Timestamp,
    pub last_outcome: CollectionOutcome,
    pub last_seen_at: Option<Timestamp>,
}

impl Store {
    /// Notes that a run has begun.
    pub async fn begin_run(&self, scope: &OrgScope, id: RunId, cause: &str, now: Timestamp) -> Result<(), StoreFault> {
        let row = run::ActiveModel {
            id: Set(id.0),
            organization_id: Set(scope.uuid()),
            cause: Set(cause.to_owned()),
            state: Set(RunState::Running.as_str().to_owned()),
            started_at: Set(now.as_datetime()),
            ended_at: Set(None),
            summary: Set(serde_json::json!([])),
        };
        run::Entity::insert(row).exec_without_returning(&self.write).await?;
        Ok(())
    }

    /// Notes that a run has ended, and what each dataset came to.
    pub async fn end_run(&self, scope: &OrgScope, id: RunId, end: RunEnd, now: Timestamp) -> Result<(), StoreFault> {
        let transaction = self.begin().await?;
        run::Entity::update_many()
            .set(run::ActiveModel {
                state: Set(end.state.as_str().to_owned()),
                ended_at: Set(Some(now.as_datetime())),
                summary: Set(end.summary),
                ..Default::default()
            })
            .filter(run::Column::Id.eq(id.0))
            .filter(run::Column::OrganizationId.eq(scope.uuid()))
            .exec(&transaction)
            .await?;
        for state in &end.states {
            let row = collector_state::ActiveModel {
                organization_id: Set(scope.uuid()),
                source: Set(state.source.as_str().to_owned()),
                target: Set(state.target.clone()),
                dataset: Set(state.dataset.to_string()),
                last_started_at: Set(state.last_started_at.as_datetime()),
                last_outcome: Set(state.last_outcome.as_str().to_owned()),
                last_seen_at: Set(state.last_seen_at.map(Timestamp::as_datetime)),
            };
            let mut changed = vec![collector_state::Column::LastStartedAt, collector_state::Column::LastOutcome];
            if state.last_seen_at.is_some() {
                changed.push(collector_state::Column::LastSeenAt);
            }
            let key = [
                collector_state::Column::OrganizationId,
                collector_state::Column::Source,
                collector_state::Column::Target,
                collector_state::Column::Dataset,
            ];
            collector_state::Entity::insert(row)
                .on_conflict(OnConflict::columns(key).update_columns(changed).to_owned())
                .exec_without_returning(&transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Marks a run that ended by a fault as interrupted; one that never began, or has ended, stays what it is.
    pub async fn interrupt_run(&self, scope: &OrgScope, id: RunId, now: Timestamp) -> Result<(), StoreFault> {
        run::Entity::update_many()
            .set(run::ActiveModel {
                state: Set(RunState::Interrupted.as_str().to_owned()),
                ended_at: Set(Some(now.as_datetime())),
                ..Default::default()
            })
            .filter(run::Column::OrganizationId.eq(scope.uuid()))
            .filter(run::Column::Id.eq(id.0))
            .filter(run::Column::State.eq(RunState::Running.as_str()))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// Marks runs that were cut off before `started_before` as interrupted; returns how many there were.
    pub async fn mark_interrupted_runs(&self, scope: &OrgScope, started_before: Timestamp) -> Result<u64, StoreFault> {
        let result = run::Entity::update_many()
            .set(run::ActiveModel { state: Set(RunState::Interrupted.as_str().to_owned()), ..Default::default() })
            .filter(run::Column::OrganizationId.eq(scope.uuid()))
            .filter(run::Column::State.eq(RunState::Running.as_str()))
            .filter(run::Column::StartedAt.lt(started_before.as_datetime()))
            .exec(&self.write)
            .await?;
        Ok(result.rows_affected)
    }

    /// The newest runs that began at or before `as_of`, newest first.
    pub async fn latest_runs(&self, scope: &OrgScope, as_of: Timestamp, many: u64) -> Result<Vec<Run>, StoreFault> {
        let rows = run::Entity::find()
            .filter(run::Column::OrganizationId.eq(scope.uuid()))
            .filter(run::Column::StartedAt.lte(as_of.as_datetime()))
            .order_by_desc(run::Column::StartedAt)
            .order_by_desc(run::Column::Id)
            .limit(many)
            .all(&self.read)
            .await?;
        Ok(rows.into_iter().map(to_run).collect())
    }

    /// One run of this organization.
    pub async fn one_run(&self, scope: &OrgScope, id: RunId) -> Result<Option<Run>, StoreFault> {
        let row = run::Entity::find()
            .filter(run::Column::OrganizationId.eq(scope.uuid()))
            .filter(run::Column::Id.eq(id.0))
            .one(&self.read)
            .await?;
        Ok(row.map(to_run))
    }

    /// When each dataset of each target was last tried and last seen.
    pub async fn collector_states(&self, scope: &OrgScope) -> Result<Vec<CollectorState>, StoreFault> {
        let rows = collector_state::Entity::find()
            .filter(collector_state::Column::OrganizationId.eq(scope.uuid()))
            .order_by_asc(collector_state::Column::Dataset)
            .order_by_asc(collector_state::Column::Target)
            .all(&self.read)
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(CollectorState {
                    source: read_json("collector_state", serde_json::Value::String(row.source))?,
                    target: row.target,
                    dataset: super::read_text("collector_state", &row.dataset)?,
                    last_started_at: row.last_started_at.into(),
                    last_outcome: super::read_text("collector_state", &row.last_outcome)?,
                    last_seen_at: row.last_seen_at.map(Into::into),
                })
            })
            .collect()
    }
}

fn to_run(row: run::Model) -> Run {
    Run {
        id: RunId(row.id),
        cause: row.cause,
        state: row.state,
        started_at: row.started_at.into(),
        ended_at: row.ended_at.map(Into::into),
        summary: row.summary,
    }
}
