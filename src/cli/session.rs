//! Opens what a command needs: the catalog, or the whole application, or one organization of it.

use std::sync::Arc;

use anyhow::{Context, bail};

use super::Common;
use crate::app::App;
use crate::catalog::Catalog;
use crate::catalog::files::FileSet;
use crate::config::Config;
use crate::config::data_folder::DataFolder;
use crate::model::decision::Decisions;
use crate::model::id::OrgSlug;
use crate::model::organization::Organization;
use crate::model::time::SystemClock;
use crate::pipeline::decisions;
use crate::pipeline::roll_forward::roll_forward;
use crate::store::{InstanceScope, OrgScope};

/// The data folder that was named.
pub fn data_folder(common: &Common) -> anyhow::Result<DataFolder> {
    let Some(path) = &common.data else {
        bail!("say where the data is: --data DIR or the variable COUNTERSIGN_DATA");
    };
    Ok(DataFolder::at(path)?)
}

/// The settings, from the file that was named or the one in the data folder.
pub fn config(common: &Common, data: Option<&DataFolder>) -> anyhow::Result<Config> {
    let in_data = data.map(DataFolder::config_file);
    match common.config.clone().or(in_data) {
        Some(path) => {
            if common.config.is_some() && !path.exists() {
                bail!("the settings file {} does not exist", path.display());
            }
            Config::load(&path).context("the settings cannot be used")
        }
        None => Ok(Config::default()),
    }
}

/// The built-in catalog with the folders the settings name. Needs no data folder.
pub fn catalog(common: &Common) -> anyhow::Result<Catalog> {
    Ok(Catalog::load(&configured_files(common)?)?)
}

/// The files of [`catalog`].
pub fn configured_files(common: &Common) -> anyhow::Result<FileSet> {
    let data = common.data.as_deref().map(DataFolder::at).transpose()?;
    Ok(file_set(&config(common, data.as_ref())?))
}

/// The files a catalog is read from.
pub fn file_set(config: &Config) -> FileSet {
    config.catalog.folders.iter().fold(FileSet::embedded(), |files, folder| files.with_folder(folder))
}

/// The application of an existing installation.
pub async fn app(common: &Common) -> anyhow::Result<App> {
    let data = data_folder(common)?;
    let config = config(common, Some(&data))?;
    let catalog = Catalog::load(&file_set(&config))?;
    Ok(App::open(data, config, Arc::new(catalog), Arc::new(SystemClock)).await?)
}

/// One organization by its short name.
pub async fn organization(app: &App, slug: &OrgSlug) -> anyhow::Result<Organization> {
    Ok(app.store.organization(InstanceScope::of_this_installation(), slug).await?)
}

/// Everything that people of an organization have decided by now.
pub async fn decisions(app: &App, organization: &Organization) -> anyhow::Result<Decisions> {
    let scope = OrgScope::of(organization);
    roll_forward(app, &scope).await?;
    Ok(decisions::known(app, &scope, app.clock.now()).await?)
}
