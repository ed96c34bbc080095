//! Which requests share which limit: Microsoft's documented limits as a table, and the gates of one application in one
//! tenant. A limit of the tenant is shared by all applications of this process, a limit of the application by all tenants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use super::connection::GraphConnection;
use super::gate::{Allowance, Gate, Passage};

/// Who shares a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// Every application that reads the tenant.
    Tenant,
    /// One application in one tenant.
    AppInTenant,
    /// One application in all its tenants together.
    App,
}

/// Limits that hold for paths with one of the prefixes (after the API version); the first rule that fits counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRule {
    /// Names the scope.
    pub scope: &'static str,
    /// An empty one fits every path.
    pub prefixes: &'static [&'static str],
    /// From the narrowest on. A pause that the service asks for holds the first.
    pub limits: Vec<(Sharing, Option<Allowance>)>,
}

/// What holds for every request of an application, in all tenants together.
const EVERYTHING: &str = "all of Microsoft Graph";

/// The scopes with their documented limits (learn.microsoft.com/graph/throttling-limits), a twentieth slower.
#[must_use]
pub fn documented() -> Vec<GateRule> {
    use Sharing::{App, AppInTenant, Tenant};
    let limit = |sharing, units, seconds: u64| {
        let per = Duration::from_millis(seconds * 1_050);
        (sharing, Some(Allowance { units, per }))
    };
    let rule = |scope, prefixes, limits: &[(Sharing, Option<Allowance>)]| GateRule {
        scope,
        prefixes,
        limits: limits.to_vec(),
    };
    vec![
        // The only one for all applications together, and the only one whose refusals do not say how long to wait.
        rule(
            "conditional access and identity protection",
            &["/identity/conditionalAccess", "/identityProtection"],
            &[limit(Tenant, 1, 1)],
        ),
        rule("usage reports", &["/reports/get"], &[limit(AppInTenant, 14, 600)]),
        rule("sign-in and audit reports", &["/auditLogs", "/reports"], &[limit(AppInTenant, 5, 10)]),
        rule(
            "Intune devices",
            &["/deviceManagement/managedDevices", "/deviceManagement/detectedApps"],
            &[limit(AppInTenant, 2_000, 20), limit(Tenant, 4_000, 20)],
        ),
        rule(
            "Intune configuration",
            &["/deviceManagement", "/deviceAppManagement"],
            &[limit(AppInTenant, 1_000, 20), limit(Tenant, 2_000, 20)],
        ),
        rule("security", &["/security"], &[limit(AppInTenant, 150, 60)]),
        rule(
            "service communications",
            &["/admin/serviceAnnouncement"],
            &[limit(AppInTenant, 240, 60), limit(AppInTenant, 800, 3_600)],
        ),
        // SharePoint counts resource units by the tenant's licences; this is half of what the smallest tenant has.
        rule("SharePoint", &["/admin/sharepoint", "/sites", "/drives"], &[limit(AppInTenant, 600, 60)]),
        rule("Teams", &["/teams", "/teamwork", "/chats", "/appCatalogs"], &[limit(AppInTenant, 30, 1)]),
        // Resource units of the smallest tenants.
        rule("identity and access", &[""], &[limit(AppInTenant, 3_500, 10), limit(App, 150_000, 20)]),
        rule(EVERYTHING, &[], &[limit(App, 130_000, 10)]),
    ]
}

/// The same scopes without limits: pauses that a service asks for are kept all the same.
#[must_use]
pub fn unlimited() -> Vec<GateRule> {
    let mut rules = documented();
    for rule in &mut rules {
        for (_, allowance) in &mut rule.limits {
            *allowance = None;
        }
    }
    rules
}

/// What a request costs in resource units where they are counted; at least 1. By path below the version and query.
pub(super) fn cost(path: &str, query: &str) -> u32 {
    let path = path.to_ascii_lowercase();
    let base: u32 = if path.ends_with("/transitivemembers") {
        5
    } else if path.ends_with("/members") || path == "/subscribedskus" {
        3
    } else if ["/users", "/applications", "/oauth2permissiongrants"].contains(&path.as_str())
        || path.ends_with("/approleassignments")
        || path.ends_with("/approleassignedto")
    {
        2
    } else {
        1
    };
    let base = base + u32::from(query.contains("$expand="));
    base.saturating_sub(u32::from(query.contains("$select="))).max(1)
}

