//! Full tiles of the ledger's tree, so that nobody has to read all leaves to append one or to prove one.

use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::schema::Kind::{Bytes, Integer, Uuid};
use crate::schema::{TableSpec, create};

pub struct Tiles;

impl MigrationName for Tiles {
    fn name(&self) -> &'static str {
        "m0002_tiles"
    }
}

const TILE: TableSpec = TableSpec {
    name: "ledger_tile",
    columns: &[
        ("organization_id", Uuid),
        // 0 for tiles of leaves; a tile of level k + 1 has the roots of 256 tiles of level k
        ("level", Integer),
        ("position", Integer),
        // 256 hashes of 32 bytes
        ("hashes", Bytes),
        ("root", Bytes),
    ],
    primary_key: &["organization_id", "level", "position"],
    append_only: true,
};

#[async_trait::async_trait]
impl MigrationTrait for Tiles {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &TILE).await
    }
}
