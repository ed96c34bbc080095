//! Bytes that were deleted under retention are nowhere any more, and everything still verifies; a hold stops it; a crash
//! between any two steps leaves the one state or the other.

mod broken_off;
mod kept;
mod leftovers;

use chrono::Duration;
use countersign::deliver::package::{self, PackageRequest};
use countersign::model::id::RunId;
use countersign::model::organization::Organization;
use countersign::model::responsibility::Party;
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::deletion::select::Limits;
use countersign::pipeline::deletion::{self, DeletionRequest};
use countersign::pipeline::retention::Person;
use countersign::pipeline::{audit, objects};
use countersign::store::OrgScope;
use countersign_seal::digest::Digest;
use countersign_seal::verify::{self, DirectoryVault, OrganizationReport, VaultOptions};
use sea_orm::ConnectionTrait;

use crate::packages::unpack;
use crate::support::app::Stopped;
use crate::support::command::{files_below, holds};
use crate::support::{Database, TestApp, databases, evidence};

const CANARY: &[u8] = b"canary: Dana Example, room 7";
const SHARED: &[u8] = b"shared: what younger evidence names too";

/// An organization whose first evidence is seven years old.
struct Story {
    app: TestApp,
    organization: Organization,
    scope: OrgScope,
}

impl Story {
    async fn begin(database: Database) -> Self {
        let story = Self::without_evidence(database).await;
        story.seven_years().await;
        story
    }

    async fn without_evidence(database: Database) -> Self {
        let app = TestApp::on(database).await;
        let organization = app.northwind().await;
        let scope = OrgScope::of(&organization);
        Self { app, organization, scope }
    }

    async fn seven_years(&self) {
        self.seal(&[("linux/sshd_config", CANARY), ("linux/sysctl", SHARED)]).await;
        self.app.clock.advance(Duration::days(7 * 366));
        self.seal(&[("linux/sshd_config", b"root:x:0:0"), ("linux/sysctl", SHARED)]).await;
    }

    async fn seal(&self, all: &[(&str, &[u8])]) {
        let all = all.iter().map(|(dataset, bytes)| evidence(dataset, &self.app.clock, bytes)).collect();
        self.app.seal(&self.scope, RunId::fresh(), all).await.unwrap();
    }

    /// Everything that is six years old.
    fn old(&self) -> DeletionRequest {
        request(self.app.clock.now().plus(-Duration::days(6 * 366)))
    }

    /// Everything, whatever the law says.
    fn all(&self) -> DeletionRequest {
        let reason = Some("a court ordered it".to_owned());
        DeletionRequest { shorter_than_the_law: reason, ..request(self.app.clock.now()) }
    }

    async fn canary(&self) -> Option<Vec<u8>> {
        let digest = Digest::of(CANARY);
        let read = objects::read_objects(&self.app.app, &self.scope, [digest]).await.unwrap();
        read.get(&digest).map(|bytes| bytes.to_vec())
    }

    /// What the vault's verifier says when it finds nothing wrong.
    fn verified(&self) -> OrganizationReport {
        let vault = DirectoryVault::new(self.app.vault_folder());
        let mut report = verify::vault(&vault, &VaultOptions::default()).unwrap();
        assert_eq!(report.faults, vec![], "{:?}", self.app.database.kind);
        report.organizations.remove(0)
    }

    /// Whether the bytes stand in any file of the vault, packed or unpacked.
    fn in_vault(&self, bytes: &[u8]) -> bool {
        files_below(&self.app.vault_folder()).iter().any(|path| {
            let file = std::fs::read(path).unwrap();
            holds(&file, bytes)
                || (path.extension().is_some_and(|end| end == "zip")
                    && unpack(&file).iter().any(|(_, entry)| holds(entry, bytes)))
        })
    }

    /// The bytes are gone everywhere, and nothing contradicts anything.
    async fn is_gone(&self) {
        let kind = self.app.database.kind;
        assert!(!self.in_vault(CANARY), "{kind:?}: the bytes are still in the vault");
        assert!(self.in_vault(SHARED), "{kind:?}: bytes that younger evidence names were deleted");
        assert_eq!(self.canary().await, None, "{kind:?}");
        let report = self.verified();
        assert_eq!((report.deletions, report.deleted_objects), (1, 1), "{kind:?}");
        assert_eq!(audit::compare(&self.app.app, &self.organization).await.unwrap(), vec![], "{kind:?}");
    }

    async fn stop(self) -> (Stopped, Organization, OrgScope) {
        (self.app.stop().await, self.organization, self.scope)
    }

    async fn start((stopped, organization, scope): (Stopped, Organization, OrgScope)) -> Self {
        Self { app: stopped.start().await, organization, scope }
    }
}

fn request(before: Timestamp) -> DeletionRequest {
    DeletionRequest {
        limits: Limits { before, dataset: None },
        basis: "45 CFR 164.316(b)(2)(i), decided on 2033-03-01".to_owned(),
        by: person(),
        shorter_than_the_law: None,
        status_dates: None,
    }
}

