//! A backup and the vault make an installation again, on whatever kind of database the settings name.
//!
//! The backup is read whole and the vault is verified, also against the heads the backup knows, before anything is
//! written. Rows come first, then the vault is replayed over them. Start with [`Backup::read`], then [`Backup::restore`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_seal::verify::{VaultReport, Verdict};
use serde::Serialize;

use super::file::{self, ABOUT, About, CHECKPOINTS, Entries, KEYS, SECRET_KEY, SETTINGS, TABLES};
use super::fresh::{Existing, FreshDatabase};
use super::loss::{self, Loss};
use super::rebuild::{RebuiltOrganization, introduce};
use super::{Outcome, RecoveryFault, verify_vault};
use crate::app::App;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::config::data_folder::{DataFolder, write_whole};
use crate::config::secret_key::{KeyFault, SealedSecret, SecretKey};
use crate::config::seed_files::{self, SeedFiles};
use crate::model::id::OrgId;
use crate::model::time::Clock;
use crate::pipeline::replay::KnownReports;
use crate::pipeline::roll_forward::roll_forward_knowing;
use crate::store::{BackupRows, InstanceScope, OrgScope};

/// A backup that was read whole and is in order.
#[derive(Debug)]
pub struct Backup {
    pub about: About,
    rows: BackupRows,
    checkpoints: Vec<String>,
    seeds: Vec<(OrgId, String, SealedSecret)>,
    settings: Option<String>,
    secret_key: Option<Vec<u8>>,
}

/// What was restored.
#[derive(Debug, Serialize)]
pub struct Restored {
    pub created: crate::model::time::Timestamp,
    pub organizations: Vec<RebuiltOrganization>,
    /// Id of the key file that opens its secrets, and whether it is in its place.
    pub secret_key_id: String,
    pub secret_key_is_here: bool,
    pub secret_key_file: PathBuf,
    pub not_restored: Vec<Loss>,
}

impl Backup {
    /// Reads a backup; refuses one that is damaged in any byte, or holds what this version does not know.
    pub fn read(path: &Path) -> Result<Self, RecoveryFault> {
        let (about, entries) = file::read(path)?;
        let damaged = |message: String| RecoveryFault::Damaged { path: path.to_owned(), message };
        let rows = BackupRows::of_lines(|table| entries.get(&format!("{TABLES}{table}.jsonl")).map(Vec::as_slice))
            .map_err(|fault| damaged(fault.to_string()))?;
        let (instance, _) = rows.instance().map_err(|fault| damaged(fault.to_string()))?;
        if instance.secret_key_id != about.secret_key_id {
            return Err(damaged(format!("{ABOUT} and its rows name different key files")));
        }
        let mut backup =
            Self { about, rows, checkpoints: Vec::new(), seeds: Vec::new(), settings: None, secret_key: None };
        backup.take(entries).map_err(damaged)?;
        Ok(backup)
    }

