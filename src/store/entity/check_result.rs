//! What checks made of a target, per run.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "check_result")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub check_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub target: String,
    pub version: String,
    pub outcome: String,
    pub because: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub resources: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub evidence: Json,
    pub judged_at: ChronoDateTimeUtc,
    pub recorded_leaf: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
