//! Certificates that were made for a tenant and are not in use yet: secrets like all others, named by what they are for.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::entity::secret;
use super::organizations::insert_secret;
use super::{OrgScope, Store, StoreFault};
use crate::config::secret_key::SealedSecret;
use crate::model::time::Timestamp;

/// What the purpose of such a secret begins with; the tenant follows.
const PURPOSE: &str = "certificate for ";

/// What the secret of a certificate that waits for a tenant is kept under.
pub(super) fn waiting_for(tenant: &str) -> String {
    format!("{PURPOSE}{tenant}")
}

/// A sealed certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    pub id: Uuid,
    pub tenant: String,
    pub sealed: SealedSecret,
    pub created_at: Timestamp,
}

impl Store {
    /// Keeps a certificate for a tenant, connected or not, beside those that are kept already.
    pub async fn add_certificate(
        &self,
        scope: &OrgScope,
        tenant: &str,
        sealed: &SealedSecret,
        now: Timestamp,
    ) -> Result<Uuid, StoreFault> {
        let transaction = self.begin().await?;
        let id = insert_secret(&transaction, scope.id(), &waiting_for(tenant), sealed, now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// The certificates kept for the organization's tenants, oldest first.
    pub async fn certificates(&self, scope: &OrgScope) -> Result<Vec<StoredCertificate>, StoreFault> {
        let rows = secret::Entity::find()
            .filter(secret::Column::OrganizationId.eq(scope.uuid()))
            .filter(secret::Column::Purpose.starts_with(PURPOSE))
            .order_by_asc(secret::Column::CreatedAt)
            .order_by_asc(secret::Column::Id)
            .all(&self.read)
            .await?;
        let certificate = |row: secret::Model| {
            let tenant = row.purpose.strip_prefix(PURPOSE)?.to_owned();
            let sealed = SealedSecret { key_id: row.key_id, nonce: row.nonce, ciphertext: row.ciphertext };
            Some(StoredCertificate { id: row.id, tenant, sealed, created_at: row.created_at.into() })
        };
        Ok(rows.into_iter().filter_map(certificate).collect())
    }

    /// Removes a certificate that is in use by now, or that nobody wants; any other secret stays.
    pub async fn remove_certificate(&self, scope: &OrgScope, id: Uuid) -> Result<(), StoreFault> {
        secret::Entity::delete_many()
            .filter(secret::Column::OrganizationId.eq(scope.uuid()))
            .filter(secret::Column::Id.eq(id))
            .filter(secret::Column::Purpose.starts_with(PURPOSE))
            .exec(&self.write)
            .await?;
        Ok(())
    }
}
