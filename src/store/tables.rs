//! Every table of the schema, and from where it comes back; rows for a backup and back again.
//!
//! A new table must be added to [`TABLES`]: a story compares the list with the schema. Rows are written as JSON lines that
//! say nothing of the kind of database. Start with [`TABLES`].

use std::collections::BTreeMap;

use countersign_seal::digest::Digest;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, IntoActiveModel, IsolationLevel,
    QueryFilter, QueryOrder, Statement, TransactionOptions, TransactionTrait,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entity::{
    collector_state, connection, instance, ledger_log, organization, report, run, secret, signing_key,
};
use super::organizations::to_organization;
use super::{Instance, InstanceScope, Store, StoreFault, from_stored, read_text};
use crate::model::id::{OrgId, ReportId};
use crate::model::organization::Organization;
use crate::model::time::Timestamp;

/// From where a table's rows come back when the database is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// From a backup only, or better from a backup than from the vault.
    Backup,
    /// From the sealed records alone.
    Vault,
    /// Means nothing afterwards, or is worked out again.
    Derived,
}

/// Every table of the schema.
pub const TABLES: &[(&str, Keeping)] = &[
    ("instance", Keeping::Backup),
    ("organization", Keeping::Backup),
    ("secret", Keeping::Backup),
    ("signing_key", Keeping::Backup),
    ("connection", Keeping::Backup),
    ("ledger_lease", Keeping::Derived),
    ("target_lease", Keeping::Derived),
    ("ledger_log", Keeping::Vault),
    ("ledger_leaf", Keeping::Vault),
    ("ledger_tile", Keeping::Vault),
    ("stored_object", Keeping::Vault),
    ("deleted_object", Keeping::Vault),
    ("replaced_archive", Keeping::Vault),
    ("evidence", Keeping::Vault),
    // The vault knows a run by its evidence only: not what started it, and nothing of runs that sealed nothing.
    ("run", Keeping::Backup),
    ("check_result", Keeping::Vault),
    ("control_status", Keeping::Vault),
    ("responsibility_version", Keeping::Vault),
    ("responsibility_event", Keeping::Vault),
    ("decision", Keeping::Vault),
    ("gap", Keeping::Vault),
    ("gap_event", Keeping::Vault),
    ("evidence_request", Keeping::Vault),
    // The vault has the report; id and place of its file are in the backup, and are joined to it by leaf and digest.
    ("report", Keeping::Backup),
    ("collector_state", Keeping::Backup),
];

/// The table of the installation's own row.
const INSTANCE: &str = "instance";

/// The table in which migrations are noted; not ours.
const MIGRATIONS: &str = "seaql_migrations";

/// The newest signed head of each organization.
pub type Checkpoints = BTreeMap<OrgId, String>;

/// What is known of an organization's report beside its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPlace {
    pub organization: OrgId,
    pub leaf: u64,
    pub id: ReportId,
    pub path: String,
    pub sha256: Digest,
}

macro_rules! rows {
    ($($table:ident),+) => {
        /// The rows of all tables that only a backup brings back.
        #[derive(Debug, Default)]
        pub struct BackupRows {
            $($table: Vec<$table::Model>),+
        }

        impl BackupRows {
            /// Names of the tables, each a file of JSON lines in a backup.
            pub const NAMES: &[&str] = &[$(stringify!($table)),+];

            async fn read(transaction: &DatabaseTransaction) -> Result<Self, StoreFault> {
                Ok(Self { $($table: $table::Entity::find().all(transaction).await?),+ })
            }

            /// Each table as JSON lines.
            pub fn to_lines(&self) -> Result<Vec<(&'static str, Vec<u8>)>, StoreFault> {
                Ok(vec![$((stringify!($table), write_lines(stringify!($table), &self.$table)?)),+])
            }

            /// Reads the tables back; `lines` gives the content of each.
            pub fn of_lines<'a>(lines: impl Fn(&str) -> Option<&'a [u8]>) -> Result<Self, StoreFault> {
                Ok(Self { $($table: read_lines(stringify!($table), lines(stringify!($table)))?),+ })
            }
        }
    };
}
rows!(instance, organization, secret, signing_key, connection, run, report, collector_state);

fn write_lines(table: &'static str, rows: &[impl Serialize]) -> Result<Vec<u8>, StoreFault> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row)
            .map_err(|fault| StoreFault::Unreadable { table, message: fault.to_string() })?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn read_lines<T: DeserializeOwned>(table: &'static str, lines: Option<&[u8]>) -> Result<Vec<T>, StoreFault> {
    let unreadable = |message: String| StoreFault::Unreadable { table, message };
    let lines = lines.ok_or_else(|| unreadable("its rows are missing".to_owned()))?;
    lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).map_err(|fault| unreadable(fault.to_string())))
        .collect()
}

impl BackupRows {
    /// The installation they are of, and since when it is there.
    pub fn instance(&self) -> Result<(Instance, Timestamp), StoreFault> {
        let row = self.instance.first().ok_or_else(|| StoreFault::Unreadable {
            table: "instance",
            message: "an installation has one row here".to_owned(),
        })?;
        Ok((Instance { id: row.id, secret_key_id: row.secret_key_id.clone() }, row.created_at.into()))
    }

