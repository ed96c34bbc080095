//! The application: settings, database, vault, catalog, keys and clock, wired once for commands, pages and tests.

pub mod leftovers;
mod removals;
mod seeds;
pub mod signing;

use std::sync::Arc;

use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::catalog::Catalog;
use crate::collect::graph::GraphPool;
use crate::config::data_folder::{DataFolder, DataFolderFault};
use crate::config::presence::Presence;
use crate::config::secret_key::{KeyFault, SecretKey};
use crate::config::seed_files::SeedFileFault;
use crate::config::{Config, ConfigFault};
use crate::evaluate::Judge;
use crate::model::id::OrgId;
use crate::model::time::Clock;
use crate::spool::Spool;
use crate::store::{Instance, InstanceScope, OrgScope, Store, StoreFault};
use crate::vault::{Vault, VaultFault};

/// Everything a command, a page or the schedule needs.
pub struct App {
    pub data: DataFolder,
    pub config: Config,
    pub store: Store,
    pub vault: Vault,
    /// Where what arrives continuously waits to be sealed.
    pub spool: Spool,
    pub catalog: Arc<Catalog>,
    /// The catalog's rules; each is compiled once in the life of the process, whoever is judged.
    pub judge: Judge,
    pub secret_key: SecretKey,
    pub clock: Arc<dyn Clock>,
    /// What all runs share that read Microsoft Graph.
    pub graph: GraphPool,
    /// Names this process as holder of leases, and shows others that it lives.
    pub presence: Presence,
    /// A place for each target that this process may read side by side, whatever the number of runs.
    pub reading: Semaphore,
}

/// Why the application cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AppFault {
    #[error(transparent)]
    Data(#[from] DataFolderFault),
    #[error("the settings cannot be used")]
    Config(#[from] ConfigFault),
    #[error("the secret key cannot be used")]
    Key(#[from] KeyFault),
    #[error("the database cannot be used")]
    Store(#[from] StoreFault),
    #[error("the vault cannot be used")]
    Vault(#[from] VaultFault),
    #[error(
        "the database is empty, but {0} holds sealed evidence: the database was lost or the settings name another one. Put it back, or make it anew: countersign restore with a backup, or countersign rebuild from the vault alone"
    )]
    LostDatabase(std::path::PathBuf),
    #[error(
        "the key file {0} is not there, but the vault holds sealed evidence: put the key file back; nothing was changed"
    )]
    NoKeyFile(std::path::PathBuf),
    #[error("cannot write {path}")]
    Write { path: std::path::PathBuf, source: std::io::Error },
    #[error("a signing key cannot be used")]
    Note(#[from] countersign_seal::note::NoteError),
    #[error("a signing key's seed is not 32 bytes")]
    Seed,
    #[error("no key was ever made for organization {0}; put the database's backup back")]
    NoKey(OrgId),
    #[error("record {leaf} brings in a key and is not as it was sealed; run countersign verify")]
    AlteredKeyRecord { leaf: u64 },
    #[error(transparent)]
    SeedFile(#[from] SeedFileFault),
    #[error(
        "the sealed seed of signing key {key} is not here: the ledger of {organization} can be read and verified, but not continued; put keys/{organization}/{key}.sealed back into the data folder"
    )]
    NoSeed { organization: OrgId, key: String },
}

