//! The database: the only module that speaks SQL.
//!
//! Questions are functions with names; every one about a client's data takes an [`OrgScope`]. The database is an index
//! over the vault: what is in the ledger can be rebuilt from it. One connection writes (IMMEDIATE transactions on
//! SQLite), a pool reads. Start with [`Store`], then `ledger.rs`.

mod certificates;
mod checks;
mod connections;
mod decisions;
mod entity;
mod evidence;
mod gaps;
mod health;
mod keys;
mod ledger;
mod objects;
mod organizations;
mod records;
mod reports;
mod responsibilities;
mod rows;
mod runs;
mod scope;
mod tables;
mod takeover;
mod target_leases;
mod tiles;

use std::path::Path;
use std::time::Duration;

use migrations::Migrator;
use migrations::sea_orm_migration::MigratorTrait;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use secrecy::{ExposeSecret, SecretString};

pub use certificates::StoredCertificate;
pub use checks::{JudgedResult, StatusChange};
pub use connections::{Connection, Disconnected, NewConnection};
pub use decisions::DecisionRow;
pub use evidence::{EvidenceFilter, EvidenceRow};
pub use gaps::{GapEvent, GapWrite};
pub use health::Engine;
pub use keys::SigningKeyRow;
pub use ledger::{Head, IndexRows, LedgerCommit, NewLeaf, NewObject, StoredLeaf, StoredLog};
pub use objects::{DeletedObject, DeletionRow, NewReplacement, ObjectLocation, ReplacedArchive};
pub use organizations::{Instance, NewOrganization, OrganizationUpdate};
pub use reports::ReportRow;
pub use responsibilities::{MatrixEvent, MatrixVersion};
pub use rows::{ByLeaf, Row, RowsOf, gap_told, organization_told, request_told, row_saying, rows_told, statuses_told};
pub use runs::{CollectorState, Run, RunEnd, RunState};
pub use scope::{InstanceScope, OrgScope};
pub use tables::{BackupRows, Checkpoints, Keeping, ReportPlace, TABLES};
pub use takeover::UNKNOWN_CAUSE;
pub use target_leases::TargetLease;

/// An open database.
#[derive(Debug, Clone)]
pub struct Store {
    write: DatabaseConnection,
    read: DatabaseConnection,
}

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    #[error("the database could not be asked")]
    Database(#[from] DbErr),
    #[error("there is no organization `{0}`; countersign org list shows those there are")]
    NoSuchOrganization(String),
    #[error("an organization `{0}` exists already")]
    OrganizationExists(String),
    #[error("`{0}` is not connected; leave out --replace to connect it")]
    NotConnected(String),
    #[error(
        "{source_kind} target `{target}` is connected already; with --replace it gets these settings and this secret"
    )]
    ConnectionExists { source_kind: &'static str, target: String },
    #[error("the database holds something unreadable in {table}: {message}")]
    Unreadable { table: &'static str, message: String },
    #[error("another process is writing to this organization's ledger; try again, or see what it does: {holder}")]
    LedgerBusy { holder: String },
    #[error("{} is being read by {} since {}", .0.target, .0.who, .0.taken_at.for_people())]
    TargetBusy(Box<TargetLease>),
    #[error("the leaves in the database do not lead to the head {0}; run countersign verify")]
    NotTheHead(countersign_seal::digest::Digest),
}

impl Store {
    /// Opens (or creates) a SQLite file with WAL and full durability.
    pub async fn open_sqlite(file: &Path, read_connections: u32) -> Result<Self, StoreFault> {
        let url = format!("sqlite://{}", file.display());
        private_file(file).map_err(|fault| DbErr::Custom(format!("cannot make {}: {fault}", file.display())))?;
        // A commit touches many pages of its indexes; with room for them each is written once.
        let options = |connections: u32, cache: &'static str| {
            let mut options = ConnectOptions::new(url.clone());
            options.max_connections(connections).sqlx_logging(false);
            options.map_sqlx_sqlite_opts(move |sqlite| {
                sqlite
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .pragma("cache_size", cache)
                    .busy_timeout(Duration::from_secs(30))
            });
            options
        };
        let write = Database::connect(options(1, "-4000")).await?;
        let read = Database::connect(options(read_connections, "-2000")).await?;
        Ok(Self { write, read })
    }

    /// Connects to PostgreSQL.
    pub async fn open_postgres(url: &SecretString, read_connections: u32) -> Result<Self, StoreFault> {
        let mut options = ConnectOptions::new(url.expose_secret());
        options.max_connections(read_connections + 1).sqlx_logging(false).connect_timeout(Duration::from_secs(10));
        let connection = Database::connect(options).await?;
        Ok(Self { write: connection.clone(), read: connection })
    }

    /// Brings the schema up to date. Migrations are never edited, only added.
    pub async fn migrate(&self) -> Result<(), StoreFault> {
        Ok(Migrator::up(&self.write, None).await?)
    }

    async fn begin(&self) -> Result<DatabaseTransaction, StoreFault> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.write.begin_with_options(options).await?)
    }

    /// Closes all connections, so that files can be moved.
    pub async fn close(self) -> Result<(), StoreFault> {
        self.read.close().await?;
        // On PostgreSQL both are one pool; closing twice is harmless.
        self.write.close().await?;
        Ok(())
    }
}

/// Makes the database file with mode 0600, if it is not there; SQLite gives its side files the same mode.
fn private_file(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// How many rows an insertion added that passes over what is there already.
fn rows_added(added: Result<u64, DbErr>) -> Result<u64, StoreFault> {
    match added {
        Err(DbErr::RecordNotInserted) => Ok(0),
        other => Ok(other?),
    }
}

/// Turns stored text back into a value, naming the table when it cannot.
fn read_text<T>(table: &'static str, text: &str) -> Result<T, StoreFault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|fault: T::Err| StoreFault::Unreadable { table, message: fault.to_string() })
}

/// Turns stored JSON back into a value, naming the table when it cannot.
fn read_json<T: serde::de::DeserializeOwned>(table: &'static str, json: serde_json::Value) -> Result<T, StoreFault> {
    serde_json::from_value(json).map_err(|fault| StoreFault::Unreadable { table, message: fault.to_string() })
}

/// Turns a value into stored JSON.
fn write_json<T: serde::Serialize>(table: &'static str, value: &T) -> Result<serde_json::Value, StoreFault> {
    serde_json::to_value(value).map_err(|fault| StoreFault::Unreadable { table, message: fault.to_string() })
}

/// Ledger positions and sizes are stored as signed 64-bit integers.
fn to_stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The inverse of [`to_stored`].
fn from_stored(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
