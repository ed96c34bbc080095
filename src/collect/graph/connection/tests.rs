use super::{ConnectionError, Credential, GraphConnection, sign_in_url};
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
    for host in ["http://graph.example", "http://127.0.0.1.evil.example", "http://10.0.0.1", "http://localhost.example"]
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
    for tenant in ["common", "organizations", "", "a/b.example", "..", "a..b", "a?b.example", "word", "a@b.example"] {
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

#[test]
fn people_sign_in_where_the_connection_does() {
    let chosen = "https://login.chinacloudapi.cn";
    assert_eq!(sign_in_url(Cloud::China, Some(chosen)).unwrap(), "https://login.chinacloudapi.cn/");
    assert_eq!(sign_in_url(Cloud::GccHigh, None).unwrap(), "https://login.microsoftonline.us/");
    assert_eq!(sign_in_url(Cloud::Custom, Some("http://127.0.0.1:1")).unwrap(), "http://127.0.0.1:1");
    assert!(sign_in_url(Cloud::Global, Some(chosen)).is_err() && sign_in_url(Cloud::Custom, None).is_err());
}
