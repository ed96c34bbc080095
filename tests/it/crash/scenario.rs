//! What is cut off: commands, each with the installation it begins on.
//!
//! A new kind of commit gets a line in [`SCENARIOS`], and a stage if it needs something to stand before it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use super::special::Story;
use super::{shim, special};
use crate::support::command::{ORG, copy};

/// Looks whether something holds once the command has succeeded.
type Also = fn(&Story<'_>) -> Result<(), String>;

/// One command that changes an installation.
pub struct Scenario {
    pub name: &'static str,
    /// What stands before it.
    pub stage: Stage,
    /// The command, without `--data`.
    pub arguments: &'static [&'static str],
    /// What stands on its standard input, the first time and again.
    pub input: [&'static str; 2],
    /// Said by the command, when it is given again, if the first attempt had done everything but tell.
    pub done_already: Option<&'static str>,
    /// Commands that must succeed afterwards, so that there is something to verify and to go on with.
    pub then: &'static [&'static [&'static str]],
    /// What must hold besides.
    pub also: Option<Also>,
    /// Calls of one kind that the short variant looks at, at most.
    pub short: u64,
}

/// The attempt that meets a fault, or the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    First,
    Again,
}

impl Scenario {
    pub fn command(&self, data: &Path, turn: Turn) -> Command {
        let command = shim::command(self.arguments, data, Duration::ZERO);
        match self.input[turn as usize] {
            "" => command,
            text => shim::fed(command, text),
        }
    }
}

/// An installation, made once and copied for each attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Nothing,
    Installed,
    WithOrganization,
    WithEvidence,
    /// The vault of an installation with evidence, and beside the folder a backup, `saved`; nothing else.
    Lost,
}

const IMPORT: &[&str] = &["import", "files", "inbox", "--org", ORG, "--json"];
const ADD: &[&str] = &["org", "add", ORG, "--frameworks", "hipaa-security", "--json"];
const COLLECT: &[&str] =
    &["collect", "--org", ORG, "--source", "host", "linux/login_defs", "linux/sysctl", "linux/host_identity", "--json"];

/// A line makes a group of its own, so that each has an acknowledgement and the calls come in one order.
const LINES: &[&str] = &["import", "lines", "--org", ORG, "--target", "ws-01.example", "--group", "1", "--json"];
const LINES_ONLY: &[&str] =
    &["import", "lines", "--org", ORG, "--target", "ws-01.example", "--group", "1", "--no-seal", "--json"];
const DELETE: &[&str] = &[
    "retention",
    "delete",
    "--org",
    ORG,
    "--before",
    "2100-01-01",
    "--basis",
    "Order 17",
    "--by",
    "Jordan Example",
    "--shorter-than-the-law",
    "a court ordered it",
    "--json",
];

const PLAIN: Scenario = Scenario {
    name: "",
    stage: Stage::WithEvidence,
    arguments: &[],
    input: ["", ""],
    done_already: None,
    then: &[],
    also: None,
    short: 1,
};

/// Everything that commits or puts something whole into its place.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "init",
        stage: Stage::Nothing,
        arguments: &["init", "--json"],
        done_already: Some("already holds Countersign data"),
        then: &[ADD],
        ..PLAIN
    },
    Scenario {
        name: "org add",
        stage: Stage::Installed,
        arguments: ADD,
        done_already: Some("exists already"),
        then: &[IMPORT],
        ..PLAIN
    },
    Scenario { name: "import files", stage: Stage::WithOrganization, arguments: IMPORT, ..PLAIN },
    Scenario { name: "collect", stage: Stage::WithOrganization, arguments: COLLECT, ..PLAIN },
    Scenario {
        name: "report",
        arguments: &["report", "--org", ORG, "--framework", "hipaa-security", "--json"],
        ..PLAIN
    },
    Scenario {
        name: "package",
        arguments: &["package", "--org", ORG, "--framework", "hipaa-security", "--json"],
        ..PLAIN
    },
    Scenario {
        name: "import lines",
        stage: Stage::WithOrganization,
        arguments: LINES,
        input: special::LINES,
        also: Some(special::every_acknowledged_line_is_sealed_once),
        ..PLAIN
    },
    Scenario {
        name: "import lines, sealed later",
        stage: Stage::WithOrganization,
        arguments: LINES_ONLY,
        input: special::LINES,
        // With nothing to say, it seals what others left.
        then: &[LINES],
        also: Some(special::every_acknowledged_line_is_sealed_once),
        ..PLAIN
    },
    Scenario {
        name: "key rotate",
        stage: Stage::WithOrganization,
        arguments: &["key", "rotate", "--org", ORG, "--json"],
        also: Some(special::every_key_verifies),
        ..PLAIN
    },
    Scenario {
        name: "retention delete",
        arguments: DELETE,
        also: Some(special::the_deleted_bytes_are_nowhere),
        ..PLAIN
    },
    Scenario {
        name: "backup",
        arguments: &["backup", "data/saved", "--json"],
        done_already: Some("data/saved is there already"),
        also: Some(special::the_backup_can_be_restored),
        ..PLAIN
    },
    Scenario {
        name: "restore",
        stage: Stage::Lost,
        arguments: &["restore", "saved", "--json"],
        done_already: Some("holds an installation already"),
        then: &[IMPORT],
        ..PLAIN
    },
    Scenario { name: "rebuild", arguments: &["rebuild", "--replace", "--json"], then: &[IMPORT], ..PLAIN },
];

impl Stage {
    /// Commands that lead from the stage before to this one.
    fn commands(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Nothing => &[],
            Self::Installed => &[&["init"]],
            Self::WithOrganization => &[&["init"], ADD],
            Self::WithEvidence => &[&["init"], ADD, COLLECT, IMPORT],
            Self::Lost => &[&["init"], ADD, COLLECT, IMPORT, &["backup", "saved", "--with-key"]],
        }
    }

    /// A folder in which an installation of this stage stands as `data`, and files to import as `inbox`.
    fn model(self) -> &'static Path {
        static MODELS: [OnceLock<TempDir>; 5] = [const { OnceLock::new() }; 5];
        let made = MODELS[self as usize].get_or_init(|| {
            let folder = in_memory();
            let inbox = folder.path().join("inbox");
            std::fs::create_dir(&inbox).unwrap();
            for name in special::FILES {
                std::fs::write(inbox.join(name), special::content(name)).unwrap();
            }
            for arguments in self.commands() {
                let ended = shim::run(&mut shim::command(arguments, &folder.path().join("data"), Duration::ZERO));
                assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:#?}");
            }
            if self == Self::Lost {
                special::lose_all_but_the_vault(&folder.path().join("data"));
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
