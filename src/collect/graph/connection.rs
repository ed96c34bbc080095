//! Which tenant of which cloud is read, and as whom. Checked once, here; everything behind it may trust it.

use std::fmt;

use countersign_seal::digest::Digest;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};
use uuid::Uuid;

use super::assertion::ClientCertificate;
use super::federated::FederatedToken;
use super::profile::{CloudProfile, profile_of};
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
        let (login_url, graph_url) = match (profile_of(cloud), login_url, graph_url) {
            (Some(profile), login_url, None) => (login_of(profile, login_url)?, profile.graph),
            (Some(_), ..) => return Err(ConnectionError::UrlsNeedCustom),
            (None, Some(login_url), Some(graph_url)) => (login_url, graph_url),
            (None, ..) => return Err(ConnectionError::CustomNeedsUrls),
        };
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

/// The login host of a cloud: its first, or the one that was chosen among its own.
fn login_of(profile: &CloudProfile, chosen: Option<&str>) -> Result<&'static str, ConnectionError> {
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
mod tests {
    use super::{ConnectionError, Credential, GraphConnection};
    use crate::catalog::collector::Cloud;
    use secrecy::SecretString;
    use url::Url;

    const CLIENT: &str = "11111111-2222-3333-4444-555555555555";

    fn connect(cloud: Cloud, tenant: &str, urls: Option<(&str, &str)>) -> Result<GraphConnection, ConnectionError> {
        let secret = Credential::Secret(SecretString::from("a-secret-of-a-test".to_owned()));
        GraphConnection::new(cloud, tenant, CLIENT, secret, urls.map(|urls| urls.0), urls.map(|urls| urls.1))
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for host in ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9", "https://graph.example"] {
            assert!(connect(Cloud::Custom, "contoso.example", Some((host, host))).is_ok(), "{host}");
        }
        for host in
            ["http://graph.example", "http://127.0.0.1.evil.example", "http://10.0.0.1", "http://localhost.example"]
        {
            let fault = connect(Cloud::Custom, "contoso.example", Some((host, host))).unwrap_err();
            assert!(matches!(fault, ConnectionError::PlainHttp { .. }), "{host}: {fault}");
        }
    }

    #[test]
    fn only_the_custom_cloud_takes_hosts() {
        let urls = Some(("https://login.example", "https://graph.example"));
        assert!(matches!(connect(Cloud::Global, "a.example", urls), Err(ConnectionError::UrlsNeedCustom)));
        assert!(matches!(connect(Cloud::Custom, "a.example", None), Err(ConnectionError::CustomNeedsUrls)));
    }

    #[test]
    fn a_cloud_with_two_login_hosts_takes_either_and_no_third() {
        let connect = |cloud, login| {
            let secret = Credential::Secret(SecretString::from("a-secret-of-a-test".to_owned()));
            GraphConnection::new(cloud, "a.example", CLIENT, secret, login, None)
        };
        let host = |login| connect(Cloud::China, login).unwrap().token_url().host_str().unwrap().to_owned();
        assert_eq!(host(None), "login.partner.microsoftonline.cn");
        assert_eq!(host(Some("https://login.chinacloudapi.cn")), "login.chinacloudapi.cn");
        for (cloud, login) in [
            (Cloud::China, "https://login.microsoftonline.com"),
            (Cloud::China, "http://login.chinacloudapi.cn"),
            (Cloud::Global, "https://login.microsoftonline.us/"),
        ] {
            assert!(matches!(connect(cloud, Some(login)), Err(ConnectionError::UrlsNeedCustom)), "{login}");
        }
    }

    #[test]
    fn a_link_is_taken_apart_only_below_our_own_root_and_version() {
        let relative = |base: Option<&str>, link: &str| {
            let cloud = base.map_or(Cloud::Global, |_| Cloud::Custom);
            let connection = connect(cloud, "a.example", base.map(|base| (base, base))).unwrap();
            connection.relative(&Url::parse(link).unwrap(), "v1.0")
        };
        let link = "https://graph.microsoft.com/v1.0/groups/a/members?$skiptoken=b%2Fc";
        assert_eq!(relative(None, link).as_deref(), Some("/groups/a/members?$skiptoken=b%2Fc"));
        let gateway = Some("https://gateway.example/graph");
        assert_eq!(relative(gateway, "https://gateway.example/graph/v1.0/users").as_deref(), Some("/users"));
        for foreign in [
            "https://graph.microsoft.us/v1.0/groups",
            "https://graph.microsoft.com/beta/groups",
            "https://graph.microsoft.com/v1.0evil/groups",
            "https://graph.microsoft.com/v1.0",
            "https://user@graph.microsoft.com/v1.0/groups",
        ] {
            assert_eq!(relative(None, foreign), None, "{foreign}");
        }
        assert_eq!(relative(gateway, "https://gateway.example/v1.0/users"), None);
    }

    #[test]
    fn each_cloud_asks_for_tokens_of_its_own_graph() {
        let scope = |cloud| connect(cloud, "a.example", None).unwrap().scope();
        assert_eq!(scope(Cloud::Global), "https://graph.microsoft.com/.default");
        assert_eq!(scope(Cloud::GccHigh), "https://graph.microsoft.us/.default");
        assert_eq!(scope(Cloud::Dod), "https://dod-graph.microsoft.us/.default");
        assert_eq!(scope(Cloud::China), "https://microsoftgraph.chinacloudapi.cn/.default");
        let connection = connect(Cloud::GccHigh, "A.example", None).unwrap();
        assert_eq!(connection.token_url().as_str(), "https://login.microsoftonline.us/a.example/oauth2/v2.0/token");
    }

    #[test]
    fn a_tenant_that_means_any_tenant_or_leaves_the_path_is_refused() {
        for tenant in ["common", "organizations", "", "a/b.example", "..", "a..b", "a?b.example", "word", "a@b.example"]
        {
            let fault = connect(Cloud::Global, tenant, None).unwrap_err();
            assert!(matches!(fault, ConnectionError::NotATenant(_)), "{tenant:?}");
        }
    }

    #[test]
    fn a_url_on_another_host_scheme_or_port_is_not_ours() {
        let connection = connect(Cloud::Global, "a.example", None).unwrap();
        let owns = |text: &str| connection.owns(&Url::parse(text).unwrap());
        assert!(owns("https://graph.microsoft.com/v1.0/users?$skiptoken=x"));
        assert!(owns("https://GRAPH.microsoft.com:443/"));
        for foreign in [
            "http://graph.microsoft.com/",
            "https://graph.microsoft.com:8443/",
            "https://graph.microsoft.com.evil.example/",
            "https://graph.microsoft.us/",
            "https://graph.microsoft.com@evil.example/",
            "https://user@graph.microsoft.com/",
        ] {
            assert!(!owns(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_password_inside_a_url_is_refused_and_not_repeated() {
        let url = "https://user:hunter2@graph.example";
        let fault = connect(Cloud::Custom, "a.example", Some((url, url))).unwrap_err().to_string();
        assert!(!fault.contains("hunter2"), "{fault}");
    }

    #[test]
    fn the_secret_is_never_printed() {
        let connection = connect(Cloud::Global, "a.example", None).unwrap();
        assert!(!format!("{connection:?}").contains("a-secret-of-a-test"));
    }
}
