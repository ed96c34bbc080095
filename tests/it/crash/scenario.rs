//! What is cut off: commands, each with the installation it begins on.
//!
//! A new kind of commit gets a line in [`SCENARIOS`], and a stage if it needs something to stand before it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use super::shim;
use crate::support::command::{ORG, copy};

/// One command that changes an installation.
pub struct Scenario {
    pub name: &'static str,
    /// What stands before it.
    pub stage: Stage,
    /// The command, without `--data`.
    pub arguments: &'static [&'static str],
    /// Said by the command, when it is given again, if the first attempt had done everything but tell.
    pub done_already: Option<&'static str>,
    /// Commands that must succeed afterwards, so that there is something to verify and to go on with.
    pub then: &'static [&'static [&'static str]],
}

/// An installation, made once and copied for each attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Nothing,
    Installed,
    WithOrganization,
    WithEvidence,
}

const IMPORT: &[&str] = &["import", "files", "inbox", "--org", ORG, "--json"];
const ADD: &[&str] = &["org", "add", ORG, "--frameworks", "hipaa-security", "--json"];
const COLLECT: &[&str] =
    &["collect", "--org", ORG, "--source", "host", "linux/login_defs", "linux/sysctl", "linux/host_identity", "--json"];

/// Everything that commits. Room for more: importing lines, rotating a key, deleting, rebuilding, restoring, backing up.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "init",
        stage: Stage::Nothing,
        arguments: &["init", "--json"],
        done_already: Some("already holds Countersign data"),
        then: &[ADD],
    },
    Scenario {
        name: "org add",
        stage: Stage::Installed,
        arguments: ADD,
        done_already: Some("exists already"),
        then: &[IMPORT],
    },
    Scenario { name: "import files", stage: Stage::WithOrganization, arguments: IMPORT, done_already: None, then: &[] },
    Scenario { name: "collect", stage: Stage::WithOrganization, arguments: COLLECT, done_already: None, then: &[] },
    Scenario {
        name: "report",
        stage: Stage::WithEvidence,
        arguments: &["report", "--org", ORG, "--framework", "hipaa-security", "--json"],
        done_already: None,
        then: &[],
    },
    Scenario {
        name: "package",
        stage: Stage::WithEvidence,
        arguments: &["package", "--org", ORG, "--framework", "hipaa-security", "--json"],
        done_already: None,
        then: &[],
    },
];

impl Stage {
    /// Commands that lead from the stage before to this one.
    fn commands(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Nothing => &[],
            Self::Installed => &[&["init"]],
            Self::WithOrganization => &[&["init"], ADD],
            Self::WithEvidence => &[&["init"], ADD, COLLECT, IMPORT],
        }
    }

    /// A folder in which an installation of this stage stands as `data`, and files to import as `inbox`.
    fn model(self) -> &'static Path {
        static MODELS: [OnceLock<TempDir>; 4] = [const { OnceLock::new() }; 4];
        let made = MODELS[self as usize].get_or_init(|| {
            let folder = in_memory();
            let inbox = folder.path().join("inbox");
            std::fs::create_dir(&inbox).unwrap();
            for name in ["policy.md", "scan.csv", "minutes.txt"] {
                std::fs::write(inbox.join(name), format!("{name} of a fictional firm\n")).unwrap();
            }
            for arguments in self.commands() {
                let ended = shim::run(&mut shim::command(arguments, &folder.path().join("data"), Duration::ZERO));
                assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:#?}");
            }
            folder
        });
        made.path()
    }

    /// A fresh copy.
    pub fn place(self) -> Place {
        let folder = in_memory();
        copy(self.model(), folder.path());
        Place { folder }
    }
}

/// An installation for one attempt.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A folder in memory where there is such a place: what a killed process wrote is kept by the system on any file system,
/// and a few thousand attempts spare the disk.
pub fn in_memory() -> TempDir {
    static SWEPT: OnceLock<()> = OnceLock::new();
    let memory = Path::new("/dev/shm");
    SWEPT.get_or_init(|| sweep(memory));
    let made =
        |place: &Path| tempfile::Builder::new().prefix(&format!("{PREFIX}{}-", std::process::id())).tempdir_in(place);
    made(memory).or_else(|_| made(&std::env::temp_dir().canonicalize()?)).unwrap()
}

const PREFIX: &str = "countersign-crash-";

/// Removes what test processes that have ended left: a static is never dropped.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next())
            .filter(|owner| owner.parse::<u32>().is_ok());
        if owner.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}
