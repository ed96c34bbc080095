//! What runs leave behind, day by day, on a simulated tenant: gaps with their history, and what was known on which day.

use std::sync::Arc;

use chrono::Duration;
use countersign::catalog::collector::Cloud;
use countersign::demo::tenant::firm::{Edit, Firm};
use countersign::demo::tenant::table::Table;
use countersign::demo::tenant::throttle::Throttle;
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use countersign::model::evidence::Source;
use countersign::model::finding::FindingOutcome;
use countersign::model::gap::{Gap, GapState};
use countersign::model::organization::Organization;
use countersign::model::time::{Clock, Timestamp};
use countersign::pipeline::enrol::{OrganizationRequest, add_organization};
use countersign::pipeline::standing::Standing;
use countersign::pipeline::targets::{CredentialKind, GraphSettings};
use countersign::pipeline::{self, RunReport, RunRequest, audit};
use countersign::store::{NewConnection, OrgScope};
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Map, json};

use crate::support::{Database, TestApp, databases};

const REGISTER: &str = "m365/users_may_not_register_apps";

/// An organization with a simulated tenant, and the days that pass for both.
struct Story {
    app: TestApp,
    organization: Organization,
    scope: OrgScope,
    tenant: RunningTenant,
}

impl Story {
    async fn begin(database: Database) -> Self {
        let app = TestApp::on(database).await;
        let firm = Firm::load_embedded("larkspur").unwrap();
        let request = OrganizationRequest {
            slug: "larkspur".parse().unwrap(),
            name: firm.client.clone(),
            model: firm.engagement,
            frameworks: Vec::new(),
            time_zone: "America/New_York".to_owned(),
            settings: json!({ "break_glass_accounts": firm.break_glass }),
        };
        let organization = add_organization(&app.app, request).await.unwrap();
        let scope = OrgScope::of(&organization);
        let clock = Arc::clone(&app.clock) as Arc<dyn Clock>;
        let options = TenantOptions { throttle: Throttle::Off, clock, ..TenantOptions::default() };
        let tenant = Tenant::start(firm, options).await.unwrap();
        let settings = GraphSettings {
            cloud: Cloud::Custom,
            client_id: tenant.client_id().to_owned(),
            credential: CredentialKind::Secret,
            login_url: Some(tenant.login_url().to_owned()),
            graph_url: Some(tenant.graph_url().to_owned()),
        };
        let target = tenant.tenant_id().to_owned();
        let purpose = countersign::app::connection_purpose(&scope, &target);
        let sealed = app.app.secret_key.seal(&purpose, tenant.client_secret().as_bytes()).unwrap();
        let connection =
            NewConnection { source: Source::Graph, target, settings: json!(settings), secret: Some(sealed) };
        app.app.store.add_connection(&scope, &connection, app.clock.now()).await.unwrap();
        Self { app, organization, scope, tenant }
    }

    async fn collect(&self) -> RunReport {
        let request = RunRequest { cause: "collect".to_owned(), ..RunRequest::default() };
        pipeline::run(&self.app.app, &self.organization, &request, &|_| {}).await.unwrap()
    }

    /// The next day's run.
    async fn next_day(&self) -> RunReport {
        self.app.clock.advance(Duration::days(1));
        self.collect().await
    }

    fn may_register_apps(&self, allowed: bool) {
        let path = "defaultUserRolePermissions.allowedToCreateApps";
        assert_eq!(self.tenant.apply(&Edit::set(Table::AuthorizationPolicy, Map::new(), path, json!(allowed))), 1);
    }

    async fn gap(&self) -> Gap {
        let gaps = self.app.app.store.gaps(&self.scope).await.unwrap();
        gaps.into_iter().find(|gap| gap.check.as_str() == REGISTER).unwrap()
    }

    async fn outcome_as_of(&self, as_of: Timestamp) -> Option<FindingOutcome> {
        let standing = Standing::known(&self.app.app, &self.organization, as_of).await.unwrap();
        let judged = standing.results.iter().find(|judged| judged.result.check.as_str() == REGISTER);
        judged.map(|judged| judged.result.outcome)
    }
}

