//! The vault on an object store with faults: every call of an import, of a run and of a large upload goes wrong once in
//! each way, and the same promise holds as on a disk.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use chrono::Duration;
use countersign::collect::import::ImportFolder;
use countersign::model::evidence::Source;
use countersign::model::id::OrgId;
use countersign::model::organization::Organization;
use countersign::model::time::Clock;
use countersign::pipeline::{self, RunRequest, audit, importing};
use countersign::store::{NewConnection, OrgScope};
use countersign::vault::{LogPut, Vault};
use countersign_seal::log::Entry;
use countersign_seal::verify::{self, DirectoryVault, VaultOptions, Verdict};
use futures_util::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};

use super::faulty_store::{FaultyStore, Trouble};
use super::{Random, loud, thorough};
use crate::support::{Database, TestApp};

/// What is done on the faulty store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Import,
    /// More than one part.
    LargeImport,
    /// Collects from this host and judges, with what an earlier run left.
    Run,
}

impl Work {
    /// Commits that it makes: no trouble may make it commit something twice.
    fn commits(self) -> usize {
        if self == Self::Run { 2 } else { 1 }
    }

    /// In the short variant a call meets one in so many kinds of trouble, in turn.
    fn turns(self) -> u64 {
        match self {
            Self::Import => 3,
            Self::LargeImport | Self::Run => 5,
        }
    }
}

struct Story {
    app: TestApp,
    organization: Organization,
    store: FaultyStore,
}

impl Story {
    async fn begin(work: Work) -> Self {
        let mut app = TestApp::on(Database::sqlite()).await;
        let store = FaultyStore::default();
        app.app.vault = Vault::over(Arc::new(store.clone()));
        let organization = app.northwind().await;
        let story = Self { app, organization, store };
        if work == Work::Run {
            let scope = OrgScope::of(&story.organization);
            let target = countersign::collect::host::local_host_name();
            let host = NewConnection { source: Source::Host, target, settings: serde_json::json!({}), secret: None };
            story.app.app.store.add_connection(&scope, &host, story.app.clock.now()).await.unwrap();
            story.collect("linux/login_defs").await.unwrap();
        }
        story
    }

    async fn collect(&self, dataset: &str) -> Result<u64, String> {
        let collectors = vec![dataset.parse().unwrap()];
        let request = RunRequest { collectors, cause: "collect".to_owned(), ..RunRequest::default() };
        let report = pipeline::run(&self.app.app, &self.organization, &request, &|_| {}).await;
        report.map(|report| report.ledger_size).map_err(|fault| told(&fault))
    }

    /// Does the work; returns the size of the ledger that is acknowledged.
    async fn does(&self, work: Work) -> Result<u64, String> {
        match work {
            Work::Run => self.collect("linux/host_identity").await,
            Work::Import => self.import(2, 300).await,
            Work::LargeImport => self.import(1, 5 * 1024 * 1024 + 9).await,
        }
    }

    async fn import(&self, many: usize, size: usize) -> Result<u64, String> {
        let inbox = self.app.database.folder.path().join(format!("inbox-{many}-{size}"));
        std::fs::create_dir_all(&inbox).unwrap();
        for number in 0..many {
            std::fs::write(inbox.join(format!("{number}.bin")), &noise()[number..][..size]).unwrap();
        }
        let catalog = Arc::clone(&self.app.app.catalog);
        let definition = &catalog.collectors[&"import/files".parse().unwrap()];
        let folder = ImportFolder::survey(&inbox, definition, self.app.app.clock.as_ref()).unwrap();
        let report = importing::import(&self.app.app, &self.organization, &folder, |_| {}).await;
        report.map(|report| report.ledger_size).map_err(|fault| told(&fault))
    }

    /// The heads in the log, by size.
    async fn heads(&self) -> Vec<(u64, String)> {
        let all: Vec<_> = self.store.objects.list(None).try_collect().await.unwrap();
        let mut heads = Vec::new();
        for meta in all.iter().filter(|meta| meta.location.as_ref().contains("/log/")) {
            let bytes = self.store.objects.get(&meta.location).await.unwrap().bytes().await.unwrap();
            let entry = Entry::decode(&bytes).expect("a log object is whole");
            heads.push((entry.size_after(), entry.checkpoint));
        }
        heads.sort();
        heads
    }

