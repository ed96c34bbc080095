//! What people of an organization decided (attestations, and changes that name a person, a scope, a questionnaire, a provider
//! or who closes a gap; each row repeats one record of the ledger), and indexes for what every page asks.

use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::schema::Kind::{Integer, Json, Text, Time, Uuid};
use crate::schema::{TableSpec, create, index};

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

/// The newest of each dataset and each check is asked for by every page: these answer without looking into the tables.
const NEWEST: &[(&str, &[&str])] = &[
    ("evidence", &["organization_id", "dataset", "target", "leaf", "collected_at", "source"]),
    ("check_result", &["organization_id", "check_id", "target", "recorded_leaf", "judged_at"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Decision {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &DECISION).await?;
        for (table, columns) in NEWEST {
            index(manager, table, columns, false).await?;
        }
        Ok(())
    }
}
