//! Rows as texts, so that what the database holds can be compared with what it was told, column by column.
//!
//! What a commit tells is turned into rows by the same functions that write it, so both sides mean the same. Nothing is
//! judged here and nothing is changed. Start with [`Store::rows_of`] and [`rows_told`].

use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, ExprTrait, IdenStatic, Iterable, ModelTrait, QueryFilter, QueryOrder,
    QuerySelect, Value,
};

use super::entity::{
    check_result, control_status, decision, deleted_object, evidence, evidence_request, gap, gap_event, ledger_log,
    ledger_tile, organization, replaced_archive, report, responsibility_event, responsibility_version, signing_key,
    stored_object,
};
use super::{GapEvent, IndexRows, OrgScope, Store, StoreFault, checks, from_stored, objects, to_stored};
use crate::model::id::RunId;
use crate::model::organization::Organization;
use crate::model::time::Timestamp;

/// One row: each column with its value as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(Vec<(&'static str, String)>);

impl Row {
    /// The value of a column; empty when the table has no such column.
    #[must_use]
    pub fn get(&self, column: &str) -> &str {
        self.0.iter().find(|(name, _)| *name == column).map_or("", |(_, value)| value)
    }

    /// The number in a column, where it is one.
    #[must_use]
    pub fn number(&self, column: &str) -> Option<u64> {
        self.get(column).parse().ok()
    }

    /// Every column with its value.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// Rows that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsOf<'a> {
    /// Rows of a table that each name a leaf, from one leaf on and below another. Without a bound, all that side.
    Leaves(ByLeaf, Option<u64>, Option<u64>),
    /// Statuses that these runs brought.
    Statuses(&'a [RunId]),
    /// At most so many objects that commits from one number on, up to and with another, stored; after a digest and a
    /// number, in that order.
    Objects {
        first: Option<u64>,
        last: Option<u64>,
        after: Option<(&'a str, u64)>,
        many: u64,
    },
    /// Tiles of a level from a position on and below another.
    Tiles(u8, u64, u64),
    Gaps,
    Requests,
    Log,
    Keys,
    Organization,
}

/// Tables whose rows name the leaf of their record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByLeaf {
    Evidence,
    Findings,
    GapEvents,
    Matrices,
    MatrixEvents,
    Decisions,
    Reports,
    Deletions,
    Replacements,
}

impl ByLeaf {
    pub const ALL: &[Self] = &[
        Self::Evidence,
        Self::Findings,
        Self::GapEvents,
        Self::Matrices,
        Self::MatrixEvents,
        Self::Decisions,
        Self::Reports,
        Self::Deletions,
        Self::Replacements,
    ];
}

macro_rules! by_leaf {
    ($store:expr, $scope:expr, $table:ident, $leaf:ident, $first:expr, $end:expr) => {{
        let mut question = $table::Entity::find().filter($table::Column::OrganizationId.eq($scope.uuid()));
        if let Some(first) = $first {
            question = question.filter($table::Column::$leaf.gte(to_stored(first)));
        }
        if let Some(end) = $end {
            question = question.filter($table::Column::$leaf.lt(to_stored(end)));
        }
        question.all(&$store.read).await?.iter().map(row_of).collect()
    }};
}

macro_rules! whole {
    ($store:expr, $table:ident, $owner:ident, $scope:expr) => {
        $table::Entity::find()
            .filter($table::Column::$owner.eq($scope.uuid()))
            .all(&$store.read)
            .await?
            .iter()
            .map(row_of)
            .collect()
    };
}

impl Store {
    /// The rows as they are stored.
    pub async fn rows_of(&self, scope: &OrgScope, which: RowsOf<'_>) -> Result<Vec<Row>, StoreFault> {
        Ok(match which {
            RowsOf::Leaves(table, first, end) => self.rows_of_leaves(scope, table, first, end).await?,
            RowsOf::Statuses(runs) => control_status::Entity::find()
                .filter(control_status::Column::OrganizationId.eq(scope.uuid()))
                .filter(control_status::Column::RunId.is_in(runs.iter().map(|run| run.0)))
                .all(&self.read)
                .await?
                .iter()
                .map(row_of)
                .collect(),
            RowsOf::Objects { first, last, after, many } => {
                use stored_object::Column;
                let mut question = stored_object::Entity::find().filter(Column::OrganizationId.eq(scope.uuid()));
                if let Some(first) = first {
                    question = question.filter(Column::Sequence.gte(to_stored(first)));
                }
                if let Some(last) = last {
                    question = question.filter(Column::Sequence.lte(to_stored(last)));
                }
                if let Some((sha256, sequence)) = after {
                    let same = Column::Sha256.eq(sha256).and(Column::Sequence.gt(to_stored(sequence)));
                    question = question.filter(Column::Sha256.gt(sha256).or(same));
                }
                let question = question.order_by_asc(Column::Sha256).order_by_asc(Column::Sequence).limit(many);
                question.all(&self.read).await?.iter().map(row_of).collect()
            }
            RowsOf::Tiles(level, first, end) => ledger_tile::Entity::find()
                .filter(ledger_tile::Column::OrganizationId.eq(scope.uuid()))
                .filter(ledger_tile::Column::Level.eq(i64::from(level)))
                .filter(ledger_tile::Column::Position.gte(to_stored(first)))
                .filter(ledger_tile::Column::Position.lt(to_stored(end)))
                .all(&self.read)
                .await?
                .iter()
                .map(row_of)
                .collect(),
            RowsOf::Gaps => whole!(self, gap, OrganizationId, scope),
            RowsOf::Requests => whole!(self, evidence_request, OrganizationId, scope),
            RowsOf::Log => whole!(self, ledger_log, OrganizationId, scope),
            RowsOf::Keys => whole!(self, signing_key, OrganizationId, scope),
            RowsOf::Organization => whole!(self, organization, Id, scope),
        })
    }