fn person() -> Person {
    Person { name: "Jordan Example".to_owned(), party: Some(Party::Provider) }
}

#[tokio::test]
async fn deleted_bytes_are_gone_from_the_vault_and_everything_still_verifies() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let plan = deletion::plan(&story.app.app, &story.organization, &story.old()).await.unwrap();
        assert_eq!((plan.records, plan.bytes()), (1, CANARY.len() as u64), "{kind:?}: {plan:?}");
        assert!(story.in_vault(CANARY), "{kind:?}: a plan deleted something");

        let report = deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap();

        assert_eq!((report.archives, report.leaves.len()), (1, 1), "{kind:?}");
        story.is_gone().await;
        assert!(story.verified().notes.is_empty(), "{kind:?}: something was left over");
        let out = story.app.database.folder.path().join("package.zip");
        let request = PackageRequest {
            framework: "hipaa-security".parse().unwrap(),
            from: None,
            as_of: story.app.clock.now(),
            out: Some(out.clone()),
        };
        package::write(&story.app.app, &story.organization, &request).await.unwrap();
        let package = verify::package(&out, None).unwrap();
        assert_eq!(package.faults, vec![], "{kind:?}");
        let left_out = unpack(&std::fs::read(&out).unwrap()).into_iter().find(|(name, _)| name == "left-out.jsonl");
        let left_out = String::from_utf8(left_out.unwrap().1).unwrap();
        let line = left_out.lines().find(|line| line.contains(&Digest::of(CANARY).to_string())).unwrap();
        assert!(line.contains("deleted under: 45 CFR 164.316(b)(2)(i)"), "{kind:?}: {line}");
        assert_eq!(deletion::plan(&story.app.app, &story.organization, &story.old()).await.unwrap().records, 0);
    }
}

#[tokio::test]
async fn bytes_collected_again_after_a_deletion_are_stored_anew_and_can_be_deleted_again() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap();

        story.seal(&[("linux/sshd_config", CANARY)]).await;

        assert_eq!(story.canary().await.as_deref(), Some(CANARY), "{kind:?}: a record names bytes that are nowhere");
        story.verified();
        // The newest evidence of a dataset is read by the next judgement, until it is too old to count.
        story.app.clock.advance(Duration::hours(1));
        let none = deletion::plan(&story.app.app, &story.organization, &story.all()).await.unwrap();
        assert!(!none.objects.contains_key(&Digest::of(CANARY)), "{kind:?}: a judgement would lose its evidence");
        story.app.clock.advance(Duration::days(30));
        let report = deletion::delete(&story.app.app, &story.organization, &story.all()).await.unwrap();
        assert!(report.selection.objects.contains_key(&Digest::of(CANARY)), "{kind:?}");
        assert!(!story.in_vault(CANARY) && !story.in_vault(SHARED), "{kind:?}");
        assert_eq!(story.verified().deletions, 2, "{kind:?}");
        assert_eq!(audit::compare(&story.app.app, &story.organization).await.unwrap(), vec![], "{kind:?}");
        // What was replaced once is replaced again: the first archive of all lost the canary first, now the rest.
        let replaced = story.app.app.store.replaced_archives(&story.scope).await.unwrap();
        assert!(replaced.iter().any(|one| replaced.iter().any(|other| other.archive == one.replacement)), "{kind:?}");
    }
}

#[tokio::test]
async fn bytes_in_more_archives_than_one_record_can_name_are_gone_from_all_of_them() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::without_evidence(database).await;
        for _ in 0..52 {
            story.seal(&[("linux/sshd_config", CANARY)]).await;
            story.app.clock.advance(Duration::days(91));
        }
        story.seal(&[("linux/sshd_config", SHARED)]).await;
        story.app.clock.advance(Duration::days(7 * 366));

        let report = deletion::delete(
            &story.app.app,
            &story.organization,
            &request(story.app.clock.now().plus(-Duration::days(7 * 366))),
        )
        .await;

        let report = report.unwrap();
        assert_eq!((report.archives, report.leaves.len(), report.selection.records), (52, 2, 52), "{kind:?}");
        assert!(!story.in_vault(CANARY), "{kind:?}");
        assert_eq!(story.verified().deleted_objects, 1, "{kind:?}");
        assert_eq!(audit::compare(&story.app.app, &story.organization).await.unwrap(), vec![], "{kind:?}");
    }
}

#[tokio::test]
async fn an_object_that_only_the_database_calls_deleted_is_found_and_named() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let raw = story.app.database.raw().await;
        let forged = format!(
            "INSERT INTO deleted_object SELECT organization_id, sha256, 0, sequence, stored_at FROM stored_object \
             WHERE sha256 = '{}'",
            Digest::of(CANARY)
        );
        raw.execute_unprepared(&forged).await.unwrap();

        let found = audit::compare(&story.app.app, &story.organization).await.unwrap();

        let told: Vec<String> = found.iter().map(|one| format!("{}: {}", one.place, one.in_database)).collect();
        assert_eq!(told, [format!("object {}, record 0: deleted", Digest::of(CANARY))], "{kind:?}");
    }
}
