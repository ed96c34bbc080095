//! Which tenant of which cloud is read, and as whom. Checked once, here; everything behind it may trust it.

use std::fmt;

use countersign_seal::digest::Digest;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};
use uuid::Uuid;

use super::assertion::ClientCertificate;
use super::federated::FederatedToken;
use super::profile::profile_of;
use crate::catalog::collector::Cloud;

/// How the application proves who it is to the token endpoint. Never printed.
pub enum Credential {
    Secret(SecretString),
    Certificate(ClientCertificate),
    /// A statement that somebody else signed about this workload, read from a file whenever a token is asked for.
    Federated(FederatedToken),
}

impl Credential {
    /// Tells credentials apart without holding them: connections with the same one may share a token.
    pub(super) fn fingerprint(&self) -> Digest {
        match self {
            Self::Secret(secret) => Digest::of(format!("secret {}", secret.expose_secret()).as_bytes()),
            Self::Certificate(certificate) => {
                Digest::of(format!("certificate {}", certificate.thumbprint()).as_bytes())
            }
            Self::Federated(token) => Digest::of(format!("federated {}", token.path().display()).as_bytes()),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Secret(_) => "Secret([not shown])",
            Self::Certificate(_) => "Certificate([not shown])",
            Self::Federated(_) => "Federated([not shown])",
        })
    }
}

/// A connection that cannot be used, found before anything is sent.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error("`{0}` is not a tenant: give the tenant id (a GUID) or one of the tenant's own domains")]
    NotATenant(String),
    #[error("`{0}` is not a client id: give the application (client) id of the app registration, a GUID")]
    NotAClientId(String),
    #[error("the client secret is empty or holds line breaks: give the secret's value, not its id")]
    NotASecret,
    #[error("the cloud `custom` needs both a login URL and a Graph URL")]
    CustomNeedsUrls,
    #[error(
        "a login or Graph URL can only be given for the cloud `custom`, or for a cloud with two login hosts one of them; the hosts of the other clouds are fixed"
    )]
    UrlsNeedCustom,
    #[error("`{url}` cannot be used as {what}: it needs a host, and no user name, query or fragment")]
    NotABaseUrl { what: &'static str, url: String },
    #[error("`{url}` is plain http to another machine: use https, because the token would travel in the open")]
    PlainHttp { url: String },
    #[error("`{0}` is not an absolute path: name the file of the federated token from the root of the file system")]
    NotATokenFile(String),
    #[error("the client certificate cannot be used: {0}")]
    Certificate(String),
    #[error("the HTTP client could not be made")]
    Client(#[source] reqwest::Error),
}

/// One application in one tenant of one cloud.
#[derive(Debug)]
pub struct GraphConnection {
    cloud: Cloud,
    tenant: String,
    client_id: Uuid,
    credential: Credential,
    login_url: Url,
    graph_url: Url,
}

impl GraphConnection {
    /// Takes `login_url` and `graph_url` for [`Cloud::Custom`], and both of them; for another cloud only a login URL, and
    /// only one of the cloud's own. Sends nothing.
    ///
    /// # Errors
    /// [`ConnectionError`] names what is wrong and what to give instead; never the secret.
    pub fn new(
        cloud: Cloud,
        tenant: &str,
        client_id: &str,
        credential: Credential,
        login_url: Option<&str>,
        graph_url: Option<&str>,
    ) -> Result<Self, ConnectionError> {
        let graph_url = match (profile_of(cloud), graph_url) {
            (Some(profile), None) => profile.graph,
            (Some(_), Some(_)) => return Err(ConnectionError::UrlsNeedCustom),
            (None, graph_url) => graph_url.ok_or(ConnectionError::CustomNeedsUrls)?,
        };
        let login_url = sign_in_url(cloud, login_url)?;
        if let Credential::Secret(secret) = &credential {
            let secret = secret.expose_secret();
            if secret.trim().is_empty() || secret.contains(['\n', '\r']) {
                return Err(ConnectionError::NotASecret);
            }
        }
        Ok(Self {
            cloud,
            tenant: tenant_name(tenant)?,
            client_id: Uuid::parse_str(client_id.trim())
                .map_err(|_| ConnectionError::NotAClientId(shortened(client_id)))?,
            credential,
            login_url: base_url("the login URL", login_url)?,
            graph_url: base_url("the Graph URL", graph_url)?,
        })
    }

    #[must_use]
    pub fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// As given, in lower case: the tenant's GUID or one of its domains.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The application id in the tenant; not a secret.
    #[must_use]
    pub fn client_id(&self) -> Uuid {
        self.client_id
    }

    pub(super) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Root of the Graph service; its path ends with `/`.
    #[must_use]
    pub fn graph_url(&self) -> &Url {
        &self.graph_url
    }

    /// What batches of reads are posted to.
    pub(super) fn batch_url(&self, version: &str) -> Url {
        below(&self.graph_url, &format!("{version}/$batch"))
    }

    /// What of a link lies below the API version, beginning with `/`; none when it is not ours or of another version.
    pub(super) fn relative(&self, url: &Url, version: &str) -> Option<String> {
        let rest = url.path().strip_prefix(self.graph_url.path())?.strip_prefix(version)?;
        let is_ours = self.owns(url) && rest.starts_with('/') && url.fragment().is_none();
        is_ours.then(|| url.query().map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}")))
    }

    /// Where tokens of this tenant come from.
    #[must_use]
    pub fn token_url(&self) -> Url {
        below(&self.login_url, &format!("{}/oauth2/v2.0/token", self.tenant))
    }

    /// What the sign-in service tells everybody about the tenant.
    #[must_use]
    pub fn sign_in_document_url(&self) -> Url {
        below(&self.login_url, &format!("{}/v2.0/.well-known/openid-configuration", self.tenant))
    }

    /// Where an administrator of the tenant gives the application its permissions. `state` comes back unchanged.
    #[must_use]
    pub fn consent_url(&self, redirect: &str, state: &str) -> Url {
        let mut url = below(&self.login_url, &format!("{}/v2.0/adminconsent", self.tenant));
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id.to_string())
            .append_pair("scope", &self.scope())
            .append_pair("redirect_uri", redirect)
            .append_pair("state", state);
        url
    }

    /// `<graph root>/.default`: every permission that was granted to the application.
    #[must_use]
    pub fn scope(&self) -> String {
        format!("{}.default", self.graph_url)
    }

    /// True when `url` is the very service the token is for: same scheme, host and port, and no user name.
    pub(super) fn owns(&self, url: &Url) -> bool {
        url.scheme() == self.graph_url.scheme()
            && url.host() == self.graph_url.host()
            && url.port_or_known_default() == self.graph_url.port_or_known_default()
            && url.username().is_empty()
            && url.password().is_none()
    }

    /// True when both services are on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_loopback(&self.login_url) && is_loopback(&self.graph_url)
    }

    /// True when no request of this connection may ever be sent in the open.
    pub(super) fn is_https_only(&self) -> bool {
        self.login_url.scheme() == "https" && self.graph_url.scheme() == "https"
    }
}

