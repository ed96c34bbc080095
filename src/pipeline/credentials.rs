//! What connections sign in with, until when, and how one certificate follows another.
//!
//! A new certificate waits beside the one in use; it takes its place only when the sign-in service has accepted it. No key
//! and no secret leaves this module but sealed. Start with [`credentials`]; a rotation is [`create`], then [`activate`].

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use uuid::Uuid;

use super::targets::{CredentialKind, GraphSettings};
use crate::app::{App, certificate_purpose, connection_purpose};
use crate::catalog::collector::Cloud;
use crate::collect::graph::{
    CertificateFacts, ConnectionError, GraphConnection, GraphLimits, GraphTarget, TokenFailure, create_certificate,
    tenant_name,
};
use crate::config::secret_key::KeyFault;
use crate::model::evidence::Source;
use crate::model::time::Timestamp;
use crate::store::{Connection, NewConnection, OrgScope, StoreFault};

/// What a Microsoft 365 connection signs in with. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CredentialFacts {
    pub target: String,
    pub client_id: String,
    pub credential: CredentialKind,
    /// Of a certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateFacts>,
    /// When it ends; none when nobody has said it, which of a client secret nothing else tells.
    pub ends: Option<Timestamp>,
}

/// A certificate that was made and is not in use yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingCertificate {
    #[serde(skip)]
    pub id: Uuid,
    pub tenant: String,
    pub certificate: CertificateFacts,
    pub made_at: Timestamp,
}

/// A certificate that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub tenant: String,
    pub facts: CertificateFacts,
    /// To be uploaded to the app registration.
    pub public_pem: String,
}

/// Why a certificate was not made, shown or taken into use.
#[derive(Debug, thiserror::Error)]
pub enum CredentialFault {
    #[error(transparent)]
    Store(#[from] StoreFault),
    #[error(transparent)]
    Key(#[from] KeyFault),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("the connection to {target} cannot be used: {message}")]
    Unreadable { target: String, message: String },
    #[error("`{0}` is not connected; connect it with: countersign connect m365")]
    NotConnected(String),
    #[error(
        "no certificate waits for {0}; make one with countersign certificate create, or certificate rotate when it is connected"
    )]
    NoneWaits(String),
    #[error(
        "a certificate waits for {tenant} already, made on {made}: take it into use, or make another in its place with --again"
    )]
    WaitsAlready { tenant: String, made: String },
    #[error("the new certificate of {target} was not accepted, and nothing was changed")]
    Refused { target: String, source: TokenFailure },
    #[error("making the certificate was cut off")]
    Cancelled,
}

/// How a connection is reached, and its secret.
pub(super) async fn opened(
    app: &App,
    scope: &OrgScope,
    connection: &Connection,
) -> Result<(GraphSettings, SecretString), CredentialFault> {
    let unreadable = |message: String| CredentialFault::Unreadable { target: connection.target.clone(), message };
    let settings: GraphSettings =
        serde_json::from_value(connection.settings.clone()).map_err(|fault| unreadable(fault.to_string()))?;
    if settings.credential == CredentialKind::Federated {
        return Ok((settings, SecretString::default()));
    }
    let id = connection.secret.ok_or_else(|| unreadable("it has no secret".to_owned()))?;
    let sealed = app.store.sealed_secret(scope, id).await?;
    let opened = app.secret_key.open(&connection_purpose(scope, &connection.target), &sealed)?;
    let text = String::from_utf8(opened.to_vec()).map_err(|_| unreadable("its secret is not text".to_owned()))?;
    Ok((settings, text.into()))
}

/// The tenant of a connection, ready to be asked.
///
/// # Errors
/// When its settings or its secret cannot be used.
pub async fn graph_target(
    app: &App,
    scope: &OrgScope,
    connection: &Connection,
    limits: GraphLimits,
) -> Result<GraphTarget, CredentialFault> {
    Ok(GraphTarget::new(graph_connection(app, scope, connection).await?, limits)?)
}

/// How the tenant of a connection is reached, and as whom.
///
/// # Errors
/// When its settings or its secret cannot be used.
pub async fn graph_connection(
    app: &App,
    scope: &OrgScope,
    connection: &Connection,
) -> Result<GraphConnection, CredentialFault> {
    let (settings, secret) = opened(app, scope, connection).await?;
    checked(&settings, &connection.target, &secret)
}

fn checked(settings: &GraphSettings, target: &str, secret: &SecretString) -> Result<GraphConnection, CredentialFault> {
    settings
        .connection(target, secret)
        .map_err(|fault| CredentialFault::Unreadable { target: target.to_owned(), message: fault.to_string() })
}

/// What a connection signs in with.
///
/// # Errors
/// When its settings or its secret cannot be read.
pub async fn facts_of(
    app: &App,
    scope: &OrgScope,
    connection: &Connection,
) -> Result<CredentialFacts, CredentialFault> {
    let (settings, secret) = opened(app, scope, connection).await?;
    let certificate = (settings.credential == CredentialKind::Certificate).then(|| CertificateFacts::of_pem(&secret));
    let certificate = certificate.transpose()?;
    let ends = certificate.as_ref().map(|facts| facts.not_after).or(settings.secret_expires);
    let target = connection.target.clone();
    Ok(CredentialFacts { target, client_id: settings.client_id, credential: settings.credential, certificate, ends })
}

/// What the Microsoft 365 connections of an organization sign in with, oldest connection first; those that cannot be
/// read are left out, because whatever needs them says so.
///
/// # Errors
/// When the database cannot be asked.
pub async fn credentials(app: &App, scope: &OrgScope) -> Result<Vec<CredentialFacts>, StoreFault> {
    let mut all = Vec::new();
    for connection in app.store.connections(scope).await? {
        if connection.source == Source::Graph {
            all.extend(facts_of(app, scope, &connection).await.ok());
        }
    }
    Ok(all)
}

