//! One command on this machine: bounded in time and size, alone in its process group, killed with all its children.
//!
//! The command sees a fixed environment and no standard input, so that the same command prints the same everywhere.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long a killed command may take to disappear before it is left to the system.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub time: Duration,
    /// Beyond this the command is killed.
    pub stdout_bytes: u64,
    /// Beyond this error text is read and dropped.
    pub stderr_bytes: u64,
}

/// What a command printed, exactly, and how it ended.
#[derive(Debug)]
pub(super) struct Output {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub stderr_was_cut: bool,
    pub ended: Ended,
    pub duration: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself. After a signal the code is 128 plus its number, as a shell says.
    Exited {
        code: i64,
        signal: Option<i32>,
    },
    TimedOut,
    /// The run it belonged to was ended.
    Stopped,
    /// Standard output went over its limit and holds exactly that many bytes.
    TooMuch,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error("because its shell /bin/sh did not start")]
    Start(#[source] std::io::Error),
    #[error("because its output could not be read")]
    Read(#[source] std::io::Error),
}

/// Runs `shell` with `/bin/sh -c` and waits for its end, or ends it at a limit or when `stop` is cancelled.
pub(super) async fn run(shell: &str, limits: Limits, stop: &CancellationToken) -> Result<Output, CommandError> {
    let started = Instant::now();
    let deadline = started + limits.time;
    let mut running = Running::start(shell)?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (out, err) = (running.child.stdout.take(), running.child.stderr.take());

    let reading = async {
        let errors = read_and_drop_rest(err, limits.stderr_bytes, &mut stderr);
        tokio::pin!(errors);
        let answer = read_up_to(out, limits.stdout_bytes, &mut stdout);
        tokio::pin!(answer);
        // Too much of an answer ends the command at once, also while it still writes errors.
        let mut errors_were_cut = None;
        let is_too_much = loop {
            tokio::select! {
                too_much = &mut answer => break too_much?,
                cut = &mut errors, if errors_were_cut.is_none() => errors_were_cut = Some(cut?),
            }
        };
        if is_too_much {
            return Ok((None, errors_were_cut.unwrap_or(false)));
        }
        let errors_were_cut = match errors_were_cut {
            Some(cut) => cut,
            None => errors.await?,
        };
        let status = running.child.wait().await?;
        Ok((Some(status), errors_were_cut))
    };
    let finished = stop.run_until_cancelled(timeout_at(deadline, reading)).await;

    let (ended, stderr_was_cut) = match finished {
        Some(Ok(Ok((Some(status), cut)))) => (Ended::from(status), cut),
        Some(Ok(Ok((None, cut)))) => (Ended::TooMuch, cut),
        Some(Ok(Err(fault))) => {
            running.kill().await;
            return Err(CommandError::Read(fault));
        }
        Some(Err(_elapsed)) => (Ended::TimedOut, false),
        None => (Ended::Stopped, false),
    };
    if !matches!(ended, Ended::Exited { .. }) {
        running.kill().await;
    }
    running.group.is_done = true;
    Ok(Output { stdout, stderr, stderr_was_cut, ended, duration: started.elapsed() })
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        let signal = status.signal();
        let code = status.code().or_else(|| signal.map(|signal| 128 + signal)).unwrap_or(-1);
        Self::Exited { code: i64::from(code), signal }
    }
}

/// A started command. The group is declared first so that a run that is given up kills it while its leader still
/// holds the number.
struct Running {
    group: ProcessGroup,
    child: Child,
}

impl Running {
    fn start(shell: &str) -> Result<Self, CommandError> {
        let child = Command::new("/bin/sh")
            .args(["-c", shell])
            .env_clear()
            .envs([("LC_ALL", "C"), ("PATH", PATH), ("HOME", "/")])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(CommandError::Start)?;
        Ok(Self { group: ProcessGroup { leader: child.id(), is_done: false }, child })
    }

    /// Kills every process of the group and collects the leader.
    async fn kill(&mut self) {
        self.group.kill();
        // A process that waits for broken hardware cannot be killed; it must not hold up the run.
        let _ = timeout(GRACE, self.child.wait()).await;
    }
}

/// The processes a command started, addressed together. Killed when dropped before it is done.
struct ProcessGroup {
    leader: Option<u32>,
    is_done: bool,
}

impl ProcessGroup {
    /// Takes about two milliseconds: the shell's own `kill` is the way to a whole group without unsafe code.
    fn kill(&mut self) {
        self.is_done = true;
        let Some(leader) = self.leader else { return };
        let killed = std::process::Command::new("/bin/sh")
            .args(["-c", "kill -s KILL -- \"-$1\"", "sh", &leader.to_string()])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if let Err(fault) = killed {
            tracing::warn!(process.group = leader, error = %fault, "Could not end a collector's command");
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if !self.is_done {
            self.kill();
        }
    }
}

/// Reads to the end, or until one byte more than `limit`, which is then dropped. True when there was more.
async fn read_up_to(source: Option<impl AsyncRead + Unpin>, limit: u64, into: &mut Vec<u8>) -> std::io::Result<bool> {
    let Some(source) = source else { return Ok(false) };
    source.take(limit.saturating_add(1)).read_to_end(into).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_too_much = into.len() > limit;
    into.truncate(limit);
    Ok(is_too_much)
}

/// Keeps the first `limit` bytes and reads the rest away, so that the command is not held up. True when some was dropped.
async fn read_and_drop_rest(
    source: Option<impl AsyncRead + Unpin>,
    limit: u64,
    into: &mut Vec<u8>,
) -> std::io::Result<bool> {
    let Some(mut source) = source else { return Ok(false) };
    (&mut source).take(limit).read_to_end(into).await?;
    Ok(tokio::io::copy(&mut source, &mut tokio::io::sink()).await? > 0)
}