/// Every gate of a process, by whom it holds back.
#[derive(Debug, Default)]
pub(super) struct AllGates(Mutex<HashMap<GateKey, Arc<Gate>>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct GateKey {
    graph: String,
    scope: &'static str,
    /// Which of the scope's limits.
    number: usize,
    tenant: Option<String>,
    app: Option<Uuid>,
}

impl AllGates {
    /// The gates that hold for one application in one tenant, made where they are new.
    pub(super) fn of(&self, connection: &GraphConnection, rules: &[GateRule]) -> Gates {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gates_of = |rule: &GateRule| -> Vec<Arc<Gate>> {
            let limits = rule.limits.iter().enumerate();
            limits
                .map(|(number, (sharing, allowance))| {
                    let tenant = (*sharing != Sharing::App).then(|| connection.tenant().to_owned());
                    let app = (*sharing != Sharing::Tenant).then(|| connection.client_id());
                    let graph = connection.graph_url().to_string();
                    let key = GateKey { graph, scope: rule.scope, number, tenant, app };
                    Arc::clone(all.entry(key).or_insert_with(|| Arc::new(Gate::new(*allowance))))
                })
                .collect()
        };
        let (everything, scopes): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.scope == EVERYTHING);
        Gates {
            scopes: scopes.into_iter().map(|rule| (rule.prefixes, gates_of(rule))).collect(),
            everything: everything.into_iter().flat_map(gates_of).collect(),
        }
    }
}

/// The gates of one application in one tenant.
#[derive(Debug)]
pub(super) struct Gates {
    scopes: Vec<(&'static [&'static str], Vec<Arc<Gate>>)>,
    everything: Vec<Arc<Gate>>,
}

impl Gates {
    /// Waits until `units` to `path`, in `requests` requests, may be sent. The narrowest gate is passed first.
    pub(super) async fn pass(&self, path: &str, units: u32, requests: u32) -> Vec<Passage> {
        let mut passages = Vec::new();
        for gate in self.of(path) {
            passages.push(gate.pass(units).await);
        }
        for gate in &self.everything {
            passages.push(gate.pass(requests).await);
        }
        passages
    }

    /// Nobody passes to `path` before `pause` is over, nor to anything else if the service said that the application as a
    /// whole is meant.
    pub(super) fn hold(&self, path: &str, pause: Duration, throttle_scope: Option<&str>) {
        // `<Scope>/<Limit>/<AppId>/<TenantId>`
        let is_of_the_app = throttle_scope.is_some_and(|scope| scope.split('/').next() == Some("Application"));
        let gates = if is_of_the_app { &self.everything } else { self.of(path) };
        if let Some(gate) = gates.first() {
            gate.hold(pause);
        }
    }

    /// How many requests of `units` each to `path` may go out in one piece; at least one.
    pub(super) fn most_at_once(&self, path: &str, units: u32) -> usize {
        let most = self.of(path).iter().map(|gate| gate.most_at_once()).min().unwrap_or(u32::MAX);
        usize::try_from(most / units.max(1)).unwrap_or(usize::MAX).max(1)
    }

