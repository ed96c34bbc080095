//! The installation itself and its organizations.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};
use uuid::Uuid;

use super::entity::{instance, organization, secret};
use super::keys::SigningKeyRow;
use super::{InstanceScope, OrgScope, Store, StoreFault, read_json, read_text, write_json};
use crate::config::secret_key::SealedSecret;
use crate::model::id::{FrameworkId, OrgId, OrgSlug};
use crate::model::organization::Organization;
use crate::model::time::Timestamp;

/// This installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub id: Uuid,
    /// Id of the key that sealed the secrets in this database.
    pub secret_key_id: String,
}

/// An organization with the key that will sign its ledger.
#[derive(Debug, Clone)]
pub struct NewOrganization {
    pub organization: Organization,
    pub settings: serde_json::Value,
    pub key: SigningKeyRow,
    pub sealed_seed: SealedSecret,
}

/// What a decision says of the organization's row from then on; what is none stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrganizationUpdate {
    pub name: Option<String>,
    pub time_zone: Option<String>,
    pub frameworks: Option<Vec<FrameworkId>>,
    pub settings: Option<serde_json::Value>,
}

impl OrganizationUpdate {
    /// The organization and its settings after it.
    pub fn apply(self, organization: &mut Organization, settings: &mut serde_json::Value) {
        organization.name = self.name.unwrap_or_else(|| std::mem::take(&mut organization.name));
        organization.time_zone = self.time_zone.unwrap_or_else(|| std::mem::take(&mut organization.time_zone));
        organization.frameworks = self.frameworks.unwrap_or_else(|| std::mem::take(&mut organization.frameworks));
        *settings = self.settings.unwrap_or_else(|| settings.take());
    }
}

impl Store {
    /// This installation, or none in an empty database.
    pub async fn instance(&self) -> Result<Option<Instance>, StoreFault> {
        let row = instance::Entity::find().one(&self.read).await?;
        Ok(row.map(|row| Instance { id: row.id, secret_key_id: row.secret_key_id }))
    }

    /// Writes the one instance row.
    pub async fn create_instance(&self, instance: &Instance, now: Timestamp) -> Result<(), StoreFault> {
        let row = instance::ActiveModel {
            id: Set(instance.id),
            secret_key_id: Set(instance.secret_key_id.clone()),
            created_at: Set(now.as_datetime()),
        };
        instance::Entity::insert(row).exec_without_returning(&self.write).await?;
        Ok(())
    }

    /// All organizations, by name.
    pub async fn organizations(&self, _scope: InstanceScope) -> Result<Vec<Organization>, StoreFault> {
        let rows = organization::Entity::find().order_by_asc(organization::Column::Slug).all(&self.read).await?;
        rows.into_iter().map(to_organization).collect()
    }

    /// One organization by its short name.
    pub async fn organization(&self, _scope: InstanceScope, slug: &OrgSlug) -> Result<Organization, StoreFault> {
        organization::Entity::find()
            .filter(organization::Column::Slug.eq(slug.as_str()))
            .one(&self.read)
            .await?
            .ok_or_else(|| StoreFault::NoSuchOrganization(slug.to_string()))
            .and_then(to_organization)
    }

    /// The organization a scope is of, as it is now.
    pub async fn organization_of(&self, scope: &OrgScope) -> Result<Organization, StoreFault> {
        let row = organization::Entity::find_by_id(scope.uuid()).one(&self.read).await?;
        row.ok_or_else(|| StoreFault::NoSuchOrganization(scope.id().to_string())).and_then(to_organization)
    }

    /// Adds an organization, its signing key and the key's sealed seed in one transaction.
    pub async fn add_organization(&self, new: &NewOrganization) -> Result<OrgScope, StoreFault> {
        let made = &new.organization;
        let transaction = self.begin().await?;
        let taken = organization::Entity::find()
            .filter(organization::Column::Slug.eq(made.slug.as_str()))
            .one(&transaction)
            .await?;
        if taken.is_some() {
            return Err(StoreFault::OrganizationExists(made.slug.to_string()));
        }
        let row = as_stored(made, &new.settings)?;
        organization::Entity::insert(row).exec_without_returning(&transaction).await?;
        super::keys::insert(&transaction, made.id, &new.key, &new.sealed_seed).await?;
        transaction.commit().await?;
        Ok(OrgScope::of(made))
    }

