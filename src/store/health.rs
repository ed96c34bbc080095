//! Whether the database itself is well: which kind it is, whether its schema is this version's, whether its pages are whole.

use std::collections::BTreeSet;

use migrations::Migrator;
use migrations::sea_orm_migration::MigratorTrait;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{InstanceScope, Store, StoreFault};

/// The kind of a database, and the server's own word for its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres { version: String },
}

impl Store {
    /// Asks the database for nothing but what it is.
    pub async fn engine(&self, _scope: InstanceScope) -> Result<Engine, StoreFault> {
        if self.read.get_database_backend() == DbBackend::Postgres {
            return Ok(Engine::Postgres { version: self.one_text("SHOW server_version").await? });
        }
        self.one_text("SELECT sqlite_version()").await?;
        Ok(Engine::Sqlite)
    }

    /// Names of the migrations of this version that the schema has not had, in order. Changes nothing.
    pub async fn pending_migrations(&self, _scope: InstanceScope) -> Result<Vec<String>, StoreFault> {
        let names = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect::<Vec<_>>();
        let done = self.done_migrations().await?;
        Ok(names.into_iter().filter(|name| !done.contains(name)).collect())
    }

    /// Names of migrations that the schema has had and this version does not know: a newer version made them.
    pub async fn unknown_migrations(&self, _scope: InstanceScope) -> Result<Vec<String>, StoreFault> {
        let names: BTreeSet<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
        Ok(self.done_migrations().await?.into_iter().filter(|name| !names.contains(name)).collect())
    }

    async fn done_migrations(&self) -> Result<BTreeSet<String>, StoreFault> {
        if self.table_names().await?.is_empty() {
            return Ok(BTreeSet::new());
        }
        let backend = self.read.get_database_backend();
        let question = "SELECT version FROM seaql_migrations ORDER BY version";
        let rows = self.read.query_all_raw(Statement::from_string(backend, question)).await?;
        Ok(rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?)
    }

    /// The first thing that is wrong with the pages of a SQLite file; none when nothing is, and for PostgreSQL, which
    /// looks after its own. Reads the whole file.
    pub async fn damage(&self, _scope: InstanceScope) -> Result<Option<String>, StoreFault> {
        if self.read.get_database_backend() != DbBackend::Sqlite {
            return Ok(None);
        }
        let said = self.one_text("PRAGMA quick_check(1)").await?;
        Ok((!said.eq_ignore_ascii_case("ok")).then_some(said))
    }

    async fn one_text(&self, question: &str) -> Result<String, StoreFault> {
        let backend = self.read.get_database_backend();
        let row = self.read.query_one_raw(Statement::from_string(backend, question)).await?;
        let nothing = || StoreFault::Unreadable { table: "none", message: "the database answered nothing".to_owned() };
        Ok(row.ok_or_else(nothing)?.try_get_by_index(0)?)
    }
}
