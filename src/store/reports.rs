//! Reports and packages that were written.

use countersign_seal::digest::Digest;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::report;
use super::{OrgScope, Store, StoreFault, from_stored, read_text, to_stored};
use crate::model::id::{FrameworkId, ReportId};
use crate::model::time::Timestamp;

/// A written report; sealed as `report/1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    pub id: ReportId,
    /// `readiness`, `responsibilities`, `package`.
    pub kind: String,
    pub framework: Option<FrameworkId>,
    pub as_of: Timestamp,
    /// Absolute.
    pub path: String,
    pub sha256: Digest,
    pub leaf: u64,
    pub created_at: Timestamp,
}

impl Store {
    /// Reports written, newest first.
    pub async fn reports(&self, scope: &OrgScope, many: u64) -> Result<Vec<ReportRow>, StoreFault> {
        let rows = report::Entity::find()
            .filter(report::Column::OrganizationId.eq(scope.uuid()))
            .order_by_desc(report::Column::CreatedAt)
            .limit(many)
            .all(&self.read)
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(ReportRow {
                    id: ReportId(row.id),
                    kind: row.kind,
                    framework: row.framework.map(|text| read_text("report", &text)).transpose()?,
                    as_of: row.as_of.into(),
                    path: row.path,
                    sha256: read_text("report", &row.sha256)?,
                    leaf: from_stored(row.leaf),
                    created_at: row.created_at.into(),
                })
            })
            .collect()
    }
}

pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    reports: &[ReportRow],
) -> Result<(), StoreFault> {
    for new in reports {
        report::Entity::insert(as_stored(scope, new)).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// The row of a report.
pub(super) fn as_stored(scope: &OrgScope, new: &ReportRow) -> report::ActiveModel {
    report::ActiveModel {
        id: Set(new.id.0),
        organization_id: Set(scope.uuid()),
        kind: Set(new.kind.clone()),
        framework: Set(new.framework.as_ref().map(ToString::to_string)),
        as_of: Set(new.as_of.as_datetime()),
        path: Set(new.path.clone()),
        sha256: Set(new.sha256.to_string()),
        leaf: Set(to_stored(new.leaf)),
        created_at: Set(new.created_at.as_datetime()),
    }
}
