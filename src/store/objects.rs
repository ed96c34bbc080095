//! Which archive holds which bytes of an organization.
//!
//! Written with the commit that stored them (`ledger.rs`); asked before bytes are stored again and when they are read.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::entity::stored_object;
use super::ledger::ROWS_AT_ONCE;
use super::{OrgScope, Store, StoreFault, from_stored, read_text};
use crate::model::time::Timestamp;

/// Where stored bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectLocation {
    pub archive: String,
    pub size: u64,
    pub stored_at: Timestamp,
}

impl Store {
    /// Where the newest copy of each of these bytes is; those never stored are left out.
    pub async fn object_locations(
        &self,
        scope: &OrgScope,
        wanted: &[Digest],
    ) -> Result<BTreeMap<Digest, ObjectLocation>, StoreFault> {
        let mut found = BTreeMap::new();
        for some in wanted.chunks(ROWS_AT_ONCE) {
            let rows = stored_object::Entity::find()
                .filter(stored_object::Column::OrganizationId.eq(scope.uuid()))
                .filter(stored_object::Column::Sha256.is_in(some.iter().map(Digest::to_string)))
                .order_by_asc(stored_object::Column::Sequence)
                .all(&self.read)
                .await?;
            for row in rows {
                let location = ObjectLocation {
                    archive: row.archive,
                    size: from_stored(row.size),
                    stored_at: row.stored_at.into(),
                };
                found.insert(read_text("stored_object", &row.sha256)?, location);
            }
        }
        Ok(found)
    }
}
