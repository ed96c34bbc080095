//! A pretend client: a fictional firm with a simulated Microsoft 365 tenant, and the whole job run on it twice.
//!
//! The tenant is spoken to over real HTTP by the real Graph client, and the machine the demo runs on is read as a real
//! Linux endpoint. Nothing else may import this module but commands and tests. Start with [`run`].

mod agreement;
mod statements;
pub mod tenant;

use std::collections::BTreeMap;
use std::path::PathBuf;

use countersign_seal::verify::{self, OpenError, Verdict};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;

use crate::app::{App, AppFault, connection_purpose};
use crate::catalog::collector::Cloud;
use crate::config::secret_key::KeyFault;
use crate::deliver::{DeliverFault, package, reports};
use crate::model::evidence::{CollectionOutcome, Source};
use crate::model::finding::FindingOutcome;
use crate::model::gap::GapState;
use crate::model::id::{FrameworkId, InvalidId, RunId};
use crate::model::organization::Organization;
use crate::pipeline::collecting::Watcher;
use crate::pipeline::decisions::DecisionFault;
use crate::pipeline::enrol::{OrganizationRequest, add_organization};
use crate::pipeline::responsibilities::ResponsibilityFault;
use crate::pipeline::standing::Standing;
use crate::pipeline::targets::{CredentialKind, GraphSettings};
use crate::pipeline::{self, RunFault, RunReport, RunRequest};
use crate::report::tally::{ORDER, totals};
use crate::store::{NewConnection, OrgScope, StoreFault};

use tenant::firm::{Firm, FirmError};
use tenant::throttle::Throttle;
use tenant::{RunningTenant, Tenant, TenantOptions};

/// What one run of the demo came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoRun {
    pub id: RunId,
    /// How many datasets ended how.
    pub datasets: BTreeMap<CollectionOutcome, u64>,
    /// Records added to the ledger.
    pub records: u64,
    pub findings: BTreeMap<FindingOutcome, u64>,
}

/// Where a framework stands at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoFramework {
    pub id: FrameworkId,
    pub title: String,
    /// Controls by status; parents, which follow from their parts, are not counted beside them.
    pub controls: BTreeMap<&'static str, usize>,
}

/// How gaps moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoGaps {
    pub open: u64,
    pub opened_in_second_run: u64,
    pub closed_in_second_run: u64,
}

/// Everything the demo did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoReport {
    pub organization: String,
    pub name: String,
    pub provider: Option<String>,
    pub data: PathBuf,
    pub runs: Vec<DemoRun>,
    /// What changed at the firm between the runs, in words.
    pub changes: Vec<String>,
    pub frameworks: Vec<DemoFramework>,
    pub gaps: DemoGaps,
    pub reports: Vec<PathBuf>,
    pub package: PathBuf,
    pub verified: bool,
    pub key_fingerprint: String,
}