    /// The organizations among them.
    pub fn organizations(&self) -> Result<Vec<Organization>, StoreFault> {
        self.organization.iter().cloned().map(to_organization).collect()
    }

    /// Where reports were written.
    pub fn report_places(&self) -> Result<Vec<ReportPlace>, StoreFault> {
        let place = |row: &report::Model| {
            Ok(ReportPlace {
                organization: OrgId(row.organization_id),
                leaf: from_stored(row.leaf),
                id: ReportId(row.id),
                path: row.path.clone(),
                sha256: read_text("report", &row.sha256)?,
            })
        };
        self.report.iter().map(place).collect()
    }
}

impl Store {
    /// Everything a backup holds of this database, and the newest heads, as of one moment.
    pub async fn rows_for_backup(&self, _scope: InstanceScope) -> Result<(BackupRows, Checkpoints), StoreFault> {
        // SQLite shows a transaction one moment in any case.
        let isolation_level =
            (self.read.get_database_backend() == DbBackend::Postgres).then_some(IsolationLevel::RepeatableRead);
        let options = TransactionOptions { isolation_level, ..TransactionOptions::default() };
        let transaction = self.read.begin_with_options(options).await?;
        let rows = BackupRows::read(&transaction).await?;
        let mut checkpoints = Checkpoints::new();
        for organization in &rows.organization {
            let newest = ledger_log::Entity::find()
                .filter(ledger_log::Column::OrganizationId.eq(organization.id))
                .order_by_desc(ledger_log::Column::Sequence)
                .one(&transaction)
                .await?;
            checkpoints.extend(newest.map(|row| (OrgId(organization.id), row.checkpoint)));
        }
        transaction.commit().await?;
        Ok((rows, checkpoints))
    }

    /// Puts rows of a backup into an empty database, all but two kinds: reports come with their records, and the
    /// installation's own row is written last, by [`Store::create_instance`], so that a database without it is
    /// known to be half made.
    pub async fn put_back(&self, _scope: InstanceScope, rows: BackupRows) -> Result<(), StoreFault> {
        let transaction = self.begin().await?;
        insert(&transaction, rows.organization).await?;
        insert(&transaction, rows.secret).await?;
        insert(&transaction, rows.signing_key).await?;
        insert(&transaction, rows.connection).await?;
        insert(&transaction, rows.run).await?;
        insert(&transaction, rows.collector_state).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Names of the tables in this database.
    pub async fn table_names(&self) -> Result<Vec<String>, StoreFault> {
        let backend = self.read.get_database_backend();
        let question = match backend {
            DbBackend::Postgres => "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()",
            _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        };
        let rows = self.read.query_all_raw(Statement::from_string(backend, question)).await?;
        let mut names = rows.iter().map(|row| row.try_get("", "name")).collect::<Result<Vec<String>, _>>()?;
        names.retain(|name| name != MIGRATIONS);
        names.sort_unstable();
        Ok(names)
    }

    /// Whether nothing was ever written here: no table, or only ours and all of them empty.
    pub async fn is_unused(&self) -> Result<bool, StoreFault> {
        let names = self.table_names().await?;
        if !names.iter().all(|name| is_ours(name)) {
            return Ok(false);
        }
        for name in names {
            if self.has_rows(&name).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether this is what a restoring or rebuilding has left that was cut off: only our tables, and not the
    /// installation's own row, which is the last to be written and without which no program starts.
    pub async fn is_half_made(&self) -> Result<bool, StoreFault> {
        let names = self.table_names().await?;
        let is_ours = names.iter().all(|name| is_ours(name)) && names.iter().any(|name| name == INSTANCE);
        Ok(is_ours && !self.has_rows(INSTANCE).await?)
    }

    /// Drops the tables of a PostgreSQL database that is half made, so that it can be made whole; any other is left as it
    /// is. Rows cannot be removed one by one: the ledger's tables refuse that.
    pub async fn clear_half_made(&self) -> Result<(), StoreFault> {
        if self.write.get_database_backend() == DbBackend::Postgres && self.is_half_made().await? {
            let names = self.table_names().await?.join(", ");
            self.write.execute_unprepared(&format!("DROP TABLE IF EXISTS {names}, {MIGRATIONS} CASCADE")).await?;
        }
        Ok(())
    }

    async fn has_rows(&self, table: &str) -> Result<bool, StoreFault> {
        let question = format!("SELECT 1 AS there FROM {table} LIMIT 1");
        let backend = self.read.get_database_backend();
        Ok(self.read.query_one_raw(Statement::from_string(backend, question)).await?.is_some())
    }
}

fn is_ours(name: &str) -> bool {
    TABLES.iter().any(|(table, _)| *table == name)
}

async fn insert<M, A>(transaction: &DatabaseTransaction, rows: Vec<M>) -> Result<(), StoreFault>
where
    M: IntoActiveModel<A>,
    A: sea_orm::ActiveModelTrait,
{
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let some: Vec<A> = rows.by_ref().take(500).map(IntoActiveModel::into_active_model).collect();
        A::Entity::insert_many(some).exec_without_returning(transaction).await?;
    }
    Ok(())
}
