//! Keys that sign an organization's ledger: the public halves, and the sealed seeds that only the instance key opens.
//!
//! An organization may have several. Which of them signs is not told here: the ledger's own `key/1` records decide.

use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

use super::entity::signing_key;
use super::{OrgScope, Store, StoreFault};
use crate::config::secret_key::SealedSecret;
use crate::model::id::OrgId;
use crate::model::time::Timestamp;

/// The public half of a signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyRow {
    pub key_id: String,
    pub name: String,
    pub public_key: Vec<u8>,
    /// When it was made; it signs from its `key/1` record on.
    pub introduced_at: Timestamp,
}

impl Store {
    /// Every key that was made for the organization, oldest first.
    pub async fn signing_keys(&self, scope: &OrgScope) -> Result<Vec<SigningKeyRow>, StoreFault> {
        let rows = signing_key::Entity::find()
            .filter(signing_key::Column::OrganizationId.eq(scope.uuid()))
            .order_by_asc(signing_key::Column::IntroducedAt)
            .order_by_asc(signing_key::Column::KeyId)
            .all(&self.read)
            .await?;
        Ok(rows.into_iter().map(to_key).collect())
    }

    /// The sealed seed of the key with these public bytes, or none if it is not kept here.
    pub async fn sealed_seed(&self, scope: &OrgScope, public_key: &[u8]) -> Result<Option<SealedSecret>, StoreFault> {
        let row = signing_key::Entity::find()
            .filter(signing_key::Column::OrganizationId.eq(scope.uuid()))
            .filter(signing_key::Column::PublicKey.eq(public_key))
            .one(&self.read)
            .await?;
        match row {
            // A key that only records and no backup brought back has none.
            Some(row) if row.secret_id.is_nil() => Ok(None),
            Some(row) => self.sealed_secret(scope, row.secret_id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Keeps a further key with its sealed seed. It signs nothing before its record is in the ledger.
    pub async fn add_signing_key(
        &self,
        scope: &OrgScope,
        key: &SigningKeyRow,
        sealed_seed: &SealedSecret,
    ) -> Result<(), StoreFault> {
        let transaction = self.begin().await?;
        insert(&transaction, scope.id(), key, sealed_seed).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Adds a key inside a running transaction.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    organization: OrgId,
    key: &SigningKeyRow,
    sealed_seed: &SealedSecret,
) -> Result<(), StoreFault> {
    let at = key.introduced_at;
    let secret_id =
        super::organizations::insert_secret(transaction, organization, "signing key", sealed_seed, at).await?;
    let row = signing_key::ActiveModel {
        organization_id: Set(organization.0),
        key_id: Set(key.key_id.clone()),
        name: Set(key.name.clone()),
        public_key: Set(key.public_key.clone()),
        secret_id: Set(secret_id),
        introduced_at: Set(at.as_datetime()),
    };
    signing_key::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

fn to_key(row: signing_key::Model) -> SigningKeyRow {
    SigningKeyRow {
        key_id: row.key_id,
        name: row.name,
        public_key: row.public_key,
        introduced_at: row.introduced_at.into(),
    }
}
