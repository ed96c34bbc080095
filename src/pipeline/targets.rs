//! Connections of an organization -> targets that can be read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::unusable::Unusable;
use super::{RunFault, credentials};
use crate::app::App;
use crate::assess::{Judged, Targets, sources_of};
use crate::catalog::Catalog;
use crate::catalog::collector::Cloud;
use crate::collect::Target;
use crate::collect::graph::{ClientCertificate, Credential, FederatedToken, GraphConnection, GraphTarget, sign_in_url};
use crate::collect::host::HostTarget;
use crate::model::change::Changes;
use crate::model::evidence::Source;
use crate::model::time::Timestamp;
use crate::store::{Connection, OrgScope, StoreFault};

/// How a Microsoft 365 tenant is reached; kept without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphSettings {
    pub cloud: Cloud,
    pub client_id: String,
    pub credential: CredentialKind,
    #[serde(default)]
    pub login_url: Option<String>,
    #[serde(default)]
    pub graph_url: Option<String>,
    /// Until when the client secret is good, if somebody said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_expires: Option<Timestamp>,
    /// Where the signed statement lies that a federated credential presents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federated_token_file: Option<PathBuf>,
}

/// How an application proves who it is: what the sealed secret of a connection is, or that it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    Secret,
    Certificate,
    /// A statement of another identity provider, read from a file when it is needed. Nothing is kept here.
    Federated,
}

impl GraphSettings {
    /// A connection that can be used, checked before anything is sent. A federated credential needs no secret.
    pub fn connection(&self, tenant: &str, secret: &SecretString) -> Result<GraphConnection, RunFault> {
        let credential = match self.credential {
            CredentialKind::Secret => Credential::Secret(secret.clone()),
            CredentialKind::Certificate => Credential::Certificate(ClientCertificate::from_pem(secret)?),
            CredentialKind::Federated => {
                let path = self.federated_token_file.as_deref().unwrap_or(Path::new(""));
                Credential::Federated(FederatedToken::at(path)?)
            }
        };
        Ok(GraphConnection::new(
            self.cloud,
            tenant,
            &self.client_id,
            credential,
            self.login_url.as_deref(),
            self.graph_url.as_deref(),
        )?)
    }
}

/// By tenant: the page on which an administrator gives the application the permissions of its registration.
pub async fn consent_links(app: &App, scope: &OrgScope) -> Result<BTreeMap<String, String>, StoreFault> {
    let connections = app.store.connections(scope).await?;
    let link = |connection: Connection| {
        let settings: GraphSettings = serde_json::from_value(connection.settings).ok()?;
        let host = sign_in_url(settings.cloud, settings.login_url.as_deref()).ok()?.trim_end_matches('/');
        let (tenant, client) = (&connection.target, &settings.client_id);
        let link = format!("{host}/{tenant}/adminconsent?client_id={client}");
        Some((connection.target, link))
    };
    Ok(connections.into_iter().filter(|connection| connection.source == Source::Graph).filter_map(link).collect())
}

/// The targets of an organization, of one kind of source or of all.
pub async fn targets(app: &App, scope: &OrgScope, source: Option<Source>) -> Result<Vec<Box<dyn Target>>, RunFault> {
    let mut targets: Vec<Box<dyn Target>> = Vec::new();
    let mut faults = Vec::new();
    for connection in app.store.connections(scope).await? {
        if source.is_some_and(|source| source != connection.source) {
            continue;
        }
        targets.push(match connection.source {
            Source::Graph => match graph(app, scope, &connection).await {
                Ok(target) => Box::new(target),
                Err(RunFault::Store(fault)) => return Err(fault.into()),
                Err(fault) => {
                    let target = Unusable::new(&connection.target, connection.source, &fault);
                    faults.push(fault);
                    Box::new(target)
                }
            },
            Source::Host => Box::new(HostTarget::local(connection.target)),
            other => return Err(RunFault::CannotRead(other.as_str())),
        });
    }
    // With nothing else to read it is an error, before anything is sealed.
    let is_none_usable = faults.len() == targets.len();
    match faults.into_iter().next() {
        Some(fault) if is_none_usable => Err(fault),
        _ => Ok(targets),
    }
}

/// The targets that were in scope at a moment, by kind, as the roll-up needs them: without a scoping decision every
/// connection there was, also one that was removed later. One that was made anew since is known by what had been seen of
/// its target by then. `results` are those that counted.
pub async fn in_scope(
    app: &App,
    scope: &OrgScope,
    as_of: Timestamp,
    results: &[Judged],
    changes: &Changes,
) -> Result<Targets, StoreFault> {
    let there = app.store.connections(scope).await?.into_iter().map(|one| (one.source, one.target, one.created_at));
    let removed_later = changes.disconnections.iter().filter(|one| one.at > as_of);
    let removed_later = removed_later.map(|one| (one.source, one.target.clone(), one.connected_at));
    let mut targets = Targets::new();
    for (source, target, since) in there.chain(removed_later) {
        let gone = changes.last_disconnected(source, &target, as_of).map(|one| one.at);
        let again = |moment: Timestamp| gone.is_none_or(|gone| gone < moment);
        let was_seen = || results.iter().any(|judged| judged.result.target == target && again(judged.judged_at));
        if (since <= as_of && again(since)) || was_seen() {
            targets.entry(source).or_default().insert(target);
        }
    }
    Ok(targets)
}

/// Whether a result counts at a moment: not if its target was disconnected since it was judged.
pub fn counts(catalog: &Catalog, changes: &Changes, judged: &Judged, moment: Timestamp) -> bool {
    let gone = changes
        .disconnections
        .iter()
        .filter(|one| one.target == judged.result.target && one.at <= moment && judged.judged_at <= one.at);
    let read_by = |source| {
        catalog.checks.get(&judged.result.check).is_none_or(|check| sources_of(catalog, check).contains(&source))
    };
    !gone.map(|one| one.source).any(read_by)
}

/// A tenant, ready to be read.
pub async fn graph(app: &App, scope: &OrgScope, connection: &Connection) -> Result<GraphTarget, RunFault> {
    let (settings, secret) = credentials::opened(app, scope, connection).await?;
    Ok(app.graph.target(settings.connection(&connection.target, &secret)?)?)
}
