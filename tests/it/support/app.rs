//! A whole application in a temporary folder, made by the same `App::init` as the product's, on a database of choice.

use std::sync::{Arc, LazyLock};

use countersign::app::{App, AppFault, signing_purpose};
use countersign::catalog::Catalog;
use countersign::config::data_folder::DataFolder;
use countersign::config::secret_key::random;
use countersign::config::{Config, GraphPace};
use countersign::model::evidence::{CollectionOutcome, RawArtifact, RawEvidence, SealedEvidence, Source};
use countersign::model::id::{OrgId, RunId};
use countersign::model::organization::Organization;
use countersign::model::responsibility::EngagementModel;
use countersign::model::time::Clock;
use countersign::pipeline::commit::{Committed, commit};
use countersign::pipeline::enrol::{OrganizationRequest, add_organization};
use countersign::pipeline::fault::CommitFault;
use countersign::pipeline::records;
use countersign::store::{EvidenceRow, IndexRows, NewOrganization, OrgScope, SigningKeyRow, StoreFault};
use countersign_seal::digest::Digest;
use countersign_seal::note::{SigningKey, origin};

use super::Database;
use super::clock::StoryClock;

/// The catalog of this binary, read once for all stories.
pub static EMBEDDED: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::embedded().unwrap()));

/// When every story begins.
pub const START: &str = "2026-03-02T09:00:00Z";

/// A running installation.
pub struct TestApp {
    pub app: App,
    pub clock: Arc<StoryClock>,
    pub database: Database,
}

/// An installation while no process runs on it.
pub struct Stopped {
    pub clock: Arc<StoryClock>,
    pub database: Database,
    pub catalog: Arc<Catalog>,
}

impl TestApp {
    /// A new installation with the catalog of this binary.
    pub async fn on(database: Database) -> Self {
        Self::with(database, Arc::clone(&EMBEDDED)).await
    }

    /// A new installation that knows no framework, collector or check: for stories of the store alone.
    pub async fn without_catalog(database: Database) -> Self {
        Self::with(database, Arc::new(Catalog::of(Vec::new(), Vec::new(), Vec::new()))).await
    }

