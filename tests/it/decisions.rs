//! What people decide: each decision is a record of the ledger, and comes back from it.

use countersign::assess::cmmc::{self, poam, score};
use countersign::assess::pci;
use countersign::model::attestation::Claim;
use countersign::model::control::ControlState;
use countersign::model::decision::Decisions;
use countersign::model::gap::GapState;
use countersign::model::id::GapId;
use countersign::model::responsibility::Party;
use countersign::model::scope::ScopeCategory;
use countersign::model::time::Clock;
use countersign::pipeline::audit;
use countersign::pipeline::decisions::attest::{self, AttestRequest};
use countersign::pipeline::decisions::gaps::{self, AssignRequest};
use countersign::pipeline::decisions::people::{self, PersonRequest};
use countersign::pipeline::decisions::providers::{self, ProviderFacts};
use countersign::pipeline::decisions::scope::{self, ScopeRequest};
use countersign::pipeline::decisions::{self, DecisionFault};
use countersign::pipeline::standing::Standing;
use countersign_seal::verify::{DirectoryVault, VaultOptions, Verdict, vault};

use crate::support::databases;
use crate::support::decisions::{KIM, SAM, handle};
use crate::support::story::Story;

async fn known(story: &Story) -> Decisions {
    decisions::known(&story.app.app, &story.scope, story.app.clock.now()).await.unwrap()
}

#[tokio::test]
async fn every_decision_is_sealed_and_read_back_as_it_was_made() {
    for database in databases().await {
        let story = Story::begin(database).await;
        story.may_register_apps(true);
        story.collect().await;
        let before = story.app.app.store.head(&story.scope).await.unwrap().unwrap().size;
        story.decide().await;

        let decided = known(&story).await;
        let [sam, kim] = decided.people.as_slice() else { panic!("{:#?}", decided.people) };
        assert_eq!((sam.name.as_str(), sam.party, sam.until.is_some()), ("Sam <b>Example</b>", Party::Internal, true));
        assert_eq!((kim.name.as_str(), kim.party, kim.until), ("Kim \u{202e}Example", Party::Provider, None));
        let [untested, partly, attested, withdrawn] = decided.attestations.as_slice() else {
            panic!("{:#?}", decided.attestations)
        };
        assert_eq!((untested.claim, partly.claim), (Claim::NotTested, Claim::Partial));
        assert_eq!(partly.form.as_ref().unwrap().way.as_deref(), Some("not_validated"));
        assert_eq!((attested.claim, withdrawn.claim), (Claim::Met, Claim::Withdrawn));
        assert_eq!(withdrawn.replaces, Some(attested.leaf));
        assert_eq!(attested.artifacts[0].name, "policy.pdf");
        assert_eq!(attested.by, sam.signatory());
        assert_eq!(decided.notes[0].text, "Ordered. \u{1f4e6}");
        let [to_sam, to_kim] = decided.assignments.as_slice() else { panic!("{:#?}", decided.assignments) };
        assert_eq!((to_sam.person.clone(), to_sam.party), (Some(handle(SAM)), Some(Party::Internal)));
        assert_eq!((to_kim.person.clone(), to_kim.due_on), (Some(handle(KIM)), to_sam.due_on));
        assert_eq!(decided.scope[0].category, ScopeCategory::In);
        assert_eq!((decided.providers[0].name.as_str(), decided.providers[0].removed), ("Host <i>Example", None));

        let leaves = story.app.app.store.leaves(&story.scope, before, 100).await.unwrap();
        let kinds: Vec<&str> = leaves.iter().map(|leaf| leaf.kind.as_str()).collect();
        let [person, statement] = ["change/1", "attestation/1"];
        // With each goes what it does to requests: two close, one is asked for otherwise, and one opens anew.
        let statements = [statement, "change/1"].repeat(4);
        assert_eq!(kinds, [&[person; 2][..], &statements, &[person; 6]].concat());
        let sealed = vault(&DirectoryVault::new(story.app.vault_folder()), &VaultOptions::default()).unwrap();
        assert!(matches!(sealed.verdict, Verdict::InternallyConsistent), "{sealed:#?}");
    }
}