    /// Settings that feed checks as data: break-glass accounts, expected ports, thresholds.
    pub async fn settings(&self, scope: &OrgScope) -> Result<serde_json::Value, StoreFault> {
        let row = organization::Entity::find_by_id(scope.uuid()).one(&self.read).await?;
        row.map(|row| row.settings).ok_or_else(|| StoreFault::NoSuchOrganization(scope.id().to_string()))
    }

    /// A secret as it is stored; only the holder of the instance key can open it.
    pub async fn sealed_secret(&self, scope: &OrgScope, id: Uuid) -> Result<SealedSecret, StoreFault> {
        let row = secret::Entity::find_by_id(id)
            .filter(secret::Column::OrganizationId.eq(scope.uuid()))
            .one(&self.read)
            .await?
            .ok_or_else(|| StoreFault::Unreadable { table: "secret", message: format!("no secret {id}") })?;
        Ok(SealedSecret { key_id: row.key_id, nonce: row.nonce, ciphertext: row.ciphertext })
    }
}

/// The row of an organization.
pub(super) fn as_stored(
    made: &Organization,
    settings: &serde_json::Value,
) -> Result<organization::ActiveModel, StoreFault> {
    Ok(organization::ActiveModel {
        id: Set(made.id.0),
        slug: Set(made.slug.to_string()),
        name: Set(made.name.clone()),
        model: Set(made.model.as_str().to_owned()),
        frameworks: Set(write_json("organization", &made.frameworks)?),
        time_zone: Set(made.time_zone.clone()),
        settings: Set(settings.clone()),
        created_at: Set(made.created_at.as_datetime()),
    })
}

/// Brings an organization's row up to date.
pub(super) async fn update(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    updates: &[OrganizationUpdate],
) -> Result<(), StoreFault> {
    for update in updates {
        let known = organization::Entity::find_by_id(scope.uuid()).one(transaction).await?;
        let mut row = known.ok_or_else(|| StoreFault::NoSuchOrganization(scope.id().to_string()))?.into_active_model();
        if let Some(name) = &update.name {
            row.name = Set(name.clone());
        }
        if let Some(zone) = &update.time_zone {
            row.time_zone = Set(zone.clone());
        }
        if let Some(frameworks) = &update.frameworks {
            row.frameworks = Set(write_json("organization", frameworks)?);
        }
        if let Some(settings) = &update.settings {
            row.settings = Set(settings.clone());
        }
        row.update(transaction).await?;
    }
    Ok(())
}

/// Adds a sealed secret inside a running transaction; returns its id.
pub(super) async fn insert_secret(
    transaction: &DatabaseTransaction,
    organization: OrgId,
    purpose: &str,
    sealed: &SealedSecret,
    now: Timestamp,
) -> Result<Uuid, StoreFault> {
    let id = Uuid::now_v7();
    let row = secret::ActiveModel {
        id: Set(id),
        organization_id: Set(organization.0),
        purpose: Set(purpose.to_owned()),
        key_id: Set(sealed.key_id.clone()),
        nonce: Set(sealed.nonce.clone()),
        ciphertext: Set(sealed.ciphertext.clone()),
        created_at: Set(now.as_datetime()),
    };
    secret::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(id)
}

pub(super) fn to_organization(row: organization::Model) -> Result<Organization, StoreFault> {
    Ok(Organization {
        id: OrgId(row.id),
        slug: read_text("organization", &row.slug)?,
        name: row.name,
        model: read_text("organization", &row.model)?,
        frameworks: read_json("organization", row.frameworks)?,
        time_zone: row.time_zone,
        created_at: row.created_at.into(),
    })
}
