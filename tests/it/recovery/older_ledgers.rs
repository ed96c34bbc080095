//! Ledgers that look otherwise than today's: begun by an older version, or signed by several keys in turn.

use std::sync::Arc;

use chrono::Duration;
use countersign::app::signing_purpose;
use countersign::config::secret_key::random;
use countersign::model::finding::{CheckResult, FindingOutcome};
use countersign::model::id::RunId;
use countersign::model::organization::Organization;
use countersign::model::responsibility::EngagementModel;
use countersign::model::time::Clock;
use countersign::pipeline::audit;
use countersign::pipeline::commit::commit;
use countersign::pipeline::enrol::{OrganizationRequest, add_organization};
use countersign::pipeline::records::{self, JudgementParts, without_artifacts};
use countersign::recovery::Outcome;
use countersign::recovery::rebuild::{Existing, Rebuilt, rebuild};
use countersign::store::{IndexRows, InstanceScope, OrgScope, SigningKeyRow};
use countersign_seal::digest::Digest;
use countersign_seal::note::{SigningKey, origin};
use countersign_seal::record::{Key, KeyEvent};
use countersign_seal::verify::Verdict;

use super::verdict;
use crate::support::app::{EMBEDDED, Stopped, settings};
use crate::support::{TestApp, databases, evidence};

async fn rebuilt(stopped: &Stopped) -> Rebuilt {
    let (data, config) = settings(&stopped.database);
    let clock = Arc::clone(&stopped.clock) as Arc<dyn Clock>;
    match rebuild(data, config, Arc::clone(&EMBEDDED), clock, Existing::Refuse).await.unwrap() {
        Outcome::Done(done) => done,
        Outcome::Altered(report) => panic!("{report:#?}"),
    }
}

async fn seal(app: &TestApp, scope: &OrgScope) {
    app.clock.advance(Duration::hours(1));
    let all = vec![evidence("linux/passwd", &app.clock, b"root:x:0:0:root:/root:/bin/sh\n")];
    app.seal(scope, RunId::fresh(), all).await.unwrap();
}

#[tokio::test]
async fn a_ledger_whose_key_was_rotated_is_rebuilt_with_every_key_and_goes_on_with_the_newest() {
    for database in databases().await {
        let kind = database.kind;
        let app = TestApp::on(database).await;
        let request = OrganizationRequest {
            slug: "larkspur".parse().unwrap(),
            name: "Larkspur (fictional)".to_owned(),
            model: EngagementModel::FullyManaged,
            frameworks: Vec::new(),
            time_zone: "Europe/Berlin".to_owned(),
            settings: serde_json::json!({ "password_max_age_days": 30.5 }),
        };
        let organization = add_organization(&app.app, request).await.unwrap();
        let scope = OrgScope::of(&organization);
        seal(&app, &scope).await;
        rotate(&app, &scope).await;
        seal(&app, &scope).await;
        seal(&app, &scope).await;
        let keys = app.app.store.signing_keys(&scope).await.unwrap();
        assert_eq!(keys.len(), 2, "{kind:?}");
        let settings = app.app.store.settings(&scope).await.unwrap();
        let head = app.app.store.head(&scope).await.unwrap().unwrap();
        assert_eq!(verdict(&app.vault_folder()), Verdict::InternallyConsistent, "{kind:?}: no such rotation");
        let stopped = app.stop().await;
        stopped.database.lose().await;

        let done = rebuilt(&stopped).await;

        assert!(done.not_restored.iter().all(|loss| loss.what != "signing_seed"), "{kind:?}: {done:?}");
        let app = stopped.start().await;
        assert_eq!(app.app.store.signing_keys(&scope).await.unwrap(), keys, "{kind:?}");
        assert_eq!(app.app.store.settings(&scope).await.unwrap(), settings, "{kind:?}");
        assert_eq!(app.app.store.head(&scope).await.unwrap().unwrap(), head, "{kind:?}");
        seal(&app, &scope).await;
        assert_eq!(verdict(&app.vault_folder()), Verdict::InternallyConsistent, "{kind:?}: signed by another key");
    }
}