    /// The vault and the database are whole, and continue all these heads.
    async fn verifies(&self, seen: Vec<(u64, String)>) -> Result<(), String> {
        let folder = super::scenario::in_memory();
        let all: Vec<_> = self.store.objects.list(None).try_collect().await.unwrap();
        for meta in &all {
            let path = folder.path().join(meta.location.as_ref());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, self.store.objects.get(&meta.location).await.unwrap().bytes().await.unwrap())
                .unwrap();
        }
        let since = seen.into_iter().map(|(_, note)| note).collect();
        let options = VaultOptions { skip_data: false, key: None, since, organization: None };
        let report = verify::vault(&DirectoryVault::new(folder.path()), &options).map_err(|fault| told(&fault))?;
        if report.verdict == Verdict::Altered {
            return Err(format!("the vault does not verify: {:#?}", report.faults));
        }
        let scope = OrgScope::of(&self.organization);
        let head = self.app.app.store.head(&scope).await.unwrap().unwrap();
        let known = self.app.app.store.leaf_hashes(&scope, head.size).await.unwrap();
        if known != report.organizations[0].leaves {
            return Err("the database knows other records than the vault".to_owned());
        }
        let differs = audit::compare(&self.app.app, &self.organization).await.map_err(|fault| told(&fault))?;
        if differs.is_empty() { Ok(()) } else { Err(format!("the database says otherwise: {differs:#?}")) }
    }
}

/// An error with its causes.
fn told(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Bytes that cannot be compressed, the same ones each time.
fn noise() -> &'static [u8] {
    static NOISE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut random = Random::of(1);
        std::iter::repeat_with(|| random.byte()).take(11 * 1024 * 1024).collect()
    });
    &NOISE
}

#[tokio::test]
async fn an_import_survives_every_call_to_the_object_store_that_goes_wrong() {
    survives(Work::Import).await;
}

#[tokio::test]
async fn a_large_upload_survives_every_call_to_the_object_store_that_goes_wrong() {
    survives(Work::LargeImport).await;
}

#[tokio::test]
async fn a_run_survives_every_call_to_the_object_store_that_goes_wrong() {
    survives(Work::Run).await;
}

