//! The index of evidence records: what was collected from where, when, and with which outcome.

use std::collections::{BTreeMap, BTreeSet};

use countersign_seal::digest::Digest;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::entity::{evidence, ledger_leaf};
use super::ledger::{ROWS_AT_ONCE, read_hash};
use super::{OrgScope, Store, StoreFault, from_stored, read_json, read_text, to_stored, write_json};
use crate::model::evidence::{CollectionOutcome, ENDED_EARLY, SealedEvidence, Source};
use crate::model::id::{DatasetId, RunId};
use crate::model::time::Timestamp;

/// An evidence record with the number of rows it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceRow {
    pub sealed: SealedEvidence,
    pub row_count: u64,
}

/// Which evidence records are wanted; what is none narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvidenceFilter {
    pub dataset: Option<DatasetId>,
    pub target: Option<String>,
    pub outcome: Option<CollectionOutcome>,
    /// Only records with a smaller leaf number: how the next page is asked for.
    pub before: Option<u64>,
}

impl Store {
    /// The newest evidence record of each dataset and target that was collected at or before `as_of`; imports, which
    /// replace nothing, are not among them. What a run did not read because it was ended early counts only where there is
    /// nothing else: it takes nothing from what was known before.
    pub async fn latest_evidence(&self, scope: &OrgScope, as_of: Timestamp) -> Result<Vec<EvidenceRow>, StoreFault> {
        let newest = evidence::Entity::find()
            .select_only()
            .columns([evidence::Column::Dataset, evidence::Column::Target])
            .column_as(evidence::Column::Leaf.max(), "leaf")
            .filter(evidence::Column::OrganizationId.eq(scope.uuid()))
            .filter(evidence::Column::CollectedAt.lte(as_of.as_datetime()))
            .filter(evidence::Column::Source.ne(Source::Import.as_str()))
            .group_by(evidence::Column::Dataset)
            .group_by(evidence::Column::Target);
        let found: Vec<(String, String, i64)> = newest.clone().into_tuple().all(&self.read).await?;
        let mut leaves: Vec<u64> = found.into_iter().map(|(_, _, leaf)| from_stored(leaf)).collect();
        leaves.sort_unstable();
        let mut rows = self.evidence_at(scope, &leaves).await?;
        // Where the newest was cut off, the one before it that was not is what is known.
        let cut_off: BTreeSet<String> =
            rows.iter().filter(|row| row.sealed.was_ended_early()).map(|row| row.sealed.dataset.to_string()).collect();
        if !cut_off.is_empty() {
            let outcomes = [CollectionOutcome::Failed, CollectionOutcome::Partial];
            let ended_early = Condition::all()
                .add(evidence::Column::Outcome.is_in(outcomes.map(CollectionOutcome::as_str)))
                .add(evidence::Column::Reason.starts_with(ENDED_EARLY));
            let question = newest.filter(evidence::Column::Dataset.is_in(&cut_off)).filter(ended_early.not());
            let found: Vec<(String, String, i64)> = question.into_tuple().all(&self.read).await?;
            let before: Vec<u64> = found.into_iter().map(|(_, _, leaf)| from_stored(leaf)).collect();
            let place = |row: &EvidenceRow| (row.sealed.dataset.clone(), row.sealed.target.clone());
            let before = self.evidence_at(scope, &before).await?;
            let known: BTreeSet<_> = before.iter().map(place).collect();
            rows.retain(|row| !(row.sealed.was_ended_early() && known.contains(&place(row))));
            let there: BTreeSet<_> = rows.iter().map(place).collect();
            rows.extend(before.into_iter().filter(|row| !there.contains(&place(row))));
            rows.sort_by_key(|row| row.sealed.leaf);
        }
        Ok(rows)
    }

    /// When the first evidence was collected; none while there is none.
    pub async fn first_collected_at(&self, scope: &OrgScope) -> Result<Option<Timestamp>, StoreFault> {
        let first: Option<Option<chrono::DateTime<chrono::Utc>>> = evidence::Entity::find()
            .select_only()
            .column_as(evidence::Column::CollectedAt.min(), "first")
            .filter(evidence::Column::OrganizationId.eq(scope.uuid()))
            .into_tuple()
            .one(&self.read)
            .await?;
        Ok(first.flatten().map(Into::into))
    }

    /// All evidence records of one run, with their leaf hashes.
    pub async fn evidence_of_run(&self, scope: &OrgScope, run: RunId) -> Result<Vec<EvidenceRow>, StoreFault> {
        self.evidence_where(scope, evidence::Column::RunId.eq(run.0)).await
    }

    /// How many evidence records of one run there are.
    pub async fn count_of_evidence_of_run(&self, scope: &OrgScope, run: RunId) -> Result<u64, StoreFault> {
        let question = evidence::Entity::find()
            .filter(evidence::Column::OrganizationId.eq(scope.uuid()))
            .filter(evidence::Column::RunId.eq(run.0));
        Ok(question.count(&self.read).await?)
    }

