//! A pretend firm: its people, and what its Microsoft 365 tenant holds.
//!
//! A firm is one YAML file, readable and editable: interesting objects are written out, the crowd comes from `generate:`
//! blocks that are expanded by counting, never by chance, so the same file always makes the same tenant. The loader refuses
//! unknown keys and misspelt Graph properties with the line they are on. It never reads the clock: ages are written as
//! `$ago:3d` and become times when the tenant starts. Start with [`Firm::load_embedded`].

mod complete;
mod expand;
mod file;
mod reference;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::file::{Person, TenantIdentity};
use super::table::{Row, Table};
use crate::model::responsibility::EngagementModel;

const EMBEDDED: &[(&str, &str)] = &[
    ("larkspur", include_str!("../../firms/larkspur.yaml")),
    ("tarnbrook", include_str!("../../firms/tarnbrook.yaml")),
    ("hollowmere", include_str!("../../firms/hollowmere.yaml")),
];

/// The firm that [`Firm::scaled`] lets grow.
const SCALABLE: &str = "hollowmere";

/// A firm whose file was read, expanded and found consistent.
#[derive(Debug, Clone)]
pub struct Firm {
    /// Short name, usable as an organization's slug.
    pub slug: String,
    pub client: String,
    /// None for a firm that runs its own IT.
    pub provider: Option<String>,
    pub engagement: EngagementModel,
    /// Who works on compliance at the client.
    pub internal_people: Vec<Person>,
    /// Who works on it at the provider.
    pub provider_people: Vec<Person>,
    /// Sign-in names of the emergency accounts, as the organization declares them in its settings.
    pub break_glass: Vec<String>,
    pub tenant: TenantIdentity,
    directory: Directory,
    second_run: Vec<Edit>,
}

/// All objects of a tenant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Directory {
    tables: BTreeMap<Table, Vec<Row>>,
}

/// One change of a tenant's objects: of the rows that equal `where` in every named property, `set` changes properties
/// (dots reach into objects), or `remove` drops them; `add` appends a row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// One sentence for people: what happened at the firm.
    pub why: String,
    pub table: Table,
    #[serde(default, rename = "where")]
    pub matching: Row,
    #[serde(default)]
    pub set: Map<String, Value>,
    #[serde(default)]
    pub add: Option<Row>,
    #[serde(default)]
    pub remove: bool,
}

/// Why a firm file cannot be used. Lines are one-based.
#[derive(Debug, thiserror::Error)]
pub enum FirmError {
    #[error("there is no built-in firm `{name}`; choose one of {known}")]
    UnknownFirm { name: String, known: String },
    #[error("line {line}: the firm file cannot be read; correct it and try again")]
    Syntax { line: u64, source: Box<serde_saphyr::Error> },
    #[error("line {line}: {table} have no property `{property}` in Microsoft Graph v1.0; check the spelling")]
    UnknownProperty { line: u64, table: &'static str, property: String },
    #[error("line {line}: `{reference}` does not lead anywhere; {hint}")]
    BadReference { line: u64, reference: String, hint: &'static str },
    #[error("line {line}: {table} hold `{key}` twice; give each row its own {property}")]
    Duplicate { line: u64, table: &'static str, property: &'static str, key: String },
    #[error("line {line}: the change `{why}` {fault}")]
    UselessEdit { line: u64, why: String, fault: &'static str },
    #[error("line {line}: {fault}")]
    Generate { line: u64, fault: String },
}

impl FirmError {
    /// The line the fault is on; none when no file was read.
    #[must_use]
    pub const fn line(&self) -> Option<u64> {
        match self {
            Self::UnknownFirm { .. } => None,
            Self::Syntax { line, .. }
            | Self::UnknownProperty { line, .. }
            | Self::BadReference { line, .. }
            | Self::Duplicate { line, .. }
            | Self::UselessEdit { line, .. }
            | Self::Generate { line, .. } => Some(*line),
        }
    }
}

impl Firm {
    /// Names of the firms that are compiled in.
    pub fn embedded_names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// A firm that is compiled in.
    ///
    /// # Errors
    /// The name is not known.
    pub fn load_embedded(name: &str) -> Result<Self, FirmError> {
        Self::parse(Self::embedded_text(name)?)
    }

    /// Hollowmere with so many users and devices in all, and a group for every twenty users: a tenant with every licence and
    /// every consent in which each dataset holds rows, for measuring. Never fewer than the file's own.
    ///
    /// # Errors
    /// The compiled-in file is at fault.
    pub fn scaled(users: usize, devices: usize) -> Result<Self, FirmError> {
        let mut file = file::read(Self::embedded_text(SCALABLE)?)?;
        for (table, wanted) in [(Table::Users, users), (Table::ManagedDevices, devices), (Table::Groups, users / 20)] {
            if let Some(content) = file.tables.get_mut(&table) {
                content.grow_to(wanted);
            }
        }
        expand::firm(file)
    }

    /// The file of a firm that is compiled in, for those who want to edit it.
    ///
    /// # Errors
    /// The name is not known.
    pub fn embedded_text(name: &str) -> Result<&'static str, FirmError> {
        EMBEDDED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).ok_or_else(|| FirmError::UnknownFirm {
            name: name.to_owned(),
            known: Self::embedded_names().collect::<Vec<_>>().join(", "),
        })
    }

    /// Reads a firm file.
    ///
    /// # Errors
    /// The first fault, with its line.
    pub fn parse(text: &str) -> Result<Self, FirmError> {
        expand::firm(file::read(text)?)
    }

    /// The objects as they are before the first run; ages are still written as `$ago:…`.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What changes at the firm between the demo's two runs.
    #[must_use]
    pub fn second_run(&self) -> &[Edit] {
        &self.second_run
    }
}

impl std::str::FromStr for Firm {
    type Err = FirmError;

