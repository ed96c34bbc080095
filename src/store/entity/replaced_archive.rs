//! Archives that were written again without some of their objects, and what came in their place.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "replaced_archive")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub archive: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub leaf: i64,
    pub replacement: String,
    pub replacement_digest: String,
    pub replacement_size: i64,
    pub replaced_at: ChronoDateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
