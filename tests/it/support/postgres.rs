//! A private PostgreSQL server for this test process: started at the first question, stopped at exit.
//!
//! It lives in a temporary folder, listens on a free loopback port and keeps nothing. `initdb` refuses to run as root,
//! so root hands it to the user `postgres` (or `nobody`). A guard process removes it even when the tests are killed.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A running server.
pub struct Server {
    port: u16,
}

static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();

/// The server of this process, or why there is none.
pub fn server() -> Result<&'static Server, &'static str> {
    SERVER.get_or_init(start).as_ref().map_err(String::as_str)
}

impl Server {
    /// URL of a database on this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://countersign@127.0.0.1:{}/{database}", self.port)
    }
}

fn start() -> Result<Server, String> {
    let programs = programs().ok_or("no PostgreSQL programs were found; install the package `postgresql`")?;
    let user = unprivileged_user()?;
    let folder = std::env::temp_dir().join(format!("countersign-postgres-{}", std::process::id()));
    std::fs::create_dir(&folder).map_err(|fault| format!("{}: {fault}", folder.display()))?;
    if let Some(user) = &user {
        std::os::unix::fs::chown(&folder, Some(user.id), Some(user.group)).map_err(|fault| fault.to_string())?;
    }
    let guard = stop_when_this_process_ends(&programs, &folder, user.as_ref());
    guard.map_err(|fault| format!("the guard of the server cannot be started: {fault}"))?;
    let data = folder.join("data");
    let mut init = as_user(user.as_ref(), &programs.join("initdb"));
    init.args(["--auth=trust", "--username=countersign", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"]);
    run(init.arg(&data), &folder)?;
    // A port that was free a moment ago may be taken by now: try another.
    let mut last = String::new();
    for _ in 0..5 {
        let port = free_port()?;
        let options = format!("-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off", folder.display());
        let mut control = as_user(user.as_ref(), &programs.join("pg_ctl"));
        control.args(["start", "-w", "-t", "60", "-o", &options, "-l"]).arg(folder.join("log")).arg("-D").arg(&data);
        match run(&mut control, &folder) {
            Ok(()) => return Ok(Server { port }),
            Err(fault) => last = fault,
        }
    }
    Err(last)
}

/// The newest installed version's folder of programs.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
        .collect();
    found.sort();
    let on_path = || {
        std::env::split_paths(&std::env::var_os("PATH")?)
            .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
    };
    found.pop().or_else(on_path)
}

struct User {
    id: u32,
    group: u32,
}

/// Whom root hands the server to; none when this process is not root.
fn unprivileged_user() -> Result<Option<User>, String> {
    let own = std::fs::metadata("/proc/self").map_err(|fault| fault.to_string())?.uid();
    if own != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").map_err(|fault| fault.to_string())?;
    let find = |wanted: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let fields: Vec<&str> = line.split(':').collect();
        Some(User { id: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
    };
    find("postgres").or_else(|| find("nobody")).map(Some).ok_or_else(|| "no unprivileged user exists".to_owned())
}

fn as_user(user: Option<&User>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={}", user.id), format!("--regid={}", user.group), "--clear-groups".to_owned()]);
    command.arg(program);
    command
}

fn run(command: &mut Command, folder: &Path) -> Result<(), String> {
    // The server inherits these; a pipe would never end.
    let said = folder.with_extension("said");
    let file = std::fs::File::create(&said).map_err(|fault| fault.to_string())?;
    let copy = file.try_clone().map_err(|fault| fault.to_string())?;
    let status = command.current_dir("/").stdin(Stdio::null()).stdout(file).stderr(copy).status();
    let text = std::fs::read_to_string(&said).unwrap_or_default();
    std::fs::remove_file(&said).ok();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}: {text}")),
        Err(fault) => Err(format!("{command:?}: {fault}")),
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|fault| fault.to_string())?;
    Ok(listener.local_addr().map_err(|fault| fault.to_string())?.port())
}

/// Starts a shell that waits for the end of this process (its standard input closes) and then removes the server. Tests
/// have no common end to hook into, and a panic or a kill must not leave a server behind either.
fn stop_when_this_process_ends(programs: &Path, folder: &Path, user: Option<&User>) -> std::io::Result<()> {
    let script = r#"trap '' INT TERM HUP
        cat >/dev/null
        data=$1; folder=$2; shift 2
        "$@" stop -m immediate -D "$data" >/dev/null 2>&1
        rm -rf "$folder""#;
    let control = as_user(user, &programs.join("pg_ctl"));
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(folder.join("data")).arg(folder);
    shell.arg(control.get_program()).args(control.get_args());
    let mut child = shell.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // Held open on purpose until the process ends, and never waited for.
    std::mem::forget(child.stdin.take());
    std::mem::forget(child);
    Ok(())
}
