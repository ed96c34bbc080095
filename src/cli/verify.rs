//! `countersign verify`

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use countersign_seal::note::{MAX_NOTE, claimed_checkpoint};
use countersign_seal::verify::words::{tell_package, tell_vault};
use countersign_seal::verify::{self, DirectoryVault, Fault, TrustedKey, VaultOptions, VaultReport, Verdict};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::config::data_folder::DataFolder;
use crate::config::limited;
use crate::pipeline::audit;
use crate::store::{InstanceScope, OrgScope};

/// Everything from bytes, trusting neither database nor index. With --data and no package the whole vault is checked,
/// and then that the database says the same.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// A package, as it was handed over
    package: Option<PathBuf>,
    /// The key you trust, got from somebody you trust: a fingerprint (SHA256:...), a verifier key, or a file with one
    #[arg(long)]
    key: Option<String>,
    /// A checkpoint you kept; the ledger must continue it (may be repeated)
    #[arg(long, value_name = "CHECKPOINT")]
    since: Vec<PathBuf>,
    /// Do not read objects, only records, lists and heads
    #[arg(long)]
    skip_data: bool,
}

pub async fn run(common: &Common, arguments: VerifyArguments) -> anyhow::Result<Ending> {
    let key = arguments.key.as_deref().map(read_key).transpose()?;
    if let Some(path) = &arguments.package {
        let report = verify::package(path, key.as_ref())?;
        if common.json {
            let mut value = serde_json::to_value(&report)?;
            if let Some(object) = value.as_object_mut() {
                object.insert("verified".to_owned(), json!(report.verdict != Verdict::Altered));
            }
            output::json(&value)?;
        } else {
            output::line(&tell_package(&report))?;
        }
        return Ok(ending(report.verdict));
    }
    let data = session::data_folder(common)?;
    let config = session::config(common, Some(&data))?;
    let folder = data.vault_folder(&config);
    if !folder.is_dir() {
        bail!("{} holds no vault; name a package or the right data folder", data.path().display());
    }
    let mut since = Vec::new();
    for path in &arguments.since {
        let note = limited::text(path, MAX_NOTE as u64).with_context(|| format!("cannot read {}", path.display()))?;
        let note = note.with_context(|| format!("{} is too long for a checkpoint", path.display()))?;
        claimed_checkpoint(&note).with_context(|| format!("{} is not a checkpoint", path.display()))?;
        since.push(note);
    }
    let options = VaultOptions { skip_data: arguments.skip_data, key, since, organization: None };
    let mut report =
        tokio::task::spawn_blocking(move || verify::vault(&DirectoryVault::new(folder), &options)).await??;
    let compared = compare_with_database(common, &data, &mut report).await?;
    if common.json {
        let mut value = serde_json::to_value(&report)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("verified".to_owned(), json!(report.verdict != Verdict::Altered));
            object.insert("database_compared".to_owned(), json!(compared));
        }
        output::json(&value)?;
    } else {
        output::line(&tell_vault(&report))?;
    }
    Ok(ending(report.verdict))
}

/// Sees whether the database is behind, ahead of or beside the vault. A database that is only behind is fine: the next
/// run takes over what it does not know.
async fn compare_with_database(common: &Common, data: &DataFolder, report: &mut VaultReport) -> anyhow::Result<bool> {
    let config = session::config(common, Some(data))?;
    if config.database.url == "sqlite" && !data.database_file().exists() {
        report.not_proved.push("The database is not there and was not compared.".to_owned());
        return Ok(false);
    }
    let app = match session::app(common).await {
        Ok(app) => app,
        Err(fault) => {
            report.not_proved.push(format!("The database could not be opened and was not compared: {fault}"));
            return Ok(false);
        }
    };
    let known = app.store.organizations(InstanceScope::of_this_installation()).await?;
    let sealed: Vec<String> = report.organizations.iter().map(|one| one.organization.clone()).collect();
    for unknown in sealed.iter().filter(|id| known.iter().all(|one| one.id.to_string() != **id)) {
        let place = format!("database, organization {unknown}");
        let expected = "an organization that the vault holds a ledger of".to_owned();
        add(report, Fault { place, expected, found: "no such organization; see: countersign rebuild".to_owned() });
    }
    let mut is_whole = true;
    for organization in known {
        let scope = OrgScope::of(&organization);
        let place = format!("database, organization {}", organization.slug);
        let found = report.organizations.iter().find(|one| one.organization == organization.id.to_string());
        let in_vault = found.map(|found| found.leaves.len() as u64);
        let size = app.store.head(&scope).await?.map_or(0, |head| head.size);
        match in_vault {
            None if size > 0 => {
                let found = "no such organization in the vault".to_owned();
                add(report, Fault { place, expected: format!("a ledger of {size} records"), found });
                continue;
            }
            Some(in_vault) if size > in_vault => {
                let expected = format!("{size} records, as the database knows them");
                let found = format!("{in_vault} records in the vault: it was rolled back");
                add(report, Fault { place, expected, found });
                continue;
            }
            _ => {}
        }
        match audit::compare(&app, &organization).await {
            Ok(differences) => {
                for differs in differences {
                    let place = format!("{place}: {}", differs.place);
                    add(report, Fault { place, expected: differs.sealed, found: differs.in_database });
                }
            }
            // What is altered in the vault cannot be compared with, and is named already.
            Err(fault) if report.verdict == Verdict::Altered => {
                is_whole = false;
                let slug = &organization.slug;
                report
                    .not_proved
                    .push(format!("The database was not compared for {slug}: {:#}", anyhow::Error::from(fault)));
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    if report.verdict != Verdict::Altered {
        report.proved.extend(PROVED.iter().map(|words| (*words).to_owned()));
        report.not_proved.push(NOT_COMPARED.to_owned());
    }
    Ok(is_whole)
}

/// What was compared, when nothing differs.
const PROVED: &[&str] = &[
    "the database says what is sealed of records, log, stored and deleted objects, the index of evidence, findings, \
     statuses, gaps and their events, requests, responsibilities, reports, signing keys and organizations as they were added",
    "the database knows no record the vault lacks, and lacks nothing of the commits it knows",
];

/// What no record tells.
const NOT_COMPARED: &str = "Of the database, these were not compared, because no record says them: connections, secrets, \
    runs and collector states, counts of rows, and where the files of reports lie.";

fn add(report: &mut VaultReport, fault: Fault) {
    report.faults.push(fault);
    report.verdict = Verdict::Altered;
}

fn ending(verdict: Verdict) -> Ending {
    if verdict == Verdict::Altered { Ending::Altered } else { Ending::Fine }
}

fn read_key(text: &str) -> anyhow::Result<TrustedKey> {
    let is_file = Path::new(text).is_file();
    let read = || limited::text(Path::new(text), MAX_NOTE as u64).with_context(|| format!("cannot read {text}"));
    let too_long = || format!("{text} is too long for a key");
    let from_file = if is_file { Some(read()?.with_context(too_long)?) } else { None };
    let first = from_file.as_deref().and_then(|content| content.lines().next()).unwrap_or(text);
    Ok(first.parse()?)
}