#[tokio::test]
async fn what_may_not_be_decided_is_refused_in_words_and_leaves_nothing() {
    let story = Story::begin(databases().await.remove(0)).await;
    story.collect().await;
    story.introduce_people().await;
    let (app, organization) = (&story.app.app, &story.organization);
    people::leave(app, organization, &handle(KIM), None, None).await.unwrap();
    let size = app.store.head(&story.scope).await.unwrap().unwrap().size;
    let person = |name: &str, party, full: &str| PersonRequest {
        handle: handle(name),
        party,
        name: full.to_owned(),
        email: None,
        ssh_key: None,
        by: None,
    };
    let statement = AttestRequest {
        framework: "hipaa-security".parse().unwrap(),
        about: "164.308(a)(2)".to_owned(),
        claim: Claim::Met,
        statement: "It is so.".to_owned(),
        addresses: Vec::new(),
        valid_from: None,
        valid_until: None,
        files: Vec::new(),
        form: None,
        signature: None,
        by: handle(SAM),
    };
    let gap = story.an_open_gap().await;
    let assigned = AssignRequest { gap, party: None, person: Some(handle(SAM)), due_on: None, by: handle(SAM) };
    let scoped = ScopeRequest {
        framework: "hipaa-security".parse().unwrap(),
        target: "elsewhere.example".to_owned(),
        resource: None,
        category: ScopeCategory::Out,
        because: "It is not ours.".to_owned(),
        by: handle(SAM),
    };
    let refused = |done: Result<u64, DecisionFault>| done.unwrap_err().to_string();
    let words = [
        (refused(people::add(app, organization, person(KIM, Party::Provider, "Again")).await), "is taken"),
        (refused(people::add(app, organization, person("new", Party::Vendor, "A vendor")).await), "has no people"),
        (refused(people::add(app, organization, person("new", Party::Internal, " \u{7} ")).await), "a name must have"),
        (
            refused(attest::attest(app, organization, AttestRequest { by: handle(KIM), ..statement.clone() }).await),
            "left on",
        ),
        (
            refused(attest::attest(app, organization, AttestRequest { by: handle("who"), ..statement.clone() }).await),
            "no person `who`",
        ),
        (
            refused(
                attest::attest(app, organization, AttestRequest { about: "9.9".into(), ..statement.clone() }).await,
            ),
            "no control `9.9`",
        ),
        (
            refused(
                attest::attest(app, organization, AttestRequest { statement: String::new(), ..statement.clone() })
                    .await,
            ),
            "the statement must have",
        ),
        (
            refused(
                attest::attest(
                    app,
                    organization,
                    AttestRequest { valid_until: Some("2020-01-01T00:00:00Z".parse().unwrap()), ..statement.clone() },
                )
                .await,
            ),
            "is not after",
        ),
        (
            refused(
                attest::attest(
                    app,
                    organization,
                    AttestRequest { valid_from: Some("2020-01-01T00:00:00Z".parse().unwrap()), ..statement.clone() },
                )
                .await,
            ),
            "has ended already: it would count for nothing and take the place of what stands",
        ),
        (
            refused(
                attest::attest(
                    app,
                    organization,
                    AttestRequest { framework: "nosuch".parse().unwrap(), ..statement.clone() },
                )
                .await,
            ),
            "nosuch is not among the frameworks of",
        ),
        (
            refused(
                attest::attest(app, organization, AttestRequest { claim: Claim::NotTested, ..statement.clone() }).await,
            ),
            "`not_tested` is stated on a form only; for 164.308(a)(2) there is: none",
        ),
        (
            refused(
                attest::attest(app, organization, AttestRequest { about: "164.308(a)(1)".into(), ..statement.clone() })
                    .await,
            ),
            "164.308(a)(1) follows from its parts",
        ),
        (refused(attest::withdraw(app, organization, 3, "No.", &handle(SAM)).await), "attestation 3 is not there"),
        (
            refused(
                gaps::assign(app, organization, AssignRequest { party: Some(Party::Provider), ..assigned.clone() })
                    .await,
            ),
            "is of Internal IT, not of Provider",
        ),
        (
            refused(gaps::assign(app, organization, AssignRequest { person: Some(handle(KIM)), ..assigned }).await),
            "left on",
        ),
        (refused(gaps::note(app, organization, GapId::fresh(), "Hm.", &handle(SAM)).await), "there is no gap"),
        (refused(scope::set(app, organization, scoped).await), "`elsewhere.example` is not connected"),
    ];
    for (said, wanted) in words {
        assert!(said.contains(wanted), "{said:?} does not say {wanted:?}");
    }
    assert_eq!(app.store.head(&story.scope).await.unwrap().unwrap().size, size);
}

#[tokio::test]
async fn a_day_of_a_provider_is_to_come_until_it_begins_where_the_organization_is() {
    let story = Story::begin(databases().await.remove(0)).await;
    story.collect().await;
    story.introduce_people().await;
    // The story is told in New York: on its evening it is the next day in UTC.
    let tomorrow = story.organization.day_of(story.app.clock.now()).succ_opt().unwrap();
    story.app.clock.set(story.organization.days().end_of(tomorrow.pred_opt().unwrap()));
    let facts = ProviderFacts {
        name: Some("Host Example".to_owned()),
        service: Some("Hosting".to_owned()),
        managed_by: Some(Party::Provider),
        agreement_on: Some(tomorrow),
        ..ProviderFacts::default()
    };
    let (app, id) = (&story.app.app, "host".parse().unwrap());
    let added = providers::add(app, &story.organization, &id, facts.clone(), &handle(SAM)).await;
    assert!(added.unwrap_err().to_string().contains("the day of the agreement is still to come"));
    let today = ProviderFacts { agreement_on: tomorrow.pred_opt(), ..facts.clone() };
    providers::add(app, &story.organization, &id, today, &handle(SAM)).await.unwrap();
    // In Tokyo the day begins long before it does in UTC.
    let mut tokyo = story.organization.clone();
    tokyo.time_zone = "Asia/Tokyo".to_owned();
    story.app.clock.set(tokyo.days().start_of(tomorrow.succ_opt().unwrap()));
    let there = ProviderFacts { agreement_on: tomorrow.succ_opt(), ..facts };
    providers::add(app, &tokyo, &id, there, &handle(SAM)).await.unwrap();
}

