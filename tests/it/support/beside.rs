//! A process in the background that does not outlive its story, and waiting for what it does.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything takes that a story waits for, on the slowest machine, and shorter than a lease lasts.
const LONG: Duration = Duration::from_secs(100);

/// A process in the background, killed when it is dropped. What it says goes to files, so that it never waits for a reader.
pub struct Beside {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Beside {
    /// Starts a command that says what it says to `<name>.out` and `<name>.err` in a folder.
    pub fn start(command: &mut Command, folder: &Path, name: &str) -> Self {
        let [out, err] = ["out", "err"].map(|end| folder.join(format!("{name}.{end}")));
        let file = |path: &Path| std::fs::File::create(path).unwrap();
        let child = command.stdin(Stdio::null()).stdout(file(&out)).stderr(file(&err)).spawn().unwrap();
        Self { child, out, err }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end. Its exit code; none when a signal ended it.
    #[track_caller]
    pub fn end(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < LONG, "it does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ended by SIGKILL, if it is not over yet; gives its exit code if it was.
    pub fn kill(&mut self) -> Option<i32> {
        self.child.kill().unwrap();
        self.child.wait().unwrap().code()
    }

    /// What it said on stderr until now.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.err).unwrap()
    }

    /// What it printed to stdout until now.
    pub fn printed(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Looks again and again until something has come about.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(50));
    }
}
