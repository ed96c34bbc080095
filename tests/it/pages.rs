//! The pages as a browser sees them: who is let in, that figures are those of `status`, and that every hash on the way
//! is one of the vault.

use std::cell::Cell;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use countersign::report::tally::ORDER;
use countersign_seal::container::{Container, Folders};
use countersign_seal::digest::Digest;
use countersign_seal::ledger::leaf_hash;
use reqwest::header::{CONTENT_SECURITY_POLICY, HOST, LOCATION, SET_COOKIE};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::beside::{Beside, wait_until};
use crate::support::browser::{self, Tab};
use crate::support::command::{countersign, files_below, program, scratch};
use crate::support::demo::Demo;
use crate::support::skip;

/// `countersign serve` on a copy of the demo's folder; stopped when dropped.
struct Served {
    data: TempDir,
    process: Beside,
    /// How many addresses that let one browser in were given out.
    links: Cell<usize>,
}

impl Served {
    fn start() -> Self {
        let data = Demo::copied();
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data.path());
        let process = Beside::start(&mut command, data.path(), "serve");
        Self { data, process, links: Cell::new(0) }
    }

    /// The next link that works, as it is printed.
    fn link(&self) -> String {
        let number = self.links.replace(self.links.get() + 1);
        let printed = || {
            let said = self.process.said();
            let whole = said.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let links = whole.filter_map(|line| line.split_once("http://"));
            links.map(|(_, rest)| format!("http://{}", rest.trim())).nth(number)
        };
        wait_until("a link", || printed().is_some());
        printed().unwrap()
    }

    fn status(&self) -> Value {
        let data = self.data.path().to_str().unwrap();
        countersign(&["status", "--org", "larkspur", "--json", "--data", data]).fine().json()
    }
}

