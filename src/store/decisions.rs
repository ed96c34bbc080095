//! What people decided, as records of the ledger say it: a row a record, never edited.

use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

use super::entity::decision;
use super::{OrgScope, Store, StoreFault, from_stored, to_stored};
use crate::model::time::Timestamp;

/// A record that tells what somebody decided.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRow {
    pub leaf: u64,
    /// `attestation`, or the kind of subject that a `change/1` record names.
    pub kind: String,
    /// What it is about: a person's short name, a gap's id, a framework and control.
    pub subject: String,
    /// What the record says, without its type.
    pub statement: serde_json::Value,
    pub at: Timestamp,
}

impl Store {
    /// Everything decided at or before a moment, in the order of the ledger.
    pub async fn decisions(&self, scope: &OrgScope, until: Timestamp) -> Result<Vec<DecisionRow>, StoreFault> {
        let rows = decision::Entity::find()
            .filter(decision::Column::OrganizationId.eq(scope.uuid()))
            .filter(decision::Column::At.lte(until.as_datetime()))
            .order_by_asc(decision::Column::Leaf)
            .all(&self.read)
            .await?;
        let decided = rows.into_iter().map(|row| DecisionRow {
            leaf: from_stored(row.leaf),
            kind: row.kind,
            subject: row.subject,
            statement: row.statement,
            at: row.at.into(),
        });
        Ok(decided.collect())
    }
}

pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    decisions: &[DecisionRow],
) -> Result<(), StoreFault> {
    for some in decisions.chunks(super::ledger::ROWS_AT_ONCE) {
        let rows = some.iter().map(|one| as_stored(scope, one));
        decision::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// The row of a decision.
pub(super) fn as_stored(scope: &OrgScope, decided: &DecisionRow) -> decision::ActiveModel {
    decision::ActiveModel {
        organization_id: Set(scope.uuid()),
        leaf: Set(to_stored(decided.leaf)),
        kind: Set(decided.kind.clone()),
        subject: Set(decided.subject.clone()),
        statement: Set(decided.statement.clone()),
        at: Set(decided.at.as_datetime()),
    }
}
