//! What only the vault and a backup bring back: organizations and keys as they were, runs and collector states as far
//! as sealed evidence tells them.
//!
//! Nothing here overwrites what the database knows better. Everything can be repeated.

use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::entity::{collector_state, organization, run, signing_key};
use super::organizations::insert_secret;
use super::{CollectorState, OrgScope, Run, RunState, SigningKeyRow, Store, StoreFault, write_json};
use crate::config::secret_key::SealedSecret;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;

/// The cause of a run that is known from its evidence only.
pub const UNKNOWN_CAUSE: &str = "unknown";

impl Store {
    /// Adds an organization as its record tells it, without any key; one that is there stays as it is.
    pub async fn take_over_organization(
        &self,
        known: &Organization,
        settings: &serde_json::Value,
    ) -> Result<OrgScope, StoreFault> {
        let scope = OrgScope::of(known);
        if organization::Entity::find_by_id(known.id.0).one(&self.write).await?.is_some() {
            return Ok(scope);
        }
        let row = organization::ActiveModel {
            id: Set(known.id.0),
            slug: Set(known.slug.to_string()),
            name: Set(known.name.clone()),
            model: Set(known.model.as_str().to_owned()),
            frameworks: Set(write_json("organization", &known.frameworks)?),
            time_zone: Set(known.time_zone.clone()),
            settings: Set(settings.clone()),
            created_at: Set(known.created_at.as_datetime()),
        };
        organization::Entity::insert(row).exec_without_returning(&self.write).await?;
        Ok(scope)
    }

    /// Adds a signing key that a record introduces, with its sealed seed if that is at hand. One that is there stays.
    pub async fn take_over_signing_key(
        &self,
        scope: &OrgScope,
        key: &SigningKeyRow,
        sealed: Option<&SealedSecret>,
    ) -> Result<(), StoreFault> {
        let transaction = self.begin().await?;
        let known = signing_key::Entity::find_by_id((scope.uuid(), key.key_id.clone())).one(&transaction).await?;
        if known.is_some() {
            return Ok(());
        }
        let secret_id = match sealed {
            Some(sealed) => insert_secret(&transaction, scope.id(), "signing key", sealed, key.introduced_at).await?,
            None => Uuid::nil(),
        };
        let row = signing_key::ActiveModel {
            organization_id: Set(scope.uuid()),
            key_id: Set(key.key_id.clone()),
            name: Set(key.name.clone()),
            public_key: Set(key.public_key.clone()),
            secret_id: Set(secret_id),
            introduced_at: Set(key.introduced_at.as_datetime()),
        };
        signing_key::Entity::insert(row).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Notes a run that is known from its evidence. A run that is there stays, unless it was made from evidence too:
    /// then it grows by what this evidence tells.
    pub async fn take_over_run(&self, scope: &OrgScope, found: &Run) -> Result<(), StoreFault> {
        let transaction = self.begin().await?;
        let known = run::Entity::find_by_id(found.id.0)
            .filter(run::Column::OrganizationId.eq(scope.uuid()))
            .one(&transaction)
            .await?;
        let ended_at = found.ended_at.map(Timestamp::as_datetime);
        match known {
            None => {
                let row = run::ActiveModel {
                    id: Set(found.id.0),
                    organization_id: Set(scope.uuid()),
                    cause: Set(found.cause.clone()),
                    state: Set(RunState::Ended.as_str().to_owned()),
                    started_at: Set(found.started_at.as_datetime()),
                    ended_at: Set(ended_at),
                    summary: Set(found.summary.clone()),
                };
                run::Entity::insert(row).exec_without_returning(&transaction).await?;
            }
            Some(known) if known.cause == UNKNOWN_CAUSE => {
                let mut lines = known.summary.as_array().cloned().unwrap_or_default();
                for line in found.summary.as_array().into_iter().flatten() {
                    if !lines.contains(line) {
                        lines.push(line.clone());
                    }
                }
                let (started, ended) = (known.started_at, known.ended_at);
                let mut row = known.into_active_model();
                row.started_at = Set(started.min(found.started_at.as_datetime()));
                row.ended_at = Set(ended.max(ended_at));
                row.summary = Set(serde_json::Value::Array(lines));
                row.update(&transaction).await?;
            }
            Some(_) => {}
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Notes when datasets were tried and seen, where that is newer than what is known.
    pub async fn take_over_states(&self, scope: &OrgScope, states: &[CollectorState]) -> Result<(), StoreFault> {
        let transaction = self.begin().await?;
        for state in states {
            let key = (scope.uuid(), state.source.as_str().to_owned(), state.target.clone(), state.dataset.to_string());
            let known = collector_state::Entity::find_by_id(key).one(&transaction).await?;
            let started = state.last_started_at.as_datetime();
            let seen = state.last_seen_at.map(Timestamp::as_datetime);
            match known {
                None => {
                    let row = collector_state::ActiveModel {
                        organization_id: Set(scope.uuid()),
                        source: Set(state.source.as_str().to_owned()),
                        target: Set(state.target.clone()),
                        dataset: Set(state.dataset.to_string()),
                        last_started_at: Set(started),
                        last_outcome: Set(state.last_outcome.as_str().to_owned()),
                        last_seen_at: Set(seen),
                    };
                    collector_state::Entity::insert(row).exec_without_returning(&transaction).await?;
                }
                Some(known) if known.last_started_at < started => {
                    let before = known.last_seen_at;
                    let mut row = known.into_active_model();
                    row.last_started_at = Set(started);
                    row.last_outcome = Set(state.last_outcome.as_str().to_owned());
                    row.last_seen_at = Set(before.max(seen));
                    row.update(&transaction).await?;
                }
                Some(_) => {}
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}