    async fn rows_of_leaves(
        &self,
        scope: &OrgScope,
        table: ByLeaf,
        first: Option<u64>,
        end: Option<u64>,
    ) -> Result<Vec<Row>, StoreFault> {
        Ok(match table {
            ByLeaf::Evidence => by_leaf!(self, scope, evidence, Leaf, first, end),
            ByLeaf::Findings => by_leaf!(self, scope, check_result, RecordedLeaf, first, end),
            ByLeaf::GapEvents => by_leaf!(self, scope, gap_event, Leaf, first, end),
            ByLeaf::Matrices => by_leaf!(self, scope, responsibility_version, Leaf, first, end),
            ByLeaf::MatrixEvents => by_leaf!(self, scope, responsibility_event, Leaf, first, end),
            ByLeaf::Decisions => by_leaf!(self, scope, decision, Leaf, first, end),
            ByLeaf::Reports => by_leaf!(self, scope, report, Leaf, first, end),
            ByLeaf::Deletions => by_leaf!(self, scope, deleted_object, Leaf, first, end),
            ByLeaf::Replacements => by_leaf!(self, scope, replaced_archive, Leaf, first, end),
        })
    }

    /// The runs that statuses name.
    pub async fn runs_with_statuses(&self, scope: &OrgScope) -> Result<Vec<RunId>, StoreFault> {
        let runs: Vec<uuid::Uuid> = control_status::Entity::find()
            .select_only()
            .column(control_status::Column::RunId)
            .distinct()
            .filter(control_status::Column::OrganizationId.eq(scope.uuid()))
            .into_tuple()
            .all(&self.read)
            .await?;
        Ok(runs.into_iter().map(RunId).collect())
    }

