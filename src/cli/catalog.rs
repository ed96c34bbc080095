//! `countersign catalog list|show|crosswalk|coverage|import|lint`

mod coverage;
mod crosswalk;
mod import;
mod show;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Common, Ending, output, session};
use crate::assess::coverage::coverage;
use crate::model::id::FrameworkId;

#[derive(Debug, Args)]
pub struct CatalogArguments {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    /// List frameworks, and how much of each a machine can show
    List,
    /// Show a framework's controls, or one control: what it asks, its facts, and the checks that bear on it
    Show {
        framework: FrameworkId,
        /// Id or number, such as 3.1.1 or 164.312(a)(1)
        control: Option<String>,
    },
    /// What else a control helps, in other frameworks
    Crosswalk {
        /// Id or number of a control
        #[arg(value_name = "ID")]
        control: String,
        /// The framework it belongs to, where several have such a control
        #[arg(long)]
        framework: Option<FrameworkId>,
    },
    /// Count how much of each framework machines show, and how much is left to people
    #[command(long_about = coverage::ABOUT)]
    Coverage {
        /// Only this framework
        #[arg(long, value_name = "ID")]
        framework: Option<FrameworkId>,
    },
    /// Make a framework of your own, or official texts beside a built-in one, from a published catalog
    Import {
        #[command(subcommand)]
        form: import::Form,
    },
    /// Check every data file, built in and configured; all faults with file and line
    Lint,
}

pub fn run(common: &Common, arguments: &CatalogArguments) -> anyhow::Result<Ending> {
    let catalog = session::catalog(common)?;
    match &arguments.command {
        CatalogCommand::List => {
            let covered: Vec<_> =
                catalog.frameworks.values().map(|framework| (framework, coverage(&catalog, framework))).collect();
            if common.json {
                let all: Vec<_> = covered
                    .iter()
                    .map(|(framework, coverage)| {
                        json!({
                            "id": framework.id,
                            "title": framework.title,
                            "version": framework.version,
                            "publisher": framework.publisher,
                            "controls": framework.controls.len(),
                            "objectives": framework.objective_count(),
                            "coverage": coverage,
                        })
                    })
                    .collect();
                output::json(&all)?;
            } else {
                let rows: Vec<[String; 6]> = covered
                    .iter()
                    .map(|(framework, coverage)| {
                        [
                            framework.id.to_string(),
                            framework.controls.len().to_string(),
                            framework.objective_count().to_string(),
                            (coverage.full + coverage.part + coverage.supporting).to_string(),
                            coverage.person.to_string(),
                            framework.title.clone(),
                        ]
                    })
                    .collect();
                output::table(["id", "controls", "objectives", "machine helps", "person shows", "title"], &rows)?;
            }
        }
        CatalogCommand::Show { framework, control } => show::run(common, &catalog, framework, control.as_deref())?,
        CatalogCommand::Crosswalk { control, framework } => {
            crosswalk::run(common, &catalog, control, framework.as_ref())?;
        }
        CatalogCommand::Coverage { framework } => coverage::run(common, &catalog, framework.as_ref())?,
        CatalogCommand::Import { form } => import::run(common, &catalog, form)?,
        CatalogCommand::Lint => {
            // Loading is the lint: reaching this line means that no file has a fault.
            let counts = json!({
                "frameworks": catalog.frameworks.len(),
                "controls": catalog.frameworks.values().map(|framework| framework.controls.len()).sum::<usize>(),
                "checks": catalog.checks.len(),
                "collectors": catalog.collectors.len(),
                "templates": catalog.templates.len(),
                "crosswalk_rows": catalog.crosswalk.len(),
                "digest": catalog.digest,
            });
            if common.json {
                output::json(&counts)?;
            } else {
                output::line(&format!(
                    "No faults in {} frameworks, {} checks, {} collectors and {} responsibility templates.",
                    catalog.frameworks.len(),
                    catalog.checks.len(),
                    catalog.collectors.len(),
                    catalog.templates.len()
                ))?;
                output::line(&format!("Catalog digest: {}", catalog.digest))?;
            }
        }
    }
    Ok(Ending::Fine)
}
