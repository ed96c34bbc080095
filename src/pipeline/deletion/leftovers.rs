//! Archives that belong to no commit, left by writers that died before theirs: what is deleted must not live on in them.
//!
//! A young one may belong to a writer that is just about to commit, so nobody removes it: the deletion is refused until
//! it is old. Nothing that the log or a deletion names is ever touched.

use std::collections::BTreeSet;

use chrono::Duration;
use countersign_seal::digest::Digest;
use countersign_seal::names;

use super::DeletionFault;
use crate::app::App;
use crate::model::time::Timestamp;
use crate::pipeline::fault::{CommitFault, blocking};
use crate::pipeline::objects::FetchedArchive;
use crate::store::OrgScope;

/// No writer is still about to commit an archive that it began longer ago.
const OLD: Duration = Duration::hours(24);

/// Removes old leftovers that hold some of these objects; refuses when a young one does.
pub(super) async fn remove(app: &App, scope: &OrgScope, objects: &BTreeSet<Digest>) -> Result<u64, DeletionFault> {
    let mut removed = 0;
    for name in unnamed(app, scope).await? {
        let Some(archive) = FetchedArchive::find(app, scope, &name).await? else { continue };
        let wanted = objects.clone();
        let holds = blocking(move || {
            let container = archive.open()?;
            Ok(wanted.iter().any(|object| container.size(&names::object_entry(object)).is_some()))
        })
        .await?;
        if !holds {
            continue;
        }
        let begun = name.split('-').next().and_then(Timestamp::of_file_name);
        let free_from = begun.unwrap_or(Timestamp::EARLIEST).plus(OLD);
        if free_from > app.clock.now() {
            return Err(DeletionFault::Leftover { archive: name, free_from });
        }
        removed += u64::from(app.vault.delete_archive(scope.id(), &name).await.map_err(CommitFault::from)?);
        tracing::info!(archive = %name, organization = %scope.id(), "Removed an archive that belongs to no commit");
    }
    Ok(removed)
}

/// Archives of the vault that neither a commit nor a deletion names.
async fn unnamed(app: &App, scope: &OrgScope) -> Result<Vec<String>, CommitFault> {
    let named: BTreeSet<String> = app
        .store
        .log_from(scope, 0)
        .await?
        .into_iter()
        .map(|entry| entry.archive)
        .chain(app.store.replaced_archives(scope).await?.into_iter().map(|one| one.replacement))
        .collect();
    let mut found = app.vault.archives(scope.id()).await?;
    found.retain(|name| !named.contains(name));
    Ok(found)
}
