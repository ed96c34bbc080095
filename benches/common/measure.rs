//! What a program costs: CPU seconds and peak memory of the process and its children, as the kernel counts them.

use std::process::{Command, Stdio};
use std::time::Instant;

/// What one run of a program cost.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// User and system seconds.
    pub cpu: f64,
    pub wall: f64,
    /// Peak resident bytes of the largest process.
    pub memory: f64,
}

/// Runs a program to its end; stops the benchmark when it fails.
pub fn run(program: &str, arguments: &[&str]) -> Measured {
    let timed = Timed::command(program, arguments);
    timed.unwrap_or_else(|said| panic!("{program} {arguments:?} failed: {said}"))
}

/// Runs a line of shell.
pub fn shell(line: &str) -> Measured {
    run("bash", &["-e", "-o", "pipefail", "-c", line])
}

/// Whether a program is there.
pub fn installed(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program}")]).output().is_ok_and(|out| out.status.success())
}

/// The middle one by CPU time.
pub fn median(all: &[Measured]) -> Measured {
    let mut sorted = all.to_vec();
    sorted.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
    sorted[sorted.len() / 2]
}

struct Timed;

impl Timed {
    /// GNU time tells what the kernel counted, to the hundredth and with all children.
    fn command(program: &str, arguments: &[&str]) -> Result<Measured, String> {
        let began = Instant::now();
        let report = std::env::temp_dir().join(format!("countersign-bench-{}", std::process::id()));
        let output = Command::new("time")
            .args(["-f", "%U %S %M", "-o"])
            .arg(&report)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            // As people run it. Where a developer has them on, every error that a parser makes and drops costs its stack.
            .env("RUST_BACKTRACE", "0")
            .output()
            .map_err(|fault| format!("`time` (Debian package time) is needed: {fault}"))?;
        let wall = began.elapsed().as_secs_f64();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let said = std::fs::read_to_string(&report).map_err(|fault| fault.to_string())?;
        let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [user, system, kilobytes] = numbers[..] else { return Err(format!("time said {said:?}")) };
        Ok(Measured { cpu: user + system, wall, memory: kilobytes * 1024.0 })
    }
}
