//! What people of an organization decided: attestations, and changes that name a person, a scope, a questionnaire or who
//! closes a gap. Each row repeats one record of the ledger.

use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::schema::Kind::{Integer, Json, Text, Time, Uuid};
use crate::schema::{TableSpec, create};

pub struct Decision;

impl MigrationName for Decision {
    fn name(&self) -> &'static str {
        "m0005_decision"
    }
}

const DECISION: TableSpec = TableSpec {
    name: "decision",
    columns: &[
        ("organization_id", Uuid),
        ("leaf", Integer),
        ("kind", Text),
        ("subject", Text),
        // what the record says
        ("statement", Json),
        ("at", Time),
    ],
    primary_key: &["organization_id", "leaf"],
    append_only: true,
};

#[async_trait::async_trait]
impl MigrationTrait for Decision {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &DECISION).await
    }
}
