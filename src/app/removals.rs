//! Removes archives that a sealed deletion has replaced. The ledger has decided; this only carries it out.
//!
//! It can be repeated at any time: a process that died between the commit and the removal is made good by the next start,
//! and by the next deletion.

use super::{App, AppFault};
use crate::store::OrgScope;

impl App {
    /// Removes every archive of the organization that another came in the place of; returns how many there still were.
    /// One whose replacement is not in the vault stays: it would be the last copy.
    pub async fn finish_removals(&self, scope: &OrgScope) -> Result<u64, AppFault> {
        let mut removed = 0;
        for one in self.store.replaced_archives(scope).await? {
            if !self.vault.has_archive(scope.id(), &one.archive).await? {
                continue;
            }
            let present = self.store.present_archive(scope, &one.archive).await?;
            if !self.vault.has_archive(scope.id(), &present).await? {
                tracing::error!(archive = %one.archive, replacement = %present, "Kept an archive whose replacement is missing");
                continue;
            }
            removed += u64::from(self.vault.delete_archive(scope.id(), &one.archive).await?);
        }
        if removed > 0 {
            tracing::info!(removed, organization = %scope.id(), "Removed archives that were replaced under retention");
        }
        Ok(removed)
    }
}
