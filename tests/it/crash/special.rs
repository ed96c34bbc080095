//! What must hold besides the common promise, for commands that promise more. Start with [`Story`].

use std::path::Path;
use std::time::Duration;

use countersign_seal::digest::Digest;
use countersign_seal::log::Entry;
use serde_json::Value;

use super::proof::{at_once, heads, printed, verified};
use super::scenario::Place;
use super::shim::{self, Ended};
use crate::packages::unpack;
use crate::support::command::{ORG, copy, entries, files_below, holds};

/// A command that met a fault, was given again, and succeeded.
pub struct Story<'a> {
    pub place: &'a Place,
    pub first: &'a Ended,
    pub again: &'a Ended,
}

/// Files that are imported.
pub const FILES: [&str; 3] = ["policy.md", "scan.csv", "minutes.txt"];

pub fn content(name: &str) -> String {
    format!("{name} of a fictional firm\n")
}

/// What a stream says the first time and again.
pub const LINES: [&str; 2] = ["first 1\nfirst 2\nfirst 3\n", "again 1\nagain 2\n"];

/// Lines that were acknowledged before the fault, and all of the second attempt, are each in one record; others, which
/// their sender was not told about, in one at most.
pub fn every_acknowledged_line_is_sealed_once(story: &Story<'_>) -> Result<(), String> {
    let whole = story.first.stdout.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let durable = printed(whole)?.iter().filter_map(|said| said["durable"].as_u64()).max().unwrap_or(0);
    let sealed = artifacts(&story.place.data());
    let times = |line: &str| sealed.iter().filter(|one| **one == Digest::of(line.as_bytes()).to_string()).count();
    for (line, number) in LINES[0].lines().zip(1..) {
        let times = times(line);
        if times > 1 || (number <= durable && times == 0) {
            return Err(format!("{durable} lines were acknowledged, and `{line}` is sealed {times} times"));
        }
    }
    if let Some(line) = LINES[1].lines().find(|line| times(line) != 1) {
        return Err(format!("`{line}` was sent after the fault and is sealed {} times", times(line)));
    }
    let waiting = files_below(&story.place.data().join("spool"));
    if let Some(left) = waiting.iter().find(|path| path.extension().is_some_and(|end| end != "lock" && end != "new")) {
        return Err(format!("{} is left in the spool", left.display()));
    }
    Ok(())
}

/// Digests of everything that records of archives in force name as a line.
fn artifacts(data: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for organization in entries(&data.join("vault")) {
        let log = entries(&organization.join("log"));
        for object in log.iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
            let entry = Entry::decode(&std::fs::read(object).unwrap()).unwrap();
            let archive = std::fs::read(organization.join("archives").join(entry.archive.name)).unwrap();
            let (_, records) = unpack(&archive).into_iter().find(|(name, _)| name == "records.jsonl").unwrap();
            for record in String::from_utf8(records).unwrap().lines() {
                let record: Value = serde_json::from_str(record).unwrap();
                let artifacts = record["artifacts"].as_array().cloned().unwrap_or_default();
                let lines = artifacts.iter().filter(|one| one["name"] == "line");
                found.extend(lines.filter_map(|one| one["sha256"].as_str().map(str::to_owned)));
            }
        }
    }
    found
}

/// The vault verifies with every key its ledger ever had in force.
pub fn every_key_verifies(story: &Story<'_>) -> Result<(), String> {
    let data = story.place.data();
    let listed = at_once(&mut shim::command(&["key", "list", "--org", ORG, "--json"], &data, Duration::ZERO))?;
    let keys: Vec<String> = serde_json::from_str::<Vec<Value>>(&listed.stdout)
        .map_err(|fault| format!("{fault}: {listed:#?}"))?
        .iter()
        .filter_map(|key| key["fingerprint"].as_str().map(str::to_owned))
        .collect();
    if keys.len() < 2 {
        return Err(format!("it was rotated and there are {} keys", keys.len()));
    }
    for key in &keys {
        let told = at_once(&mut shim::command(&["verify", "--key", key], &data, Duration::ZERO))?;
        if told.code != Some(0) || !told.stdout.contains("by the key you named") {
            return Err(format!("it does not verify with key {key} of {keys:?}: {told:#?}"));
        }
    }
    Ok(())
}

/// What was deleted stands in no file of the vault, packed or unpacked, named by the log or not.
pub fn the_deleted_bytes_are_nowhere(story: &Story<'_>) -> Result<(), String> {
    let vault = story.place.data().join("vault");
    for path in files_below(&vault) {
        let bytes = std::fs::read(&path).unwrap();
        let is_archive = path.extension().is_some_and(|end| end == "zip");
        let unpacked = if is_archive { unpack(&bytes) } else { Vec::new() };
        for name in FILES {
            let wanted = content(name);
            let within = unpacked.iter().any(|(_, entry)| holds(entry, wanted.as_bytes()));
            if within || holds(&bytes, wanted.as_bytes()) {
                return Err(format!("{name} was deleted and is still in {}", path.display()));
            }
        }
    }
    let told = at_once(&mut shim::command(&["verify", "--json"], &story.place.data(), Duration::ZERO))?;
    let report: Value = serde_json::from_str(&told.stdout).map_err(|fault| format!("{fault}: {told:#?}"))?;
    match report["organizations"][0]["deleted_objects"].as_u64() {
        Some(3) => Ok(()),
        other => Err(format!("3 objects were deleted, and verify says {other:?}")),
    }
}

/// The backup and a copy of the vault make an installation that verifies.
pub fn the_backup_can_be_restored(story: &Story<'_>) -> Result<(), String> {
    let (data, other) = (story.place.data(), story.place.folder().join("other"));
    copy(&data.join("vault"), &other.join("vault"));
    std::fs::copy(data.join("secret.key"), other.join("secret.key")).unwrap();
    let told = at_once(&mut shim::command(&["restore", "data/saved", "--json"], &other, Duration::ZERO))?;
    if told.code != Some(0) {
        return Err(format!("the backup cannot be restored: {told:#?}; it was made so: {:#?}", story.again));
    }
    verified(story.place.folder(), &other, &heads(&data), Duration::ZERO)
}

/// Leaves what a copy of the vault is: nothing else of the installation.
pub fn lose_all_but_the_vault(data: &Path) {
    for path in entries(data).into_iter().filter(|path| !path.ends_with("vault")) {
        let lost = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        lost.unwrap();
    }
}