    fn take(&mut self, entries: Entries) -> Result<(), String> {
        let tables: BTreeSet<String> = BackupRows::NAMES.iter().map(|table| format!("{TABLES}{table}.jsonl")).collect();
        for (name, bytes) in entries {
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| format!("`{name}` is not text"));
            if name == ABOUT || tables.contains(&name) {
            } else if name == SETTINGS {
                self.settings = Some(text(bytes)?);
            } else if name == SECRET_KEY {
                self.secret_key = Some(bytes);
            } else if name.starts_with(CHECKPOINTS) {
                self.checkpoints.push(text(bytes)?);
            } else if let Some((organization, key)) = seed_name(&name) {
                let sealed = seed_files::decode(&bytes).map_err(|fault| format!("`{name}`: {fault}"))?;
                self.seeds.push((organization, key.to_owned(), sealed));
            } else {
                return Err(format!("it holds `{name}`, which this version does not know; use a newer version"));
            }
        }
        Ok(())
    }

    /// The settings file that was in use, if there was one.
    #[must_use]
    pub fn settings(&self) -> Option<&str> {
        self.settings.as_deref()
    }

    /// Makes the installation again. `keep_settings` says whether the backup's settings file is written; the settings in
    /// `config` are used in any case.
    pub async fn restore(
        self,
        data: DataFolder,
        config: Config,
        catalog: Arc<Catalog>,
        clock: Arc<dyn Clock>,
        scope: InstanceScope,
        keep_settings: KeepSettings,
    ) -> Result<Outcome<Restored>, RecoveryFault> {
        let key = self.key(&data, &config)?;
        FreshDatabase::may_be_made(&data, &config, Existing::Refuse).await.map_err(|fault| match fault {
            RecoveryFault::DatabaseThere(_) => RecoveryFault::InstallationThere(data.path().to_owned()),
            other => other,
        })?;
        let vault = data.vault_folder(&config);
        let report = if self.checkpoints.is_empty() && !vault.is_dir() {
            None
        } else {
            Some(verify_vault(vault, self.checkpoints.clone()).await?)
        };
        if let Some(report) = report.as_ref().filter(|report| report.verdict == Verdict::Altered) {
            return Ok(Outcome::Altered(Box::new(report.clone())));
        }
        let (fresh, store) = FreshDatabase::open(&data, &config, Existing::Refuse).await?;
        let secret_key_file = data.secret_key_file(&config);
        let is_here = key.is_some();
        let key = key.map_or_else(SecretKey::of_nothing, Ok)?;
        for (organization, key, sealed) in &self.seeds {
            SeedFiles::of(&data).keep(*organization, key, sealed)?;
        }
        let app = App::wire(data, config, store, catalog, key, clock)?;
        let (about, settings, secret_key) = (self.about, self.settings, self.secret_key);
        let (instance, created_at) = self.rows.instance()?;
        let made = put_back(&app, scope, self.rows, report.as_ref()).await;
        let (organizations, not_restored) = match made {
            Ok(made) => made,
            Err(fault) => {
                fresh.give_up(app.store).await;
                return Err(fault);
            }
        };
        if let (Some(text), KeepSettings::Write) = (&settings, keep_settings) {
            let file = app.data.config_file();
            write_whole(&file, text.as_bytes()).map_err(RecoveryFault::io(&file))?;
        }
        if let Some(bytes) = secret_key.filter(|_| !secret_key_file.exists()) {
            write_whole(&secret_key_file, &bytes).map_err(RecoveryFault::io(&secret_key_file))?;
        }
        app.store.create_instance(&instance, created_at).await?;
        fresh.publish(app.store, app.clock.now()).await?;
        Ok(Outcome::Done(Restored {
            created: about.created,
            organizations,
            secret_key_id: about.secret_key_id,
            secret_key_is_here: is_here,
            secret_key_file,
            not_restored,
        }))
    }

    /// The key that opens the backup's secrets: from its place, or from the backup. Another one is refused.
    fn key(&self, data: &DataFolder, config: &Config) -> Result<Option<SecretKey>, RecoveryFault> {
        let file = data.secret_key_file(config);
        let key = match &self.secret_key {
            _ if file.exists() => SecretKey::read(&file)?,
            Some(bytes) => SecretKey::of_file(bytes, &file)?,
            None => return Ok(None),
        };
        if key.id() == self.about.secret_key_id {
            return Ok(Some(key));
        }
        Err(KeyFault::WrongKey { expected: self.about.secret_key_id.clone(), found: key.id().to_owned() }.into())
    }
}

/// Whether the backup's settings file is written into the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepSettings {
    Write,
    /// Others are in use.
    Leave,
}

fn seed_name(name: &str) -> Option<(OrgId, &str)> {
    let (organization, file) = name.strip_prefix(KEYS)?.split_once('/')?;
    Some((organization.parse().ok()?, file.strip_suffix(".sealed")?))
}

async fn put_back(
    app: &App,
    scope: InstanceScope,
    rows: BackupRows,
    report: Option<&VaultReport>,
) -> Result<(Vec<RebuiltOrganization>, Vec<Loss>), RecoveryFault> {
    let mut known: BTreeMap<OrgId, _> = rows.organizations()?.into_iter().map(|one| (one.id, one)).collect();
    let mut reports: BTreeMap<OrgId, KnownReports> = BTreeMap::new();
    for place in rows.report_places()? {
        reports.entry(place.organization).or_default().insert(place.leaf, (place.id, place.path, place.sha256));
    }
    app.store.put_back(scope, rows).await?;
    let mut organizations = Vec::new();
    let mut losses = Vec::new();
    for found in report.iter().flat_map(|report| &report.organizations) {
        let Ok(id) = found.organization.parse::<OrgId>() else { continue };
        let organization = match known.remove(&id) {
            Some(organization) => organization,
            // Added after the backup was made.
            None => match introduce(app, id).await? {
                Some((organization, lost)) => {
                    losses.extend(lost);
                    organization
                }
                None => continue,
            },
        };
        let scope = OrgScope::of(&organization);
        let commits = roll_forward_knowing(app, &scope, &reports.remove(&id).unwrap_or_default()).await?;
        losses.extend(loss::connections(app, &organization).await?);
        losses.extend(loss::seeds(app, &organization).await?);
        losses.extend(loss::in_records(app, &organization, loss::Runs::FromBackup).await?);
        let name = organization.slug.to_string();
        organizations.push(RebuiltOrganization { id: name, uuid: id, commits, records: found.records });
    }
    for (id, organization) in known {
        organizations.push(RebuiltOrganization { id: organization.slug.to_string(), uuid: id, commits: 0, records: 0 });
    }
    Ok((organizations, losses))
}
