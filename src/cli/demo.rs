//! `countersign demo`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use super::watching::Watcher;
use super::{Common, Ending, output, session};
use crate::app::App;
use crate::catalog::Catalog;
use crate::config::data_folder::DataFolder;
use crate::config::{Config, GraphPace};
use crate::demo::tenant::firm::Firm;
use crate::demo::{self, DemoReport};
use crate::model::time::SystemClock;

/// A fictional client with a simulated Microsoft 365 tenant; this machine is read as a real Linux endpoint. Two runs:
/// in the second one fault is fixed and another appears. Without --data a fresh folder is made.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Do not show the pages afterwards
    #[arg(long)]
    no_serve: bool,
    /// File of the fictional firm to use instead of the built-in one
    #[arg(long, value_name = "FILE")]
    firm: Option<PathBuf>,
}

pub async fn run(common: &Common, arguments: DemoArguments) -> anyhow::Result<Ending> {
    let firm = match &arguments.firm {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            Firm::parse(&text).with_context(|| path.display().to_string())?
        }
        None => Firm::load_embedded("larkspur")?,
    };
    let data = match &common.data {
        Some(path) => DataFolder::at(path)?,
        None => DataFolder::at(&fresh_folder()?)?,
    };
    // Only what the user named decides; a demo never reads settings that happen to lie about.
    let mut config = if common.config.is_some() { session::config(common, None)? } else { Config::default() };
    // The pretend tenant has no limits.
    config.collect.graph_pace = GraphPace::Unlimited;
    let catalog = Catalog::load(&session::file_set(&config))?;
    let app = Arc::new(App::init(data, config, Arc::new(catalog), Arc::new(SystemClock)).await?);
    let watcher = Watcher::start();
    let say = |line: &str| output::note(format_args!("{}", output::plain(line)));
    let report = demo::run(&app, firm, &|progress| watcher.see(progress), &say).await;
    watcher.finish();
    let report = report?;
    if common.json {
        output::json(&report)?;
    } else {
        print(&report)?;
    }
    if !report.verified {
        return Ok(Ending::Altered);
    }
    if !arguments.no_serve {
        super::serve::overview(app, super::serve::Schedule::Off).await?;
    }
    Ok(Ending::Fine)
}

/// A folder that did not exist before, so that the demo can be run again and again.
fn fresh_folder() -> anyhow::Result<PathBuf> {
    let here = std::env::temp_dir();
    let name = format!("countersign-demo-{}", uuid::Uuid::now_v7().simple());
    let folder = here.join(name);
    crate::config::data_folder::create_private(&folder)
        .with_context(|| format!("cannot make {}; name a folder with --data", folder.display()))?;
    Ok(folder)
}

fn print(report: &DemoReport) -> anyhow::Result<()> {
    for (number, run) in report.runs.iter().enumerate() {
        let datasets: Vec<String> =
            run.datasets.iter().map(|(outcome, count)| format!("{count} {}", outcome.as_str())).collect();
        let findings: Vec<String> =
            run.findings.iter().rev().map(|(outcome, count)| format!("{count} {}", outcome.as_str())).collect();
        output::line(&format!("Run {}: {} new records", number + 1, run.records))?;
        output::line(&format!("  datasets: {}", datasets.join(", ")))?;
        output::line(&format!("  checks:   {}", findings.join(", ")))?;
    }
    output::line("")?;
    let rows: Vec<[String; 5]> = report
        .frameworks
        .iter()
        .map(|framework| {
            let of = |state: &str| framework.controls.get(state).copied().unwrap_or_default().to_string();
            [framework.title.clone(), of("met"), of("not_met"), of("not_applicable"), of("undetermined")]
        })
        .collect();
    output::table(["framework", "met", "not met", "not applicable", "undetermined"], &rows)?;
    output::line("Undetermined is neither met nor not met: machines cannot see it, a person has to show it.")?;
    output::line("")?;
    output::line(&format!(
        "Gaps: {} open; in the second run {} opened and {} closed.",
        report.gaps.open, report.gaps.opened_in_second_run, report.gaps.closed_in_second_run
    ))?;
    output::line("")?;
    output::line("Look at:")?;
    for path in report.reports.iter().filter(|path| path.extension().is_some_and(|kind| kind == "html")) {
        output::line(&format!("  {}", path.display()))?;
    }
    output::line("Package for an auditor:")?;
    output::line(&format!("  {}", report.package.display()))?;
    let verified = if report.verified { "checked: nothing was altered" } else { "NOT verified" };
    output::line(&format!("  {verified}; signing key {}", report.key_fingerprint))?;
    let data = report.data.display();
    output::line("Try:")?;
    output::line(&format!("  countersign gap list --data {data} --org {} --party internal", report.organization))?;
    output::line(&format!("  countersign status --data {data} --org {} --framework cmmc-l2", report.organization))?;
    output::line(&format!("  countersign verify --data {data}"))
}