    async fn with(database: Database, catalog: Arc<Catalog>) -> Self {
        let clock = Arc::new(StoryClock::at(START));
        let (data, config) = settings(&database);
        let app = App::init(data, config, catalog, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { app, clock, database }
    }

    /// Where the vault's files are.
    pub fn vault_folder(&self) -> std::path::PathBuf {
        self.app.data.vault_folder(&self.app.config)
    }

    /// Ends the process, as it were: all connections are closed.
    pub async fn stop(self) -> Stopped {
        let Self { app, clock, database } = self;
        app.store.close().await.unwrap();
        Stopped { clock, database, catalog: app.catalog }
    }

    /// A second process on the same installation, while this one runs.
    pub async fn beside(&self) -> Self {
        let (clock, database) = (Arc::clone(&self.clock), self.database.clone());
        Stopped { clock, database, catalog: Arc::clone(&self.app.catalog) }.start().await
    }

    /// Adds a client as the product does, with its ledger: Northwind Clinic, co-managed, under the HIPAA Security Rule.
    pub async fn northwind(&self) -> Organization {
        let request = OrganizationRequest {
            slug: "northwind".parse().unwrap(),
            name: "Northwind Clinic (fictional)".to_owned(),
            model: EngagementModel::CoManaged,
            frameworks: vec!["hipaa-security".parse().unwrap()],
            time_zone: "UTC".to_owned(),
            settings: serde_json::json!({}),
        };
        add_organization(&self.app, request).await.unwrap()
    }

    /// Adds an organization with a fresh signing key.
    pub async fn organization(&self, slug: &str) -> OrgScope {
        self.try_organization(slug).await.unwrap()
    }

    pub async fn try_organization(&self, slug: &str) -> Result<OrgScope, StoreFault> {
        let created_at = self.clock.now();
        let organization = Organization {
            id: OrgId::fresh(),
            slug: slug.parse().unwrap(),
            name: format!("{slug} (fictional)"),
            model: EngagementModel::CoManaged,
            frameworks: vec!["hipaa-security".parse().unwrap()],
            time_zone: "Europe/Berlin".to_owned(),
            created_at,
        };
        let scope = OrgScope::of(&organization);
        let seed = random::<32>().unwrap();
        let name = origin(&organization.id.to_string().parse().unwrap());
        let public_key = *SigningKey::from_seed(&name, *seed).unwrap().verifying_key().as_bytes();
        let key = SigningKeyRow {
            key_id: Digest::of(&public_key).short(),
            name,
            public_key: public_key.to_vec(),
            introduced_at: created_at,
        };
        let sealed_seed = self.app.secret_key.seal(&signing_purpose(&scope), seed.as_slice()).unwrap();
        let settings = serde_json::json!({ "slug": slug });
        self.app.store.add_organization(&NewOrganization { organization, settings, key, sealed_seed }).await
    }

    /// Seals evidence as the pipeline does, with its index rows.
    pub async fn seal(&self, scope: &OrgScope, run: RunId, all: Vec<RawEvidence>) -> Result<Committed, CommitFault> {
        let outlines = all.clone();
        let entrants = all.into_iter().map(|raw| records::evidence(scope, run, raw)).collect::<Result<_, _>>()?;
        let index = |committed: &Committed| IndexRows {
            evidence: index_rows(run, &outlines, committed),
            ..IndexRows::default()
        };
        commit(&self.app, scope, entrants, index).await
    }
}

impl Stopped {
    /// Starts on what is in the folder and the database now.
    pub async fn start(self) -> TestApp {
        let app = self.try_start().await.unwrap();
        TestApp { app, clock: self.clock, database: self.database }
    }

    /// Starts, or says why that is refused.
    pub async fn try_start(&self) -> Result<App, AppFault> {
        let (data, config) = settings(&self.database);
        App::open(data, config, Arc::clone(&self.catalog), Arc::clone(&self.clock) as Arc<dyn Clock>).await
    }
}

/// The index rows of evidence that was committed.
pub fn index_rows(run: RunId, all: &[RawEvidence], committed: &Committed) -> Vec<EvidenceRow> {
    committed
        .admitted
        .iter()
        .zip(all)
        .map(|(admitted, raw)| EvidenceRow {
            sealed: SealedEvidence {
                leaf: admitted.leaf,
                record_hash: admitted.record_hash,
                run,
                dataset: raw.dataset.clone(),
                target: raw.target.clone(),
                source: raw.source,
                collected_at: raw.finished,
                outcome: raw.outcome,
                reason: raw.reason.clone(),
                artifacts: admitted.artifacts.clone(),
            },
            row_count: 1,
        })
        .collect()
}

pub fn settings(database: &Database) -> (DataFolder, Config) {
    let mut config = Config::default();
    config.database.url = database.setting();
    config.collect.graph_pace = GraphPace::Unlimited;
    (DataFolder::at(database.folder.path()).unwrap(), config)
}

/// One dataset of the host `files.example` with one artifact.
pub fn evidence(dataset: &str, clock: &StoryClock, bytes: &[u8]) -> RawEvidence {
    let at = clock.now();
    RawEvidence {
        dataset: dataset.parse().unwrap(),
        collector_digest: Digest::of(b"definition"),
        target: "files.example".to_owned(),
        source: Source::Host,
        started: at,
        finished: at,
        source_clock: None,
        outcome: CollectionOutcome::Complete,
        reason: String::new(),
        provenance: serde_json::Map::new(),
        redactions: Vec::new(),
        artifacts: vec![RawArtifact::in_memory("stdout", "text/plain", bytes.to_vec())],
    }
}
