//! The product as a stranger runs it: a process, what it prints, and its exit code.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use countersign::demo::tenant::RunningTenant;
use serde_json::Value;
use tempfile::TempDir;

/// The only organization of a fresh [`Installation`].
pub const ORG: &str = "northwind";

/// The program, with nothing of this machine's settings in its environment.
pub fn program(binary: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COUNTERSIGN_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the program that was built with these tests.
pub fn countersign<A: AsRef<OsStr>>(arguments: &[A]) -> Told {
    told(program(env!("CARGO_BIN_EXE_countersign")).args(arguments))
}

/// Runs any command to its end.
pub fn told(command: &mut Command) -> Told {
    let shown = format!("{:?}", command.get_args().collect::<Vec<_>>());
    let Output { status, stdout, stderr } = command.output().unwrap();
    Told {
        shown,
        code: status.code(),
        stdout: String::from_utf8(stdout).expect("stdout is text"),
        stderr: String::from_utf8(stderr).expect("stderr is text"),
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Told {
    shown: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Told {
    /// It ended with this code and without a panic.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{} ended otherwise: {self:#?}", self.shown);
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self
    }

    #[track_caller]
    pub fn fine(self) -> Self {
        self.ends(0)
    }

    /// Exit code 2, nothing on stdout, all of these words on stderr.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> Self {
        let told = self.ends(2);
        assert_eq!(told.stdout, "", "an error belongs on stderr: {told:#?}");
        for word in words {
            assert!(told.stderr.contains(word), "`{word}` is not said: {told:#?}");
        }
        told
    }

    /// What was printed to stdout, as JSON and nothing else.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|fault| panic!("{fault}: {self:#?}"))
    }

    /// A list: an array of objects, each with an `id` that is a text or a number.
    #[track_caller]
    pub fn list(&self) -> Vec<Value> {
        let Value::Array(items) = self.json() else { panic!("not a list: {self:#?}") };
        for item in &items {
            assert!(item["id"].is_string() || item["id"].is_u64(), "an entry without id: {item}");
        }
        items
    }
}

/// A data folder, with one organization, that commands are run on.
pub struct Installation {
    folder: TempDir,
}

impl Installation {
    /// Made once by `init` and `org add`, then copied, because both take a moment.
    pub fn new() -> Self {
        static MODEL: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
        let (_, model) = MODEL.get_or_init(|| {
            let folder = scratch();
            let data = folder.path().join("data");
            let path = data.to_str().unwrap();
            countersign(&["init", "--data", path]).fine();
            countersign(&["org", "add", ORG, "--name", "Northwind Clinic (fictional)", "--data", path]).fine();
            // Most stories are about something else than waiting.
            let settings = data.join("countersign.toml");
            let text = std::fs::read_to_string(&settings).unwrap();
            let quick = text.replace("graph_pace = \"documented\"", "graph_pace = \"unlimited\"");
            assert_ne!(text, quick);
            std::fs::write(&settings, quick).unwrap();
            (folder, data)
        });
        let folder = scratch();
        copy(model, &folder.path().join("data"));
        Self { folder }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A place beside the data folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file beside the data folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.beside(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs a command on this data folder, standing beside it.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Told {
        told(&mut self.command(arguments))
    }

    /// The same command, not started yet.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = program(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).arg("--data").arg(self.data()).current_dir(self.folder.path());
        command
    }

    /// Connects a simulated tenant by its secret.
    pub fn connect(&self, tenant: &RunningTenant) -> Told {
        let secret = self.file("client-secret", tenant.client_secret());
        self.connect_with(tenant, "--client-secret-file", &secret)
    }

    /// Connects a simulated tenant by the credential in a file.
    pub fn connect_with(&self, tenant: &RunningTenant, credential: &str, file: &Path) -> Told {
        self.run(&[
            "connect",
            "m365",
            "--org",
            ORG,
            "--tenant",
            tenant.tenant_id(),
            "--client-id",
            tenant.client_id(),
            credential,
            file.to_str().unwrap(),
            "--cloud",
            "custom",
            "--login-url",
            tenant.login_url(),
            "--graph-url",
            tenant.graph_url(),
        ])
    }

    /// Objects of the log: one for every commit.
    pub fn log_objects(&self) -> Vec<PathBuf> {
        self.in_vault("log")
    }

    pub fn archives(&self) -> Vec<PathBuf> {
        self.in_vault("archives")
    }

    /// Files of a folder of the only organization's vault, in the order of their names.
    fn in_vault(&self, folder: &str) -> Vec<PathBuf> {
        let organizations: Vec<PathBuf> = entries(&self.data().join("vault"));
        let [organization] = organizations.as_slice() else { panic!("one organization: {organizations:?}") };
        entries(&organization.join(folder))
    }
}

/// A folder that goes away with its owner.
pub fn scratch() -> TempDir {
    tempfile::Builder::new().prefix("countersign-story-").tempdir().unwrap()
}

/// Paths in a folder, in order.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

/// Every plain file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Copies a folder with the rights of its files.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for path in entries(from) {
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// True when `wanted` stands somewhere in `all`.
pub fn holds(all: &[u8], wanted: &[u8]) -> bool {
    all.windows(wanted.len()).any(|window| window == wanted)
}

/// Flips one bit in the middle of a file.
pub fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x04;
    std::fs::write(path, bytes).unwrap();
}