impl App {
    /// Makes a new installation in an empty or absent folder: settings file, key, database, vault. What an `init` that was
    /// cut off has left is taken up and finished.
    pub async fn init(
        data: DataFolder,
        config: Config,
        catalog: Arc<Catalog>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AppFault> {
        data.create()?;
        let key_file = data.secret_key_file(&config);
        let begun = key_file.exists();
        let already = || AppFault::from(DataFolderFault::AlreadyInitialized(data.path().to_owned()));
        if holds_evidence(&data.vault_folder(&config)) {
            return Err(already());
        }
        let settings = data.config_file();
        if !settings.exists() {
            crate::config::data_folder::write_whole(&settings, crate::config::TEMPLATE.as_bytes())
                .map_err(|source| AppFault::Write { path: settings.clone(), source })?;
        }
        let store = open_store(&data, &config).await?;
        store.migrate().await?;
        let known = store.instance().await?;
        if begun && known.is_some() {
            return Err(already());
        }
        let secret_key = if begun { SecretKey::read(&key_file)? } else { SecretKey::create(&key_file)? };
        if let Some(known) = known {
            return Err(KeyFault::WrongKey { expected: known.secret_key_id, found: secret_key.id().to_owned() }.into());
        }
        let instance = Instance { id: Uuid::now_v7(), secret_key_id: secret_key.id().to_owned() };
        store.create_instance(&instance, clock.now()).await?;
        Self::wire(data, config, store, catalog, secret_key, clock)
    }

    /// Opens an installation; refuses a folder without one and a key that is not its own.
    pub async fn open(
        data: DataFolder,
        config: Config,
        catalog: Arc<Catalog>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AppFault> {
        let key_file = data.secret_key_file(&config);
        if !key_file.exists() && holds_evidence(&data.vault_folder(&config)) {
            return Err(AppFault::NoKeyFile(key_file));
        }
        if !key_file.exists() {
            return Err(DataFolderFault::NotInitialized(data.path().to_owned()).into());
        }
        let secret_key = SecretKey::read(&key_file)?;
        let store = open_store(&data, &config).await?;
        store.migrate().await?;
        match store.instance().await? {
            Some(known) if known.secret_key_id != secret_key.id() => {
                let fault = KeyFault::WrongKey { expected: known.secret_key_id, found: secret_key.id().to_owned() };
                return Err(fault.into());
            }
            Some(_) => {}
            None if holds_evidence(&data.vault_folder(&config)) => {
                return Err(AppFault::LostDatabase(data.vault_folder(&config)));
            }
            None => {
                // The key file is there, the database and the vault are new: an `init` was cut off.
                let instance = Instance { id: Uuid::now_v7(), secret_key_id: secret_key.id().to_owned() };
                store.create_instance(&instance, clock.now()).await?;
            }
        }
        let app = Self::wire(data, config, store, catalog, secret_key, clock)?;
        for organization in app.store.organizations(InstanceScope::of_this_installation()).await? {
            app.finish_removals(&OrgScope::of(&organization)).await?;
        }
        Ok(app)
    }

    /// Puts the application together around a database that is open already; for making one anew. Everything else
    /// begins with [`App::init`] or [`App::open`].
    pub fn wire(
        data: DataFolder,
        config: Config,
        store: Store,
        catalog: Arc<Catalog>,
        secret_key: SecretKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AppFault> {
        let vault = Vault::local(&data.vault_folder(&config))?;
        let staging = data.staging_folder();
        crate::config::data_folder::create_private(&staging)
            .map_err(|source| AppFault::Write { path: staging, source })?;
        let processes = data.processes_folder();
        let presence =
            Presence::claim(&processes).map_err(|source| AppFault::Write { path: processes.clone(), source })?;
        leftovers::remove(&data.staging_folder(), &presence);
        let spool = Spool::at(data.spool_folder(), &config.spool);
        let reading = Semaphore::new(config.collect.targets_at_once);
        let graph = GraphPool::with_pace(config.collect.graph_pace);
        let judge = Judge::of(catalog.checks.values(), &catalog.library);
        Ok(Self { data, config, store, vault, spool, catalog, judge, secret_key, clock, graph, presence, reading })
    }
}

/// What a sealed seed is bound to, so that it opens for its own organization only.
#[must_use]
pub fn signing_purpose(scope: &OrgScope) -> String {
    format!("signing key of {}", scope.id())
}

/// What a connection's sealed secret is bound to.
#[must_use]
pub fn connection_purpose(scope: &OrgScope, target: &str) -> String {
    format!("connection of {} to {target}", scope.id())
}

/// What a certificate's sealed key is bound to while it waits to be used.
#[must_use]
pub fn certificate_purpose(scope: &OrgScope, tenant: &str) -> String {
    format!("certificate of {} for {tenant}", scope.id())
}

async fn open_store(data: &DataFolder, config: &Config) -> Result<Store, AppFault> {
    let connections = config.database.read_connections;
    match config.postgres_url()? {
        Some(url) => Ok(Store::open_postgres(&url, connections).await?),
        None => Ok(Store::open_sqlite(&data.database_file(), connections).await?),
    }
}

/// Whether a vault has a folder of any organization.
fn holds_evidence(vault: &std::path::Path) -> bool {
    std::fs::read_dir(vault).is_ok_and(|mut entries| entries.next().is_some())
}