/// Counts, then every call meets trouble: each kind of it in the long variant, one in turn in the short one.
async fn survives(work: Work) {
    let begun = Instant::now();
    let story = Story::begin(work).await;
    story.store.plan(None);
    story.does(work).await.unwrap();
    let calls = story.store.calls();
    let (mut broken, mut hit, mut tried_all) = (Vec::new(), 0, 0);
    for at in 1..=calls {
        for (number, trouble) in Trouble::ALL.into_iter().enumerate() {
            // Some kinds of trouble for each call, others for the next one; every kind for the last, which creates the log
            // object.
            if !thorough() && at < calls && !(number as u64 + at).is_multiple_of(work.turns()) {
                continue;
            }
            let story = Story::begin(work).await;
            let (outcome, was_hit) = tried(&story, work, at, trouble).await;
            tried_all += 1;
            hit += u32::from(was_hit);
            broken.extend(outcome.err().map(|broken| format!("{work:?}, call {at} {trouble:?}: {broken}")));
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    loud(&format!("object store proof of {work:?}: all {calls} calls, {hit} troubles of {tried_all}, {seconds:.0} s"));
    assert!(broken.is_empty(), "{} of {tried_all} were not survived:\n{}", broken.len(), broken.join("\n"));
    assert_eq!(hit, tried_all, "the counted calls did not come again");
}

/// One trouble: whether the promise held, and whether the call came at all.
async fn tried(story: &Story, work: Work, at: u64, trouble: Trouble) -> (Result<(), String>, bool) {
    let seen = story.heads().await;
    story.store.plan(Some((at, trouble)));
    let ended = tokio::select! {
        ended = story.does(work) => Some(ended),
        () = story.store.reached() => None,
    };
    let hit = story.store.hit();
    story.store.plan(None);
    (mended(story, work, ended, seen).await, hit)
}

async fn mended(
    story: &Story,
    work: Work,
    ended: Option<Result<u64, String>>,
    mut seen: Vec<(u64, String)>,
) -> Result<(), String> {
    let before = seen.len();
    seen.extend(story.heads().await);
    if seen.len() - before > before + work.commits() {
        return Err(format!("{} commits of one {work:?}", seen.len() - before - before));
    }
    match ended {
        Some(Ok(size)) if !seen.iter().any(|(head, _)| *head == size) => {
            return Err(format!("a ledger of {size} records was acknowledged; no such head is in the log"));
        }
        // The process died with the lease in its hand; here the same process goes on, so that only time frees it.
        None => story.app.clock.advance(Duration::seconds(121)),
        _ => {}
    }
    let size = story.does(work).await.map_err(|fault| format!("the same does not succeed afterwards: {fault}"))?;
    let heads = story.heads().await;
    if heads.last().map(|(head, _)| *head) != Some(size) {
        return Err(format!("acknowledged {size}, the newest head is {:?}", heads.last()));
    }
    seen.extend(heads);
    story.verifies(seen).await
}

#[tokio::test]
async fn a_log_object_whose_answer_got_lost_is_known_again_by_its_bytes_and_another_writers_is_not() {
    let organization = OrgId::fresh();
    for trouble in [Trouble::TriedAgain, Trouble::Unanswered] {
        let store = FaultyStore::default();
        let vault = Vault::over(Arc::new(store.clone()));
        store.plan(Some((1, trouble)));
        let put = vault.put_log(organization, 1, b"ours".to_vec()).await.unwrap();
        assert_eq!(put, LogPut::Created, "{trouble:?}: a commit was taken for another writer's");
        store.plan(Some((1, trouble)));
        let put = vault.put_log(organization, 1, b"theirs".to_vec()).await.unwrap();
        assert_eq!(put, LogPut::Taken, "{trouble:?}: two writers believe they committed");
    }
    let store = FaultyStore::default();
    let vault = Vault::over(Arc::new(store.clone()));
    store.plan(Some((1, Trouble::OutageAfter)));
    let fault = vault.put_log(organization, 1, b"ours".to_vec()).await.unwrap_err();
    assert!(fault.to_string().contains("run the same command again"), "{fault}");
}

#[tokio::test]
async fn a_list_that_lags_hides_nothing_from_a_writer() {
    let mut story = Story::begin(Work::Import).await;
    let mut lagging = story.store.clone();
    lagging.lists_lag = true;
    story.app.app.vault = Vault::over(Arc::new(lagging));
    for _ in 0..2 {
        story.does(Work::Import).await.unwrap();
    }
    let heads = story.heads().await;
    assert_eq!(heads.len(), 3);
    story.verifies(heads).await.unwrap();
}

#[tokio::test]
async fn what_another_process_reads_in_the_middle_of_a_commit_does_not_cost_the_findings() {
    let counted = Story::begin(Work::Run).await;
    counted.store.plan(None);
    counted.does(Work::Run).await.unwrap();
    let story = Story::begin(Work::Run).await;
    let scope = OrgScope::of(&story.organization);
    let mut other = story.app.beside().await;
    other.app.vault = Vault::over(Arc::new(story.store.clone()));
    story.app.clock.advance(Duration::minutes(1));
    // The last call creates the log object of the judgement.
    story.store.plan(Some((counted.store.calls(), Trouble::Waits)));
    let (answered, answer) = (tokio::sync::Notify::new(), &story.store);
    let reads_in_between = async {
        answer.reached().await;
        answered.notify_one();
        pipeline::roll_forward::roll_forward(&other.app, &scope).await
    };
    // The reader waits for the writer, so the answer comes while it does.
    let answers = async {
        answered.notified().await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        answer.answer();
    };
    let (ended, read, ()) = tokio::join!(story.does(Work::Run), reads_in_between, answers);
    ended.unwrap();
    assert_eq!(read.unwrap(), 0, "the other process found nothing left to take over");
    let now = story.app.clock.now();
    let results = story.app.app.store.latest_results(&scope, now).await.unwrap();
    let newest = story.heads().await.last().unwrap().0;
    assert!(results.iter().any(|judged| judged.recorded_leaf + 1 == newest), "the run's findings are lost");
}

/// An upload that broke off leaves no object under the archive's name.
#[tokio::test]
async fn an_upload_that_dies_at_a_part_leaves_no_archive() {
    let folder = tempfile::tempdir().unwrap();
    let staged = folder.path().join("staged");
    std::fs::write(&staged, noise()).unwrap();
    let organization = OrgId::fresh();
    // The upload is begun, three parts follow, then it is completed.
    for at in 1..=5 {
        let store = FaultyStore::default();
        let vault = Vault::over(Arc::new(store.clone()));
        store.plan(Some((at, Trouble::Refused)));
        vault.put_archive(organization, "a.zip", &staged).await.unwrap_err();
        assert!(!fetched(&vault, organization, folder.path()).await, "call {at}");
        vault.put_archive(organization, "a.zip", &staged).await.unwrap();
        assert!(fetched(&vault, organization, folder.path()).await, "call {at}");
        assert!(std::fs::read(folder.path().join("back")).unwrap() == noise(), "call {at}");
    }
}

async fn fetched(vault: &Vault, organization: OrgId, folder: &Path) -> bool {
    vault.fetch_archive(organization, "a.zip", &folder.join("back")).await.unwrap()
}
