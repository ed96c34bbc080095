//! Leaves by what they say (all records of one type, or those about one kind of subject), and heads by their size.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{ledger_leaf, ledger_log};
use super::ledger::{Head, StoredLeaf, read_hash, to_head};
use super::{OrgScope, Store, StoreFault, from_stored, to_stored};

impl Store {
    /// Every leaf whose record is of this type (`key/1`), in order.
    pub async fn leaves_of_kind(&self, scope: &OrgScope, kind: &str) -> Result<Vec<StoredLeaf>, StoreFault> {
        self.leaves_that_say(scope, kind, "").await
    }

    /// Every leaf of this type whose text holds `words`, in order: a cheap first choice, for a caller who reads the
    /// records and decides.
    pub async fn leaves_that_say(
        &self,
        scope: &OrgScope,
        kind: &str,
        words: &str,
    ) -> Result<Vec<StoredLeaf>, StoreFault> {
        let mut question = ledger_leaf::Entity::find()
            .filter(ledger_leaf::Column::OrganizationId.eq(scope.uuid()))
            .filter(ledger_leaf::Column::Kind.eq(kind));
        if !words.is_empty() {
            question = question.filter(ledger_leaf::Column::Body.contains(words));
        }
        let rows = question.order_by_asc(ledger_leaf::Column::Leaf).all(&self.read).await?;
        rows.into_iter()
            .map(|row| {
                let hash = read_hash(row.hash)?;
                Ok(StoredLeaf { leaf: from_stored(row.leaf), kind: row.kind, hash, body: row.body })
            })
            .collect()
    }

    /// The first signed head that covers a leaf, with the archive that was committed under it; none when there is no such
    /// leaf.
    pub async fn first_head_over(&self, scope: &OrgScope, leaf: u64) -> Result<Option<(Head, String)>, StoreFault> {
        let row = ledger_log::Entity::find()
            .filter(ledger_log::Column::OrganizationId.eq(scope.uuid()))
            .filter(ledger_log::Column::FirstLeaf.lte(to_stored(leaf)))
            .order_by_desc(ledger_log::Column::Sequence)
            .limit(1)
            .one(&self.read)
            .await?;
        let Some(row) = row.filter(|row| leaf < from_stored(row.first_leaf) + from_stored(row.leaf_count)) else {
            return Ok(None);
        };
        let archive = row.archive.clone();
        Ok(Some((to_head(row)?, archive)))
    }

    /// The signed note over exactly `size` leaves, if such a head was signed.
    pub async fn checkpoint_of_size(&self, scope: &OrgScope, size: u64) -> Result<Option<String>, StoreFault> {
        let row = ledger_log::Entity::find()
            .filter(ledger_log::Column::OrganizationId.eq(scope.uuid()))
            .filter(ledger_log::Column::FirstLeaf.lt(to_stored(size)))
            .order_by_desc(ledger_log::Column::Sequence)
            .one(&self.read)
            .await?;
        Ok(row
            .filter(|row| from_stored(row.first_leaf) + from_stored(row.leaf_count) == size)
            .map(|row| row.checkpoint))
    }
}
