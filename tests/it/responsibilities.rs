//! Who does what: proposed by one party, accepted by the other, and what applies until then.

mod commands;
mod signing;

use std::sync::Arc;

use chrono::Duration;
use countersign::deliver::reports::Basis;
use countersign::model::matrix::MatrixHistory;
use countersign::model::responsibility::MatrixState::{
    self, Countersigned, Draft, Proposed, ProposedByTemplate, Rejected, Superseded,
};
use countersign::model::responsibility::{EngagementModel, Party};
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::audit;
use countersign::pipeline::decisions::people;
use countersign::pipeline::responsibilities::{Content, NewDraft, ResponsibilityFault, papers};
use countersign::pipeline::standing::Standing;
use countersign::recovery::Outcome;
use countersign::recovery::rebuild::{Existing, rebuild};
use countersign::render::Engine;
use countersign::store::OrgScope;
use countersign::track::responsibilities::life::Act;
use countersign::track::responsibilities::lint::{LintKind, lint};
use countersign::track::responsibilities::table;
use countersign_seal::digest::Digest;
use countersign_seal::verify::{DirectoryVault, VaultOptions, Verdict, vault};

use crate::support::app::{EMBEDDED, TestApp, settings};
use crate::support::databases;
use crate::support::decisions::handle;
use crate::support::responsibilities::{Agreement, INES, INES_NAME, PAT, PAT_NAME, row};
use crate::support::story::Story;

const FRAMEWORK: &str = "hipaa-security";
const CONTROL: &str = "164.312(d)";

fn states(versions: &[MatrixHistory]) -> Vec<Vec<MatrixState>> {
    versions.iter().map(|one| one.steps.iter().map(|step| step.state).collect()).collect()
}

/// Number, state and accountable party of a control in the split that applied.
async fn applied(agreement: &Agreement<'_>, at: Timestamp) -> (u32, MatrixState, Party) {
    let standing = Standing::known(agreement.app, agreement.organization, at).await.unwrap();
    let (matrix, state) = &standing.matrices[&agreement.framework];
    (matrix.version, *state, matrix.row(&CONTROL.parse().unwrap()).unwrap().accountable)
}

/// The matrix report as HTML and CSV.
async fn printed(agreement: &Agreement<'_>, at: Timestamp) -> [String; 2] {
    let basis = Basis::gather(agreement.app, agreement.organization, &agreement.framework, at).await.unwrap();
    let drafts = basis.drafts(agreement.app, &Engine::new(None).unwrap()).unwrap();
    let mut matrices = drafts.into_iter().filter(|draft| draft.kind == "responsibilities");
    [(); 2].map(|()| String::from_utf8(matrices.next().unwrap().bytes).unwrap())
}

