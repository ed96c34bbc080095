//! The command line: one file a subcommand, results to stdout, everything else to stderr.
//!
//! Exit codes: 0 fine, 1 gaps, alarms or failing checks where asked (`--strict`), 2 an error, a problem that `doctor` found, or
//! that only a part of what was asked for could be done (a run that was ended early, a target that another run reads), 3
//! evidence that was altered or is inconsistent. Start with [`Arguments`]; [`session`] opens what a command needs.

// A reader that went away must not bring a command down: `output` prints.
#![cfg_attr(not(test), deny(clippy::print_stderr, clippy::print_stdout))]

mod advice;
mod attest;
mod backup;
mod catalog;
mod certificate;
mod check;
mod collect;
mod collector;
mod connect;
mod demo;
mod doctor;
mod export;
mod findings;
mod gap;
mod import;
mod import_lines;
mod init;
mod key;
mod moment;
mod org;
mod output;
mod package;
mod person;
mod prove;
mod provider;
mod rebuild;
mod report;
mod responsibility;
mod restore;
mod retention;
mod schedule;
mod scope;
mod score;
mod serve;
mod session;
mod signals;
mod status;
mod verify;
mod watching;

pub use output::note;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::environment;

/// How a command ended when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Fine,
    /// There are gaps, alarms or failing checks, and `--strict` asked to say so.
    Gaps,
    /// Something that was looked at stops collecting.
    Broken,
    /// Only a part of what was asked for was done; that part stands, and what is missing was said.
    InPart,
    /// Evidence was altered or is inconsistent.
    Altered,
}

impl Ending {
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Gaps => 1,
            Self::Broken | Self::InPart => EXIT_ERROR,
            Self::Altered => 3,
        }
    }
}

/// Exit code of everything that could not be done.
pub const EXIT_ERROR: u8 = 2;

/// Collects compliance evidence, seals it, judges it, and says who owns every control.
///
/// Try `countersign demo`: it shows the whole job on a fictional client, without any account.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = after_help(), max_term_width = 110)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Folder that holds everything of this installation
    #[arg(long, global = true, value_name = "DIR", env = environment::DATA)]
    pub data: Option<PathBuf>,
    /// Settings file; default: countersign.toml in the data folder
    #[arg(long, global = true, value_name = "FILE", env = environment::CONFIG, hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new, empty installation in the data folder
    Init(init::InitArguments),
    /// Show the whole job on a fictional client: collect, seal, judge, report, package, verify
    Demo(demo::DemoArguments),
    /// Collect on schedule and show the pages on this machine
    Serve(serve::ServeArguments),
    /// Add and list organizations (clients)
    Org(org::OrgArguments),
    /// People who sign, decide and are handed work
    Person(person::PersonArguments),
    /// The key that signs an organization's ledger: show it, replace it
    Key(key::KeyArguments),
    /// Connect what is collected from: a Microsoft 365 tenant, this machine
    Connect(connect::ConnectArguments),
    /// Certificates that connections sign in with: make, show, replace
    Certificate(certificate::CertificateArguments),
    /// Collect evidence now, seal it and judge it
    Collect(collect::CollectArguments),
    /// When collectors run, and how it went last
    Schedule(schedule::ScheduleArguments),
    /// Seal files or lines somebody hands in
    Import(import::ImportArguments),
    /// Look whether everything that collecting needs is there, and what will be missing
    Doctor(doctor::DoctorArguments),
    /// Where an organization stands
    Status(status::StatusArguments),
    /// The CMMC score, what may wait on a plan of action, and the shortest way up
    Score(score::ScoreArguments),
    /// Where an organization stands in a framework's own words, and what falls due
    Findings(findings::FindingsArguments),
    /// State that a control is met or does not apply, and answer for it
    Attest(attest::AttestArguments),
    /// Which targets and resources count for which framework
    Scope(scope::ScopeArguments),
    /// Service providers: who outside handles or protects the organization's data
    Provider(provider::ProviderArguments),
    /// Faults that are open, and whose turn it is
    Gap(gap::GapArguments),
    /// Who is accountable for which control
    Responsibility(responsibility::ResponsibilityArguments),
    /// Write the reports of a framework
    Report(report::ReportArguments),
    /// Write the zip an auditor takes away
    Package(package::PackageArguments),
    /// Prove that a record is under a signed head, or that one head continues another
    Prove(prove::ProveArguments),
    /// Write a ledger in a form other tools read
    Export(export::ExportArguments),
    /// How long evidence is kept, and deleting its bytes afterwards
    Retention(retention::RetentionArguments),
    /// Check a package, or all sealed evidence of the data folder, from its bytes
    Verify(verify::VerifyArguments),
    /// Write what the vault cannot give back into one small file
    Backup(backup::BackupArguments),
    /// Make an installation from a backup and its vault
    Restore(restore::RestoreArguments),
    /// Make a new database from the vault alone
    Rebuild(rebuild::RebuildArguments),
    /// List checks, test them on their cases, run one on files
    Check(check::CheckArguments),
    /// List what can be collected, with the permission each needs
    Collector(collector::CollectorArguments),
    /// Frameworks and their controls: list, show, see what helps what, check every data file
    Catalog(catalog::CatalogArguments),
}

