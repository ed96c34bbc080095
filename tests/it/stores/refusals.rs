//! Append-only tables refuse UPDATE, DELETE, REPLACE and TRUNCATE, whoever asks.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::support::{Kind, databases};

/// Tables whose rows are never changed or removed.
const APPEND_ONLY: &[&str] = &[
    "check_result",
    "control_status",
    "decision",
    "deleted_object",
    "evidence",
    "gap_event",
    "ledger_leaf",
    "ledger_log",
    "ledger_tile",
    "replaced_archive",
    "report",
    "responsibility_event",
    "responsibility_version",
    "signing_key",
    "stored_object",
];

async fn names(raw: &DatabaseConnection, sql: &str, column: &str) -> Vec<String> {
    let rows = raw.query_all_raw(Statement::from_string(raw.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", column).unwrap()).collect()
}

#[tokio::test]
async fn history_cannot_be_changed_or_removed() {
    for database in databases().await {
        let kind = database.kind;
        let store = database.open().await;
        store.migrate().await.unwrap();
        let raw = database.raw().await;
        let guarded = match kind {
            Kind::Sqlite => "SELECT DISTINCT tbl_name AS name FROM sqlite_master WHERE type = 'trigger'",
            Kind::Postgres => {
                "SELECT DISTINCT event_object_table::text AS name FROM information_schema.triggers \
                 WHERE trigger_schema = 'public'"
            }
        };
        let guarded: BTreeSet<String> = names(&raw, guarded, "name").await.into_iter().collect();
        let expected: BTreeSet<String> = APPEND_ONLY.iter().map(ToString::to_string).collect();
        assert_eq!(guarded, expected, "{kind:?}: other tables are guarded than the story knows");

        for table in APPEND_ONLY {
            let column = insert_any_row(&raw, kind, table).await;
            let mut attempts = vec![
                format!("UPDATE {table} SET {column} = {column}"),
                format!("DELETE FROM {table}"),
                format!("DELETE FROM {table} WHERE {column} IS NOT NULL"),
            ];
            attempts.push(match kind {
                Kind::Sqlite => format!("REPLACE INTO {table} SELECT * FROM {table}"),
                Kind::Postgres => format!("TRUNCATE {table}"),
            });
            for attempt in attempts {
                let fault = raw.execute_unprepared(&attempt).await.expect_err(&attempt).to_string();
                assert!(fault.contains(&format!("table {table} is append-only")), "{kind:?}: {attempt}: {fault}");
            }
            let count = names(&raw, &format!("SELECT CAST({column} AS TEXT) AS name FROM {table}"), "name").await;
            assert_eq!(count.len(), 1, "{kind:?}: {table}");
        }
    }
}

/// Adds one row of made-up values, so that there is something to change; returns a column of it.
async fn insert_any_row(raw: &DatabaseConnection, kind: Kind, table: &str) -> String {
    let sql = match kind {
        Kind::Sqlite => format!("SELECT name || ' ' || lower(type) AS spec FROM pragma_table_info('{table}')"),
        Kind::Postgres => format!(
            "SELECT column_name || ' ' || data_type AS spec FROM information_schema.columns WHERE table_name = '{table}'"
        ),
    };
    let specs = names(raw, &sql, "spec").await;
    let (columns, values): (Vec<String>, Vec<String>) = specs
        .iter()
        .map(|spec| {
            let (name, data) = spec.split_once(' ').unwrap();
            let value = match (kind, data) {
                (_, data) if data.starts_with("uuid") => "'0195f3a0-0000-7000-8000-000000000001'",
                (_, data) if data.starts_with("json") => "'{}'",
                (_, data) if data.starts_with("timestamp") => "'2026-03-02T09:00:00Z'",
                (_, "bigint") => "1",
                (Kind::Sqlite, _) if data.contains("blob") => "x'00'",
                (Kind::Postgres, "bytea") => r"'\x00'",
                _ => "'x'",
            };
            (format!("\"{name}\""), value.to_owned())
        })
        .unzip();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "));
    raw.execute_unprepared(&sql).await.unwrap_or_else(|fault| panic!("{sql}: {fault}"));
    columns[0].clone()
}
