//! Index of evidence records.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub leaf: i64,
    pub run_id: Uuid,
    pub dataset: String,
    pub target: String,
    pub source: String,
    pub outcome: String,
    pub reason: String,
    pub row_count: i64,
    pub collected_at: ChronoDateTimeUtc,
    #[sea_orm(column_type = "JsonBinary")]
    pub artifacts: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