    fn from_str(text: &str) -> Result<Self, FirmError> {
        Self::parse(text)
    }
}

impl Directory {
    /// The rows of a table in the order of the file.
    #[must_use]
    pub fn rows(&self, table: Table) -> &[Row] {
        self.tables.get(&table).map_or(&[], Vec::as_slice)
    }

    /// Changes rows. Says how many were touched.
    pub fn apply(&mut self, edit: &Edit) -> usize {
        let rows = self.tables.entry(edit.table).or_default();
        let before = rows.len();
        let mut touched = 0;
        if edit.remove {
            rows.retain(|row| !is_match(row, &edit.matching));
            touched += before - rows.len();
        }
        if !edit.set.is_empty() {
            for row in rows.iter_mut().filter(|row| is_match(row, &edit.matching)) {
                touched += 1;
                edit.set.iter().for_each(|(path, value)| set_at(row, path, value.clone()));
            }
        }
        if let Some(row) = &edit.add {
            rows.push(row.clone());
            touched += 1;
        }
        touched
    }

    fn put(&mut self, table: Table, rows: Vec<Row>) {
        self.tables.insert(table, rows);
    }

    /// Every string of every row, for replacing.
    pub(super) fn strings(&mut self, replace: &mut impl FnMut(&mut String)) {
        self.tables.values_mut().flatten().for_each(|row| row.values_mut().for_each(|value| visit(value, replace)));
    }
}

impl Edit {
    /// A change of properties in the rows that match.
    #[must_use]
    pub fn set(table: Table, matching: Row, path: &str, value: Value) -> Self {
        let set = Map::from_iter([(path.to_owned(), value)]);
        Self { why: "changed by hand".to_owned(), table, matching, set, add: None, remove: false }
    }
}

fn is_match(row: &Row, matching: &Row) -> bool {
    matching.iter().all(|(name, value)| row.get(name) == Some(value))
}

fn set_at(row: &mut Row, path: &str, value: Value) {
    match path.split_once('.') {
        // `@odata.type` holds a dot and is a name, not a path.
        Some((first, rest)) if !path.starts_with('@') => {
            let inner = row.entry(first.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                set_at(inner, rest, value);
            }
        }
        _ => {
            row.insert(path.to_owned(), value);
        }
    }
}

pub(super) fn visit(value: &mut Value, replace: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => replace(text),
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, replace)),
        Value::Object(fields) => fields.values_mut().for_each(|field| visit(field, replace)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

pub use self::reference::{ago, ahead, guid};

#[cfg(test)]
mod tests;
