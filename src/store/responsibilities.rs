//! Versions of responsibility matrices and what happened to them.

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use sea_orm::prelude::ChronoDateTimeUtc;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{responsibility_event, responsibility_version};
use super::{OrgScope, Store, StoreFault, from_stored, read_json, read_text, to_stored, write_json};
use crate::model::id::FrameworkId;
use crate::model::matrix::{InEffect, MatrixHistory, MatrixStep};
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
    /// All versions of a framework's matrix with what happened to them, by number; without their rows.
    pub async fn matrix_versions(
        &self,
        scope: &OrgScope,
        framework: &FrameworkId,
    ) -> Result<Vec<MatrixHistory>, StoreFault> {
        use responsibility_version::Column;
        let versions: Vec<(i64, String, ChronoDateTimeUtc, i64)> = responsibility_version::Entity::find()
            .select_only()
            .columns([Column::Version, Column::Digest, Column::CreatedAt, Column::Leaf])
            .filter(Column::OrganizationId.eq(scope.uuid()))
            .filter(Column::Framework.eq(framework.as_str()))
            .order_by_asc(Column::Version)
            .into_tuple()
            .all(&self.read)
            .await?;
        let events = responsibility_event::Entity::find()
            .filter(responsibility_event::Column::OrganizationId.eq(scope.uuid()))
            .filter(responsibility_event::Column::Framework.eq(framework.as_str()))
            .order_by_asc(responsibility_event::Column::Version)
            .order_by_asc(responsibility_event::Column::Sequence)
            .all(&self.read)
            .await?;
        let mut steps: BTreeMap<i64, Vec<MatrixStep>> = BTreeMap::new();
        for event in events {
            let step = MatrixStep {
                state: read_text("responsibility_event", &event.state)?,
                by: read_json("responsibility_event", event.by)?,
                at: event.at.into(),
                leaf: from_stored(event.leaf),
            };
            steps.entry(event.version).or_default().push(step);
        }
        let history = |(version, digest, created_at, leaf): (i64, String, ChronoDateTimeUtc, i64)| {
            Ok(MatrixHistory {
                framework: framework.clone(),
                version: number(version)?,
                digest: read_text("responsibility_version", &digest)?,
                created_at: created_at.into(),
                leaf: from_stored(leaf),
                steps: steps.remove(&version).unwrap_or_default(),
            })
        };
        versions.into_iter().map(history).collect()
    }

    /// One version of a framework's matrix; none when there is no such version.
    pub async fn matrix_version(
        &self,
        scope: &OrgScope,
        framework: &FrameworkId,
        version: u32,
    ) -> Result<Option<MatrixVersion>, StoreFault> {
        let key = (scope.uuid(), framework.to_string(), i64::from(version));
        let row = responsibility_version::Entity::find_by_id(key).one(&self.read).await?;
        row.map(|row| {
            Ok(MatrixVersion {
                digest: read_text("responsibility_version", &row.digest)?,
                matrix: read_json("responsibility_version", row.matrix)?,
                created_at: row.created_at.into(),
                leaf: from_stored(row.leaf),
            })
        })
        .transpose()
    }

    /// The version that applied at `as_of`, as far as it was known then: the newest that both parties had accepted and
    /// whose first day had come. Where there is none, or its last day has passed, the engagement template's version.
    /// Drafts, proposals and what was rejected or withdrawn never apply.
    pub async fn matrix_as_of(
        &self,
        scope: &OrgScope,
        framework: &FrameworkId,
        as_of: Timestamp,
    ) -> Result<Option<(MatrixVersion, MatrixState)>, StoreFault> {
        let known: Vec<MatrixHistory> =
            self.matrix_versions(scope, framework).await?.iter().filter_map(|one| one.as_of(as_of)).collect();
        self.matrix_among(scope, &known, as_of).await
    }

    /// The same for somebody who has the versions of a framework as they were known at that moment.
    pub async fn matrix_among(
        &self,
        scope: &OrgScope,
        known: &[MatrixHistory],
        as_of: Timestamp,
    ) -> Result<Option<(MatrixVersion, MatrixState)>, StoreFault> {
        // A version that was superseded goes on until the first day of the one that took its place.
        let accepted = known.iter().rev().filter(|one| one.step(MatrixState::Countersigned).is_some());
        for one in accepted {
            let Some(version) = self.matrix_version(scope, &one.framework, one.version).await? else { continue };
            match version.matrix.in_effect(as_of) {
                InEffect::NotYet => {}
                InEffect::Now => return Ok(Some((version, MatrixState::Countersigned))),
                InEffect::Over => break,
            }
        }
        let Some(template) = known.iter().rev().find(|one| one.is_template()) else { return Ok(None) };
        let version = self.matrix_version(scope, &template.framework, template.version).await?;
        Ok(version.map(|version| (version, MatrixState::ProposedByTemplate)))
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

fn number(version: i64) -> Result<u32, StoreFault> {
    let unreadable =
        |_| StoreFault::Unreadable { table: "responsibility_version", message: format!("{version} is no version") };
    u32::try_from(version).map_err(unreadable)
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
