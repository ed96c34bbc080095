//! Which archive holds which bytes of an organization, and which of them were deleted under retention.
//!
//! Where bytes were stored is written with their commit (`ledger.rs`); what was deleted, and which archive came in the
//! place of which, follows from the `deletion/1` records of a commit and is written with it too. So nobody who appends
//! afterwards takes deleted bytes for kept ones.

use std::collections::{BTreeMap, BTreeSet};

use countersign_seal::digest::Digest;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

use super::entity::{deleted_object, replaced_archive, stored_object};
use super::ledger::ROWS_AT_ONCE;
use super::{OrgScope, Store, StoreFault, from_stored, read_text, to_stored};
use crate::model::time::Timestamp;

/// Where stored bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectLocation {
    /// The archive that holds them now.
    pub archive: String,
    pub size: u64,
    pub stored_at: Timestamp,
}

/// What one `deletion/1` record did, for the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionRow {
    /// Leaf of the record.
    pub leaf: u64,
    pub deleted_at: Timestamp,
    pub objects: Vec<Digest>,
    pub archives: Vec<NewReplacement>,
}

/// An archive and what comes in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReplacement {
    pub archive: String,
    pub replacement: String,
    pub replacement_digest: Digest,
    pub replacement_size: u64,
}

/// Bytes that were deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedObject {
    pub sha256: Digest,
    /// Leaf of the `deletion/1` record.
    pub leaf: u64,
}

/// An archive that was written again without some of its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedArchive {
    pub archive: String,
    pub replacement: String,
    /// Leaf of the `deletion/1` record.
    pub leaf: u64,
}

impl Store {
    /// Where the newest copy of each of these bytes is; those never stored, or deleted since, are left out.
    pub async fn object_locations(
        &self,
        scope: &OrgScope,
        wanted: &[Digest],
    ) -> Result<BTreeMap<Digest, ObjectLocation>, StoreFault> {
        let mut found = BTreeMap::new();
        for row in self.kept_copies(scope, wanted).await? {
            let location =
                ObjectLocation { archive: row.archive, size: from_stored(row.size), stored_at: row.stored_at.into() };
            found.insert(read_text("stored_object", &row.sha256)?, location);
        }
        let now = self.present_archives(scope, found.values().map(|location| location.archive.clone())).await?;
        for location in found.values_mut() {
            if let Some(replacement) = now.get(&location.archive) {
                location.archive.clone_from(replacement);
            }
        }
        Ok(found)
    }

    /// Every archive that now holds any of these bytes, with those it holds.
    pub async fn archives_holding(
        &self,
        scope: &OrgScope,
        wanted: &[Digest],
    ) -> Result<BTreeMap<String, BTreeSet<Digest>>, StoreFault> {
        let rows = self.kept_copies(scope, wanted).await?;
        let now = self.present_archives(scope, rows.iter().map(|row| row.archive.clone())).await?;
        let mut archives: BTreeMap<String, BTreeSet<Digest>> = BTreeMap::new();
        for row in rows {
            let digest = read_text("stored_object", &row.sha256)?;
            let archive = now.get(&row.archive).cloned().unwrap_or(row.archive);
            archives.entry(archive).or_default().insert(digest);
        }
        Ok(archives)
    }

    /// Those of these bytes that were deleted and not stored again, with the newest record that deleted them.
    pub async fn deleted_objects(
        &self,
        scope: &OrgScope,
        wanted: &[Digest],
    ) -> Result<BTreeMap<Digest, DeletedObject>, StoreFault> {
        let kept: BTreeSet<String> = self.kept_copies(scope, wanted).await?.into_iter().map(|row| row.sha256).collect();
        let mut found = BTreeMap::new();
        for row in self.deletions_of(scope, wanted).await? {
            if !kept.contains(&row.sha256) {
                let sha256 = read_text("deleted_object", &row.sha256)?;
                found.insert(sha256, DeletedObject { sha256, leaf: from_stored(row.leaf) });
            }
        }
        Ok(found)
    }

    /// Everything that was ever deleted, by the records that did it.
    pub async fn deletions(&self, scope: &OrgScope) -> Result<Vec<DeletedObject>, StoreFault> {
        let rows = deleted_object::Entity::find()
            .filter(deleted_object::Column::OrganizationId.eq(scope.uuid()))
            .order_by_asc(deleted_object::Column::Leaf)
            .order_by_asc(deleted_object::Column::Sha256)
            .all(&self.read)
            .await?;
        let read = |row: deleted_object::Model| {
            Ok(DeletedObject { sha256: read_text("deleted_object", &row.sha256)?, leaf: from_stored(row.leaf) })
        };
        rows.into_iter().map(read).collect()
    }