/// Brings in another signing key, as a rotation does: its seed kept, its record signed by the key before.
async fn rotate(app: &TestApp, scope: &OrgScope) {
    app.clock.advance(Duration::hours(1));
    let seed = random::<32>().unwrap();
    let name = origin(&scope.id().to_string().parse().unwrap());
    let key = SigningKey::from_seed(&name, *seed).unwrap().verifying_key();
    let sealed = app.app.secret_key.seal(&signing_purpose(scope), seed.as_slice()).unwrap();
    let row = SigningKeyRow {
        key_id: hex::encode(key.id()),
        name,
        public_key: key.as_bytes().to_vec(),
        introduced_at: app.clock.now(),
    };
    app.app.keep_seed(scope.id(), &row.key_id, &sealed).unwrap();
    let statement = Key {
        organization: records::organization(scope).unwrap(),
        at: records::time(app.clock.now()).unwrap(),
        event: KeyEvent::Rotated,
        key: key.facts("checkpoint"),
    };
    let entrant = without_artifacts(statement.into());
    commit(&app.app, scope, vec![entrant], |_| IndexRows::default()).await.unwrap();
    app.app.store.take_over_signing_key(scope, &row, Some(&sealed)).await.unwrap();
}

#[tokio::test]
async fn a_ledger_of_an_older_version_gives_its_findings_and_a_name_made_of_its_id() {
    for database in databases().await {
        let kind = database.kind;
        let app = TestApp::on(database).await;
        let scope = app.organization("northwind").await;
        let all = app.app.store.organizations(InstanceScope::of_this_installation()).await.unwrap();
        let organization: &Organization = &all[0];
        let introduced = Key {
            organization: records::organization(&scope).unwrap(),
            at: records::time(app.clock.now()).unwrap(),
            event: KeyEvent::Introduced,
            key: app.app.verifying_key(&scope).await.unwrap().facts("checkpoint"),
        };
        let begin = vec![without_artifacts(introduced.into())];
        commit(&app.app, &scope, begin, |_| IndexRows::default()).await.unwrap();
        seal(&app, &scope).await;
        let result = CheckResult {
            check: "linux/root_login_refused".parse().unwrap(),
            version: Digest::of(b"rule"),
            target: "files.example".to_owned(),
            outcome: FindingOutcome::Fail,
            because: "PermitRootLogin is yes".to_owned(),
            resources: Vec::new(),
            evidence: vec![1],
        };
        let results = [result];
        let parts = JudgementParts {
            run: RunId::fresh(),
            at: app.clock.now(),
            catalog: app.app.catalog.digest,
            results: &results,
            bundle: std::collections::BTreeMap::new(),
            datasets: Vec::new(),
            outcome: Vec::new(),
        };
        let judgement = vec![records::judgement(&scope, parts).unwrap()];
        commit(&app.app, &scope, judgement, |_| IndexRows::default()).await.unwrap();
        let id = organization.id;
        let stopped = app.stop().await;
        stopped.database.lose().await;

        let done = rebuilt(&stopped).await;

        let app = stopped.try_start().await.unwrap();
        let organizations = app.store.organizations(InstanceScope::of_this_installation()).await.unwrap();
        let differs = audit::compare(&app, &organizations[0]).await.unwrap();
        assert_eq!(differs, vec![], "{kind:?}: what older records do not say is taken for altered");
        app.store.close().await.unwrap();
        let whats: Vec<&str> = done.not_restored.iter().map(|loss| loss.what).collect();
        for what in ["organization_record", "older_judgements", "signing_seed"] {
            assert!(whats.contains(&what), "{kind:?}: {what} is not told: {whats:?}");
        }
        let app = stopped.start().await;
        let all = app.app.store.organizations(InstanceScope::of_this_installation()).await.unwrap();
        assert_eq!(all[0].slug.as_str(), format!("org-{id}"), "{kind:?}");
        let known = app.app.store.latest_results(&scope, app.clock.now()).await.unwrap();
        assert_eq!(known.into_iter().map(|one| one.result).collect::<Vec<_>>(), results, "{kind:?}");
        assert!(app.app.store.gaps(&scope).await.unwrap().is_empty(), "{kind:?}");
    }
}