    /// Level and position of every full tile that is stored.
    pub async fn places_of_tiles(&self, scope: &OrgScope) -> Result<Vec<(u64, u64)>, StoreFault> {
        let places: Vec<(i64, i64)> = ledger_tile::Entity::find()
            .select_only()
            .columns([ledger_tile::Column::Level, ledger_tile::Column::Position])
            .filter(ledger_tile::Column::OrganizationId.eq(scope.uuid()))
            .into_tuple()
            .all(&self.read)
            .await?;
        Ok(places.into_iter().map(|(level, position)| (from_stored(level), from_stored(position))).collect())
    }
}

/// The rows that a commit tells, of one table, but for its leaves and objects. `positions` says for each event of a gap
/// the how manieth of its gap it is.
pub fn rows_told(
    scope: &OrgScope,
    sequence: u64,
    rows: &IndexRows,
    table: ByLeaf,
    mut position: impl FnMut(&GapEvent) -> u64,
) -> Result<Vec<Row>, StoreFault> {
    let deletions = &rows.deletions;
    Ok(match table {
        ByLeaf::Evidence => told(rows.evidence.iter().map(|one| super::evidence::as_stored(scope, one)))?,
        ByLeaf::Findings => told(rows.results.iter().map(|one| checks::stored_result(scope, one)))?,
        ByLeaf::GapEvents => {
            let events = rows.gaps.iter().filter_map(|write| write.event.as_ref());
            told(events.map(|event| Ok(super::gaps::stored_event(scope, event, position(event)))))?
        }
        ByLeaf::Matrices => told(rows.matrices.iter().map(|one| super::responsibilities::stored_version(scope, one)))?,
        ByLeaf::MatrixEvents => {
            told(rows.matrix_events.iter().map(|one| Ok(super::responsibilities::stored_event(scope, one))))?
        }
        ByLeaf::Decisions => told(rows.decisions.iter().map(|one| Ok(super::decisions::as_stored(scope, one))))?,
        ByLeaf::Reports => told(rows.reports.iter().map(|one| Ok(super::reports::as_stored(scope, one))))?,
        ByLeaf::Deletions => told(deletions.iter().flat_map(|deletion| {
            deletion.objects.iter().map(move |one| Ok(objects::stored_deletion(scope, sequence, deletion, one)))
        }))?,
        ByLeaf::Replacements => told(deletions.iter().flat_map(|deletion| {
            deletion.archives.iter().map(move |one| Ok(objects::stored_replacement(scope, deletion, one)))
        }))?,
    })
}

/// The rows of statuses.
pub fn statuses_told(scope: &OrgScope, rows: &IndexRows) -> Result<Vec<Row>, StoreFault> {
    told(rows.statuses.iter().map(|one| Ok(checks::stored_status(scope, one))))
}

/// The row of a gap as it stands.
pub fn gap_told(scope: &OrgScope, gap: &crate::model::gap::Gap) -> Result<Row, StoreFault> {
    super::gaps::stored_gap(scope, gap).map(|row| row_told(&row))
}

/// The row of a request as it stands.
pub fn request_told(scope: &OrgScope, request: &crate::model::gap::EvidenceRequest) -> Result<Row, StoreFault> {
    super::gaps::stored_request(scope, request).map(|row| row_told(&row))
}

/// The row of an organization.
pub fn organization_told(made: &Organization, settings: &serde_json::Value) -> Result<Row, StoreFault> {
    super::organizations::as_stored(made, settings).map(|row| row_told(&row))
}

/// A row of other texts, for what is told by log objects and records of keys.
#[must_use]
pub fn row_saying(columns: impl IntoIterator<Item = (&'static str, String)>) -> Row {
    Row(columns.into_iter().collect())
}

fn told<A: ActiveModelTrait>(rows: impl Iterator<Item = Result<A, StoreFault>>) -> Result<Vec<Row>, StoreFault> {
    rows.map(|row| row.map(|row| row_told(&row))).collect()
}

fn row_told<A: ActiveModelTrait>(row: &A) -> Row {
    let columns = <A::Entity as EntityTrait>::Column::iter();
    Row(columns.map(|column| (column.as_str(), row.get(column).into_value().map_or_else(none, text))).collect())
}

fn row_of<M: ModelTrait>(row: &M) -> Row {
    let columns = <M::Entity as EntityTrait>::Column::iter();
    Row(columns.map(|column| (column.as_str(), text(row.get(column)))).collect())
}

fn none() -> String {
    "none".to_owned()
}

fn text(value: Value) -> String {
    match value {
        Value::String(Some(text)) => text,
        Value::BigInt(Some(number)) => number.to_string(),
        Value::Uuid(Some(id)) => id.to_string(),
        Value::Json(Some(json)) => json.to_string(),
        Value::Bytes(Some(bytes)) => hex::encode(bytes.as_slice()),
        Value::ChronoDateTimeUtc(Some(at)) => {
            let at: Timestamp = at.into();
            at.to_string()
        }
        _ => none(),
    }
}
