//! Tampering as a table: what was done, who must notice, with which exit code and words.
//!
//! A row makes one package or vault and says what each verifier answers: [`Who::Package`] and [`Who::Vault`] are the
//! product's, [`Who::Script`] is `verify.sh` over the unpacked files, [`Who::Outside`] is `tests/outside/verify.py`. A
//! verifier that cannot see a change is in the row with exit code 0, so that the table also says who is blind to what.
//! Rows about packages are in `packages`, `heads`, `lists`, `zips` and `ends`, rows about vaults in `vaults`, `ledgers`
//! and `deletions`;
//! `bytes` changes every file byte by byte.

mod bytes;
mod deletions;
mod ends;
mod forge;
mod handmade;
mod heads;
mod ledgers;
mod lists;
mod packages;
mod vaults;
mod zips;

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Mutex;

use countersign_seal::verify::{self, DirectoryVault, TrustedKey, VaultOptions, words};

use crate::support::{Folder, Vault, run_outside, run_script, said, unfold, unpack};

/// A verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Package,
    Vault,
    Script,
    Outside,
}
use Who::{Outside, Package, Script};

impl Who {
    /// As the files beside fixtures name it.
    pub const NAMES: [(&'static str, Who); 4] =
        [("package", Package), ("vault", Who::Vault), ("script", Script), ("outside", Outside)];
}

/// What a verifier answers: exit code and words that it must print.
pub struct Says(pub Who, pub u8, pub &'static str);

/// One way to tamper, or to leave everything as it is.
pub struct Row {
    /// What was done, in words.
    pub name: &'static str,
    /// Does it.
    pub make: fn() -> Made,
    pub says: &'static [Says],
}

/// What the reader has in hands.
pub enum Evidence {
    Package(Vec<u8>),
    /// A vault's folder.
    Vault(PathBuf),
}

pub struct Made {
    pub evidence: Evidence,
    /// A key the reader trusts, and a checkpoint the reader kept.
    pub key: Option<String>,
    pub since: Option<String>,
    /// Keeps a vault's folder as long as the row lasts.
    _folder: Option<Folder>,
}

impl Made {
    pub fn of(evidence: Evidence) -> Self {
        Self { evidence, key: None, since: None, _folder: None }
    }

    pub fn package(zip: Vec<u8>) -> Self {
        Self::of(Evidence::Package(zip))
    }

    pub fn vault(vault: Vault) -> Self {
        let (path, folder) = (vault.folder.0.clone(), vault.folder);
        Self { _folder: Some(folder), ..Self::of(Evidence::Vault(path)) }
    }

    pub fn key(self, key: String) -> Self {
        Self { key: Some(key), ..self }
    }

    pub fn since(self, checkpoint: &str) -> Self {
        Self { since: Some(checkpoint.to_owned()), ..self }
    }

    /// Exit code and words of one verifier; `None` where its tools are missing.
    pub fn checked_by(&self, who: Who) -> Option<(u8, String)> {
        let trusted: Option<TrustedKey> = self.key.as_ref().map(|key| key.parse().unwrap());
        let folder = Folder::new("tampered");
        let path = folder.0.join("package.zip");
        let mut arguments = Vec::new();
        if let Some(key) = &self.key {
            arguments.extend(["--key", key]);
        }
        let output = match (who, &self.evidence) {
            (Package, Evidence::Package(zip)) => {
                return Some(match verify::package_from(Cursor::new(zip), "package.zip", trusted.as_ref()) {
                    Ok(report) => (report.exit_code(), words::tell_package(&report)),
                    Err(fault) => (2, fault.to_string()),
                });
            }
            (Who::Vault, Evidence::Vault(vault)) => {
                let since = self.since.iter().cloned().collect();
                let options = VaultOptions { key: trusted, since, ..VaultOptions::default() };
                return Some(match verify::vault(&DirectoryVault::new(vault), &options) {
                    Ok(report) => (report.exit_code(), words::tell_vault(&report)),
                    Err(fault) => (2, fault.to_string()),
                });
            }
            (Script, Evidence::Package(zip)) => {
                unfold(&unpack(zip), &folder.0);
                run_script(&folder.0, "sh", &arguments)
            }
            (Outside, Evidence::Package(zip)) => {
                fs::write(&path, zip).unwrap();
                arguments.push(path.to_str().unwrap());
                run_outside(&arguments)
            }
            (Outside, Evidence::Vault(vault)) => {
                if let Some(since) = &self.since {
                    fs::write(&path, since).unwrap();
                    arguments.extend(["--since", path.to_str().unwrap()]);
                }
                arguments.extend(["--vault", vault.to_str().unwrap()]);
                run_outside(&arguments)
            }
            (Who::Vault | Script, _) | (Package, Evidence::Vault(..)) => panic!("{who:?} cannot look at this"),
        }?;
        Some((u8::try_from(output.status.code().unwrap()).unwrap(), said(&output)))
    }
}

/// All rows there are.
fn rows() -> impl Iterator<Item = &'static Row> {
    let files = packages::ROWS.iter().chain(heads::ROWS).chain(lists::ROWS);
    files.chain(zips::ROWS).chain(ends::ROWS).chain(vaults::ROWS).chain(ledgers::ROWS).chain(deletions::ROWS)
}

/// The row of a name.
pub fn row(name: &str) -> &'static Row {
    rows().find(|row| row.name == name).unwrap_or_else(|| panic!("no row is called `{name}`"))
}

/// Runs every row through everyone it names and tells all that went another way.
fn run(rows: &[&[Row]]) {
    let (next, wrong) = (Mutex::new(rows.iter().copied().flatten()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let Some(row) = next.lock().unwrap().next() else { return };
            let made = (row.make)();
            for Says(who, code, words) in row.says {
                let Some((found, text)) = made.checked_by(*who) else { continue };
                if found != *code || !text.contains(words) {
                    let told = format!(
                        "{}: {who:?} must exit with {code} and say `{words}`; it exited with {found}:\n{text}\n",
                        row.name
                    );
                    wrong.lock().unwrap().push(told);
                }
            }
        }
    };
    std::thread::scope(|threads| (0..2).for_each(|_| drop(threads.spawn(work))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} answers are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn whatever_is_done_to_the_files_of_a_package_is_noticed_by_whom_the_table_names() {
    run(&[packages::ROWS, heads::ROWS, lists::ROWS]);
}

#[test]
fn whatever_is_done_to_the_zip_around_a_package_is_noticed_by_whom_the_table_names() {
    run(&[zips::ROWS, ends::ROWS]);
}

#[test]
fn whatever_is_done_to_a_vault_is_noticed_by_whom_the_table_names() {
    run(&[vaults::ROWS, ledgers::ROWS, deletions::ROWS]);
}

#[test]
fn every_row_has_its_own_name_and_is_looked_at_by_two_verifiers() {
    let mut names = std::collections::HashSet::new();
    for row in rows() {
        assert!(names.insert(row.name), "two rows are called `{}`", row.name);
        assert!(row.says.len() >= 2, "only one verifier looks at `{}`", row.name);
    }
}

#[test]
#[should_panic(expected = "answers are not as the table says")]
fn the_table_would_tell_if_nobody_noticed() {
    run(&[&[Row {
        name: "nothing was done, though the row says so",
        make: || forge::package(forge::After::Nothing, |_| {}),
        says: &[Says(Package, 3, "ALTERED")],
    }]]);
}