/// Runs one command.
///
/// # Errors
/// Anything that kept the command from doing what was asked; to be printed with [`describe`].
pub async fn run(arguments: Arguments) -> anyhow::Result<Ending> {
    let common = arguments.common;
    match arguments.command {
        Command::Init(arguments) => init::run(&common, arguments).await,
        Command::Demo(arguments) => demo::run(&common, arguments).await,
        Command::Serve(arguments) => serve::run(&common, arguments).await,
        Command::Org(arguments) => org::run(&common, arguments).await,
        Command::Person(arguments) => person::run(&common, arguments).await,
        Command::Key(arguments) => key::run(&common, arguments).await,
        Command::Connect(arguments) => connect::run(&common, arguments).await,
        Command::Certificate(arguments) => certificate::run(&common, arguments).await,
        Command::Collect(arguments) => collect::run(&common, arguments).await,
        Command::Schedule(arguments) => schedule::run(&common, arguments).await,
        Command::Import(arguments) => import::run(&common, arguments).await,
        Command::Doctor(arguments) => doctor::run(&common, arguments).await,
        Command::Status(arguments) => status::run(&common, arguments).await,
        Command::Score(arguments) => score::run(&common, arguments).await,
        Command::Findings(arguments) => findings::run(&common, arguments).await,
        Command::Provider(arguments) => provider::run(&common, arguments).await,
        Command::Attest(arguments) => attest::run(&common, arguments).await,
        Command::Scope(arguments) => scope::run(&common, arguments).await,
        Command::Gap(arguments) => gap::run(&common, arguments).await,
        Command::Responsibility(arguments) => responsibility::run(&common, arguments).await,
        Command::Report(arguments) => report::run(&common, arguments).await,
        Command::Package(arguments) => package::run(&common, arguments).await,
        Command::Prove(arguments) => prove::run(&common, arguments).await,
        Command::Export(arguments) => export::run(&common, arguments).await,
        Command::Retention(arguments) => retention::run(&common, arguments).await,
        Command::Verify(arguments) => verify::run(&common, arguments).await,
        Command::Backup(arguments) => backup::run(&common, arguments).await,
        Command::Restore(arguments) => restore::run(&common, arguments).await,
        Command::Rebuild(arguments) => rebuild::run(&common, arguments).await,
        Command::Check(arguments) => check::run(&common, arguments),
        Command::Collector(arguments) => collector::run(&common, &arguments),
        Command::Catalog(arguments) => catalog::run(&common, &arguments),
    }
}

/// An error with its causes, for stderr: what went wrong first, then because of what, then what to do if the disk is to
/// blame.
#[must_use]
pub fn describe(fault: &anyhow::Error, data: Option<&std::path::Path>) -> String {
    let mut text = format!("error: {fault}");
    let mut last = fault.to_string();
    for cause in fault.chain().skip(1) {
        let cause = cause.to_string();
        if !last.contains(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause);
        }
        last = cause;
    }
    if let Some(next) = advice::next_step(fault, data) {
        text.push_str("\n  next: ");
        text.push_str(&next);
    }
    // Names in it come from files and services.
    output::plain_lines(&text)
}

fn after_help() -> String {
    use std::fmt::Write;
    let mut text = String::from("Environment:\n");
    for variable in environment::VARIABLES {
        writeln!(text, "  {:<29} {}", variable.name, variable.meaning).ok();
    }
    text.push_str(
        "\nExit codes: 0 fine, 1 gaps, alarms or failing checks (with --strict), 2 an error, a problem doctor found,\n\
         or only a part was done, 3 evidence was altered.\n\
         Results go to stdout, everything else to stderr.",
    );
    text
}
