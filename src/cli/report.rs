//! `countersign report`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::moment;
use super::{Common, Ending, output, session};
use crate::deliver::reports;
use crate::model::id::{FrameworkId, OrgSlug};
use crate::model::moment::Moment;
use crate::pipeline::frameworks::missing;
use crate::pipeline::standing::organization_at;

/// Readiness with gaps and evidence register, and the responsibility matrix; and for each party one gap list over all
/// frameworks. HTML and CSV. Each file is sealed.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Short name of the organization
    #[arg(long)]
    org: OrgSlug,
    /// Only the reports of this framework; default: every framework of the organization, and the gap lists
    #[arg(long)]
    framework: Option<FrameworkId>,
    /// Only the gap list of each party: what to mend and what to show, over all frameworks
    #[arg(long, conflicts_with = "framework")]
    gap_lists: bool,
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
    let organization = organization_at(&app, &organization, as_of).await?;
    let is_one = arguments.framework.is_some();
    let frameworks = match arguments.framework {
        Some(only) => vec![only],
        None if arguments.gap_lists => Vec::new(),
        None => organization.frameworks.clone(),
    };
    let mut written = Vec::new();
    // What the catalog no longer has keeps the reports of the others from nobody.
    let left_out = if is_one { Vec::new() } else { missing(&app.catalog, &organization) };
    for framework in frameworks.iter().filter(|id| is_one || app.catalog.frameworks.contains_key(id)) {
        written.extend(reports::write(&app, &organization, framework, as_of, arguments.out.clone()).await?);
    }
    if !is_one {
        written.extend(reports::write_gap_lists(&app, &organization, as_of, arguments.out).await?);
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
    for fault in &left_out {
        output::note(format_args!("left out: {fault}"));
    }
    Ok(if left_out.is_empty() { Ending::Fine } else { Ending::InPart })
}
