//! Bytes that were deleted under retention are nowhere any more, and everything still verifies; a hold stops it; a crash
//! between any two steps leaves the one state or the other.

mod leftovers;

use chrono::Duration;
use countersign::deliver::package::{self, PackageRequest};
use countersign::model::attestation::Claim;
use countersign::model::id::RunId;
use countersign::model::organization::Organization;
use countersign::model::responsibility::Party;
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::decisions::attest::{self, AttestRequest};
use countersign::pipeline::decisions::people::{self, PersonRequest};
use countersign::pipeline::deletion::select::Limits;
use countersign::pipeline::deletion::{self, DeletionFault, DeletionRequest};
use countersign::pipeline::retention::{self, Person};
use countersign::pipeline::roll_forward::roll_forward;
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
async fn younger_evidence_than_the_law_keeps_is_deleted_only_with_a_reason_that_is_sealed() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let young = request(story.app.clock.now().plus(-Duration::days(5 * 365)));
        let refused = deletion::delete(&story.app.app, &story.organization, &young).await.unwrap_err();
        assert!(matches!(refused, DeletionFault::TooYoung { .. }), "{kind:?}: {refused}");
        assert!(refused.to_string().contains("164.316(b)(2)(i) asks for 6 years"), "{kind:?}: {refused}");

        let allowed = DeletionRequest { shorter_than_the_law: Some("a court ordered it".to_owned()), ..young };
        let report = deletion::delete(&story.app.app, &story.organization, &allowed).await.unwrap();

        let sealed = story.app.app.store.leaves(&story.scope, report.leaves[0], 1).await.unwrap();
        assert!(sealed[0].body.contains("because: a court ordered it"), "{kind:?}: {}", sealed[0].body);
    }
}

#[tokio::test]
async fn a_document_that_a_statement_rests_on_is_never_deleted_however_old_the_same_bytes_are_as_evidence() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::without_evidence(database).await;
        let (app, organization) = (&story.app.app, &story.organization);
        story.seal(&[("linux/sshd_config", CANARY), ("linux/sysctl", SHARED)]).await;
        let by = PersonRequest {
            handle: "sam.example".parse().unwrap(),
            party: Party::Internal,
            name: "Sam Example".to_owned(),
            email: None,
            ssh_key: None,
            by: None,
        };
        people::add(app, organization, by.clone()).await.unwrap();
        let document = story.app.database.folder.path().join("policy.txt");
        std::fs::write(&document, SHARED).unwrap();
        let statement = AttestRequest {
            framework: "hipaa-security".parse().unwrap(),
            about: "164.308(a)(2)".to_owned(),
            claim: Claim::Met,
            statement: "So it is.".to_owned(),
            addresses: Vec::new(),
            valid_from: None,
            valid_until: None,
            files: vec![document],
            form: None,
            signature: None,
            by: by.handle,
        };
        let leaf = attest::attest(app, organization, statement).await.unwrap();
        let kept = async || retention::documents(app, organization, &[]).await.unwrap().remove(0);
        let standing = kept().await;
        assert_eq!((standing.attestations.as_slice(), standing.keep_until), (&[leaf][..], None), "{kind:?}");

        story.app.clock.advance(Duration::days(20 * 366));
        let all = deletion::delete(app, organization, &story.all()).await.unwrap();

        let gone: Vec<_> = all.selection.objects.keys().collect();
        assert_eq!(gone, [&Digest::of(CANARY)], "{kind:?}: a document that was shown is gone");
        assert!(story.in_vault(SHARED) && !story.in_vault(CANARY), "{kind:?}");
        let ended = kept().await;
        let last = ended.last_in_effect.unwrap();
        assert_eq!(ended.keep_until, last.checked_add_months(chrono::Months::new(72)), "{kind:?}");
        assert!(ended.keep_until.unwrap() < app.clock.now().as_datetime().date_naive(), "{kind:?}");
        story.verified();
    }
}

