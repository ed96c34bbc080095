//! The shim between the program and libc (`shim.c`), built once with `cc`, and processes that run under it.
//!
//! Why a shim and not `strace --inject`: strace counts `when=N` for each thread by itself, and the product's threads share
//! the work in an order that changes; the shim counts over all threads, can act before, within and after a call, and
//! looks at paths. Its counts are compared with strace's in [`super::syscalls`].

use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::support::command::program;

/// Calls that are counted, in the order of the shim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Write,
    Sync,
    Rename,
    Unlink,
    Truncate,
    Create,
    MakeFolder,
    Mode,
}

/// What happens to a call, in the order of the shim; 0 is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The call fails with EIO.
    Fails = 1,
    /// The call and everything else that takes space fail with ENOSPC from here on.
    DiskFull,
    KilledBefore,
    /// Half of the bytes are written, then the process dies.
    KilledWithin,
    KilledAfter,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Write,
        Self::Sync,
        Self::Rename,
        Self::Unlink,
        Self::Truncate,
        Self::Create,
        Self::MakeFolder,
        Self::Mode,
    ];

    /// What can happen to a call of this kind.
    pub fn faults(self) -> &'static [How] {
        match self {
            Self::Write => &[How::KilledWithin, How::Fails, How::KilledAfter, How::DiskFull, How::KilledBefore],
            Self::Truncate | Self::Create | Self::MakeFolder => {
                &[How::KilledAfter, How::DiskFull, How::KilledBefore, How::Fails]
            }
            Self::Sync | Self::Rename | Self::Unlink | Self::Mode => &[How::KilledAfter, How::Fails, How::KilledBefore],
        }
    }

    /// The system calls that are of this kind, as strace names them.
    pub fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Write => {
                &["write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile", "splice"]
            }
            Self::Sync => &["fsync", "fdatasync"],
            Self::Rename => &["rename", "renameat", "renameat2", "link", "linkat"],
            Self::Unlink => &["unlink", "unlinkat", "rmdir"],
            Self::Truncate => &["ftruncate", "fallocate"],
            Self::Create => &["open", "openat", "creat"],
            Self::MakeFolder => &["mkdir", "mkdirat"],
            Self::Mode => &["chmod", "fchmod", "fchmodat"],
        }
    }
}

/// One fault at one counted call.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub kind: Kind,
    /// From 1.
    pub at: u64,
    pub how: How,
}

/// What the shim saw, also of a process that was killed.
#[derive(Debug, Clone)]
pub struct Seen {
    pub calls: [u64; Kind::ALL.len()],
    /// Whether the call that was to be hit came at all.
    pub hit: bool,
    /// Which renames, from 1, gave a name after which something has happened: of a log object, a database, a backup.
    pub deciding: Vec<u64>,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// None for one that was killed.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub hung: bool,
    pub took: Duration,
}

/// Numbers in the file the shim counts in: one for each kind, hits, whether the disk is full, which renames decide.
pub const NUMBERS: usize = Kind::ALL.len() + 3;

/// Longer than any command of these stories takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(90);

/// The built shim, or why there is none.
pub fn library() -> Result<&'static Path, &'static str> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT.get_or_init(build).as_deref().map_err(String::as_str)
}

fn build() -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/crash/shim.c");
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crash-shim.so");
    let unfinished = built.with_extension(format!("{}", std::process::id()));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&unfinished).arg(&source);
    let told = compiler.arg("-ldl").output().map_err(|fault| format!("no C compiler `cc`: {fault}"))?;
    assert!(told.status.success(), "the shim cannot be built: {}", String::from_utf8_lossy(&told.stderr));
    std::fs::rename(&unfinished, &built).unwrap();
    Ok(built)
}

/// A command of the built program, `ahead` of the wall clock.
pub fn command(arguments: &[&str], data: &Path, ahead: Duration) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).arg("--data").arg(data).current_dir(data.parent().unwrap());
    if !ahead.is_zero() {
        command.env("LD_PRELOAD", library().unwrap()).env("CRASH_AHEAD", ahead.as_secs().to_string());
    }
    command
}

/// Gives a command something on its standard input.
pub fn fed(mut command: Command, text: &str) -> Command {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.rewind().unwrap();
    command.stdin(file);
    command
}

/// Runs a command to its end and counts its calls below `data`, with a fault if one is given.
pub fn counted(mut command: Command, data: &Path, fault: Option<Fault>) -> (Ended, Seen) {
    let counts = data.with_file_name("counts");
    std::fs::write(&counts, [0; NUMBERS * 8]).unwrap();
    command.env("LD_PRELOAD", library().unwrap()).env("CRASH_ROOT", data).env("CRASH_COUNTS", &counts);
    if let Some(Fault { kind, at, how }) = fault {
        command.env("CRASH_KIND", (kind as usize).to_string()).env("CRASH_AT", at.to_string());
        command.env("CRASH_HOW", (how as usize).to_string());
    }
    let ended = run(&mut command);
    (ended, read(&counts))
}

/// What the shim wrote down.
pub fn read(counts: &Path) -> Seen {
    let bytes = std::fs::read(counts).unwrap();
    let number = |index: usize| u64::from_ne_bytes(bytes[index * 8..][..8].try_into().unwrap());
    let deciding = number(Kind::ALL.len() + 2);
    Seen {
        calls: std::array::from_fn(number),
        hit: number(Kind::ALL.len()) > 0,
        deciding: (1..=64).filter(|at| deciding >> (at - 1) & 1 == 1).collect(),
    }
}

/// Runs a command to its end; one that takes too long is killed and said to hang.
pub fn run(command: &mut Command) -> Ended {
    let said = tempfile::tempdir().unwrap();
    let file = |name: &str| std::fs::File::create(said.path().join(name)).unwrap();
    let mut child = command.stdout(file("out")).stderr(file("err")).spawn().unwrap();
    let begun = Instant::now();
    let (status, hung) = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break (status, false);
        }
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
            break (child.wait().unwrap(), true);
        }
        std::thread::sleep(Duration::from_millis(4));
    };
    let text = |name: &str| String::from_utf8_lossy(&std::fs::read(said.path().join(name)).unwrap()).into_owned();
    Ended { code: status.code(), stdout: text("out"), stderr: text("err"), hung, took: begun.elapsed() }
}
