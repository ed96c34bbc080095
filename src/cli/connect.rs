//! `countersign connect m365|host|consent-url|list|remove`

mod remove;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::app::{App, connection_purpose};
use crate::catalog::collector::{Cloud, CollectorDefinition};
use crate::collect::graph::tenant_name;
use crate::collect::host::local_host_name;
use crate::config::secret::SecretReference;
use crate::config::secret_key::random;
use crate::doctor;
use crate::model::evidence::Source;
use crate::model::id::OrgSlug;
use crate::model::moment::Moment;
use crate::pipeline::credentials::{self, CredentialFault};
use crate::pipeline::targets::{CredentialKind, GraphSettings};
use crate::store::{NewConnection, OrgScope};

#[derive(Debug, Args)]
pub struct ConnectArguments {
    #[command(subcommand)]
    command: ConnectCommand,
}

#[derive(Debug, Subcommand)]
enum ConnectCommand {
    /// A Microsoft 365 tenant, read through Microsoft Graph by an app registration
    M365(M365Arguments),
    /// The machine this runs on, as a Linux endpoint
    Host(HostArguments),
    /// The link by which an administrator of a connected tenant gives the application its permissions
    ConsentUrl(ConsentArguments),
    /// List what is connected, and what was removed
    List(remove::ListArguments),
    /// Disconnect a tenant or host by a signed decision: its secret is deleted, and its results no longer count
    Remove(remove::RemoveArguments),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CloudName {
    Global,
    GccHigh,
    Dod,
    China,
    /// Needs --login-url and --graph-url
    Custom,
}

impl From<CloudName> for Cloud {
    fn from(name: CloudName) -> Self {
        match name {
            CloudName::Global => Self::Global,
            CloudName::GccHigh => Self::GccHigh,
            CloudName::Dod => Self::Dod,
            CloudName::China => Self::China,
            CloudName::Custom => Self::Custom,
        }
    }
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("credential").required(true).args(
    ["client_secret_file", "certificate", "created_certificate", "federated_token_file"]
))]
struct M365Arguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Tenant id (a GUID) or one of the tenant's own domains
    #[arg(long, value_name = "ID")]
    tenant: String,
    /// Application (client) id of the app registration
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// File that holds the client secret; it is kept sealed in the database
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// PEM file with certificate and private key
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Sign in with the certificate that `certificate create` made for this tenant
    #[arg(long)]
    created_certificate: bool,
    /// Until when the client secret is good, as the app registration says, to be warned before: 2027-05-31, which is the end
    /// of that day in the organization's time zone
    #[arg(long, value_name = "TIME|DATE", requires = "client_secret_file")]
    secret_expires: Option<Moment>,
    /// File in which another identity provider keeps a signed token fresh (workload identity); read whenever it is needed
    #[arg(long, value_name = "FILE")]
    federated_token_file: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = CloudName::Global)]
    cloud: CloudName,
    /// Base of the token endpoint, for --cloud custom; plain http only to this machine. For --cloud china one of its two
    #[arg(long, value_name = "URL")]
    login_url: Option<String>,
    /// Base of Graph, for --cloud custom; plain http only to this machine
    #[arg(long, value_name = "URL")]
    graph_url: Option<String>,
    /// Give a connected tenant these settings and this credential, for instance before the old one expires
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Args)]
struct HostArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Name of the host; default: its own
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, Args)]
struct ConsentArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Tenant id or domain, as it is connected
    #[arg(long, value_name = "ID")]
    tenant: String,
    /// A redirect address of the app registration; nothing has to answer there
    #[arg(long, value_name = "URL", default_value = "http://localhost")]
    redirect: url::Url,
}