    /// Every archive that another came in the place of, oldest replacement first.
    pub async fn replaced_archives(&self, scope: &OrgScope) -> Result<Vec<ReplacedArchive>, StoreFault> {
        let rows = replaced_archive::Entity::find()
            .filter(replaced_archive::Column::OrganizationId.eq(scope.uuid()))
            .order_by_asc(replaced_archive::Column::Leaf)
            .order_by_asc(replaced_archive::Column::Archive)
            .all(&self.read)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| ReplacedArchive {
                archive: row.archive,
                replacement: row.replacement,
                leaf: from_stored(row.leaf),
            })
            .collect())
    }

    /// The archive that is in the place of this one now: itself, or what replaced it.
    pub async fn present_archive(&self, scope: &OrgScope, archive: &str) -> Result<String, StoreFault> {
        let mut now = self.present_archives(scope, [archive.to_owned()]).await?;
        Ok(now.remove(archive).unwrap_or_else(|| archive.to_owned()))
    }

    /// Rows of stored bytes that no later deletion took away, oldest first.
    async fn kept_copies(&self, scope: &OrgScope, wanted: &[Digest]) -> Result<Vec<stored_object::Model>, StoreFault> {
        let mut kept = Vec::new();
        for some in wanted.chunks(ROWS_AT_ONCE) {
            let gone: BTreeMap<String, i64> =
                self.deletions_of(scope, some).await?.into_iter().map(|row| (row.sha256, row.sequence)).collect();
            let rows = stored_object::Entity::find()
                .filter(stored_object::Column::OrganizationId.eq(scope.uuid()))
                .filter(stored_object::Column::Sha256.is_in(some.iter().map(Digest::to_string)))
                .order_by_asc(stored_object::Column::Sequence)
                .all(&self.read)
                .await?;
            kept.extend(
                rows.into_iter().filter(|row| gone.get(&row.sha256).is_none_or(|deleted| row.sequence > *deleted)),
            );
        }
        Ok(kept)
    }

    /// Rows of deletions of these bytes, oldest first.
    async fn deletions_of(
        &self,
        scope: &OrgScope,
        wanted: &[Digest],
    ) -> Result<Vec<deleted_object::Model>, StoreFault> {
        let mut found = Vec::new();
        for some in wanted.chunks(ROWS_AT_ONCE) {
            found.extend(
                deleted_object::Entity::find()
                    .filter(deleted_object::Column::OrganizationId.eq(scope.uuid()))
                    .filter(deleted_object::Column::Sha256.is_in(some.iter().map(Digest::to_string)))
                    .order_by_asc(deleted_object::Column::Leaf)
                    .all(&self.read)
                    .await?,
            );
        }
        Ok(found)
    }

    /// For each of these archives that was replaced, the one that is there now.
    async fn present_archives(
        &self,
        scope: &OrgScope,
        archives: impl IntoIterator<Item = String>,
    ) -> Result<BTreeMap<String, String>, StoreFault> {
        let asked: BTreeSet<String> = archives.into_iter().collect();
        let mut newest: BTreeMap<String, String> = BTreeMap::new();
        let mut open: Vec<String> = asked.iter().cloned().collect();
        while !open.is_empty() {
            let mut further = Vec::new();
            for some in open.chunks(ROWS_AT_ONCE) {
                let rows = replaced_archive::Entity::find()
                    .filter(replaced_archive::Column::OrganizationId.eq(scope.uuid()))
                    .filter(replaced_archive::Column::Archive.is_in(some))
                    .order_by_asc(replaced_archive::Column::Leaf)
                    .all(&self.read)
                    .await?;
                for row in rows {
                    further.push(row.replacement.clone());
                    newest.insert(row.archive, row.replacement);
                }
            }
            open = further.into_iter().filter(|archive| !newest.contains_key(archive)).collect();
        }
        Ok(asked
            .into_iter()
            .filter_map(|archive| {
                let mut present = newest.get(&archive)?;
                // Each name is replaced by a newer one, so this ends; the bound only guards against a forged circle.
                for _ in 0..newest.len() {
                    let Some(next) = newest.get(present) else { break };
                    present = next;
                }
                Some((archive, present.clone()))
            })
            .collect())
    }
}

/// Notes what a commit deleted, in the transaction that notes its leaves.
pub(super) async fn insert_deletions(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    sequence: u64,
    all: &[DeletionRow],
) -> Result<(), StoreFault> {
    for deletion in all {
        for some in deletion.objects.chunks(ROWS_AT_ONCE) {
            let rows = some.iter().map(|sha256| stored_deletion(scope, sequence, deletion, sha256));
            deleted_object::Entity::insert_many(rows).exec_without_returning(transaction).await?;
        }
        for some in deletion.archives.chunks(ROWS_AT_ONCE) {
            let rows = some.iter().map(|one| stored_replacement(scope, deletion, one));
            replaced_archive::Entity::insert_many(rows).exec_without_returning(transaction).await?;
        }
    }
    Ok(())
}

/// The row of an object that was deleted.
pub(super) fn stored_deletion(
    scope: &OrgScope,
    sequence: u64,
    deletion: &DeletionRow,
    sha256: &Digest,
) -> deleted_object::ActiveModel {
    deleted_object::ActiveModel {
        organization_id: Set(scope.uuid()),
        sha256: Set(sha256.to_string()),
        leaf: Set(to_stored(deletion.leaf)),
        sequence: Set(to_stored(sequence)),
        deleted_at: Set(deletion.deleted_at.as_datetime()),
    }
}

/// The row of an archive that came in the place of another.
pub(super) fn stored_replacement(
    scope: &OrgScope,
    deletion: &DeletionRow,
    one: &NewReplacement,
) -> replaced_archive::ActiveModel {
    replaced_archive::ActiveModel {
        organization_id: Set(scope.uuid()),
        archive: Set(one.archive.clone()),
        leaf: Set(to_stored(deletion.leaf)),
        replacement: Set(one.replacement.clone()),
        replacement_digest: Set(one.replacement_digest.to_string()),
        replacement_size: Set(to_stored(one.replacement_size)),
        replaced_at: Set(deletion.deleted_at.as_datetime()),
    }
}
