//! Sealed seeds of signing keys as files beside the database, so that a ledger outlives it.

use super::{App, AppFault};
use crate::config::secret_key::SealedSecret;
use crate::config::seed_files::SeedFiles;
use crate::model::id::OrgId;
use crate::store::OrgScope;

impl App {
    /// Keeps a sealed seed as a file too, so that it outlives the database; returns when it is durable.
    pub fn keep_seed(&self, organization: OrgId, key: &str, sealed: &SealedSecret) -> Result<(), AppFault> {
        Ok(SeedFiles::of(&self.data).keep(organization, key, sealed)?)
    }

    /// Removes a seed that was kept for an organization that does not exist.
    pub fn forget_seed(&self, organization: OrgId, key: &str) -> Result<(), AppFault> {
        Ok(SeedFiles::of(&self.data).forget(organization, key)?)
    }

    /// The sealed seed of a key from its file, if that is there.
    pub fn kept_seed(&self, organization: OrgId, key: &str) -> Result<Option<SealedSecret>, AppFault> {
        Ok(SeedFiles::of(&self.data).find(organization, key)?)
    }

    /// Makes sure that the seeds the database has are in files too, as they are for organizations that were added by
    /// an older version.
    pub async fn keep_seeds(&self, scope: &OrgScope) -> Result<(), AppFault> {
        for key in self.store.signing_keys(scope).await? {
            if let Some(sealed) = self.store.sealed_seed(scope, &key.public_key).await? {
                self.keep_seed(scope.id(), &key.key_id, &sealed)?;
            }
        }
        Ok(())
    }
}
