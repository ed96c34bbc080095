//! The ledger's index: committed archives, leaves, and the lease that lets one writer append.

use countersign_seal::digest::Digest;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::checks::{JudgedResult, StatusChange};
use super::connections::Disconnected;
use super::decisions::DecisionRow;
use super::entity::{ledger_leaf, ledger_lease, ledger_log, stored_object};
use super::evidence::EvidenceRow;
use super::gaps::GapWrite;
use super::objects::DeletionRow;
use super::organizations::OrganizationUpdate;
use super::reports::ReportRow;
use super::responsibilities::{MatrixEvent, MatrixVersion};
use super::{OrgScope, Store, StoreFault, from_stored, read_text, rows_added, to_stored};
use crate::model::gap::EvidenceRequest;
use crate::model::time::Timestamp;

/// The newest signed head of an organization's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Number of the newest log object; the first is 1.
    pub sequence: u64,
    /// Leaves in the tree.
    pub size: u64,
    pub root: Digest,
    /// The signed note.
    pub checkpoint: String,
    pub committed_at: Timestamp,
}

/// One committed archive as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerCommit {
    pub sequence: u64,
    pub archive: String,
    pub archive_digest: Digest,
    pub first_leaf: u64,
    pub root: Digest,
    pub checkpoint: String,
    pub committed_at: Timestamp,
    pub leaves: Vec<NewLeaf>,
    pub objects: Vec<NewObject>,
}

/// A record that becomes a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLeaf {
    pub kind: String,
    pub hash: Digest,
    /// Canonical JSON.
    pub body: String,
}

/// Bytes that this commit's archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    pub sha256: Digest,
    pub size: u64,
}

/// A leaf as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLeaf {
    pub leaf: u64,
    pub kind: String,
    pub hash: Digest,
    pub body: String,
}

/// A log entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLog {
    pub sequence: u64,
    pub archive: String,
    pub archive_digest: Digest,
    pub first_leaf: u64,
    pub leaf_count: u64,
    pub root: Digest,
    pub checkpoint: String,
}

/// What one commit adds beside its leaves; all of it in the same transaction.
#[derive(Debug, Clone, Default)]
pub struct IndexRows {
    pub evidence: Vec<EvidenceRow>,
    pub results: Vec<JudgedResult>,
    pub statuses: Vec<StatusChange>,
    pub gaps: Vec<GapWrite>,
    pub requests: Vec<EvidenceRequest>,
    pub matrices: Vec<MatrixVersion>,
    pub matrix_events: Vec<MatrixEvent>,
    pub decisions: Vec<DecisionRow>,
    /// What the organization's own row says from now on.
    pub organization: Vec<OrganizationUpdate>,
    /// Connections that go, with their secrets.
    pub disconnected: Vec<Disconnected>,
    pub reports: Vec<ReportRow>,
    pub deletions: Vec<DeletionRow>,
}

/// How many rows one INSERT carries; below SQLite's limit on bound values.
pub(super) const ROWS_AT_ONCE: usize = 500;

impl Store {
    /// The newest head, or none before the first commit.
    pub async fn head(&self, scope: &OrgScope) -> Result<Option<Head>, StoreFault> {
        self.head_as_of(scope, None).await
    }

    /// The newest head that was committed at or before `as_of` (any time when none is given).
    pub async fn head_as_of(&self, scope: &OrgScope, as_of: Option<Timestamp>) -> Result<Option<Head>, StoreFault> {
        let mut question = ledger_log::Entity::find().filter(ledger_log::Column::OrganizationId.eq(scope.uuid()));
        if let Some(as_of) = as_of {
            question = question.filter(ledger_log::Column::CommittedAt.lte(as_of.as_datetime()));
        }
        let row = question.order_by_desc(ledger_log::Column::Sequence).one(&self.read).await?;
        row.map(to_head).transpose()
    }

