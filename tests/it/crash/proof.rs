//! What must hold after any fault, and how it is seen: the real commands, run again without faults.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use countersign_seal::digest::Digest;
use countersign_seal::log::Entry;
use countersign_seal::note::claimed_checkpoint;
use countersign_seal::verify::{self, Verdict};
use serde_json::Value;

use super::scenario::{Place, Scenario, Turn};
use super::shim::{self, Ended};
use super::special::Story;
use crate::support::command::{entries, files_below};

/// A dead writer is noticed at once: no command after it waits for its lease, which would take two minutes.
const AT_ONCE: Duration = Duration::from_secs(20);

/// Runs a command that comes after a death or a failure; says so if it had to wait.
pub fn at_once(command: &mut Command) -> Result<Ended, String> {
    let ended = shim::run(command);
    if ended.took > AT_ONCE { Err(format!("it waits for what is dead: {ended:#?}")) } else { Ok(ended) }
}

/// One signed head that somebody may have seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenHead {
    pub size: u64,
    note: String,
}

/// The heads in all log objects of a data folder.
pub fn heads(data: &Path) -> Vec<SeenHead> {
    let vault = data.join("vault");
    let organizations = if vault.is_dir() { entries(&vault) } else { Vec::new() };
    let logs = organizations.iter().map(|folder| folder.join("log")).filter(|log| log.is_dir());
    let objects = logs.flat_map(|log| entries(&log)).filter(|path| path.extension().is_some_and(|end| end == "json"));
    objects
        .map(|path| {
            let entry = Entry::decode(&std::fs::read(&path).unwrap())
                .unwrap_or_else(|fault| panic!("a log object was seen that is not whole: {}: {fault}", path.display()));
            let size = claimed_checkpoint(&entry.checkpoint).unwrap().size;
            SeenHead { size, note: entry.checkpoint }
        })
        .collect()
}

/// How a command may end that met a fault, whatever the fault: done, refused with words, or killed if it was to be.
pub fn ended_well(ended: &Ended, was_killed: bool) -> Result<(), String> {
    if ended.hung {
        return Err("it hangs".to_owned());
    }
    if ended.stderr.contains("panicked") || ended.stdout.contains("panicked") {
        return Err(format!("it panicked: {}", ended.stderr));
    }
    match ended.code {
        Some(0) if !was_killed => match printed(&ended.stdout) {
            Ok(said) if !said.is_empty() => Ok(()),
            other => Err(format!("it succeeded and did not print its result: {other:?}")),
        },
        Some(2) if !was_killed => refused_well(ended),
        None if was_killed => Ok(()),
        code => Err(format!("it ended with {code:?}: {}", ended.stderr)),
    }
}

/// What a command printed: one result, or one a line.
pub fn printed(stdout: &str) -> Result<Vec<Value>, String> {
    serde_json::Deserializer::from_str(stdout).into_iter().collect::<Result<_, _>>().map_err(|fault| fault.to_string())
}

/// An error is said on stderr, with its cause and with what to do.
fn refused_well(ended: &Ended) -> Result<(), String> {
    let said = ended.stderr.as_str();
    // What a stream acknowledged before the fault stays acknowledged.
    let of_a_stream = |said: &Value| said.get("durable").or(said.get("sealed")).is_some();
    let unsaid = if !printed(&ended.stdout).is_ok_and(|all| all.iter().all(of_a_stream)) {
        "an error, and yet a result was printed"
    } else if !said.lines().any(|line| line.starts_with("error: ")) {
        "no error was named"
    } else if !said.contains("next: ") {
        "nothing says what to do next"
    } else {
        return Ok(());
    };
    Err(format!("{unsaid}: stdout `{}`, stderr `{said}`", ended.stdout))
}

/// What a command that succeeded said it has done is there: the head it names, files with their digests, a package.
pub fn acknowledged(data: &Path, stdout: &str) -> Result<(), String> {
    printed(stdout)?.iter().try_for_each(|said| acknowledged_one(data, said))
}

