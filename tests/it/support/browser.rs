//! A real browser that a story leads from page to page.
//!
//! It is spoken to over two named pipes (its debugging protocol, one JSON text a message, ended by a zero byte), so that
//! one session lasts from the first page to the last.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::command::scratch;

/// Arguments without which a browser asks other computers for something, or does not start in a container.
pub const QUIET: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
];

/// The browser that is installed here, if one is.
pub fn installed() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| found(name))
}

fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// One tab. The browser ends when this is dropped.
pub struct Tab {
    process: Child,
    to: File,
    from: BufReader<File>,
    session: String,
    last: u64,
    _folder: TempDir,
}

impl Tab {
    /// Opens an address and waits until it is loaded.
    pub fn open(browser: &Path, url: &str) -> Self {
        let folder = scratch();
        let pipe = |name: &str| {
            let path = folder.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (to, from) = (pipe("to"), pipe("from"));
        // The shell opens both pipes at the numbers the browser reads and writes, and then becomes the browser.
        let process = Command::new("sh")
            .args(["-c", "in=$1; out=$2; shift 2; exec \"$@\" 3<\"$in\" 4>\"$out\"", "sh"])
            .args([&to, &from])
            .arg(browser)
            .args(QUIET)
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = OpenOptions::new().write(true).open(to).unwrap();
        let from = BufReader::new(File::open(from).unwrap());
        let mut tab = Self { process, to, from, session: String::new(), last: 0, _folder: folder };
        let target = tab.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = tab.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        attached["sessionId"].as_str().unwrap().clone_into(&mut tab.session);
        tab.ask("Page.navigate", json!({ "url": url }));
        tab.wait("location.protocol != 'about:' && document.readyState == 'complete'");
        tab
    }

    /// Follows the first link for which `selector` is right, as a reader's click does.
    pub fn follow(&mut self, selector: &str) {
        let before = self.text("location.href");
        let selector = json!(selector);
        let found = self.evaluate(&format!("!!document.querySelector({selector})"));
        assert_eq!(found, json!(true), "there is no {selector} on {before}");
        self.evaluate(&format!("document.querySelector({selector}).click()"));
        self.wait(&format!("location.href != {} && document.readyState == 'complete'", json!(before)));
    }

    /// The text that an expression gives in the page.
    pub fn text(&mut self, expression: &str) -> String {
        self.evaluate(expression).as_str().unwrap_or_else(|| panic!("{expression} is no text")).to_owned()
    }

    /// What an expression gives in the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.ask("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        answer["result"]["value"].clone()
    }

    fn wait(&mut self, condition: &str) {
        let begun = Instant::now();
        while self.evaluate(condition) != json!(true) {
            assert!(begun.elapsed() < Duration::from_mins(1), "it never came to {condition}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut question = json!({ "id": self.last, "method": method, "params": parameters });
        if !self.session.is_empty() {
            question["sessionId"] = json!(self.session);
        }
        let mut bytes = question.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let mut message = Vec::new();
            let read = self.from.read_until(0, &mut message).unwrap();
            assert!(read > 0, "the browser ended at {method}");
            message.pop();
            let message: Value = serde_json::from_slice(&message).unwrap();
            if message["id"] == json!(self.last) {
                // A page that is being left has no place to evaluate anything in; whoever waits asks again.
                return message["result"].clone();
            }
        }
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