fn client() -> Client {
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lets_one_browser_in_and_nobody_else() {
    let served = Served::start();
    let (link, http) = (served.link(), client());
    let base = link.split("/?").next().unwrap().to_owned();
    assert!(base.starts_with("http://127.0.0.1:") && !base.ends_with(":0"), "{base}");
    let get = async |url: &str, cookie: &str| http.get(url).header("cookie", cookie).send().await.unwrap();

    let stranger = get(&format!("{base}/"), "").await;
    assert_eq!(stranger.status(), StatusCode::FORBIDDEN);
    assert!(!stranger.text().await.unwrap().contains("Larkspur"), "a stranger learnt a client's name");
    assert_eq!(get(&format!("{base}/?token=0000"), "").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(http.head(&link).send().await.unwrap().status(), StatusCode::FORBIDDEN, "a preview used the link up");

    let let_in = get(&link, "").await;
    assert_eq!(let_in.status(), StatusCode::SEE_OTHER);
    assert_eq!(let_in.headers()[LOCATION], "/", "the token stays in the address bar");
    let cookie = let_in.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();

    assert_eq!(get(&link, "").await.status(), StatusCode::FORBIDDEN, "the link worked twice");
    let page = get(&format!("{base}/"), cookie).await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for (name, value) in
        [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cache-control", "no-store")]
    {
        assert_eq!(page.headers()[name], value);
    }
    assert!(page.text().await.unwrap().contains("Larkspur Dental Group"));
    let next = served.link();
    assert_ne!(next, link, "no link for another browser was printed");
    assert_eq!(get(&next, "").await.status(), StatusCode::SEE_OTHER);

    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example"] {
        let asked = http.get(format!("{base}/")).header(HOST, host).header("cookie", cookie).send().await.unwrap();
        assert_eq!(asked.status(), StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(!asked.text().await.unwrap().contains("Larkspur"));
    }
    assert_eq!(http.post(format!("{base}/")).header("cookie", cookie).send().await.unwrap().status(), 405);
    assert_eq!(get(&format!("{base}/organizations/nobody"), cookie).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&format!("{base}/organizations/larkspur"), cookie).await.status(), StatusCode::OK);
    assert_eq!(get(&format!("{base}/assets/..%2F..%2Fsecret.key"), cookie).await.status(), StatusCode::NOT_FOUND);
}

#[test]
fn pages_are_not_served_to_the_network() {
    let data = Demo::copied();
    let path = data.path().to_str().unwrap();
    countersign(&["serve", "--listen", "0.0.0.0:0", "--data", path]).refused(&["0.0.0.0:0", "loopback"]);
    countersign(&["serve", "--listen", "everywhere", "--data", path]).refused(&["everywhere"]);
}

#[test]
fn serving_ends_in_order_when_it_is_asked_to() {
    let mut served = Served::start();
    served.link();
    served.process.signal("TERM");
    assert_eq!(served.process.end(), Some(0), "{}", served.process.said());
}

#[test]
fn a_browser_shows_the_name_and_the_figures_of_status() {
    let Some(browser) = browser::installed() else {
        return skip("the overview in a browser", "no Chromium is installed");
    };
    let (page, status) = page_and_status(&browser);

    assert!(page.contains("Larkspur Dental Group"), "{page}");
    assert!(page.contains("<html") && !page.contains("token="), "{page}");
    let frameworks = status["frameworks"].as_array().unwrap();
    let articles: Vec<&str> = page.split("<article class=\"framework\">").skip(1).collect();
    assert_eq!(articles.len(), frameworks.len());
    for (article, framework) in articles.iter().zip(frameworks) {
        assert!(article.contains(framework["title"].as_str().unwrap()), "{framework:#}: {article}");
        let expected: Vec<u64> =
            ORDER.iter().map(|state| framework["controls"][state.as_str()].as_u64().unwrap()).collect();
        let list = article.split("<ul class=\"counts\">").nth(1).unwrap().split("</ul>").next().unwrap();
        let shown: Vec<u64> =
            list.split("<b>").skip(1).map(|text| text.split('<').next().unwrap().parse().unwrap()).collect();
        assert_eq!(shown, expected, "{}", framework["id"]);
    }
    let open: u64 = page
        .split("<h3>")
        .filter_map(|part| {
            part.split("<span class=\"quiet\">").nth(1)?.split(" gap").next()?.trim().parse::<u64>().ok()
        })
        .sum();
    assert_eq!(open, status["gaps"]["open"].as_u64().unwrap());
}

/// The overview and what `status` says beside it. `serve` keeps its schedule: where a run ended between the two, both are
/// asked again of a fresh installation, for a link lets a browser in only once.
fn page_and_status(browser: &Path) -> (String, Value) {
    let figures = |status: &Value| (status["frameworks"].clone(), status["gaps"].clone());
    for _ in 0..3 {
        let served = Served::start();
        let before = served.status();
        let page = rendered(browser, &served.link());
        let after = served.status();
        if figures(&before) == figures(&after) {
            return (page, after);
        }
    }
    panic!("a run ended between two looks, three times over");
}

/// From the overview a reader comes in five clicks to a record and the hashes of its bytes. Both are those of the vault:
/// of the line in the archive, and of the bytes themselves.
#[test]
fn a_reader_walks_from_the_overview_to_a_hash_that_the_archive_confirms() {
    let Some(browser) = browser::installed() else {
        return skip("the walk to an evidence hash", "no Chromium is installed");
    };
    let served = Served::start();
    let mut tab = Tab::open(&browser, &served.link());

    tab.follow("a[href='/organizations/larkspur/frameworks/cmmc-l2']");
    assert_eq!(tab.text("document.querySelector('h1 bdi').textContent"), "CMMC Level 2");
    tab.follow(".choices a[href*='status=not_met']");
    tab.follow(".controls tbody th a");
    assert_eq!(tab.text("document.querySelector('.verdict .mark').textContent.trim()"), "NOT MET");
    tab.follow(".bearings a[href*='/evidence/']");

    let leaf: usize = tab.text("location.pathname.split('/').pop()").parse().unwrap();
    let hash = tab.text("document.getElementById('record-hash').textContent");
    let object = tab.text("document.querySelector('.artifacts tbody td code').textContent");
    let page = tab.text("document.body.textContent");

    let archives: Vec<PathBuf> = files_below(&served.data.path().join("vault"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|kind| kind == "zip"))
        .collect();
    let named = archives.iter().find(|path| page.contains(path.file_name().unwrap().to_str().unwrap()));
    let mut named = open(named.expect("the page names no archive of the vault"));
    let records = named.read("records.jsonl", 1 << 24).unwrap();
    let line = records.split(|byte| *byte == b'\n').find(|line| leaf_hash(line).to_string() == hash);
    let record: Value = serde_json::from_slice(line.expect("no record of the archive has the hash")).unwrap();
    assert!(record["artifacts"].as_array().unwrap().iter().any(|artifact| artifact["sha256"] == object), "{record:#}");

    // Bytes that were kept already lie in an older archive.
    let bytes = archives.iter().find_map(|path| open(path).read(&format!("objects/{object}"), 1 << 24).ok());
    assert_eq!(Digest::of(&bytes.expect("no archive holds the bytes")).to_string(), object);
    assert!(page.contains(&format!("--leaf {leaf}")), "how to prove it is not said");

    // The same session leads to every other part.
    for part in ["gaps", "runs", "verification"] {
        tab.follow(&format!(".sections a[href$='/{part}']"));
        assert!(tab.text("document.querySelector('h1').textContent").to_lowercase().contains(part));
    }
    assert_eq!(tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), serde_json::json!(true));
}

fn open(archive: &Path) -> Container<BufReader<File>> {
    Container::open(BufReader::new(File::open(archive).unwrap()), Folders::Refused).unwrap()
}

/// The document as the browser has it after loading.
fn rendered(browser: &Path, url: &str) -> String {
    let profile = scratch();
    let output = Command::new(browser)
        .args(browser::QUIET)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", url])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
