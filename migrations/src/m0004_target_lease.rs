//! Who reads a target right now, so that no two processes read it at once.

use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::schema::Kind::{Text, Time, Uuid};
use crate::schema::{TableSpec, create};

pub struct TargetLease;

impl MigrationName for TargetLease {
    fn name(&self) -> &'static str {
        "m0004_target_lease"
    }
}

const LEASE: TableSpec = TableSpec {
    name: "target_lease",
    columns: &[
        ("organization_id", Uuid),
        ("source", Text),
        ("target", Text),
        ("holder", Text),
        // for people: which command, which process, which machine
        ("who", Text),
        ("taken_at", Time),
        ("expires_at", Time),
    ],
    primary_key: &["organization_id", "source", "target"],
    append_only: false,
};

#[async_trait::async_trait]
impl MigrationTrait for TargetLease {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, &LEASE).await
    }
}