    fn of(&self, path: &str) -> &[Arc<Gate>] {
        let lower = path.to_ascii_lowercase();
        let fits = |prefixes: &[&str]| prefixes.iter().any(|prefix| lower.starts_with(&prefix.to_ascii_lowercase()));
        self.scopes.iter().find(|(prefixes, _)| fits(prefixes)).map(|(_, gates)| gates.as_slice()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{AllGates, Gates, cost, documented, unlimited};
    use crate::catalog::collector::Cloud;
    use crate::collect::graph::connection::{Credential, GraphConnection};
    use futures_util::FutureExt as _;
    use secrecy::SecretString;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::Instant;

    const APP: &str = "11111111-2222-3333-4444-555555555555";
    const OTHER_APP: &str = "11111111-2222-3333-4444-666666666666";

    fn gates(all: &AllGates, tenant: &str, app: &str) -> Gates {
        let secret = Credential::Secret(SecretString::from("s".to_owned()));
        let connection = GraphConnection::new(Cloud::Global, tenant, app, secret, None, None).unwrap();
        all.of(&connection, &documented())
    }

    /// Whether a request to `path` of one waits for one of the other, by the scope's limits from the narrowest on.
    fn shared(one: &Gates, other: &Gates, path: &str) -> Vec<bool> {
        one.of(path).iter().zip(other.of(path)).map(|(one, other)| Arc::ptr_eq(one, other)).collect()
    }

    #[test]
    fn a_limit_of_the_tenant_is_shared_by_all_applications_and_one_of_the_application_by_all_tenants() {
        let all = AllGates::default();
        let ours = gates(&all, "a.example", APP);
        let (other_app, other_tenant) = (gates(&all, "a.example", OTHER_APP), gates(&all, "b.example", APP));
        for (path, with_other_app, with_other_tenant) in [
            ("/identity/conditionalAccess/policies", vec![true], vec![false]),
            ("/identityProtection/riskyUsers", vec![true], vec![false]),
            ("/auditLogs/signIns", vec![false], vec![false]),
            ("/deviceManagement/managedDevices", vec![false, true], vec![false, false]),
            ("/users", vec![false, false], vec![false, true]),
        ] {
            assert_eq!(shared(&ours, &gates(&all, "a.example", APP), path), vec![true; with_other_app.len()], "{path}");
            assert_eq!(shared(&ours, &other_app, path), with_other_app, "{path}");
            assert_eq!(shared(&ours, &other_tenant, path), with_other_tenant, "{path}");
        }
        assert!(Arc::ptr_eq(&ours.everything[0], &other_tenant.everything[0]));
        assert!(!Arc::ptr_eq(&ours.everything[0], &other_app.everything[0]));
        assert!(Arc::ptr_eq(&ours.of("/auditLogs/signIns")[0], &ours.of("/reports/x")[0]));
        assert!(Arc::ptr_eq(&ours.of("/groups")[0], &ours.of("/users")[0]));
        assert!(!Arc::ptr_eq(&ours.of("/identity/conditionalAccess/x")[0], &ours.of("/identity/x")[0]));
    }

    #[tokio::test]
    async fn a_pause_the_service_asks_for_holds_its_scope_and_the_whole_application_only_if_it_says_so() {
        let all = AllGates::default();
        let (ours, other_tenant) = (gates(&all, "a.example", APP), gates(&all, "b.example", APP));
        let passes = |gates: &Gates, path: &str| gates.pass(path, 1, 1).now_or_never().is_some();
        let long = Duration::from_hours(1);
        ours.hold("/users", long, Some("Tenant_Application/ReadWrite/a/t"));
        assert!(passes(&ours, "/deviceManagement/managedDevices"));
        assert!(passes(&other_tenant, "/users"));
        assert!(!passes(&ours, "/groups"));
        ours.hold("/users", long, Some("Application/ReadWrite/a"));
        assert!(!passes(&other_tenant, "/deviceManagement/managedDevices"));

        let all = AllGates::default();
        let (ours, other_tenant) = (gates(&all, "a.example", APP), gates(&all, "b.example", APP));
        let (pause, begin) = (Duration::from_millis(80), Instant::now());
        ours.hold("/users", pause, None);
        drop(ours.pass("/groups", 1, 1).await);
        assert!(begin.elapsed() >= pause);
        let begin = Instant::now();
        ours.hold("/users", pause, Some("Application/ReadWrite/a"));
        drop(other_tenant.pass("/deviceManagement/managedDevices", 1, 1).await);
        assert!(begin.elapsed() >= pause);
    }

    #[test]
    fn every_scope_has_the_same_limits_in_size_with_and_without_numbers() {
        assert!(unlimited().iter().all(|rule| rule.limits.iter().all(|(_, allowance)| allowance.is_none())));
        assert_eq!(unlimited().len(), documented().len());
    }

    #[test]
    fn requests_cost_what_is_documented() {
        assert_eq!(cost("/groups/a/transitiveMembers", "$select=id&$top=999"), 4);
        assert_eq!(cost("/users", ""), 2);
        assert_eq!(cost("/users", "$select=id"), 1);
        assert_eq!(cost("/domains", "$select=id"), 1);
        assert_eq!(cost("/subscribedSkus", ""), 3);
    }

    #[test]
    fn a_batch_never_holds_more_than_its_scope_allows_at_once() {
        let ours = gates(&AllGates::default(), "a.example", APP);
        assert_eq!(ours.most_at_once("/identity/conditionalAccess/policies/x", 1), 1);
        assert_eq!(ours.most_at_once("/reports/x", 1), 5);
        assert!(ours.most_at_once("/groups/a/transitiveMembers", 4) >= 20);
    }
}
