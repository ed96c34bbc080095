//! An organization with a simulated tenant, day by day.

use std::sync::Arc;

use chrono::Duration;
use countersign::demo::settings_for;
use countersign::demo::tenant::firm::{Edit, Firm};
use countersign::demo::tenant::table::Table;
use countersign::demo::tenant::throttle::Throttle;
use countersign::demo::tenant::{RunningTenant, Tenant, TenantOptions};
use countersign::model::evidence::Source;
use countersign::model::gap::Gap;
use countersign::model::organization::Organization;
use countersign::model::time::Clock;
use countersign::pipeline::enrol::{OrganizationRequest, add_organization};
use countersign::pipeline::{self, RunReport, RunRequest};
use countersign::store::{NewConnection, OrgScope};
use serde_json::{Map, json};

use super::Database;
use super::app::{Stopped, TestApp};

/// The check that stories break and mend.
pub const REGISTER: &str = "m365/users_may_not_register_apps";

/// An organization with a simulated tenant, and the days that pass for both.
pub struct Story {
    pub app: TestApp,
    pub organization: Organization,
    pub scope: OrgScope,
    pub tenant: RunningTenant,
}

impl Story {
    pub async fn begin(database: Database) -> Self {
        Self::of(database, Firm::load_embedded("larkspur").unwrap(), Throttle::Off).await
    }

    /// The same of another firm, whose tenant keeps limits.
    pub async fn of(database: Database, firm: Firm, throttle: Throttle) -> Self {
        let app = TestApp::on(database).await;
        let request = OrganizationRequest {
            slug: firm.slug.parse().unwrap(),
            name: firm.client.clone(),
            model: firm.engagement,
            frameworks: Vec::new(),
            time_zone: "America/New_York".to_owned(),
            settings: json!({ "break_glass_accounts": firm.break_glass }),
        };
        let organization = add_organization(&app.app, request).await.unwrap();
        let scope = OrgScope::of(&organization);
        let clock = Arc::clone(&app.clock) as Arc<dyn Clock>;
        let options = TenantOptions { throttle, clock, ..TenantOptions::default() };
        let tenant = Tenant::start(firm, options).await.unwrap();
        let story = Self { app, organization, scope, tenant };
        story.connect().await;
        story
    }

    /// Connects the tenant.
    pub async fn connect(&self) {
        let Self { app, scope, tenant, .. } = self;
        let settings = settings_for(tenant);
        let target = tenant.tenant_id().to_owned();
        let purpose = countersign::app::connection_purpose(scope, &target);
        let sealed = app.app.secret_key.seal(&purpose, tenant.client_secret().as_bytes()).unwrap();
        let connection =
            NewConnection { source: Source::Graph, target, settings: json!(settings), secret: Some(sealed) };
        app.app.store.add_connection(scope, &connection, app.clock.now()).await.unwrap();
    }

    pub async fn collect(&self) -> RunReport {
        let request = RunRequest { cause: "collect".to_owned(), ..RunRequest::default() };
        pipeline::run(&self.app.app, &self.organization, &request, &|_| {}).await.unwrap()
    }

    /// The next day's run.
    pub async fn next_day(&self) -> RunReport {
        self.app.clock.advance(Duration::days(1));
        self.collect().await
    }

    pub fn may_register_apps(&self, allowed: bool) {
        let path = "defaultUserRolePermissions.allowedToCreateApps";
        assert_eq!(self.tenant.apply(&Edit::set(Table::AuthorizationPolicy, Map::new(), path, json!(allowed))), 1);
    }

    pub async fn gap(&self) -> Gap {
        let gaps = self.app.app.store.gaps(&self.scope).await.unwrap();
        gaps.into_iter().find(|gap| gap.check.as_str() == REGISTER).unwrap()
    }

    /// Ends the process; the tenant stays.
    pub async fn stop(self) -> StoppedStory {
        let Self { app, organization, scope, tenant } = self;
        StoppedStory { stopped: app.stop().await, organization, scope, tenant }
    }
}

/// A story between two processes.
pub struct StoppedStory {
    pub stopped: Stopped,
    pub organization: Organization,
    pub scope: OrgScope,
    pub tenant: RunningTenant,
}

impl StoppedStory {
    pub async fn start(self) -> Story {
        let Self { stopped, organization, scope, tenant } = self;
        Story { app: stopped.start().await, organization, scope, tenant }
    }
}
