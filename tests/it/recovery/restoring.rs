//! A backup with the vault brings back the whole installation, on the other kind of database too.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::model::time::Clock;
use countersign::pipeline::credentials::{self, Waits};
use countersign::recovery::backup::{KeyFile, backup};
use countersign::recovery::restore::{Backup, KeepSettings, Restored};
use countersign::recovery::{Outcome, RecoveryFault};
use countersign::store::InstanceScope;
use countersign_seal::verify::Verdict;

use super::{answers, three_days, verdict};
use crate::support::app::{EMBEDDED, Stopped, settings};
use crate::support::command::{copy, entries};
use crate::support::story::{StoppedStory, Story};
use crate::support::{Database, databases};

async fn backed_up(story: &Story, key_file: KeyFile) -> PathBuf {
    let name = format!("backup-{key_file:?}.zip");
    let path = story.app.database.folder.path().join(name);
    let app = &story.app.app;
    let scope = InstanceScope::of_this_installation();
    backup(app, scope, &path, &app.data.config_file(), key_file).await.unwrap();
    path
}

async fn restored(file: &Path, database: &Database, clock: Arc<dyn Clock>) -> Result<Outcome<Restored>, RecoveryFault> {
    let (data, config) = settings(database);
    let scope = InstanceScope::of_this_installation();
    let backup = Backup::read(file)?;
    backup.restore(data, config, Arc::clone(&EMBEDDED), clock, scope, KeepSettings::Leave).await
}

fn done(outcome: Outcome<Restored>) -> Restored {
    match outcome {
        Outcome::Done(done) => done,
        Outcome::Altered(report) => panic!("{report:#?}"),
    }
}

/// The same story on another database.
async fn moved(story: StoppedStory, database: Database) -> Story {
    let StoppedStory { stopped, organization, scope, tenant } = story;
    let stopped = Stopped { clock: stopped.clock, database, catalog: stopped.catalog };
    StoppedStory { stopped, organization, scope, tenant }.start().await
}

#[tokio::test]
async fn a_restored_installation_continues_the_same_ledger_with_the_same_key_on_either_database() {
    let kinds = databases().await.len();
    for target in 0..kinds {
        for database in databases().await {
            let to = databases().await.remove(target);
            let told = format!("{:?} to {:?}", database.kind, to.kind);
            let story = three_days(database).await;
            let named = ("pinehill.example", "Pinehill");
            credentials::create(&story.app.app, &story.scope, named, 365, Waits::Refuse).await.unwrap();
            let file = backed_up(&story, KeyFile::Apart).await;
            // The vault goes on after the backup.
            story.next_day().await;
            let before = answers::of(&story.app.app, &story.organization).await;
            let from = story.app.app.data.path().to_owned();
            let story = story.stop().await;
            copy(&from.join("vault"), &to.folder.path().join("vault"));
            std::fs::copy(from.join("secret.key"), to.folder.path().join("secret.key")).unwrap();

            let clock = Arc::clone(&story.stopped.clock) as Arc<dyn Clock>;
            let done = done(restored(&file, &to, clock).await.unwrap());

            assert!(done.secret_key_is_here, "{told}");
            let whats: Vec<&str> = done.not_restored.iter().map(|loss| loss.what).collect();
            assert_eq!(whats, ["run_causes"], "{told}: only the run after the backup is told from its evidence");
            let story = moved(story, to).await;
            let after = answers::of(&story.app.app, &story.organization).await;
            answers::same(&before, &after, &["latest_runs", "one_run"], &told);
            let runs = |answers: &answers::Answers| answers["latest_runs"].matches("cause: \"collect\"").count();
            assert_eq!((runs(&before), runs(&after)), (4, 3), "{told}");
            let head = story.app.app.store.head(&story.scope).await.unwrap().unwrap();
            let waiting = credentials::waiting(&story.app.app, &story.scope).await.unwrap();
            assert_eq!(waiting.len(), 1, "{told}: the key of a certificate that waits cannot be opened");
            let report = story.next_day().await;
            assert!(report.datasets.iter().any(|line| line.rows > 0), "{told}: the tenant could not be read");
            let grown = story.app.app.store.head(&story.scope).await.unwrap().unwrap();
            assert_eq!(grown.sequence, head.sequence + 2, "{told}");
            assert_eq!(verdict(&story.app.vault_folder()), Verdict::InternallyConsistent, "{told}");
            story.tenant.shutdown().await;
        }
    }
}

