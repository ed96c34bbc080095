//! Tenants and hosts an organization collects from.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder,
};

use super::certificates::waiting_for;
use super::entity::{connection, secret};
use super::organizations::insert_secret;
use super::{OrgScope, Store, StoreFault, read_json};
use crate::config::secret_key::SealedSecret;
use crate::model::evidence::Source;
use crate::model::id::ConnectionId;
use crate::model::time::Timestamp;

/// A connected tenant or host. Settings hold no secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    pub id: ConnectionId,
    pub source: Source,
    pub target: String,
    pub settings: serde_json::Value,
    /// Where the sealed secret is, if the connection has one.
    pub secret: Option<uuid::Uuid>,
    pub created_at: Timestamp,
}

/// A connection to add.
#[derive(Debug, Clone)]
pub struct NewConnection {
    pub source: Source,
    pub target: String,
    pub settings: serde_json::Value,
    pub secret: Option<SealedSecret>,
}

/// A connection that was removed by a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnected {
    pub source: Source,
    pub target: String,
    pub at: Timestamp,
}

impl Store {
    /// Adds a connection; refuses a second one to the same target.
    pub async fn add_connection(
        &self,
        scope: &OrgScope,
        new: &NewConnection,
        now: Timestamp,
    ) -> Result<ConnectionId, StoreFault> {
        let transaction = self.begin().await?;
        if connected(&transaction, scope, new).await?.is_some() {
            let source_kind = new.source.as_str();
            return Err(StoreFault::ConnectionExists { source_kind, target: new.target.clone() });
        }
        let secret_id = match &new.secret {
            Some(sealed) => Some(insert_secret(&transaction, scope.id(), "connection", sealed, now).await?),
            None => None,
        };
        let id = ConnectionId::fresh();
        let row = connection::ActiveModel {
            id: Set(id.0),
            organization_id: Set(scope.uuid()),
            source: Set(new.source.as_str().to_owned()),
            target: Set(new.target.clone()),
            settings: Set(new.settings.clone()),
            secret_id: Set(secret_id),
            created_at: Set(now.as_datetime()),
        };
        connection::Entity::insert(row).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Gives an existing connection to the same target other settings and another secret; the old secret is removed.
    pub async fn replace_connection(
        &self,
        scope: &OrgScope,
        new: &NewConnection,
        now: Timestamp,
    ) -> Result<ConnectionId, StoreFault> {
        let transaction = self.begin().await?;
        let known =
            connected(&transaction, scope, new).await?.ok_or_else(|| StoreFault::NotConnected(new.target.clone()))?;
        let secret_id = match &new.secret {
            Some(sealed) => Some(insert_secret(&transaction, scope.id(), "connection", sealed, now).await?),
            None => None,
        };
        let id = known.id;
        let old_secret = known.secret_id;
        let mut row = known.into_active_model();
        row.settings = Set(new.settings.clone());
        row.secret_id = Set(secret_id);
        row.update(&transaction).await?;
        if let Some(old) = old_secret {
            secret::Entity::delete_many()
                .filter(secret::Column::OrganizationId.eq(scope.uuid()))
                .filter(secret::Column::Id.eq(old))
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(ConnectionId(id))
    }

    /// All connections, oldest first.
    pub async fn connections(&self, scope: &OrgScope) -> Result<Vec<Connection>, StoreFault> {
        let rows = connection::Entity::find()
            .filter(connection::Column::OrganizationId.eq(scope.uuid()))
            .order_by_asc(connection::Column::CreatedAt)
            .order_by_asc(connection::Column::Id)
            .all(&self.read)
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Connection {
                    id: ConnectionId(row.id),
                    source: read_json("connection", serde_json::Value::String(row.source))?,
                    target: row.target,
                    settings: row.settings,
                    secret: row.secret_id,
                    created_at: row.created_at.into(),
                })
            })
            .collect()
    }
}

/// Removes connections that were made by the moment of the decision, with their secrets and with certificates that wait
/// for the tenant. One that was made anew since stays, so that the decision can be taken over again.
pub(super) async fn remove(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    disconnected: &[Disconnected],
) -> Result<(), StoreFault> {
    for gone in disconnected {
        let known = connection::Entity::find()
            .filter(connection::Column::OrganizationId.eq(scope.uuid()))
            .filter(connection::Column::Source.eq(gone.source.as_str()))
            .filter(connection::Column::Target.eq(&gone.target))
            .filter(connection::Column::CreatedAt.lte(gone.at.as_datetime()))
            .one(transaction)
            .await?;
        let Some(known) = known else { continue };
        connection::Entity::delete_by_id(known.id).exec(transaction).await?;
        let waiting = secret::Column::Purpose.eq(waiting_for(&gone.target));
        let mut of_it = Condition::any();
        if gone.source == Source::Graph {
            of_it = of_it.add(waiting);
        }
        if let Some(id) = known.secret_id {
            of_it = of_it.add(secret::Column::Id.eq(id));
        }
        if !of_it.is_empty() {
            secret::Entity::delete_many()
                .filter(secret::Column::OrganizationId.eq(scope.uuid()))
                .filter(of_it)
                .exec(transaction)
                .await?;
        }
    }
    Ok(())
}

/// The connection to the same target, if there is one.
async fn connected(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    new: &NewConnection,
) -> Result<Option<connection::Model>, StoreFault> {
    let same = connection::Entity::find()
        .filter(connection::Column::OrganizationId.eq(scope.uuid()))
        .filter(connection::Column::Source.eq(new.source.as_str()))
        .filter(connection::Column::Target.eq(&new.target));
    Ok(same.one(transaction).await?)
}