#[tokio::test]
async fn a_split_is_rejected_changed_and_accepted_and_comes_back_from_the_vault_as_it_happened() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::on(database).await;
        let organization = story.northwind().await;
        let scope = OrgScope::of(&organization);
        let agreement =
            Agreement { app: &story.app, organization: &organization, framework: FRAMEWORK.parse().unwrap() };
        agreement.introduce(None).await;
        let tick = || story.clock.advance(Duration::hours(1));
        let template = applied(&agreement, story.clock.now()).await;
        assert_eq!((template.0, template.1), (1, ProposedByTemplate), "{kind:?}");

        tick();
        let other = if template.2 == Party::Provider { Party::Internal } else { Party::Provider };
        let drafted = agreement.set(PAT, CONTROL, other).await.unwrap();
        agreement.act(Act::Propose, PAT, Some(drafted.digest)).await.unwrap();
        assert_eq!(applied(&agreement, story.clock.now()).await, template, "{kind:?}: a proposal applies");
        let [page, file] = printed(&agreement, story.clock.now()).await;
        assert!(page.contains("This split is proposed by template") && page.contains("Version 2 is proposed"));
        assert!(page.contains("Pat &lt;script&gt;") && !page.contains("<script"), "{kind:?}");
        assert!(file.contains("proposed by template") && file.contains("\"version 2, proposed\""), "{file}");
        agreement.act(Act::Reject, INES, None).await.unwrap();
        assert_eq!(applied(&agreement, story.clock.now()).await, template, "{kind:?}");

        tick();
        let changed = agreement.draft(INES, &NewDraft { based_on: Some(2), ..row("164.312(b)", other) }).await.unwrap();
        assert_eq!(changed.version, 3, "{kind:?}");
        agreement.act(Act::Propose, PAT, None).await.unwrap();
        let before = story.clock.now();
        tick();
        let accepted = agreement.act(Act::Accept, INES, Some(changed.digest)).await.unwrap();
        assert_eq!((accepted.version, accepted.state, accepted.retroactive), (3, Countersigned, false));
        assert_eq!(applied(&agreement, story.clock.now()).await, (3, Countersigned, other), "{kind:?}");
        assert_eq!(applied(&agreement, before).await, template, "{kind:?}: what was known then has changed");
        let [page, file] = printed(&agreement, story.clock.now()).await;
        assert!(!page.contains("proposed by template") && !file.contains("proposed by template"), "{kind:?}");
        assert!(page.contains("Proposed for Provider") && page.contains("Accepted for Internal IT"), "{kind:?}");
        assert!(page.contains(&format!("sha256 {}", changed.digest)) && file.contains(&changed.digest.to_string()));
        // The file can be edited and imported: it is the split.
        let rows = table::read(&EMBEDDED.frameworks[&agreement.framework], file.as_bytes()).unwrap();
        let known = story.app.store.matrix_version(&scope, &agreement.framework, 3).await.unwrap().unwrap();
        assert_eq!(rows, known.matrix.rows, "{kind:?}");

        tick();
        agreement.set(PAT, CONTROL, template.2).await.unwrap();
        let next = agreement.sign().await;
        assert_eq!(next.superseded, [3], "{kind:?}");

        let versions = story.app.store.matrix_versions(&scope, &agreement.framework).await.unwrap();
        assert_eq!(
            states(&versions),
            [
                vec![ProposedByTemplate],
                vec![Draft, Proposed, Rejected],
                vec![Draft, Proposed, Countersigned, Superseded],
                vec![Draft, Proposed, Countersigned],
            ],
            "{kind:?}"
        );
        let by = &versions[2].step(Countersigned).unwrap().by;
        assert_eq!((by.party, by.name.as_str()), (Some(Party::Internal), INES_NAME), "{kind:?}");
        assert_eq!(by.handle, Some(handle(INES)), "{kind:?}");
        assert_eq!(versions[1].steps[0].by.name, PAT_NAME, "{kind:?}");
        let told = papers(&story.app, &scope, &versions).await.unwrap();
        let reason = told[&versions[1].steps[2].leaf].reason.as_deref();
        assert_eq!(reason, Some("That is <b>not</b> ours.\nSee clause 4."), "{kind:?}");
        assert_eq!(audit::compare(&story.app, &organization).await.unwrap(), vec![], "{kind:?}");

        let vault_folder = story.vault_folder();
        let stopped = story.stop().await;
        stopped.database.lose().await;
        let (data, config) = settings(&stopped.database);
        let clock = Arc::clone(&stopped.clock) as Arc<dyn Clock>;
        let rebuilt = rebuild(data, config, Arc::clone(&EMBEDDED), clock, Existing::Refuse).await.unwrap();
        assert!(matches!(rebuilt, Outcome::Done(_)), "{kind:?}");
        let story = stopped.start().await;
        let again = story.app.store.matrix_versions(&scope, &agreement_framework()).await.unwrap();
        assert_eq!(again, versions, "{kind:?}: another history came back");
        assert_eq!(papers(&story.app, &scope, &again).await.unwrap(), told, "{kind:?}");
        let sealed = vault(&DirectoryVault::new(vault_folder), &VaultOptions::default()).unwrap();
        assert!(matches!(sealed.verdict, Verdict::InternallyConsistent), "{sealed:#?}");
    }
}

fn agreement_framework() -> countersign::model::id::FrameworkId {
    FRAMEWORK.parse().unwrap()
}

