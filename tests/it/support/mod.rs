//! What stories share: a clock to set, fresh databases of both kinds, and a whole application in a temporary folder,
//! and the program as a process.
//!
//! A story that touches the database runs on each of [`databases`]. Where PostgreSQL is not installed its half is
//! skipped with a loud word on stderr, or fails when `COUNTERSIGN_TESTS_MUST_NOT_SKIP=1` (as `.ci/run` sets it).

pub mod app;
pub mod beside;
pub mod browser;
pub mod catalog_folder;
pub mod clock;
pub mod command;
pub mod decisions;
pub mod demo;
mod postgres;
pub mod responsibilities;
pub mod scripted;
pub mod ssh;
pub mod story;

pub use app::{TestApp, evidence, index_rows};

use std::sync::Arc;

use countersign::store::Store;
use sea_orm::{ConnectionTrait, Database as Connector, DatabaseConnection};
use tempfile::TempDir;

/// A fresh, empty database of one kind, for one story. Clones lead to the same one.
#[derive(Clone)]
pub struct Database {
    pub kind: Kind,
    /// Holds the SQLite file, and the application's data in either case.
    pub folder: Arc<TempDir>,
    /// For PostgreSQL.
    name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// One fresh database of every kind there is here.
pub async fn databases() -> Vec<Database> {
    let mut all = vec![Database::sqlite()];
    match postgres::server() {
        Ok(server) => {
            let name = format!("story_{}", uuid::Uuid::now_v7().simple());
            administer(server, &[format!("CREATE DATABASE {name}")]).await;
            all.push(Database {
                kind: Kind::Postgres,
                folder: Arc::new(tempfile::tempdir().unwrap()),
                name: Some(name),
            });
        }
        Err(reason) => skip("the PostgreSQL half of a story", reason),
    }
    all
}

/// Says that something was not tested; fails where nothing may be skipped.
pub fn skip(what: &str, reason: &str) {
    assert!(std::env::var_os("COUNTERSIGN_TESTS_MUST_NOT_SKIP").is_none_or(|value| value != "1"), "{what}: {reason}");
    not_permitted(what, reason);
}

/// Says that something was not tested because this machine forbids it to anybody; nobody could install what is missing.
pub fn not_permitted(what: &str, reason: &str) {
    // Past the test harness, which hides what passing tests print.
    std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("\n*** SKIPPED: {what}: {reason} ***\n\n")).unwrap();
}

async fn administer(server: &postgres::Server, statements: &[String]) {
    let admin = Connector::connect(server.url("postgres")).await.unwrap();
    for statement in statements {
        admin.execute_unprepared(statement).await.unwrap();
    }
    admin.close().await.unwrap();
}

impl Database {
    /// A fresh SQLite database, for stories that are not about the database.
    pub fn sqlite() -> Self {
        Self { kind: Kind::Sqlite, folder: Arc::new(tempfile::tempdir().unwrap()), name: None }
    }

    fn url(&self) -> Option<String> {
        self.name.as_ref().map(|name| postgres::server().unwrap().url(name))
    }

    /// The setting `database.url` that leads to this database.
    pub fn setting(&self) -> String {
        self.url().unwrap_or_else(|| "sqlite".to_owned())
    }

    /// Opens it as the product does, without any migration.
    pub async fn open(&self) -> Store {
        match self.url() {
            Some(url) => Store::open_postgres(&url.into(), 2).await.unwrap(),
            None => Store::open_sqlite(&self.file(), 2).await.unwrap(),
        }
    }

    /// A plain connection, for asking and doing what the product never would.
    pub async fn raw(&self) -> DatabaseConnection {
        let url = self.url().unwrap_or_else(|| format!("sqlite://{}?mode=rwc", self.file().display()));
        Connector::connect(url).await.unwrap()
    }

    /// The SQLite file, where an application in this folder puts it.
    pub fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("countersign.db")
    }

    /// Loses the database; an empty one of the same name can be made in its place. Nobody may be connected.
    pub async fn lose(&self) {
        match &self.name {
            None => {
                for ending in ["", "-wal", "-shm"] {
                    std::fs::remove_file(self.folder.path().join(format!("countersign.db{ending}"))).ok();
                }
            }
            Some(name) => {
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                administer(postgres::server().unwrap(), &[drop, format!("CREATE DATABASE {name}")]).await;
            }
        }
    }

    /// Remembers the database as it is. Nobody may be connected.
    pub async fn snapshot(&self) -> Snapshot {
        match &self.name {
            None => Snapshot(std::fs::read(self.file()).unwrap()),
            Some(name) => {
                let copy = format!("CREATE DATABASE {name}_before TEMPLATE {name}");
                administer(postgres::server().unwrap(), &[copy]).await;
                Snapshot(Vec::new())
            }
        }
    }

    /// Puts the database back to what it was. Nobody may be connected.
    pub async fn restore(&self, before: Snapshot) {
        match &self.name {
            None => {
                for leftover in ["-wal", "-shm"] {
                    std::fs::remove_file(self.folder.path().join(format!("countersign.db{leftover}"))).ok();
                }
                std::fs::write(self.file(), before.0).unwrap();
            }
            Some(name) => {
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                let back = format!("ALTER DATABASE {name}_before RENAME TO {name}");
                administer(postgres::server().unwrap(), &[drop, back]).await;
            }
        }
    }
}

/// A database as it was: the bytes of the SQLite file; PostgreSQL keeps its own copy.
pub struct Snapshot(Vec<u8>);
