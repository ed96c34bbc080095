//! `countersign verify`

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use countersign_seal::note::claimed_checkpoint;
use countersign_seal::verify::words::{tell_package, tell_vault};
use countersign_seal::verify::{self, DirectoryVault, Fault, TrustedKey, VaultOptions, VaultReport, Verdict};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::config::data_folder::DataFolder;
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
        let note = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
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
    for organization in app.store.organizations(InstanceScope::of_this_installation()).await? {
        let scope = OrgScope::of(&organization);
        let Some(head) = app.store.head(&scope).await? else { continue };
        let id = organization.id.to_string();
        let place = format!("database, organization {}", organization.slug);
        let Some(found) = report.organizations.iter().find(|one| one.organization == id) else {
            let found = "no such organization in the vault".to_owned();
            add(report, Fault { place, expected: format!("a ledger of {} records", head.size), found });
            continue;
        };
        let hashes = app.store.leaf_hashes(&scope, head.size).await?;
        let in_vault = found.leaves.len() as u64;
        let first_other = hashes.iter().zip(&found.leaves).position(|(one, other)| one != other);
        if head.size > in_vault {
            let expected = format!("{} records, as the database knows them", head.size);
            add(
                report,
                Fault { place, expected, found: format!("{in_vault} records in the vault: it was rolled back") },
            );
        } else if let Some(leaf) = first_other {
            let expected = format!("record {leaf} as it is sealed in the vault");
            add(report, Fault { place, expected, found: "another record in the database".to_owned() });
        } else {
            for differs in audit::compare(&app, &organization).await? {
                let place = format!("{place}: {}", differs.place);
                add(report, Fault { place, expected: differs.sealed, found: differs.in_database });
            }
        }
    }
    report.proved.push(
        "the database says of findings, gaps and responsibilities what is sealed, and knows no record the vault lacks"
            .to_owned(),
    );
    if report.verdict == Verdict::Altered {
        report.proved.pop();
    }
    Ok(true)
}

fn add(report: &mut VaultReport, fault: Fault) {
    report.faults.push(fault);
    report.verdict = Verdict::Altered;
}

fn ending(verdict: Verdict) -> Ending {
    if verdict == Verdict::Altered { Ending::Altered } else { Ending::Fine }
}

fn read_key(text: &str) -> anyhow::Result<TrustedKey> {
    let from_file = if Path::new(text).is_file() { Some(std::fs::read_to_string(text)?) } else { None };
    let first = from_file.as_deref().and_then(|content| content.lines().next()).unwrap_or(text);
    Ok(first.parse()?)
}
