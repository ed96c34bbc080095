//! Gaps and requests: the current state, and everything that happened to them.

use std::collections::BTreeMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::{evidence_request, gap, gap_event};
use super::{OrgScope, Store, StoreFault, from_stored, read_json, to_stored, write_json};
use crate::model::gap::{EvidenceRequest, Gap};
use crate::model::id::GapId;
use crate::model::time::Timestamp;

/// Something that happened to a gap; sealed as `change/1`.
#[derive(Debug, Clone, PartialEq)]
pub struct GapEvent {
    pub gap: GapId,
    /// `opened`, `seen_again`, `closed`, `reopened`, `awaiting_evidence`.
    pub kind: String,
    pub body: serde_json::Value,
    pub at: Timestamp,
    /// Leaf of the `change/1` record.
    pub leaf: u64,
}

/// A gap's new state and, if something happened worth telling, the event.
#[derive(Debug, Clone, PartialEq)]
pub struct GapWrite {
    pub gap: Gap,
    pub event: Option<GapEvent>,
}

impl Store {
    /// Every gap, open ones first, then by when it was opened.
    pub async fn gaps(&self, scope: &OrgScope) -> Result<Vec<Gap>, StoreFault> {
        let rows = gap::Entity::find()
            .filter(gap::Column::OrganizationId.eq(scope.uuid()))
            .order_by_asc(gap::Column::OpenedAt)
            .order_by_asc(gap::Column::CheckId)
            .order_by_asc(gap::Column::Target)
            .all(&self.read)
            .await?;
        let mut gaps: Vec<Gap> = rows.into_iter().map(|row| read_json("gap", row.body)).collect::<Result<_, _>>()?;
        gaps.sort_by_key(|gap| gap.closed_at.is_some());
        Ok(gaps)
    }

    /// What happened to every gap at or before `as_of`, by gap, in order.
    pub async fn gap_events_until(
        &self,
        scope: &OrgScope,
        as_of: Timestamp,
    ) -> Result<BTreeMap<GapId, Vec<GapEvent>>, StoreFault> {
        let rows = gap_event::Entity::find()
            .filter(gap_event::Column::OrganizationId.eq(scope.uuid()))
            .filter(gap_event::Column::At.lte(as_of.as_datetime()))
            .order_by_asc(gap_event::Column::GapId)
            .order_by_asc(gap_event::Column::Sequence)
            .all(&self.read)
            .await?;
        let mut by_gap: BTreeMap<GapId, Vec<GapEvent>> = BTreeMap::new();
        for row in rows {
            by_gap.entry(GapId(row.gap_id)).or_default().push(to_event(row));
        }
        Ok(by_gap)
    }

    /// Every request for evidence, open or closed.
    pub async fn evidence_requests(&self, scope: &OrgScope) -> Result<Vec<EvidenceRequest>, StoreFault> {
        let rows = evidence_request::Entity::find()
            .filter(evidence_request::Column::OrganizationId.eq(scope.uuid()))
            .order_by_asc(evidence_request::Column::Framework)
            .order_by_asc(evidence_request::Column::Control)
            .order_by_asc(evidence_request::Column::OpenedAt)
            .order_by_asc(evidence_request::Column::Id)
            .all(&self.read)
            .await?;
        rows.into_iter().map(|row| read_json("evidence_request", row.body)).collect()
    }
}

fn to_event(row: gap_event::Model) -> GapEvent {
    GapEvent { gap: GapId(row.gap_id), kind: row.kind, body: row.body, at: row.at.into(), leaf: from_stored(row.leaf) }
}

pub(super) async fn write_gaps(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    writes: &[GapWrite],
) -> Result<(), StoreFault> {
    for GapWrite { gap: new, event } in writes {
        let row = stored_gap(scope, new)?;
        let changed = [gap::Column::State, gap::Column::Party, gap::Column::Body, gap::Column::ClosedAt];
        gap::Entity::insert(row)
            .on_conflict(OnConflict::column(gap::Column::Id).update_columns(changed).to_owned())
            .exec_without_returning(transaction)
            .await?;
        if let Some(event) = event {
            insert_event(transaction, scope, event).await?;
        }
    }
    Ok(())
}

/// The row of a gap.
pub(super) fn stored_gap(scope: &OrgScope, gap: &Gap) -> Result<gap::ActiveModel, StoreFault> {
    Ok(gap::ActiveModel {
        id: Set(gap.id.0),
        organization_id: Set(scope.uuid()),
        check_id: Set(gap.check.to_string()),
        target: Set(gap.target.clone()),
        state: Set(gap.state.as_str().to_owned()),
        party: Set(gap.party.as_str().to_owned()),
        body: Set(write_json("gap", gap)?),
        opened_at: Set(gap.opened_at.as_datetime()),
        closed_at: Set(gap.closed_at.map(Timestamp::as_datetime)),
    })
}

/// The row of an event, the n-th of its gap.
pub(super) fn stored_event(scope: &OrgScope, event: &GapEvent, sequence: u64) -> gap_event::ActiveModel {
    gap_event::ActiveModel {
        organization_id: Set(scope.uuid()),
        gap_id: Set(event.gap.0),
        sequence: Set(to_stored(sequence)),
        kind: Set(event.kind.clone()),
        body: Set(event.body.clone()),
        at: Set(event.at.as_datetime()),
        leaf: Set(to_stored(event.leaf)),
    }
}

async fn insert_event(transaction: &DatabaseTransaction, scope: &OrgScope, event: &GapEvent) -> Result<(), StoreFault> {
    let last: Option<i64> = gap_event::Entity::find()
        .select_only()
        .column(gap_event::Column::Sequence)
        .filter(gap_event::Column::OrganizationId.eq(scope.uuid()))
        .filter(gap_event::Column::GapId.eq(event.gap.0))
        .order_by_desc(gap_event::Column::Sequence)
        .into_tuple()
        .one(transaction)
        .await?;
    let row = stored_event(scope, event, last.map_or(0, |last| from_stored(last) + 1));
    gap_event::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

pub(super) async fn write_requests(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    requests: &[EvidenceRequest],
) -> Result<(), StoreFault> {
    for some in requests.chunks(500) {
        let rows = some.iter().map(|request| stored_request(scope, request)).collect::<Result<Vec<_>, _>>()?;
        let changed =
            [evidence_request::Column::Party, evidence_request::Column::Body, evidence_request::Column::ClosedAt];
        evidence_request::Entity::insert_many(rows)
            .on_conflict(OnConflict::column(evidence_request::Column::Id).update_columns(changed).to_owned())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// The row of a request.
pub(super) fn stored_request(
    scope: &OrgScope,
    request: &EvidenceRequest,
) -> Result<evidence_request::ActiveModel, StoreFault> {
    Ok(evidence_request::ActiveModel {
        id: Set(request.id.0),
        organization_id: Set(scope.uuid()),
        framework: Set(request.framework.to_string()),
        control: Set(request.control.to_string()),
        party: Set(request.party.as_str().to_owned()),
        body: Set(write_json("evidence_request", request)?),
        opened_at: Set(request.opened_at.as_datetime()),
        closed_at: Set(request.closed_at.map(Timestamp::as_datetime)),
    })
}
