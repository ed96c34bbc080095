//! The shape of a firm file. Nothing here is interpreted; see [`super::expand`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::{Edit, FirmError};
use crate::demo::tenant::table::{Row, Table};
use crate::model::responsibility::EngagementModel;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirmFile {
    pub slug: String,
    pub client: String,
    #[serde(default)]
    pub provider: Option<String>,
    pub engagement: EngagementModel,
    #[serde(default)]
    pub internal_people: Vec<Person>,
    #[serde(default)]
    pub provider_people: Vec<Person>,
    #[serde(default)]
    pub break_glass: Vec<String>,
    pub tenant: TenantIdentity,
    #[serde(default)]
    pub names: Names,
    /// A place for YAML anchors; ignored.
    #[serde(default, rename = "shared")]
    pub _shared: Value,
    pub tables: BTreeMap<Table, TableFile>,
    #[serde(default)]
    pub second_run: Vec<Spanned<Edit>>,
}

/// Somebody who works on compliance; always fictional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    pub role: String,
    pub mail: String,
}

/// What the firm's tenant is known by, and the application that may read it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantIdentity {
    pub id: String,
    pub domain: String,
    pub initial_domain: String,
    pub client_id: String,
    /// A pretend secret of a pretend application: it opens nothing but the simulator.
    pub client_secret: String,
    /// Application permissions an administrator has consented to.
    pub permissions: Vec<String>,
}

/// Given and family names that generated people are made of.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    pub given: Vec<String>,
    pub family: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableFile {
    /// Properties of every row that does not say otherwise.
    #[serde(default)]
    pub defaults: Row,
    #[serde(default)]
    pub rows: Vec<Spanned<Row>>,
    #[serde(default)]
    pub generate: Vec<Spanned<Generate>>,
}

/// Many rows alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generate {
    #[serde(default)]
    pub count: usize,
    /// For users: make names from the firm's lists, and the sign-in name from them.
    #[serde(default)]
    pub named: bool,
    /// For devices: give each to the next enabled, licensed member.
    #[serde(default)]
    pub owned: bool,
    /// One row for each enabled user who has none in this table, instead of `count`.
    #[serde(default)]
    pub every_user: bool,
    /// For groups: so many members each, the next ones in the order of the users.
    #[serde(default)]
    pub people: usize,
    /// The block that grows when a firm is scaled; see [`super::Firm::scaled`].
    #[serde(default)]
    pub scale: bool,
    /// Properties; `{n}` in a text is the row's number, `{cycle: [...]}` takes turns.
    #[serde(rename = "with")]
    pub properties: Row,
}

impl TableFile {
    /// Lets the blocks that scale make so many rows that the table holds `wanted`.
    pub(super) fn grow_to(&mut self, wanted: usize) {
        let fixed = self.generate.iter().filter(|block| !block.value.scale).map(|block| block.value.count);
        let missing = wanted.saturating_sub(self.rows.len() + fixed.sum::<usize>());
        for block in self.generate.iter_mut().filter(|block| block.value.scale) {
            block.value.count = block.value.count.max(missing);
        }
    }
}

pub(super) fn read(text: &str) -> Result<FirmFile, FirmError> {
    serde_saphyr::from_str(text).map_err(|source| FirmError::Syntax {
        line: source.location().map_or(1, |place| place.line()),
        source: Box::new(source),
    })
}