/// The certificates that wait to be used, oldest first.
///
/// # Errors
/// When one cannot be opened.
pub async fn waiting(app: &App, scope: &OrgScope) -> Result<Vec<WaitingCertificate>, CredentialFault> {
    let mut all = Vec::new();
    for (stored, pem) in opened_certificates(app, scope).await? {
        let certificate = CertificateFacts::of_pem(&pem)?;
        all.push(WaitingCertificate { id: stored.0, tenant: stored.1, certificate, made_at: stored.2 });
    }
    Ok(all)
}

type Named = (Uuid, String, Timestamp);

async fn opened_certificates(app: &App, scope: &OrgScope) -> Result<Vec<(Named, SecretString)>, CredentialFault> {
    let mut all = Vec::new();
    for stored in app.store.certificates(scope).await? {
        let opened = app.secret_key.open(&certificate_purpose(scope, &stored.tenant), &stored.sealed)?;
        let text = String::from_utf8(opened.to_vec()).map_err(|_| KeyFault::Altered)?;
        all.push(((stored.id, stored.tenant, stored.created_at), text.into()));
    }
    Ok(all)
}

/// The newest certificate that waits for a tenant, with its key.
///
/// # Errors
/// [`CredentialFault::NoneWaits`] when there is none.
pub async fn newest_waiting(
    app: &App,
    scope: &OrgScope,
    tenant: &str,
) -> Result<(Uuid, SecretString), CredentialFault> {
    let all = opened_certificates(app, scope).await?;
    let newest = all.into_iter().rfind(|((_, of, _), _)| of == tenant);
    newest.map(|((id, ..), pem)| (id, pem)).ok_or_else(|| CredentialFault::NoneWaits(tenant.to_owned()))
}

/// What to do about a certificate that waits already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    Refuse,
    /// Make another; the one that waits is removed.
    Replace,
}

/// Makes a certificate for a tenant and keeps it, sealed, until it is taken into use.
///
/// # Errors
/// When one waits already and is to stay, or it cannot be kept.
pub async fn create(
    app: &App,
    scope: &OrgScope,
    (tenant, name): (&str, &str),
    days: u16,
    waits: Waits,
) -> Result<Made, CredentialFault> {
    let tenant = tenant_name(tenant)?;
    let before: Vec<WaitingCertificate> =
        waiting(app, scope).await?.into_iter().filter(|one| one.tenant == tenant).collect();
    if let (Some(one), Waits::Refuse) = (before.last(), waits) {
        return Err(CredentialFault::WaitsAlready { tenant, made: one.made_at.for_people() });
    }
    let (name, now) = (format!("Countersign for {name}"), app.clock.now());
    let made = tokio::task::spawn_blocking(move || create_certificate(&name, days, now))
        .await
        .map_err(|_| CredentialFault::Cancelled)??;
    let sealed = app.secret_key.seal(&certificate_purpose(scope, &tenant), made.pem.expose_secret().as_bytes())?;
    app.store.add_certificate(scope, &tenant, &sealed, now).await?;
    for old in before {
        app.store.remove_certificate(scope, old.id).await?;
    }
    Ok(Made { tenant, facts: made.facts, public_pem: made.public_pem })
}

/// Signs in to a connected tenant with the newest certificate that waits for it, and only then puts it into the place of
/// what was used so far.
///
/// # Errors
/// [`CredentialFault::Refused`] when it was not accepted: then nothing was changed.
pub async fn activate(app: &App, scope: &OrgScope, tenant: &str) -> Result<CredentialFacts, CredentialFault> {
    let target = tenant_name(tenant)?;
    let connections = app.store.connections(scope).await?;
    let connection = connections
        .into_iter()
        .find(|one| one.source == Source::Graph && one.target == target)
        .ok_or_else(|| CredentialFault::NotConnected(target.clone()))?;
    let (waiting, pem) = newest_waiting(app, scope, &target).await?;
    let unreadable = |message: String| CredentialFault::Unreadable { target: target.clone(), message };
    let mut settings: GraphSettings =
        serde_json::from_value(connection.settings.clone()).map_err(|fault| unreadable(fault.to_string()))?;
    settings.credential = CredentialKind::Certificate;
    settings.secret_expires = None;
    let limits = limits_of(settings.cloud);
    let tried = GraphTarget::new(checked(&settings, &target, &pem)?, limits)?;
    tried
        .check_access(app.clock.as_ref())
        .await
        .map_err(|source| CredentialFault::Refused { target: target.clone(), source })?;
    let sealed = app.secret_key.seal(&connection_purpose(scope, &target), pem.expose_secret().as_bytes())?;
    let settings = serde_json::to_value(&settings).map_err(|fault| unreadable(fault.to_string()))?;
    let new = NewConnection { source: Source::Graph, target: target.clone(), settings, secret: Some(sealed) };
    app.store.replace_connection(scope, &new, app.clock.now()).await?;
    // Cut off here, it waits on as a copy of the one in use, which harms nothing.
    app.store.remove_certificate(scope, waiting).await?;
    let connections = app.store.connections(scope).await?;
    let now_used = connections.iter().find(|one| one.source == Source::Graph && one.target == target);
    facts_of(app, scope, now_used.ok_or(CredentialFault::NotConnected(target))?).await
}

/// How patient to be with a cloud while somebody waits for the answer.
#[must_use]
pub fn limits_of(cloud: Cloud) -> GraphLimits {
    let limits = if cloud == Cloud::Custom { GraphLimits::for_loopback() } else { GraphLimits::default() };
    GraphLimits { max_tries: 2, max_connection_tries: 1, ..limits }
}
