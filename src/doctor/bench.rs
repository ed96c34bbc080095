//! The parts of an installation, opened one by one so that a broken one does not hide the others. Start with
//! [`Bench::open`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Line;
use crate::app::App;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::config::data_folder::DataFolder;
use crate::config::secret_key::SecretKey;
use crate::model::fault::causes;
use crate::model::id::OrgSlug;
use crate::model::organization::Organization;
use crate::model::time::{Clock, Timestamp};
use crate::store::{InstanceScope, Store};

/// How long a database may take to be reached.
const REACH: Duration = Duration::from_secs(15);

/// What could be opened, and for the rest why not.
pub struct Bench {
    pub data: DataFolder,
    pub config: Config,
    pub now: Timestamp,
    pub catalog: Result<Arc<Catalog>, String>,
    /// The id of the secret key.
    pub key: Result<String, String>,
    pub store: Result<Store, String>,
    /// Which secret key sealed what the database holds; none in a database without an installation.
    pub sealed_with: Result<Option<String>, String>,
    /// Everything together, if nothing of it is broken.
    pub app: Option<App>,
    /// The organizations to look at.
    pub organizations: Vec<Organization>,
    /// An organization that was asked for and is not there.
    pub no_such: Option<OrgSlug>,
}

impl Bench {
    /// Opens what there is. Nothing is created, and no schema is brought up to date.
    pub async fn open(
        data: DataFolder,
        config: Config,
        catalog: Result<Catalog, String>,
        clock: Arc<dyn Clock>,
        only: Option<&OrgSlug>,
    ) -> Self {
        let catalog = catalog.map(Arc::new);
        let key = SecretKey::read(&data.secret_key_file(&config)).map_err(|fault| causes(&fault));
        let store = match tokio::time::timeout(REACH, open_store(&data, &config)).await {
            Ok(store) => store,
            Err(_) => Err(format!("it did not answer within {} seconds", REACH.as_secs())),
        };
        let sealed_with = match &store {
            Ok(store) => store.instance().await.map_err(|fault| causes(&fault)),
            Err(_) => Err("the database cannot be used".to_owned()),
        };
        let sealed_with = sealed_with.map(|instance| instance.map(|instance| instance.secret_key_id));
        let mut bench = Self {
            catalog,
            key: key.as_ref().map(|key| key.id().to_owned()).map_err(Clone::clone),
            store,
            sealed_with,
            app: None,
            organizations: Vec::new(),
            no_such: None,
            data,
            config,
            now: clock.now(),
        };
        if let (Ok(key), Ok(Some(sealed_with))) = (key, &bench.sealed_with)
            && key.id() == sealed_with
        {
            bench.put_together(key, clock, only).await;
        }
        bench
    }

    async fn put_together(&mut self, key: SecretKey, clock: Arc<dyn Clock>, only: Option<&OrgSlug>) {
        let scope = InstanceScope::of_this_installation();
        let (Ok(store), Ok(catalog)) = (&self.store, &self.catalog) else { return };
        // Without its schema or its folder it could not be asked, or would be made.
        let is_ready = matches!(store.pending_migrations(scope).await, Ok(pending) if pending.is_empty());
        if !is_ready || !self.data.vault_folder(&self.config).is_dir() {
            return;
        }
        let Ok(mut organizations) = store.organizations(scope).await else { return };
        if let Some(only) = only {
            organizations.retain(|one| one.slug == *only);
            self.no_such = organizations.is_empty().then(|| only.clone());
        }
        let (store, catalog) = (store.clone(), Arc::clone(catalog));
        self.app = App::wire(self.data.clone(), self.config.clone(), store, catalog, key, clock).ok();
        self.organizations = organizations;
    }

    /// Which version this is, and by which catalog it judges.
    pub(super) fn version(&self) -> Vec<Line> {
        let version = env!("CARGO_PKG_VERSION");
        let mut lines = vec![match &self.catalog {
            Ok(catalog) => Line::ok(
                "version",
                "",
                format!(
                    "countersign {version} with {} collectors and {} checks, catalog {}",
                    catalog.collectors.len(),
                    catalog.checks.len(),
                    catalog.digest.short()
                ),
            ),
            Err(fault) => {
                Line::problem("version", "", format!("countersign {version}; the catalog cannot be used: {fault}"))
                    .missing("everything: without its catalog nothing is collected or judged")
                    .next("correct the files that are named, or take their folder out of catalog.folders")
            }
        }];
        lines.extend(self.no_such.as_ref().map(|slug| {
            Line::problem("organization", slug.as_str(), "there is no such organization")
                .next("countersign org list shows those there are")
        }));
        lines
    }

    pub(super) fn vault_folder(&self) -> PathBuf {
        self.data.vault_folder(&self.config)
    }
}

async fn open_store(data: &DataFolder, config: &Config) -> Result<Store, String> {
    let connections = config.database.read_connections;
    if let Some(url) = config.postgres_url().map_err(|fault| causes(&fault))? {
        return Store::open_postgres(&url, connections).await.map_err(|fault| causes(&fault));
    }
    let file = data.database_file();
    if !file.exists() {
        return Err(format!("{} is not there", file.display()));
    }
    Store::open_sqlite(&file, connections).await.map_err(|fault| causes(&fault))
}