    /// The evidence records with these leaf numbers, with their leaf hashes.
    pub async fn evidence_at(&self, scope: &OrgScope, leaves: &[u64]) -> Result<Vec<EvidenceRow>, StoreFault> {
        let mut all = Vec::new();
        for some in leaves.chunks(ROWS_AT_ONCE) {
            let numbers = some.iter().map(|leaf| to_stored(*leaf));
            all.extend(self.evidence_where(scope, evidence::Column::Leaf.is_in(numbers)).await?);
        }
        Ok(all)
    }

    /// At most `many` records that fit, newest first.
    pub async fn evidence_newest_first(
        &self,
        scope: &OrgScope,
        filter: &EvidenceFilter,
        many: u64,
    ) -> Result<Vec<EvidenceRow>, StoreFault> {
        let mut question = evidence::Entity::find().filter(evidence::Column::OrganizationId.eq(scope.uuid()));
        if let Some(dataset) = &filter.dataset {
            question = question.filter(evidence::Column::Dataset.eq(dataset.as_str()));
        }
        if let Some(target) = &filter.target {
            question = question.filter(evidence::Column::Target.eq(target.as_str()));
        }
        if let Some(outcome) = filter.outcome {
            question = question.filter(evidence::Column::Outcome.eq(outcome.as_str()));
        }
        if let Some(before) = filter.before {
            question = question.filter(evidence::Column::Leaf.lt(to_stored(before)));
        }
        let rows = question.order_by_desc(evidence::Column::Leaf).limit(many).all(&self.read).await?;
        self.with_hashes(scope, rows).await
    }

    async fn evidence_where(
        &self,
        scope: &OrgScope,
        filter: sea_orm::sea_query::SimpleExpr,
    ) -> Result<Vec<EvidenceRow>, StoreFault> {
        let rows = evidence::Entity::find()
            .filter(evidence::Column::OrganizationId.eq(scope.uuid()))
            .filter(filter)
            .order_by_asc(evidence::Column::Leaf)
            .all(&self.read)
            .await?;
        self.with_hashes(scope, rows).await
    }

    async fn with_hashes(&self, scope: &OrgScope, rows: Vec<evidence::Model>) -> Result<Vec<EvidenceRow>, StoreFault> {
        let numbers: Vec<i64> = rows.iter().map(|row| row.leaf).collect();
        let mut hashes = BTreeMap::new();
        for some in numbers.chunks(ROWS_AT_ONCE) {
            let found: Vec<(i64, Vec<u8>)> = ledger_leaf::Entity::find()
                .select_only()
                .columns([ledger_leaf::Column::Leaf, ledger_leaf::Column::Hash])
                .filter(ledger_leaf::Column::OrganizationId.eq(scope.uuid()))
                .filter(ledger_leaf::Column::Leaf.is_in(some.iter().copied()))
                .into_tuple()
                .all(&self.read)
                .await?;
            hashes.extend(found);
        }
        rows.into_iter()
            .map(|row| {
                let hash = hashes.remove(&row.leaf);
                to_evidence(row, hash)
            })
            .collect()
    }
}

pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    all: &[EvidenceRow],
) -> Result<(), StoreFault> {
    for some in all.chunks(ROWS_AT_ONCE) {
        let rows = some.iter().map(|one| as_stored(scope, one)).collect::<Result<Vec<_>, _>>()?;
        evidence::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// The row of an evidence record.
pub(super) fn as_stored(scope: &OrgScope, one: &EvidenceRow) -> Result<evidence::ActiveModel, StoreFault> {
    let EvidenceRow { sealed, row_count } = one;
    Ok(evidence::ActiveModel {
        organization_id: Set(scope.uuid()),
        leaf: Set(to_stored(sealed.leaf)),
        run_id: Set(sealed.run.0),
        dataset: Set(sealed.dataset.to_string()),
        target: Set(sealed.target.clone()),
        source: Set(sealed.source.as_str().to_owned()),
        outcome: Set(sealed.outcome.as_str().to_owned()),
        reason: Set(sealed.reason.clone()),
        row_count: Set(to_stored(*row_count)),
        collected_at: Set(sealed.collected_at.as_datetime()),
        artifacts: Set(write_json("evidence", &sealed.artifacts)?),
    })
}

fn to_evidence(row: evidence::Model, hash: Option<Vec<u8>>) -> Result<EvidenceRow, StoreFault> {
    let sealed = SealedEvidence {
        leaf: from_stored(row.leaf),
        record_hash: hash.map_or_else(|| Ok(Digest::empty()), read_hash)?,
        run: RunId(row.run_id),
        dataset: read_text("evidence", &row.dataset)?,
        target: row.target,
        source: read_json("evidence", serde_json::Value::String(row.source))?,
        collected_at: row.collected_at.into(),
        outcome: read_text("evidence", &row.outcome)?,
        reason: row.reason,
        artifacts: read_json("evidence", row.artifacts)?,
    };
    Ok(EvidenceRow { sealed, row_count: from_stored(row.row_count) })
}