pub async fn run(common: &Common, arguments: ConnectArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let now = app.clock.now();
    let mut waiting = None;
    let (org, connection, replace) = match arguments.command {
        ConnectCommand::ConsentUrl(arguments) => return consent(common, &app, &arguments).await,
        ConnectCommand::List(arguments) => return remove::list(common, &app, &arguments).await,
        ConnectCommand::Remove(arguments) => return remove::remove(common, &app, &arguments).await,
        ConnectCommand::M365(arguments) => {
            let organization = session::organization(&app, &arguments.org).await?;
            let scope = OrgScope::of(&organization);
            let tenant = tenant_name(&arguments.tenant)?;
            let federated = arguments.federated_token_file.map(std::path::absolute).transpose()?;
            let (kind, secret) = match (arguments.client_secret_file, arguments.certificate) {
                (Some(path), _) => (CredentialKind::Secret, Some(given(path)?)),
                (None, Some(path)) => (CredentialKind::Certificate, Some(given(path)?)),
                (None, None) if federated.is_some() => (CredentialKind::Federated, None),
                (None, None) => {
                    let (id, pem) = credentials::newest_waiting(&app, &scope, &tenant).await?;
                    waiting = Some(id);
                    (CredentialKind::Certificate, Some(pem))
                }
            };
            let settings = GraphSettings {
                cloud: arguments.cloud.into(),
                client_id: arguments.client_id,
                credential: kind,
                login_url: arguments.login_url,
                graph_url: arguments.graph_url,
                secret_expires: arguments.secret_expires.map(|day| day.last(&organization)),
                federated_token_file: federated,
            };
            let checked = settings.connection(&arguments.tenant, &secret.clone().unwrap_or_default())?;
            let target = checked.tenant().to_owned();
            let purpose = connection_purpose(&scope, &target);
            let secret = secret.map(|secret| app.secret_key.seal(&purpose, secret.expose_secret().as_bytes()));
            let settings = serde_json::to_value(&settings)?;
            let connection = NewConnection { source: Source::Graph, target, settings, secret: secret.transpose()? };
            (arguments.org, connection, arguments.replace)
        }
        ConnectCommand::Host(arguments) => {
            let target = arguments.name.unwrap_or_else(local_host_name);
            let connection = NewConnection { source: Source::Host, target, settings: json!({}), secret: None };
            (arguments.org, connection, false)
        }
    };
    let scope = OrgScope::of(&session::organization(&app, &org).await?);
    let id = if replace {
        app.store.replace_connection(&scope, &connection, now).await?
    } else {
        app.store.add_connection(&scope, &connection, now).await?
    };
    if let Some(waiting) = waiting {
        app.store.remove_certificate(&scope, waiting).await?;
    }
    if common.json {
        output::json(&json!({
            "id": id,
            "organization": org,
            "source": connection.source,
            "target": connection.target,
        }))?;
    } else {
        let kind = connection.source.as_str();
        output::line(&format!("Connected {kind} target {} to {org}", output::plain(&connection.target)))?;
        if connection.source == Source::Graph {
            let target = output::plain(&connection.target);
            output::line("Next: unless an administrator of the tenant has consented already, send one the link of")?;
            output::line(&format!("  countersign connect consent-url --org {org} --tenant {target}"))?;
            output::line(&format!("then see what is still missing: countersign doctor --org {org}"))?;
        }
        output::line(&format!("Next: countersign collect --org {org}"))?;
    }
    Ok(Ending::Fine)
}

fn given(path: PathBuf) -> anyhow::Result<SecretString> {
    SecretReference::File(path).resolve().context("the credential cannot be read")
}

/// Prints the link, what it asks for, and why.
async fn consent(common: &Common, app: &App, arguments: &ConsentArguments) -> anyhow::Result<Ending> {
    let ConsentArguments { org, tenant, redirect } = arguments;
    let scope = OrgScope::of(&session::organization(app, org).await?);
    let target = tenant_name(tenant)?;
    let connections = app.store.connections(&scope).await?;
    let connection = connections.iter().find(|one| one.source == Source::Graph && one.target == target);
    let connection = connection.ok_or_else(|| CredentialFault::NotConnected(target.clone()))?;
    let tenant = credentials::graph_connection(app, &scope, connection).await?;
    // It comes back in the browser's address, so that an answer to somebody else's link is not taken for this one's.
    let state = hex::encode(random::<16>()?.as_slice());
    let url = tenant.consent_url(redirect.as_str(), &state);
    let needed = doctor::needed(&app.catalog, tenant.cloud());
    if common.json {
        let permissions: Vec<_> = needed
            .iter()
            .map(|(permission, collectors)| {
                let datasets: Vec<_> =
                    collectors.iter().map(|one| json!({ "id": one.id, "proves": one.proves })).collect();
                json!({ "id": permission, "datasets": datasets })
            })
            .collect();
        output::json(&json!({ "target": target, "url": url, "state": state, "permissions": permissions }))?;
        return Ok(Ending::Fine);
    }
    output::line("The app registration asks for these application permissions of Microsoft Graph, and no others:")?;
    let rows: Vec<[String; 2]> =
        needed.iter().map(|(permission, collectors)| [(*permission).to_owned(), titles(collectors)]).collect();
    output::table(["permission", "to read"], &rows)?;
    output::line("")?;
    output::line("Link for a Global Administrator or Privileged Role Administrator of the tenant:")?;
    output::line(&format!("  {url}"))?;
    output::line("")?;
    output::line(&format!(
        "Afterwards the browser goes to {redirect}, where nothing has to answer: its address must say admin_consent=True \
         and state={state}. It takes some minutes until new permissions count."
    ))?;
    output::line(&format!("Next: countersign doctor --org {org}"))?;
    Ok(Ending::Fine)
}

fn titles(collectors: &[&CollectorDefinition]) -> String {
    collectors.iter().map(|collector| collector.title.as_str()).collect::<Vec<_>>().join(", ")
}
