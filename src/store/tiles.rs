//! The ledger's tree as tiles: what is needed to append a leaf or to prove one, without reading all the others.
//!
//! Only full tiles are kept, each in the transaction that completed it; what is not full yet is read from the leaves and
//! from the roots of the tiles below. Nothing here decides what is true: an appended leaf must lead to the head that was
//! signed. Start at [`Store::ledger_edge`].

use std::collections::BTreeSet;

use countersign_seal::digest::Digest;
use countersign_seal::tiles::{Edge, FullTile, SparseTiles, Tile};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entity::{ledger_leaf, ledger_tile};
use super::ledger::{LedgerCommit, read_hash};
use super::{OrgScope, Store, StoreFault, to_stored};

/// Hashes in a full tile.
const WIDTH: u64 = 256;

impl Store {
    /// The right edge of the tree of the first `size` leaves: enough to append to it and to name its root.
    pub async fn ledger_edge(&self, scope: &OrgScope, size: u64) -> Result<Edge, StoreFault> {
        if let Some(edge) = edge(&self.read, scope, size).await? {
            return Ok(edge);
        }
        let transaction = self.begin().await?;
        let edge = edge_with_tiles(&transaction, scope, size).await?;
        transaction.commit().await?;
        Ok(edge)
    }

    /// These tiles of the tree of the first `size` leaves, for proofs.
    pub async fn ledger_tiles(
        &self,
        scope: &OrgScope,
        size: u64,
        wanted: &BTreeSet<Tile>,
    ) -> Result<SparseTiles, StoreFault> {
        let mut tiles = SparseTiles::new(size);
        for tile in wanted {
            let hashes = if tile.is_full() {
                full(&self.read, scope, tile).await?
            } else {
                part(&self.read, scope, tile.level, tile.index * WIDTH, u64::from(tile.width)).await?
            };
            tiles.insert(tile.level, tile.index, &hashes).map_err(unfit)?;
        }
        Ok(tiles)
    }
}

/// Adds the tiles that a commit completes; refuses leaves that do not lead to the head it names.
pub(super) async fn append(
    transaction: &DatabaseTransaction,
    scope: &OrgScope,
    commit: &LedgerCommit,
) -> Result<(), StoreFault> {
    let mut edge = edge_with_tiles(transaction, scope, commit.first_leaf).await?;
    let mut completed = Vec::new();
    for leaf in &commit.leaves {
        edge.push(leaf.hash, &mut completed);
    }
    if edge.root() != commit.root {
        return Err(StoreFault::NotTheHead(commit.root));
    }
    insert(transaction, scope, completed).await
}

async fn insert(transaction: &DatabaseTransaction, scope: &OrgScope, tiles: Vec<FullTile>) -> Result<(), StoreFault> {
    for tile in tiles {
        let row = ledger_tile::ActiveModel {
            organization_id: Set(scope.uuid()),
            level: Set(i64::from(tile.level)),
            position: Set(to_stored(tile.index)),
            hashes: Set(tile.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()),
            root: Set(tile.root.as_bytes().to_vec()),
        };
        ledger_tile::Entity::insert(row).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// The right edge; makes the tiles of a ledger that was begun before tiles were kept.
async fn edge_with_tiles(transaction: &DatabaseTransaction, scope: &OrgScope, size: u64) -> Result<Edge, StoreFault> {
    if let Some(edge) = edge(transaction, scope, size).await? {
        return Ok(edge);
    }
    let there: Vec<(i64, i64)> = ledger_tile::Entity::find()
        .select_only()
        .columns([ledger_tile::Column::Level, ledger_tile::Column::Position])
        .filter(ledger_tile::Column::OrganizationId.eq(scope.uuid()))
        .into_tuple()
        .all(transaction)
        .await?;
    let there: BTreeSet<(i64, i64)> = there.into_iter().collect();
    let mut completed = Vec::new();
    let mut edge = Edge::new();
    for hash in part(transaction, scope, 0, 0, size).await? {
        edge.push(hash, &mut completed);
    }
    if edge.size() != size {
        let message = format!("{} leaves of {size}", edge.size());
        return Err(StoreFault::Unreadable { table: "ledger_leaf", message });
    }
    completed.retain(|tile| !there.contains(&(i64::from(tile.level), to_stored(tile.index))));
    insert(transaction, scope, completed).await?;
    Ok(edge)
}

/// The right edge, or none where tiles are missing.
async fn edge(connection: &impl ConnectionTrait, scope: &OrgScope, size: u64) -> Result<Option<Edge>, StoreFault> {
    let mut parts = Vec::new();
    let (mut level, mut nodes) = (0, size);
    while nodes > 0 {
        let width = nodes % WIDTH;
        parts.push(if width == 0 { Vec::new() } else { part(connection, scope, level, nodes - width, width).await? });
        nodes /= WIDTH;
        level += 1;
    }
    Ok(Edge::from_parts(size, parts).ok())
}

/// `many` hashes of a level from `first` on, where their tile is not full: leaves, or the roots of full tiles below.
async fn part(
    connection: &impl ConnectionTrait,
    scope: &OrgScope,
    level: u8,
    first: u64,
    many: u64,
) -> Result<Vec<Digest>, StoreFault> {
    let end = to_stored(first + many);
    let hashes: Vec<Vec<u8>> = match level.checked_sub(1) {
        None => {
            ledger_leaf::Entity::find()
                .select_only()
                .column(ledger_leaf::Column::Hash)
                .filter(ledger_leaf::Column::OrganizationId.eq(scope.uuid()))
                .filter(ledger_leaf::Column::Leaf.gte(to_stored(first)))
                .filter(ledger_leaf::Column::Leaf.lt(end))
                .order_by_asc(ledger_leaf::Column::Leaf)
                .into_tuple()
                .all(connection)
                .await?
        }
        Some(below) => {
            ledger_tile::Entity::find()
                .select_only()
                .column(ledger_tile::Column::Root)
                .filter(ledger_tile::Column::OrganizationId.eq(scope.uuid()))
                .filter(ledger_tile::Column::Level.eq(i64::from(below)))
                .filter(ledger_tile::Column::Position.gte(to_stored(first)))
                .filter(ledger_tile::Column::Position.lt(end))
                .order_by_asc(ledger_tile::Column::Position)
                .into_tuple()
                .all(connection)
                .await?
        }
    };
    hashes.into_iter().map(read_hash).collect()
}

async fn full(connection: &impl ConnectionTrait, scope: &OrgScope, tile: &Tile) -> Result<Vec<Digest>, StoreFault> {
    let key = (scope.uuid(), i64::from(tile.level), to_stored(tile.index));
    match ledger_tile::Entity::find_by_id(key).one(connection).await? {
        Some(row) => row.hashes.chunks(32).map(|hash| read_hash(hash.to_vec())).collect(),
        // An older tree than the newest, whose last tile has become full since.
        None => part(connection, scope, tile.level, tile.index * WIDTH, WIDTH).await,
    }
}

fn unfit(fault: impl std::fmt::Display) -> StoreFault {
    StoreFault::Unreadable { table: "ledger_tile", message: fault.to_string() }
}