#[tokio::test]
async fn a_vault_that_is_behind_the_backup_is_found_and_nothing_is_written() {
    for database in databases().await {
        let to = databases().await.into_iter().find(|other| other.kind == database.kind).unwrap();
        let kind = database.kind;
        let story = three_days(database).await;
        let file = backed_up(&story, KeyFile::Within).await;
        let from = story.app.app.data.path().to_owned();
        let organization = story.organization.id.to_string();
        let story = story.stop().await;
        let clock = || Arc::clone(&story.stopped.clock) as Arc<dyn Clock>;
        let refused = restored(&file, &to, clock()).await.unwrap_err();
        assert!(matches!(refused, RecoveryFault::NoVault(_)), "{kind:?}: {refused}");
        let vault = to.folder.path().join("vault");
        copy(&from.join("vault"), &vault);
        let newest = entries(&vault.join(&organization).join("log")).pop().unwrap();
        std::fs::remove_file(newest).unwrap();

        let outcome = restored(&file, &to, clock()).await.unwrap();

        let Outcome::Altered(report) = outcome else { panic!("{kind:?}: a rollback was not seen") };
        assert!(!report.faults.is_empty(), "{kind:?}");
        let left: Vec<String> = entries(to.folder.path())
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(left, ["vault"], "{kind:?}: something was written");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn without_its_key_file_a_backup_says_which_one_it_needs() {
    for database in databases().await {
        let to = databases().await.into_iter().find(|other| other.kind == database.kind).unwrap();
        let kind = database.kind;
        let story = three_days(database).await;
        let id = story.app.app.secret_key.id().to_owned();
        let file = backed_up(&story, KeyFile::Apart).await;
        let with_key = backed_up(&story, KeyFile::Within).await;
        let from = story.app.app.data.path().to_owned();
        let key = std::fs::read_to_string(from.join("secret.key")).unwrap();
        let clock = Arc::clone(&story.app.clock) as Arc<dyn Clock>;
        let story = story.stop().await;
        copy(&from.join("vault"), &to.folder.path().join("vault"));
        let zip = |path: &Path| std::fs::read(path).unwrap();
        assert!(zip(&with_key).len() > zip(&file).len(), "{kind:?}");

        let done = done(restored(&file, &to, Arc::clone(&clock)).await.unwrap());

        assert_eq!((done.secret_key_id.as_str(), done.secret_key_is_here), (id.as_str(), false), "{kind:?}");
        let StoppedStory { stopped, tenant, .. } = story;
        let elsewhere = Stopped { clock: stopped.clock, database: to.clone(), catalog: stopped.catalog };
        let fault = elsewhere.try_start().await.err().unwrap().to_string();
        assert!(fault.contains("secret.key") && fault.contains("put the key file back"), "{kind:?}: {fault}");
        let again = restored(&with_key, &to, clock).await.unwrap_err();
        assert!(
            matches!(again, RecoveryFault::InstallationThere(_) | RecoveryFault::PostgresInUse),
            "{kind:?}: {again}"
        );
        std::fs::copy(from.join("secret.key"), to.folder.path().join("secret.key")).unwrap();
        assert!(elsewhere.try_start().await.is_ok(), "{kind:?}: the key is back and does not help");

        let third = databases().await.into_iter().find(|other| other.kind == kind).unwrap();
        copy(&from.join("vault"), &third.folder.path().join("vault"));
        let done =
            self::done(restored(&with_key, &third, Arc::clone(&elsewhere.clock) as Arc<dyn Clock>).await.unwrap());
        assert!(done.secret_key_is_here, "{kind:?}");
        assert_eq!(std::fs::read_to_string(third.folder.path().join("secret.key")).unwrap(), key, "{kind:?}");
        tenant.shutdown().await;
    }
}
