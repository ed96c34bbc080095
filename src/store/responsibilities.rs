//! Versions of responsibility matrices and what happened to them.

use countersign_seal::digest::Digest;
use sea_orm::prelude::ChronoDateTimeUtc;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{responsibility_event, responsibility_version};
use super::{OrgScope, Store, StoreFault, from_stored, read_json, read_text, to_stored, write_json};
use crate::model::id::FrameworkId;
use crate::model::responsibility::{MatrixState, ResponsibilityMatrix};
use crate::model::time::Timestamp;

/// A whole matrix, never edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixVersion {
    pub matrix: ResponsibilityMatrix,
    /// Digest of its canonical JSON; what both parties sign.
    pub digest: Digest,
    pub created_at: Timestamp,
    pub leaf: u64,
}

/// A version without its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionHeading {
    pub version: u32,
    /// Digest of the whole version's canonical JSON.
    pub digest: Digest,
    pub created_at: Timestamp,
    /// Leaf of its `responsibility/1` record.
    pub leaf: u64,
}

/// Something that happened to a version.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixEvent {
    pub framework: FrameworkId,
    pub version: u32,
    /// Position in this version's history; the first is 0.
    pub sequence: u32,
    pub state: MatrixState,
    /// Who did it: party and name.
    pub by: serde_json::Value,
    pub at: Timestamp,
    pub leaf: u64,
}

impl Store {
    /// The newest version of a framework's matrix that existed at `as_of`, and its state then.
    pub async fn matrix_as_of(
        &self,
        scope: &OrgScope,
        framework: &FrameworkId,
        as_of: Timestamp,
    ) -> Result<Option<(MatrixVersion, MatrixState)>, StoreFault> {
        let row = responsibility_version::Entity::find()
            .filter(responsibility_version::Column::OrganizationId.eq(scope.uuid()))
            .filter(responsibility_version::Column::Framework.eq(framework.as_str()))
            .filter(responsibility_version::Column::CreatedAt.lte(as_of.as_datetime()))
            .order_by_desc(responsibility_version::Column::Version)
            .one(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let event = responsibility_event::Entity::find()
            .filter(responsibility_event::Column::OrganizationId.eq(scope.uuid()))
            .filter(responsibility_event::Column::Framework.eq(framework.as_str()))
            .filter(responsibility_event::Column::Version.eq(row.version))
            .filter(responsibility_event::Column::At.lte(as_of.as_datetime()))
            .order_by_desc(responsibility_event::Column::Sequence)
            .one(&self.read)
            .await?;
        let state = match event {
            Some(event) => read_json("responsibility_event", serde_json::Value::String(event.state))?,
            None => MatrixState::ProposedByTemplate,
        };
        let version = MatrixVersion {
            digest: read_text("responsibility_version", &row.digest)?,
            matrix: read_json("responsibility_version", row.matrix)?,
            created_at: row.created_at.into(),
            leaf: from_stored(row.leaf),
        };
        Ok(Some((version, state)))
    }

    /// The newest `many` versions of a framework's matrix that existed at `as_of`, newest first.
    pub async fn matrix_versions(
        &self,
        scope: &OrgScope,
        framework: &FrameworkId,
        as_of: Timestamp,
        many: u64,
    ) -> Result<Vec<VersionHeading>, StoreFault> {
        let rows: Vec<(i64, String, ChronoDateTimeUtc, i64)> = responsibility_version::Entity::find()
            .select_only()
            .columns([
                responsibility_version::Column::Version,
                responsibility_version::Column::Digest,
                responsibility_version::Column::CreatedAt,
                responsibility_version::Column::Leaf,
            ])
            .filter(responsibility_version::Column::OrganizationId.eq(scope.uuid()))
            .filter(responsibility_version::Column::Framework.eq(framework.as_str()))
            .filter(responsibility_version::Column::CreatedAt.lte(as_of.as_datetime()))
            .order_by_desc(responsibility_version::Column::Version)
            .limit(many)
            .into_tuple()
            .all(&self.read)
            .await?;
        rows.into_iter()
            .map(|(version, digest, created_at, leaf)| {
                Ok(VersionHeading {
                    version: u32::try_from(version).unwrap_or_default(),
                    digest: read_text("responsibility_version", &digest)?,
                    created_at: created_at.into(),
                    leaf: from_stored(leaf),
                })
            })
            .collect()
    }

    /// What happened to one version of a framework's matrix, in order; nothing when there is no such version.
    pub async fn matrix_events(
        &self,
        scope: &OrgScope,
        framework: &FrameworkId,
        version: u32,
    ) -> Result<Vec<MatrixEvent>, StoreFault> {
        let rows = responsibility_event::Entity::find()
            .filter(responsibility_event::Column::OrganizationId.eq(scope.uuid()))
            .filter(responsibility_event::Column::Framework.eq(framework.as_str()))
            .filter(responsibility_event::Column::Version.eq(i64::from(version)))
            .order_by_asc(responsibility_event::Column::Sequence)
            .all(&self.read)
            .await?;
        let event = |row: responsibility_event::Model| -> Result<MatrixEvent, StoreFault> {
            Ok(MatrixEvent {
                framework: read_text("responsibility_event", &row.framework)?,
                version,
                sequence: u32::try_from(row.sequence).unwrap_or_default(),
                state: read_text("responsibility_event", &row.state)?,
                by: row.by,
                at: row.at.into(),
                leaf: from_stored(row.leaf),
            })
        };
        rows.into_iter().map(event).collect()
    }
}

pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    versions: &[MatrixVersion],
    events: &[MatrixEvent],
) -> Result<(), StoreFault> {
    for version in versions {
        let row = stored_version(scope, version)?;
        responsibility_version::Entity::insert(row).exec_without_returning(transaction).await?;
    }
    for event in events {
        let row = stored_event(scope, event);
        responsibility_event::Entity::insert(row).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// The row of a version.
pub(super) fn stored_version(
    scope: &OrgScope,
    version: &MatrixVersion,
) -> Result<responsibility_version::ActiveModel, StoreFault> {
    Ok(responsibility_version::ActiveModel {
        organization_id: Set(scope.uuid()),
        framework: Set(version.matrix.framework.to_string()),
        version: Set(i64::from(version.matrix.version)),
        digest: Set(version.digest.to_string()),
        matrix: Set(write_json("responsibility_version", &version.matrix)?),
        created_at: Set(version.created_at.as_datetime()),
        leaf: Set(to_stored(version.leaf)),
    })
}

/// The row of an event.
pub(super) fn stored_event(scope: &OrgScope, event: &MatrixEvent) -> responsibility_event::ActiveModel {
    responsibility_event::ActiveModel {
        organization_id: Set(scope.uuid()),
        framework: Set(event.framework.to_string()),
        version: Set(i64::from(event.version)),
        sequence: Set(i64::from(event.sequence)),
        state: Set(event.state.as_str().to_owned()),
        by: Set(event.by.clone()),
        at: Set(event.at.as_datetime()),
        leaf: Set(to_stored(event.leaf)),
    }
}