/// Why the demo could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoFault {
    #[error("the simulated tenant cannot listen on loopback")]
    Listen(#[source] std::io::Error),
    #[error("the firm's file cannot be used")]
    Firm(#[from] FirmError),
    #[error("the firm's short name cannot be used")]
    Slug(#[from] InvalidId),
    #[error(transparent)]
    Run(#[from] RunFault),
    #[error(transparent)]
    App(#[from] AppFault),
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error(transparent)]
    Deliver(#[from] DeliverFault),
    #[error("the tenant's secret cannot be sealed")]
    Key(#[from] KeyFault),
    #[error(transparent)]
    Decision(#[from] DecisionFault),
    #[error(transparent)]
    Responsibility(#[from] ResponsibilityFault),
    #[error("a document of the pretend client cannot be written")]
    Document(#[source] std::io::Error),
    #[error("the package that was just written cannot be opened")]
    Open(#[from] OpenError),
}

/// Frameworks whose reports the demo writes; the package is of the first.
const REPORTED: [&str; 3] = ["cmmc-l2", "hipaa-security", "pci-dss-4.0.1"];

/// Runs the whole job on `firm` in a fresh installation. `say` is told what happens, a line at a time.
pub async fn run(
    app: &App,
    firm: Firm,
    watch: &Watcher<'_>,
    say: &(dyn Fn(&str) + Send + Sync),
) -> Result<DemoReport, DemoFault> {
    let changes: Vec<String> = firm.second_run().iter().map(|edit| edit.why.clone()).collect();
    let (client, provider, domain) = (firm.client.clone(), firm.provider.clone(), firm.tenant.domain.clone());
    let organization = enrol(app, &firm).await?;
    let scope = OrgScope::of(&organization);
    let who = provider.as_ref().map_or_else(String::new, |provider| format!(", looked after by {provider}"));
    say(&format!("{client} (fictional){who}. Its tenant is simulated; this machine is real."));

    let options = TenantOptions { throttle: Throttle::Off, ..TenantOptions::default() };
    let tenant = Tenant::start(firm.clone(), options).await.map_err(DemoFault::Listen)?;
    connect(app, &organization, &tenant, &domain).await?;
    let request = RunRequest { cause: "demo".to_owned(), ..RunRequest::default() };
    say("First run: collecting from Microsoft 365 and from this machine.");
    let first = pipeline::run(app, &organization, &request, watch).await?;
    let acting = agreement::agree(app, &organization, &firm, say).await?;
    tenant.apply_second_run();
    for change in &changes {
        say(&format!("In the meantime: {change}"));
    }
    say("Second run.");
    let second = pipeline::run(app, &organization, &request, watch).await?;
    tenant.shutdown().await;
    if let Some(acting) = &acting {
        agreement::work(app, &organization, acting).await?;
    }

    let now = app.clock.now();
    let mut written = Vec::new();
    for id in REPORTED.iter().filter_map(|id| id.parse::<FrameworkId>().ok()) {
        if organization.frameworks.contains(&id) {
            written.extend(reports::write(app, &organization, &id, now, None).await?);
        }
    }
    written.extend(reports::write_gap_lists(app, &organization, now, None).await?);
    let framework = organization.frameworks.iter().find(|id| id.as_str() == REPORTED[0]);
    let framework = framework.or(organization.frameworks.first()).cloned();
    let framework = framework.ok_or_else(|| DeliverFault::NothingSealed(now.for_people()))?;
    let request = package::PackageRequest { framework, from: None, as_of: app.clock.now(), out: None };
    let package = package::write(app, &organization, &request).await?;
    let checked = verify::package(&package, None)?;

    let standing = Standing::known(app, &organization, now).await?;
    let statuses = standing.statuses_now(now);
    let frameworks = organization
        .frameworks
        .iter()
        .filter_map(|id| app.catalog.frameworks.get(id))
        .map(|framework| {
            let totals = totals(framework, &statuses);
            DemoFramework {
                id: framework.id.clone(),
                title: framework.title.clone(),
                controls: ORDER.map(|state| (state.as_str(), totals.of(state))).into(),
            }
        })
        .collect();
    Ok(DemoReport {
        organization: organization.slug.to_string(),
        name: organization.name,
        provider,
        data: app.data.path().to_owned(),
        runs: [&first, &second].map(summary).to_vec(),
        changes,
        frameworks,
        gaps: DemoGaps {
            open: standing.gaps.iter().filter(|gap| gap.state != GapState::Closed).count() as u64,
            opened_in_second_run: second.gaps_opened,
            closed_in_second_run: second.gaps_closed,
        },
        reports: written.into_iter().map(|one| one.path).collect(),
        package,
        verified: checked.verdict != Verdict::Altered,
        key_fingerprint: app.verifying_key(&scope).await?.fingerprint(),
    })
}

async fn enrol(app: &App, firm: &Firm) -> Result<Organization, DemoFault> {
    let request = OrganizationRequest {
        slug: firm.slug.parse()?,
        name: firm.client.clone(),
        model: firm.engagement,
        frameworks: Vec::new(),
        time_zone: "America/New_York".to_owned(),
        settings: json!({ "break_glass_accounts": firm.break_glass }),
    };
    Ok(add_organization(app, request).await?)
}

/// How the simulated tenant is reached: with its client secret, at its own addresses.
#[must_use]
pub fn settings_for(tenant: &RunningTenant) -> GraphSettings {
    GraphSettings {
        cloud: Cloud::Custom,
        client_id: tenant.client_id().to_owned(),
        credential: CredentialKind::Secret,
        login_url: Some(tenant.login_url().to_owned()),
        graph_url: Some(tenant.graph_url().to_owned()),
        secret_expires: None,
        federated_token_file: None,
    }
}

/// Connects the tenant by its domain, which people can read, and this machine.
async fn connect(
    app: &App,
    organization: &Organization,
    tenant: &RunningTenant,
    domain: &str,
) -> Result<(), DemoFault> {
    let scope = OrgScope::of(organization);
    let settings = settings_for(tenant);
    let secret: secrecy::SecretString = tenant.client_secret().to_owned().into();
    let target = settings.connection(domain, &secret)?.tenant().to_owned();
    let sealed = app.secret_key.seal(&connection_purpose(&scope, &target), secret.expose_secret().as_bytes())?;
    let graph = NewConnection { source: Source::Graph, target, settings: json!(settings), secret: Some(sealed) };
    app.store.add_connection(&scope, &graph, app.clock.now()).await?;
    let host = NewConnection {
        source: Source::Host,
        target: crate::collect::host::local_host_name(),
        settings: json!({}),
        secret: None,
    };
    app.store.add_connection(&scope, &host, app.clock.now()).await?;
    Ok(())
}

fn summary(report: &RunReport) -> DemoRun {
    let mut datasets = BTreeMap::new();
    for line in &report.datasets {
        *datasets.entry(line.outcome).or_default() += 1;
    }
    DemoRun { id: report.run, datasets, records: report.records, findings: report.findings.clone() }
}