#[tokio::test]
async fn of_an_acceptance_and_a_withdrawal_at_the_same_time_exactly_one_happens() {
    for database in databases().await {
        let kind = database.kind;
        let story = TestApp::on(database).await;
        let organization = story.northwind().await;
        let other = story.beside().await;
        let framework = agreement_framework();
        let here = Agreement { app: &story.app, organization: &organization, framework: framework.clone() };
        let there = Agreement { app: &other.app, organization: &organization, framework };
        here.introduce(None).await;
        for round in 0..4 {
            let applies = applied(&here, story.clock.now()).await.2;
            let party = if applies == Party::Vendor { Party::Internal } else { Party::Vendor };
            here.set(PAT, CONTROL, party).await.unwrap();
            let proposed = here.act(Act::Propose, PAT, None).await.unwrap();
            let accept = there.act(Act::Accept, INES, Some(proposed.digest));
            let withdraw = here.act(Act::Withdraw, PAT, None);
            let (accepted, withdrawn) =
                if round < 2 { tokio::join!(accept, withdraw) } else { flip(tokio::join!(withdraw, accept)) };
            let refused = match (accepted, withdrawn) {
                (Ok(_), Err(refused)) => ("was accepted on", refused),
                (Err(refused), Ok(_)) => ("was withdrawn on", refused),
                both => panic!("{kind:?}, round {round}: {both:#?}"),
            };
            let said = refused.1.to_string();
            assert!(said.contains(refused.0), "{kind:?}, round {round}: {said}");
            let versions =
                story.app.store.matrix_versions(&OrgScope::of(&organization), &here.framework).await.unwrap();
            assert!(versions.iter().all(|one| !one.is_pending()), "{kind:?}: {:?}", states(&versions));
        }
        assert_eq!(audit::compare(&story.app, &organization).await.unwrap(), vec![], "{kind:?}");
    }
}

fn flip<A, B>((one, other): (A, B)) -> (B, A) {
    (other, one)
}

#[tokio::test]
async fn what_nobody_may_do_is_refused_in_words_and_leaves_nothing() {
    let story = TestApp::on(databases().await.remove(0)).await;
    let organization = story.northwind().await;
    let agreement = Agreement { app: &story.app, organization: &organization, framework: agreement_framework() };
    agreement.introduce(None).await;
    let first = agreement.set(PAT, CONTROL, Party::Vendor).await.unwrap();
    let refused = async |what, by: &str, digest: Option<Digest>| -> String {
        agreement.act(what, by, digest).await.unwrap_err().to_string()
    };
    let size = async || story.app.store.head(&OrgScope::of(&organization)).await.unwrap().unwrap().size;
    let before = size().await;
    assert!(refused(Act::Accept, INES, Some(first.digest)).await.contains("version 2 is a draft"));
    assert!(refused(Act::Reject, INES, None).await.contains("nothing can be rejected"));
    assert!(refused(Act::Propose, "nobody", None).await.contains("no person `nobody`"));
    assert_eq!(size().await, before);

    agreement.act(Act::Propose, PAT, None).await.unwrap();
    let before = size().await;
    assert!(refused(Act::Accept, PAT, Some(first.digest)).await.contains("only a person of the other party"));
    assert!(refused(Act::Withdraw, INES, None).await.contains("but not withdrawn"));
    let taken = agreement.set(INES, CONTROL, Party::Internal).await.unwrap_err().to_string();
    assert!(taken.contains("version 2 is proposed") && taken.contains("before there is a new draft"), "{taken}");
    assert_eq!(size().await, before);

    // Changed behind the reader's back.
    story.clock.advance(Duration::hours(1));
    agreement.act(Act::Withdraw, PAT, None).await.unwrap();
    let second = agreement.set(PAT, CONTROL, Party::Internal).await.unwrap();
    agreement.act(Act::Propose, PAT, None).await.unwrap();
    let moved = refused(Act::Accept, INES, Some(first.digest)).await;
    assert!(moved.contains("version 2 was withdrawn on 2026-03-02 10:00 UTC"), "{moved}");
    assert!(moved.contains("version 3 is proposed"), "{moved}");
    assert!(refused(Act::Accept, INES, Some(Digest::of(b"x"))).await.contains("no version has that digest"));
    let before = size().await;
    people::leave(&story.app, &organization, &handle(INES), None, None).await.unwrap();
    story.clock.advance(Duration::hours(1));
    assert!(refused(Act::Accept, INES, Some(second.digest)).await.contains("left on"));
    assert_eq!(size().await, before + 1, "only the leaving is sealed");
}