#[tokio::test]
async fn a_gap_opens_waits_closes_and_comes_back_with_its_history() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;

        story.collect().await;
        let opened = story.gap().await;
        assert_eq!(opened.state, GapState::Open, "{kind:?}");
        assert!(!opened.controls.is_empty() && !opened.remediation.is_empty(), "{kind:?}");

        // Consent is withdrawn: the fault can no longer be seen, so the gap neither closes nor accuses anew.
        story.tenant.revoke("Policy.Read.All");
        let blind = story.next_day().await;
        assert!(blind.datasets.iter().any(|line| line.reason.contains("Policy.Read.All")), "{kind:?}");
        let waiting = story.gap().await;
        assert_eq!((waiting.state, &waiting.because), (GapState::AwaitingEvidence, &opened.because), "{kind:?}");

        story.tenant.grant("Policy.Read.All");
        story.may_register_apps(false);
        assert!(story.next_day().await.gaps_closed >= 1, "{kind:?}");
        assert_eq!(story.gap().await.state, GapState::Closed, "{kind:?}");

        story.may_register_apps(true);
        story.next_day().await;
        let back = story.gap().await;
        assert_eq!((back.id, back.state, back.reopened), (opened.id, GapState::Open, 1), "{kind:?}");
        assert_eq!(back.opened_at, opened.opened_at, "{kind:?}: the history begins with the first time");
        let events = story.app.app.store.gap_events(&story.scope, opened.id).await.unwrap();
        let told: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(told, ["opened", "awaiting_evidence", "closed", "reopened"], "{kind:?}");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn what_was_known_on_an_earlier_day_stays_what_it_was() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        let before = story.app.clock.now().plus(Duration::hours(-1));
        story.collect().await;
        let first_day = story.app.clock.now();
        story.may_register_apps(false);
        story.next_day().await;
        let second_day = story.app.clock.now();

        assert_eq!(story.outcome_as_of(before).await, None, "{kind:?}: nothing was known yet");
        assert_eq!(story.outcome_as_of(first_day).await, Some(FindingOutcome::Fail), "{kind:?}");
        assert_eq!(story.outcome_as_of(second_day).await, Some(FindingOutcome::Pass), "{kind:?}");
        let then = Standing::known(&story.app.app, &story.organization, first_day).await.unwrap();
        let gap = then.gaps.iter().find(|gap| gap.check.as_str() == REGISTER).unwrap();
        assert_eq!(gap.state, GapState::Open, "{kind:?}: it was open on that day");
        story.tenant.shutdown().await;
    }
}

#[tokio::test]
async fn a_finding_a_gap_or_a_split_changed_in_the_database_is_found_and_named() {
    for database in databases().await {
        let kind = database.kind;
        let story = Story::begin(database).await;
        story.collect().await;
        assert_eq!(audit::compare(&story.app.app, &story.organization).await.unwrap(), vec![], "{kind:?}");

        let raw = story.app.database.raw().await;
        let unguard: Vec<String> = match raw.get_database_backend() {
            DbBackend::Sqlite => ["check_result", "responsibility_version"]
                .iter()
                .map(|table| format!("DROP TRIGGER {table}_no_update"))
                .collect(),
            _ => ["check_result", "responsibility_version"]
                .iter()
                .map(|table| format!("ALTER TABLE {table} DISABLE TRIGGER ALL"))
                .collect(),
        };
        let text = if raw.get_database_backend() == DbBackend::Sqlite { "matrix" } else { "matrix::text" };
        let cast = if raw.get_database_backend() == DbBackend::Sqlite { "" } else { "::jsonb" };
        let forge = [
            format!("UPDATE check_result SET outcome = 'pass' WHERE check_id = '{REGISTER}'"),
            "UPDATE gap SET state = 'closed'".to_owned(),
            format!(
                "UPDATE responsibility_version SET matrix = replace({text}, 'shared', 'provider'){cast} \
                 WHERE framework = 'cmmc-l2'"
            ),
        ];
        for statement in unguard.iter().chain(&forge) {
            raw.execute_unprepared(statement).await.unwrap_or_else(|fault| panic!("{kind:?}: {statement}: {fault}"));
        }
        // The gap's body is what is read; the column alone would not be believed.
        let body = if raw.get_database_backend() == DbBackend::Sqlite {
            "UPDATE gap SET body = json_set(body, '$.state', 'closed')"
        } else {
            "UPDATE gap SET body = jsonb_set(body, '{state}', '\"closed\"')"
        };
        raw.execute_unprepared(body).await.unwrap();

        let found = audit::compare(&story.app.app, &story.organization).await.unwrap();
        let places: Vec<&str> = found.iter().map(|difference| difference.place.as_str()).collect();
        assert!(places.iter().any(|place| place.starts_with(REGISTER)), "{kind:?}: {places:?}");
        assert!(places.iter().any(|place| place.starts_with("gap ")), "{kind:?}: {places:?}");
        assert!(places.iter().any(|place| place.contains("responsibilities of cmmc-l2")), "{kind:?}: {places:?}");
        story.tenant.shutdown().await;
    }
}
