//! What is lost and what comes back: a transaction, a database, an installation.

mod answers;
mod changed;
mod commands;
mod damaged_backup;
mod older_ledgers;
mod rebuilding;
mod restoring;
mod transaction;

use chrono::Duration;
use countersign::deliver::reports;
use countersign::model::time::Clock;

use crate::support::Database;
use crate::support::story::Story;

/// A story of three days in which gaps open, wait, close and come back; then a report is written.
async fn three_days(database: Database) -> Story {
    let story = Story::begin(database).await;
    story.collect().await;
    story.may_register_apps(false);
    story.tenant.revoke("AuditLog.Read.All");
    story.next_day().await;
    story.may_register_apps(true);
    story.next_day().await;
    story.decide().await;
    story.agree().await;
    let framework = &story.organization.frameworks[0];
    let now = story.app.clock.now();
    reports::write(&story.app.app, &story.organization, framework, now, None).await.unwrap();
    story.app.clock.advance(Duration::hours(1));
    story
}

/// What the verifier says of a vault.
fn verdict(folder: &std::path::Path) -> countersign_seal::verify::Verdict {
    use countersign_seal::verify::{DirectoryVault, VaultOptions, vault};
    vault(&DirectoryVault::new(folder), &VaultOptions::default()).unwrap().verdict
}