#[tokio::test]
async fn a_split_applies_between_its_dates_and_the_one_before_it_until_then() {
    let story = TestApp::on(databases().await.remove(0)).await;
    let organization = story.northwind().await;
    let agreement = Agreement { app: &story.app, organization: &organization, framework: agreement_framework() };
    agreement.introduce(None).await;
    let now = story.clock.now();
    let day = |days: i64| now.plus(Duration::days(days));
    let dated = |party, from: Option<i64>, until: Option<i64>| NewDraft {
        effective_from: from.map(day),
        effective_until: until.map(day),
        ..row(CONTROL, party)
    };
    let template = applied(&agreement, now).await;
    agreement.draft(PAT, &dated(Party::Vendor, Some(-30), None)).await.unwrap();
    let back = agreement.sign().await;
    assert!(back.retroactive);
    assert_eq!(applied(&agreement, now).await, (2, Countersigned, Party::Vendor));
    assert!(printed(&agreement, now).await[0].contains("This split is retroactive"));

    agreement.draft(INES, &dated(Party::Internal, Some(10), Some(20))).await.unwrap();
    let later = agreement.sign().await;
    assert_eq!((later.retroactive, later.superseded.as_slice()), (false, &[2][..]));
    let at = async |days: i64| {
        story.clock.set(day(days));
        applied(&agreement, day(days)).await
    };
    assert_eq!(at(9).await, (2, Countersigned, Party::Vendor), "the one before goes on until the first day");
    assert_eq!(at(10).await, (3, Countersigned, Party::Internal));
    assert_eq!(at(20).await, template, "after the last day nothing was agreed on");

    // What is over before it is signed never counts; a new draft does not carry the dates of an accepted split on.
    let over = agreement.draft(PAT, &dated(Party::Provider, None, Some(15))).await.unwrap();
    assert_eq!(over.version, 4);
    let refused = agreement.act(Act::Propose, PAT, None).await.unwrap_err();
    assert!(matches!(refused, ResponsibilityFault::Over { version: 4, .. }), "{refused}");
    let refused = agreement.draft(PAT, &dated(Party::Vendor, Some(40), Some(40))).await.unwrap_err();
    assert!(refused.to_string().contains("is not after"), "{refused}");
    agreement.act(Act::Withdraw, INES, None).await.unwrap();
    let fresh =
        agreement.draft(PAT, &NewDraft { based_on: Some(3), ..row("164.312(b)", Party::Vendor) }).await.unwrap();
    assert_eq!((fresh.effective_from, fresh.effective_until), (None, None));
}

#[tokio::test]
async fn a_gap_lands_with_whom_the_accepted_split_names_and_not_with_whom_a_proposal_names() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.may_register_apps(true);
        story.collect().await;
        let gap = story.gap().await;
        let other = if gap.party == Party::Provider { Party::Internal } else { Party::Provider };
        let mut frameworks: Vec<_> = gap.controls.iter().map(|held| held.framework.clone()).collect();
        frameworks.dedup();
        let mut introduced = false;
        let agreements: Vec<Agreement<'_>> = frameworks
            .into_iter()
            .map(|framework| Agreement { app: &story.app.app, organization: &story.organization, framework })
            .collect();
        for agreement in &agreements {
            if !introduced {
                agreement.introduce(None).await;
                introduced = true;
            }
            let matrix = EMBEDDED.matrix(&agreement.framework, story.organization.model).unwrap();
            let mut rows = matrix.rows;
            for row in &mut rows {
                row.accountable = other;
            }
            let content = Content::Table(table::write(&rows).unwrap());
            let wanted = NewDraft { content, based_on: None, effective_from: None, effective_until: None };
            agreement.draft(PAT, &wanted).await.unwrap();
            agreement.act(Act::Propose, PAT, None).await.unwrap();
        }
        story.next_day().await;
        assert_eq!(story.gap().await.party, gap.party, "{kind:?}: a proposal moves work");
        for agreement in &agreements {
            let versions = story.app.app.store.matrix_versions(&story.scope, &agreement.framework).await.unwrap();
            let proposed = versions.last().unwrap().digest;
            agreement.act(Act::Accept, INES, Some(proposed)).await.unwrap();
        }
        story.next_day().await;
        let moved = story.gap().await;
        assert_eq!((moved.party, moved.id), (other, gap.id), "{kind:?}");
        story.tenant.shutdown().await;
    }
}

#[test]
fn no_split_of_a_template_leaves_a_control_without_owner_or_gives_it_to_both() {
    let now: Timestamp = crate::support::app::START.parse().unwrap();
    for framework in EMBEDDED.frameworks.values() {
        for model in [EngagementModel::InHouse, EngagementModel::CoManaged, EngagementModel::FullyManaged] {
            let matrix = EMBEDDED.matrix(&framework.id, model).unwrap();
            let faults = lint(framework, &matrix, &[], now);
            let faults: Vec<_> = faults.iter().filter(|fault| fault.kind != LintKind::Person).collect();
            assert!(faults.is_empty(), "{} {}: {faults:#?}", framework.id, model.as_str());
            let rows = table::read(framework, &table::write(&matrix.rows).unwrap()).unwrap();
            assert_eq!(rows, matrix.rows, "{} {}", framework.id, model.as_str());
        }
    }
}
