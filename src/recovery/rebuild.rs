//! The vault alone makes a new database.
//!
//! First the whole vault is verified: an altered one makes no database. Then each organization's log is replayed in order
//! into a new database, which takes its place only when it is whole. Start with [`rebuild`].

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use super::fresh::FreshDatabase;
use super::loss::{self, Loss};
use super::{Outcome, RecoveryFault, verify_vault};
use countersign_seal::verify::{VaultReport, Verdict};

use crate::app::App;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::config::data_folder::DataFolder;
use crate::config::secret_key::SecretKey;
use crate::config::seed_files::SeedFiles;
use crate::model::id::OrgId;
use crate::model::organization::Organization;
use crate::model::time::Clock;
use crate::pipeline::replay::KnownReports;
use crate::pipeline::replay::introduction::introduction;
use crate::pipeline::roll_forward::{add_key, roll_forward_knowing};
use crate::store::{Instance, OrgScope};

pub use super::fresh::Existing;

/// What was made.
#[derive(Debug, Serialize)]
pub struct Rebuilt {
    /// The old database, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<PathBuf>,
    pub organizations: Vec<RebuiltOrganization>,
    pub not_restored: Vec<Loss>,
}

/// An organization that is there again.
#[derive(Debug, Serialize)]
pub struct RebuiltOrganization {
    pub id: String,
    pub uuid: OrgId,
    pub commits: u64,
    pub records: u64,
}

/// Makes a new database from the vault.
pub async fn rebuild(
    data: DataFolder,
    config: Config,
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
    existing: Existing,
) -> Result<Outcome<Rebuilt>, RecoveryFault> {
    FreshDatabase::may_be_made(&data, &config, existing).await?;
    let vault = data.vault_folder(&config);
    let report = verify_vault(vault, Vec::new()).await?;
    if report.verdict == Verdict::Altered {
        return Ok(Outcome::Altered(Box::new(report)));
    }
    let (secret_key, key_id, key_lost) = secret_key(&data, &config)?;
    let (fresh, store) = FreshDatabase::open(&data, &config, existing).await?;
    let app = App::wire(data, config, store, catalog, secret_key, clock)?;
    let done = replay_all(&app, &report).await;
    let (organizations, mut not_restored) = match done {
        Ok(done) => done,
        Err(fault) => {
            fresh.give_up(app.store).await;
            return Err(fault);
        }
    };
    let instance = Instance { id: Uuid::now_v7(), secret_key_id: key_id };
    let now = app.clock.now();
    app.store.create_instance(&instance, now).await?;
    not_restored
        .insert(0, Loss::of_installation("installation_id", format!("this installation is {} now", instance.id)));
    not_restored.extend(key_lost);
    let kept = fresh.publish(app.store, now).await?;
    Ok(Outcome::Done(Rebuilt { kept, organizations, not_restored }))
}

/// The secret key if its file is there; else the id of the one that seeds were sealed with, which must be put back; else
/// a new one, because there is nothing that it would have to open.
fn secret_key(data: &DataFolder, config: &Config) -> Result<(SecretKey, String, Option<Loss>), RecoveryFault> {
    let file = data.secret_key_file(config);
    if file.exists() {
        let key = SecretKey::read(&file)?;
        let id = key.id().to_owned();
        return Ok((key, id, None));
    }
    let sealed_with = SeedFiles::of(data).all()?.into_iter().next_back().map(|seed| seed.sealed.key_id);
    if let Some(id) = sealed_with {
        let message = format!(
            "the key file with id {id} is not here; put it to {} before anything else: nothing opens without it",
            file.display()
        );
        return Ok((SecretKey::of_nothing()?, id, Some(Loss::of_installation("secret_key", message))));
    }
    let key = SecretKey::create(&file)?;
    let id = key.id().to_owned();
    let message = format!(
        "neither the key file nor any sealed signing key is here; a new key file with id {id} was made, {}",
        file.display()
    );
    Ok((key, id, Some(Loss::of_installation("secret_key", message))))
}

async fn replay_all(app: &App, report: &VaultReport) -> Result<(Vec<RebuiltOrganization>, Vec<Loss>), RecoveryFault> {
    let mut organizations = Vec::new();
    let mut losses = Vec::new();
    for found in &report.organizations {
        let Ok(id) = found.organization.parse::<OrgId>() else { continue };
        let Some((organization, lost)) = introduce(app, id).await? else { continue };
        losses.extend(lost);
        let scope = OrgScope::of(&organization);
        let commits = roll_forward_knowing(app, &scope, &KnownReports::new()).await?;
        losses.extend(loss::connections(app, &organization).await?);
        losses.extend(loss::seeds(app, &organization).await?);
        losses.extend(loss::in_records(app, &organization, loss::Runs::AllFromEvidence).await?);
        let id = organization.slug.to_string();
        organizations.push(RebuiltOrganization { id, uuid: organization.id, commits, records: found.records });
    }
    Ok((organizations, losses))
}

/// Adds an organization with its first key, as its ledger begins; none when it has not begun.
pub(super) async fn introduce(app: &App, id: OrgId) -> Result<Option<(Organization, Option<Loss>)>, RecoveryFault> {
    let Some(begun) = introduction(app, id).await? else { return Ok(None) };
    let organization = begun.organization;
    let scope = app.store.take_over_organization(&organization, &begun.settings).await?;
    add_key(app, &scope, &begun.key, organization.created_at).await?;
    let lost = (!begun.is_recorded).then(|| {
        let message = "its ledger was begun by a version that did not seal the organization: its short name is made of its id, name, time zone and settings are unknown".to_owned();
        Loss::of(&organization, "organization_record", message)
    });
    Ok(Some((organization, lost)))
}
