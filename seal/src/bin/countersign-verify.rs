//! What an auditor runs: checks a package or a vault from its bytes, without account, network or database.
//!
//! Results go to stdout, usage and failures to stderr. Exit codes: 0 fine, 3 altered or inconsistent, 2 could not be
//! checked. All the work is in `countersign_seal::verify`.

#![deny(clippy::print_stderr, clippy::print_stdout)]

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use countersign_seal::note::claimed_checkpoint;
use countersign_seal::verify::words::{tell_package, tell_vault};
use countersign_seal::verify::{self, DirectoryVault, OpenError, TrustedKey, VaultOptions};

const USAGE: &str = "\
Checks evidence: nothing was altered, and what that proves.

Usage: countersign-verify [OPTIONS] PACKAGE.zip
       countersign-verify [OPTIONS] --vault DIR

Options:
  --key KEY       the key you trust, got from somebody you trust and not from the package: a fingerprint
                  (SHA256:...), a verifier key, or a file with one of them
  --vault DIR     check a whole vault instead of a package
  --skip-data     with --vault: do not read objects, only records and heads
  --since FILE    with --vault: a checkpoint you kept; the ledger must continue it (may be repeated)
  --json          print the report as JSON
  -h, --help      print this
  --version       print the version

Exit codes: 0 nothing was altered, 3 something was, 2 it could not be checked.
";

const FINE: u8 = 0;
const CANNOT: u8 = 2;

#[derive(Default)]
struct Arguments {
    package: Option<PathBuf>,
    vault: Option<PathBuf>,
    options: VaultOptions,
    json: bool,
}

enum Asked {
    Check(Box<Arguments>),
    Print(String),
}

fn main() -> ExitCode {
    let code = match read_arguments(std::env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned())) {
        Ok(Asked::Print(text)) => print(&text, FINE),
        Ok(Asked::Check(arguments)) => check(&arguments),
        Err(what) => {
            tell(format_args!("countersign-verify: {what}\n\n{USAGE}"));
            CANNOT
        }
    };
    ExitCode::from(code)
}

fn read_arguments(given: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut arguments = Arguments::default();
    let mut given = given;
    while let Some(argument) = given.next() {
        let (name, attached) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (argument, None),
        };
        let mut value = |what: &str| attached.clone().or_else(|| given.next()).ok_or(format!("{name} needs {what}"));
        match name.as_str() {
            "-h" | "--help" => return Ok(Asked::Print(USAGE.to_owned())),
            "--version" => return Ok(Asked::Print(format!("countersign-verify {}\n", env!("CARGO_PKG_VERSION")))),
            "--json" => arguments.json = true,
            "--skip-data" => arguments.options.skip_data = true,
            "--key" => arguments.options.key = Some(read_key(&value("a fingerprint, verifier key or file")?)?),
            "--vault" => arguments.vault = Some(value("a folder")?.into()),
            "--since" => {
                let path = value("a file")?;
                let note = std::fs::read_to_string(&path).map_err(|fault| format!("`{path}`: {fault}"))?;
                claimed_checkpoint(&note).map_err(|fault| format!("`{path}` is not a checkpoint: {fault}"))?;
                arguments.options.since.push(note);
            }
            _ if name.starts_with('-') => return Err(format!("unknown option {name}")),
            _ if arguments.package.is_none() => arguments.package = Some(name.into()),
            _ => return Err("only one package can be checked at a time".to_owned()),
        }
    }
    match (&arguments.package, &arguments.vault) {
        (None, None) => Err("name a package or use --vault".to_owned()),
        (Some(_), Some(_)) => Err("check either a package or a vault".to_owned()),
        _ => Ok(Asked::Check(Box::new(arguments))),
    }
}

fn read_key(text: &str) -> Result<TrustedKey, String> {
    let from_file = std::fs::read_to_string(text).ok().and_then(|content| content.lines().next().map(str::to_owned));
    from_file.as_deref().unwrap_or(text).parse().map_err(|fault| format!("{fault}"))
}

fn check(arguments: &Arguments) -> u8 {
    let outcome = match (&arguments.package, &arguments.vault) {
        (Some(path), _) => verify::package(path, arguments.options.key.as_ref()).map(|report| {
            let text = if arguments.json { serde_json::to_string_pretty(&report) } else { Ok(tell_package(&report)) };
            (text, report.exit_code())
        }),
        (None, Some(folder)) => check_vault(&DirectoryVault::new(folder), arguments),
        (None, None) => return CANNOT,
    };
    match outcome {
        Ok((Ok(text), code)) => print(&format!("{}\n", text.trim_end()), code),
        Ok((Err(fault), _)) => complain(&fault),
        Err(fault) => complain(&fault),
    }
}

type Told = (serde_json::Result<String>, u8);

fn check_vault(vault: &DirectoryVault, arguments: &Arguments) -> Result<Told, OpenError> {
    let report = verify::vault(vault, &arguments.options)?;
    // An empty folder contradicts nothing, and proves as much.
    if report.faults.is_empty() && report.organizations.iter().all(|found| found.commits == 0) {
        return Err(OpenError::NoLedger);
    }
    let text = if arguments.json { serde_json::to_string_pretty(&report) } else { Ok(tell_vault(&report)) };
    Ok((text, report.exit_code()))
}

/// Tells what is wrong, where anybody still reads it: `2>&1 | head` does not to the end.
fn tell(words: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{words}");
}

fn complain(fault: &dyn std::error::Error) -> u8 {
    tell(format_args!("countersign-verify: {fault}"));
    let mut cause = fault.source();
    while let Some(inner) = cause {
        tell(format_args!("  because: {inner}"));
        cause = inner.source();
    }
    CANNOT
}

/// Prints and keeps the code; a reader that went away is not a failure of the check.
fn print(text: &str, code: u8) -> u8 {
    let _ = io::stdout().lock().write_all(text.as_bytes());
    code
}
