//! `countersign init`

use std::sync::Arc;

use clap::Args;

use super::{Common, Ending, output, session};
use crate::app::App;
use crate::catalog::Catalog;
use crate::model::time::SystemClock;

/// Makes the data folder (mode 0700) with settings, key, database and vault.
#[derive(Debug, Args)]
pub struct InitArguments {}

pub async fn run(common: &Common, _arguments: InitArguments) -> anyhow::Result<Ending> {
    let data = session::data_folder(common)?;
    let config = session::config(common, Some(&data))?;
    let catalog = Catalog::load(&session::file_set(&config))?;
    let app = App::init(data, config, Arc::new(catalog), Arc::new(SystemClock)).await?;
    let key_file = app.data.secret_key_file(&app.config);
    if common.json {
        output::json(&serde_json::json!({
            "data": app.data.path(),
            "settings": app.data.config_file(),
            "secret_key": key_file,
            "secret_key_id": app.secret_key.id(),
        }))?;
    } else {
        output::line(&format!("Made a new installation in {}", app.data.path().display()))?;
        output::line(&format!("Settings: {}", app.data.config_file().display()))?;
        output::line(&format!(
            "Keep a copy of {} in a safe place: without it secrets and signing keys are lost.",
            key_file.display()
        ))?;
        output::line(&format!("Next: countersign org add NAME --data {}", app.data.path().display()))?;
    }
    Ok(Ending::Fine)
}