#[tokio::test]
async fn evidence_that_a_cmmc_status_rests_on_stays_six_years_from_the_status_date() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let organization = Organization { frameworks: vec!["cmmc-l2".parse().unwrap()], ..story.organization.clone() };
        let plan = async |dates: Option<&[&str]>| {
            let status_dates = dates.map(|dates| dates.iter().map(|day| day.parse().unwrap()).collect());
            deletion::plan(&story.app.app, &organization, &DeletionRequest { status_dates, ..story.old() }).await
        };
        let begun = story.app.clock.now().plus(-Duration::days(7 * 366)).as_datetime().date_naive();
        let after = |days: u64| (begun + chrono::Days::new(days)).to_string();
        let unsaid = plan(None).await.unwrap_err();
        assert!(matches!(unsaid, DeletionFault::NoStatusDate(_)), "{kind:?}: {unsaid}");
        assert!(unsaid.to_string().contains("--no-status"), "{kind:?}: {unsaid}");
        for (dates, goes) in [
            (vec![], 1),
            (vec![after(500)], 0),
            (vec![after(10)], 1),
            (vec![after(10), after(500)], 1),
            (vec![after(1500), after(500)], 0),
        ] {
            let dates: Vec<&str> = dates.iter().map(String::as_str).collect();
            let plan = plan(Some(&dates)).await.unwrap();
            assert_eq!(plan.records, goes, "{kind:?}: {dates:?} from {begun}");
        }
        let reason = Some("a court ordered it".to_owned());
        let ordered = DeletionRequest { shorter_than_the_law: reason, ..story.old() };
        assert_eq!(deletion::plan(&story.app.app, &organization, &ordered).await.unwrap().records, 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_legal_hold_stops_every_deletion_until_it_is_released_also_after_the_database_forgot_it() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let request = story.old();
        let plan = deletion::plan(&story.app.app, &story.organization, &request).await.unwrap();
        let rewritten = deletion::rewrite_all(&story.app.app, &story.scope, &plan).await.unwrap();
        let parts = story.stop().await;
        let before = parts.0.database.snapshot().await;
        let story = Story::start(parts).await;

        let id = retention::place_hold(&story.app.app, &story.organization, "Case 17", &person()).await.unwrap();

        // A deletion that was already on its way.
        let late = deletion::seal(&story.app.app, &story.scope, &request, &plan, &rewritten).await;
        assert!(matches!(late, Err(DeletionFault::Held(_))), "{kind:?}: {late:?}");
        let parts = story.stop().await;
        parts.0.database.restore(before).await;
        let story = Story::start(parts).await;
        for request in [story.old(), story.all()] {
            let held = deletion::delete(&story.app.app, &story.organization, &request).await;
            assert!(matches!(&held, Err(DeletionFault::Held(hold)) if hold.id == id), "{kind:?}: {held:?}");
        }
        assert!(story.in_vault(CANARY), "{kind:?}");
        let released = async |id: &str| {
            retention::release_hold(&story.app.app, &story.organization, id, "Case 17 ended", &person()).await.unwrap()
        };
        assert!(released("another").await.is_none(), "{kind:?}");
        assert_eq!(released(&id).await.unwrap().reason, "Case 17", "{kind:?}");
        assert!(released(&id).await.is_none(), "{kind:?}: released twice");
        deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap();
        story.is_gone().await;
    }
}

#[tokio::test]
async fn evidence_that_comes_in_while_archives_are_written_again_keeps_its_bytes() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::without_evidence(database).await;
        story.seal(&[("linux/sshd_config", CANARY)]).await;
        story.app.clock.advance(Duration::days(30));
        let (app, scope, request) = (&story.app.app, &story.scope, story.all());
        let plan = deletion::plan(app, &story.organization, &request).await.unwrap();
        assert_eq!(plan.records, 1, "{kind:?}");
        let rewritten = deletion::rewrite_all(app, scope, &plan).await.unwrap();
        // The same bytes are seen again; their archive is young, so they are named and not stored again.
        story.seal(&[("linux/sshd_config", CANARY)]).await;

        let overtaken = deletion::seal(app, scope, &request, &plan, &rewritten).await;

        assert!(matches!(overtaken, Err(DeletionFault::Overtaken)), "{kind:?}: {overtaken:?}");
        assert_eq!(story.canary().await.as_deref(), Some(CANARY), "{kind:?}");
        story.seal(&[("linux/sshd_config", b"the ledger is not held any more")]).await;
        story.verified();
    }
}

