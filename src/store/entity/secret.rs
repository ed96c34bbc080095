//! Secrets sealed with the instance key. Never leaves `store` unsealed except through `config::secrets`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "secret")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub organization_id: Uuid,
    pub purpose: String,
    pub key_id: String,
    #[serde(with = "super::hex_bytes")]
    pub nonce: Vec<u8>,
    #[serde(with = "super::hex_bytes")]
    pub ciphertext: Vec<u8>,
    pub created_at: ChronoDateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
