//! Where a control stood from when; a row is added when the state or its reason changes.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "control_status")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub framework: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub control: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    pub state: String,
    pub because: String,
    pub valid_from: Option<ChronoDateTimeUtc>,
    pub recorded_at: ChronoDateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