    /// The committed archives from `sequence` on, in order.
    pub async fn log_from(&self, scope: &OrgScope, sequence: u64) -> Result<Vec<StoredLog>, StoreFault> {
        let rows = ledger_log::Entity::find()
            .filter(ledger_log::Column::OrganizationId.eq(scope.uuid()))
            .filter(ledger_log::Column::Sequence.gte(to_stored(sequence)))
            .order_by_asc(ledger_log::Column::Sequence)
            .all(&self.read)
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(StoredLog {
                    sequence: from_stored(row.sequence),
                    archive: row.archive,
                    archive_digest: read_text("ledger_log", &row.archive_digest)?,
                    first_leaf: from_stored(row.first_leaf),
                    leaf_count: from_stored(row.leaf_count),
                    root: read_text("ledger_log", &row.root)?,
                    checkpoint: row.checkpoint,
                })
            })
            .collect()
    }

    /// Hashes of the first `size` leaves, in order.
    pub async fn leaf_hashes(&self, scope: &OrgScope, size: u64) -> Result<Vec<Digest>, StoreFault> {
        let hashes: Vec<Vec<u8>> = ledger_leaf::Entity::find()
            .select_only()
            .column(ledger_leaf::Column::Hash)
            .filter(ledger_leaf::Column::OrganizationId.eq(scope.uuid()))
            .filter(ledger_leaf::Column::Leaf.lt(to_stored(size)))
            .order_by_asc(ledger_leaf::Column::Leaf)
            .into_tuple()
            .all(&self.read)
            .await?;
        hashes.into_iter().map(read_hash).collect()
    }

    /// Leaves from `first` on, at most `many`, in order.
    pub async fn leaves(&self, scope: &OrgScope, first: u64, many: u64) -> Result<Vec<StoredLeaf>, StoreFault> {
        let rows = ledger_leaf::Entity::find()
            .filter(ledger_leaf::Column::OrganizationId.eq(scope.uuid()))
            .filter(ledger_leaf::Column::Leaf.gte(to_stored(first)))
            .order_by_asc(ledger_leaf::Column::Leaf)
            .limit(many)
            .all(&self.read)
            .await?;
        rows.into_iter()
            .map(|row| {
                let hash = read_hash(row.hash)?;
                Ok(StoredLeaf { leaf: from_stored(row.leaf), kind: row.kind, hash, body: row.body })
            })
            .collect()
    }

    /// Takes or renews the right to append for `holder` until `until`.
    pub async fn take_ledger_lease(
        &self,
        scope: &OrgScope,
        holder: &str,
        expected_size: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreFault> {
        let transaction = self.begin().await?;
        let fresh = ledger_lease::ActiveModel {
            organization_id: Set(scope.uuid()),
            holder: Set(holder.to_owned()),
            expires_at: Set(until.as_datetime()),
            expected_size: Set(to_stored(expected_size)),
        };
        let free = Condition::any()
            .add(ledger_lease::Column::Holder.eq(holder))
            .add(ledger_lease::Column::ExpiresAt.lte(now.as_datetime()));
        let taken = ledger_lease::Entity::update_many()
            .set(ledger_lease::ActiveModel { organization_id: sea_orm::ActiveValue::NotSet, ..fresh.clone() })
            .filter(ledger_lease::Column::OrganizationId.eq(scope.uuid()))
            .filter(free)
            .exec(&transaction)
            .await?
            .rows_affected;
        if taken == 0 {
            let added = ledger_lease::Entity::insert(fresh)
                .on_conflict(OnConflict::column(ledger_lease::Column::OrganizationId).do_nothing().to_owned())
                .exec_without_returning(&transaction)
                .await;
            if rows_added(added)? == 0 {
                let held = ledger_lease::Entity::find_by_id(scope.uuid()).one(&transaction).await?;
                let holder = held.map(|lease| lease.holder).unwrap_or_default();
                return Err(StoreFault::LedgerBusy { holder });
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Gives the right to append back.
    pub async fn release_ledger_lease(&self, scope: &OrgScope, holder: &str) -> Result<(), StoreFault> {
        ledger_lease::Entity::delete_many()
            .filter(ledger_lease::Column::OrganizationId.eq(scope.uuid()))
            .filter(ledger_lease::Column::Holder.eq(holder))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// Writes everything one committed archive brought, in one transaction. A commit that is there already is left
    /// as it is, so that rolling the log forward can be repeated.
    pub async fn record_commit(
        &self,
        scope: &OrgScope,
        commit: &LedgerCommit,
        rows: &IndexRows,
    ) -> Result<(), StoreFault> {
        let transaction = self.begin().await?;
        let known =
            ledger_log::Entity::find_by_id((scope.uuid(), to_stored(commit.sequence))).one(&transaction).await?;
        if known.is_some() {
            return Ok(());
        }
        super::tiles::append(&transaction, scope, commit).await?;
        insert_log(&transaction, scope, commit).await?;
        super::evidence::insert(&transaction, scope, &rows.evidence).await?;
        super::checks::insert_results(&transaction, scope, &rows.results).await?;
        super::checks::insert_statuses(&transaction, scope, &rows.statuses).await?;
        super::gaps::write_gaps(&transaction, scope, &rows.gaps).await?;
        super::gaps::write_requests(&transaction, scope, &rows.requests).await?;
        super::responsibilities::insert(&transaction, scope, &rows.matrices, &rows.matrix_events).await?;
        super::decisions::insert(&transaction, scope, &rows.decisions).await?;
        super::organizations::update(&transaction, scope, &rows.organization).await?;
        super::connections::remove(&transaction, scope, &rows.disconnected).await?;
        super::reports::insert(&transaction, scope, &rows.reports).await?;
        super::objects::insert_deletions(&transaction, scope, commit.sequence, &rows.deletions).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn insert_log(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    commit: &LedgerCommit,
) -> Result<(), StoreFault> {
    let log = ledger_log::ActiveModel {
        organization_id: Set(scope.uuid()),
        sequence: Set(to_stored(commit.sequence)),
        archive: Set(commit.archive.clone()),
        archive_digest: Set(commit.archive_digest.to_string()),
        first_leaf: Set(to_stored(commit.first_leaf)),
        leaf_count: Set(to_stored(commit.leaves.len() as u64)),
        root: Set(commit.root.to_string()),
        checkpoint: Set(commit.checkpoint.clone()),
        committed_at: Set(commit.committed_at.as_datetime()),
    };
    ledger_log::Entity::insert(log).exec_without_returning(transaction).await?;
    let numbered: Vec<(u64, &NewLeaf)> = (commit.first_leaf..).zip(&commit.leaves).collect();
    for some in numbered.chunks(ROWS_AT_ONCE) {
        let rows = some.iter().map(|(leaf, new)| ledger_leaf::ActiveModel {
            organization_id: Set(scope.uuid()),
            leaf: Set(to_stored(*leaf)),
            sequence: Set(to_stored(commit.sequence)),
            kind: Set(new.kind.clone()),
            hash: Set(new.hash.as_bytes().to_vec()),
            body: Set(new.body.clone()),
        });
        ledger_leaf::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    for some in commit.objects.chunks(ROWS_AT_ONCE) {
        let rows = some.iter().map(|object| stored_object::ActiveModel {
            organization_id: Set(scope.uuid()),
            sha256: Set(object.sha256.to_string()),
            sequence: Set(to_stored(commit.sequence)),
            archive: Set(commit.archive.clone()),
            size: Set(to_stored(object.size)),
            stored_at: Set(commit.committed_at.as_datetime()),
        });
        stored_object::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

pub(super) fn to_head(row: ledger_log::Model) -> Result<Head, StoreFault> {
    Ok(Head {
        sequence: from_stored(row.sequence),
        size: from_stored(row.first_leaf) + from_stored(row.leaf_count),
        root: read_text("ledger_log", &row.root)?,
        checkpoint: row.checkpoint,
        committed_at: row.committed_at.into(),
    })
}

pub(super) fn read_hash(bytes: Vec<u8>) -> Result<Digest, StoreFault> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|bytes: Vec<u8>| StoreFault::Unreadable {
        table: "ledger_leaf",
        message: format!("a hash of {} bytes", bytes.len()),
    })?;
    Ok(Digest::from_bytes(bytes))
}
