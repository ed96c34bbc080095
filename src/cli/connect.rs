//! `countersign connect m365|host`

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::app::connection_purpose;
use crate::catalog::collector::Cloud;
use crate::collect::host::local_host_name;
use crate::config::secret::SecretReference;
use crate::model::evidence::Source;
use crate::model::id::OrgSlug;
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
#[command(group = clap::ArgGroup::new("credential").required(true).args(["client_secret_file", "certificate", "federated_token_file"]))]
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

pub async fn run(common: &Common, arguments: ConnectArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let now = app.clock.now();
    let (org, connection, replace) = match arguments.command {
        ConnectCommand::M365(arguments) => {
            let (kind, path) = match (arguments.client_secret_file, arguments.certificate) {
                (Some(path), _) => (CredentialKind::Secret, Some(path)),
                (None, Some(path)) => (CredentialKind::Certificate, Some(path)),
                (None, None) => (CredentialKind::Federated, None),
            };
            let secret =
                path.map(|path| SecretReference::File(path).resolve().context("the credential cannot be read"));
            let secret = secret.transpose()?;
            let federated = arguments.federated_token_file.map(std::path::absolute).transpose()?;
            let settings = GraphSettings {
                cloud: arguments.cloud.into(),
                client_id: arguments.client_id,
                credential: kind,
                login_url: arguments.login_url,
                graph_url: arguments.graph_url,
                federated_token_file: federated,
            };
            let checked = settings.connection(&arguments.tenant, &secret.clone().unwrap_or_default())?;
            let scope = OrgScope::of(&session::organization(&app, &arguments.org).await?);
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
        output::line(&format!("Next: countersign collect --org {org}"))?;
    }
    Ok(Ending::Fine)
}
