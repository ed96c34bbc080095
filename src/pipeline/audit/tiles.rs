//! Stored tiles of the ledger's tree against the leaves. A tile that is not there is made anew when it is needed.

use std::collections::BTreeMap;

use countersign_seal::tiles::FullTile;

use super::rows::differing;
use super::{Difference, kinds};
use crate::pipeline::fault::CommitFault;
use crate::store::{OrgScope, Row, RowsOf, Store, row_saying};

/// Hashes in a full tile, as a power of two.
const BITS: u64 = 8;

/// Tiles that some leaves completed.
pub(super) async fn compare(
    store: &Store,
    scope: &OrgScope,
    completed: &[FullTile],
) -> Result<Vec<Difference>, CommitFault> {
    let mut levels: BTreeMap<u8, Vec<&FullTile>> = BTreeMap::new();
    for tile in completed {
        levels.entry(tile.level).or_default().push(tile);
    }
    let mut found = Vec::new();
    for (level, tiles) in levels {
        let (Some(first), Some(last)) = (tiles.first(), tiles.last()) else { continue };
        let stored = store.rows_of(scope, RowsOf::Tiles(level, first.index, last.index + 1)).await?;
        let is_there = |tile: &FullTile| stored.iter().any(|row| row.number("position") == Some(tile.index));
        let told: Vec<Row> = tiles.into_iter().filter(|tile| is_there(tile)).map(told).collect();
        found.extend(differing(&told, &stored, &kinds::TILE));
    }
    Ok(found)
}

fn told(tile: &FullTile) -> Row {
    let hashes: Vec<u8> = tile.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    row_saying([
        ("level", tile.level.to_string()),
        ("position", tile.index.to_string()),
        ("hashes", hex::encode(hashes)),
        ("root", hex::encode(tile.root.as_bytes())),
    ])
}

/// Tiles that a ledger of this size cannot have.
pub(super) async fn beyond(store: &Store, scope: &OrgScope, size: u64) -> Result<Vec<Difference>, CommitFault> {
    let places = store.places_of_tiles(scope).await?;
    let is_beyond = |(level, position): &(u64, u64)| {
        let width = u32::try_from(BITS.saturating_mul(level + 1)).unwrap_or(u32::MAX);
        size.checked_shr(width).unwrap_or(0) <= *position
    };
    Ok(places
        .into_iter()
        .filter(is_beyond)
        .map(|(level, position)| Difference {
            place: format!("tile {position} of level {level}"),
            sealed: format!("a ledger of {size} records"),
            in_database: "a tile beyond its end".to_owned(),
        })
        .collect())
}
