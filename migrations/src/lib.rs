//! The schema, as a list of migrations that are never edited once released.
//!
//! A leaf crate: it knows no entity of the product, so that an entity changed later cannot change an old migration.
//! The same migrations run on SQLite and PostgreSQL; [`schema`] holds the few words they differ in.

mod m0001_trunk;
mod m0002_tiles;
mod m0003_deletion;
mod m0004_target_lease;
mod m0005_decision;
mod schema;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// All migrations, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_trunk::Trunk),
            Box::new(m0002_tiles::Tiles),
            Box::new(m0003_deletion::Deletion),
            Box::new(m0004_target_lease::TargetLease),
            Box::new(m0005_decision::Decision),
        ]
    }
}

pub use sea_orm_migration;

#[cfg(test)]
mod tests {
    use super::{Migrator, MigratorTrait};

    #[test]
    fn a_migration_that_is_cut_off_leaves_nothing_behind_on_any_database() {
        for migration in Migrator::migrations() {
            assert_eq!(migration.use_transaction(), Some(true), "{} would be left half done", migration.name());
        }
    }
}