#[tokio::test]
async fn what_is_left_out_untested_is_asked_of_nobody_and_what_is_there_in_part_costs_less_and_neither_is_met() {
    const UNSEEN: &str = "9.2.1";
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.collect().await;
        story.introduce_people().await;
        let (app, organization) = (&story.app.app, &story.organization);
        let standing = async || Standing::known(app, organization, app.clock.now()).await.unwrap();
        let is_asked = |standing: &Standing| {
            let open = standing.requests.iter().filter(|request| request.closed_at.is_none());
            open.filter(|request| request.control.as_str() == UNSEEN).count()
        };
        let status = |standing: &Standing, control: &str| {
            let mut all = standing.statuses_now(app.clock.now());
            all.retain(|status| status.control.as_str() == control);
            all.remove(0)
        };
        let found = |standing: &Standing| {
            let framework = app.catalog.framework("cmmc-l2").unwrap();
            let findings = cmmc::findings(framework, &standing.statuses_now(app.clock.now()));
            let score = score::level_2(framework, &findings).unwrap();
            let poam = poam::level_2(framework, &findings, &score).unwrap();
            (score.points, poam.poam_allowed.contains(&"3.13.11".to_owned()))
        };
        let before = standing().await;
        assert_eq!(is_asked(&before), 1, "{kind:?}");
        assert!(!found(&before).1, "{kind:?}");

        let untested = story.leave_out(UNSEEN).await;
        story.encrypt_in_part().await;
        story.next_day().await;

        let after = standing().await;
        assert_eq!(is_asked(&after), 0, "{kind:?}: a request stays open for what was left out on purpose");
        let left_out = status(&after, UNSEEN);
        assert_eq!(left_out.state, ControlState::Undetermined, "{kind:?}");
        let word = pci::finding(pci::Document::Roc, &left_out, &after.decisions).word;
        assert_eq!(word, Some(pci::Word::NotTested), "{kind:?}: {}", left_out.because);
        let partly = status(&after, "SC.L2-3.13.11");
        assert_eq!((partly.state, partly.is_partial()), (ControlState::Undetermined, true), "{kind:?}");
        assert!(partly.because.contains("not with a FIPS-validated module"), "{kind:?}: {}", partly.because);
        assert_eq!(
            found(&after),
            (found(&before).0 + 2, true),
            "{kind:?}: three points instead of five, and it may wait"
        );

        attest::withdraw(app, organization, untested, "It is assessed after all.", &handle(SAM)).await.unwrap();
        story.next_day().await;
        assert_eq!(is_asked(&standing().await), 1, "{kind:?}");
        assert_eq!(audit::compare(app, organization).await.unwrap(), vec![], "{kind:?}");
        let sealed = vault(&DirectoryVault::new(story.app.vault_folder()), &VaultOptions::default()).unwrap();
        assert!(matches!(sealed.verdict, Verdict::InternallyConsistent), "{kind:?}: {sealed:#?}");
    }
}

#[tokio::test]
async fn a_statement_takes_the_place_of_the_one_before_it_and_a_closed_gap_is_handed_to_nobody() {
    let story = Story::begin(databases().await.remove(0)).await;
    story.may_register_apps(true);
    story.collect().await;
    story.introduce_people().await;
    let first = story.attest("hipaa-security", "164.314(b)(2)(i)", Claim::Met).await;
    let second = story.attest("hipaa-security", "164.314(b)(2)(i)", Claim::NotApplicable).await;
    let elsewhere = story.attest("cmmc-l2", "3.1.1[a]", Claim::Met).await;
    let attested = known(&story).await.attestations;
    assert_eq!(
        attested.iter().map(|one| (one.leaf, one.replaces)).collect::<Vec<_>>(),
        [(first, None), (second, Some(first)), (elsewhere, None)]
    );
    assert_eq!(attested[2].objective.as_ref().unwrap().as_str(), "3.1.1[a]");

    story.may_register_apps(false);
    story.next_day().await;
    let gap = story.gap().await;
    assert_eq!(gap.state, GapState::Closed);
    let request = AssignRequest { gap: gap.id, party: None, person: Some(handle(SAM)), due_on: None, by: handle(KIM) };
    let fault = gaps::assign(&story.app.app, &story.organization, request).await.unwrap_err();
    assert!(matches!(fault, DecisionFault::GapIsClosed(_)), "{fault}");
}
