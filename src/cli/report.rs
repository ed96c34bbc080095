//! `countersign report`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::moment::{self, Moment};
use super::{Common, Ending, output, session};
use crate::deliver::reports;
use crate::model::id::{FrameworkId, OrgSlug};

/// Readiness with gaps and evidence register, and the responsibility matrix; HTML and CSV. Each file is sealed.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Only this framework; default: every framework of the organization
    #[arg(long)]
    framework: Option<FrameworkId>,
    /// What was known at this time: 2026-03-31T09:00:00Z, or 2026-03-31 for the end of that day in the organization's time
    /// zone; default: now
    #[arg(long, value_name = "TIME|DATE")]
    as_of: Option<Moment>,
    /// Folder to write to; default: reports/ in the data folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub async fn run(common: &Common, arguments: ReportArguments) -> anyhow::Result<Ending> {
    let app = session::app(common).await?;
    let organization = session::organization(&app, &arguments.org).await?;
    let as_of = moment::as_of(arguments.as_of, &organization, app.clock.now());
    let frameworks = arguments.framework.map_or_else(|| organization.frameworks.clone(), |only| vec![only]);
    let mut written = Vec::new();
    for framework in &frameworks {
        written.extend(reports::write(&app, &organization, framework, as_of, arguments.out.clone()).await?);
    }
    if common.json {
        let values: Vec<_> = written
            .iter()
            .map(|one| {
                json!({
                    "id": one.evidence,
                    "kind": one.kind,
                    "framework": one.framework,
                    "path": one.path,
                    "sha256": one.sha256,
                    "evidence": one.evidence,
                })
            })
            .collect();
        output::json(&values)?;
    } else {
        for one in &written {
            output::line(&one.path.display().to_string())?;
        }
    }
    Ok(Ending::Fine)
}