fn acknowledged_one(data: &Path, said: &Value) -> Result<(), String> {
    let largest = heads(data).iter().map(|head| head.size).max().unwrap_or(0);
    let items = said.as_array().cloned().unwrap_or_else(|| vec![said.clone()]);
    let datasets = said["datasets"].as_array().cloned().unwrap_or_default();
    for item in items.iter().chain(&datasets) {
        if item["evidence"].as_u64().is_some_and(|leaf| leaf >= largest) {
            return Err(format!("{item} was acknowledged and the ledger has {largest} records"));
        }
        if let (Some(path), Some(digest)) = (item["path"].as_str(), item["sha256"].as_str()) {
            let found = std::fs::read(path).map(|bytes| Digest::of(&bytes).to_string());
            if found.as_deref().ok() != Some(digest) {
                return Err(format!("{path} was delivered with {digest}, found {found:?}"));
            }
        }
    }
    if let Some(size) = said["ledger_size"].as_u64()
        && !heads(data).iter().any(|head| head.size == size)
    {
        return Err(format!("a ledger of {size} records was acknowledged; no such head is in the log"));
    }
    if let Some(path) = said["package"].as_str() {
        let report = verify::package(Path::new(path), None).map_err(|fault| fault.to_string())?;
        if report.verdict == Verdict::Altered {
            return Err(format!("the package that was delivered does not verify: {report:?}"));
        }
    }
    Ok(())
}

/// Gives the command again, without fault, and then verifies against every head that was ever seen.
pub fn mended(place: &Place, scenario: &Scenario, first: &Ended, seen: &mut Vec<SeenHead>) -> Result<(), String> {
    let data = place.data();
    remember(&data, seen);
    if first.code == Some(0) {
        acknowledged(&data, &first.stdout)?;
    }
    let again = at_once(&mut scenario.command(&data, Turn::Again))?;
    let done_already = scenario.done_already.is_some_and(|words| again.code == Some(2) && again.stderr.contains(words));
    if again.code != Some(0) && !done_already {
        return Err(format!("the same command does not succeed afterwards: {again:#?}"));
    }
    if again.code == Some(0) {
        acknowledged(&data, &again.stdout)?;
    }
    remember(&data, seen);
    for arguments in scenario.then {
        let next = at_once(&mut shim::command(arguments, &data, Duration::ZERO))?;
        if next.code != Some(0) {
            return Err(format!("{arguments:?} does not succeed afterwards: {next:#?}"));
        }
        acknowledged(&data, &next.stdout)?;
    }
    remember(&data, seen);
    if first.code == Some(0) {
        acknowledged(&data, &first.stdout)?;
    }
    verified(place.folder(), &data, seen, Duration::ZERO)?;
    scenario.also.map_or(Ok(()), |also| also(&Story { place, first, again: &again }))
}

/// Adds the heads that are in the log now.
pub fn remember(data: &Path, seen: &mut Vec<SeenHead>) {
    for head in heads(data) {
        if !seen.contains(&head) {
            seen.push(head);
        }
    }
}

/// `countersign verify` says that the vault and the database are whole and continue every head that was seen.
pub fn verified(folder: &Path, data: &Path, seen: &[SeenHead], ahead: Duration) -> Result<(), String> {
    let kept = folder.join("kept");
    std::fs::create_dir_all(&kept).unwrap();
    let mut arguments = vec!["verify".to_owned()];
    for (number, head) in seen.iter().enumerate() {
        let path: PathBuf = kept.join(number.to_string());
        std::fs::write(&path, &head.note).unwrap();
        arguments.extend(["--since".to_owned(), path.display().to_string()]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let verified = at_once(&mut shim::command(&arguments, data, ahead))?;
    if verified.code != Some(0) || !verified.stdout.contains("the database says") {
        let files = files_below(data);
        return Err(format!("it does not verify: {}\n{}\n{files:#?}", verified.stdout, verified.stderr));
    }
    Ok(())
}
