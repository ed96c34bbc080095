//! Whole matrices, never edited.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "responsibility_version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub framework: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub digest: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub matrix: Json,
    pub created_at: ChronoDateTimeUtc,
    pub leaf: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
