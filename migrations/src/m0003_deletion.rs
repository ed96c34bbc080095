//! Objects that were deleted under retention, the archives that came in the place of others, and leaves by their type.

use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::schema::Kind::{Integer, Text, Time, Uuid};
use crate::schema::{TableSpec, create, index};

pub struct Deletion;

impl MigrationName for Deletion {
    fn name(&self) -> &'static str {
        "m0003_deletion"
    }
}

const TABLES: &[TableSpec] = &[
    TableSpec {
        name: "deleted_object",
        columns: &[
            ("organization_id", Uuid),
            ("sha256", Text),
            ("leaf", Integer),
            ("sequence", Integer),
            ("deleted_at", Time),
        ],
        primary_key: &["organization_id", "sha256", "leaf"],
        append_only: true,
    },
    TableSpec {
        name: "replaced_archive",
        columns: &[
            ("organization_id", Uuid),
            ("archive", Text),
            ("leaf", Integer),
            ("replacement", Text),
            ("replacement_digest", Text),
            ("replacement_size", Integer),
            ("replaced_at", Time),
        ],
        primary_key: &["organization_id", "archive", "leaf"],
        append_only: true,
    },
];

#[async_trait::async_trait]
impl MigrationTrait for Deletion {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            create(manager, table).await?;
        }
        // Keys, holds and deletions are few among many records, and asked for at every commit.
        index(manager, "ledger_leaf", &["organization_id", "kind", "leaf"], false).await
    }
}