#[tokio::test]
async fn a_deletion_that_dies_before_its_commit_never_happened_and_can_be_repeated() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let plan = deletion::plan(&story.app.app, &story.organization, &story.old()).await.unwrap();
        deletion::rewrite_all(&story.app.app, &story.scope, &plan).await.unwrap();

        let story = Story::start(story.stop().await).await;

        assert_eq!(story.canary().await.as_deref(), Some(CANARY), "{kind:?}");
        assert_eq!(story.verified().deletions, 0, "{kind:?}");
        deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap();
        story.is_gone().await;
    }
}

#[tokio::test]
async fn a_deletion_that_dies_right_after_its_commit_is_finished_when_the_commit_is_taken_over() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let request = story.old();
        let plan = deletion::plan(&story.app.app, &story.organization, &request).await.unwrap();
        let rewritten = deletion::rewrite_all(&story.app.app, &story.scope, &plan).await.unwrap();
        let parts = story.stop().await;
        let before = parts.0.database.snapshot().await;
        let story = Story::start(parts).await;
        deletion::seal(&story.app.app, &story.scope, &request, &plan, &rewritten).await.unwrap();
        assert!(story.in_vault(CANARY), "{kind:?}: the old archive goes last");
        assert_eq!(story.verified().deletions, 1, "{kind:?}");
        let parts = story.stop().await;

        parts.0.database.restore(before).await;
        let story = Story::start(parts).await;
        assert!(story.in_vault(CANARY), "{kind:?}: the database did not know yet");
        roll_forward(&story.app.app, &story.scope).await.unwrap();
        story.is_gone().await;
    }
}

#[tokio::test]
async fn removals_that_were_cut_off_are_finished_by_the_next_start() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let request = story.old();
        let plan = deletion::plan(&story.app.app, &story.organization, &request).await.unwrap();
        let rewritten = deletion::rewrite_all(&story.app.app, &story.scope, &plan).await.unwrap();
        deletion::seal(&story.app.app, &story.scope, &request, &plan, &rewritten).await.unwrap();
        assert!(story.in_vault(CANARY), "{kind:?}");

        let story = Story::start(story.stop().await).await;

        story.is_gone().await;
        assert!(story.verified().notes.is_empty(), "{kind:?}");
        assert_eq!(story.app.app.finish_removals(&story.scope).await.unwrap(), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn a_database_from_before_the_deleted_evidence_takes_it_all_over_without_the_bytes() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::without_evidence(database).await;
        let parts = story.stop().await;
        let before = parts.0.database.snapshot().await;
        let story = Story::start(parts).await;
        story.seven_years().await;
        deletion::delete(&story.app.app, &story.organization, &story.old()).await.unwrap();
        story.seal(&[("linux/sshd_config", b"afterwards")]).await;
        let head = story.app.app.store.head(&story.scope).await.unwrap();
        let parts = story.stop().await;
        parts.0.database.restore(before).await;

        let story = Story::start(parts).await;
        assert_eq!(roll_forward(&story.app.app, &story.scope).await.unwrap(), 4, "{kind:?}");

        let now = story.app.app.store.head(&story.scope).await.unwrap();
        assert_eq!(now.map(|head| head.root), head.map(|head| head.root), "{kind:?}");
        story.is_gone().await;
        story.seal(&[("linux/sshd_config", CANARY)]).await;
        assert_eq!(story.canary().await.as_deref(), Some(CANARY), "{kind:?}: taken for kept");
        story.verified();
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