/// `path` (relative, already encoded) appended to a base URL; never leaves its host.
pub(super) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path()));
    url
}

/// Where people of a cloud sign in: its first host, or the one that was chosen among its own; of a custom one the chosen.
///
/// # Errors
/// When a cloud has no such host, or a custom one was given none.
pub fn sign_in_url(cloud: Cloud, chosen: Option<&str>) -> Result<&str, ConnectionError> {
    let Some(profile) = profile_of(cloud) else { return chosen.ok_or(ConnectionError::CustomNeedsUrls) };
    let is_chosen =
        |login: &&&str| chosen.is_none_or(|chosen| chosen.trim().trim_end_matches('/') == login.trim_end_matches('/'));
    profile.logins.iter().find(is_chosen).copied().ok_or(ConnectionError::UrlsNeedCustom)
}

/// A tenant as connections keep it: the GUID or domain in lower case.
///
/// # Errors
/// [`ConnectionError::NotATenant`] for what names none, or any.
pub fn tenant_name(tenant: &str) -> Result<String, ConnectionError> {
    let name = tenant.trim().to_ascii_lowercase();
    let is_word = (1..=253).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && !name.starts_with(['.', '-'])
        && !name.contains("..");
    // A token for "any tenant" could not be told apart by customer.
    let is_shared = matches!(name.as_str(), "common" | "organizations" | "consumers");
    let is_one_tenant = Uuid::parse_str(&name).is_ok() || name.contains('.');
    if is_word && is_one_tenant && !is_shared { Ok(name) } else { Err(ConnectionError::NotATenant(shortened(tenant))) }
}

fn base_url(what: &'static str, text: &str) -> Result<Url, ConnectionError> {
    let refuse = || ConnectionError::NotABaseUrl { what, url: shortened(text) };
    let mut url = Url::parse(text.trim()).map_err(|_| refuse())?;
    let is_plain_base = url.has_host()
        && matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !is_plain_base {
        return Err(ConnectionError::NotABaseUrl { what, url: without_credentials(&url) });
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(ConnectionError::PlainHttp { url: shortened(text) });
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn without_credentials(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests;
