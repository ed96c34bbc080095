//! Tables in a few words, the same on both databases.

use sea_orm_migration::prelude::{Alias, ColumnDef, DbErr, Index, SchemaManager, Table};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// The column types in use.
#[derive(Clone, Copy)]
pub enum Kind {
    Uuid,
    Text,
    Integer,
    Bytes,
    Json,
    Time,
}

/// A table: columns in order, those marked `?` may be NULL, and the primary key.
pub struct TableSpec {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    pub primary_key: &'static [&'static str],
    /// Rows can be added, never changed or removed.
    pub append_only: bool,
}

/// Creates a table, and its guards if it is append-only.
pub async fn create(manager: &SchemaManager<'_>, spec: &TableSpec) -> Result<(), DbErr> {
    let mut table = Table::create();
    table.table(Alias::new(spec.name));
    for (name, kind) in spec.columns {
        let (name, nullable) = name.strip_suffix('?').map_or((*name, false), |name| (name, true));
        let mut column = ColumnDef::new(Alias::new(name));
        match kind {
            Kind::Uuid => column.uuid(),
            Kind::Text => column.text(),
            Kind::Integer => column.big_integer(),
            Kind::Bytes => column.binary(),
            Kind::Json => column.json_binary(),
            Kind::Time => column.timestamp_with_time_zone(),
        };
        if !nullable {
            column.not_null();
        }
        table.col(&mut column);
    }
    let mut key = Index::create();
    for name in spec.primary_key {
        key.col(Alias::new(*name));
    }
    table.primary_key(&mut key);
    manager.create_table(table.clone()).await?;
    if spec.append_only {
        refuse_changes(manager, spec).await?;
    }
    Ok(())
}

/// Creates an index over `columns`.
pub async fn index(manager: &SchemaManager<'_>, table: &str, columns: &[&str], unique: bool) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(format!("{}_{}_{}", if unique { "ux" } else { "ix" }, table, columns.join("_")));
    index.table(Alias::new(table));
    for column in columns {
        index.col(Alias::new(*column));
    }
    if unique {
        index.unique();
    }
    manager.create_index(index.clone()).await
}

/// Triggers that refuse UPDATE and DELETE, so that not even a bug of ours rewrites history unseen.
async fn refuse_changes(manager: &SchemaManager<'_>, spec: &TableSpec) -> Result<(), DbErr> {
    let table = spec.name;
    let connection = manager.get_connection();
    let statements = match manager.get_database_backend() {
        DbBackend::Sqlite => {
            let refuse = format!("BEGIN SELECT RAISE(ABORT, 'table {table} is append-only'); END");
            // REPLACE deletes without firing a DELETE trigger: it shows only as an INSERT over a key that is there.
            let same: Vec<String> = spec.primary_key.iter().map(|name| format!("{name} = NEW.{name}")).collect();
            let known = format!("EXISTS (SELECT 1 FROM {table} WHERE {})", same.join(" AND "));
            vec![
                format!("CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}"),
                format!("CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}"),
                format!("CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {known} {refuse}"),
            ]
        }
        DbBackend::Postgres => vec![
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger AS $$ \
             BEGIN RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME; END $$ LANGUAGE plpgsql"
                .to_owned(),
            format!(
                "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            ),
            format!(
                "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            ),
        ],
        other => return Err(DbErr::Custom(format!("{other:?} is not supported; use SQLite or PostgreSQL"))),
    };
    for statement in statements {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}
